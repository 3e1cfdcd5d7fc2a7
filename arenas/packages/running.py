"""Packages as programs: our own in this process, a team's as one program for the sandbox."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from lanista.arenas.coding.tasks.checkers import check
from lanista.arenas.packages.parts import HEAVY, PARTS

MANY = 4000
"""Groups of the call that must be quick."""

CPU_S = 0.5
"""CPU seconds of a run: a quick package needs a twentieth of it for MANY groups."""

_PROGRAM = '''\
import sys, types

class _Package:
    """Finds the modules of the package, so that they import each other as files would."""

    sources = {sources!r}

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls.sources:
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, cls)
        return None

    @staticmethod
    def create_module(spec):
        return None

    @classmethod
    def exec_module(cls, module):
        exec(compile(cls.sources[module.__name__], module.__name__ + ".py", "exec"), module.__dict__)


sys.meta_path.insert(0, _Package)
for _name in _Package.sources:
    __import__(_name)


def call(where, args):
    module, function = where.split(".")
    return getattr(sys.modules[module], function)(*args)


def heavy(many):
    rows = [("name", f"g{{i * 7919 % many}}", i % 97, 1) for i in range(many)]
    pairs = sys.modules["{heavy}"].totals(rows)
    return sum(i * amount + len(group) for i, (group, amount) in enumerate(pairs))
'''


def program(files: Mapping[str, str]) -> str:
    """One program that loads the files as modules and has ``call(where, args)`` and ``heavy(many)``."""
    return _PROGRAM.format(sources=dict(files), heavy=HEAVY)


# Our own packages, in this process


class Package:
    """A loaded package of our own sources."""

    def __init__(self, files: Mapping[str, str], beside: Mapping[str, dict[str, Any]] | None = None) -> None:
        self.modules: dict[str, dict[str, Any]] = dict(beside or {})
        for module, source in files.items():
            space: dict[str, Any] = {}
            for part in PARTS[:-1]:
                if part.module in self.modules:
                    space[part.function] = self.modules[part.module][part.function]
            exec(_compiled(_without_imports(source), module), space)
            self.modules[module] = space

    def but(self, module: str, source: str) -> Package:
        """The same package with another text of one file, which no other file but the last imports."""
        return Package({module: source}, self.modules)

    def call(self, where: str, args: Sequence[Any]) -> Any:
        """What a function gives for a copy of the arguments."""
        module, function = where.split(".")
        return self.modules[module][function](*(list(value) if isinstance(value, list) else value for value in args))


def load(files: Mapping[str, str]) -> Package:
    """A package of our own sources, in the order of the pipeline."""
    return Package(files)


@lru_cache(maxsize=4096)
def _compiled(source: str, module: str) -> types.CodeType:
    return compile(source, f"{module}.py", "exec")


def _without_imports(source: str) -> str:
    return "".join(line for line in source.splitlines(keepends=True) if not line.startswith("from "))


def answers(files: Mapping[str, str], calls: Sequence[tuple[str, tuple[Any, ...]]]) -> tuple[Any, ...]:
    """What our own sources answer."""
    package = load(files)
    return tuple(package.call(where, args) for where, args in calls)


def heavy(files: Mapping[str, str]) -> int:
    """What our own, quick sources answer to many groups."""
    rows = [("name", f"g{i * 7919 % MANY}", i % 97, 1) for i in range(MANY)]
    pairs = load(files).call(f"{HEAVY}.totals", (rows,))
    return sum(i * amount + len(group) for i, (group, amount) in enumerate(pairs))


def differ(one: Package, other: Package, where: str, args: tuple[Any, ...]) -> bool:
    """Whether two packages answer a call differently."""
    return not same(one.call(where, args), other.call(where, args))


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in type and value."""
    return check("exact", (), one, other)
