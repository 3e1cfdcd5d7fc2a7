"""Errors a user can do something about. The command line prints them as one line and exits with ``code``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LanistaError(Exception):
    """Something went wrong that a clear sentence explains. Exit code 1."""

    code = 1


class UsageError(LanistaError, ValueError):
    """The user asked for something that does not exist or cannot be. Exit code 2."""

    code = 2


class Unavailable(LanistaError):
    """Something outside the game is gone for now: an agent's server, its key, the machine's memory. Exit code 1.

    An agent that raises it has not forfeited: the game is suspended, to be played when that something is back. Where
    an agent answers several questions at once it may also give one in the place of an answer.
    """

    agent: str | None = None
    """Whose fault outside of it this is, once the runner knows."""


class Stopped(LanistaError):
    """The user stopped a run that ``--resume`` continues. Exit code 130, as a shell gives for Ctrl-C."""

    code = 130


def suggest(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'werewolf'?`` where a known name is close, else the empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
