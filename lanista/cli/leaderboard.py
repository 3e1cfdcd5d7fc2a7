"""``lanista leaderboard``: a run's ratings in the terminal, as JSON, and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lanista.cli.common import Json, console, notes, print_result
from lanista.errors import UsageError


def add(app: typer.Typer) -> None:
    app.command(name="leaderboard")(leaderboard)


def leaderboard(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    html: Annotated[
        Path | None, typer.Option("--html", help="Where the page goes; RUN/leaderboard.html if left out.")
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Also save the rating plot as a picture.")] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="Write no page.")] = False,
    json: Json = False,
) -> None:
    """Rate the agents of a run: strengths with intervals, per side and role, pay-off matrix, every game to read."""
    if png is not None and png.suffix.lower() != ".png":
        raise UsageError(f"--png writes a PNG picture, so its name ends in .png, not {png.name!r}")
    from lanista.leaderboards import board as boards
    from lanista.leaderboards import page, plots, terminal
    from lanista.runs import Run

    with Run.open(run) as opened:
        board = boards.board(opened.store)
        if opened.meta["kind"] == "train":
            notes.print(
                f"{run} is a training run: its policies changed from game to game, so ratings say little. Hold a "
                f"tournament with lm:{run}/policies/NAME.",
                markup=False,
                soft_wrap=True,
            )
        if png is not None:
            plots.save_png(board, png)
        if json:
            print_result(board.to_json())
        else:
            terminal.show(board, console)
        if not no_page and (html is not None or not json):
            written = page.write(board, opened.store, html or run / "leaderboard.html", opened.meta)
            notes.print(f"page: {written}", soft_wrap=True)
        if not json:
            versions = ", ".join(f"{name} {number}" for name, number in opened.meta["versions"].items())
            console.print(f"seed {opened.meta['seed']} · {versions}", style="dim")
            console.print(f"again: {opened.meta['command']}", style="dim")
