"""Where games are kept: one SQLite file per run directory, or any PostgreSQL database.

``Store`` is the whole interface. ``prepare`` turns an episode into rows apart from the store, so that the work can be
done in the process that played the game and the one writer only has to write.
"""

from lanista.store.rows import GameRow, Prepared, Timing, TurnStats, prepare
from lanista.store.schema import SCHEMA
from lanista.store.store import Store

__all__ = ["SCHEMA", "GameRow", "Prepared", "Store", "Timing", "TurnStats", "prepare"]
