"""Config as frozen dataclasses: one per concern, with a help line, limits and old names under each field.

The command line, the files of ``--config`` and ``run.json`` are all generated from these fields, so they cannot drift.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import lru_cache
from types import NoneType
from typing import Any, Self, get_args, get_origin, get_type_hints

from lanista.errors import UsageError, suggest


def option(
    default: Any,
    help_: str,
    *,
    least: float | None = None,
    choices: tuple[str, ...] | None = None,
    flag: str | None = None,
    was: tuple[str, ...] = (),
) -> Any:
    """A dataclass field. ``least``: the smallest value; ``flag``: its name on the command line where that differs from
    the field's; ``was``: earlier flat names, which go on working."""
    metadata = {"help": help_, "least": least, "choices": choices, "flag": flag, "was": was}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A group of options. Raises UsageError, naming the option and its value, for values that cannot be."""

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for f in fields(self):
            object.__setattr__(self, f.name, _checked(f, _hints(kind)[f.name], getattr(self, f.name)))

    def to_json(self) -> dict[str, Any]:
        """Every field as a plain JSON value."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        plain: dict[str, Any] = json.loads(json.dumps({n: _plain(v) for n, v in values.items()}))
        return plain

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """The inverse. Raises UsageError for a key that is no field; ``where`` names the section in it."""
        known = {f.name for f in fields(cls)}
        for name in values:
            if name not in known:
                of = f"in [{where}] " if where else ""
                raise UsageError(
                    f"unknown option {name!r} {of}{suggest(name, known)}".rstrip().replace(" ;", ";")
                    + f" (there is: {', '.join(sorted(known))})"
                )
        return cls(**values)


def default(f: Field[Any]) -> Any:
    """A field's default value."""
    return f.default if f.default_factory is MISSING else f.default_factory()


def flag(f: Field[Any]) -> str:
    """A field's name on the command line, without dashes in front: ``learning-rate``."""
    return (f.metadata["flag"] or f.name).replace("_", "-")


def is_list(f: Field[Any]) -> bool:
    """Whether the option is a list of names, which the command line takes separated by commas."""
    return isinstance(default(f), tuple)


def is_table(f: Field[Any]) -> bool:
    """Whether the option is a table, which the command line takes as KEY=VALUE."""
    return isinstance(default(f), Mapping)


@lru_cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _checked(f: Field[Any], hint: Any, value: Any) -> Any:
    """The value as the field's type. Raises UsageError where it is none."""
    name, least, choices = f.name, f.metadata["least"], f.metadata["choices"]
    if is_list(f):
        if float in get_args(hint):
            return _numbers(name, value)
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise UsageError(f"{name} is a list of names, not {_called(value)}")
        return tuple(value)
    kinds = get_args(hint) if NoneType in get_args(hint) else (hint,)
    if value is None and NoneType in kinds:
        return None
    kind = next(k for k in kinds if k is not NoneType)
    if get_origin(kind) is not None or kind is Any:
        if is_table(f) and not isinstance(value, Mapping):
            raise UsageError(f"{name} is a table of KEY=VALUE, not {_called(value)}")
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UsageError(f"{name} is {_KINDS.get(kind, kind.__name__)}, not {_called(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name} is a finite number, not {value!r}")
    if choices is not None and value not in choices:
        raise UsageError(f"{name} is one of {', '.join(choices)}, not {value!r}{suggest(str(value), choices)}")
    if least is not None and not value >= least:
        raise UsageError(f"{name} is at least {least:g}, not {value!r}")
    return value


def _numbers(name: str, value: Any) -> tuple[float, ...]:
    """A list of numbers, which the command line hands over as texts; one number is a list of one."""
    found = []
    for each in value if isinstance(value, (list, tuple)) else [value]:
        try:
            if isinstance(each, bool):
                raise TypeError
            number = float(each)
        except (TypeError, ValueError):
            raise UsageError(f"{name} is a list of numbers, not {_called(value)}") from None
        if not math.isfinite(number):
            raise UsageError(f"{name} is a list of finite numbers, not {_called(value)}")
        found.append(number)
    return tuple(dict.fromkeys(found))


_KINDS: dict[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _called(value: Any) -> str:
    return f"the text {value!r}" if isinstance(value, str) else repr(value)
