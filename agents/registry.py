"""Agents by name. Ours come in through the same entry-point group as everybody else's: ``lanista.agents``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lanista.agents.contract import Agent
from lanista.agents.guard import close
from lanista.arenas.core import registry
from lanista.errors import LanistaError, UsageError, suggest

GROUP = "lanista.agents"


def names() -> list[str]:
    """Every registered agent's name, sorted. Some take an argument, as in ``lm:tiny``."""
    return sorted(registry._entries(GROUP))


def make(spec: str, *, arena: str | None = None, **options: Any) -> Agent:
    """The agent that ``name`` or ``name:argument`` describes; it goes by that spec in every table.

    The entry point is called as ``factory(**options)`` or ``factory(argument, **options)``. Raises UsageError for an
    unknown name (with a suggestion), for an argument or option that the agent does not take, and where it says that it
    ``plays`` another arena than ``arena``; LanistaError for a plug-in that is broken. A factory with a keyword
    ``seated_in`` is told the arena's name.
    """
    name, colon, argument = spec.partition(":")
    factory = registry.load(GROUP, name, "agent")
    if not callable(factory):
        raise LanistaError(f"the entry point {name!r} of group {GROUP} is a {type(factory).__name__}, not callable")
    if colon and not argument:
        alone = f"write {name!r} alone, or " if _takes(factory, ()) else ""
        raise UsageError(f"agent {spec!r} ends in a colon: {alone}give an argument, as in {form(name, factory)}")
    arguments = (argument,) if colon else ()
    _check_call(factory, name, arguments, options)
    if arena is not None and _wants_arena(factory):
        options = {"seated_in": arena, **options}
    try:
        agent: Agent = factory(*arguments, **options)
    except LanistaError:
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        raise LanistaError(f"the agent {spec!r} cannot be made: {type(error).__name__}: {said}") from error
    lacking = [part for part in _PARTS if not hasattr(agent, part)]
    if lacking:
        raise LanistaError(f"what the agent {spec!r} makes is a {type(agent).__name__} without {', '.join(lacking)}")
    plays = getattr(agent, "plays", None)
    if arena is not None and plays not in (None, arena):
        close(agent)
        raise UsageError(f"agent {spec!r} plays {plays} and nothing else: it cannot sit down in {arena}")
    agent.name = spec
    return agent


def in_python(specs: Sequence[str], python: str | None) -> list[str]:
    """The specs, with ``python`` as the interpreter of programs that name none.

    Raises UsageError where none of them is a program.
    """
    if python is None:
        return list(specs)
    if not any(spec.startswith("program:") for spec in specs):
        raise UsageError(
            f"--seat-python {python} is the interpreter of programs, and none of {', '.join(specs)} is one: write "
            "program:PATH.py:FACTORY or program:MODULE:FACTORY"
        )
    written = python.replace("%", "%25").replace("&", "%26").replace("?", "%3F")
    found = []
    for spec in specs:
        _, _, options = spec.partition("?")
        names = [pair.partition("=")[0] for pair in options.split("&")]
        if spec.startswith("program:") and "python" not in names:
            spec = f"{spec}{'&' if options else '?'}python={written}"
        found.append(spec)
    return found


def form(name: str, factory: object) -> str:
    """How the agent is written: ``name``, or with its argument, as its docstring writes it (``openai:MODEL@URL``)."""
    written = re.search(rf"``({re.escape(name)}:[^`\s]+)``", inspect.getdoc(factory) or "")
    if written:
        return written[1]
    try:
        parameters = inspect.signature(factory).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return name
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    argument = next((p.name for p in parameters if p.kind in positional), None)
    return f"{name}:{argument.upper()}" if argument else name


def _wants_arena(factory: Callable[..., Any]) -> bool:
    try:
        return "seated_in" in inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return False


_PARTS = ("answer", "forget", "close", "time_limit_s", "batched")


def _takes(factory: Callable[..., Any], arguments: tuple[str, ...]) -> bool:
    try:
        inspect.signature(factory).bind(*arguments)
    except (TypeError, ValueError):
        return False
    return True


def _check_call(factory: Callable[..., Any], name: str, arguments: tuple[str, ...], options: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(factory)
    except ValueError:  # some callables written in C have none; calling them will tell
        return
    parameters = signature.parameters.values()
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for option in options:
        if not open_ended and option not in known:
            raise UsageError(
                f"agent {name!r} has no option {option!r}{suggest(option, known)} "
                f"(it has: {', '.join(known) or 'none'})"
            )
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        if arguments:
            raise UsageError(f"agent {name!r} takes no argument: write {name!r}, not {name}:{arguments[0]}") from error
        raise UsageError(f"agent {name!r} needs an argument, as in {form(name, factory)} ({error})") from error
