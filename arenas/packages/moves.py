"""What a seat can do: typed moves, apart from any wording. All are hashable and compare by value."""

from __future__ import annotations

from typing import NamedTuple


class Calls(NamedTuple):
    """Calls to make: each ``module.function`` and its arguments as the literal of a tuple; () to make none."""

    calls: tuple[tuple[str, str], ...] = ()


class Report(NamedTuple):
    """The tester's notes, each to one keeper: (seat, tame text). Without any, the package is passed as it is."""

    notes: tuple[tuple[str, str], ...] = ()

    @property
    def passed(self) -> bool:
        return not self.notes


class Revision(NamedTuple):
    """New texts of files, each (module, source), in the order of the package; and a tame ``note`` to all, or ""."""

    files: tuple[tuple[str, str], ...] = ()
    note: str = ""
