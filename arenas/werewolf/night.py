"""The stages of a night: the den, the sealed moves, the witch; and the hunter's shot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lanista.arenas.core.contract import Event, Seat, Step
from lanista.arenas.werewolf.asks import members, names
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.moves import Heal, Kill, Poison, Shoot
from lanista.arenas.werewolf.phases import buried, said, settled, shown
from lanista.arenas.werewolf.state import DEN, NIGHT, NOBODY, POTION, State, acting, brews, elected, fallen


def play_den(state: State, moves: Mapping[Seat, Any]) -> Step:
    """One word to the pack."""
    ((seat, speech),) = moves.items()
    queue = state.queue[1:]
    after = state._replace(stage=DEN if queue else NIGHT, queue=queue, decided=state.decided | 1 << INDEX[seat])
    return Step(after, (said("den", seat, speech, names(state.table.wolves & state.alive)),))


def play_night(state: State, moves: Mapping[Seat, Any]) -> Step:
    """The moves that are sealed together; then the witch, or the dawn."""
    table = state.table
    events: list[Event] = []
    votes: dict[Seat, Seat] = {}
    inspected, protected, decided = state.inspected, NOBODY, state.decided
    for seat in names(acting(state)):
        move = moves[seat]
        decided |= 1 << INDEX[seat]
        if isinstance(move, Kill):
            votes[seat] = move.target
        elif INDEX[seat] == table.seer:
            target = INDEX[move.target]
            inspected |= 1 << target
            finding = "werewolf" if table.wolves >> target & 1 else "innocent"
            events.append(Event("inspected", {"seat": seat, "target": move.target, "finding": finding}, (seat,)))
        else:
            protected = INDEX[move.target]
            events.append(Event("protected", {"seat": seat, "target": move.target}, (seat,)))
    victim = elected(votes.values(), state.key, "kill", state.day) if votes else NOBODY
    if votes:
        pack = names(table.wolves & state.alive)
        events.insert(0, Event("ballot", {"votes": votes, "victim": SEATS[victim]}, pack))
    after = state._replace(victim=victim, protected=protected, guarded=protected, inspected=inspected, decided=decided)
    if brews(state):
        witch = SEATS[table.witch]
        told = SEATS[victim] if state.heal else None
        events.append(Event("attacked", {"seat": witch, "victim": told}, (witch,)))
        return Step(after._replace(stage=POTION), events)
    return _dawn(after, events, fallen(after), NOBODY)


def play_potion(state: State, moves: Mapping[Seat, Any]) -> Step:
    """The witch has decided; the dawn comes."""
    ((seat, move),) = moves.items()
    healed = isinstance(move, Heal)
    target = move.target if isinstance(move, Poison) else None
    poisoned = NOBODY if target is None else INDEX[target]
    after = state._replace(
        heal=state.heal and not healed,
        poison=state.poison and target is None,
        decided=state.decided | 1 << INDEX[seat],
    )
    event = Event("brewed", {"seat": seat, "heal": healed, "poison": target}, (seat,))
    return _dawn(after, [event], fallen(after, poisoned, healed), poisoned)


def _dawn(state: State, events: list[Event], dead: int, poisoned: int) -> Step:
    deaths = [{"seat": SEATS[i], "role": shown(state.table, i)} for i in members(dead)]
    events.append(Event("deaths", {"cause": "night", "deaths": deaths}))
    after = state._replace(alive=state.alive & ~dead, victim=NOBODY, protected=NOBODY, queue=(), by_night=True)
    return buried(after, events, dead, poisoned)


def play_shot(state: State, moves: Mapping[Seat, Any]) -> Step:
    """The hunter has shot somebody, or nobody."""
    ((seat, move),) = moves.items()
    decided = state.decided | 1 << INDEX[seat]
    if not isinstance(move, Shoot):
        event = Event("shot", {"seat": seat, "target": None, "role": None})
        return settled(state._replace(queue=(), decided=decided), [event])
    target = INDEX[move.target]
    event = Event("shot", {"seat": seat, "target": move.target, "role": shown(state.table, target)})
    return settled(state._replace(queue=(), decided=decided, alive=state.alive & ~(1 << target)), [event])
