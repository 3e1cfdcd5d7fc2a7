"""``lanista arenas``: which games there are, and what one of them is made of."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

import typer

from lanista.cli.common import Json, console, print_json
from lanista.errors import LanistaError


def add(app: typer.Typer) -> None:
    app.command(name="arenas")(arenas)


def arenas(
    name: Annotated[str | None, typer.Argument(help="Show this arena in full.")] = None, json: Json = False
) -> None:
    """The arenas that can be played; with a name, its config, presets and reward terms."""
    from lanista.arenas import get, names

    if name is None:
        listed = [_brief(n) for n in names()]
        if json:
            print_json(listed)
            return
        from rich.table import Table

        table = Table("arena", "version", "hash", "what it is", box=None, pad_edge=False)
        for row in listed:
            table.add_row(
                row["name"], row.get("version", "—"), row.get("hash", "—"), row.get("summary", row.get("error"))
            )
        console.print(table)
        return
    arena = get(name)
    full: dict[str, Any] = {
        **_brief(name),
        "config": {
            f.name: {"default": getattr(arena.configure(), f.name), "help": f.metadata.get("help", "")}
            for f in fields(arena.config)
        },
        "presets": {preset: dict(weights) for preset, weights in arena.presets.items()},
        "team_terms": sorted(arena.team_terms),
        "retries": arena.retries,
    }
    if json:
        print_json(full)
        return
    console.print(f"[bold]{arena.name}[/] {arena.version} · hash {arena.hash()} · {arena.summary}\n")
    for key, value in full["config"].items():
        console.print(f"  [cyan]{key}[/] = {value['default']!r}  [dim]{value['help']}[/]")
    for preset, weights in arena.presets.items():
        console.print(f"\n  preset [bold]{preset}[/]")
        for term, weight in weights.items():
            paid = "team" if term in arena.team_terms else "individual"
            console.print(f"    {term:<20} {weight:+8g}  [dim]{paid}[/]")


def _brief(name: str) -> dict[str, Any]:
    from lanista.arenas import get

    try:
        arena = get(name)
    except LanistaError as error:
        # A plug-in that cannot be loaded is named with its error; the others are listed all the same.
        return {"name": name, "error": str(error)}
    return {"name": name, "version": arena.version, "hash": arena.hash(), "summary": arena.summary}
