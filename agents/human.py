"""A person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from rich.columns import Columns
from rich.rule import Rule
from rich.text import Text

from lanista.agents.contract import Answer, Exchange, Question
from lanista.arenas.core.contract import Forfeit
from lanista.errors import Unavailable
from lanista.terminal import Terminal, reader_gone

_LONG = 12
"""Legal replies that are still listed one below the other."""


class HumanAgent:
    """A person at the terminal: shows each question and reads the reply from a line of input.

    A number picks one of the legal replies listed, and one that is not on the list is asked about; ``?`` shows the
    seat's history, any other line is the reply itself, with further lines where it ends in a backslash. End of input
    (Ctrl-D) forfeits the turn; Ctrl-C leaves the game.
    """

    name = "human"
    batched = False

    def __init__(
        self, *, time_limit_s: float | None = None, reader: TextIO | None = None, writer: TextIO | None = None
    ) -> None:
        """``reader`` and ``writer`` default to standard input and output."""
        self.time_limit_s = time_limit_s
        self._reader = reader
        self._console = Terminal(file=writer, soft_wrap=False)
        self._told: dict[tuple[str, str], str] = {}
        """What each seat was told since its last reply, by game and seat."""
        self._behind: set[tuple[str, str]] = set()
        """Games and seats whose history is shown with their next question."""

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        """What the person said to each question. Raises Unavailable where the terminal is gone."""
        try:
            return [self._one(question) for question in questions]
        except (SystemExit, BrokenPipeError) as error:
            if reader_gone(error):
                raise Unavailable("the terminal was closed") from error
            raise

    def tell(self, game: str, seat: str, text: str) -> None:
        """Show a seat what it has learnt since its last reply, before it is asked again, if it ever is.

        ``text`` is all of that (``Game.text``); what was shown of it before is not repeated, nor by the next question.
        """
        news = self._news(game, seat, text)
        if news:
            self._say(news)

    def catch_up(self, game: str, seat: str) -> None:
        """Show the seat's history before its next question: whoever takes a game up may have forgotten it."""
        self._behind.add((game, seat))

    def forget(self, game: str) -> None:
        """Drop what was told in that game."""
        for key in [key for key in self._told if key[0] == game]:
            del self._told[key]

    def close(self) -> None:
        """Nothing is held."""

    def _news(self, game: str, seat: str, text: str) -> str:
        told = self._told.get((game, seat), "")
        self._told[game, seat] = text
        return text[len(told) :].lstrip("\n") if text.startswith(told) else text

    def _one(self, question: Question) -> Answer | Forfeit:
        self._show(question)
        answer = self._reply(question)
        self._told.pop((question.game, question.seat), None)
        return answer

    def _reply(self, question: Question) -> Answer | Forfeit:
        unknown: str | None = None
        while True:
            line = self._read()
            if line is None:
                self._say("(turn forfeited)", "dim")
                return Forfeit("the person ended the input")
            said = line.strip()
            if said == "?":
                self._history(question)
            elif not said:
                self._say("Say something, a number from the list, or ? for what happened so far.", "dim")
            elif _number(said) and said not in question.legal and question.legal and said != unknown:
                picked = _picked(said, question.legal)
                if picked is not None:
                    return Answer(picked)
                unknown = None if question.legal_complete else said
                again = "" if question.legal_complete else ", or say it again if it is your reply"
                self._say(f"There is no {said[:20]} on the list: choose 1 to {len(question.legal)}{again}.", "dim")
            else:
                return Answer(line)

    def _show(self, question: Question) -> None:
        self._console.print()
        # Several people may share this terminal: whose turn it is comes first, before anything private.
        title = Text.assemble((question.seat, "bold"), f", {question.role} · {question.phase}")
        self._console.print(Rule(title, align="left"))
        if (question.game, question.seat) in self._behind and question.history:
            self._say("What happened so far, with your replies:", "dim")
            for exchange in question.history:
                self._exchange(exchange)
            self._console.print(Rule(Text("now"), style="dim", align="left"))
        self._behind.discard((question.game, question.seat))
        self._say(self._news(question.game, question.seat, question.text))
        if question.legal:
            self._console.print()
            self._say("Legal replies:" if question.legal_complete else "For example:", "dim")
        lines = [Text(f"{n:>4}  ", "dim") + Text(reply) for n, reply in enumerate(question.legal, start=1)]
        if len(lines) > _LONG:
            self._console.print(Columns(lines, column_first=True, padding=(0, 2)))
        else:
            for each in lines:
                self._console.print(each)
        if not question.legal_complete:
            self._say(
                "Another reply of these forms will do as well; end a line with \\ to go on in the next.",
                "dim",
            )

    def _history(self, question: Question) -> None:
        for exchange in question.history:
            self._exchange(exchange)
        self._say(question.text)

    def _exchange(self, exchange: Exchange) -> None:
        self._say(exchange.text)
        self._say(f"> {exchange.reply}" if exchange.reply else "> (turn forfeited)", "bold")

    def _read(self) -> str | None:
        """What is typed next, without its last line end; None at the end of input."""
        lines: list[str] = []
        while True:
            self._console.print(Text("> " if not lines else "… ", "bold"), end="")
            self._console.file.flush()
            line = (self._reader or sys.stdin).readline()
            if not line:
                return "\n".join(lines) if lines else None
            line = line.rstrip("\r\n")
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1].rstrip())

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style))


def _number(said: str) -> bool:
    return said.isascii() and said.isdecimal()


def _picked(said: str, legal: Sequence[str]) -> str | None:
    """The legal reply that a number names."""
    number = int(said) if len(said) < 6 else 0
    return legal[number - 1] if 1 <= number <= len(legal) else None
