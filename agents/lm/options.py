"""Options of a language model in a seat, as they can be written into its spec: ``lm:tiny?mode=score&temperature=0``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanista.errors import UsageError, suggest


def _flag(text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return known[text.lower()]


WRITTEN: dict[str, Callable[[str], Any]] = {
    "adapter": str,
    "arena": str,
    "batch_size": int,
    "cache": str,
    "context": int,
    "device": str,
    "dtype": str,
    "few_shot": _flag,
    "max_new_tokens": int,
    "mode": str,
    "overflow": str,
    "system": str,
    "temperature": float,
}
"""How each option is read."""

IN_CODE = frozenset({"examples"})
"""Options that a spec has no room for."""


def split(argument: str) -> tuple[str, dict[str, Any]]:
    """The model and the options that an argument such as ``tiny?temperature=0`` holds. Raises UsageError."""
    model, _, rest = argument.partition("?")
    options: dict[str, Any] = {}
    for pair in filter(None, rest.split("&")):
        name, equals, value = pair.partition("=")
        check(name)
        if not equals or name in IN_CODE:
            raise UsageError(f"an option in a spec is written name=value, as in lm:{model}?temperature=0, not {pair!r}")
        try:
            options[name] = WRITTEN[name](value)
        except (ValueError, KeyError):
            kind = {_flag: "true or false", int: "a whole number", float: "a number"}[WRITTEN[name]]
            raise UsageError(f"the option {name} of lm:{model} is {kind}, not {value!r}") from None
    return model, options


def check(name: str) -> None:
    """Raises UsageError for an option that there is not."""
    known = [*WRITTEN, *IN_CODE]
    if name not in known:
        raise UsageError(
            f"a language model has no option {name!r}{suggest(name, known)} (it has: {', '.join(sorted(known))})"
        )
