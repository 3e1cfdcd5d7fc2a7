"""Trajectories: what one seat saw and said in one game, as token rows, with what it was paid.

Nothing is ever encoded again. A token row is what the model was given and what it said, token by token, as the agent
reported it in ``meta["tokens"]``; refused replies are in it too, because the policy said them and later tokens follow
them. What a trajectory's decisions are worth is the algorithm's affair: a trajectory knows payments, never advantages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from lanista.agents.lm.tokens import TokenTurn
from lanista.arenas.core.contract import Seat
from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One sequence of one trajectory. All four have the same length T."""

    ids: tuple[int, ...]
    own: tuple[bool, ...]
    """True for the policy's own tokens: the only ones that carry loss."""
    logps: tuple[float, ...]
    """Log-probabilities in nats under the distribution they were sampled from; 0.0 where not own."""
    turns: tuple[int, ...]
    """Which of the seat's decisions an own token belongs to, from 0; -1 where not own."""
    attempts: tuple[int, ...] = ()
    """Which reply to that decision's ask it belongs to: 0 the first, 1 the one after a refusal, …; () for 0 at all."""

    @property
    def tokens(self) -> int:
        """How many tokens are the policy's own."""
        return sum(self.own)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """One seat's part in one game."""

    episode: Episode
    """The whole game."""
    seat: Seat
    role: str
    team: str
    policy: str
    """The name of the policy that held the seat, and learns from it."""
    scenario: int
    """Number of the scenario; games of one scenario have deal, roles and opponents in common."""
    sibling: int
    """Which of the scenario's games it is, from 0."""
    payments: tuple[float, ...]
    """What the seat was paid at each step of the game, weighted and in units of ``reward_unit``; shape (steps,)."""
    opponent: str = "self"
    """Who played the other teams, as the option ``opponents`` calls it; ``self`` where nobody else did."""

    @cached_property
    def rows(self) -> tuple[TokenRow, ...]:
        """The seat's token rows: one; more where its agent started its conversation afresh; none if it said nothing."""
        return tuple(token_rows(self.episode, self.seat))

    @cached_property
    def decisions(self) -> tuple[int, ...]:
        """The step of the game at which each of the seat's decisions was made; shape (decisions,)."""
        return tuple(i for i, step in enumerate(self.episode.steps) for turn in step.turns if turn.seat == self.seat)

    @cached_property
    def refused(self) -> tuple[int, ...]:
        """For each of the seat's decisions, how many of its replies were refused; shape (decisions,)."""
        return tuple(
            len(turn.attempts) + (turn.by == "fallback")
            for step in self.episode.steps
            for turn in step.turns
            if turn.seat == self.seat
        )

    @property
    def total(self) -> float:
        """The undiscounted return of the whole game."""
        return math.fsum(self.payments)

    @property
    def game(self) -> tuple[int, int]:
        """(scenario, sibling)."""
        return self.scenario, self.sibling

    def reward_to_go(self) -> tuple[float, ...]:
        """For each decision, the payments of its own step and of all later ones; shape (decisions,)."""
        return tuple(math.fsum(self.payments[i:]) for i in self.decisions)

    def by_span(self) -> tuple[float, ...]:
        """For each decision, the payments from its own step until the seat decides again; shape (decisions,)."""
        ends = (*self.decisions[1:], len(self.payments))
        return tuple(math.fsum(self.payments[i:end]) for i, end in zip(self.decisions, ends, strict=False))


def payments(
    episode: Episode, seat: Seat, *, team_weight: float = 1.0, individual_weight: float = 1.0, unit: float = 1.0
) -> list[float]:
    """What ``seat`` was paid at each step, times ``unit``. Shape (steps,).

    Raises LanistaError for a payment that is no finite number: one of them would spoil every comparison.
    """
    team = next(name for name, seats in episode.teams.items() if seat in seats)
    share = {seat: individual_weight, team: team_weight}
    found = []
    for number, step in enumerate(episode.steps):
        terms = [term for term in step.terms if term.to in share]
        paid = math.fsum(term.amount * episode.weights[term.name] * share[term.to] for term in terms)
        if not math.isfinite(paid):
            names = ", ".join(f"{term.name} {term.amount!r} × {episode.weights[term.name]!r}" for term in terms)
            raise LanistaError(
                f"arena {episode.arena!r} paid {seat} a reward that is no finite number at step {number} of the game "
                f"with seed {episode.seed} ({names}): mend its reward terms or its weights"
            )
        found.append(unit * paid)
    return found


def token_rows(episode: Episode, seat: Seat) -> list[TokenRow]:
    """The rows of one seat: one, or more where its agent started its conversation afresh; [] if it said nothing.

    A row without an own token is left out. A report with ``restart`` starts a new row: its ``prompt_ids`` are a
    whole conversation, not an addition to the one before. Conversations that a seat holds side by side (``thread``)
    are rows of their own, in the order in which they began.
    """
    found: list[TokenRow] = []
    threads: dict[int, _Growing] = {}
    decision = -1
    for step in episode.steps:
        for turn in step.turns:
            if turn.seat != seat:
                continue
            decision += 1
            for attempt, meta in enumerate((*turn.meta.get("retries", ()), turn.meta)):
                for report in TokenTurn.all_from_meta({**meta, "retries": ()}):
                    growing = threads.get(report.thread)
                    if growing is None or report.restart:
                        if growing is not None:
                            growing.finish(found)
                        growing = threads[report.thread] = _Growing()
                    growing.add(report, decision, attempt)
    for growing in threads.values():
        growing.finish(found)
    return found


class _Growing:
    def __init__(self) -> None:
        self.ids: list[int] = []
        self.own: list[bool] = []
        self.logps: list[float] = []
        self.turns: list[int] = []
        self.attempts: list[int] = []

    def add(self, report: TokenTurn, decision: int, attempt: int) -> None:
        given, said, logps = report.prompt_ids, report.ids, report.logps
        self.ids += [*given, *said]
        self.own += [False] * len(given) + [True] * len(said)
        self.logps += [0.0] * len(given) + list(logps)
        self.turns += [-1] * len(given) + [decision] * len(said)
        self.attempts += [0] * len(given) + [attempt] * len(said)

    def finish(self, found: list[TokenRow]) -> None:
        if any(self.own):
            found.append(
                TokenRow(
                    ids=tuple(self.ids),
                    own=tuple(self.own),
                    logps=tuple(self.logps),
                    turns=tuple(self.turns),
                    attempts=tuple(self.attempts) if any(self.attempts) else (),
                )
            )
