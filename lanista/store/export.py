"""A store in open formats.

==================  ==================================================================================================
``FILE.jsonl``      one game a line, in schedule order: ``id``, ``index``, ``block``, ``timing``, and every field of
                    ``Episode.to_dict``, so that ``Episode.from_dict`` reads a line back
``FILE.parquet``    one game a row: the columns of ``episodes``, maps as JSON text, and the record as JSON text
``FOLDER``          ``episodes.jsonl`` and ``episodes.parquet``, ``turns.parquet``, ``terms.parquet``,
                    ``policies.parquet``
==================  ==================================================================================================

A file appears whole or not at all. Memory holds a few games at a time, and the types of a column do not depend on what
is in it, so that the exports of two runs can be put together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Boolean, Column, Double, Integer, Table

from lanista import files
from lanista.errors import LanistaError, UsageError
from lanista.store import schema
from lanista.store.rows import unpack

if TYPE_CHECKING:
    from lanista.store.store import Store


GAMES_AT_ONCE = 16
"""Games whose records are in memory together."""
ROWS_AT_ONCE = 2_000

OnDamage = Callable[[str, LanistaError], object]


def export(store: Store, path: Path, on_damage: OnDamage | None = None) -> list[Path]:
    """Write ``store`` to ``path``; returns the files written. Raises UsageError for an ending not listed above.

    A game whose record is damaged raises LanistaError, or is told to ``on_damage(id, error)`` (once per file) and has
    no line in JSON and no record in Parquet; its turns and terms are kept.
    """
    if path.suffix == ".jsonl":
        return [_whole(path, partial(_lines, store, on_damage))]
    if path.suffix == ".parquet":
        _need_pyarrow()
        return [_whole(path, partial(_rows, store, on_damage))]
    if path.suffix and not path.is_dir():
        raise UsageError(f"cannot export to {path}: the name ends in .jsonl or .parquet, or is a folder's")
    _need_pyarrow()
    path.mkdir(parents=True, exist_ok=True)
    files = [_whole(path / "episodes.jsonl", partial(_lines, store, on_damage))]
    files.append(_whole(path / "episodes.parquet", partial(_rows, store, on_damage)))
    tables: tuple[Literal["turns", "terms", "policies"], ...] = ("turns", "terms", "policies")
    for table in tables:
        files.append(_whole(path / f"{table}.parquet", partial(_table, store, table)))
    return files


def _lines(store: Store, on_damage: OnDamage | None, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for columns, episode in store.items(on_damage):
            timing = {name: columns[name] for name in ("started", "finished", "duration_s")}
            head = {name: columns[name] for name in ("id", "index", "block")}
            file.write(json.dumps({**head, "timing": timing, **episode.to_dict()}) + "\n")


def _rows(store: Store, on_damage: OnDamage | None, path: Path) -> None:
    import pyarrow as pa

    def with_records() -> Iterator[list[dict[str, Any]]]:
        for piece in store.pieces("episodes", GAMES_AT_ONCE, records=True):
            for row in piece:
                try:
                    row["record"] = json.dumps(unpack(row["id"], row["record"]).to_dict())
                except LanistaError as error:
                    if on_damage is None:
                        raise
                    on_damage(row["id"], error)
                    row["record"] = None
            yield piece

    _parquet(schema.episodes, with_records(), path, record=pa.string())


def _table(store: Store, table: Literal["turns", "terms", "policies"], path: Path) -> None:
    _parquet(schema.tables.tables[table], store.pieces(table, ROWS_AT_ONCE), path)


def _parquet(table: Table, pieces: Iterable[list[dict[str, Any]]], path: Path, **kinds: Any) -> None:
    """Write rows piece by piece under the columns of ``table``.

    The types follow from the table and never from what is in it, so that exports can be put together.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {column.name: _kind(column) for column in table.c} | kinds
    columns = pa.schema([pa.field(name, kind) for name, kind in kinds.items()])
    with pq.ParquetWriter(path, columns) as writer:
        for piece in pieces:
            flat = {name: [_flat(row.get(name), name) for row in piece] for name in kinds}
            writer.write_table(pa.table(flat, schema=columns))


def _kind(column: Column[Any]) -> Any:
    import pyarrow as pa

    kinds = {Integer: pa.int64(), Double: pa.float64(), Boolean: pa.bool_()}
    return next((kind for sql, kind in kinds.items() if isinstance(column.type, sql)), pa.string())


def _flat(value: Any, name: str) -> Any:
    """Maps as JSON text and seeds (64 bits without a sign) as decimal text."""
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value) if name == "seed" else value


def _whole(path: Path, write: Callable[[Path], Any]) -> Path:
    with files.writing(path) as part:
        write(part)
    return path


def _need_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        raise LanistaError(
            "Parquet needs pyarrow: `pip install 'lanista[parquet]'`, or export to a name ending in .jsonl"
        ) from error
