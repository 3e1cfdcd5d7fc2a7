"""What ``lanista new-arena`` writes: a small complete arena as a package of its own.

``my_arena/`` is that arena, and it is checked here like any other code. Writing it out is copying it with another name.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from importlib.resources import files
from pathlib import Path

from lanista.arenas.core import registry
from lanista.errors import UsageError

TEMPLATE = "my_arena"
"""The name that every file and every text of the template has in place of the arena's."""

_MODULES = ("__init__.py", "rules.py", "words.py", "rewards.py")
_OTHERS = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    f"tests/test_{TEMPLATE}.py": f"test_{TEMPLATE}.py.txt",
}


def texts(name: str) -> dict[str, str]:
    """Every file of the package of an arena called ``name``: its text by its path."""
    here = files(__name__)
    found = {f"src/{TEMPLATE}/{module}": here.joinpath(TEMPLATE, module) for module in _MODULES}
    found |= {path: here.joinpath("files", source) for path, source in _OTHERS.items()}
    return {path.replace(TEMPLATE, name): f.read_text("utf-8").replace(TEMPLATE, name) for path, f in found.items()}


def write(name: str, out: Path) -> list[Path]:
    """Write the package of an arena called ``name`` into the new folder ``out``. Returns the files.

    Raises UsageError for a name that cannot be one or is taken, and for a folder that is there.
    """
    check(name)
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out} exists already: choose another --out, or another name")
    made = []
    for path, text in texts(name).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
        made.append(out / path)
    return made


def check(name: str) -> None:
    """Raises UsageError where no new arena can have this name: it becomes a package, an import and an entry point."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} cannot be an arena's name: it becomes a Python package, so take up to 40 lower-case letters, "
            "digits and underscores, a letter first, and no word of Python's own"
        )
    if name in registry.names():
        raise UsageError(f"there is an arena {name!r} already (`lanista arenas` lists them): choose another name")
    if name in sys.stdlib_module_names or _importable(name):
        raise UsageError(f"Python imports another package as {name!r}, which yours would hide: choose another name")


def _importable(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None
