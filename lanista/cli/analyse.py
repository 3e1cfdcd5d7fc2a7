"""``lanista analyse``: what speeches moved, what players believed, and who is good at what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanista.cli.common import Config, Json, console, folder_to_make, notes, print_json, progress
from lanista.errors import UsageError

if TYPE_CHECKING:
    from lanista.analysis.analysis import Analysis


def add(app: typer.Typer) -> None:
    app.command(name="analyse")(analyse)


def analyse(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the result goes; RUN/analysis.json if left out.")
    ] = None,
    forks: Annotated[
        int | None,
        typer.Option("--forks", min=0, help="Forks of each speech (16 in Werewolf); 0 reads the records alone."),
    ] = None,
    games: Annotated[
        int,
        typer.Option(
            "--games", min=1, help="Games that are forked, spread over deals and seatings; skills are of all."
        ),
    ] = 40,
    effect: Annotated[
        str,
        typer.Option("--effect", help="direct: only the votes answer a speech. total: later speakers answer it too."),
    ] = "direct",
    json: Json = False,
    config: Config = None,
) -> None:
    """Measure a run: persuasion and beliefs by forks of its games, skills against random play, cost per case."""
    from lanista.analysis.analysis import FILE, TALKS
    from lanista.analysis.analysis import analyse as measured
    from lanista.runs import Run

    to = run / FILE if out is None else out
    if to.is_dir():
        raise UsageError(f"--out {to} is a folder: name a file, such as {to / FILE}")
    with Run.open(run) as opened:
        store = opened.store
        if forks is None:
            ids = store.ids()
            forks = 16 if ids and store.episode(ids[0]).arena == TALKS else 0
        with progress("games", quiet=json) as update:
            found = measured(store, forks=forks, games=games, effect=effect, on_game=update)  # type: ignore[arg-type]
    missing = folder_to_make(to)
    if missing is not None:
        to.parent.mkdir(parents=True)
        notes.print(f"made the folder {missing}", soft_wrap=True)
    found.write(to)
    if json:
        print_json(found.to_json())
        return
    _show(found)
    notes.print(f"analysis: {to}", soft_wrap=True)


def _show(found: Analysis) -> None:
    from lanista.analysis.measures import MEASURES, SIGNED
    from lanista.terminal import Rows

    table = Rows("agent", "side", "measure", "value", "95% interval", "random", "of")
    for row in found.rows:
        sign = "+" if row.measure in SIGNED else ""
        low, high = row.to_json()["low"], row.to_json()["high"]
        ends = "unknown" if low is None else f"{low:{sign}.3f} to {high:{sign}.3f}"
        line = "" if row.line is None else f"{row.line:.3f}"
        table.add_row(row.agent, row.side, row.measure, f"{row.value.value:{sign}.3f}", ends, line, f"{row.count:,}")
    console.print(table)
    for measure in dict.fromkeys(row.measure for row in found.rows):
        console.print(f"{measure}: {MEASURES[measure]}", style="dim", soft_wrap=True)
    forked = f", {found.forked} of them forked {found.forks} times at each speech" if found.forked else ""
    console.print(f"{found.games:,} games{forked}", style="dim", soft_wrap=True)
    for note in found.notes:
        notes.print(note, soft_wrap=True)
