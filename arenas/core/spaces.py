"""The one space of every seat: any text."""

from __future__ import annotations

import string
from typing import Any

from gymnasium.spaces import Text

_SAMPLED = "".join(c for c in string.printable if c.isprintable())
_SAMPLE_LENGTH = 32


class AnyText(Text):
    """Contains every string; samples up to 32 printable ASCII characters.

    gymnasium's own ``Text`` rejects the empty string, spaces and newlines, and takes seconds to build over Unicode.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(max_length=_SAMPLE_LENGTH, min_length=0, charset=_SAMPLED, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a string."""
        return isinstance(x, str)

    def __repr__(self) -> str:
        return "AnyText()"
