"""The stages of a day: an election, bids and speeches, nominations and defences, the vote, last words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Event, Seat, Step
from lanista.arenas.werewolf.asks import names
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.moves import Nominate, Speech
from lanista.arenas.werewolf.phases import (
    ballot,
    buried,
    discussion,
    said,
    settled,
    shoots,
    shown,
    speakers,
    vote,
)
from lanista.arenas.werewolf.state import (
    BIDS,
    DEFENCE,
    LAST,
    NOBODY,
    TALK,
    State,
    accuses,
    cast,
    elected,
    voted_out,
    winner_of,
)


def play_election(state: State, moves: Mapping[Seat, Any]) -> Step:
    """Everybody has named somebody for mayor."""
    votes = {seat: moves[seat].target for seat in names(state.alive)}
    mayor = elected(votes.values(), state.key, "mayor", state.day)
    after = state._replace(mayor=mayor, decided=state.decided | state.alive)
    return Step(discussion(after), [Event("election", {"votes": votes, "mayor": SEATS[mayor]})])


def play_bids(state: State, moves: Mapping[Seat, Any]) -> Step:
    """The highest bid speaks, ties by lot; where nobody bids anything, the discussion is over."""
    bids = {INDEX[seat]: move.level for seat, move in moves.items()}
    highest = max(bids.values())
    after = state._replace(decided=state.decided | state.alive)
    if not highest:
        return Step(ballot(after._replace(rounds=0)), [Event("floor", {"seat": None})])
    first = sorted(seat for seat, level in bids.items() if level == highest)
    speaker = first[chance.draw(state.key, f"bid {state.rounds}", state.day, len(first))]
    return Step(after._replace(stage=TALK, queue=(speaker,)), [Event("floor", {"seat": SEATS[speaker]})])


def play_talk(state: State, moves: Mapping[Seat, Any]) -> Step:
    """One speech of the discussion, or in one's defence."""
    ((seat, speech),) = moves.items()
    me, queue = INDEX[seat], state.queue[1:]
    after = State(  # most moves of a game are speeches: in one piece, and twice as fast as _replace
        state.table, state.key, state.stage, state.day, state.alive, queue, state.rounds, False, NOBODY, NOBODY,
        state.heal, state.poison, state.inspected, state.decided | 1 << me, _accused(state, me, speech), None,
        state.guarded, state.mayor, state.nominees, state.cast, state.barren, state.out,
    )  # fmt: skip
    if not queue:
        after = _spoken(after)
    return Step(after, (said("speech", seat, speech, None),))


def _accused(state: State, me: int, speech: Speech) -> tuple[tuple[int, int], ...]:
    act, accused = speech.act, state.accused
    if act is None:
        return accused
    if act.target is not None and accuses(act) and all(who != me for who, _ in accused):
        return (*accused, (me, INDEX[act.target]))
    return accused


def _spoken(state: State) -> State:
    """What follows a round of speeches."""
    if state.stage == DEFENCE:
        return vote(state)
    if state.table.config.bidding:
        return state._replace(stage=BIDS, rounds=state.rounds - 1) if state.rounds > 1 else ballot(state)
    if state.rounds:
        return state._replace(queue=speakers(state.alive, state.day), rounds=state.rounds - 1)
    return ballot(state)


def play_nomination(state: State, moves: Mapping[Seat, Any]) -> Step:
    """One nomination. After the last, those nominated defend themselves; without any, nobody is voted out."""
    ((seat, move),) = moves.items()
    target = move.target if isinstance(move, Nominate) else None
    nominees = state.nominees | (0 if target is None else 1 << INDEX[target])
    after = state._replace(nominees=nominees, queue=state.queue[1:], decided=state.decided | 1 << INDEX[seat])
    events = [Event("nomination", {"seat": seat, "target": target})]
    if after.queue:
        return Step(after, events)
    if not nominees:
        return _closed(after, events, {}, NOBODY, after.decided)
    order = tuple(i for i in speakers(state.alive, state.day) if nominees >> i & 1)
    return Step(after._replace(stage=DEFENCE, queue=order), events)


def play_vote(state: State, moves: Mapping[Seat, Any]) -> Step:
    """Sealed votes together, or one that all hear."""
    if not state.queue:
        votes = cast(state, {seat: moves[seat] for seat in names(state.alive)})
        return _closed(state, [], votes, voted_out(state, votes), state.decided | state.alive)
    votes = cast(state, moves)
    ((seat, target),) = ((seat, votes[seat]) for seat in moves)
    events = [Event("vote", {"seat": seat, "target": target})]
    decided = state.decided | 1 << INDEX[seat]
    if len(state.queue) == 1:
        return _closed(state, events, votes, voted_out(state, votes), decided)
    vote_cast = (INDEX[seat], NOBODY if target is None else INDEX[target])
    return Step(state._replace(queue=state.queue[1:], cast=(*state.cast, vote_cast), decided=decided), events)


def _closed(state: State, events: list[Event], votes: Mapping[Seat, Seat | None], out: int, decided: int) -> Step:
    """The vote is over: ``out`` is off the table and, where it may, speaks once more."""
    gone = out != NOBODY
    dead = 1 << out if gone else 0
    seat, role = (SEATS[out], shown(state.table, out)) if gone else (None, None)
    events.append(Event("votes", {"votes": dict(votes), "eliminated": seat, "role": role}))
    after = state._replace(
        queue=(), by_night=False, out=out, barren=not gone, alive=state.alive & ~dead, decided=decided
    )
    if not state.table.config.last_words or not gone:
        return buried(after, events, dead, NOBODY)
    if not shoots(after, dead, NOBODY) and winner_of(after.table.wolves, after.alive) is not None:
        return settled(after, events)  # nobody speaks once the game is won
    return Step(after._replace(stage=LAST, queue=(out,)), events)


def play_last_words(state: State, moves: Mapping[Seat, Any]) -> Step:
    """Who was voted out has spoken once more."""
    ((seat, speech),) = moves.items()
    after = state._replace(queue=(), decided=state.decided | 1 << INDEX[seat])
    return buried(after, [said("speech", seat, speech, None)], 1 << INDEX[seat], NOBODY)


def may_abstain(state: State) -> bool:
    """Whether a vote or a nomination may be withheld now."""
    return state.table.config.abstention and not state.barren
