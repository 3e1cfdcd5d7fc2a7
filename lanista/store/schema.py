"""The tables of a store, in terms that SQLite and PostgreSQL share.

=========  ==========================================================================================================
meta       ``schema``: the version of these tables; ``lanista``: the version of the package that made them
episodes   one row per game, with what ratings need as columns and the whole record compressed beside them
turns      one row per decision
terms      one row per reward term booked; ``to`` is a seat, or a team's name where ``team`` is set
policies   one row per version of a policy that was trained here
suspended  one row per game that could not go on, as it stands; it is none of the episodes, and gone once it is played
=========  ==========================================================================================================

Times are seconds since 1970 (UTC); ``*_s`` are seconds. ``step`` counts from 0 in a game, ``place`` from 0 in a step.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect

SCHEMA = 3
"""The version of the tables that this package writes.

Older ones are read as well, and grown by a writer: version 1 had no ``facts``, version 2 no ``suspended``.
"""


class Whole(TypeDecorator[int]):
    """An integer of any size as decimal text: seeds are 64 bits without a sign, which no SQL integer holds."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """As it is stored: decimal digits."""
        return None if value is None else str(int(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """As it is read: an int."""
        return None if value is None else int(value)


tables = MetaData()

meta = Table("meta", tables, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))

episodes = Table(
    "episodes",
    tables,
    Column("id", String(200), primary_key=True),
    Column("index", Integer, nullable=False),
    Column("block", Integer, nullable=False),
    Column("arena", String(200), nullable=False),
    Column("version", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("preset", String(200), nullable=False),
    Column("config", JSON, nullable=False),
    Column("seed", Whole, nullable=False),
    Column("players", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("teams", JSON, nullable=False),
    Column("winner", String(200)),
    Column("scores", JSON, nullable=False),
    Column("facts", JSON),
    Column("returns", JSON, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("decisions", Integer, nullable=False),
    Column("started", Double, nullable=False),
    Column("finished", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Index("episodes_in_order", "index", "id"),
)

turns = Table(
    "turns",
    tables,
    Column("episode_id", String(200), ForeignKey("episodes.id"), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("phase", Text, nullable=False),
    Column("seat", String(200), nullable=False),
    Column("agent", Text, nullable=False),
    Column("role", String(200), nullable=False),
    Column("kind", String(200), nullable=False),
    Column("prompt", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("by", String(20), nullable=False),
    Column("why", Text),
    Column("attempts", Integer, nullable=False),
    Column("latency_s", Double),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
)

terms = Table(
    "terms",
    tables,
    Column("episode_id", String(200), ForeignKey("episodes.id"), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("term", String(200), nullable=False),
    Column("to", String(200), nullable=False),
    Column("team", Boolean, nullable=False),
    Column("amount", Double, nullable=False),
    Column("weight", Double, nullable=False),
)

policies = Table(
    "policies",
    tables,
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("base", Text),
    Column("step", Integer),
    Column("created", Double, nullable=False),
    Column("metrics", JSON, nullable=False),
)

suspended = Table(
    "suspended",
    tables,
    Column("id", String(200), primary_key=True),
    Column("index", Integer, nullable=False),
    Column("block", Integer, nullable=False),
    Column("agent", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("at", Double, nullable=False),
)
