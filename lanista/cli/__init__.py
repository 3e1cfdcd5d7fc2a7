"""The command line: ``lanista VERB …``, a file per verb. ``lanista --help`` loads no arena, no torch, no pandas."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from lanista import __version__
from lanista.cli import (
    agents,
    analyse,
    arenas,
    demo,
    doctor,
    evaluate,
    exploit,
    export,
    leaderboard,
    models,
    new_arena,
    play,
    plug_ins,
    rate,
    replay,
    tournament,
    train,
)
from lanista.cli.common import ClickException, fail
from lanista.errors import LanistaError, UsageError
from lanista.terminal import READER_GONE, reader_gone

app = typer.Typer(
    name="lanista",
    help="Multi-agent arenas for language-model agents: play, train by self-play, and rank with intervals.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    demo,
    play,
    tournament,
    leaderboard,
    replay,
    analyse,
    rate,
    export,
    train,
    evaluate,
    exploit,
    models,
    arenas,
    agents,
    new_arena,
    doctor,
):
    module.add(app)
_OURS = frozenset(
    [command.name or "" for command in app.registered_commands] + [group.name or "" for group in app.registered_groups]
)
plug_ins.add(app, _OURS)


def _version(value: bool) -> None:
    if value:
        print(f"lanista {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 for a failure, 2 for usage, 130 after Ctrl-C, 141 where
    whoever read the output is gone. One line says what is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character shows a mark instead
    try:
        _need_text(sys.argv[1:] if arguments is None else arguments)
        code = app(arguments, standalone_mode=False)
    except ClickException as error:
        message = error.format_message()  # type: ignore[attr-defined]
        sys.exit(fail(message, 2) if message else 2)  # a command without its verb has printed its help, and that is all
    except LanistaError as error:
        sys.exit(fail(str(error), error.code))
    except ModuleNotFoundError as error:
        extra = doctor.extra_of(error.name)
        if extra is None:
            raise
        sys.exit(fail(f"this needs {error.name}, which is not installed: pip install 'lanista[{extra}]'", 1))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(fail("stopped", 130))
    except (SystemExit, BrokenPipeError) as error:
        if not reader_gone(error):
            raise
        # Nothing is left to say, nor anywhere to say it: not what is still in the buffer either.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError, AttributeError):
                os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        sys.exit(READER_GONE)
    except OSError as error:
        if error.errno is None:
            raise
        sys.exit(fail(f"{error.strerror}: {error.filename}" if error.filename else str(error), 1))
    if code == 130:  # typer turns Ctrl-C into this code without a word
        sys.exit(fail("stopped", 130))
    sys.exit(code if isinstance(code, int) else 0)


def _need_text(words: list[str]) -> None:
    """Refuse arguments that are no text: neither ``run.json`` nor a database's URL can hold them."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{word!r} is not UTF-8 text: give names without such bytes") from None


__all__ = ["app", "main"]
