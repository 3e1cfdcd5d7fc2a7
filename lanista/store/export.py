"""A store in open formats.

==================  ==================================================================================================
``FILE.jsonl``      one game a line, in schedule order: ``id``, ``index``, ``block``, ``timing``, and every field of
                    ``Episode.to_dict``, so that ``Episode.from_dict`` reads a line back
``FILE.parquet``    one game a row: the columns of ``episodes``, maps as JSON text, and the record as JSON text
``FOLDER``          ``episodes.jsonl`` and ``episodes.parquet``, ``turns.parquet``, ``terms.parquet``,
                    ``policies.parquet``
==================  ==================================================================================================

A file appears whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lanista import files
from lanista.errors import LanistaError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from lanista.store.store import Store


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
    """In pieces, so that a large store needs no large memory."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = _flat(store.frame("episodes"))
    schema = pa.Schema.from_pandas(frame.assign(record="").astype({"record": "string"}), preserve_index=False)
    known = set(frame["id"])
    games = (pair for pair in store.items(on_damage) if pair[0]["id"] in known)  # others were written meanwhile
    game = next(games, None)
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, len(frame), 256):
            piece = frame.iloc[start : start + 256]
            records: list[str | None] = []
            for id in piece["id"]:
                if game is None or game[0]["id"] != id:
                    records.append(None)  # damaged
                    continue
                records.append(json.dumps(game[1].to_dict()))
                game = next(games, None)
            piece = piece.assign(record=pd.array(records, dtype="string"))
            writer.write_table(pa.Table.from_pandas(piece, schema=schema, preserve_index=False))


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Maps as JSON text and seeds (64 bits without a sign) as decimal text."""
    for name in ("config", "players", "roles", "teams", "scores", "facts", "returns", "metrics"):
        if name in frame:
            frame[name] = [json.dumps(value) for value in frame[name]]
    if "seed" in frame:
        frame["seed"] = [str(seed) for seed in frame["seed"]]
    return frame


def _table(store: Store, table: Literal["turns", "terms", "policies"], path: Path) -> None:
    _flat(store.frame(table)).to_parquet(path, index=False, engine="pyarrow")


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
