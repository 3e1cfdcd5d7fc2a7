"""What a game has paid: named terms, weighed, added up by seat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lanista.arenas.core.contract import Seat, Term
from lanista.errors import LanistaError, suggest


class Ledger:
    """The payments of one game, by the weights of a preset.

    ``returns``: what each seat was paid so far, its share of team terms included. ``terms``: those of the last step,
    unweighted; ``paid``: their weighted sum by seat, for the seats that got anything.
    """

    __slots__ = ("_preset", "_teams", "_weights", "paid", "returns", "terms")

    def __init__(
        self, seats: Iterable[Seat], teams: Mapping[str, tuple[Seat, ...]], weights: Mapping[str, float], preset: str
    ) -> None:
        self._teams, self._weights, self._preset = teams, weights, preset
        self.returns: dict[Seat, float] = dict.fromkeys(seats, 0.0)
        self.terms: Sequence[Term] = ()
        self.paid: dict[Seat, float] = {}

    def clear(self) -> None:
        """A new step begins: nothing was paid in it yet."""
        self.terms, self.paid = (), {}

    def book(self, terms: Sequence[Term]) -> None:
        """Pay the terms of a step. Raises LanistaError for one without a weight, or to nobody in this game."""
        weights, teams, paid = self._weights, self._teams, self.paid
        self.terms = terms
        try:
            for name, to, amount in terms:
                worth = amount * weights[name]
                for seat in teams.get(to, (to,)):
                    paid[seat] = paid.get(seat, 0.0) + worth
            for seat, worth in paid.items():
                self.returns[seat] += worth
        except KeyError:
            raise self._unpayable(terms) from None

    def by_term(self, seat: Seat, team: str) -> dict[str, dict[str, float]]:
        """The weighted terms of the last step for one seat: ``{"individual": {...}, "team": {...}}``."""
        found: dict[str, dict[str, float]] = {"individual": {}, "team": {}}
        for name, to, amount in self.terms:
            side = found["individual"] if to == seat else found["team"] if to == team else None
            if side is not None:
                side[name] = side.get(name, 0.0) + amount * self._weights[name]
        return found

    def copy(self) -> Ledger:
        """Another with the same entries that goes on by itself."""
        twin = object.__new__(Ledger)
        twin._teams, twin._weights, twin._preset = self._teams, self._weights, self._preset
        twin.returns, twin.terms, twin.paid = dict(self.returns), self.terms, dict(self.paid)
        return twin

    def _unpayable(self, terms: Sequence[Term]) -> LanistaError:
        """Which of the terms cannot be booked, and why."""
        unweighted = next((term.name for term in terms if term.name not in self._weights), None)
        if unweighted is not None:
            why = (
                f"{unweighted!r} that has no weight in preset {self._preset!r}{suggest(unweighted, self._weights)} "
                f"(it has: {', '.join(self._weights)})"
            )
        else:
            name, to = next((name, to) for name, to, _ in terms if to not in self._teams and to not in self.returns)
            why = f"{name!r} to {to!r}, which is neither a seat nor a team of this game"
        return LanistaError(f"its rewards book a term {why}")
