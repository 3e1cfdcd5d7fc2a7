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
from lanista.agents.table import Fixture, play
from lanista.arenas import chance
from lanista.arenas.contract import Arena
from lanista.arenas.referee import Game
from lanista.stats import Interval, Verdict, clustered_rate, paired_verdict
from lanista.training.rollout import scenario_seed

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
    at_once: int = 64,
    on_game: Callable[[int, int], None] | None = None,
    keep: Callable[[Fixture, Game, int], None] | None = None,
) -> Evaluation:
    """Play one game per scenario number, team and opponent.

    ``on_game(done, all)`` is told after each; ``keep(fixture, game, number)`` is handed each as it ends.
    """
    fixtures, sides = [], {}
    rest = registry.make(arena.baseline)
    for number in numbers:
        game_seed = scenario_seed(seed, number, "held out")
        state = arena.rules.deal(game_seed, game_config)
        teams = {seat: team for team, seats in arena.rules.teams(state).items() for seat in seats}
        sided = sorted(set(teams.values()))
        if arena.success is not None:
            sided = [next(iter(arena.rules.teams(state)))]
        against: Mapping[str, Agent] = opponents if len(sided) > 1 else {ALONE: rest}
        for mine in sided:
            for name, opponent in against.items():
                id_ = f"{number}/{mine}/{name}"
                sides[id_] = number, mine, name
                fixtures.append(
                    Fixture(
                        id=id_,
                        arena=arena,
                        seed=game_seed,
                        seating={
                            seat: learner(arena.rules.role(state, seat), team) if team == mine else opponent
                            for seat, team in teams.items()
                        },
                        config=game_config,
                        preset=preset,
                        agent_seed=chance.key("held out", seed, number),
                        tags={"mine": frozenset(seat for seat, team in teams.items() if team == mine)},
                    )
                )
    scores: dict[Side, dict[int, float]] = {(mine, name): {} for _, mine, name in sides.values()}
    facts: dict[Side, dict[str, dict[int, float | None]]] = {
        side: {name: {} for name in (*arena.metrics, RETURN)} for side in scores
    }
    said = [0, 0]
    done = [0]

    def finished(fixture: Fixture, game: Any) -> None:
        number, mine, name = sides[fixture.id]
        if keep is not None:
            keep(fixture, game, number)
        scores[mine, name][number] = game.outcome.scores[mine]
        for metric in arena.metrics:
            fact = game.outcome.facts.get(metric)
            facts[mine, name][metric][number] = None if fact is None else float(fact)
        seats = game.teams[mine]
        facts[mine, name][RETURN][number] = sum(game.returns[seat] for seat in seats) / len(seats)
        for step in game.steps:
            for turn in step.turns:
                if turn.seat in fixture.tags["mine"]:
                    said[0] += 1 + len(turn.attempts)
                    said[1] += len(turn.attempts) + (turn.by != "seat")
        done[0] += 1
        if on_game is not None:
            on_game(done[0], len(fixtures))

    play(fixtures, at_once=at_once, on_game=finished)
    ordered = {side: tuple(found[number] for number in numbers) for side, found in scores.items()}
    measured = {
        side: {metric: tuple(of[number] for number in numbers) for metric, of in found.items()}
        for side, found in facts.items()
    }
    return Evaluation(tuple(numbers), ordered, said[1] / max(said[0], 1), measured)


def means(found: Evaluation, side: Side) -> dict[str, float | None]:
    """The mean of every fact of a side over the scenarios that have it; None where none has."""
    kept = {name: [v for v in values if v is not None] for name, values in found.facts[side].items()}
    return {name: sum(values) / len(values) if values else None for name, values in kept.items()}


def verdicts(before: Evaluation, after: Evaluation) -> dict[str, Verdict]:
    """What changed, per side (``village against random``) and, where there are several, over all (``overall``)."""
    found = {
        named(side): paired_verdict(before.scores[side], values, after.numbers, what=f"score of {named(side)}")
        for side, values in after.scores.items()
    }
    sides = list(after.scores)
    if len(sides) == 1:
        return found
    found["overall"] = paired_verdict(
        [score for side in sides for score in before.scores[side]],
        [score for side in sides for score in after.scores[side]],
        [number for _ in sides for number in after.numbers],
        what="score over all sides",
    )
    return found
