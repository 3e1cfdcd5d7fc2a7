"""An arena's ladder: every rung on every level, shares with intervals, costs, and what failed by kind.

    python benchmarks/ladder.py support_desk                         every rung on every level
    python benchmarks/ladder.py support_desk --level top --team      and what the team pays for being one
    python benchmarks/ladder.py support_desk --level top --seat all=program:bot.py --out bot.jsonl
    LANISTA_SPLIT_KEY=... python benchmarks/ladder.py support_desk --level top --hidden

All agents get the same cases. With ``--out`` finished cases are kept, and a second call goes on where the first broke
off. docs/benchmark.md is the protocol.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO

import _ladders
from _ladders import Ladder, Mute, Shared
from _machine import machine

from lanista import arenas
from lanista.agents import registry
from lanista.agents.contract import Agent
from lanista.arenas.core import secret_split
from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.errors import LanistaError, Unavailable, UsageError
from lanista.play.runner import GameSpec, play
from lanista.stats import Interval, clustered_mean, clustered_rate, paired_difference


@dataclass
class Case:
    """One case as one agent played it."""

    level: str
    agent: str
    seed: int
    score: float
    done: bool
    failure: str
    refused: int
    forfeited: int
    tokens: int
    decisions: int


@dataclass
class Ladders:
    """The cases played so far, and where new ones are kept."""

    cases: list[Case] = field(default_factory=list)
    out: TextIO | None = None
    outside: Counter[str] = field(default_factory=Counter)
    """Games that were suspended for a fault outside the agent, by agent."""
    why: str = ""

    def add(self, case: Case) -> None:
        """Keeps a case, at once on disk too."""
        self.cases.append(case)
        if self.out is not None:
            self.out.write(json.dumps(vars(case)) + "\n")
            self.out.flush()

    def of(self, level: str, agent: str) -> list[Case]:
        """The cases of one cell, by seed."""
        return sorted((c for c in self.cases if (c.level, c.agent) == (level, agent)), key=lambda case: case.seed)


def main(words: list[str] | None = None) -> int:
    """Runs the ladder of the command line; the exit code."""
    try:
        return _main(_parser().parse_args(words))
    except LanistaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arena")
    parser.add_argument("--level", default="all", help="a level's name, top, or all")
    parser.add_argument("--seat", metavar="all=SPEC", help="this agent in all seats, instead of the ladder's own rungs")
    parser.add_argument("--agents", help="specs, separated by commas, instead of the ladder's own rungs")
    parser.add_argument("--cases", type=int, default=200, help="cases per level")
    parser.add_argument("--seed", type=int, default=0, help="the first case's seed; the others count up")
    parser.add_argument("--hidden", action="store_true", help=f"seeds by the secret in {secret_split.VARIABLE}")
    parser.add_argument("--team", action="store_true", help="what the team pays: one memory, and writing nothing")
    parser.add_argument("--out", type=Path, help="a file that keeps finished cases; a second call goes on")
    parser.add_argument("--json", action="store_true")
    return parser


def _main(asked: argparse.Namespace) -> int:
    arena = arenas.get(asked.arena)
    ladder = _ladders.ladder(arena)
    levels = _ladders.chosen(ladder, asked.level)
    if asked.cases < 1:
        raise UsageError(f"--cases is the number of cases per level, at least 1, not {asked.cases}")
    specs = _specs(ladder, asked)
    if asked.team and ladder.mute is None:
        raise UsageError(f"--team: nothing is known of what the seats of {arena.name} write to each other")
    seeds = list(_seeds(arena, asked))
    kept = _kept(asked.out)
    try:
        for level, keys in levels.items():
            config = arena.configure(**keys, **({"split": "test"} if asked.hidden and _has_split(arena) else {}))
            for spec in specs:
                for name, agent in _players(spec, arena, ladder, asked.team):
                    _play(kept, arena, ladder, config, level, name, agent, seeds)
                    print(f"{level}, {name}: done", file=sys.stderr)
    finally:
        if kept.out is not None:
            kept.out.close()
    _report(kept, arena, ladder, list(levels), seeds, asked)
    if kept.outside:
        missing = ", ".join(f"{name}: {number} cases" for name, number in kept.outside.items())
        again = "the same command plays them" if asked.out else "add --out FILE, and the same command plays them"
        print(f"error: outside faults, not counted ({missing}; {kept.why}); {again}", file=sys.stderr)
        return Unavailable.code
    return 0


def _specs(ladder: Ladder, asked: argparse.Namespace) -> list[str]:
    if asked.seat is not None:
        where, equals, spec = asked.seat.partition("=")
        if where != "all" or not equals or not spec:
            raise UsageError(f"--seat takes all=SPEC, such as all=program:bot.py, not {asked.seat!r}")
        if asked.agents is not None:
            raise UsageError("--seat and --agents both say who plays: leave one out")
        return [spec]
    specs = asked.agents.split(",") if asked.agents is not None else list(ladder.rungs)
    if asked.team and asked.agents is None:
        specs = [ladder.expert] if ladder.expert else specs[-1:]
    return [spec for spec in specs if spec]


def _seeds(arena: Arena, asked: argparse.Namespace) -> Iterator[int]:
    if not asked.hidden:
        yield from range(asked.seed, asked.seed + asked.cases)
        return
    key = secret_split.secret()
    for number in range(asked.seed, asked.seed + asked.cases):
        yield secret_split.seed(key, arena.name, number)


def _has_split(arena: Arena) -> bool:
    return any(f.name == "split" for f in fields(arena.config))


def _kept(out: Path | None) -> Ladders:
    """What an earlier call kept; a last line that was cut off is played again."""
    if out is None:
        return Ladders()
    cases = []
    if out.exists():
        for line in out.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                cases.append(Case(**json.loads(line)))
        out.write_text("".join(json.dumps(vars(case)) + "\n" for case in cases), encoding="utf-8")
    return Ladders(cases, out.open("a", encoding="utf-8"))


def _players(spec: str, arena: Arena, ladder: Ladder, team: bool) -> Iterator[tuple[str, Callable[[], Agent]]]:
    """Who plays by a spec: the agent, and what ``--team`` adds, each made when its turn has come."""

    def agent() -> Agent:
        return _ladders.made(spec, arena.name)

    yield spec, agent
    if team:
        mute = ladder.mute
        assert mute is not None
        yield f"{spec}, one memory", lambda: Shared(agent())
        yield f"{spec}, writes nothing", lambda: Mute(agent(), mute)


def _play(
    kept: Ladders, arena: Arena, ladder: Ladder, config: Any, level: str, name: str, made: Callable[[], Agent],
    seeds: list[int],
) -> None:  # fmt: skip
    had = {case.seed for case in kept.of(level, name)}
    left = [seed for seed in seeds if seed not in had]
    if not left:
        return
    agent, other = made(), registry.make(arena.baseline)

    def finished(spec: GameSpec, game: Game) -> None:
        kept.add(_case(game, arena, ladder, level, name))

    def suspended(spec: GameSpec, session: Any, error: Unavailable) -> None:
        kept.outside[name] += 1
        kept.why = " ".join(str(error).split())[:160]

    try:
        specs = (_seated(arena, config, agent, other, seed) for seed in left)
        play(specs, on_game=finished, on_suspended=suspended)
    finally:
        agent.close()
        other.close()


def _seated(arena: Arena, config: Any, agent: Agent, other: Agent, seed: int) -> GameSpec:
    """One case with ``agent`` in every seat of the team that is ranked."""
    teams = arena.rules.teams(arena.rules.deal(seed, config))
    mine = teams[arena.contenders(teams)[0]]
    seating = {seat: agent if seat in mine else other for seat in arena.rules.seats(config)}
    return GameSpec(id=f"{agent.name} {seed}", arena=arena, seed=seed, config=config, seating=seating)


def _case(game: Game, arena: Arena, ladder: Ladder, level: str, name: str) -> Case:
    assert game.outcome is not None
    team = arena.contenders(game.teams)[0]
    turns = [turn for step in game.steps for turn in step.turns if turn.seat in game.teams[team]]
    score = game.outcome.scores[team]
    done = bool(game.outcome.facts[arena.success]) if arena.success else score >= 1
    usage: list[Mapping[str, Any]] = [turn.meta.get("usage") or {} for turn in turns]
    tokens = sum(int(u.get("prompt_tokens", 0)) + int(u.get("completion_tokens", 0)) for u in usage)
    refused, forfeited = sum(len(t.attempts) for t in turns), sum(t.by != "seat" for t in turns)
    failure = "" if done else ladder.failure(game.outcome.facts)
    return Case(level, name, game.seed, score, done, failure, refused, forfeited, tokens, len(turns))


def _report(
    kept: Ladders, arena: Arena, ladder: Ladder, levels: list[str], seeds: list[int], asked: argparse.Namespace
) -> None:
    rows = [row for level in levels for row in _rows(kept, level, set(seeds))]
    if asked.json:
        print(json.dumps({"arena": arena.name, "hash": arena.hash(), "rows": rows, "bounds": _bounds(kept, ladder)}))
        return
    print(machine())
    where = f"hidden split {secret_split.digest(secret_split.secret())}" if asked.hidden else f"seeds from {asked.seed}"
    print(f"{arena.name} {arena.version} ({arena.hash()}), {len(seeds)} cases per level, {where}; 95% intervals\n")
    print("| level | agent | score | done | decisions | tokens | refused | forfeited | failures |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        said = (_shown(row["score"]), _shown(row["done"]), f"{row['decisions']:.1f}", f"{row['tokens']:.0f}")
        counts = ", ".join(f"{kind} {number}" for kind, number in row["failures"].items()) or "–"
        rest = f"{row['refused']:.2f} | {row['forfeited']:.2f} | {counts}"
        print(f"| {row['level']} | {row['agent']} | {' | '.join(said)} | {rest} |")
    for line in _pays(kept, levels) if asked.team else _bounds(kept, ladder):
        print(line)


def _rows(kept: Ladders, level: str, seeds: set[int]) -> Iterator[dict[str, Any]]:
    """A row for each agent on a level: means over its cases, intervals as [value, low, high]."""
    for name in dict.fromkeys(case.agent for case in kept.cases if case.level == level):
        cases = [case for case in kept.of(level, name) if case.seed in seeds]
        if not cases:
            continue
        blocks = [case.seed for case in cases]
        yield {
            "level": level,
            "agent": name,
            "cases": len(cases),
            "score": clustered_rate([case.score for case in cases], blocks),
            "done": clustered_rate([float(case.done) for case in cases], blocks),
            **{
                each: clustered_mean([float(getattr(case, each)) for case in cases], blocks).value
                for each in ("decisions", "tokens", "refused", "forfeited")
            },
            "failures": dict(Counter(case.failure for case in cases if not case.done).most_common()),
        }


def _bounds(kept: Ladders, ladder: Ladder) -> list[str]:
    """Whether the top keeps reader and expert apart, where both played there."""
    top, said = list(ladder.levels)[-1], []
    for name, bound, most in (
        (ladder.reader, _ladders.READER_MOST, True),
        (ladder.expert, _ladders.EXPERT_LEAST, False),
    ):
        cases = kept.of(top, name) if name else []
        if cases:
            found = clustered_rate([case.score for case in cases], [case.seed for case in cases])
            holds = found.value <= bound if most else found.value >= bound
            wanted = f"at {'most' if most else 'least'} {bound}"
            said.append(f"{name} at {top}: {_shown(found)}, {wanted}: {'holds' if holds else 'DOES NOT HOLD'}")
    return said


_PAYS = (("one memory", "separate seats cost", 1), ("writes nothing", "what is written is worth", -1))


def _pays(kept: Ladders, levels: list[str]) -> Iterator[str]:
    """What the team pays: the same agent with one memory, and with nothing written, against separate seats."""
    for level in levels:
        names = dict.fromkeys(case.agent for case in kept.cases if case.level == level)
        for name in names:
            for other, what, sign in _PAYS:
                mine = {case.seed: case for case in kept.of(level, name)}
                theirs = {case.seed: case for case in kept.of(level, f"{name}, {other}")}
                both = sorted(mine.keys() & theirs.keys())
                if not both:
                    continue
                first, second = (theirs, mine) if sign < 0 else (mine, theirs)
                gap = paired_difference([first[s].score for s in both], [second[s].score for s in both], both)
                more = clustered_mean([float(mine[s].decisions - theirs[s].decisions) for s in both], both)
                yield f"{level}, {name}: {what} {_shown(gap)} of the score; decisions a case {_shown(more)} more"


def _shown(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


if __name__ == "__main__":
    sys.exit(main())
