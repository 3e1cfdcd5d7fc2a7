"""Agents by name. Ours come in through the same entry-point group as everybody else's: ``lanista.agents``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from lanista.agents.contract import Agent
from lanista.arenas import registry
from lanista.errors import LanistaError, UsageError, suggest

GROUP = "lanista.agents"


def names() -> list[str]:
    """Every registered agent's name, sorted. Some take an argument, as in ``lm:tiny``."""
    return sorted(registry._entries(GROUP))


def make(spec: str, **options: Any) -> Agent:
    """The agent that ``name`` or ``name:argument`` describes; it goes by that spec in every table.

    The entry point is called as ``factory(**options)`` or ``factory(argument, **options)``. Raises UsageError for an
    unknown name (with a suggestion), and for an argument or option that the agent does not take.
    """
    name, colon, argument = spec.partition(":")
    factory = registry.load(GROUP, name, "agent")
    if not callable(factory):
        raise LanistaError(f"the entry point {name!r} of group {GROUP} is a {type(factory).__name__}, not callable")
    if colon and not argument:
        raise UsageError(f"agent {spec!r} ends in a colon: write {name!r} alone, or an argument after the colon")
    arguments = (argument,) if colon else ()
    _check_call(factory, name, arguments, options)
    agent: Agent = factory(*arguments, **options)
    agent.name = spec
    return agent


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
        raise UsageError(f"agent {name!r} needs an argument, as in {name}:ARGUMENT ({error})") from error
