"""``lanista agents``: who can sit in a seat."""

from __future__ import annotations

from typing import Any

import typer

from lanista.cli.common import Json, console, print_json
from lanista.errors import LanistaError


def add(app: typer.Typer) -> None:
    app.command(name="agents")(agents)


def agents(json: Json = False) -> None:
    """The agents that can be seated, by the name that ``--agents`` takes."""
    from rich.text import Text

    from lanista.agents.registry import names
    from lanista.terminal import Rows

    rows = [_describe(name) for name in names()]
    if json:
        print_json(rows)
        return
    table = Rows("agent", "who it is")
    for row in rows:
        said = Text(row["error"], style="red") if "error" in row else Text(row["summary"])
        table.add_row(Text(row["spec"]), said)
    console.print(table)


def _describe(name: str) -> dict[str, Any]:
    import inspect

    from lanista.agents.registry import GROUP, form
    from lanista.arenas.core.registry import load

    try:
        factory = load(GROUP, name, "agent")
    except LanistaError as error:
        # A plug-in that cannot be loaded is named with its error; the others are listed all the same.
        return {"name": name, "spec": name, "error": str(error)}
    summary = (inspect.getdoc(factory) or "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    return {"name": name, "spec": form(name, factory), "summary": summary}
