"""Options of a language model in a seat, as they can be written into its spec: ``lm:tiny?mode=score&temperature=0``.

An agent's own, those of ``Sampling``, and those of the backend: the keyword-only parameters of its factory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from lanista.agents.lm import backends
from lanista.agents.lm.sampling import Sampling
from lanista.errors import UsageError, suggest


def _flag(text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return known[text.lower()]


Reader = Callable[[str], Any]

_KINDS = {_flag: "true or false", int: "a whole number", float: "a number"}


def _reader(hint: Any) -> Reader:
    """How a value of an annotation is read: of ``int | None`` as ``int``, of a tuple of texts one text at a time."""
    kind = next((kind for kind in (bool, int, float, str) if kind is hint or kind in get_args(hint)), str)
    return _flag if kind is bool else kind


SAMPLING: dict[str, Reader] = {f.name: _reader(get_type_hints(Sampling)[f.name]) for f in fields(Sampling)}

AGENT: dict[str, Reader] = {
    "adapter": str,
    "backend": str,
    "few_shot": _flag,
    "mode": str,
    "overflow": str,
    "system": str,
    "thinking": _flag,
}
"""How each option of the agent itself is read."""

LISTS = frozenset(f.name for f in fields(Sampling) if isinstance(f.default, tuple))
"""Options that may be written several times."""

IN_CODE = frozenset({"examples", "ref", "sampling"})
"""Options that a spec has no room for."""


def written(backend: str = backends.DEFAULT) -> dict[str, Reader]:
    """How each option that can be written is read. Raises UsageError for a backend there is not."""
    return {**{name: _reader(hint) for name, hint in backends.options(backend).items()}, **SAMPLING, **AGENT}


def split(argument: str, named: Iterable[str] = (), backend: str | None = None) -> tuple[str, dict[str, Any]]:
    """The model and the options that an argument such as ``tiny?temperature=0`` holds. Raises UsageError.

    ``named``: options given by name in code, whose names are checked too; ``backend``: the one named there.
    """
    model, _, rest = argument.partition("?")
    pairs = [pair.partition("=") for pair in rest.split("&") if pair]
    said = next((value for name, equals, value in pairs if name == "backend" and equals), backends.DEFAULT)
    readers = written(backend or said)
    for name in named:
        check(name, readers)
    options: dict[str, Any] = {}
    for name, equals, value in pairs:
        check(name, readers)
        if not equals or name in IN_CODE:
            pair = name + equals + value
            raise UsageError(f"an option in a spec is written name=value, as in lm:{model}?temperature=0, not {pair!r}")
        try:
            read = readers[name](value)
        except (ValueError, KeyError):
            raise UsageError(f"the option {name} of lm:{model} is {_KINDS[readers[name]]}, not {value!r}") from None
        options[name] = (*options.get(name, ()), read) if name in LISTS else read
    return model, options


def check(name: str, readers: Iterable[str]) -> None:
    """Raises UsageError for an option that there is not."""
    known = [*readers, *IN_CODE]
    if name not in known:
        raise UsageError(
            f"a language model has no option {name!r}{suggest(name, known)} (it has: {', '.join(sorted(known))})"
        )
