"""The words: text for events and asks, and moves out of replies. They never see a state, so they cannot leak one."""

from __future__ import annotations

import re

from lanista.arenas import Ask, Event, Illegal
from lanista.arenas.core.speech import without_thoughts

TEXTS = {
    "table": "Two players get a card from 1 to 9 each round; the higher card wins it. Swapping draws a new card, once, "
    "and costs a point. Most of {rounds} rounds wins.",
    "card": "Your card is {card}.",
    "swapped": "Your new card is {card}.",
    "won": "Round {round} is won by {by}.",
}
_CHOICE = re.compile(r"\b(keep|swap)\b", re.IGNORECASE)


class Words:
    """One text per kind of event."""

    def show(self, event: Event) -> str:
        return TEXTS[event.kind].format(**event.data)

    def ask(self, ask: Ask) -> str:
        return f"Round {dict(ask.data)['round']}: reply with `keep` or `swap`."

    def read(self, ask: Ask, reply: str) -> str | Illegal:
        found = {word.lower() for word in _CHOICE.findall(without_thoughts(reply))}
        return found.pop() if len(found) == 1 else Illegal("reply with exactly one of `keep` and `swap`")

    def write(self, ask: Ask, move: str) -> str:
        return move
