"""Teams without judgement that know how a booking goes: what must not pay, beside what every arena is tried on."""

from __future__ import annotations

from collections.abc import Sequence

from lanista.agents.contract import Answer, Question


class Team:
    """The first legal reply of the first tool (or call) in an order of preference; no seat makes a call twice."""

    time_limit_s: float | None = None
    batched = False

    def __init__(self, name: str, *order: str) -> None:
        self.name = name
        self.order = order

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        return [Answer(self._reply(question)) for question in questions]

    def forget(self, game: str) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""

    def _reply(self, question: Question) -> str:
        before = {exchange.reply for exchange in question.history}
        for tool in self.order:
            for reply in question.legal:
                if (reply == tool or reply.startswith(f"{tool} ")) and reply not in before:
                    return reply
        return question.legal[-1]


BOOKS_FIRST = ("date", "search_flights", "search_hotels", "search_cars", "shortlist", "rank")
"""Searches, passes everything on, ranks the first of everything."""

TEAMS = (
    Team("always impossible", "nothing", "impossible"),
    Team("always impossible, for the flight", 'nothing {"reason": "flight"}', "impossible"),
    Team("always books the first", *BOOKS_FIRST, "hold", "confirm", "book", "done"),
    Team("always books the first, unasked", *BOOKS_FIRST, "hold", "book", "done"),
    Team("always cancels", *BOOKS_FIRST, "hold", "confirm", "book", "cancel", "done"),
    Team("always asks", "ask", "hand", "bookings"),
)
