"""Finds what a sandbox is to be given besides the standard library's own files. A script of its own:

    python -I -B locate.py packages '["/folder/of/sys.path", ...]' numpy     (null: the interpreter's own path)
    python -I -S -B locate.py libraries /folder/of/numpy

prints JSON: where the named packages lie, as a list of `package`; and the shared libraries that extension modules, the
standard library's and those in the folders, want from the system, with the folder of the time zones. The dynamic loader
itself is asked, by loading every extension module; that is why this needs a process of its own.

Imports the standard library only, and nothing of this package.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.machinery
import importlib.util
import itertools
import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from typing import Any

USELESS = ("_tkinter", "_curses", "_curses_panel", "readline", "nis")
"""Extension modules that a program in a sandbox can do nothing with: they want a display, a terminal, a network."""


def main() -> None:
    known = set(loaded())  # before anything else is imported
    what, *rest = sys.argv[1:]
    if what == "packages":
        path, *names = rest
        sys.path[:] = json.loads(path) or sys.path
        print(json.dumps([package(name) for name in names]))
        return
    folders = [sysconfig.get_path("platstdlib") + "/lib-dynload", *rest]
    for extension in extensions(folders):
        with contextlib.suppress(OSError):  # it lacks a library here, and will lack it inside
            ctypes.CDLL(extension, mode=os.RTLD_LAZY)
    inside = tuple(folder + "/" for folder in folders)
    libraries = {library for library in loaded() if library not in known and not library.startswith(inside)}
    print(json.dumps([*sorted(libraries), *zones()]))


def package(name: str) -> dict[str, Any]:
    """A package: ``name``, ``version``, ``origin``, ``folders``, ``paths``; or ``name`` and ``error``."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError) as error:
        return {"name": name, "error": f"it cannot be found ({error})"}
    if spec is None:
        return {"name": name, "error": "it is not installed here"}
    if not spec.origin or not os.path.isfile(spec.origin):
        return {"name": name, "error": "it is no package with a file of its own (a namespace package, or built in)"}
    origin = os.path.realpath(spec.origin)
    folders = [os.path.realpath(folder) for folder in spec.submodule_search_locations or ()]
    version, beside = distribution(name)
    return {
        "name": name,
        "version": version,
        "origin": origin,
        "folders": folders if spec.submodule_search_locations is not None else None,
        "paths": [*(folders or [origin]), *beside],
    }


def distribution(name: str) -> tuple[str, list[str]]:
    """The version of the distribution that brings ``name``, and the folders of shared libraries that came with it."""
    from importlib import metadata

    named = itertools.chain(metadata.distributions(name=name), metadata.distributions())  # the likely one first
    for one in named:
        files = one.files or ()
        if any(file.parts[0] == name or file.parts[0].partition(".")[::2] in _alone(name) for file in files):
            beside = {file.parts[0] for file in files if file.parts[0].endswith(".libs") and len(file.parts) > 1}
            return one.version, [os.path.realpath(str(one.locate_file(folder))) for folder in sorted(beside)]
    return "", []


def _alone(name: str) -> set[tuple[str, str]]:
    """How a module that is one file may be called, as (name, ending)."""
    return {(name, ending.removeprefix(".")) for ending in importlib.machinery.all_suffixes()}


def extensions(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in sorted(names):
                if name.endswith(".so") and name.split(".")[0] not in USELESS:
                    yield os.path.join(where, name)


class _Info(ctypes.Structure):
    """The head of ``struct dl_phdr_info``."""

    _fields_ = (("address", ctypes.c_void_p), ("name", ctypes.c_char_p))


def loaded() -> list[str]:
    """Paths of the shared libraries in this process, as the loader looked for them (not what their links lead to)."""
    found: list[str] = []

    def seen(info: Any, _size: int, _data: int) -> int:
        path = os.fsdecode(info.contents.name or b"")
        if os.path.isabs(path):
            found.append(os.path.normpath(path))
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Info), ctypes.c_size_t, ctypes.c_void_p)
    ctypes.CDLL(None).dl_iterate_phdr(kind(seen), None)
    return found


def zones() -> list[str]:
    """The folder of the time zones that ``zoneinfo`` reads; none where this machine has none."""
    folders = (sysconfig.get_config_var("TZPATH") or "").split(os.pathsep)
    return [folder for folder in folders if os.path.isdir(folder)][:1]


if __name__ == "__main__":
    main()
