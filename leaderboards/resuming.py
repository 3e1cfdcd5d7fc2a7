"""What a run that is gone on with was, what it becomes, and whether its games are the schedule's own.

A run is extended by asking for more games or, behind those it has, more agents. ``run.json`` then holds the new
numbers in its config and, under ``extended``, what they were before each time, with the command that was given then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lanista.arenas.core.contract import Arena
from lanista.errors import LanistaError, UsageError
from lanista.leaderboards.schedule import Design, Schedule, Stage, schedule
from lanista.runs import Run

EXTENDED = "extended"
"""The key of ``run.json`` with what the run was before each extension."""


@dataclass(frozen=True, slots=True)
class Past:
    """A tournament's run as its ``run.json`` tells it."""

    agents: tuple[str, ...]
    games: int
    stages: tuple[Stage, ...]
    """What it was before each extension so far."""

    def joined(self, asked: Sequence[str]) -> list[str]:
        """The agents of the run to come: those there were, in their order, then the new ones.

        What was asked for, as it is, where an agent of the run is missing or nobody is new: such a run is refused for
        what differs, or is the same.
        """
        new = [agent for agent in asked if agent not in self.agents]
        return [*self.agents, *new] if new and set(self.agents) <= set(asked) else list(asked)

    def before(self, agents: Sequence[str], games: int) -> tuple[Stage, ...]:
        """The stages before a schedule of so many games of these agents."""
        more = games > self.games or len(agents) > len(self.agents)
        return (*self.stages, Stage(self.agents, self.games)) if more else self.stages


def past(out: str | os.PathLike[str], resume: bool) -> Past | None:
    """The run that is gone on with; None where there is none, or it is no tournament (which ``Run.resume`` says)."""
    if not resume or not (Path(out) / "run.json").exists():
        return None
    with Run.open(out) as run:
        if run.meta["kind"] != "tournament":
            return None
        stages = [_stage(entry, run) for entry in run.meta.get(EXTENDED, ())]
        agents, games = _stage(run.config, run)
    return Past(agents, games, tuple(stages))


def planned(
    arena: Arena | str,
    agents: Sequence[str],
    games: int,
    seed: int,
    config: Any,
    design: Design,
    repeats: int,
    *,
    sampled: bool,
    was: Past | None,
) -> Schedule:
    """The schedule of the run that ``was`` becomes (a new one for None); its ``agents`` are those of the run."""
    stages: tuple[Stage, ...] = ()
    if was is not None:
        agents = was.joined(agents)
        stages = was.before(agents, games)
    return schedule(arena, agents, games, seed, config, design, repeats, sampled=sampled, before=stages)


def _stage(entry: Any, run: Run) -> Stage:
    agents, games = (entry.get(name) if isinstance(entry, Mapping) else None for name in ("agents", "games"))
    if not isinstance(agents, list) or not all(isinstance(a, str) for a in agents) or type(games) is not int:
        raise LanistaError(
            f"{run.path / 'run.json'} does not say which agents play how many games: restore it from a copy"
        )
    return Stage(tuple(agents), games)


def grows(was: Past, agents: Sequence[str], games: int) -> bool:
    """Whether such a run is the one that ``was``, with more agents or games."""
    more = games > was.games or len(agents) > len(was.agents)
    return more and tuple(agents[: len(was.agents)]) == was.agents and games >= was.games


def go_on(
    out: str | os.PathLike[str],
    was: Past,
    settings: Mapping[str, Any],
    command: Sequence[str] | None,
    seed: int,
    store: str | None,
) -> Run:
    """The run, open for writing, extended where ``settings`` have more games or agents.

    Raises UsageError naming whatever else differs.
    """
    extended = grows(was, settings["agents"], settings["games"])
    same = {**settings, "agents": list(was.agents), "games": was.games} if extended else settings
    run = Run.resume(out, "tournament", same, command, seed, store=store)
    if extended:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"agents": list(was.agents), "games": was.games, "command": run.meta["command"], "until": now}
        try:
            run.extend(settings, command, **{EXTENDED: [*run.meta.get(EXTENDED, ()), entry]})
        except BaseException:
            run.close()
            raise
    return run


def check_games(run: Run, plan: Schedule) -> None:
    """Raise UsageError where a game of the store is not the schedule's game of that id, naming the first difference."""
    planned = {match.id: match for match in plan.matches}
    config = run.config
    for row in run.store.games():
        match = planned.get(row.id)
        if match is None:
            raise _foreign(run, f"game {row.id} is none of this schedule's")
        for name, kept, due in (
            ("block", row.block, match.block),
            ("seed", row.seed, match.seed),
            ("players", dict(row.players), dict(match.players)),
            ("arena", row.arena, config["arena"]),
            ("hash", row.hash, config["hash"]),
            ("preset", row.preset, config["preset"]),
            ("config", dict(row.config), config["config"]),
        ):
            if kept != due:
                raise _foreign(
                    run, f"{name} of game {row.id} is {_short(kept)} there and {_short(due)} in the schedule"
                )


def _foreign(run: Run, what: str) -> UsageError:
    return UsageError(
        f"the store {run.store.where} holds the games of another tournament: {what}; bring this run's own store back, "
        "or choose another --out"
    )


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        value = ", ".join(f"{key}={part}" for key, part in sorted(value.items()))
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"
