"""The named reward terms of the arena ``packages``. docs/arenas/packages.md works them through by hand.

What a revision is worth is the difference that it makes; over a game the differences add up to what was gained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, REFUSED, Event, Seat, Term
from lanista.arenas.packages.case import DEBUGGER, GENERATOR, TESTER
from lanista.arenas.packages.rules import FIRST, OVER, RUN, TEAM, State

SHARE, BROKEN, HEEDED, INVALID, SOLVED = "tests_passed_share", "does_not_load", "note_heeded", "invalid_call", "solved"

DEFAULT: Mapping[str, float] = {
    SHARE: 20.0,
    BROKEN: -5.0,
    HEEDED: 20.0,
    INVALID: -1.0,
    SOLVED: 10.0,
    REFUSED: -5.0,
    ILLEGAL: -45.0,
    FORFEIT: -45.0,
}
TEAM_TERMS = frozenset((SOLVED,))


class PackagesRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight = frozenset((SHARE, HEEDED))
    """The individual terms that judge by hidden calls."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        terms: list[Term] = []
        invalid = sum(len(event.data["invalid"]) for event in events if event.kind == "calls")
        if invalid:
            terms.append(Term(INVALID, TESTER, float(invalid)))
        if before.stage == RUN:
            seat = GENERATOR if before.turn == FIRST else DEBUGGER
            gained = after.share - before.share
            if gained:
                terms += [Term(SHARE, seat, gained), Term(HEEDED, TESTER, gained)]
            if after.loads != before.loads:
                terms.append(Term(BROKEN, seat, float(before.loads) - float(after.loads)))
        if after.stage == OVER and after.solved:
            terms.append(Term(SOLVED, TEAM, 1.0))
        return terms
