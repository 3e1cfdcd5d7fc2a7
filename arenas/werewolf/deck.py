"""The table: how many play, which roles are dealt, and the variants of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from lanista.arenas.werewolf.rulesets import RULESETS
from lanista.errors import UsageError, suggest

VILLAGER, WEREWOLF, SEER, DOCTOR, WITCH, HUNTER = "villager", "werewolf", "seer", "doctor", "witch", "hunter"
POSSESSED, MEDIUM, BODYGUARD = "possessed", "medium", "bodyguard"
SPECIAL = (SEER, DOCTOR, WITCH, HUNTER, POSSESSED, MEDIUM, BODYGUARD)
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
    """One table. What is left at None takes the ruleset's value, or else its default: a config that was made is full.

    Raises UsageError on a deck or a variant that cannot be played, and on what contradicts its ruleset.
    """

    ruleset: str | None = None
    """A table that others publish on: kaggle_8, seer_doctor_7, seer_witch_guard_9, aiwolf_5, aiwolf_15."""
    players: int = None  # type: ignore[assignment]  # filled in below, as all that say None
    """How many play: 5 to 20; 9 unless told."""
    wolves: int | None = None
    """How many of them are werewolves; fewer than half."""
    roles: tuple[str, ...] | None = None
    """The special roles dealt, each at most once: seer, doctor, witch, hunter, possessed, medium, bodyguard. () is the
    vanilla game."""
    first_phase: str = None  # type: ignore[assignment]
    """``night`` or ``day``."""
    discussion_rounds: int = None  # type: ignore[assignment]
    """How often each living player speaks before a vote: 0 to 10; with bidding, how many speeches per living player."""
    reveal_on_death: bool = None  # type: ignore[assignment]
    """Whether a dead player's role is made public."""
    quiet_first_night: bool = None  # type: ignore[assignment]
    """Whether nobody is attacked in the first night: the seer alone acts in it."""
    self_protection: bool = None  # type: ignore[assignment]
    """Whether who protects may protect itself: a doctor may and a bodyguard may not unless told."""
    repeat_protection: bool = None  # type: ignore[assignment]
    """Whether who protects may protect the same player two nights running."""
    abstention: bool = None  # type: ignore[assignment]
    """Whether a vote may be withheld; not in the vote after one that put nobody out."""
    last_words: bool = None  # type: ignore[assignment]
    """Whether who is voted out speaks once more."""
    sequential_votes: bool = None  # type: ignore[assignment]
    """Whether votes are cast one after the other, for all to hear, instead of sealed and together."""
    nomination: bool = None  # type: ignore[assignment]
    """Whether players are nominated and defend themselves before a vote among them; needs abstention."""
    mayor: bool = None  # type: ignore[assignment]
    """Whether a mayor is elected by day, whose vote counts more than once."""
    mayor_votes: int = None  # type: ignore[assignment]
    """How often a mayor's vote counts: 2 or 3; 1 where there is no mayor."""
    bidding: bool = None  # type: ignore[assignment]
    """Whether players bid to speak, instead of speaking in turn."""

    def __post_init__(self) -> None:
        """Fill in the ruleset and the defaults. Raises UsageError on what cannot be played."""
        _published(self)
        _whole("players", self.players, FEWEST, MOST)
        wolves = default_wolves(self.players) if self.wolves is None else self.wolves
        roles = _roles(default_roles(self.players) if self.roles is None else self.roles)
        if wolves == 0 and POSSESSED in roles:
            raise UsageError("a possessed plays for the werewolves, and wolves=0 deals none: set wolves to 1 or more")
        _whole("wolves", wolves, 1, MOST)
        object.__setattr__(self, "wolves", wolves)
        object.__setattr__(self, "roles", roles)
        _dealt(self.players, wolves, roles)
        _fill(self, "self_protection", BODYGUARD not in roles)
        _fill(self, "mayor_votes", 2 if self.mayor else 1)
        if self.first_phase not in ("night", "day"):
            raise UsageError(f"first_phase is 'night' or 'day', not {self.first_phase!r}")
        _whole("discussion_rounds", self.discussion_rounds, 0, 10)
        for name in _FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} is true or false, not {getattr(self, name)!r}")
        _whole("mayor_votes", self.mayor_votes, 1, 3)
        _consistent(self, roles)

    @property
    def deck(self) -> dict[str, int]:
        """Role → how many are dealt: werewolves, the special roles, then the villagers there are."""
        special = self.roles or ()
        deck = {WEREWOLF: self.wolves or 0, **dict.fromkeys(special, 1)}
        rest = self.players - sum(deck.values())
        return {**deck, VILLAGER: rest} if rest else deck

    @property
    def options(self) -> dict[str, Any]:
        """The variants that are not as in the game without options, by name: what the table is told."""
        usual = {**_DEFAULTS, "self_protection": BODYGUARD not in (self.roles or ()), "mayor_votes": 1}
        return {name: getattr(self, name) for name in OPTIONS if getattr(self, name) != usual[name]}


_DEFAULTS: Mapping[str, Any] = {
    "players": 9,
    "first_phase": "night",
    "discussion_rounds": 1,
    "reveal_on_death": True,
    "quiet_first_night": False,
    "repeat_protection": True,
    "abstention": False,
    "last_words": False,
    "sequential_votes": False,
    "nomination": False,
    "mayor": False,
    "bidding": False,
}
_FLAGS = ("reveal_on_death", "self_protection", *(name for name, usual in _DEFAULTS.items() if usual is False),
          "repeat_protection")  # fmt: skip
OPTIONS = ("quiet_first_night", "self_protection", "repeat_protection", "abstention", "last_words",
           "sequential_votes", "nomination", "mayor", "mayor_votes", "bidding")  # fmt: skip
"""The variants beside the deck, the first phase, the rounds and what is shown of the dead."""


def _published(config: Config) -> None:
    """Take the ruleset's values, and the defaults for what nobody says. Refuses a value that the ruleset has not."""
    fixed: Mapping[str, Any] = {}
    if config.ruleset is not None:
        if config.ruleset not in RULESETS:
            raise UsageError(
                f"unknown ruleset {config.ruleset!r}{suggest(str(config.ruleset), RULESETS)} "
                f"(there are: {', '.join(RULESETS)})"
            )
        rules = RULESETS[config.ruleset]
        usual = {"self_protection": BODYGUARD not in rules["roles"], "mayor_votes": 1}
        fixed = {**_DEFAULTS, **usual, **rules}
    for f in fields(config):
        value = getattr(config, f.name)
        if value is None:
            object.__setattr__(config, f.name, fixed.get(f.name, _DEFAULTS.get(f.name)))
            continue
        given = _roles(value) if f.name == "roles" else value
        if f.name in fixed and given != fixed[f.name]:
            raise UsageError(
                f"ruleset {config.ruleset!r} has {f.name} {_said(fixed[f.name])}, not {_said(given)}; "
                f"leave {f.name} out, or leave the ruleset out and set each key by itself"
            )


def _fill(config: Config, name: str, value: Any) -> None:
    """Where a key was left at None, its value."""
    if getattr(config, name) is None:
        object.__setattr__(config, name, value)


def _said(value: Any) -> str:
    return (
        ",".join(value) if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)
    )


def _dealt(players: int, wolves: int, roles: tuple[str, ...]) -> None:
    if 2 * wolves >= players:
        raise UsageError(
            f"{wolves} werewolves among {players} players have won before the game begins; "
            f"set wolves to {(players - 1) // 2} or fewer"
        )
    if len(roles) > players - wolves:
        raise UsageError(
            f"{len(roles)} special roles ({', '.join(roles)}) do not fit among the {players - wolves} players "
            f"who are no werewolves; name fewer roles or seat more players"
        )


def _consistent(config: Config, roles: tuple[str, ...]) -> None:
    """Options that contradict each other or the deck, each with what would do."""
    protects = DOCTOR in roles or BODYGUARD in roles
    clashes = (
        (DOCTOR in roles and BODYGUARD in roles, "doctor and bodyguard both protect: deal one of them"),
        (
            MEDIUM in roles and config.reveal_on_death,
            "a medium learns nothing where dead players' roles are shown: set reveal_on_death to false",
        ),
        (
            config.quiet_first_night and (config.first_phase != "night" or SEER not in roles),
            "quiet_first_night is a first night in which the seer alone acts: deal a seer and begin by night, "
            "or set first_phase to day",
        ),
        (
            not config.repeat_protection and not protects,
            "repeat_protection=false binds a doctor or a bodyguard, and the deck has neither",
        ),
        (
            config.self_protection != (BODYGUARD not in roles) and not protects,
            "self_protection=false binds a doctor or a bodyguard, and the deck has neither",
        ),
        (
            config.nomination and not config.abstention,
            "nomination without abstention leaves who alone is nominated no vote: set abstention to true",
        ),
        (config.mayor and config.mayor_votes < 2, "a mayor's vote counts 2 or 3 times: mayor_votes=1 is no mayor"),
        (
            not config.mayor and config.mayor_votes > 1,
            f"mayor_votes={config.mayor_votes} needs a mayor: set mayor to true",
        ),
        (
            config.bidding and not config.discussion_rounds,
            "bidding to speak needs speeches: set discussion_rounds to 1 or more",
        ),
    )
    for wrong, why in clashes:
        if wrong:
            raise UsageError(why)


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
