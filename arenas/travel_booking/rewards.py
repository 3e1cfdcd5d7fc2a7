"""What is paid: the calls to the seat that made them, the end to the agency. Worked examples are on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, REFUSED, Event, Seat, Term
from lanista.arenas.travel_booking.calls import AGENCY
from lanista.arenas.travel_booking.journeys.state import Moment
from lanista.arenas.travel_booking.services import API_ERROR, UNCONFIRMED
from lanista.arenas.travel_booking.state import State

TEAM = "agency"
BOOKED, SAVED, WRONG = "booked", "under_budget", "wrong_booking"
IMPOSSIBLE, FALSE_IMPOSSIBLE, UNSERVED = "impossible", "false_impossible", "unserved"
UNPARSEABLE = "unparseable_call"

DEFAULT = {
    BOOKED: 50.0,
    SAVED: 10.0,
    WRONG: -50.0,
    UNCONFIRMED: -50.0,
    IMPOSSIBLE: 50.0,
    FALSE_IMPOSSIBLE: -50.0,
    UNSERVED: -30.0,
    API_ERROR: -20.0,
    UNPARSEABLE: -20.0,
    REFUSED: -20.0,
    ILLEGAL: -30.0,
    FORFEIT: -30.0,
}
COMPLETION = {
    BOOKED: 50.0,
    SAVED: 0.0,
    WRONG: -10.0,
    UNCONFIRMED: -10.0,
    IMPOSSIBLE: 50.0,
    FALSE_IMPOSSIBLE: -20.0,
    UNSERVED: -10.0,
    API_ERROR: -5.0,
    UNPARSEABLE: -5.0,
    REFUSED: -5.0,
    ILLEGAL: -30.0,
    FORFEIT: -30.0,
}
"""For learners that seldom succeed yet: failing one way costs about what failing another does, so trying pays."""
TEAM_TERMS = frozenset({BOOKED, SAVED, WRONG, UNCONFIRMED, IMPOSSIBLE, FALSE_IMPOSSIBLE, UNSERVED})


class TravelRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight: frozenset[str] = frozenset()
    """No individual term judges by what is hidden: errors of calls are told to who made them."""

    def terms(
        self,
        before: State | Moment,
        moves: Mapping[Seat, Any],
        after: State | Moment,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        if not after.blame and after.verdict is None:
            return ()
        mover = AGENCY[before.seat]
        terms = [Term(name, TEAM if name in TEAM_TERMS else mover, 1.0) for name in after.blame]
        found = after.verdict
        if found is not None:
            ends = (
                (BOOKED, found.booked),
                (SAVED, found.saved),
                (WRONG, bool(found.wrong)),
                (IMPOSSIBLE, found.right_claim),
                (FALSE_IMPOSSIBLE, found.false_claim),
                (UNSERVED, found.unserved),
            )
            terms += [Term(name, TEAM, 1.0) for name, true in ends if true]
        return terms
