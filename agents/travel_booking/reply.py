"""Replies in the one form the arena writes them in: short and always the same, so that a model can learn them."""

from __future__ import annotations

import json
from typing import Any


def say(tool: str, /, **arguments: Any) -> str:
    """``tool {"argument": value}``, keys sorted; ``tool {}`` where it takes nothing."""
    return f"{tool} {json.dumps(arguments, sort_keys=True, ensure_ascii=False)}"
