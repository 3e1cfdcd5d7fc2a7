"""The counterfactuals of Werewolf: honest, frequent for every role that is uncertain, and sharp enough for leaks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas import Arena, Ask, Event, Step
from lanista.arenas.core import conformance
from lanista.arenas.werewolf import arena
from lanista.arenas.werewolf.asks import speech
from lanista.arenas.werewolf.deck import INDEX, SEATS
from lanista.arenas.werewolf.rules import State, WerewolfRules

TABLES: list[dict[str, Any]] = [
    {"players": 9, "roles": ("seer", "doctor", "witch", "hunter")},
    {"players": 11, "reveal_on_death": False},
    {"players": 7, "first_phase": "day", "discussion_rounds": 2},
]


@pytest.mark.parametrize("config", [*TABLES, {"players": 5}, {"players": 8, "roles": (), "discussion_rounds": 0}])
@pytest.mark.parametrize("law", [law for law in conformance.LAWS if law != "privacy"])
def test_every_law_holds_at_many_tables(law: str, config: dict[str, Any]) -> None:
    conformance.LAWS[law](arena, 2, 11, **config)


@pytest.mark.parametrize("config", TABLES)
def test_nobody_is_told_what_is_hidden(config: dict[str, Any]) -> None:
    assert conformance.privacy(arena, 2, 21, **config) > 200


@pytest.mark.slow
@pytest.mark.parametrize("players", range(5, 21))
@pytest.mark.parametrize("reveal_on_death", [True, False])
def test_nobody_is_told_what_is_hidden_at_any_table(players: int, reveal_on_death: bool) -> None:
    conformance.privacy(arena, 1, 31, players=players, reveal_on_death=reveal_on_death)


def pairs(config: Mapping[str, Any], games: int) -> Any:
    """(state, moves, seat, what counterfactual gives) at every step of random games, for every seat."""
    rules, counterfactual = arena.rules, arena.counterfactual
    assert counterfactual is not None
    for seed in range(games):
        rng = random.Random(seed)
        state = rules.deal(seed, arena.configure(**config))
        while owed := rules.to_act(state):
            moves = {seat: rng.choice(rules.ask(state, seat).choices) for seat in owed}
            for seat in SEATS[: state.table.players]:
                yield state, moves, seat, counterfactual(state, moves, seat, rng)
            state = rules.play(state, moves).state


@pytest.mark.parametrize("config", TABLES)
def test_other_worlds_are_legal_keep_the_deck_and_what_the_seat_knows(config: dict[str, Any]) -> None:
    rules = arena.rules
    for state, _, seat, other in pairs(config, 6):
        if other is None:
            continue
        twin, twin_moves = other
        me, table, shadow = INDEX[seat], state.table, twin.table
        assert sorted(shadow.roles) == sorted(table.roles)
        assert shadow.roles[me] == table.roles[me]
        assert twin != state
        assert set(twin_moves) == set(rules.to_act(twin))
        for who, move in twin_moves.items():
            ask = rules.ask(twin, who)
            assert not ask.complete or move in ask.choices, f"{who} may not {move} in the other world"
        if table.wolves >> me & 1:
            assert shadow.wolves == table.wolves, "a wolf knows its pack"
        if me == table.seer:
            assert not (shadow.wolves ^ table.wolves) & state.inspected, "a seer knows whom it inspected"
        if table.config.reveal_on_death:
            dead = [i for i in range(table.players) if not state.alive >> i & 1]
            assert all(shadow.roles[i] == table.roles[i] for i in dead)


def test_there_is_another_world_at_most_steps_for_every_role() -> None:
    asked: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for state, _, seat, other in pairs({"players": 12}, 8):
        role = state.table.roles[INDEX[seat]]
        asked[role] += 1
        given[role] += other is not None
    assert set(asked) == {"werewolf", "villager", "seer", "doctor", "witch", "hunter"}
    assert all(given[role] > 0.8 * asked[role] for role in asked), (given, asked)


def test_every_living_other_may_be_a_wolf_in_some_other_world() -> None:
    rules = arena.rules
    state = rules.deal(0, arena.configure(players=9, first_phase="day"))
    rng = random.Random(0)
    villager = state.table.roles.index("villager")
    moves = {"player_0": rules.ask(state, "player_0").choices[0]}
    seen = 0
    for _ in range(300):
        twin, _ = arena.counterfactual(state, moves, SEATS[villager], rng)  # type: ignore[misc]
        seen |= twin.table.wolves
    assert seen == (1 << 9) - 1 & ~(1 << villager)


# Leaks, planted


class Leaky(WerewolfRules):
    """The rules with one leak, given as functions that spoil a step or an ask."""

    def __init__(
        self,
        step: Callable[[State, Mapping[str, Any], Step], Step] | None = None,
        ask: Callable[[State, str, Ask], Ask] | None = None,
        opening: Callable[[State, Sequence[Event]], Sequence[Event]] | None = None,
    ) -> None:
        self.spoil_step, self.spoil_ask, self.spoil_opening = step, ask, opening

    def play(self, state: State, moves: Mapping[str, Any]) -> Step:
        step = super().play(state, moves)
        return self.spoil_step(state, moves, step) if self.spoil_step else step

    def ask(self, state: State, seat: str) -> Ask:
        ask = super().ask(state, seat)
        return self.spoil_ask(state, seat, ask) if self.spoil_ask else ask

    def opening(self, state: State) -> Sequence[Event]:
        events = super().opening(state)
        return self.spoil_opening(state, events) if self.spoil_opening else events


def public(kind: str) -> Callable[[State, Mapping[str, Any], Step], Step]:
    """Events of this kind reach everybody."""
    return lambda state, moves, step: step._replace(
        events=[event._replace(to=None) if event.kind == kind else event for event in step.events]
    )


def day_number_tells_the_doctor(state: State, moves: Mapping[str, Any], step: Step) -> Step:
    """The number of the day depends on who the doctor is."""
    events = []
    for event in step.events:
        if event.kind == "day":
            event = event._replace(data={"day": event.data["day"] + (state.table.doctor & 1)})
        events.append(event)
    return step._replace(events=events)


def wolves_last(state: State, seat: str, ask: Ask) -> Ask:
    """The vote's candidates are ordered by what they are."""
    if ask.kind != "vote":
        return ask
    return Ask(
        ask.seat,
        ask.kind,
        tuple(sorted(ask.choices, key=lambda move: state.table.wolves >> INDEX[move.target] & 1)),
        ask.complete,
        ask.data,
    )


def no_report_on_wolves(state: State, seat: str, ask: Ask) -> Ask:
    """The sampled speeches spare the wolves."""
    if ask.kind != "speech":
        return ask
    return speech(INDEX[seat], state.alive & ~state.table.wolves | 1 << INDEX[seat], state.table.players, ())


def seer_at_the_den(state: State, events: Sequence[Event]) -> Sequence[Event]:
    """The seer is told the pack."""
    seer = SEATS[state.table.seer]
    return [e._replace(to=(*(e.to or ()), seer)) if e.kind == "pack" else e for e in events]


def news_of_the_potion(state: State, moves: Mapping[str, Any], step: Step) -> Step:
    """A public event tells whether the healing potion is still there."""
    return step._replace(events=[*step.events, Event("day", {"day": int(step.state.heal)})])


LEAKS: dict[str, Leaky] = {
    **{f"public {kind}": Leaky(step=public(kind)) for kind in ("den", "ballot", "inspected", "protected", "brewed")},
    "public role": Leaky(opening=lambda state, events: [e._replace(to=None) for e in events]),
    "number of the day": Leaky(step=day_number_tells_the_doctor),
    "order of candidates": Leaky(ask=wolves_last),
    "sampled speeches": Leaky(ask=no_report_on_wolves),
    "pack to the seer": Leaky(opening=seer_at_the_den),
    "potions": Leaky(step=news_of_the_potion),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(leak: str) -> None:
    spoilt: Arena = replace(arena, rules=LEAKS[leak])
    with pytest.raises(AssertionError, match="tells what is hidden"):
        conformance.privacy(spoilt, 5, 0, roles=("seer", "doctor", "witch"))
