"""The one door for text to a terminal: markup is text, and nothing foreign acts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from lanista.text import plain


class Terminal(Console):
    """A console that shows strings as they are: square brackets are no markup, and control characters are visible.

    Styles come from ``style=`` and ``rich.text.Text``, never out of a string.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False, "markup": False, "emoji": False, **options})

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich's; but away from a terminal a text stays in one line, so that it can be copied and found."""
        if not self.is_terminal and all(isinstance(part, (str, Text)) for part in objects):
            options.setdefault("soft_wrap", True)
        super().print(*objects, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich makes of it, with every piece of text made harmless; rich's own control codes stay."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or (text.isascii() and text.isprintable()) else Segment(plain(text), style)
