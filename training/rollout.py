"""Scenario numbers → games → trajectories.

A scenario is a number. Everything about its games follows from (run's seed, number, sibling): the deal, who learns in
it, who sits opposite, every draw of every player. An interrupted step can therefore be played again, and is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lanista.agents.contract import Agent
from lanista.agents.lm.tokens import TokenTurn
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game
from lanista.errors import LanistaError
from lanista.play.runner import GameSpec, play
from lanista.training.config import TrainConfig
from lanista.training.potentials import Potentials, differences
from lanista.training.seeds import scenario_seed
from lanista.training.trajectories import Trajectory, payments

SELF = "self"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the games of one scenario share."""

    number: int
    seed: int
    """The game's seed."""
    team: str | None
    """The team that the policies play; None: everybody."""
    opponent: str
    """Who plays the other teams; ``self`` where nobody else does."""


@dataclass(frozen=True, slots=True)
class Played:
    """One finished game and the scenario it belongs to."""

    scenario: Scenario
    sibling: int
    episode: Episode
    potentials: tuple[Mapping[str, float], ...] = ()
    """Each team's potential before the first step and after every step, where the run pays for it; else ()."""


def plan(config: TrainConfig, arena: Arena, game_config: Any, number: int) -> Scenario:
    """The scenario of that number. Teams take turns, then opponents do, so that all are visited evenly."""
    seed = scenario_seed(config.run.seed, number)
    dealt = arena.rules.teams(arena.rules.deal(seed, game_config))
    teams = list(arena.contenders(dealt))
    if len(teams) == 1 < len(dealt):  # a customer who is a seat is part of the case
        return Scenario(number, seed, teams[0], arena.baseline)
    if config.players.learner_team != "each":
        teams = [config.players.learner_team]
    opponent = config.players.opponents[number // len(teams) % len(config.players.opponents)]
    return Scenario(number, seed, None if opponent == SELF else teams[number % len(teams)], opponent)


Learner = Callable[[str, str], Agent]
"""``learner(role, team)``: who holds such a seat of the policies'."""
Opponent = Callable[[Scenario, str, str], Agent]
"""``opponent(scenario, role, team)``: who holds such a seat of another team."""


def seated(
    config: TrainConfig,
    arena: Arena,
    game_config: Any,
    scenario: Scenario,
    sibling: int,
    learner: Learner,
    opponent: Opponent,
) -> GameSpec:
    """How a game of a scenario is played: who sits where, and under which seeds."""
    state = arena.rules.deal(scenario.seed, game_config)
    teams = {seat: team for team, seats in arena.rules.teams(state).items() for seat in seats}
    seating, others = {}, []
    for seat, team in teams.items():
        role = arena.rules.role(state, seat)
        mine = scenario.team is None or team == scenario.team
        seating[seat] = learner(role, team) if mine else opponent(scenario, role, team)
        if not mine:
            others.append(seat)
    # What does not depend on a learner's own draws may be shared: the comparison of siblings stays unbiased.
    visit = sibling // config.game.group_size
    luck = chance.key("luck", config.run.seed, scenario.number, *([visit] if visit else []))
    return GameSpec(
        id=f"{scenario.number}.{sibling}",
        arena=arena,
        seed=scenario.seed,
        seating=seating,
        config=game_config,
        preset=config.game.preset,
        agent_seed=chance.key("sibling", config.run.seed, scenario.number, sibling),
        seat_seeds=dict.fromkeys(others, luck) if config.game.shared_luck else {},
    )


def play_scenarios(
    config: TrainConfig,
    arena: Arena,
    game_config: Any,
    games: Sequence[tuple[Scenario, int]],
    learner: Learner,
    opponent: Opponent,
) -> list[Played]:
    """Play (scenario, sibling) pairs.

    The games come back in the order asked for.
    """
    specs = [seated(config, arena, game_config, *game, learner, opponent) for game in games]
    asked = {spec.id: game for spec, game in zip(specs, games, strict=True)}
    noted = Potentials(arena) if config.credit.potential else None
    played: dict[str, Played] = {}

    def keep(spec: GameSpec, game: Game) -> None:
        played[spec.id] = Played(*asked[spec.id], game.episode(), () if noted is None else noted.of(spec, game))

    play(specs, max_concurrent_games=config.game.max_concurrent_games, on_turn=noted, on_game=keep)
    return [played[name] for name in asked]


def learning_seats(played: Played) -> list[tuple[str, str, str]]:
    """(seat, role, team) of every seat that a policy in training held."""
    episode, team = played.episode, played.scenario.team
    return [
        (seat, episode.roles[seat], name)
        for name, seats in episode.teams.items()
        if team is None or name == team
        for seat in seats
    ]


def trajectories(config: TrainConfig, games: Sequence[Played], policy: Callable[[str, str], str]) -> list[Trajectory]:
    """What every seat saw and said that a policy held. ``policy(role, team)`` names who learns from a seat.

    Raises LanistaError where a reward is no finite number.
    """
    return [
        Trajectory(
            episode=game.episode,
            seat=seat,
            role=role,
            team=team,
            policy=policy(role, team),
            scenario=game.scenario.number,
            sibling=game.sibling,
            opponent=game.scenario.opponent,
            payments=tuple(_payments(config, game, seat, team)),
        )
        for game in games
        for seat, role, team in learning_seats(game)
    ]


def _payments(config: TrainConfig, game: Played, seat: str, team: str) -> list[float]:
    credit = config.credit
    paid = payments(
        game.episode,
        seat,
        team_weight=credit.team_weight,
        individual_weight=credit.individual_weight,
        unit=credit.reward_unit,
    )
    if not game.potentials:
        return paid
    return [a + b for a, b in zip(paid, differences(game.potentials, team, credit.potential), strict=True)]


def report(games: Sequence[Played]) -> dict[str, float]:
    """What happened in the games, by name: rewards by term and role, win rates by side, illegal share, lengths."""
    paid: dict[str, list[float]] = defaultdict(list)
    won: dict[str, list[float]] = defaultdict(list)
    turns = refused = tokens = prompts = 0
    surprise = 0.0
    for game in games:
        episode = game.episode
        for seat, role, team in learning_seats(game):
            paid[f"reward/{role}"].append(episode.returns[seat])
            for term in episode.weights:
                paid[f"reward/{role}/{term}"].append(0.0)
            for step in episode.steps:
                for name, to, amount in step.terms:
                    if to in (seat, team):
                        paid[f"reward/{role}/{name}"][-1] += amount * episode.weights[name]
                for turn in step.turns:
                    if turn.seat != seat:
                        continue
                    turns += 1 + len(turn.attempts)
                    refused += len(turn.attempts) + (turn.by != "seat")
                    for said in TokenTurn.all_from_meta(turn.meta):
                        tokens += len(said.ids)
                        prompts += len(said.prompt_ids)
                        surprise -= math.fsum(said.logps)
        if episode.outcome is not None:
            for side, score in episode.outcome.scores.items():
                # In self-play every side is the learner's; otherwise only the one it held says how it fares.
                if game.scenario.team in (None, side):
                    won[f"score/{side}"].append(score)
    out = {name: sum(values) / len(values) for name, values in sorted({**paid, **won}.items()) if any(values)}
    out |= {name: 0.0 for name in won if name not in out}
    return out | {
        "games": float(len(games)),
        "illegal_share": refused / max(turns, 1),
        "tokens/sampled": float(tokens),
        "tokens/shown": float(prompts),
        "tokens/per_reply": tokens / max(turns, 1),
        **({"tokens/entropy": surprise / tokens} if tokens else {}),
    }


def staleness(games: Sequence[Played], step: int) -> dict[str, float]:
    """How many updates old the policies were whose tokens are learned from: the mean over tokens, and the most.

    By the versions that stand in the games' own turns.
    """
    ages: list[tuple[int, int]] = []
    for game in games:
        mine = {seat for seat, _, _ in learning_seats(game)}
        for turn in (turn for part in game.episode.steps for turn in part.turns if turn.seat in mine):
            for said in TokenTurn.all_from_meta(turn.meta):
                if said.policy is not None:
                    ages.append((step - int(said.policy.version), len(said.ids)))
    tokens = sum(count for _, count in ages)
    if not tokens:
        return {}
    return {
        "staleness/mean": sum(age * count for age, count in ages) / tokens,
        "staleness/max": float(max(age for age, _ in ages)),
    }


class LegalTally:
    """Replies by kind of ask, since the start of a run: a kind that is never legal can teach nothing."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.tries: dict[str, int] = defaultdict(int)
        self.legal: set[str] = set()

    def add(self, games: Sequence[Played]) -> None:
        """Count the policies' replies. Raises LanistaError where a kind had none legal in ``most`` tries; 0: never."""
        for game in games:
            mine = {seat for seat, _, _ in learning_seats(game)}
            for step in game.episode.steps:
                for turn in step.turns:
                    if turn.seat in mine:
                        self.tries[turn.kind] += 1 + len(turn.attempts)
                        if turn.by == "seat":
                            self.legal.add(turn.kind)
        for kind, tries in sorted(self.tries.items()):
            if self.most and tries >= self.most and kind not in self.legal:
                raise LanistaError(
                    f"no reply to an ask of kind {kind!r} was legal in {tries} tries, so no reward can teach a better "
                    "one: start from a warm start (--algorithm sft), show examples (--few-shot), or allow longer "
                    "replies (--max-new-tokens); --stop-if-illegal 0 goes on all the same"
                )
