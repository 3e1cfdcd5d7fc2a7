"""The named reward terms of Werewolf. docs/arenas/werewolf.md works each of them through by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, Event, Seat, Term
from lanista.arenas.werewolf.asks import names
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.moves import Abstain
from lanista.arenas.werewolf.rules import (
    DEN,
    NIGHT,
    NOBODY,
    POTION,
    SHOT,
    TALK,
    VILLAGE,
    VOTE,
    WOLVES,
    State,
    cast,
)

WIN, LOSS = "win", "loss"
VOTE_WOLF, VOTE_INNOCENT = "vote_wolf", "vote_innocent"
EARLY, EARLY_NIGHT, PERSUASION = "early_elimination", "first_night_death", "persuasion"
ABSTENTION = "abstention"

PERSUASION_CAP = 4.0
"""Votes a day for which one seat is credited at most, in either direction."""

DEFAULT: Mapping[str, float] = {
    WIN: 100.0,
    LOSS: -5.0,
    VOTE_WOLF: 10.0,
    VOTE_INNOCENT: -10.0,
    EARLY: -20.0,
    EARLY_NIGHT: 0.0,
    PERSUASION: 2.0,
    ABSTENTION: -5.0,
    ILLEGAL: -50.0,
    FORFEIT: -50.0,
}
LITERAL: Mapping[str, float] = {**DEFAULT, EARLY_NIGHT: -20.0}
"""Early elimination by whatever cause, as in the rules this arena began from: a first night's death costs too, though
nobody could have done anything about it."""
TEAM_TERMS = frozenset((WIN, LOSS))


class WerewolfRewards:
    """See ``lanista.arenas.core.contract.Rewards``."""

    hindsight = frozenset((VOTE_WOLF, VOTE_INNOCENT, PERSUASION))
    """The individual terms that judge by the hidden roles."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        if before.stage == TALK or before.stage == DEN:
            return ()
        terms: list[Term] = []
        if before.stage == VOTE:
            terms += _votes(before, moves)
            if len(before.queue) < 2:
                terms += _persuasion(before, moves)
        if before.day == 1:
            out = before.alive & ~after.alive & after.decided
            by_night = before.stage in (NIGHT, POTION) or (before.stage == SHOT and before.by_night)
            terms += [Term(EARLY_NIGHT if by_night else EARLY, seat, 1.0) for seat in names(out)]
        if after.winner is not None:
            loser = WOLVES if after.winner == VILLAGE else VILLAGE
            terms += [Term(WIN, after.winner, 1.0), Term(LOSS, loser, 1.0)]
        return terms


def _votes(before: State, moves: Mapping[Seat, Any]) -> list[Term]:
    """A village voter's vote is right or wrong, or withheld; one of the wolves' side says nothing."""
    return [_vote(before, seat, move) for seat, move in moves.items() if not before.table.side >> INDEX[seat] & 1]


def _vote(before: State, seat: Seat, move: Any) -> Term:
    if isinstance(move, Abstain):
        return Term(ABSTENTION, seat, 1.0)
    return Term(VOTE_WOLF if before.table.wolves >> INDEX[move.target] & 1 else VOTE_INNOCENT, seat, 1.0)


def _persuasion(before: State, moves: Mapping[Seat, Any]) -> list[Term]:
    """Credit for votes that followed the day's accusations.

    To report somebody as a werewolf is to accuse them, true or false; who repeats it comes after. Only a seat's first
    accusation of the day counts. A vote for t is one credit, shared by those who accused t before
    the voter did (if the voter did), the voter's own accusation aside, in proportions 1, 1/2, 1/4, … in the order of
    accusing; a wolf gets none from its own pack, which votes as agreed by night. A seat's credit is capped at
    PERSUASION_CAP and counts positive where t's death helps the seat's side, negative where it harms it.
    """
    wolves = before.table.wolves
    credit: dict[int, float] = {}
    accused = dict(before.accused)
    votes = {INDEX[seat]: NOBODY if whom is None else INDEX[whom] for seat, whom in cast(before, moves).items()}
    for voter, target in sorted(votes.items()):
        share, shares = 1.0, []
        for who, whom in accused.items():
            if who == voter:
                if whom == target:
                    break
            elif whom == target and not wolves >> who & wolves >> voter & 1:
                shares.append((who, share))
                share /= 2
        total = sum(part for _, part in shares)
        for who, part in shares:
            credit[who] = credit.get(who, 0.0) + part / total
    terms = []
    for who in sorted(credit):
        helps = (before.table.side >> who & 1) != (wolves >> accused[who] & 1)
        amount = min(credit[who], PERSUASION_CAP)
        terms.append(Term(PERSUASION, SEATS[who], amount if helps else -amount))
    return terms
