"""The words and rewards of every foreign environment: its own text, and what it pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.arenas.core.contract import Ask, Event, Illegal, Seat, Term
from lanista.arenas.core.speech import SPEECH_LIMIT, tame, without_thoughts
from lanista.arenas.foreign.state import State


class ForeignWords:
    """The environment's own text, and replies as it takes them."""

    def show(self, event: Event) -> str:
        data = event.data
        if event.kind == "move":
            return f"{data['seat']}: {data['reply']}"
        if event.kind == "end":
            return f"The game is over: {', '.join(f'{seat} {paid:+g}' for seat, paid in data['returns'].items())}."
        return str(data["text"])

    def ask(self, ask: Ask) -> str:
        wording = str(dict(ask.data)["wording"])
        return wording if ask.complete else f"{wording} A reply has at most {SPEECH_LIMIT} characters."

    def read(self, ask: Ask, reply: str) -> str | Illegal:
        """A listed reply, whatever its case; where others are possible, the reply made safe (see ``safe``)."""
        said = without_thoughts(reply).strip()
        if said in ask.choices:
            return said
        bare = said.strip("`'\". \n").casefold()
        for choice in ask.choices:
            if choice.casefold() == bare:
                return str(choice)
        if ask.complete:
            return Illegal("that is not one of the legal replies; reply with one of them and nothing else")
        return safe(said, ask.choices) or Illegal("your reply is empty; say something")

    def write(self, ask: Ask, move: str) -> str:
        return move


def safe(said: str, choices: Sequence[str]) -> str:
    """Free text as the environment gets it: tamed (see ``speech.tame``), the listed replies in it left in their form.

    ``[3]`` goes through where ``[3]`` is listed; ``[INST]`` becomes ``(INST)``, which no tokenizer takes for structure.
    """
    text = tame(said)
    for choice in choices:
        plain = tame(choice)
        if plain != choice:
            text = text.replace(plain, choice)
    return text


class ForeignRewards:
    """What the environment pays, as it pays it."""

    def terms(
        self, before: State, moves: Mapping[Seat, Any], after: State, events: Any, fallbacks: frozenset[Seat]
    ) -> list[Term]:
        paid = zip(before.seats, before.seen.returns, after.seen.returns, strict=True)
        terms = [Term("reward", seat, new - old) for seat, old, new in paid if new != old]
        return terms if after.refused is None else [*terms, Term("refused", after.refused, 1.0)]
