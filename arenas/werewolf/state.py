"""A moment of a game of Werewolf, and what can be said of it without playing on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Seat
from lanista.arenas.werewolf.deck import (
    BODYGUARD,
    DOCTOR,
    HUNTER,
    INDEX,
    MEDIUM,
    POSSESSED,
    SEATS,
    SEER,
    WEREWOLF,
    WITCH,
    Config,
)
from lanista.arenas.werewolf.moves import ACCUSE, REPORT, Act

VILLAGE, WOLVES = "village", "wolves"
NOBODY = -1
TALK, VOTE, DEN, NIGHT, POTION, SHOT, OVER = "talk", "vote", "den", "night", "potion", "shot", "over"
ELECTION, BIDS, NOMINATION, DEFENCE, LAST = "election", "bids", "nomination", "defence", "last words"
BY_DAY = (ELECTION, BIDS, TALK, NOMINATION, DEFENCE, VOTE, LAST)
"""The stages of a day, in order; only ``talk`` and ``vote`` without options."""


class Table(NamedTuple):
    """What never changes in a game. Seats are indices, sets of seats are bit masks."""

    config: Config
    players: int
    roles: tuple[str, ...]  # by seat
    deck: tuple[str, ...]  # the role names in play
    wolves: int
    actors: int  # who is asked together at night: wolves, seer, doctor or bodyguard
    seer: int
    doctor: int  # who protects: the doctor or the bodyguard
    witch: int
    hunter: int
    medium: int
    side: int  # who wins with the wolves: they and the possessed


class State(NamedTuple):
    """A moment of a game."""

    table: Table
    key: int
    stage: str
    day: int  # the number of the present day or night
    alive: int
    queue: tuple[int, ...] = ()  # who is still asked in this round, in order
    rounds: int = 0  # discussion rounds to come after this one; with bidding, speeches to come
    by_night: bool = False  # whether the shot now owed answers a death of the night
    victim: int = NOBODY  # whom the wolves attacked this night
    protected: int = NOBODY  # whom the doctor or bodyguard protected this night
    heal: bool = True  # the witch still has the healing potion
    poison: bool = True
    inspected: int = 0  # whom the seer has inspected so far
    decided: int = 0  # who has decided anything so far
    accused: tuple[tuple[int, int], ...] = ()  # whom each seat accused or reported first today, in order: (who, whom)
    winner: str | None = None
    guarded: int = NOBODY  # whom the doctor or bodyguard protected last night
    mayor: int = NOBODY
    nominees: int = 0  # who may be voted for today, where there are nominations
    cast: tuple[tuple[int, int], ...] = ()  # votes cast so far today, one after the other: (who, whom or NOBODY)
    barren: bool = False  # whether the last vote put nobody out, so that this one may not be withheld
    out: int = NOBODY  # who was voted out last


def table_of(config: Config, roles: Sequence[str]) -> Table:
    """The table at which seat i holds ``roles[i]``."""

    def where(role: str) -> int:
        return roles.index(role) if role in roles else NOBODY

    wolves = sum(1 << i for i, role in enumerate(roles) if role == WEREWOLF)
    possessed = where(POSSESSED)
    doctor = where(BODYGUARD) if BODYGUARD in roles else where(DOCTOR)
    actors = wolves | sum(1 << i for i, role in enumerate(roles) if role in (SEER, DOCTOR, BODYGUARD))
    return Table(
        config, config.players, tuple(roles), tuple(config.deck), wolves, actors,
        where(SEER), doctor, where(WITCH), where(HUNTER), where(MEDIUM),
        wolves if possessed == NOBODY else wolves | 1 << possessed,
    )  # fmt: skip


def acting(state: State) -> int:
    """The mask of those who are asked together this night."""
    table = state.table
    if table.config.quiet_first_night and state.day == 1:
        return state.alive & 1 << table.seer
    return state.alive & table.actors


def candidates(state: State) -> int:
    """The mask of those who may be voted for."""
    return state.nominees if state.nominees else state.alive


def cast(state: State, moves: Mapping[Seat, object]) -> dict[Seat, Seat | None]:
    """The votes of today once these moves are played, in the order of casting; None abstains."""
    now: dict[Seat, Seat | None] = {seat: getattr(move, "target", None) for seat, move in moves.items()}
    if not state.cast:
        return now
    return {**{SEATS[who]: None if whom == NOBODY else SEATS[whom] for who, whom in state.cast}, **now}


def voted_out(state: State, votes: Mapping[Seat, Seat | None]) -> int:
    """Whom the votes of today (``cast``) put out; NOBODY where votes are still to come or nobody was voted for."""
    if len(state.queue) > 1:
        return NOBODY
    targets = [target for target in votes.values() if target is not None]
    if state.mayor != NOBODY:
        counts_more = votes.get(SEATS[state.mayor])
        targets += [counts_more] * (state.table.config.mayor_votes - 1) if counts_more is not None else []
    return elected(targets, state.key, "vote", state.day) if targets else NOBODY


def accuses(act: Act) -> bool:
    """Whether an act of speech accuses its target: an accusation, or the report that somebody is a werewolf."""
    return act.act == ACCUSE or (act.act == REPORT and act.finding == "werewolf")


def elected(targets: Iterable[Seat], key: int, purpose: str, turn: int) -> int:
    """The seat index with the most votes; ties are broken uniformly at random."""
    counts: dict[Seat, int] = {}
    for target in targets:
        counts[target] = counts.get(target, 0) + 1
    most = max(counts.values())
    first = sorted(INDEX[target] for target, count in counts.items() if count == most)
    return first[0] if len(first) == 1 else first[chance.draw(key, purpose, turn, len(first))]


def winner_of(wolves: int, alive: int) -> str | None:
    """Who has won when ``alive`` (a mask) live: the village without a wolf, else the wolves at half of the living."""
    left = (wolves & alive).bit_count()
    if left == 0:
        return VILLAGE
    return WOLVES if 2 * left >= alive.bit_count() else None


def fallen(state: State, poisoned: int = NOBODY, healed: bool = False) -> int:
    """The mask of those who die at the end of this night."""
    dead = 0 if poisoned == NOBODY else 1 << poisoned
    if state.victim != state.protected and not healed:  # nobody attacked, nobody protected: a quiet night
        dead |= 1 << state.victim
    return dead


def brews(state: State) -> bool:
    """Whether the witch is asked this night: she lives and has a potion left."""
    witch = state.table.witch
    if state.day == 1 and state.table.config.quiet_first_night:
        return False
    return witch != NOBODY and bool(state.alive >> witch & 1) and (state.heal or state.poison)
