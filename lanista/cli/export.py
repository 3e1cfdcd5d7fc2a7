"""``lanista export``: a run's episodes, turns and rewards as JSON lines or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lanista.cli.common import Json, console, folder_to_make, notes, print_json
from lanista.errors import LanistaError, UsageError


def add(app: typer.Typer) -> None:
    app.command(name="export")(export)


def export(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[
        Path, typer.Option("--out", help="FILE.jsonl: whole episodes. FILE.parquet or a folder: see docs/store.md.")
    ],
    json: Json = False,
) -> None:
    """Write a run's games to files that other tools read. A damaged game is left out, and named at the end."""
    from lanista.runs import Run

    if out.resolve() == run.resolve():
        raise UsageError(f"{out} is the run's own folder: choose another --out, so that a run holds nothing but itself")
    damaged: dict[str, LanistaError] = {}
    missing = folder_to_make(out)
    with Run.open(run) as opened:
        written = opened.store.export(out, damaged.__setitem__)
    if missing is not None:
        notes.print(f"made the folder {missing}", soft_wrap=True)
    if json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            console.print(f"wrote {path}")
    if damaged:
        raise LanistaError(
            f"{len(damaged)} of the run's games cannot be read and were left out ({', '.join(list(damaged)[:10])}): "
            f"{next(iter(damaged.values()))}; the others were written"
        )
