"""Packages that tests and programs may import inside a sandbox, because whoever starts it says so.

A package is readable there and found by a finder that stands before the program; nothing else of where it is installed
can be seen. Its compiled parts need libraries of the system: which, an interpreter outside tells by importing it.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lanista.errors import UsageError

MEMORY = 1_000_000_000
"""Bytes of address space that packages may take beside what a program may."""

_TOLD = """
import sys
def mapped():
    with open("/proc/self/maps") as file:
        return [line.split(None, 5)[5].strip() for line in file if line.count("/") and ".so" in line]
before = set(mapped())
sys.path += sys.argv[2:]
__import__(sys.argv[1])
print("\\n".join(dict.fromkeys(path for path in mapped() if path not in before)))
"""

_BEFORE = """\
def _lanista_allow(packages, libraries):
    import importlib.util, os, sys
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # no threads are to be had
    class Allowed:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if path is None and name in packages:
                file, folder = packages[name]
                folders = [folder] if folder else None
                return importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
    sys.meta_path.append(Allowed)
    import _ctypes
    for again in libraries:  # each may need another that comes later
        for library in libraries:
            try:
                _ctypes.dlopen(library, 0x102)
            except OSError:
                pass
_lanista_allow({packages!r}, {libraries!r})
del _lanista_allow
"""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What a sandbox needs so that packages can be imported in it."""

    names: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    """For ``Sandbox(readable=...)``."""
    before: str = ""
    """Put before a program."""
    memory_bytes: int = 0
    """Address space that the packages take."""


NOTHING = Allowed()


def allow(names: Sequence[str]) -> Allowed:
    """The named packages, as they are installed beside this interpreter. Raises UsageError for one that is not."""
    if not names:
        return NOTHING
    packages: dict[str, tuple[str, str]] = {}
    readable: list[str] = []
    libraries: list[str] = []
    for name in dict.fromkeys(names):
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
        if spec is None or not spec.origin or not os.path.isfile(spec.origin):
            raise UsageError(f"cannot allow {name!r}: no package of that name is installed here")
        folder = str(Path(spec.origin).parent) if spec.submodule_search_locations else ""
        packages[name] = (spec.origin, folder)
        own = [path for path in (folder or spec.origin, f"{folder}.libs") if folder and os.path.isdir(path)]
        readable += own or [spec.origin]
        libraries += [path for path in _libraries(name, spec.origin, folder) if not path.startswith(tuple(own))]
    libraries = list(dict.fromkeys(libraries))
    return Allowed(
        names=tuple(packages),
        readable=(*readable, *libraries),
        before=_BEFORE.format(packages=packages, libraries=libraries),
        memory_bytes=MEMORY,
    )


def _libraries(name: str, origin: str, folder: str) -> list[str]:
    """The shared libraries that importing a package loads, its own compiled modules apart."""
    site = str(Path(folder or origin).parent)
    found = subprocess.run(
        [sys.executable, "-I", "-c", _TOLD, name, site], capture_output=True, text=True, timeout=60, check=False
    )
    if found.returncode != 0:
        raise UsageError(f"cannot allow {name!r}: it cannot be imported: {found.stderr.strip().splitlines()[-1]}")
    return [path for path in found.stdout.splitlines() if "lib-dynload" not in path and os.path.isfile(path)]
