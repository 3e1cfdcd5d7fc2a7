"""The rewards: named terms out of one step, each paid to a seat or to a team; weights make numbers of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lanista.arenas import FORFEIT, ILLEGAL, Event, Term

from .rules import SEATS, TEAMS, State

WEIGHTS = {"round": 10.0, "swap": -1.0, ILLEGAL: -5.0, FORFEIT: -5.0}
"""An illegal reply and a forfeit must cost more than the worst legal choice: here more than a swap."""

TEAM_TERMS = frozenset({"round"})


class Rewards:
    """A round won is +1 for its team and -1 for the other; a swap is paid by who made it."""

    def terms(
        self,
        before: State,
        moves: Mapping[str, str],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[str],
    ) -> list[Term]:
        swaps = [Term("swap", seat, 1.0) for seat in SEATS if moves[seat] == "swap"]
        ahead = (after.won[0] - before.won[0]) - (after.won[1] - before.won[1])
        if not ahead:
            return swaps
        first, second = TEAMS
        return [*swaps, Term("round", first, float(ahead)), Term("round", second, float(-ahead))]
