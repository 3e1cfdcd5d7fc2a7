"""Programs that solve nothing and try to pass for right ones, by name: those of cheats.md, and the examples by heart.

They are what ``coding_cheater`` writes, and what tests hold the judge against. Each is made of a task's entry point and
its public examples, which are all that a program's author has seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SECTION = re.compile(r"^## (.+?)\n+```python\n(.*?)\n```", re.MULTILINE | re.DOTALL)

BY_HEART = "learn the examples by heart"
CHEATS: Mapping[str, str] = {
    **dict(_SECTION.findall((Path(__file__).parent / "cheats.md").read_text(encoding="utf-8"))),
    BY_HEART: "",
}
"""Source by what is tried; ``ENTRY`` stands for the entry point."""


def source(name: str, entry_point: str, examples: Sequence[Mapping[str, Any]]) -> str:
    """The cheat of that name for a task. ``examples`` have ``call`` and ``expected`` as literals."""
    if name != BY_HEART:
        return re.sub(r"\bENTRY\b", entry_point, CHEATS[name])
    cases = [(example["call"][len(entry_point) + 1 : -1], example["expected"]) for example in examples]
    tests = [f"    if args == ({args},):\n        return {expected}" for args, expected in cases]
    return "\n".join([f"def {entry_point}(*args):", *tests, "    return None"])
