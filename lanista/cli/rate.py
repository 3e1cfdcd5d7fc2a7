"""``lanista rate``: a policy against a frozen pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanista.cli.common import (
    Config,
    Executor,
    Json,
    Workers,
    console,
    folder_to_make,
    notes,
    print_json,
    progress,
    refuse_humans,
)
from lanista.errors import UsageError

if TYPE_CHECKING:
    from lanista.analysis.rate import Rated


def add(app: typer.Typer) -> None:
    app.command(name="rate")(rate)


def rate(
    policy: Annotated[str, typer.Argument(help="The agent that is rated (`lanista agents` lists them).")],
    pool: Annotated[str, typer.Option("--pool", help="A frozen pool by name (werewolf-9), or its FILE.json.")],
    deals: Annotated[int, typer.Option("--games", min=2, help="Deals of the pool, the first ones.")] = 100,
    workers: Workers = None,
    executor: Executor = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the result to this JSON file.")] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Rate a policy on the fixed deals of a pool: all seats of a side its own (twins), or one among strangers."""
    from json import dumps

    from lanista import files
    from lanista.agents import registry
    from lanista.agents.guard import close
    from lanista.analysis import pools
    from lanista.analysis.rate import rate as rated
    from lanista.arenas import get
    from lanista.play import executors
    from lanista.play.executors.local import Local

    if out is not None and out.is_dir():
        raise UsageError(f"--out {out} is a folder: name a file, such as {out / 'rating.json'}")
    refuse_humans([policy])
    if executor is not None:
        executors.check(executor)
    chosen = pools.pool(pool)
    agent = registry.make(policy, arena=chosen.arena)
    seated = {policy: agent}
    where: executors.Executor
    try:
        if executor == "local" or workers == 0 or agent.batched:
            seated |= {name: registry.make(name, arena=chosen.arena) for name in chosen.members if name != policy}
            where = Local(agents=seated, arena=get(chosen.arena))
        else:
            where = executors.make(executor or "processes", workers=workers)
        with where, progress("games", quiet=json) as update:
            found = rated(policy, chosen, deals, where, update)
    finally:
        for one in seated.values():
            close(one)
    if out is not None:
        missing = folder_to_make(out)
        if missing is not None:
            out.parent.mkdir(parents=True)
            notes.print(f"made the folder {missing}", soft_wrap=True)
        files.write_text(out, dumps(found.to_json(), indent=2, sort_keys=True) + "\n")
    if json:
        print_json(found.to_json())
        return
    _show(found)


def _show(found: Rated) -> None:
    from lanista.analysis.rate import MODES
    from lanista.stats import Interval
    from lanista.terminal import Rows

    def written(value: Interval, sign: str = "") -> tuple[str, str]:
        return f"{value.value:{sign}.3f}", f"{value.low:{sign}.3f} to {value.high:{sign}.3f}"

    table = Rows("seated as", "where", "score", "95% interval")
    for mode in MODES:
        table.add_row(mode, "all", *written(found.overall[mode]))
        table.add_row(mode, "above the pool's own", *written(found.above[mode], "+"))
        for (m, side), value in found.sides.items():
            if m == mode:
                table.add_row(mode, f"as {side}", *written(value))
        for key, value in found.scores.items():
            if key.mode == mode == "twins":
                table.add_row(mode, f"as {key.side} against {key.against}", *written(value))
    console.print(table)
    console.print(
        f"{found.policy} against the pool {found.pool.name} ({found.pool.hash}), {found.deals:,} deals; "
        f"{found.errors:.1%} of its decisions refused or forfeited",
        style="dim",
        soft_wrap=True,
    )
