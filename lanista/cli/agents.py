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
    from rich.table import Table

    from lanista.agents.registry import names

    rows = [_describe(name) for name in names()]
    if json:
        print_json(rows)
        return
    table = Table("agent", "who it is", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["spec"], row.get("summary") or f"[red]{row['error']}[/]")
    console.print(table)


def _describe(name: str) -> dict[str, Any]:
    import inspect

    from lanista.agents.registry import GROUP
    from lanista.arenas.registry import load

    try:
        factory = load(GROUP, name, "agent")
    except LanistaError as error:
        return {"name": name, "spec": name, "error": str(error)}
    argument = next(
        (
            p.name
            for p in inspect.signature(factory).parameters.values()  # type: ignore[arg-type]
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ),
        None,
    )
    summary = (inspect.getdoc(factory) or "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    return {"name": name, "spec": f"{name}:{argument.upper()}" if argument else name, "summary": summary}
