"""Counterfactuals: another deal of the hidden roles, and other secret moves, that must look the same to one seat.

Built from what the seat may know, without playing: this step's deaths are worked out with the rules' own helpers, who
dies keeps its role, who is known to the seat keeps its side, and the secret moves go with the roles.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import Seat
from lanista.arenas.werewolf.asks import members, names
from lanista.arenas.werewolf.deck import INDEX, SEATS, WEREWOLF
from lanista.arenas.werewolf.moves import SAY_NOTHING, TARGET, Heal, Inspect, Kill, Poison, Protect, Shoot
from lanista.arenas.werewolf.rules import (
    BY_DAY,
    DEN,
    NIGHT,
    NOBODY,
    OVER,
    POTION,
    SHOT,
    VOTE,
    State,
    Table,
    acting,
    brews,
    cast,
    elected,
    fallen,
    protectable,
    table_of,
    voted_out,
    winner_of,
)


def counterfactual(
    state: State, moves: Mapping[Seat, Any], seat: Seat, rng: random.Random
) -> tuple[State, Mapping[Seat, Any]] | None:
    """Another state and other moves that ``seat`` cannot tell from these; None where the seat knows everything.

    The roles of the living others are dealt anew within what the seat knows. None too where this step ends the game,
    since the end shows every role.
    """
    me, table = INDEX[seat], state.table
    if state.stage == OVER:
        return None
    victim, protected = _attack(state, moves)
    dead, ends = _deaths(state, moves, victim, protected)
    if ends:
        return None
    roles = list(table.roles)
    changed = _redeal(roles, state, me, dead, victim, _inspected(state, moves), rng)
    if _helpless(state, table_of(table.config, roles), victim, protected):
        return None
    changed |= _redeal_graves(roles, state, me, rng)
    other = _unguarded(state, table_of(table.config, roles), me, victim, rng)
    if me != table.witch and state.stage in (*BY_DAY, DEN, SHOT) and rng.random() < 0.5:
        other = other._replace(heal=rng.random() < 0.5, poison=rng.random() < 0.5)
        changed |= (other.heal, other.poison) != (state.heal, state.poison)
    if not changed:
        return None
    if state.stage == DEN:
        return _den(state, other, moves)
    if state.stage == NIGHT:
        return other, _night(state, other, moves, me, victim, protected, rng)
    if state.stage == POTION:
        return other, {SEATS[other.table.witch]: next(iter(moves.values()))}
    return other, moves


def _attack(state: State, moves: Mapping[Seat, Any]) -> tuple[int, int]:
    """Whom the wolves attack and the doctor protects this night, as far as it is settled."""
    if state.stage != NIGHT:
        return state.victim, state.protected
    kills = [move.target for move in moves.values() if isinstance(move, Kill)]
    protected = [INDEX[move.target] for move in moves.values() if isinstance(move, Protect)]
    victim = elected(kills, state.key, "kill", state.day) if kills else NOBODY
    return victim, protected[0] if protected else NOBODY


def _helpless(state: State, table: Table, victim: int, protected: int) -> bool:
    """Whether the rescue of this night would be the rescued one's own, where nobody may protect itself."""
    return (
        state.stage == NIGHT
        and NOBODY != victim == protected == table.doctor
        and not table.config.self_protection
        and table.doctor != state.table.doctor
    )


def _unguarded(state: State, table: Table, me: int, victim: int, rng: random.Random) -> State:
    """The state at another table. Where protecting may not be repeated, whom a protector unknown to the seat protected
    last night is drawn anew: never the victim of this night, whom it may have to rescue."""
    other = state._replace(table=table)
    if table.config.repeat_protection or me in (table.doctor, state.table.doctor) or state.guarded == NOBODY:
        return other
    return other._replace(guarded=rng.choice([i for i in range(table.players) if i != victim]))


def _inspected(state: State, moves: Mapping[Seat, Any]) -> int:
    """Whom the seer knows once these moves are played."""
    found = state.inspected
    for move in moves.values():
        if isinstance(move, Inspect):
            found |= 1 << INDEX[move.target]
    return found


def _deaths(state: State, moves: Mapping[Seat, Any], victim: int, protected: int) -> tuple[int, bool]:
    """The mask of those who die at this step, and whether the game ends with it."""
    table, dead, poisoned = state.table, 0, NOBODY
    if state.stage == VOTE:
        out = voted_out(state, cast(state, moves))
        dead = 0 if out == NOBODY else 1 << out
    elif state.stage == NIGHT and not brews(state):
        dead = fallen(state._replace(victim=victim, protected=protected))
    elif state.stage == POTION:
        (move,) = moves.values()
        poisoned = INDEX[move.target] if isinstance(move, Poison) else NOBODY
        dead = fallen(state, poisoned, isinstance(move, Heal))
    elif state.stage == SHOT:
        (move,) = moves.values()
        dead = 1 << INDEX[move.target] if isinstance(move, Shoot) else 0
    else:
        return 0, False
    left = state.alive & ~dead
    shoots = table.hunter != NOBODY and dead >> table.hunter & 1 and table.hunter != poisoned and left
    return dead, not shoots and winner_of(table.wolves, left) is not None


def _redeal(
    roles: list[str], state: State, me: int, dead: int, victim: int, inspected: int, rng: random.Random
) -> bool:
    """Deal anew, in place, the roles of the living others whom the seat does not know. Whether any changed.

    Who dies now keeps its role (it may be shown, a hunter's shot shows it, the count of wolves follows from it). A
    wolf knows its pack, a seer whom it inspected, and the wolves' victim is no wolf.
    """
    table = state.table
    free = state.alive & ~dead & ~(1 << me)
    tame = 0 if victim == NOBODY else 1 << victim  # must be no wolf in any deal
    if table.wolves >> me & 1:
        free &= ~table.wolves
    if me == table.seer:
        free &= ~(inspected & table.wolves)
        tame |= inspected
    cards = [roles[i] for i in members(free)]
    return _shuffle(roles, members(free & tame), members(free & ~tame), cards, rng)


def _redeal_graves(roles: list[str], state: State, me: int, rng: random.Random) -> bool:
    """Where roles stay hidden in death: deal anew those of the dead others who were neither wolf nor hunter."""
    table = state.table
    if table.config.reveal_on_death:
        return False
    buried = (1 << table.players) - 1 & ~state.alive & ~table.wolves & ~(1 << me)
    if table.hunter != NOBODY:
        buried &= ~(1 << table.hunter)
    return _shuffle(roles, members(buried), (), [roles[i] for i in members(buried)], rng)


def _shuffle(
    roles: list[str], tame: Sequence[int], others: Sequence[int], cards: list[str], rng: random.Random
) -> bool:
    """Deal the cards in place at random, no wolf's to the tame seats; tried until a role changed, if one can."""
    if len(set(cards)) < 2:
        return False
    for _ in range(16):
        safe = [card for card in cards if card != WEREWOLF]
        rng.shuffle(safe)
        rest = safe[len(tame) :] + [WEREWOLF] * (len(cards) - len(safe))
        rng.shuffle(rest)
        dealt = {**dict(zip(tame, safe, strict=False)), **dict(zip(others, rest, strict=True))}
        if any(roles[i] != card for i, card in dealt.items()):
            for i, card in dealt.items():
                roles[i] = card
            return True
    return False


def _den(state: State, other: State, moves: Mapping[Seat, Any]) -> tuple[State, Mapping[Seat, Any]]:
    """As many wolves have spoken as before; who speaks now is the next of the new pack."""
    pack = members(other.table.wolves & state.alive)
    queue = pack[len(pack) - len(state.queue) :]
    (said,) = moves.values()
    if said.act is not None and said.act.act == TARGET and other.table.wolves >> INDEX[said.act.target] & 1:
        said = SAY_NOTHING
    return other._replace(queue=queue), {SEATS[queue[0]]: said}


def _night(
    state: State,
    other: State,
    moves: Mapping[Seat, Any],
    me: int,
    victim: int,
    protected: int,
    rng: random.Random,
) -> Mapping[Seat, Any]:
    """The night's moves made by the new holders of the roles, with the same victim and the same rescue."""
    table: Table = other.table
    pack = names(table.wolves & state.alive)
    fresh: dict[Seat, Any] = {}
    for seat in names(acting(other)):
        i = INDEX[seat]
        if i == me or (seat in pack and table.wolves == state.table.wolves):
            fresh[seat] = moves[seat]
        elif seat in pack:
            fresh[seat] = Kill(SEATS[victim])
        elif i == table.seer:
            fresh[seat] = Inspect(rng.choice(names(state.alive & ~(1 << i))))
        else:
            idle = names(protectable(other) & ~(1 << victim))
            fresh[seat] = Protect(SEATS[victim] if protected == victim or not idle else rng.choice(idle))
    return fresh
