"""The table: how many play, which roles are dealt, and the variants of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lanista.errors import UsageError, suggest

VILLAGER, WEREWOLF, SEER, DOCTOR, WITCH, HUNTER = "villager", "werewolf", "seer", "doctor", "witch", "hunter"
SPECIAL = (SEER, DOCTOR, WITCH, HUNTER)
"""The special roles, in the order in which decks name them. Each is dealt at most once."""

FEWEST, MOST = 5, 20
SEATS = tuple(f"player_{i}" for i in range(MOST))
INDEX = {seat: i for i, seat in enumerate(SEATS)}


def default_wolves(players: int) -> int:
    """1 wolf for 5 players, 2 for 6 to 10, 3 for 11 to 14, 4 for 15 to 18, 5 for 19 and 20."""
    return 1 if players == 5 else 2 if players < 8 else (players + 1) // 4


def default_roles(players: int) -> tuple[str, ...]:
    """Seer; from 6 players the doctor too; from 11 witch and hunter too."""
    return SPECIAL[: 1 if players == 5 else 2 if players < 11 else 4]


@dataclass(frozen=True, kw_only=True)
class Config:
    """One table. ``wolves`` and ``roles`` left at None become the default deck of that many players."""

    players: int = 9
    """How many play: 5 to 20."""
    wolves: int | None = None
    """How many of them are werewolves; fewer than half."""
    roles: tuple[str, ...] | None = None
    """The special roles dealt, each at most once: seer, doctor, witch, hunter. () is the vanilla game."""
    first_phase: str = "night"
    """``night`` or ``day``."""
    discussion_rounds: int = 1
    """How often each living player speaks before a vote: 0 to 10."""
    reveal_on_death: bool = True
    """Whether a dead player's role is made public."""

    def __post_init__(self) -> None:
        """Fill in the default deck. Raises UsageError on a deck or a variant that cannot be played."""
        _whole("players", self.players, FEWEST, MOST)
        wolves = default_wolves(self.players) if self.wolves is None else self.wolves
        _whole("wolves", wolves, 1, MOST)
        if 2 * wolves >= self.players:
            raise UsageError(
                f"{wolves} werewolves among {self.players} players have won before the game begins; "
                f"set wolves to {(self.players - 1) // 2} or fewer"
            )
        roles = _roles(default_roles(self.players) if self.roles is None else self.roles)
        if len(roles) > self.players - wolves:
            raise UsageError(
                f"{len(roles)} special roles ({', '.join(roles)}) do not fit among the {self.players - wolves} players "
                f"who are no werewolves; name fewer roles or seat more players"
            )
        if self.first_phase not in ("night", "day"):
            raise UsageError(f"first_phase is 'night' or 'day', not {self.first_phase!r}")
        _whole("discussion_rounds", self.discussion_rounds, 0, 10)
        if not isinstance(self.reveal_on_death, bool):
            raise UsageError(f"reveal_on_death is true or false, not {self.reveal_on_death!r}")
        object.__setattr__(self, "wolves", wolves)
        object.__setattr__(self, "roles", roles)

    @property
    def deck(self) -> dict[str, int]:
        """Role → how many are dealt: werewolves, the special roles, then the villagers there are."""
        special = self.roles or ()
        deck = {WEREWOLF: self.wolves or 0, **dict.fromkeys(special, 1)}
        rest = self.players - sum(deck.values())
        return {**deck, VILLAGER: rest} if rest else deck


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise UsageError(f"{name} is a whole number from {low} to {high}, not {value!r}")


def _roles(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",") if part.strip()]
    roles = list(given)
    for role in roles:
        if role not in SPECIAL:
            hint = "; villagers and werewolves are dealt by count" if role in (VILLAGER, WEREWOLF) else ""
            raise UsageError(
                f"unknown special role {role!r}{hint or suggest(str(role), SPECIAL)} (there are: {', '.join(SPECIAL)})"
            )
        if roles.count(role) > 1:
            raise UsageError(f"the deck names {role} {roles.count(role)} times; a special role is dealt at most once")
    return tuple(role for role in SPECIAL if role in roles)
