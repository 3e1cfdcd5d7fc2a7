"""``lanista new-arena``: a complete small arena as a package of your own, to change into your game."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lanista.cli.common import Json, console, print_json


def add(app: typer.Typer) -> None:
    app.command(name="new-arena")(new_arena)


def new_arena(
    name: Annotated[str, typer.Argument(help="Its name: a Python package, an import and what every verb calls it.")],
    out: Annotated[Path | None, typer.Option("--out", help="The folder to write; ./NAME if left out.")] = None,
    json: Json = False,
) -> None:
    """Write a package with an arena of your own: rules, words, rewards, tests, entry point. It passes as it is."""
    from lanista import scaffold

    folder = out or Path(name)
    made = scaffold.write(name, folder)
    if json:
        print_json([str(path) for path in made])
        return
    for path in made:
        console.print(str(path), soft_wrap=True)
    for line in (
        "\nIt is a whole game already. Install it once, then change it:",
        f"  pip install -e '{folder}[test]'",
        f"  python -m pytest {folder}",
        f"  lanista play {name} --view above",
        f"  lanista tournament {name} --agents random --out runs/{name}",
    ):
        console.print(line, soft_wrap=True)
