"""Games in, games out. Every read is in schedule order, whatever order the games were finished in."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy import Connection, Engine, Select, Table, delete, distinct, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from lanista import __version__
from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError, UsageError, suggest
from lanista.store import schema
from lanista.store.engine import BUSY_S, Mode, connect, explained
from lanista.store.rows import GameRow, Prepared, Timing, TurnStats, finite, game_row, prepare, unpack, unpacked

if TYPE_CHECKING:
    import pandas as pd

_e, _t = schema.episodes.c, schema.turns.c
_ORDER = {
    "episodes": (_e.index, _e.id),
    "turns": (_e.index, _e.id, _t.step, _t.place),
    "terms": (_e.index, _e.id, schema.terms.c.step, schema.terms.c.place),
    "policies": (schema.policies.c.name, schema.policies.c.version),
}
_GAME = {field.name for field in fields(GameRow)}


class Store:
    """Episodes, turns, reward terms and policies of one run. Open with ``Store.open``; a context manager."""

    def __init__(self, engine: Engine, where: str, mode: Mode) -> None:
        self._engine = engine
        self.where = where
        self.mode: Mode = mode
        self._episodes = tuple(schema.episodes.c)
        self._suspends = True

    @classmethod
    def open(cls, where: str | os.PathLike[str], mode: Mode = "r", *, busy_s: float = BUSY_S) -> Store:
        """A store at the path of a SQLite file or at a database's URL.

        ``w`` makes the tables where there are none; only one process may write (``lanista.runs.Run`` sees to that).
        ``r`` never changes anything and may be used while another process writes. Raises LanistaError for a store
        that is absent, damaged, locked longer than ``busy_s`` seconds, or made by a newer version.
        """
        if mode not in ("r", "w"):
            raise UsageError(f"a store is opened with mode 'r' or 'w', not {mode!r}")
        engine = connect(where, mode, busy_s)
        named = engine.url.render_as_string() if "://" in os.fspath(where) else os.fspath(where)
        store = cls(engine, named, mode)
        try:
            store._check()
        except BaseException:
            engine.dispose()
            raise
        return store

    def close(self) -> None:
        """Let go of the database. Closing twice is fine."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def add_game(self, id: str, block: int, index: int, episode: Episode, timing: Timing | Sequence[float]) -> None:
        """Keep one game for good: when this returns, neither a kill nor a power cut loses it."""
        self.add(prepare(id, block, index, episode, timing))

    def add(self, *games: Prepared) -> None:
        """Keep prepared games, all or none. Raises LanistaError for an id that is taken, and where the disk is full."""
        with self._writing() as connection:
            try:
                ids = [game.episode["id"] for game in games]
                connection.execute(delete(schema.suspended).where(schema.suspended.c.id.in_(ids)))
                for game in games:
                    connection.execute(insert(schema.episodes), [game.episode])
                    if game.turns:
                        connection.execute(insert(schema.turns), game.turns)
                    if game.terms:
                        connection.execute(insert(schema.terms), game.terms)
            except IntegrityError as error:
                listed = ", ".join(map(repr, ids))
                raise LanistaError(f"the store {self.where} already has a game of these: {listed}") from error

    def suspend(self, id: str, block: int, index: int, *, agent: str, why: str, session: str) -> None:
        """Keep a game that cannot go on now, apart from those that were played; again takes the place of the first."""
        row = {"id": id, "block": block, "index": index, "agent": agent, "session": session, "at": time.time()}
        with self._writing() as connection:
            connection.execute(delete(schema.suspended).where(schema.suspended.c.id == id))
            connection.execute(insert(schema.suspended), [{**row, "why": why}])

    def add_policy(
        self,
        name: str,
        version: int,
        path: str | os.PathLike[str],
        *,
        base: str | None = None,
        step: int | None = None,
        metrics: Mapping[str, Any] | None = None,
        created: float | None = None,
    ) -> None:
        """Note a version of a policy; the same name and version again takes the place of the first."""
        row = {
            "name": name,
            "version": version,
            "path": os.fspath(path),
            "base": base,
            "step": step,
            "created": time.time() if created is None else created,
            "metrics": finite(metrics or {}),
        }
        table = schema.policies
        with self._writing() as connection:
            connection.execute(delete(table).where(table.c.name == name, table.c.version == version))
            connection.execute(insert(table), [row])

    # Reading

    def __len__(self) -> int:
        """How many games there are."""
        with self._reading() as connection:
            return connection.execute(select(func.count()).select_from(schema.episodes)).scalar_one()

    def has(self, id: str) -> bool:
        """Whether a finished game of that id is stored."""
        with self._reading() as connection:
            return connection.execute(select(_e.id).where(_e.id == id)).first() is not None

    def ids(self) -> list[str]:
        """Every game's id, in schedule order."""
        with self._reading() as connection:
            return list(connection.execute(select(_e.id).order_by(*_ORDER["episodes"])).scalars())

    def episode(self, id: str) -> Episode:
        """The whole record of one game. Raises UsageError (with a suggestion) for an unknown id."""
        with self._reading() as connection:
            record = connection.execute(select(_e.record).where(_e.id == id)).scalar()
        if record is None:
            raise UsageError(f"there is no game {id!r} in {self.where}{suggest(id, self.ids())}")
        return unpack(id, record)

    def episodes(self) -> Iterator[Episode]:
        """Every game's record, in schedule order; memory holds a few at a time."""
        for _, episode in self.items():
            yield episode

    def items(
        self, on_damage: Callable[[str, LanistaError], object] | None = None
    ) -> Iterator[tuple[Mapping[str, Any], Episode]]:
        """(the episode's columns but the record, its record) of every game, in schedule order.

        A game whose record is damaged raises LanistaError, or is told to ``on_damage(id, error)`` and left out.
        """
        ids = self.ids()
        for start in range(0, len(ids), 32):
            with self._reading() as connection:
                chunk = select(*self._episodes).where(_e.id.in_(ids[start : start + 32]))
                rows = connection.execute(chunk.order_by(*_ORDER["episodes"])).mappings().all()
            for row in rows:
                columns = dict(row)
                try:
                    episode = unpack(columns["id"], columns.pop("record"))
                except LanistaError as error:
                    if on_damage is None:
                        raise
                    on_damage(columns["id"], error)
                    continue
                yield columns, episode

    def records(
        self, ids: Sequence[str], on_damage: Callable[[str, LanistaError], object]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """(id, the record as ``Episode.to_dict`` has it) of these games, in this order; a few at a time are read.

        What is damaged, or not there, is told to ``on_damage(id, error)`` and left out.
        """
        for start in range(0, len(ids), 32):
            part = ids[start : start + 32]
            with self._reading() as connection:
                rows = connection.execute(select(_e.id, _e.record).where(_e.id.in_(part)))
                found: dict[str, bytes] = {row.id: row.record for row in rows}
            for id in part:
                try:
                    if id not in found:
                        raise LanistaError(f"there is no game {id!r} in {self.where}")
                    record = unpacked(id, found[id])
                except LanistaError as error:
                    on_damage(id, error)
                else:
                    yield id, record

    def games(self) -> list[GameRow]:
        """What ratings need of every finished game, in schedule order."""
        with self._reading() as connection:
            kept = [column for column in self._episodes if column.name in _GAME]
            rows = connection.execute(select(*kept).order_by(*_ORDER["episodes"])).mappings().all()
        return [game_row(dict(row)) for row in rows]

    def erring(self) -> set[str]:
        """The ids of games in which the referee moved for somebody: no reply came, or none that was legal."""
        with self._reading() as connection:
            return set(connection.execute(select(_t.episode_id).where(_t.by != "seat").distinct()).scalars())

    def turn_stats(self) -> dict[str, TurnStats]:
        """How each agent behaved, by agent's name in sorted order."""
        counts = select(
            _t.agent,
            func.count(distinct(_t.episode_id)),
            func.count(),
            func.coalesce(func.sum(_t.attempts), 0),
            func.sum(_t.tokens_in),
            func.sum(_t.tokens_out),
        ).group_by(_t.agent)
        own = select(_t.agent, _t.by, _t.why, func.count()).where(_t.by != "seat").group_by(_t.agent, _t.by, _t.why)
        waits = select(_t.agent, _t.latency_s).where(_t.latency_s.is_not(None))
        latency: dict[str, list[float]] = defaultdict(list)
        fallbacks: Counter[str] = Counter()
        forfeits: dict[str, Counter[str]] = defaultdict(Counter)
        with self._reading() as connection:
            totals = connection.execute(counts).all()
            for agent, by, why, n in connection.execute(own):
                if by == "fallback":
                    fallbacks[agent] += n
                else:
                    forfeits[agent][why or "no reason given"] += n
            for agent, seconds in connection.execute(waits):
                latency[agent].append(seconds)
        stats = {}
        for agent, games, decisions, refused, tokens_in, tokens_out in sorted(totals, key=lambda row: str(row[0])):
            waited = np.array(latency[agent]) if latency[agent] else None
            stats[agent] = TurnStats(
                agent=agent,
                games=games,
                decisions=decisions,
                illegal=refused + fallbacks[agent],
                fallbacks=fallbacks[agent],
                forfeits=dict(sorted(forfeits[agent].items())),
                latency_mean_s=None if waited is None else float(waited.mean()),
                latency_p50_s=None if waited is None else float(np.quantile(waited, 0.5)),
                latency_p95_s=None if waited is None else float(np.quantile(waited, 0.95)),
                tokens_in=tokens_in,
                tokens_out=tokens_out,
            )
        return stats

    def policies(self) -> list[dict[str, Any]]:
        """Every version of every policy, by name and version."""
        with self._reading() as connection:
            rows = connection.execute(select(schema.policies).order_by(*_ORDER["policies"])).mappings()
            return [dict(row) for row in rows]

    def suspended(self) -> list[dict[str, Any]]:
        """The games that wait to be gone on with (id, block, index, agent, why, session, at), in schedule order."""
        if not self._suspends:
            return []
        kept = schema.suspended
        with self._reading() as connection:
            rows = connection.execute(select(kept).order_by(kept.c.index, kept.c.id)).mappings()
            return [dict(row) for row in rows]

    def frame(self, table: Literal["episodes", "turns", "terms", "policies"]) -> pd.DataFrame:
        """One table as a pandas frame, in schedule order; ``episodes`` without the compressed records."""
        import pandas as pd

        with self._reading() as connection:
            found = connection.execute(self._in_order(table, records=False))
            return pd.DataFrame([tuple(row) for row in found], columns=list(found.keys()))

    def pieces(
        self, table: Literal["episodes", "turns", "terms", "policies"], size: int, *, records: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """The rows of a table in schedule order, ``size`` at a time. ``records``: the compressed records too."""
        query = self._in_order(table, records)
        with self._reading() as connection:
            for piece in connection.execution_options(yield_per=size).execute(query).mappings().partitions():
                yield [dict(row) for row in piece]

    def _in_order(self, table: Literal["episodes", "turns", "terms", "policies"], records: bool) -> Select[Any]:
        if table not in _ORDER:
            raise UsageError(f"unknown table {table!r}{suggest(table, _ORDER)} (there are: {', '.join(_ORDER)})")
        kept: Table = schema.tables.tables[table]
        columns = [c for c in (self._episodes if table == "episodes" else kept.c) if records or c.name != "record"]
        query: Select[Any] = select(*columns)
        if table in ("turns", "terms"):
            query = query.join(schema.episodes, kept.c.episode_id == _e.id)
        return query.order_by(*_ORDER[table])

    def export(
        self, path: str | os.PathLike[str], on_damage: Callable[[str, LanistaError], object] | None = None
    ) -> list[Path]:
        """Write the store in open formats; returns the files written. See ``lanista.store.export``."""
        from lanista.store.export import export

        return export(self, Path(path), on_damage)

    # Inside

    def _check(self) -> None:
        """Make or check the tables."""
        with explained(self.where):
            names = set(inspect(self._engine).get_table_names())
            # A file is ours alone; in a server's database other tables may stand beside ours.
            others = names if self._engine.dialect.name == "sqlite" else names & set(schema.tables.tables)
            if self.mode == "w" and not others:
                with self._writing() as connection:
                    schema.tables.create_all(connection)
                    rows = {"schema": str(schema.SCHEMA), "lanista": __version__}
                    connection.execute(insert(schema.meta), [{"key": k, "value": v} for k, v in rows.items()])
                return
            if "meta" not in names:
                raise LanistaError(f"{self.where} is a database, but holds no Lanista store")
            with self._reading() as connection:
                try:
                    kept = {str(row.key): str(row.value) for row in connection.execute(select(schema.meta))}
                except DBAPIError as error:
                    if "no such column" in str(error.orig):
                        raise LanistaError(f"{self.where} is a database, but holds no Lanista store") from error
                    raise
        version = kept.get("schema", "")
        if not version.isdigit():
            raise LanistaError(f"{self.where} is a database, but holds no Lanista store")
        if int(version) > schema.SCHEMA:
            raise LanistaError(
                f"the store {self.where} was made by Lanista {kept.get('lanista', '?')} with tables of version "
                f"{version}, and this is Lanista {__version__}, which knows version {schema.SCHEMA}: upgrade Lanista"
            )
        if int(version) < schema.SCHEMA:
            self._grow(int(version))

    def _grow(self, version: int) -> None:
        """A store of an older version: what it lacks is added by a writer, and left out by a reader."""
        if self.mode == "r":
            self._suspends = False
            if version < 2:
                self._episodes = tuple(column for column in schema.episodes.c if column.name != "facts")
            return
        with self._writing() as connection:
            if version < 2:
                connection.execute(text("ALTER TABLE episodes ADD COLUMN facts JSON"))
            schema.suspended.create(connection, checkfirst=True)
            connection.execute(
                update(schema.meta).where(schema.meta.c.key == "schema").values(value=str(schema.SCHEMA))
            )

    @contextmanager
    def _reading(self, writes: bool = False) -> Iterator[Connection]:
        """One transaction; what the database raises comes out as a sentence."""
        with (
            explained(self.where),
            self._engine.connect() as connection,
            connection.execution_options(writes=writes).begin(),
        ):
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end or rolled back whole."""
        if self.mode != "w":
            raise UsageError(f"the store {self.where} was opened for reading")
        with self._reading(writes=True) as connection:
            yield connection
