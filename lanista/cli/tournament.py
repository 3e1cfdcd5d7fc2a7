"""``lanista tournament``: every agent holds every side on the same deals; the result is kept, rated and resumable."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from lanista.cli.common import (
    Config,
    DryRun,
    Executor,
    Json,
    Preset,
    Resume,
    SeatPython,
    Seed,
    Set,
    Workers,
    arena_config,
    command_line,
    console,
    notes,
    print_json,
    progress,
    refuse_humans,
    split,
)
from lanista.errors import UsageError, suggest

if TYPE_CHECKING:
    from lanista.leaderboards.schedule import Schedule
    from lanista.leaderboards.tournament import Summary

SCHEDULES = ("full", "sampled")


def add(app: typer.Typer) -> None:
    app.command(name="tournament")(tournament)


def tournament(
    arena: Annotated[str, typer.Argument(help="The arena (`lanista arenas` lists them).")],
    agents: Annotated[str, typer.Option("--agents", help="Who plays: names, separated by commas.")],
    out: Annotated[Path, typer.Option("--out", help="The run's folder.")],
    games: Annotated[int, typer.Option("--games", min=1, help="Games, rounded up to whole rotation blocks.")] = 60,
    seat_python: SeatPython = None,
    seed: Seed = 0,
    set_: Set = None,
    preset: Preset = "default",
    design: Annotated[
        str,
        typer.Option("--design", help="teams: an agent holds a whole team. mixed: agents rotate through the seats."),
    ] = "teams",
    schedule: Annotated[
        str,
        typer.Option("--schedule", help="full: all agents meet on every deal. sampled: two of them, for many agents."),
    ] = "full",
    repeats: Annotated[
        int,
        typer.Option("--repeats", min=1, help="Times each case is played with other agent seeds; pass^k needs k."),
    ] = 1,
    workers: Workers = None,
    executor: Executor = None,
    max_concurrent_games: Annotated[
        int, typer.Option("--max-concurrent-games", min=1, help="Games side by side in one process.")
    ] = 64,
    store: Annotated[
        str | None, typer.Option("--store", help="URL of a database instead of a file in the run.")
    ] = None,
    resume: Resume = False,
    json: Json = False,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Play a tournament and print who did what; `lanista leaderboard RUN` rates it with intervals.

    With --resume, a larger --games or further --agents extend the run.
    """
    from lanista.agents import registry
    from lanista.agents.guard import close
    from lanista.arenas import get
    from lanista.leaderboards.resuming import past, planned
    from lanista.leaderboards.tournament import run_tournament
    from lanista.play import executors

    game_arena = get(arena)
    game_config = arena_config(game_arena, set_)
    names = registry.in_python(split(agents), seat_python)
    refuse_humans(names)
    if executor is not None:
        executors.check(executor)
    if schedule not in SCHEDULES:
        raise UsageError(f"unknown schedule {schedule!r}{suggest(schedule, SCHEDULES)} (there are: full, sampled)")
    sampled = schedule == "sampled"
    plan = planned(
        game_arena,
        names,
        games,
        seed,
        game_config,
        design,  # type: ignore[arg-type]
        repeats,
        sampled=sampled,
        was=past(out, resume),
    )
    if dry_run:
        for name in plan.agents:
            close(registry.make(name, arena=arena))
        _show_plan(plan, game_arena.turns_bound(game_config), out, json)
        return
    if plan.rounded and not json:
        notes.print(plan.rounded)
    with progress("games", quiet=json) as update:
        summary = run_tournament(
            game_arena,
            names,
            games,
            seed,
            game_config,
            design,  # type: ignore[arg-type]
            out=out,
            resume=resume,
            workers=workers,
            executor=executor,
            max_concurrent_games=max_concurrent_games,
            preset=preset,
            repeats=repeats,
            sampled=sampled,
            store=store,
            command=command_line(),
            on_progress=lambda done, total, left: update(done, total),
        )
    if json:
        print_json(summary.to_dict())
        return
    _show(summary, out)


def _show_plan(plan: Schedule, bound: int, out: Path, json: bool) -> None:
    facts = {
        "games": plan.games,
        "blocks": plan.blocks,
        "games_per_block": plan.block_size,
        "decisions_at_most": bound * plan.games,
        "rounded": plan.rounded,
        "agents": list(plan.agents),
        "out": str(out),
    }
    if json:
        print_json(facts)
        return
    for key, value in (facts | {"agents": ", ".join(plan.agents)}).items():
        if value is not None:
            console.print(f"{key.replace('_', ' '):<20} {value}")


def _show(summary: Summary, out: Path) -> None:
    from lanista.terminal import Rows

    table = Rows("agent", "games", "score", "refused", "forfeits")
    for line in summary.standings:
        reasons = "; ".join(f"{count}× {why}" for why, count in line.reasons.items())
        forfeits = f"{line.forfeits}" + (f" ({reasons})" if reasons else "")
        cells = line.agent, str(line.games), f"{line.score:.3f}", str(line.illegal), forfeits
        table.add_row(*cells)
    console.print(table)
    for note in summary.notes:
        notes.print(note, soft_wrap=True)
    if len(summary.standings) == 1:
        notes.print(
            f"{summary.standings[0].agent} played alone: where it holds both teams its score is 0.5 whoever it is; its "
            "leaderboard says how often each team won.",
            soft_wrap=True,
        )
    console.print(
        f"{summary.games} games in {out} · rate them: lanista leaderboard {quote(str(out))}",
        style="dim",
        soft_wrap=True,
    )
