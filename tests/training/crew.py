"""A small game with refusals, sealed replies and a stranger, whose policy gradient is a sum over all that can happen.

Two of a crew pull a lever each, in secret; the first sees whether a light is bright, which hangs on both pulls and on
chance, and pulls again while the house, a stranger, pulls too. The policy is a table of three probabilities for each of
eight things that can be seen: left, right, and a word that is refused once and then replaced by the arena. A refusal
costs something, pulling right at first costs the first alone something.

A, O: actions (3) and what is seen (8: four asks, each as it stands and after a refusal).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanista.agents.contract import Answer, Question
from lanista.agents.lm.tokens import TokenTurn
from lanista.agents.random import RandomAgent
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Ask, Event, Illegal, Outcome, Seat, Step, Term
from lanista.training.algorithms.grpo import forked, rollout_batch
from lanista.training.batching import ScoredRow
from lanista.training.config import TrainConfig
from lanista.training.forks import Fork, Forked, play_forks
from lanista.training.rollout import plan, play_scenarios, trajectories
from lanista.training.trajectories import Trajectory

Table = NDArray[np.float64]
"""Scores of a softmax policy, or a gradient with regard to them; shape (O, A)."""

LEFT, RIGHT, JAM = range(3)
SAYS = ("left", "right", "jam")
SEEN, REFUSED = 8, 4
"""What can be seen; what is added to it after a refusal."""
COST = 0.1
"""What a refused reply costs."""
TEAMS = {"crew": ("first", "second"), "house": ("house",)}


@dataclass(frozen=True, kw_only=True)
class Config:
    """Nothing to set."""


@dataclass(frozen=True, slots=True)
class State:
    """What was pulled so far."""

    key: int
    pulls: tuple[int, ...] = ()
    light: int = 0
    last: tuple[int, ...] = ()


def worth(first: int, second: int, light: int, again: int, house: int) -> float:
    """What the crew gets, from 0 to 1."""
    return 0.35 * (again == light) + 0.3 * (first == second) + 0.25 * (again != house) + 0.1 * (second == light)


def earned(state: State) -> float:
    """What the crew got in a game that is over."""
    (first, second), (again, house) = state.pulls, state.last
    return worth(first, second, state.light, again, house)


def bright(first: int, second: int) -> float:
    """How likely the light is bright."""
    return 0.75 if first == second else 0.25


class Rules:
    """First two pulls that nobody sees, then a light, then two more."""

    def deal(self, seed: int, config: Config) -> State:
        return State(chance.key("crew", seed))

    def opening(self, state: State) -> Sequence[Event]:
        return [Event("rules", {})]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return ("first", "second", "house")

    def to_act(self, state: State) -> tuple[Seat, ...]:
        return () if state.last else ("first", "house") if state.pulls else ("first", "second")

    def ask(self, state: State, seat: Seat) -> Ask:
        seen = 2 + state.light if state.pulls and seat == "first" else int(seat == "second")
        return Ask(seat, "pull", (LEFT, RIGHT), data=(("seen", seen),))

    def fallback(self, state: State, seat: Seat) -> int:
        return LEFT

    def play(self, state: State, moves: Mapping[Seat, int]) -> Step:
        if state.pulls:
            return Step(replace(state, last=(moves["first"], moves["house"])))
        pulls = moves["first"], moves["second"]
        light = chance.draw(state.key, "light", 0, 4) < 4 * bright(*pulls)
        return Step(replace(state, pulls=pulls, light=int(light)))

    def outcome(self, state: State) -> Outcome | None:
        if not state.last:
            return None
        score = earned(state)
        return Outcome(None, {"crew": score, "house": 1 - score})

    def role(self, state: State, seat: Seat) -> str:
        return seat

    def phase(self, state: State) -> str:
        return "second pull" if state.pulls else "first pull"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return TEAMS

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)


class Words:
    """An ask is the number of what is seen."""

    def show(self, event: Event) -> str:
        return "Pull left or right."

    def ask(self, ask: Ask) -> str:
        return f"{dict(ask.data)['seen']}"

    def read(self, ask: Ask, reply: str) -> int | Illegal:
        return SAYS.index(reply) if reply in SAYS[:JAM] else Illegal("pull left or right")

    def write(self, ask: Ask, move: int) -> str:
        return SAYS[move]


class Rewards:
    """The crew's worth at the end, and what the first pays for pulling right at first."""

    def terms(
        self,
        before: State,
        moves: Mapping[Seat, int],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        if after.last:
            return [Term("worth", "crew", earned(after))]
        return [Term("toil", "first", float(moves["first"] == RIGHT))]


TOIL, ILLEGAL_COST = -0.2, -0.5
CREW = Arena(
    name="crew",
    version="1",
    summary="two pull levers, in secret",
    rules=Rules(),
    words=Words(),
    rewards=Rewards(),
    config=Config,
    presets={"default": {"worth": 1.0, "toil": TOIL, "illegal_reply": ILLEGAL_COST, "forfeit": ILLEGAL_COST}},
    team_terms=frozenset({"worth"}),
    turns_bound=lambda config: 4,
    contending=("crew",),
)


class TablePolicy:
    """Answers by a table of scores. ``scores_OA``: a softmax of each row."""

    batched = False
    learner = True
    time_limit_s: float | None = None
    name = "table"

    def __init__(self, scores_OA: Table) -> None:
        self.probabilities_OA = softmax(scores_OA)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        return [self._one(question) for question in questions]

    def _one(self, question: Question) -> Answer:
        refused = question.text.startswith("Your reply was not accepted")
        seen = int(question.text.rpartition("\n")[2]) + REFUSED * refused
        lot = chance.draw(chance.key("table", question.seed, question.turn), "pull", 0, 1 << 53) / (1 << 53)
        chosen = min(int(np.searchsorted(np.cumsum(self.probabilities_OA[seen]), lot, side="right")), JAM)
        logp = math.log(self.probabilities_OA[seen, chosen])
        return Answer(SAYS[chosen], {"tokens": TokenTurn(prompt_ids=(seen,), ids=(chosen,), logps=(logp,)).to_meta()})

    def forget(self, game: str) -> None:
        pass

    def close(self) -> None:
        pass


def softmax(scores_OA: Table) -> Table:
    """Probabilities, row by row."""
    raised = np.exp(scores_OA - scores_OA.max(-1, keepdims=True))
    found: Table = raised / raised.sum(-1, keepdims=True)
    return found


def some_policy(seed: int = 0) -> Table:
    """A table to measure at: neither sure nor even, and refused now and then."""
    scores_OA = np.random.default_rng(seed).normal(0, 0.7, (SEEN, 3))
    scores_OA[:, JAM] -= 1.0
    return scores_OA


def true_gradient(scores_OA: Table) -> Table:
    """The gradient of what each seat is worth with regard to what it says, by summing over all that can happen."""
    p_OA = softmax(scores_OA)
    gradient = np.zeros_like(p_OA)
    for one in _decisions(p_OA, 0):
        for two in _decisions(p_OA, 1):
            for light in (0, 1):
                lit = bright(one.move, two.move)
                for again in _decisions(p_OA, 2 + light):
                    for house in (LEFT, RIGHT):
                        likely = one.chance * two.chance * (lit if light else 1 - lit) * again.chance * 0.5
                        team = worth(one.move, two.move, light, again.move, house)
                        mine = team + TOIL * (one.move == RIGHT) + one.paid + again.paid
                        gradient += likely * (mine * (one.score_OA + again.score_OA) + (team + two.paid) * two.score_OA)
    return gradient


@dataclass(frozen=True, slots=True)
class _Decision:
    chance: float
    move: int
    paid: float
    score_OA: Table
    """The gradient of the log-probability of all that was said."""


def _decisions(p_OA: Table, seen: int) -> Iterator[_Decision]:
    """What a seat may say at an ask: at once, after a refusal, or never."""
    for reply in range(3):
        if reply != JAM:
            yield _Decision(p_OA[seen, reply], reply, 0.0, _score(p_OA, (seen, reply)))
            continue
        for second in range(3):
            likely = p_OA[seen, JAM] * p_OA[seen + REFUSED, second]
            score = _score(p_OA, (seen, JAM)) + _score(p_OA, (seen + REFUSED, second))
            lost = second == JAM
            yield _Decision(likely, LEFT if lost else second, ILLEGAL_COST * lost - COST * (1 + lost), score)


def _score(p_OA: Table, said: tuple[int, int]) -> Table:
    seen, action = said
    found = np.zeros_like(p_OA)
    found[seen] = -p_OA[seen]
    found[seen, action] += 1
    return found


def settings(**options: Any) -> TrainConfig:
    """A run in the levers: one deal a step, a group of two games."""
    return TrainConfig.flat(
        **({"scenarios": 1, "group_size": 2, "reward_unit": 1.0, "refusal_cost": COST, "learner_team": "crew",
            "opponents": ["random"], "returns": "reward_to_go"} | options)
    )  # fmt: skip


def sampled(config: TrainConfig, scores_OA: Table, number: int) -> Table:
    """One group's estimate of the gradient, a game's share of it."""
    play = _Play(config, scores_OA)
    found = play(number)
    worth, _ = forked.worth(config, found, number, play)
    rows = rollout_batch(config, found, None, worth).rows.get("shared", ())
    return gradient_of(rows, softmax(scores_OA)) / config.game.group_size


class _Play:
    """The games of one group, and forks of them."""

    def __init__(self, config: TrainConfig, scores_OA: Table) -> None:
        self.config, self.table, self.house = config, TablePolicy(scores_OA), RandomAgent()

    def __call__(self, step: int, more: Any = ()) -> list[Trajectory]:
        scenario = plan(self.config, CREW, Config(), step)
        asked = [(scenario, sibling) for sibling in range(self.config.game.group_size)]
        played = play_scenarios(self.config, CREW, Config(), asked, self.seat, self.stranger)
        return trajectories(self.config, played, lambda role, team: "shared")

    def forks(self, asked: Sequence[Fork]) -> Forked:
        return play_forks(self.config, CREW, Config(), asked, self.seat, self.stranger)

    def seat(self, role: str, team: str) -> TablePolicy:
        return self.table

    def stranger(self, scenario: Any, role: str, team: str) -> RandomAgent:
        return self.house


def gradient_of(rows: Sequence[ScoredRow], p_OA: Table) -> Table:
    """The sum over own tokens of advantage times the gradient of the log-probability."""
    gradient = np.zeros_like(p_OA)
    for scored in rows:
        ids = scored.row.ids
        for place, own in enumerate(scored.row.own):
            if own and scored.advantages[place]:
                gradient += scored.advantages[place] * _score(p_OA, (ids[place - 1], ids[place]))
    return gradient
