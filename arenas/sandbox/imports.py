"""How imports go inside: which modules are there besides those that the import system finds by itself.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import selectors
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any

ABSENT = {
    "_tkinter": "a display",
    "_curses": "a terminal",
    "_curses_panel": "a terminal",
    "readline": "a terminal",
    "nis": "a network",
}
"""What the standard library may have and a sandbox does not, and what each would need."""


class Absent:
    """Says of a module that it is absent, and why. The first finder asked."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name in ABSENT:
            raise ModuleNotFoundError(f"{name} is not in the sandbox: it needs {ABSENT[name]}", name=name)


class Pipes:
    """Has asyncio wake itself through a pipe, since a program may make no socket, not even a pair of its own."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != "asyncio.selector_events":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def loaded(module: types.ModuleType) -> None:
                load(module)
                module.BaseSelectorEventLoop._make_self_pipe = _self_pipe

            spec.loader.exec_module = loaded  # type: ignore[method-assign]
        return spec


class _End:
    """One end of a pipe, with as much of a socket as asyncio uses to wake its loop."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def recv(self, size: int) -> bytes:
        return os.read(self._fd, size)

    def send(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def _self_pipe(loop: Any) -> None:
    loop._ssock, loop._csock = map(_End, os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC))
    loop._internal_fds += 1
    loop._add_reader(loop._ssock.fileno(), loop._read_from_self)


class Known:
    """Finds modules of the first level by a list made beforehand.

    The last finder asked: for packages that a caller allows, whose folder nobody may list, and for the standard
    library once a program has emptied the import system's caches, since it cannot fill them again.
    """

    def __init__(self, places: Mapping[str, tuple[str, list[str] | None]]) -> None:
        self.places = dict(places)
        """By name, the file to run and the folders of submodules (None: it is no package)."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if path is not None or name not in self.places:
            return None
        origin, folders = self.places[name]
        return importlib.util.spec_from_file_location(name, origin, submodule_search_locations=folders)


def prepare(library: Sequence[str], packages: Sequence[Mapping[str, Any]]) -> None:
    """Sets up how modules are found inside."""
    allowed = {package["name"]: (package["origin"], package["folders"]) for package in packages}
    sys.meta_path[:0] = [Absent(), Pipes()]
    sys.meta_path.append(Known(standard(library) | allowed))
    setattr(selectors, "DefaultSelector", selectors.PollSelector)  # noqa: B010  chosen before the walls refuse the others


def standard(folders: Sequence[str]) -> dict[str, tuple[str, list[str] | None]]:
    """The modules of the first level in the standard library's folders, for `Known`."""
    found: dict[str, tuple[str, list[str] | None]] = {}
    for folder in folders:
        for entry in sorted(os.listdir(folder)):
            path = os.path.join(folder, entry)
            init = os.path.join(path, "__init__.py")
            if entry.endswith(".py"):
                found.setdefault(entry.removesuffix(".py"), (path, None))
            elif entry.isidentifier() and os.path.isfile(init):
                found[entry] = (init, [path])
    return found


def load(packages: Sequence[Mapping[str, Any]]) -> None:
    """Imports the packages that the caller allows. Raises ImportError that names the one that cannot be."""
    for package in packages:
        try:
            importlib.import_module(package["name"])
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            raise ImportError(
                f"cannot import {package['name']} in the sandbox: {type(error).__name__}: {text}; "
                f"what it needs besides the standard library must be named in packages too"
            ) from None
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        names = ", ".join(package["name"] for package in packages)
        raise ImportError(f"of the packages {names} one starts threads when it is imported, which no sandbox can have")
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random").seed(0)  # its global generator; every run draws the same
