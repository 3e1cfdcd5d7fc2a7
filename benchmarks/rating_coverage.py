"""How often rating intervals hold the truth, on simulated boards. Prints a table; `--boards 300` for a quick look.

    python benchmarks/rating_coverage.py --boards 1000

Each board simulates games between agents of known strength, with luck that all games of a block share and with one
side favoured by 1.5 logits, and rates them. Nominal is 95 percent; the standard error of a cell is about 0.7 points
at 1000 boards. `pairs` is the share of pairwise differences whose interval holds the truth, `boards` the share of
boards on which every agent's rank interval does (nominal: at least 95 percent), `width` the mean width of a pairwise
interval in logits, `naive gap` the largest mean difference (logits) that a model without sides
shows between two agents, `ours` the same for this one, both against the truth.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lanista.ratings import rate

SIDES = ("village", "wolves")


@dataclass(frozen=True)
class Simulated:
    """A game as ratings see it."""

    block: str
    players: dict[str, str]
    roles: dict[str, str]
    teams: dict[str, list[str]]
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Setting:
    name: str
    strengths: Sequence[tuple[float, float]]
    """(village, wolves) strength per agent, logits."""
    blocks: int
    advantage: float = -1.5
    """Logits of the village between equals."""
    luck: float = 0.8
    """Standard deviation (logits) of what all games of a block share."""
    design: str = "teams"
    """``teams``: every block plays every two agents both ways. ``seats``: agents share teams, seats drawn per game.
    ``lopsided``: as ``teams``, one way only, and the first agents hold the wolves more often."""
    ties: float = 0.0
    """Share of games that end without a winner."""


SETTINGS = [
    Setting(name="2 alike, 6 blocks", strengths=[(0, 0)] * 2, blocks=6),
    Setting(name="2 alike, 40 blocks", strengths=[(0, 0)] * 2, blocks=40),
    Setting(name="3 alike, 10 blocks", strengths=[(0, 0)] * 3, blocks=10),
    Setting(name="4 alike, 40 blocks", strengths=[(0, 0)] * 4, blocks=40),
    Setting(name="4 alike, lopsided", strengths=[(0, 0)] * 4, blocks=60, design="lopsided"),
    Setting(name="4 alike, shared teams", strengths=[(0, 0)] * 4, blocks=60, design="seats"),
    Setting(name="4 alike, a third ties", strengths=[(0, 0)] * 4, blocks=40, ties=0.33),
    Setting(name="4 alike, no luck", strengths=[(0, 0)] * 4, blocks=40, luck=0.0),
    Setting(name="4 alike, much luck", strengths=[(0, 0)] * 4, blocks=40, luck=2.0),
    Setting(name="4 spread, 40 blocks", strengths=[(0.6, 0.2), (0.2, 0.1), (-0.2, 0), (-0.6, -0.3)], blocks=40, luck=0),
    Setting(name="one far ahead", strengths=[(2.4, 1.6), (-0.4, 0), (-1, -0.8), (-1, -0.8)], blocks=25, luck=0),
    Setting(name="2, far apart", strengths=[(1.5, 1.5), (-1.5, -1.5)], blocks=15, luck=0),
]


def simulate(setting: Setting, rng: np.random.Generator, seats: int = 8, wolves: int = 2) -> list[Simulated]:
    """One board's games."""
    agents = [f"agent_{i}" for i in range(len(setting.strengths))]
    places = [f"player_{i}" for i in range(seats)]
    teams = {"village": places[wolves:], "wolves": places[:wolves]}
    roles = {p: "werewolf" if i < wolves else "villager" for i, p in enumerate(places)}
    strength = {a: dict(zip(SIDES, s, strict=True)) for a, s in zip(agents, setting.strengths, strict=True)}
    games = []
    for block in range(setting.blocks):
        luck = setting.luck * rng.standard_normal()
        for players in _seatings(setting, agents, teams, rng):
            mean = {
                side: math.fsum(strength[players[p]][side] for p in teams[side]) / len(teams[side]) for side in SIDES
            }
            logit = setting.advantage + luck + mean["village"] - mean["wolves"]
            won = 0.5 if rng.random() < setting.ties else float(rng.random() < 1 / (1 + math.exp(-logit)))
            games.append(Simulated(str(block), players, roles, teams, {"village": won, "wolves": 1 - won}))
    return games


def _seatings(
    setting: Setting, agents: list[str], teams: dict[str, list[str]], rng: np.random.Generator
) -> list[dict[str, str]]:
    if setting.design == "seats":
        drawn = rng.permutation([agents[i % len(agents)] for i in range(sum(map(len, teams.values())))])
        places = [p for seats in teams.values() for p in seats]
        return [dict(zip(places, np.roll(drawn, shift).tolist(), strict=True)) for shift in range(len(agents))]
    seatings = []
    for i, one in enumerate(agents):
        for other in agents[i + 1 :]:
            ways = [(one, other), (other, one)]
            if setting.design == "lopsided":
                ways = [ways[int(rng.random() < 0.15)]]
            for wolf, villager in ways:
                seatings.append({p: wolf if side == "wolves" else villager for side in teams for p in teams[side]})
    return seatings


def measure(setting: Setting, boards: int, seed: int) -> dict[str, float]:
    """Shares and gaps over ``boards`` simulated boards."""
    rng = np.random.default_rng([seed, SETTINGS.index(setting) if setting in SETTINGS else 999])
    truth = {f"agent_{i}": sum(s) / 2 for i, s in enumerate(setting.strengths)}
    inside, total, ranked, width = 0, 0, 0, 0.0
    gaps: dict[tuple[str, str], list[float]] = {}
    naive: dict[tuple[str, str], list[float]] = {}
    for _ in range(boards):
        games = simulate(setting, rng)
        found = rate(games)
        rough = _without_sides(games)
        for pair in found.pairs:
            if pair.difference is None:
                continue
            true = truth[pair.one] - truth[pair.other]
            inside += pair.difference.low <= true <= pair.difference.high
            total += 1
            width += pair.difference.high - pair.difference.low
            one, other = sorted((pair.one, pair.other))
            sign = 1 if one == pair.one else -1
            gaps.setdefault((one, other), []).append(sign * (pair.difference.value - true))
            naive.setdefault((one, other), []).append(rough[one] - rough[other] - sign * true)
        ranked += all(
            line.rank_low <= 1 + sum(t > truth[line.agent] for t in truth.values())
            and line.rank_high >= sum(t >= truth[line.agent] for t in truth.values())
            for line in found.ratings
        )
    worst = lambda table: max(abs(float(np.mean(v))) for v in table.values())
    return {
        "pairs": inside / total,
        "boards": ranked / boards,
        "width": width / total,
        "ours": worst(gaps),
        "naive gap": worst(naive),
    }


def _without_sides(games: Sequence[Simulated]) -> dict[str, float]:
    """Plain Bradley-Terry, sides unknown: what this project's model is held against."""
    agents = sorted({a for g in games for a in g.players.values()})
    x = np.zeros((len(games), len(agents)))
    for i, game in enumerate(games):
        for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
            for seat in game.teams[side]:
                x[i, agents.index(game.players[seat])] += sign / len(game.teams[side])
    y = np.array([g.scores["village"] for g in games])
    beta = np.zeros(len(agents))
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ beta))
        step = np.linalg.solve(
            (x * (p * (1 - p))[:, None]).T @ x + 0.16 * np.eye(len(agents)), x.T @ (y - p) - 0.16 * beta
        )
        beta += step
        if np.max(np.abs(step)) < 1e-8:
            break
    return dict(zip(agents, beta.tolist(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of rating intervals on simulated boards.")
    parser.add_argument("--boards", type=int, default=1000, help="simulated boards per setting")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    columns = ("pairs", "boards", "width", "ours", "naive gap")
    print(f"{'setting':<24}" + "".join(f"{c:>11}" for c in columns))
    started = time.perf_counter()
    for setting in SETTINGS:
        found = measure(setting, given.boards, given.seed)
        shown = [f"{found[c]:.1%}" if c in ("pairs", "boards") else f"{found[c]:.3f}" for c in columns]
        print(f"{setting.name:<24}" + "".join(f"{s:>11}" for s in shown), flush=True)
    print(f"{given.boards} boards per setting, seed {given.seed}, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
