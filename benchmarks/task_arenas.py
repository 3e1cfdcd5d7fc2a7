"""How far agents are apart in a task arena, difficulty by difficulty: score, success and the arena's own metrics.

One agent holds every seat of the task's team; all agents get the same cases, and the last column of a block is the
paired difference in score to the first agent. Intervals are 95%, cases the blocks. Seats of other teams (a customer,
where the config makes one a seat) are played by the arena's baseline. Besides registered agents ``silent``, ``first``
and ``lister`` can be named: agents without judgement.

    python benchmarks/task_arenas.py travel_booking --agents travel_novice,travel_expert --vary level=easy,medium,hard
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from _machine import machine

from lanista import arenas
from lanista.agents import registry
from lanista.agents.contract import Agent
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.play import degenerate
from lanista.play.runner import GameSpec, play
from lanista.stats import Interval, clustered_mean, clustered_rate, paired_difference


@dataclass
class Played:
    """What one agent did on the cases of one difficulty, case by case."""

    scores: dict[int, float] = field(default_factory=dict)
    returns: dict[int, float] = field(default_factory=dict)
    facts: dict[int, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0
    cpu_s: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arena")
    parser.add_argument("--agents", required=True, help="specs, separated by commas; the first is compared against")
    parser.add_argument("--cases", type=int, default=200, help="cases per difficulty")
    parser.add_argument("--seed", type=int, default=0, help="the first case's seed; the others count up")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="config of every case")
    parser.add_argument("--vary", action="append", default=[], metavar="KEY=V1,V2", help="one block for each value")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    arena = arenas.get(asked.arena)
    fixed = dict(pair(word) for word in asked.set)
    blocks: list[dict[str, Any]] = []
    for title, config in settings(arena, fixed, asked.vary):
        played = {name: measure(arena, config, name, asked.cases, asked.seed) for name in asked.agents.split(",")}
        print(f"{title}: done", file=sys.stderr)
        blocks.append({"setting": title, "rows": rows(arena, played)})
    if asked.json:
        print(json.dumps({"arena": arena.name, "cases": asked.cases, "seed": asked.seed, "blocks": blocks}))
        return
    print(machine())
    print(f"{arena.name}, {asked.cases} cases per difficulty from seed {asked.seed}")
    for block in blocks:
        print(f"\n{block['setting']}\n")
        table(block["rows"])


def pair(word: str) -> tuple[str, Any]:
    """``key=value`` with the value as JSON where it is any, else as text."""
    key, _, value = word.partition("=")
    return key, literal(value)


def literal(text: str) -> Any:
    """A value of the command line: JSON where it is any, else text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def settings(arena: Arena, fixed: dict[str, Any], varied: list[str]) -> Iterator[tuple[str, Any]]:
    """(title, config) of every block: the defaults alone, or one for each value of each varied key."""
    if not varied:
        yield ", ".join(f"{key}={value}" for key, value in fixed.items()) or "defaults", arena.configure(**fixed)
    for word in varied:
        key, _, values = word.partition("=")
        for value in values.split(","):
            yield f"{key}={value}", arena.configure(**{**fixed, key: literal(value)})


def measure(arena: Arena, config: Any, name: str, cases: int, seed: int) -> Played:
    """The agent ``name`` in every seat of the first team, on ``cases`` seeds."""
    found = Played()
    habits = {agent.name: agent for agent in degenerate.AGENTS}
    agent: Agent = habits[name] if name in habits else registry.make(name)
    other = registry.make(arena.baseline)

    def finished(spec: GameSpec, game: Game) -> None:
        assert game.outcome is not None
        team = next(iter(game.teams))
        found.scores[spec.seed] = game.outcome.scores[team]
        found.returns[spec.seed] = sum(game.returns[seat] for seat in game.teams[team])
        found.facts[spec.seed] = dict(game.outcome.facts)
        found.refused += sum(bool(turn.attempts) or turn.by != "seat" for step in game.steps for turn in step.turns)

    start = time.process_time()
    try:
        play((seated(arena, config, agent, other, seed + i) for i in range(cases)), on_game=finished)
    finally:
        agent.close()
        other.close()
    found.cpu_s = time.process_time() - start
    return found


def seated(arena: Arena, config: Any, agent: Agent, other: Agent, seed: int) -> GameSpec:
    """One case with ``agent`` in the first team's seats."""
    mine = next(iter(arena.rules.teams(arena.rules.deal(seed, config)).values()))
    seating = {seat: agent if seat in mine else other for seat in arena.rules.seats(config)}
    return GameSpec(id=f"{agent.name} {seed}", arena=arena, seed=seed, config=config, seating=seating)


def rows(arena: Arena, played: dict[str, Played]) -> list[dict[str, Any]]:
    """One row per agent, intervals as [value, low, high]."""
    first = next(iter(played.values()))
    cases = list(first.scores)
    made = []
    for name, found in played.items():
        row: dict[str, Any] = {
            "agent": name,
            "score": clustered_rate([found.scores[case] for case in cases], cases),
            "return": clustered_mean([found.returns[case] for case in cases], cases),
        }
        for metric in dict.fromkeys([*([arena.success] if arena.success else []), *arena.metrics]):
            row[metric] = mean(found, metric)
        row["refused replies"] = found.refused
        row["cases per CPU second"] = len(cases) / found.cpu_s
        if found is not first:
            row["score above the first"] = paired_difference(
                [first.scores[case] for case in cases], [found.scores[case] for case in cases], cases
            )
        made.append(row)
    return made


def mean(found: Played, metric: str) -> Interval:
    """A fact's mean over the cases that have it, as a rate where it is true or false."""
    had = {case: facts[metric] for case, facts in found.facts.items() if facts.get(metric) is not None}
    booleans = all(isinstance(value, bool) for value in had.values())
    return (clustered_rate if booleans else clustered_mean)([float(value) for value in had.values()], list(had))


def table(found: list[dict[str, Any]]) -> None:
    """Agents side by side, a line for each figure."""
    names = list(dict.fromkeys(name for row in found for name in row if name != "agent"))
    print("| | " + " | ".join(row["agent"] for row in found) + " |")
    print("|---" * (len(found) + 1) + "|")
    for name in names:
        print(f"| {name} | " + " | ".join(shown(row.get(name)) for row in found) + " |")


def shown(value: Any) -> str:
    """A cell: a dash for a fact that no case has, nothing where the row has no such figure."""
    if isinstance(value, Interval):
        if math.isnan(value.value):
            return "–"
        alone = math.isinf(value.high)
        return f"{value.value:.3f}" if alone else f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
    return "" if value is None else f"{value:.0f}"


if __name__ == "__main__":
    main()
