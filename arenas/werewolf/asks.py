"""The asks of this game, each a cached function of what its seat has seen: the living, the deck, the pack."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from lanista.arenas.core.contract import Ask
from lanista.arenas.werewolf.deck import SEATS
from lanista.arenas.werewolf.moves import (
    ACCUSE,
    CLAIM,
    DEFEND,
    FINDINGS,
    HIGHEST_BID,
    REPORT,
    SAY_NOTHING,
    TARGET,
    Abstain,
    Act,
    Bid,
    Elect,
    Heal,
    Inspect,
    Kill,
    Nominate,
    Pass,
    Poison,
    Protect,
    Shoot,
    Speech,
    Vote,
)

_CACHE = 1 << 14
"""Asks kept: all of a 9-player table; at the largest tables under 100 MB with everything that hangs on them."""


@lru_cache(maxsize=_CACHE)
def members(mask: int) -> tuple[int, ...]:
    """The seat indices of a bit mask, ascending."""
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


@lru_cache(maxsize=_CACHE)
def names(mask: int) -> tuple[str, ...]:
    """The seats of a bit mask, in table order."""
    return tuple(SEATS[i] for i in members(mask))


@lru_cache(maxsize=_CACHE)
def speech(seat: int, alive: int, players: int, roles: tuple[str, ...], occasion: str = "") -> Ask:
    """To speak by day, in discussion or on an ``occasion`` (``defence``, ``last words``).

    The choices are samples made of public information only.
    """
    others = names(alive & ~(1 << seat))
    choices = (
        *(_act(ACCUSE, other) for other in others),
        *(_act(DEFEND, other) for other in others),
        *(_act(CLAIM, role=role) for role in roles),
        *(_act(REPORT, other, finding=finding) for other in others for finding in FINDINGS),
        SAY_NOTHING,
    )
    data = (("players", players), ("roles", roles), ("living", others))
    return Ask(SEATS[seat], "speech", choices, False, (*data, ("occasion", occasion)) if occasion else data)


@lru_cache(maxsize=_CACHE)
def den(seat: int, prey: int, players: int) -> Ask:
    """To speak to the pack; the choices name who could be killed."""
    choices = (*(_act(TARGET, name) for name in names(prey)), SAY_NOTHING)
    return Ask(SEATS[seat], "den", choices, False, (("players", players), ("living", names(prey))))


def vote(seat: int, alive: int, players: int, abstain: bool = False) -> Ask:
    """To vote for one living player other than oneself, or for nobody where one may abstain."""
    targets = alive & ~(1 << seat)
    return _or_else(seat, "vote", targets, players, Abstain()) if abstain else _aim(seat, "vote", targets, players)


def nominate(seat: int, alive: int, players: int, withhold: bool) -> Ask:
    """To nominate one living player other than oneself, or nobody where one may."""
    targets = alive & ~(1 << seat)
    return (
        _or_else(seat, "nominate", targets, players, Pass()) if withhold else _aim(seat, "nominate", targets, players)
    )


def elect(seat: int, alive: int, players: int) -> Ask:
    """To name one living player other than oneself for mayor."""
    return _aim(seat, "elect", alive & ~(1 << seat), players)


@lru_cache(maxsize=_CACHE)
def bid(seat: int, players: int) -> Ask:
    """To bid for the next speech."""
    choices = tuple(Bid(level) for level in range(HIGHEST_BID + 1))
    return Ask(SEATS[seat], "bid", choices, True, (("players", players), ("living", ())))


def kill(seat: int, prey: int, players: int) -> Ask:
    """To choose one living player who is no wolf."""
    return _aim(seat, "kill", prey, players)


def inspect(seat: int, alive: int, players: int) -> Ask:
    """To choose one living player other than oneself."""
    return _aim(seat, "inspect", alive & ~(1 << seat), players)


def protect(seat: int, alive: int, players: int) -> Ask:
    """To choose one living player, oneself included where one may."""
    return _aim(seat, "protect", alive, players)


@lru_cache(maxsize=_CACHE)
def potion(seat: int, alive: int, players: int, heal: bool, poison: bool) -> Ask:
    """To use at most one of the potions that are left."""
    targets = names(alive & ~(1 << seat)) if poison else ()
    choices = (*((Heal(),) if heal else ()), *(Poison(name) for name in targets), Pass())
    return Ask(SEATS[seat], "potion", choices, True, (("players", players), ("living", targets), ("heal", heal)))


@lru_cache(maxsize=_CACHE)
def shot(seat: int, alive: int, players: int) -> Ask:
    """To shoot one living player, or nobody."""
    targets = names(alive)
    choices = (*(Shoot(name) for name in targets), Pass())
    return Ask(SEATS[seat], "shot", choices, True, (("players", players), ("living", targets)))


_AIMED: dict[str, Callable[[str], Any]] = {
    "vote": Vote,
    "kill": Kill,
    "inspect": Inspect,
    "protect": Protect,
    "nominate": Nominate,
    "elect": Elect,
}


@lru_cache(maxsize=_CACHE)
def _aim(seat: int, kind: str, targets: int, players: int) -> Ask:
    living = names(targets)
    choices = tuple(_aimed(kind, name) for name in living)
    return Ask(SEATS[seat], kind, choices, True, (("players", players), ("living", living)))


@lru_cache(maxsize=_CACHE)
def _or_else(seat: int, kind: str, targets: int, players: int, otherwise: Any) -> Ask:
    """An aimed ask that may also be answered by a move that names nobody, last in the list."""
    aimed = _aim(seat, kind, targets, players)
    return Ask(aimed.seat, kind, (*aimed.choices, otherwise), True, (*aimed.data, ("withhold", True)))


@cache
def _aimed(kind: str, target: str) -> Any:
    return _AIMED[kind](target)


@cache
def _act(act: str, target: str | None = None, role: str | None = None, finding: str | None = None) -> Speech:
    """A speech without words; there are few, and every table shares them."""
    return Speech(act=Act(act, target, role, finding))
