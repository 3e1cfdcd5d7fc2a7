"""Where days and nights begin and end: deaths are settled, and who is asked next."""

from __future__ import annotations

from functools import lru_cache

from lanista.arenas.core.contract import Event, Seat, Step
from lanista.arenas.werewolf.asks import members
from lanista.arenas.werewolf.deck import SEATS
from lanista.arenas.werewolf.moves import Speech
from lanista.arenas.werewolf.state import (
    BIDS,
    DEN,
    ELECTION,
    NIGHT,
    NOBODY,
    NOMINATION,
    OVER,
    SHOT,
    TALK,
    VOTE,
    State,
    Table,
    winner_of,
)


def night_falls(state: State) -> State:
    """The first moment of a night."""
    pack = members(state.table.wolves & state.alive)
    return state._replace(stage=DEN, queue=pack) if len(pack) > 1 else state._replace(stage=NIGHT, queue=())


def day_breaks(state: State) -> State:
    """The first moment of a day: an election where a mayor is wanting, else the discussion."""
    config = state.table.config
    if config.mayor and (state.mayor == NOBODY or not state.alive >> state.mayor & 1):
        return _fresh(state, ELECTION, (), 0)
    return discussion(state)


def discussion(state: State) -> State:
    """The first moment of a day's discussion, or of its vote where nobody speaks."""
    config = state.table.config
    rounds = config.discussion_rounds
    if not rounds:
        return ballot(_fresh(state, VOTE, (), 0))
    if config.bidding:
        return _fresh(state, BIDS, (), rounds * state.alive.bit_count())
    return _fresh(state, TALK, speakers(state.alive, state.day), rounds - 1)


def _fresh(state: State, stage: str, queue: tuple[int, ...], rounds: int) -> State:
    """Nothing has been said or voted today yet."""
    return state._replace(stage=stage, queue=queue, rounds=rounds, accused=(), nominees=0, cast=())


def ballot(state: State) -> State:
    """What follows the discussion: nominations, or the vote."""
    if state.table.config.nomination:
        return state._replace(stage=NOMINATION, queue=speakers(state.alive, state.day))
    return vote(state)


def vote(state: State) -> State:
    """The first moment of the vote."""
    queue = speakers(state.alive, state.day) if state.table.config.sequential_votes else ()
    return state._replace(stage=VOTE, queue=queue)


def buried(state: State, events: list[Event], dead: int, poisoned: int) -> Step:
    """Those who died are off the table; a hunter among them shoots, unless poisoned, before anybody has won."""
    if shoots(state, dead, poisoned):
        return Step(state._replace(stage=SHOT, queue=(state.table.hunter,)), events)
    return settled(state, events)


def shoots(state: State, dead: int, poisoned: int) -> bool:
    """Whether a hunter is among the dead and may shoot somebody of those who are left."""
    hunter = state.table.hunter
    return hunter != NOBODY and bool(dead >> hunter & 1) and hunter != poisoned and bool(state.alive)


def settled(state: State, events: list[Event]) -> Step:
    """All deaths of the resolution are in: the game is won, or the next night or day begins."""
    table = state.table
    winner = winner_of(table.wolves, state.alive)
    if winner is not None:
        roles = dict(zip(SEATS, table.roles, strict=False))
        events.append(Event("end", {"winner": winner, "roles": roles}))
        return Step(state._replace(stage=OVER, winner=winner, by_night=False), events)
    night_first = table.config.first_phase == "night"
    if state.by_night:
        after = day_breaks(state._replace(day=state.day + (not night_first), by_night=False))
        events.append(Event("day", {"day": after.day}))
    else:
        after = night_falls(state._replace(day=state.day + night_first))
        events.append(Event("night", {"day": after.day}))
        events += _divined(after)
    return Step(after, events)


def _divined(state: State) -> list[Event]:
    """What the medium learns as the night falls: the side of who was voted out that day."""
    table = state.table
    if table.medium == NOBODY or state.out == NOBODY or not state.alive >> table.medium & 1:
        return []
    seat, finding = SEATS[table.medium], "werewolf" if table.wolves >> state.out & 1 else "innocent"
    return [Event("divined", {"seat": seat, "target": SEATS[state.out], "finding": finding}, (seat,))]


def said(kind: str, seat: Seat, speech: Speech, to: tuple[Seat, ...] | None) -> Event:
    """The event of a speech."""
    act = speech.act
    return Event(kind, {"seat": seat, "text": speech.text, "act": None if act is None else act.data()}, to)


def shown(table: Table, seat: int) -> str | None:
    """A dead seat's role as the table is shown it."""
    return table.roles[seat] if table.config.reveal_on_death else None


@lru_cache(maxsize=4096)
def speakers(alive: int, day: int) -> tuple[int, ...]:
    """Table order; each day begins one living player further on, so that nobody always speaks first."""
    living = members(alive)
    first = (day - 1) % len(living)
    return living[first:] + living[:first]
