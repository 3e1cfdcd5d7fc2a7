"""A tournament: the games of a schedule, played and kept, and counted at the end.

One process writes. Agents that answer one question at a time play in worker processes; batched agents (language
models) play here, ``max_concurrent_games`` at a time. Nothing in a result depends on the number of workers. What was
written is never lost, and a run that was stopped or killed goes on with ``resume`` to the same result.

A language model's numbers change in the last bits with the company a question keeps in its batch. So batched games are
played in whole cohorts of ``max_concurrent_games``, which nobody joins later, and one that was cut short is played
again whole: its finished games are not written twice, but keep the others company. An agent whose answers do not
depend on the batch (a remote server, say) sets ``batch_matters = False`` and only missing games are played.

A game whose agent is unavailable (its server is down, its key is refused) is suspended and kept apart from those that
were played; boards never count it, and ``resume`` takes it up where it stood.
"""

from __future__ import annotations

import logging
import math
import os
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from lanista.agents import registry as agent_registry
from lanista.agents.contract import Agent
from lanista.agents.guard import close
from lanista.arenas.core import registry as arena_registry
from lanista.arenas.core.contract import Arena, config_json
from lanista.errors import LanistaError, Stopped, Unavailable, UsageError
from lanista.leaderboards.keeping import named, rows
from lanista.leaderboards.lines import appearances, games_of
from lanista.leaderboards.resuming import check_games, go_on, grows, past, planned
from lanista.leaderboards.schedule import Design, Match, Schedule
from lanista.play import executors
from lanista.play.desks import exact
from lanista.play.executors import Executor, Played, Result, Suspended
from lanista.play.executors.local import Local
from lanista.play.executors.processes import cores
from lanista.runs import Run
from lanista.store import Prepared
from lanista.store.rows import unpack

_log = logging.getLogger(__name__)

SUSPENSIONS = 8
"""Games in a row that one agent's server may fail before the run is stopped."""

OnProgress = Callable[[int, int, "float | None"], None]
"""``on_progress(games done, games in all, seconds left or None while unknown)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one agent did, before any rating."""

    agent: str
    games: int
    score: float
    """Mean score in [0, 1] of its teams over its games, a game counted once per team it sat in: the board's win rate or
    mean score. An agent that holds both teams meets itself: between two teams that is 0.5, whoever it is."""
    illegal: int
    """Replies that were refused."""
    forfeits: int
    """Decisions it did not take."""
    reasons: Mapping[str, int]
    """Forfeits by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The end of a tournament; ratings are made from the store."""

    path: Path
    arena: str
    design: Design
    games: int
    blocks: int
    rounded: str | None
    standings: tuple[Standing, ...]
    """By score, best first; by name where equal."""
    played: int
    """Games played now; the others were in the store already."""
    seconds: float
    """Wall time of playing them."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what depends on the clock, or on when it was stopped, is under ``timing``."""
        plain = asdict(self)
        timing = {name: plain.pop(name) for name in ("played", "seconds")}
        return {**plain, "path": str(self.path), "timing": timing}


def run_tournament(
    arena: Arena | str,
    agents: Sequence[str],
    games: int,
    seed: int,
    config: Any = None,
    design: Design = "teams",
    *,
    out: str | os.PathLike[str],
    resume: bool = False,
    workers: int | None = None,
    executor: str | None = None,
    max_concurrent_games: int = 64,
    preset: str = "default",
    repeats: int = 1,
    sampled: bool = False,
    store: str | None = None,
    command: Sequence[str] | None = None,
    on_progress: OnProgress | None = None,
) -> Summary:
    """Play the schedule's missing games into the run at ``out`` and count them.

    ``agents`` are specs as ``lanista agents`` lists them. ``config`` is the arena's config object or a mapping of its
    keys. ``repeats`` plays every deal and seating that often, with other seeds for the agents. ``sampled`` lets only
    two agents play each deal, for many agents. With ``resume``, more games or further agents extend the run.
    ``workers`` None means one per core, 0 that everything is played in this process; an arena that is not registered is
    always played here. ``executor`` names where scripted agents play (``processes`` unless there are no workers).
    ``store`` is a database's URL instead of a file in the run.

    Raises UsageError for anything unknown or impossible (before anything is written), for a run that is there without
    ``resume``, and for one that was started otherwise; Stopped on Ctrl-C; Unavailable where games are suspended, at the
    end or after SUSPENSIONS of one agent in a row; LanistaError where a game cannot be played or kept. Whatever is
    raised, the games played so far are kept.
    """
    arena = arena_registry.get(arena) if isinstance(arena, str) else arena
    if config is None or isinstance(config, Mapping):
        config = arena.configure(**(config or {}))
    if workers is not None and workers < 0:
        raise UsageError(f"the number of workers is 0 or more, not {workers}")
    if executor is not None:
        executors.check(executor)
    if max_concurrent_games < 1:
        raise UsageError(f"the number of games at once is at least 1, not {max_concurrent_games}")
    was = past(out, resume)
    plan = planned(arena, agents, games, seed, config, design, repeats, sampled=sampled, was=was)
    agents = plan.agents
    settings = _settings(arena, config, preset, agents, design, plan, max_concurrent_games)
    goes_on = resume and (Path(out) / "run.json").exists() and not (was and grows(was, agents, plan.games))
    with ExitStack() as open_things:
        seated = {} if goes_on else _make(agents, arena, open_things)  # an unknown agent leaves no half-made run behind
        if was is not None:
            run = open_things.enter_context(go_on(out, was, settings, command, seed, store))
            check_games(run, plan)
        else:
            start = Run.resume if resume else Run.create
            run = open_things.enter_context(start(out, "tournament", settings, command, seed, store=store))
        done = set(run.store.ids())
        missing = _missing(run, plan, done)
        if missing and not seated:
            seated = _make(agents, arena, open_things)
        hall = _Hall(arena, config, preset, plan, run, done, seated, on_progress)
        started = time.monotonic()
        try:
            if missing:
                alone = [m for m in missing if not any(seated[name].batched for name in m.players.values())]
                hall.apart(alone, executor, _workers(workers, executor, arena))
                hall.together(
                    [m for m in plan.matches if any(seated[n].batched for n in m.players.values())],
                    max_concurrent_games,
                )
        except KeyboardInterrupt:
            raise Stopped(
                f"stopped after {len(done)} of {plan.games} games, which are kept; go on with: {run.again}"
            ) from None
        suspended = run.store.suspended()
        if suspended:
            raise Unavailable(_suspended(suspended, plan.games, run))
        if "finished" not in run.meta:
            run.update(finished=datetime.now(UTC).isoformat(timespec="seconds"))
        return Summary(
            path=run.path,
            arena=arena.name,
            design=design,
            games=plan.games,
            blocks=plan.blocks,
            rounded=plan.rounded,
            standings=standings(run),
            played=len(missing),
            seconds=time.monotonic() - started,
            notes=tuple(hall.notes),
        )


def _settings(
    arena: Arena,
    config: Any,
    preset: str,
    agents: Sequence[str],
    design: Design,
    plan: Schedule,
    max_concurrent_games: int,
) -> dict[str, Any]:
    """What a run of this schedule is; a run that was started otherwise is not gone on with."""
    settings = {
        "arena": arena.name,
        "hash": arena.hash(preset),
        "config": config_json(config),
        "preset": preset,
        "agents": list(agents),
        "design": design,
        "games": plan.games,
        "max_concurrent_games": max_concurrent_games,
    }
    settings |= {"repeats": plan.repeats} if plan.repeats > 1 else {}
    return settings | ({"schedule": "sampled"} if plan.sampled else {})


def _missing(run: Run, plan: Schedule, done: Collection[str]) -> list[Match]:
    """The games that are still to be played. Raises LanistaError where a finished run lacks some."""
    missing = [match for match in plan.matches if match.id not in done]
    if missing and "finished" in run.meta:
        raise LanistaError(
            f"the run in {run.path} was finished, and its store lacks {len(missing)} of its {plan.games} games: "
            "bring the store back, or play again under another --out"
        )
    return missing


def standings(run: Run) -> tuple[Standing, ...]:
    """What each agent of a run did, best first."""
    scores: dict[str, tuple[int, float]] = {}
    for agent, played in games_of(run.store.games()).items():
        seen = appearances(agent, played)
        scores[agent] = seen.games, math.fsum(score for _, _, score in seen.rows) / len(seen.rows)
    stats = run.store.turn_stats()
    found = [
        Standing(
            agent=agent,
            games=games,
            score=score,
            illegal=stats[agent].illegal if agent in stats else 0,
            forfeits=sum(stats[agent].forfeits.values()) if agent in stats else 0,
            reasons=stats[agent].forfeits if agent in stats else {},
        )
        for agent, (games, score) in scores.items()
    ]
    return tuple(sorted(found, key=lambda standing: (-standing.score, standing.agent)))


class _Hall:
    """Where the games of one tournament are played and written down."""

    def __init__(
        self,
        arena: Arena,
        config: Any,
        preset: str,
        plan: Schedule,
        run: Run,
        done: set[str],
        seated: Mapping[str, Agent],
        on_progress: OnProgress | None,
    ) -> None:
        self.arena, self.config, self.preset, self.plan, self.run = arena, config, preset, plan, run
        self.done, self.seated, self.on_progress = done, seated, on_progress
        self.notes: list[str] = []
        self._before = len(done)
        self._started = time.monotonic()
        self._otherwise = 0
        self._failed: Counter[str] = Counter()
        """Games suspended since the last one that was played, by the agent that was unavailable."""
        self._tell()

    def apart(self, matches: Sequence[Match], executor: str | None, workers: int | None) -> None:
        """Games of agents that need no company, over worker processes or one by one in this one."""
        if not matches:
            return
        if workers == 0:
            self._play(matches, Local(finish=rows, agents=self.seated, arena=self.arena, max_concurrent_games=1))
        else:
            self._play(matches, executors.make(executor or "processes", workers=workers, finish=rows))

    def together(self, matches: Sequence[Match], max_concurrent_games: int) -> None:
        """Games with a batched agent, in cohorts that are the same whether or not the run was interrupted."""
        for cohort in _cohorts(matches, self.plan.ends, max_concurrent_games):
            left = [match for match in cohort if match.id not in self.done]
            if not left:
                continue
            whole = any(exact(self.seated[name]) for match in cohort for name in match.players.values())
            playing = cohort if whole else left
            here = Local(finish=rows, agents=self.seated, arena=self.arena, max_concurrent_games=len(playing))
            self._play(playing, here, afresh=whole)
        if self._otherwise:
            self.notes.append(
                f"{self._otherwise} finished games were played again to keep others company and came out differently: "
                "an agent here is not a function of what it is asked; what was stored first is kept"
            )

    def _play(self, matches: Sequence[Match], executor: Executor, afresh: bool = False) -> None:
        """``afresh``: suspended games are played from the start, for the sake of those they keep company."""
        begun = {} if afresh else {row["id"]: row["session"] for row in self.run.store.suspended()}
        config = config_json(self.config)
        specs = [named(match, self.arena.name, config, self.preset, begun.get(match.id)) for match in matches]
        with executor:
            executor.play(specs, self._keep)

    def _keep(self, results: Sequence[Result]) -> None:
        fresh: list[Prepared] = []
        for result in results:
            if isinstance(result, Suspended):
                continue
            if result.spec.id not in self.done:
                fresh.append(result.value)
                continue
            again = unpack(result.spec.id, result.value.episode["record"])
            self._otherwise += again.canonical() != self.run.store.episode(result.spec.id).canonical()
        if fresh:
            self.run.store.add(*fresh)
            self.done.update(row.episode["id"] for row in fresh)
            self._tell()
        for result in results:
            if isinstance(result, Played):
                for name in result.spec.players.values():
                    self._failed.pop(name, None)
            elif result.spec.id not in self.done:
                self._suspend(result)

    def _suspend(self, game: Suspended) -> None:
        tags = game.spec.tags
        self.run.store.suspend(
            game.spec.id, tags["block"], tags["index"], agent=game.agent, why=game.why, session=game.session
        )
        self._failed[game.agent] += 1
        if self._failed[game.agent] >= SUSPENSIONS:
            raise Unavailable(
                f"{game.agent} failed {SUSPENSIONS} games in a row ({game.why}); stopped after {len(self.done)} of "
                f"{self.plan.games} games, which are kept; when it is back, go on with: {self.run.again}"
            )

    def _tell(self) -> None:
        if self.on_progress is None:
            return
        played = len(self.done) - self._before
        left = self.plan.games - len(self.done)
        seconds = (time.monotonic() - self._started) / played * left if played else None
        self.on_progress(len(self.done), self.plan.games, seconds)


def _cohorts(matches: Sequence[Match], ends: Sequence[int], size: int) -> Iterator[Sequence[Match]]:
    """Matches so many at a time; none from before an extension of the run with one from after it."""
    bounds = [0, *(bisect_left(matches, end, key=lambda match: match.index) for end in ends), len(matches)]
    for first, last in pairwise(bounds):
        for start in range(first, last, size):
            yield matches[start : min(start + size, last)]


def _make(agents: Sequence[str], arena: Arena, open_things: ExitStack) -> dict[str, Agent]:
    seated = {}
    for spec in agents:
        seated[spec] = agent_registry.make(spec, arena=arena.name)
        open_things.callback(close, seated[spec])
    return seated


def _workers(asked: int | None, executor: str | None, arena: Arena) -> int | None:
    if not _registered(arena) or executor == "local":
        return 0
    if executor == "ray":
        return asked  # None: as many as the cluster has cores, which are not this machine's
    return cores() if asked is None else asked


def _suspended(rows: Sequence[Mapping[str, Any]], games: int, run: Run) -> str:
    agents = Counter(row["agent"] for row in rows)
    why = {row["agent"]: row["why"] for row in rows}
    who = "; ".join(f"{count} because {agent} was unavailable: {why[agent]}" for agent, count in agents.items())
    return (
        f"{len(rows)} of {games} games are suspended ({who}); the others are kept: when that is mended, go on with: "
        f"{run.again}"
    )


def _registered(arena: Arena) -> bool:
    """Whether another process would find this very arena under its name."""
    try:
        return arena_registry.get(arena.name) is arena
    except LanistaError:
        return False
