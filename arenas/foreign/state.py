"""What is known of a game of a foreign environment: its moves so far, and what the environment showed after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lanista.arenas.core.contract import Seat

if TYPE_CHECKING:
    from lanista.arenas.foreign.live import Live


@dataclass(frozen=True, slots=True)
class Seen:
    """What the environment shows after its moves so far."""

    seat: Seat | None
    """Who must act; None: the game is over."""
    text: str
    """The acting seat's observation as it stands, before what it saw already is taken off."""
    replies: tuple[str, ...]
    complete: bool
    returns: tuple[float, ...]
    """What each seat was paid so far, in the order of the seats."""


@dataclass(frozen=True, slots=True)
class Past:
    """A linked list of what was done: the seat and its reply, or the key that chance was drawn from since."""

    before: Past | None
    seat: Seat | None
    reply: str
    key: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """A game so far. ``live`` is a shortcut: everything else can be had again from seed, config and past."""

    key: int
    seed: int
    config: Any
    seats: tuple[Seat, ...]
    roles: tuple[str, ...]
    teams: Mapping[str, tuple[Seat, ...]]
    past: Past | None
    decisions: int
    seen: Seen
    news: str
    """What is new to the acting seat."""
    shown: Mapping[Seat, str]
    """Each seat's last whole observation, where the environment repeats itself."""
    refused: Seat | None = None
    """The seat whose last reply the environment could not take, so that the fallback was played for it."""
    live: list[Live] = field(default_factory=list, compare=False, repr=False)
    """The environment that stands here, until somebody takes it along."""

    def __deepcopy__(self, memo: dict[int, Any]) -> State:
        return self  # nothing in it changes but ``live``, and environments are not to be copied: many lose their state
