"""Rejection-sampling fine-tuning: play, keep the best game of each scenario, imitate it, again.

The plainest way of learning from one's own games, and what GRPO has to be held against: the same scenarios, as many
games, the same starting point. What is thrown away here is what tells a bad game from a worse one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lanista.agents import registry as agents
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.policy import Policy
from lanista.arenas.core import registry
from lanista.arenas.core.episode import Episode
from lanista.errors import UsageError
from lanista.training import demonstrations, tiny
from lanista.training.config import TrainConfig
from lanista.training.rollout import SELF, Played, plan, play_scenarios
from lanista.training.warmstart import Recipe, fit

OnRound = Callable[[dict[str, Any]], None]


def rejection_tune(
    config: TrainConfig,
    out: Path,
    *,
    rounds: int,
    recipe: Recipe | None = None,
    on_round: OnRound | None = None,
) -> Path:
    """The folder of a policy tuned on its own best games, started from ``config.model``.

    ``config.steps`` x ``scenarios`` x ``games`` games are played in ``rounds`` equal parts, the very scenarios GRPO
    would meet under the same config. Of each scenario the game with the best mean return of the learners' seats is
    kept, if it is better than the others' mean; its seats' accepted replies are taught by ``recipe``, then the next
    part is played with what came of it. Every round stands under ``out/round-<n>`` as a whole or not at all, and a
    call that was killed goes on after the last of them. Shared policies in self-play only.

    Raises UsageError for a config that is not, and where ``rounds`` does not fit the steps.
    """
    if config.policies != "shared" or config.lora_r or config.opponents != (SELF,):
        raise UsageError("rejection sampling tunes all weights of one shared policy in self-play")
    if not 1 <= rounds <= config.steps:
        raise UsageError(f"rounds is 1 to the number of steps, {config.steps}, not {rounds}")
    recipe = recipe or Recipe(learning_rate=config.learning_rate, seed=config.seed)
    arena = registry.get(config.arena)
    game_config = arena.configure(**config.arena_config)
    teams = arena.contenders(arena.rules.teams(arena.rules.deal(0, game_config)))
    if len(teams) > 1:
        raise UsageError(f"arena {config.arena!r} has {len(teams)} teams: the best game of one is the worst of another")
    rest = agents.make(arena.baseline)
    scenarios = config.steps * config.scenarios
    for number in range(rounds):
        place = out / f"round-{number}"
        if (place / "config.json").exists():
            continue
        before: str | Path = config.model if number == 0 else out / f"round-{number - 1}"
        policy = Policy.load(before, "fp32", config.device, arena=config.arena)
        agent = LMAgent(policy, temperature=config.temperature, max_new_tokens=config.max_new_tokens)
        first, last = (scenarios * n // rounds for n in (number, number + 1))
        kept: list[Episode] = []
        returns: list[float] = []
        for block in range(first, last, config.scenarios):
            plans = [plan(config, arena, game_config, n) for n in range(block, min(block + config.scenarios, last))]
            played = play_scenarios(
                config,
                arena,
                game_config,
                [(scenario, sibling) for scenario in plans for sibling in range(config.games)],
                lambda role, team, seated=agent: seated,  # type: ignore[misc]
                lambda scenario, role, team: rest,
            )
            returns += [worth(game) for game in played]
            kept += best(played)
        line: dict[str, Any] = {
            "round": number,
            "games": len(returns),
            "kept": len(kept),
            "mean_return": sum(returns) / len(returns),
        }
        rows = demonstrations.rows(kept, policy.chat, context=policy.context)
        if rows:  # even the best games may hold no reply that was accepted
            policy.model, losses = fit(policy.model, policy.tokenizer, rows, recipe)
            line["loss"] = losses[-1]
        part = out / f".round-{number}.part"
        shutil.rmtree(part, ignore_errors=True)
        facts = json.dumps({**line, "recipe": asdict(recipe)}, sort_keys=True)
        card = f"# A policy for {arena.name}, tuned on its own best games\n\n{facts}\n"
        tiny.save_model(part, policy.model, policy.tokenizer, card)
        part.rename(place)
        if on_round is not None:
            on_round(line)
    return out / f"round-{rounds - 1}"


def worth(game: Played) -> float:
    """The mean return of the seats that the policy held."""
    teams = game.episode.teams
    mine = [s for team, seats in teams.items() if game.scenario.team in (None, team) for s in seats]
    return sum(game.episode.returns[seat] for seat in mine) / len(mine)


def best(games: Sequence[Played]) -> list[Episode]:
    """The best game of every scenario; none of a scenario whose games came out alike."""
    groups: dict[int, list[Played]] = {}
    for game in games:
        groups.setdefault(game.scenario.number, []).append(game)
    found = []
    for siblings in groups.values():
        top = max(siblings, key=worth)
        if worth(top) > sum(map(worth, siblings)) / len(siblings) + 1e-9:
            found.append(top.episode)
    return found
