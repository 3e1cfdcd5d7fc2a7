"""The one door for text to a terminal: markup is text, nothing foreign acts, and a string is one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from lanista.text import one_line, plain

READER_GONE = 141
"""The exit code where whoever read our output went away (`lanista … | head`): what a shell gives for SIGPIPE."""


def reader_gone(error: BaseException | None) -> bool:
    """Whether a closed pipe is what ``error`` comes from: rich and typer make an exit with code 1 of one."""
    while error is not None and not isinstance(error, BrokenPipeError):
        error = error.__context__
    return error is not None


class Terminal(Console):
    """A console that shows strings as they are: square brackets are no markup, and control characters are visible.

    Styles come from ``style=`` and ``rich.text.Text``, never out of a string.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich's; but a string is one line, whatever names stand in it: texts of several are ``rich.text.Text``.

        Away from a terminal it stays in one line, so that it can be copied and found.
        """
        if not self.is_terminal and all(isinstance(part, (str, Text)) for part in objects):
            options.setdefault("soft_wrap", True)
        super().print(*(one_line(part) if isinstance(part, str) else part for part in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich makes of it, with every piece of text made harmless; rich's own control codes stay."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or (text.isascii() and text.isprintable()) else Segment(plain(text), style)


class Rows(Table):
    """A table without borders whose cells are one line each, whatever their texts hold."""

    def __init__(self, *headers: str, **options: Any) -> None:
        super().__init__(**{"box": None, "pad_edge": False, **options})
        for header in headers:
            self.add_column(_cell(header))

    def add_row(self, *cells: Any, **options: Any) -> None:
        """As rich's; strings and texts are made one line."""
        super().add_row(*map(_cell, cells), **options)


def _cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return Text(one_line(cell))
    if isinstance(cell, Text) and one_line(cell.plain) != cell.plain:
        return Text(one_line(cell.plain), style=cell.style)
    return cell
