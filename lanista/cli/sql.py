"""``lanista sql``: question files for the arena text_to_sql."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lanista.cli.common import Json, console, print_json

sql = typer.Typer(help="Question files for the arena text_to_sql.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    app.add_typer(sql, name="sql")


@sql.callback()
def _group() -> None:
    """Question files for the arena text_to_sql."""


@sql.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines with the fields of Spider or BIRD.")],
    db: Annotated[Path, typer.Option("--db", metavar="FOLDER", help="The folder of their SQLite files.")],
    json: Json = False,
) -> None:
    """Run the gold queries of a questions file in the sandbox; exits 0 only if every one gives a result."""
    from lanista.arenas.text_to_sql.files import verify as run

    found = run(file, db)
    count = len(found.cases) + len(found.failed)
    if json:
        print_json({"verified": len(found.cases), "questions": count, "failed": dict(found.failed)})
    else:
        for name, why in found.failed.items():
            console.print(f"failed {name}: {why}", soft_wrap=True, markup=False)
        console.print(f"verified {len(found.cases)}/{count}", soft_wrap=True)
    if found.failed:
        raise typer.Exit(1)
