"""Where games are kept: one SQLite file per run directory, or any PostgreSQL database.

``Store`` is the whole interface. ``prepare`` turns an episode into rows apart from the store, so that the work can be
done in the process that played the game and the one writer only has to write. Such a process needs no database, so
``Store`` brings SQLAlchemy in at its first use only.
"""

from typing import TYPE_CHECKING, Any

from lanista.store.rows import GameRow, Prepared, Timing, TurnStats, prepare

if TYPE_CHECKING:
    from lanista.store.schema import SCHEMA
    from lanista.store.store import Store

__all__ = ["SCHEMA", "GameRow", "Prepared", "Store", "Timing", "TurnStats", "prepare"]


def __getattr__(name: str) -> Any:
    if name == "Store":
        from lanista.store.store import Store

        return Store
    if name == "SCHEMA":
        from lanista.store.schema import SCHEMA

        return SCHEMA
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
