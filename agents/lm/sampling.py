"""How a reply is sampled: one value that goes whole from a spec, a training run or a saved policy to the backend.

A new option is a field here and its arithmetic in a backend; specs, command lines and saved policies read the fields.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from lanista.errors import UsageError, suggest


def _option(default: Any, help_: str) -> Any:
    return field(default=default, metadata={"help": help_, "least": None, "choices": None})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """Options of sampling a reply. Raises UsageError for values that cannot be.

    The distribution sampled from is the model's own at ``temperature``, then cut to ``top_k``, then to ``top_p``, and
    scaled to sum to one again; log-probabilities are reported under that distribution. Where something was cut off,
    importance ratios against a model that is not cut alike are biased, unless the loss knows the cut.
    """

    temperature: float = _option(1.0, "1: the model's own distribution; 0: the likeliest token")
    top_p: float = _option(1.0, "sample among the likeliest tokens that together have this probability; 1: all")
    top_k: int = _option(0, "sample among this many of the likeliest tokens; 0: all")
    max_new_tokens: int = _option(64, "longest reply in tokens")
    stop: tuple[str, ...] = _option((), "texts that end a reply once it holds one; the reply's text ends before it")
    seed: int | None = _option(None, "mixed into every seat's own seed: other draws in the same games")

    def __post_init__(self) -> None:
        for name, least, most in (("temperature", 0.0, math.inf), ("top_p", 0.0, 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise UsageError(f"{name} is a number, not {value!r}")
            if not least <= value <= most:
                raise UsageError(f"{name} is {'0 or more' if most > 1 else 'above 0 and at most 1'}, not {value!r}")
            object.__setattr__(self, name, float(value))
        if self.top_p == 0:
            raise UsageError("top_p is above 0 and at most 1, not 0.0 (temperature 0 takes the likeliest token)")
        for name, smallest in (("top_k", 0), ("max_new_tokens", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise UsageError(f"{name} is a whole number, not {value!r}")
            if value < smallest:
                raise UsageError(f"{name} is at least {smallest}, not {value!r}")
        stop: Any = self.stop
        if not isinstance(stop, (tuple, list)) or not all(isinstance(text, str) and text for text in stop):
            raise UsageError(f"stop is a list of texts, none of them empty, not {stop!r}")
        object.__setattr__(self, "stop", tuple(stop))
        if self.seed is not None and (isinstance(self.seed, bool) or not isinstance(self.seed, int)):
            raise UsageError(f"seed is a whole number or nothing, not {self.seed!r}")

    @property
    def cut(self) -> bool:
        """Whether part of the distribution is left out, so that importance ratios are biased."""
        return self.top_p < 1 or self.top_k > 0 or self.temperature == 0

    def to_json(self) -> dict[str, Any]:
        """Every field as a plain JSON value."""
        return {f.name: list(v) if isinstance(v := getattr(self, f.name), tuple) else v for f in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Sampling:
        """The inverse; what is missing is at its default. Raises UsageError for a key that is no field."""
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known:
                raise UsageError(f"unknown sampling option {name!r}{suggest(name, known)} (it is {', '.join(known)})")
        return cls(**values)


DEFAULT = Sampling()
