"""Held-out evaluation: the policies as each team against fixed scripted opponents, on scenarios never trained on.

The same numbers give the same deals and the same chance for every player, so that two evaluations are compared game by
game. A scenario is one block: what it does to all of its games is common to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lanista.agents.contract import Agent
from lanista.agents.table import Fixture, play
from lanista.arenas import chance
from lanista.arenas.contract import Arena
from lanista.arenas.referee import Game
from lanista.stats import Interval, Verdict, clustered_rate, paired_verdict
from lanista.training.rollout import scenario_seed

Side = tuple[str, str]
"""(the policies' team, their opponent)."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of the policies' team in [0, 1]: ``scores[team, opponent][i]`` in scenario ``numbers[i]``."""

    numbers: tuple[int, ...]
    scores: Mapping[Side, tuple[float, ...]]
    illegal_share: float

    def rates(self) -> dict[Side, Interval]:
        """The mean score on each side with its interval."""
        return {side: clustered_rate(values, self.numbers) for side, values in self.scores.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "numbers": list(self.numbers),
            "scores": {"/".join(side): list(values) for side, values in self.scores.items()},
            "illegal_share": self.illegal_share,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Evaluation:
        """The inverse of ``to_json``."""
        sides = {tuple(name.split("/", 1)): tuple(values) for name, values in record["scores"].items()}
        return cls(tuple(record["numbers"]), sides, record["illegal_share"])


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
    for number in numbers:
        game_seed = scenario_seed(seed, number, "held out")
        state = arena.rules.deal(game_seed, game_config)
        teams = {seat: team for team, seats in arena.rules.teams(state).items() for seat in seats}
        for mine in sorted(set(teams.values())):
            for name, opponent in opponents.items():
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
    said = [0, 0]
    done = [0]

    def finished(fixture: Fixture, game: Any) -> None:
        number, mine, name = sides[fixture.id]
        if keep is not None:
            keep(fixture, game, number)
        scores[mine, name][number] = game.outcome.scores[mine]
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
    return Evaluation(tuple(numbers), ordered, said[1] / max(said[0], 1))


def verdicts(before: Evaluation, after: Evaluation) -> dict[str, Verdict]:
    """What changed, per side (``village against random``) and over all of them (``overall``)."""
    found = {
        f"{team} against {opponent}": paired_verdict(
            before.scores[team, opponent], values, after.numbers, what=f"{team}'s score against {opponent}"
        )
        for (team, opponent), values in after.scores.items()
    }
    sides = list(after.scores)
    found["overall"] = paired_verdict(
        [score for side in sides for score in before.scores[side]],
        [score for side in sides for score in after.scores[side]],
        [number for _ in sides for number in after.numbers],
        what="score over all sides",
    )
    return found
