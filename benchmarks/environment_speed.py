"""Steps per second through the AEC interface with full text observations, beside wrapped PettingZoo connect_four_v3.

Random legal actions, one process, the two measured in turn within one run, so that the ratio holds where the machine
is shared; CPU time is counted, not wall time. Every step reads the observation of the seat that acts (``last``).
TextArena's SecretMafia is measured too where it is installed (``pip install textarena``).
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from _machine import machine

from lanista import arenas


def werewolf(steps: int, players: int = 9) -> float:
    """Steps per second of Werewolf at ``players``."""
    return _random_play(arenas.make("werewolf", players=players), steps)


def _random_play(env: arenas.AECView, steps: int) -> float:
    rng = random.Random(0)
    done, seed, started = 0, 0, time.process_time()
    while done < steps:
        env.reset(seed=seed)
        seed += 1
        for _ in env.agent_iter():
            _, _, over, _, info = env.last()
            if over:
                break
            env.step(rng.choice(info["legal"]))
            done += 1
    return done / (time.process_time() - started)


def connect_four(steps: int) -> float:
    """Steps per second of PettingZoo's connect_four_v3 as ``env()`` gives it, stock wrappers and all."""
    from pettingzoo.classic import connect_four_v3

    env = connect_four_v3.env()
    rng = random.Random(0)
    done, seed, started = 0, 0, time.process_time()
    while done < steps:
        env.reset(seed=seed)
        seed += 1
        for _ in env.agent_iter():
            observation, _, terminated, truncated, _ = env.last()
            if terminated or truncated:
                break
            env.step(rng.choice(observation["action_mask"].nonzero()[0].tolist()))
            done += 1
    return done / (time.process_time() - started)


def secret_mafia(steps: int) -> float:
    """Steps per second of TextArena's SecretMafia as ``make`` gives it, with its own wrappers; legal moves only.

    A fresh object per game: a reused one keeps the old games' history, and slows down with every one.
    """
    import textarena

    rng = random.Random(0)
    done, seed, started = 0, 0, time.process_time()
    while done < steps:
        env = textarena.make("SecretMafia-v0")
        env.reset(num_players=9, seed=seed)
        seed += 1
        over = False
        while not over:
            env.get_observation()
            if env.phase.value == "Day-Discussion":
                over, _ = env.step("I have nothing to say.")
            else:
                over, _ = env.step(f"[{rng.choice(env.state.game_state['alive_players'])}]")
            done += 1
    return done / (time.process_time() - started)


def adapted_mafia(steps: int) -> float:
    """Steps per second of the same game as an arena of ours (examples/textarena_games): what the adapter costs."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "examples" / "textarena_games"))
    from textarena_games import secret_mafia as adapted

    env = arenas.AECView(adapted, players=9, discussion_rounds=3)
    return _random_play(env, steps)


def cost_per_turn(games: int) -> list[tuple[int, float]]:
    """(decisions, microseconds per decision) of games from short to long: flat where cost is linear in turns."""
    found = []
    for rounds in (0, 1, 3, 10):
        env = arenas.make("werewolf", players=9, discussion_rounds=rounds)
        rng = random.Random(1)
        done, started = 0, time.process_time()
        for seed in range(games):
            env.reset(seed=seed)
            for _ in env.agent_iter():
                _, _, over, _, info = env.last()
                if over:
                    break
                env.step(rng.choice(info["legal"]))
                done += 1
        found.append((done // games, 1e6 * (time.process_time() - started) / done))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(machine())
    rows: dict[str, Callable[[int], float]] = {"werewolf, 9 players": werewolf, "connect_four_v3": connect_four}
    if importlib.util.find_spec("textarena"):
        rows["TextArena SecretMafia"] = secret_mafia
        rows["the same, adapted"] = adapted_mafia
    speeds: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, run in rows.items():
            speeds[name].append(run(options.steps if name.startswith("were") else options.steps // 5))
    for name, found in speeds.items():
        print(f"{name:<24} {statistics.median(found):>10,.0f} steps/s (from {min(found):,.0f} to {max(found):,.0f})")
    ours = speeds.pop("werewolf, 9 players")
    for name, found in speeds.items():
        ratios = [a / b for a, b in zip(ours, found, strict=True)]
        print(f"ratio to {name:<15} {statistics.median(ratios):>10.1f} × (from {min(ratios):.1f} to {max(ratios):.1f})")
    print("cost per decision by length of game (9 players, 0 to 10 rounds of discussion a day):")
    for decisions, microseconds in cost_per_turn(40):
        print(f"  {decisions:>5} decisions a game: {microseconds:6.1f} µs per decision")


if __name__ == "__main__":
    main()
