"""What an arena is made of: the types that rules, words, rewards and the referee exchange.

The direction of knowledge is fixed here. Rules see the whole state and say who may know what (the audience of an
event, the ask of a seat). Words see only events and asks, never a state, so that no wording can leak what a seat was
not told. Rewards see states and moves, and nobody who plays sees rewards.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lanista.errors import UsageError, suggest

Seat = str
"""A place at the table, such as ``player_3``. PettingZoo calls it an agent."""

WORLD: Seat = "world"
"""The pseudo-seat whose move is the recorded results of the effects of the step before."""

ILLEGAL = "illegal_reply"
"""The individual term the referee books, amount 1, when a seat's retries are spent without a legal reply."""

REFUSED = "refused_reply"
"""The individual term the referee books for each reply that it sent back, where a preset has a weight for it.

An arena that charges a readable slip at once (a call with a faulty argument) gives it the weight of the cheapest one:
the law ``refusals``. Where a seat is charged, the refusal says so."""

FORFEIT = "forfeit"
"""The individual term the referee books, amount 1, when a seat raised, hung or said nothing at all."""

REPLY_LIMIT = 20_000
"""Characters of one reply that are read; a longer reply is illegal and only this much of it (plus one) is kept."""


class Event(NamedTuple):
    """Something that happened. ``to`` is its audience: None for everyone, else the seats that learn of it."""

    kind: str
    data: Mapping[str, Any]
    to: tuple[Seat, ...] | None = None


class Effect(NamedTuple):
    """Work outside the state machine, as a JSON-able request for the arena's runner of that ``kind``."""

    kind: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is demanded of a seat now.

    ``choices`` are moves that are legal now, distinct, in an order that is a function of what the seat has seen.
    ``complete`` says that there are no others. ``data`` holds whatever else the wording needs (hashable values only).
    """

    seat: Seat
    kind: str
    choices: tuple[Any, ...]
    complete: bool = True
    data: tuple[tuple[str, Any], ...] = ()
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Computed once: asks are shared between games and looked up at every step."""
        if self._hash is None:
            object.__setattr__(self, "_hash", hash((self.seat, self.kind, self.choices, self.complete, self.data)))
        return self._hash  # type: ignore[return-value]  # it was set just now


@dataclass(frozen=True, slots=True)
class Illegal:
    """A reply that is no legal move. ``why`` goes back to the seat as it stands, so it says what to do."""

    why: str


@dataclass(frozen=True, slots=True)
class Forfeit:
    """A turn its agent did not take: it raised, hung past its time limit, or had nothing to say."""

    reason: str


class Term(NamedTuple):
    """One named reward term. ``to`` is a seat (individual) or a team's name (paid alike to all its seats)."""

    name: str
    to: str
    amount: float


class Step(NamedTuple):
    """What one call of ``Rules.play`` gives."""

    state: Any
    events: Sequence[Event] = ()
    effects: Sequence[Effect] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a game ended: the winning team (None where nobody won), a score in [0, 1] per team, and documented facts."""

    winner: str | None
    scores: Mapping[str, float]
    facts: Mapping[str, Any] = field(default_factory=dict)


ENGINE = 3
"""The version of what all games share (referee, chance, ledger): part of every arena's hash. Raised whenever the same
replies would give another game; ``tests/arenas/core/test_golden.py`` notices.

2: an outcome is checked and made plain when the game ends.
3: a seat is told when the referee moved for it, and how.
"""


class Rules(Protocol):
    """A game as a pure state machine over immutable states. A state has an attribute ``key``: its chance key.

    Where the roles depend on the deal there is one more method, ``roles(config) -> {team: roles}``: every role that may
    be dealt under a config (see ``Arena.roles``).
    """

    def deal(self, seed: int, config: Any) -> Any:
        """The first state."""

    def opening(self, state: Any) -> Sequence[Event]:
        """What each seat learns at the start: the rules of this table, its role, its companions."""

    def seats(self, config: Any) -> tuple[Seat, ...]:
        """Every seat, in table order."""

    def to_act(self, state: Any) -> tuple[Seat, ...]:
        """The seats that must decide now, in table order; several at once are sealed. Empty when the game is over."""

    def ask(self, state: Any, seat: Seat) -> Ask:
        """What ``seat``, one of ``to_act(state)``, must decide: a function of what that seat has seen, and no more."""

    def fallback(self, state: Any, seat: Seat) -> Any:
        """The move played for a seat whose reply could not be read; draws from the state's key."""

    def play(self, state: Any, moves: Mapping[Seat, Any]) -> Step:
        """The next state after every owing seat's move (or ``{WORLD: results}`` after effects)."""

    def outcome(self, state: Any) -> Outcome | None:
        """None while the game goes on."""

    def role(self, state: Any, seat: Seat) -> str:
        """The seat's role."""

    def phase(self, state: Any) -> str:
        """A public name of the moment, such as ``day 2: vote``."""

    def teams(self, state: Any) -> Mapping[str, tuple[Seat, ...]]:
        """Every team's seats, the dead included; each seat is in exactly one team."""

    def rekey(self, state: Any, key: int) -> Any:
        """The same state with other chance from here on."""


class Words(Protocol):
    """Text for events and asks, and typed moves out of replies. Pure, and blind to states."""

    def show(self, event: Event) -> str:
        """One event as text, the same for everyone in its audience."""

    def ask(self, ask: Ask) -> str:
        """The wording of an ask, with the form a reply must have."""

    def read(self, ask: Ask, reply: str) -> Any | Illegal:
        """The move a reply makes, or why it makes none. Never raises."""

    def write(self, ask: Ask, move: Any) -> str:
        """The complete reply that ``read`` turns back into ``move``."""


class Rewards(Protocol):
    """Named terms out of one step."""

    def terms(
        self, before: Any, moves: Mapping[Seat, Any], after: Any, events: Sequence[Event], fallbacks: frozenset[Seat]
    ) -> Sequence[Term]:
        """The terms that arise at this step; ``fallbacks`` are the seats whose move was not their own."""


Counterfactual = Callable[[Any, Mapping[Seat, Any], Seat, Any], "tuple[Any, Mapping[Seat, Any]] | None"]
"""``counterfactual(state, moves, seat, rng) -> (state, moves) | None``.

Another state and other moves that must look the same to ``seat``, now and after those moves are played, while what is
hidden from it differs; None where there is no such pair. ``moves`` covers ``to_act(state)``. See conformance.
"""


@dataclass(frozen=True, kw_only=True)
class Arena:
    """Rules, words and rewards under a name. Everything a referee, a trainer or a board needs to know of a game."""

    name: str
    version: str
    summary: str
    rules: Rules
    words: Words
    rewards: Rewards
    config: type
    """A frozen keyword-only dataclass; ``__post_init__`` raises UsageError on impossible values."""
    presets: Mapping[str, Mapping[str, float]]
    """Weights by term name, by preset name; ``default`` is one of them. Each names ILLEGAL and FORFEIT; see
    REFUSED for a third that the referee books."""
    team_terms: frozenset[str]
    """The names of the terms that are paid to teams; all others are individual."""
    turns_bound: Callable[[Any], int]
    """Decisions (accepted moves) after which any game of this config has ended."""
    counterfactual: Counterfactual | None = None
    """None says that nothing is hidden: every event is for everybody. Then ``privacy`` tests that, and that future
    chance does not show."""
    retries: int = 1
    """How often an illegal reply is sent back before the fallback is played."""
    runners: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    """Who carries out the effects, by kind; results are JSON-able."""
    degenerate_bound: float | None = None
    """Degenerate agents stay at or under this mean team score against the arena's scripted baseline."""
    baseline: str = "random"
    """The scripted agent that degenerate agents are held against."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """Facts of the outcome (numbers or booleans) that boards show as means with intervals: what each one measures, and
    its unit, by name. A fact that is None in a game does not count there."""
    success: str | None = None
    """The boolean fact among them that says that the task was done: what pass^k counts."""
    public: Callable[[Any], Mapping[str, Any]] | None = None
    """Facts of a state that everybody may know and no text tells, such as what held the programs that ran: they stand
    in infos beside the arena's own keys."""
    potential: Callable[[Any], Mapping[str, float]] | None = None
    """How far each team has come in a state, from 0 to 1, by its name; a team that is not named has 0. Trainers may pay
    what a step changed of it (``--potential``); nobody who plays is told."""
    contending: tuple[str, ...] = ()
    """The teams that are ranked, evaluated and trained; () for all. Whoever else sits at the table (a customer) is part
    of the case, to be answered for by the ``baseline``."""
    teachers: tuple[str, ...] = ()
    """Scripted agents that a warm start learns from; () for the baseline alone."""

    def configure(self, **values: Any) -> Any:
        """A validated config. Raises UsageError naming the unknown key (with a suggestion) or the impossible value."""
        known = [f.name for f in fields(self.config)]
        for name in values:
            if name not in known:
                raise UsageError(
                    f"unknown config key {name!r} of arena {self.name!r}{suggest(name, known)} "
                    f"(it has: {', '.join(known)})"
                )
        return self.config(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    def contenders(self, teams: Iterable[Seat]) -> tuple[str, ...]:
        """Those of ``teams`` that are ranked, evaluated and trained, sorted: see ``contending``."""
        return tuple(sorted(team for team in teams if not self.contending or team in self.contending))

    def roles(self, config: Any) -> Mapping[str, tuple[str, ...]]:
        """The roles that may be dealt under a config, by team.

        What ``rules.roles(config)`` says where the rules have it. Without it every deal has the same roles, which the
        law ``roles`` tests.
        """
        told = getattr(self.rules, "roles", None)
        if told is not None:
            found: Mapping[str, tuple[str, ...]] = told(config)
            return found
        state = self.rules.deal(0, config)
        return {
            team: tuple(dict.fromkeys(self.rules.role(state, seat) for seat in seats))
            for team, seats in self.rules.teams(state).items()
        }

    def weights(self, preset: str = "default") -> Mapping[str, float]:
        """The weight of every term under a preset. Raises UsageError for an unknown preset."""
        if preset not in self.presets:
            raise UsageError(
                f"unknown preset {preset!r} of arena {self.name!r}{suggest(preset, self.presets)} "
                f"(it has: {', '.join(self.presets)})"
            )
        return self.presets[preset]

    def hash(self, preset: str = "default") -> str:
        """16 hex digits over the source of rules, words and rewards (and texts beside them), the weights, and ENGINE.

        Whole folders are hashed for arenas that are packages, so that no helper module escapes, and the modules
        through which every arena may read replies (speech, tools, wrapped). Comments count: a
        board that refuses too much is mended by replaying, one that mixes two games is wrong for ever.
        """
        return _hash(self, preset)


def config_json(config: Any) -> dict[str, Any]:
    """A config as plain JSON values, every field named but those of ``later`` that are at their default."""
    left = {f.name for f in fields(config) if f.metadata.get(LATER) and getattr(config, f.name) == f.default}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items() if k not in left}


def later(default: Any) -> Any:
    """A config field that came after games had been recorded without it: those games' records stay as they were."""
    return field(default=default, metadata={LATER: True})


LATER = "later"


def _hash(arena: Arena, preset: str) -> str:
    digest = hashlib.sha256()
    for path in _sources(arena):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    rest = {
        "name": arena.name,
        "version": arena.version,
        "weights": dict(arena.weights(preset)),
        "retries": arena.retries,
        "engine": ENGINE,
    }
    digest.update(json.dumps(rest, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _sources(arena: Arena) -> list[Path]:
    found: set[Path] = set()
    for part in (arena.rules, arena.words, arena.rewards):
        path = Path(inspect.getfile(part if inspect.ismodule(part) else type(part))).resolve()
        if (path.parent / "__init__.py").exists() and path.parent.name not in ("arenas", "core", "tests"):
            found |= {p for p in path.parent.rglob("*") if p.suffix in (".py", ".md")}
        else:
            found.add(path)
    shared = Path(__file__).resolve().parent
    return [*sorted(found), shared / "speech.py", shared / "tools.py", shared / "wrapped.py"]
