"""The client's side of what a program may import: which packages a caller allows, and where the machine keeps them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lanista.errors import LanistaError, UsageError

_SCRIPT = str(Path(__file__).resolve().parent / "locate.py")
_LOOK_S = 60.0


ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""The environment that packages are loaded in: a zygote that has threads cannot fork, and a program may start none."""


class Found(NamedTuple):
    """What a zygote is given besides the standard library's own files."""

    packages: tuple[dict[str, Any], ...]
    """As `locate.package` describes them."""
    paths: tuple[str, ...]
    """All that is to be readable: the packages, shared libraries of the system, the time zones."""

    @property
    def names(self) -> tuple[str, ...]:
        """``numpy==2.4.1`` for each package; the bare name where no distribution says its version."""
        return tuple(f"{p['name']}=={p['version']}" if p["version"] else p["name"] for p in self.packages)


def checked(packages: Sequence[str]) -> tuple[str, ...]:
    """The names, each once. Raises UsageError for what cannot be allowed."""
    if isinstance(packages, str | bytes) or not isinstance(packages, Sequence):
        raise UsageError(f"packages={packages!r:.60}: a list of names is needed, such as ('numpy',)")
    for name in packages:
        if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
            raise UsageError(f"packages={packages!r:.60}: {name!r:.40} is no name that can be imported")
        if "." in name:
            raise UsageError(f"packages={packages!r:.60}: name the whole package, {name.partition('.')[0]!r}")
        if name in sys.stdlib_module_names:
            raise UsageError(f"packages={packages!r:.60}: {name!r} is in the standard library, which is always there")
        if name in ("lanista", "solution"):
            raise UsageError(f"packages={packages!r:.60}: {name!r} is the sandbox's own name for something inside")
    return tuple(dict.fromkeys(packages))


def find(names: tuple[str, ...], python: str | None, base: str) -> Found:
    """Where ``names`` lie: for ``python``, or (None) where this process would import them. ``base`` runs the programs.

    Raises UsageError for a package that is not there, LanistaError where the interpreter cannot be asked.
    """
    packages: tuple[dict[str, Any], ...] = ()
    if names:
        here = None if python else json.dumps([os.path.abspath(folder) for folder in sys.path])
        packages = tuple(_ask(python or sys.executable or base, "packages", here or "null", *names))
    for package in packages:
        if "error" in package:
            raise UsageError(f"packages={names!r:.60}: {package['name']!r} cannot be allowed: {package['error']}")
    folders = [path for package in packages for path in package["paths"]]
    return Found(packages, tuple(dict.fromkeys([*folders, *_ask(base, "libraries", *folders)])))


@functools.lru_cache(maxsize=32)
def _ask(python: str, what: str, *rest: str) -> list[Any]:
    command = [python, "-I", *(["-S"] if what == "libraries" else []), "-B", _SCRIPT, what, *rest]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_LOOK_S, check=False)
    except subprocess.TimeoutExpired:
        raise LanistaError(f"{python} did not say within {_LOOK_S:.0f} s what it can import") from None
    except OSError as error:
        raise LanistaError(f"cannot start {python} for the sandbox: {error.strerror or error}") from None
    try:
        told: list[Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise LanistaError(f"the sandbox's interpreter {python} died at the start: {said[-1]}") from None
    return told
