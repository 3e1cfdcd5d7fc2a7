"""The decisions that a game waits for now: what was asked, what was refused, what is in already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask, Seat
from lanista.arenas.core.episode import Turn


class Form:
    """How an ask is put into words: kept with the ask, since the same asks come back in game after game."""

    def __init__(self, words: Any, ask: Ask) -> None:
        self.wording: str = words.ask(ask)
        self._words, self._ask = words, ask

    @cached_property
    def legal(self) -> tuple[str, ...]:
        """The complete replies of the ask's choices, in order."""
        return tuple(self._words.write(self._ask, move) for move in self._ask.choices)

    @cached_property
    def moves(self) -> Mapping[str, Any]:
        """What each of those replies is read as."""
        return dict(zip(self.legal, self._ask.choices, strict=True))


@lru_cache(maxsize=65536)
def form(words: Any, ask: Ask) -> Form:
    """The form of an ask in these words. ``words`` and asks are hashable values."""
    return Form(words, ask)


class Asking:
    """One round of decisions: sealed from each other, and over when nothing is owed any more."""

    __slots__ = ("asks", "attempts", "forms", "metas", "moves", "prompts", "turns")

    def __init__(self, words: Any = None, asks: Iterable[tuple[Seat, Ask]] = ()) -> None:
        self.asks: dict[Seat, Ask] = dict(asks)
        """What is still owed."""
        self.forms: dict[Seat, Form] = {seat: form(words, ask) for seat, ask in self.asks.items()}
        """The same in words."""
        self.prompts: dict[Seat, str] = {}
        """Prompts as far as they were built already."""
        self.attempts: dict[Seat, tuple[tuple[str, str], ...]] = {}
        """Refused replies to the present ask, each with the reason given."""
        self.metas: dict[Seat, list[Mapping[str, Any]]] = {}
        """What was reported with refused replies."""
        self.moves: dict[Seat, Any] = {}
        self.turns: dict[Seat, Turn] = {}
        """The decisions that are in."""

    def copy(self) -> Asking:
        """Another with the same decisions that goes on by itself."""
        twin = object.__new__(Asking)
        for name in ("asks", "forms", "prompts", "attempts", "moves", "turns"):
            setattr(twin, name, dict(getattr(self, name)))
        twin.metas = {seat: list(metas) for seat, metas in self.metas.items()}
        return twin
