"""Scenario numbers → games → scored rows.

A scenario is a number. Everything about its games follows from (run's seed, number, sibling): the deal, who learns in
it, who sits opposite, every draw of every player. An interrupted step can therefore be played again, and is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lanista.agents.contract import Agent
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.episode import Episode
from lanista.play.runner import GameSpec, play
from lanista.training.buffering import Scored
from lanista.training.config import TrainConfig
from lanista.training.credit import SILENCE, Claim, advantages, claims, shuffled, silent_groups
from lanista.training.rows import Row, reports, rows
from lanista.training.seeds import scenario_seed

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


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one rollout gives to learn from."""

    rows: Mapping[str, list[Scored]]
    """By policy, ordered by scenario, sibling and seat."""
    silent: int
    groups: int
    """Groups without signal, and all groups."""


def plan(config: TrainConfig, arena: Arena, game_config: Any, number: int) -> Scenario:
    """The scenario of that number. Teams take turns, then opponents do, so that all are visited evenly."""
    seed = scenario_seed(config.seed, number)
    dealt = arena.rules.teams(arena.rules.deal(seed, game_config))
    teams = list(arena.contenders(dealt))
    if len(teams) == 1 < len(dealt):  # a customer who is a seat is part of the case
        return Scenario(number, seed, teams[0], arena.baseline)
    if config.learner_team != "each":
        teams = [config.learner_team]
    opponent = config.opponents[number // len(teams) % len(config.opponents)]
    return Scenario(number, seed, None if opponent == SELF else teams[number % len(teams)], opponent)


def play_scenarios(
    config: TrainConfig,
    arena: Arena,
    game_config: Any,
    games: Sequence[tuple[Scenario, int]],
    learner: Callable[[str, str], Agent],
    opponent: Callable[[Scenario, str, str], Agent],
) -> list[Played]:
    """Play (scenario, sibling) pairs. ``learner(role, team)`` and ``opponent(scenario, role, team)`` give the agents.

    The games come back in the order asked for.
    """
    fixtures = []
    asked = {}
    for scenario, sibling in games:
        state = arena.rules.deal(scenario.seed, game_config)
        teams = {seat: team for team, seats in arena.rules.teams(state).items() for seat in seats}
        seating = {}
        for seat, team in teams.items():
            role = arena.rules.role(state, seat)
            mine = scenario.team is None or team == scenario.team
            seating[seat] = learner(role, team) if mine else opponent(scenario, role, team)
        name = f"{scenario.number}.{sibling}"
        asked[name] = (scenario, sibling)
        fixtures.append(
            GameSpec(
                id=name,
                arena=arena,
                seed=scenario.seed,
                seating=seating,
                config=game_config,
                preset=config.preset,
                agent_seed=chance.key("sibling", config.seed, scenario.number, sibling),
            )
        )
    played: dict[str, Played] = {}
    play(
        fixtures,
        max_concurrent_games=config.max_concurrent_games,
        on_game=lambda fixture, game: played.update({fixture.id: Played(*asked[fixture.id], game.episode())}),
    )
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


def harvest(config: TrainConfig, games: Sequence[Played], policy: Callable[[str, str], str]) -> Harvest:
    """Rows with advantages. ``policy(role, team)`` names who learns from a seat.

    Groups are (scenario, role). A row's advantage at an own token is that of the decision the token belongs to.
    """
    found: list[tuple[Claim, str, list[Row]]] = []
    for game in games:
        for seat, role, team in learning_seats(game):
            claim = claims(
                game.episode,
                seat,
                group=(game.scenario.number, role),
                game=(game.scenario.number, game.sibling),
                credit="to_go" if config.credit == "to_go" else "episode",
                team_weight=config.team_weight,
                individual_weight=config.individual_weight,
                unit=config.reward_unit,
            )
            found.append((claim, policy(role, team), rows(game.episode, seat)))
    values = advantages(
        [claim for claim, _, _ in found],
        baseline="loo" if config.baseline == "loo" else "mean",
        scale=config.scale_rewards,  # type: ignore[arg-type]
    )
    if config.shuffled:
        values = shuffled([claim for claim, _, _ in found], values, config.seed)
    silent, groups = silent_groups([claim for claim, _, _ in found], values)
    out: dict[str, list[Scored]] = defaultdict(list)
    for (_, name, its_rows), own in zip(found, values, strict=True):
        out[name] += [
            Scored(row, tuple(_quiet(own[turn]) if turn >= 0 else 0.0 for turn in row.turns)) for row in its_rows
        ]
    return Harvest(dict(out), silent, groups)


def report(config: TrainConfig, games: Sequence[Played]) -> dict[str, float]:
    """What happened in the games, by name: rewards by term and role, win rates by side, illegal share, lengths."""
    paid: dict[str, list[float]] = defaultdict(list)
    won: dict[str, list[float]] = defaultdict(list)
    turns = refused = tokens = prompts = 0
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
                    for tokens_of in reports(turn.meta):
                        tokens += len(tokens_of["ids"])
                        prompts += len(tokens_of["prompt_ids"])
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
    }


def _quiet(advantage: float) -> float:
    return advantage if abs(advantage) > SILENCE else 0.0
