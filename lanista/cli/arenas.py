"""``lanista arenas``: which games there are, and what one of them is made of."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import fields
from itertools import pairwise
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
        from rich.text import Text

        from lanista.terminal import Rows

        table = Rows("arena", "version", "hash", "what it is")
        for row in listed:
            said = Text(row["error"], style="red") if "error" in row else Text(row["summary"])
            table.add_row(row["name"], row.get("version", "—"), row.get("hash", "—"), said)
        console.print(table)
        return
    arena = get(name)
    default, help_ = arena.configure(), _help(arena.config)
    full: dict[str, Any] = {
        **_brief(name),
        "config": {
            f.name: _setting(f.default, getattr(default, f.name), f.metadata.get("help") or help_.get(f.name, ""))
            for f in fields(arena.config)
        },
        "presets": {preset: dict(weights) for preset, weights in arena.presets.items()},
        "team_terms": sorted(arena.team_terms),
        "retries": arena.retries,
        "baseline": arena.baseline,
        "degenerate_bound": arena.degenerate_bound,
        "metrics": dict(arena.metrics),
        "success": arena.success,
        "teachers": list(arena.teachers or (arena.baseline,)),
    }
    if json:
        print_json(full)
        return
    from rich.text import Text

    console.print(Text.assemble((arena.name, "bold"), f" {arena.version} · hash {arena.hash()} · {arena.summary}"))
    console.print()
    for key, value in full["config"].items():
        left = f", which makes it {value['becomes']!r} here" if "becomes" in value else ""
        console.print(Text.assemble("  ", (key, "cyan"), f" = {value['default']!r}{left}  ", (value["help"], "dim")))
    for preset, weights in arena.presets.items():
        console.print()
        console.print(Text.assemble("  preset ", (preset, "bold")))
        longest = max(map(len, weights))
        for term, weight in weights.items():
            paid = "team" if term in arena.team_terms else "individual"
            console.print(Text.assemble(f"    {term:<{longest}} {weight:+8g}  ", (paid, "dim")))
    if arena.metrics:
        console.print()
        console.print("  what boards show")
    for metric, about in arena.metrics.items():
        done = " (pass^k counts it)" if metric == arena.success else ""
        console.print(Text.assemble(f"    {metric:<{max(map(len, arena.metrics))}} ", (about + done, "dim")))
    bound = "" if arena.degenerate_bound is None else f"; play without judgement stays under {arena.degenerate_bound}"
    console.print()
    console.print(f"  scripted baseline {arena.baseline}{bound}")


def _setting(declared: Any, made: Any, said: str) -> dict[str, Any]:
    """A key's default and help; ``becomes`` where what is left at None follows from the other keys."""
    if declared is None and made is not None:
        return {"default": None, "becomes": made, "help": said}
    return {"default": made, "help": said}


def _help(config: type) -> dict[str, str]:
    """What a config class says of its fields in the strings below them, by field."""
    try:
        (made,) = ast.parse(textwrap.dedent(inspect.getsource(config))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # made at run time, or installed without its source
        return {}
    body = made.body if isinstance(made, ast.ClassDef) else []
    return {
        field.target.id: " ".join(said.value.value.replace("``", "").split())
        for field, said in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    }


def _brief(name: str) -> dict[str, Any]:
    from lanista.arenas import get

    try:
        arena = get(name)
    except LanistaError as error:
        # A plug-in that cannot be loaded is named with its error; the others are listed all the same.
        return {"name": name, "error": str(error)}
    return {"name": name, "version": arena.version, "hash": arena.hash(), "summary": arena.summary}
