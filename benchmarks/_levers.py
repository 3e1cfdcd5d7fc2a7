"""A team game whose true policy gradient is a sum of a few terms: three levers, two seats, a table for a policy.

In each of three rounds a light is 0 or 1 and the seat whose turn it is pulls a lever, 0 or 1. The team is paid 1 for a
lever that fits its light, 2 at the end for three levers alike, and after every pull a coin that nobody influences adds
2 or takes 2 away. The policy is a table: light -> the logit of pulling lever 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lanista.agents.contract import Answer, Question
from lanista.arenas import Arena, Ask, Event, Outcome, Step, Term
from lanista.arenas.core.chance import draw, key

SEATS = ("left_0", "right_0")
ROUNDS = 3
LIGHT, LEVER = 10, 20
"""The first token id of a light, and of a lever."""


@dataclass(frozen=True, kw_only=True)
class Config:
    pass


@dataclass(frozen=True, slots=True)
class State:
    key: int
    light: int
    """Of the round that is played now; it was drawn when the round began, so a fork with new chance keeps it."""
    levers: tuple[int, ...] = ()


class Rules:
    def deal(self, seed: int, config: Config) -> State:
        k = key("levers", seed)
        return State(k, draw(k, "light", 0, 2))

    def opening(self, state: State) -> list[Event]:
        return [Event("levers", {})]

    def seats(self, config: Config) -> tuple[str, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[str, ...]:
        return () if len(state.levers) == ROUNDS else (SEATS[len(state.levers) % 2],)

    def ask(self, state: State, seat: str) -> Ask:
        return Ask(seat, f"light {state.light}", ("0", "1"))

    def fallback(self, state: State, seat: str) -> str:
        return "0"

    def play(self, state: State, moves: Mapping[str, Any]) -> Step:
        (move,) = moves.values()
        light = draw(state.key, "light", len(state.levers) + 1, 2)
        after = replace(state, light=light, levers=(*state.levers, int(move)))
        coin = draw(state.key, "coin", len(state.levers), 2)
        return Step(after, [Event("pulled", {"light": state.light, "lever": int(move), "coin": coin})])

    def outcome(self, state: State) -> Outcome | None:
        if self.to_act(state):
            return None
        return Outcome(None, {"team": float(len(set(state.levers)) == 1)}, {"levers": list(state.levers)})

    def role(self, state: State, seat: str) -> str:
        return "puller"

    def phase(self, state: State) -> str:
        return f"round {len(state.levers)}"

    def teams(self, state: State) -> Mapping[str, tuple[str, ...]]:
        return {"team": SEATS}

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)


class Words:
    def ask(self, ask: Ask) -> str:
        return ask.kind

    def read(self, ask: Ask, reply: str) -> Any:
        return reply

    def write(self, ask: Ask, move: Any) -> str:
        return str(move)

    def show(self, event: Event) -> str:
        return event.kind


class Rewards:
    def terms(
        self, before: State, moves: Mapping[str, Any], after: State, events: Sequence[Event], fallbacks: frozenset[str]
    ) -> list[Term]:
        pulled = next(event.data for event in events if event.kind == "pulled")
        paid = float(pulled["light"] == pulled["lever"]) + 4.0 * pulled["coin"] - 2.0
        if len(after.levers) == ROUNDS and len(set(after.levers)) == 1:
            paid += 2.0
        return [Term("paid", "team", paid)]


class Table:
    """A policy that is a table, in seats. Its replies are reported token by token, as a language model's are."""

    name = "table"
    time_limit_s: float | None = None
    batched = True
    batch_matters = False

    def __init__(self, logits: Sequence[float]) -> None:
        self.ones = [1 / (1 + math.exp(-logit)) for logit in logits]

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """A lever for each light that is shown."""
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> Answer:
        light = int(question.kind.split()[1])
        lever = int(draw(key("table", question.seed), "lever", question.turn, 1 << 30) < self.ones[light] * (1 << 30))
        p = self.ones[light] if lever else 1 - self.ones[light]
        told = {"prompt_ids": [LIGHT + light], "ids": [LEVER + lever], "logps": [math.log(p)]}
        return Answer(str(lever), {"tokens": told})

    def forget(self, game: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""


def true_gradient(logits: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of what the team is expected to be paid, by the two logits: the sum over all lights and levers. Shape (2,)."""
    ones = [1 / (1 + math.exp(-logit)) for logit in logits]
    found = np.zeros(2)
    for lights in itertools.product((0, 1), repeat=ROUNDS):
        for levers in itertools.product((0, 1), repeat=ROUNDS):
            chance = math.prod(ones[o] if a else 1 - ones[o] for o, a in zip(lights, levers, strict=True))
            paid = sum(o == a for o, a in zip(lights, levers, strict=True)) + 2.0 * (len(set(levers)) == 1)
            for o, a in zip(lights, levers, strict=True):
                found[o] += 0.5**ROUNDS * chance * paid * (a - ones[o])
    return found


def gradient(rows: Sequence[Any], logits: Sequence[float], games: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What scored rows of ``games`` games say it is: the sum of advantage times score, a game. Shape (2,)."""
    ones = [1 / (1 + math.exp(-logit)) for logit in logits]
    found = np.zeros(2)
    for scored in rows:
        ids = scored.row.ids
        for place, (own, advantage) in enumerate(zip(scored.row.own, scored.advantages, strict=True)):
            if own:
                light = ids[place - 1] - LIGHT
                found[light] += advantage * (ids[place] - LEVER - ones[light])
    return found / games


ARENA = Arena(
    name="levers",
    version="1",
    summary="three levers",
    rules=Rules(),
    words=Words(),
    rewards=Rewards(),
    config=Config,
    presets={"default": {"paid": 1.0, "illegal_reply": 0.0, "forfeit": 0.0}},
    team_terms=frozenset({"paid"}),
    turns_bound=lambda config: ROUNDS,
)
