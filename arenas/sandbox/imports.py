"""How imports go inside: which modules are there besides those that the import system finds by itself.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any


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
