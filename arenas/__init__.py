"""The games and tasks. ``make`` and ``make_parallel`` give PettingZoo environments; ``get`` gives the arena itself."""

if __name__ != "lanista.arenas":
    raise ImportError(f"import this package as lanista.arenas, not as {__name__}")

from lanista.arenas.core.contract import (
    FORFEIT,
    ILLEGAL,
    REFUSED,
    REPLY_LIMIT,
    WORLD,
    Arena,
    Ask,
    Effect,
    Event,
    Forfeit,
    Illegal,
    Outcome,
    Step,
    Term,
    config_json,
)
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.arenas.core.gymnasium_ids import register as _register
from lanista.arenas.core.referee import Game, replay
from lanista.arenas.core.registry import get, names
from lanista.arenas.core.views import AECView, ParallelView, make, make_parallel

__all__ = [
    "FORFEIT",
    "ILLEGAL",
    "REFUSED",
    "REPLY_LIMIT",
    "WORLD",
    "AECView",
    "Arena",
    "Ask",
    "Effect",
    "Episode",
    "Event",
    "Forfeit",
    "Game",
    "Illegal",
    "Outcome",
    "ParallelView",
    "Step",
    "StepRecord",
    "Term",
    "Turn",
    "config_json",
    "get",
    "make",
    "make_parallel",
    "names",
    "replay",
]

_register()
