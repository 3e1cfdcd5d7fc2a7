"""``lanista leaderboard``: a run's ratings in the terminal, as JSON, and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from lanista.cli.common import Json, console, folder_to_make, notes, print_result
from lanista.errors import UsageError


def add(app: typer.Typer) -> None:
    app.command(name="leaderboard")(leaderboard)


def leaderboard(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="A run's folder; several tournaments make one board.")
    ],
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Where the page goes; RUN/leaderboard.html if left out, and none of several runs."),
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Also save the rating plot as a picture.")] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="Write no page.")] = False,
    json: Json = False,
) -> None:
    """Rate the agents of a run: strengths with intervals, per side and role, pay-off matrix, every game to read."""
    if no_page and html is not None:
        raise UsageError("--no-page writes no page and --html says where to: give one of them")
    if png is not None and png.suffix.lower() != ".png":
        raise UsageError(f"--png writes a PNG picture, so its name ends in .png, not {png.name!r}")
    from lanista.leaderboards import board as boards
    from lanista.leaderboards import page, plots, skills, terminal
    from lanista.leaderboards.several import Several
    from lanista.runs import Run

    with ExitStack() as open_runs:
        opened = [open_runs.enter_context(Run.open(run)) for run in runs]
        store: Any = opened[0].store
        about = dict(opened[0].meta)
        if len(opened) > 1:
            store = Several(opened)
            about = {"runs": {str(run.path): run.meta["command"] for run in opened}}
        board = boards.board(store)
        analysis = skills.read(runs[0] / skills.FILE) if len(runs) == 1 else None
        board = skills.beside(board, analysis)
        if len(opened) > 1 and store.twice:
            note = f"{store.twice:,} games are in more than one of these runs and count once."
            board = replace(board, notes=(*board.notes, note))
        if about.get("kind") == "train":
            notes.print(
                f"{runs[0]} is a training run: its policies changed from game to game, so ratings say little. Hold a "
                f"tournament with lm:{runs[0]}/policies/NAME.",
                markup=False,
                soft_wrap=True,
            )
        if png is not None:
            plots.save_png(board, png)
        if json:
            print_result(board.to_json())
        else:
            terminal.show(board, console)
        if not no_page and (html is not None or (not json and len(runs) == 1)):
            to = html or runs[0] / "leaderboard.html"
            missing = folder_to_make(to)
            courses = analysis["courses"] if analysis is not None and board.skills else None
            written = page.write(board, store, to, about, courses=courses)
            if missing is not None:
                notes.print(f"made the folder {missing}", soft_wrap=True)
            notes.print(f"page: {written}", soft_wrap=True)
        if not json:
            for run in opened:
                _again(run.meta)


def _again(meta: Mapping[str, Any]) -> None:
    """What the result came from; the command in one line of its own, to be copied whole."""
    versions = ", ".join(f"{name} {number}" for name, number in meta["versions"].items())
    console.print(f"seed {meta['seed']} · {versions}", style="dim", soft_wrap=True)
    console.print(f"again: {meta['command']}", style="dim", soft_wrap=True)
