"""Commands of other packages, and of our own arenas: the entry-point group ``lanista.commands``.

An entry point refers to a function ``add(app)`` that adds its command, or a group of them, to a ``typer.Typer``. It is
loaded whenever the command line starts, so its module should import little at the top. A broken one breaks its own
name alone: that verb says in one line what is wrong, and all others work.
"""

from __future__ import annotations

from typing import Any

import typer

from lanista.arenas.core import registry
from lanista.errors import LanistaError

GROUP = "lanista.commands"


def add(app: typer.Typer, ours: frozenset[str]) -> None:
    """Add every registered command. ``ours``: the names of the verbs that nobody else may take."""
    for name in registry.names(GROUP):
        try:
            if name in ours:
                raise LanistaError(f"the command {name!r} of another package has the name of one of Lanista's own")
            made: Any = registry.load(GROUP, name, "command")
            if not callable(made):
                raise LanistaError(f"the command {name!r} is a {type(made).__name__}, not a function add(app)")
            made(app)
        except LanistaError as error:
            if name not in ours:
                _broken(app, name, error)
        except Exception as error:
            said = " ".join(str(error).split())
            _broken(app, name, LanistaError(f"the command {name!r} cannot be added: {type(error).__name__}: {said}"))


def _broken(app: typer.Typer, name: str, error: LanistaError) -> None:
    """A verb of that name which only says what is wrong with it."""

    @app.command(
        name=name,
        help="(cannot be loaded; `lanista doctor` says why)",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def broken(context: typer.Context) -> None:
        raise error
