"""Held-out evaluation: the policies as each team against fixed scripted opponents, on scenarios never trained on.

In an arena of one team nobody sits opposite: each scenario is played once, and the side is the team alone. So it is
where an arena names a ``success``: its first team does the task, and a customer who is a seat is part of the case,
answered for by the arena's baseline.

The same numbers give the same deals and the same chance for every player, so that two evaluations are compared game by
game. A scenario is one block: what it does to all of its games is common to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lanista.agents import registry
from lanista.agents.contract import Agent
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game
from lanista.errors import Unavailable
from lanista.play.executors import Executor, NamedSpec, Result, Suspended
from lanista.play.runner import GameSpec, play
from lanista.stats import Comparison, Interval, clustered_rate, paired_comparison
from lanista.training.seeds import scenario_seed

Side = tuple[str, str]
"""(the policies' team, their opponent); ALONE where nobody sits opposite."""

ALONE = ""

RETURN = "return"
"""The fact that every arena has."""


def named(side: Side) -> str:
    """A side in words."""
    team, opponent = side
    return f"{team} against {opponent}" if opponent else team


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of the policies' team in [0, 1]: ``scores[team, opponent][i]`` in scenario ``numbers[i]``."""

    numbers: tuple[int, ...]
    scores: Mapping[Side, tuple[float, ...]]
    illegal_share: float
    facts: Mapping[Side, Mapping[str, tuple[float | None, ...]]] = field(default_factory=dict)
    """The arena's metrics (True is 1), and ``return``: the mean return of the team's seats. None where it has none."""

    def rates(self) -> dict[Side, Interval]:
        """The mean score on each side with its interval."""
        return {side: clustered_rate(values, self.numbers) for side, values in self.scores.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "numbers": list(self.numbers),
            "scores": {"/".join(side): list(values) for side, values in self.scores.items()},
            "illegal_share": self.illegal_share,
            "facts": {"/".join(side): {k: list(v) for k, v in of.items()} for side, of in self.facts.items()},
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Evaluation:
        """The inverse of ``to_json``."""
        sides = {_side(name): tuple(values) for name, values in record["scores"].items()}
        facts = {
            _side(name): {fact: tuple(values) for fact, values in of.items()}
            for name, of in record.get("facts", {}).items()
        }
        return cls(tuple(record["numbers"]), sides, record["illegal_share"], facts)


def _side(name: str) -> Side:
    team, _, opponent = name.partition("/")
    return team, opponent


def evaluate(
    arena: Arena,
    game_config: Any,
    learner: Callable[[str, str], Agent],
    opponents: Mapping[str, Agent],
    *,
    numbers: Sequence[int],
    seed: int,
    preset: str = "default",
    max_concurrent_games: int = 64,
    on_game: Callable[[int, int], None] | None = None,
    keep: Callable[[GameSpec, Game | Episode, int], None] | None = None,
    executor: Executor | None = None,
) -> Evaluation:
    """Play one game per scenario number, team and opponent.

    ``on_game(done, all)`` is told after each; ``keep(spec, game, number)`` is handed each as it ends. ``executor``
    plays agents that can be made by their names, and hands back episodes; without one all are played here.
    """
    specs = _specs(arena, game_config, learner, opponents, numbers, seed, preset)
    tally = _Tally(arena)

    def finished(spec: GameSpec, game: Game | Episode) -> None:
        if keep is not None:
            keep(spec, game, spec.tags["number"])
        tally.count(spec, game)
        if on_game is not None:
            on_game(tally.games, len(specs))

    if executor is None:
        play(specs, max_concurrent_games=max_concurrent_games, on_game=finished)
    else:
        by_id = {spec.id: spec for spec in specs}

        def over(results: Sequence[Result]) -> None:
            for result in results:
                if isinstance(result, Suspended):
                    raise Unavailable(f"{result.agent} was unavailable: {result.why}")
                finished(by_id[result.spec.id], result.value)

        executor.play(map(NamedSpec.of, specs), over)
    return tally.evaluation(numbers, list(dict.fromkeys(spec.tags["side"] for spec in specs)))


def _specs(
    arena: Arena,
    game_config: Any,
    learner: Callable[[str, str], Agent],
    opponents: Mapping[str, Agent],
    numbers: Sequence[int],
    seed: int,
    preset: str,
) -> list[GameSpec]:
    """The games of an evaluation, by scenario, team and opponent; ``tags`` say which each is."""
    alone: dict[str, Agent] = {}
    found: list[GameSpec] = []
    for number in numbers:
        game_seed = scenario_seed(seed, number, "held out")
        state = arena.rules.deal(game_seed, game_config)
        dealt = arena.rules.teams(state)
        sides = arena.contenders(dealt)
        if len(sides) == 1 and not alone:
            alone[ALONE] = registry.make(arena.baseline)
        for mine in sides:
            for name, opponent in (opponents if len(sides) > 1 else alone).items():
                seating = {
                    seat: learner(arena.rules.role(state, seat), team) if team == mine else opponent
                    for team, seats in dealt.items()
                    for seat in seats
                }
                spec = GameSpec(
                    id=f"{number}/{mine}/{name}",
                    arena=arena,
                    seed=game_seed,
                    seating=seating,
                    config=game_config,
                    preset=preset,
                    agent_seed=chance.key("held out", seed, number),
                    tags={"number": number, "side": (mine, name), "index": len(found)},
                )
                found.append(spec)
    return found


class _Tally:
    """What the games of an evaluation came to."""

    def __init__(self, arena: Arena) -> None:
        self.metrics = tuple(arena.metrics)
        self.games = self.replies = self.refused = 0
        self.scores: dict[Side, dict[int, float]] = {}
        self.facts: dict[Side, dict[str, dict[int, float | None]]] = {}

    def count(self, spec: GameSpec, game: Game | Episode) -> None:
        """Add a game that is over."""
        assert game.outcome is not None
        self.games += 1
        number, side = spec.tags["number"], spec.tags["side"]
        seats = game.teams[side[0]]
        self.scores.setdefault(side, {})[number] = game.outcome.scores[side[0]]
        facts = self.facts.setdefault(side, {name: {} for name in (*self.metrics, RETURN)})
        for metric in self.metrics:
            fact = game.outcome.facts.get(metric)
            facts[metric][number] = None if fact is None else float(fact)
        facts[RETURN][number] = sum(game.returns[seat] for seat in seats) / len(seats)
        for step in game.steps:
            for turn in step.turns:
                if turn.seat in seats:
                    self.replies += 1 + len(turn.attempts)
                    self.refused += len(turn.attempts) + (turn.by != "seat")

    def evaluation(self, numbers: Sequence[int], sides: Sequence[Side]) -> Evaluation:
        """All of it, in the order of the scenario numbers and of the sides."""
        scores = {side: tuple(self.scores[side][number] for number in numbers) for side in sides}
        facts = {
            side: {name: tuple(of[number] for number in numbers) for name, of in self.facts[side].items()}
            for side in sides
        }
        return Evaluation(tuple(numbers), scores, self.refused / max(self.replies, 1), facts)


def means(found: Evaluation, side: Side) -> dict[str, float | None]:
    """The mean of every fact of a side over the scenarios that have it; None where none has."""
    kept = {name: [v for v in values if v is not None] for name, values in found.facts[side].items()}
    return {name: sum(values) / len(values) if values else None for name, values in kept.items()}


def comparisons(before: Evaluation, after: Evaluation, note: str = "") -> dict[str, Comparison]:
    """What changed, per side (``village against random``) and, where there are several, over all (``overall``).

    ``note``: what the words say besides of the score that is compared.
    """
    found = {
        named(side): paired_comparison(before.scores[side], values, after.numbers, what=f"score of {named(side)}{note}")
        for side, values in after.scores.items()
    }
    sides = list(after.scores)
    if len(sides) == 1:
        return found
    found["overall"] = paired_comparison(
        [score for side in sides for score in before.scores[side]],
        [score for side in sides for score in after.scores[side]],
        [number for _ in sides for number in after.numbers],
        what=f"score over all sides{note}",
    )
    return found
