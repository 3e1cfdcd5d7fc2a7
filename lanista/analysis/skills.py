"""What a Werewolf record alone says of its players: who deceives, detects, discloses, is believed, survives.

Each is held against what random play would have come to. Where a decision has an exact line (a vote among so many
living of whom so many are wolves) it is worked out for that very decision; how often a seat survives and a side wins is
measured on games of the same deck in which everybody plays at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from lanista.agents import registry
from lanista.arenas import get
from lanista.arenas.core.contract import Event, Seat
from lanista.arenas.core.episode import Episode
from lanista.arenas.core.referee import Game
from lanista.arenas.werewolf.deck import WEREWOLF
from lanista.play.runner import GameSpec, play

RANDOM_GAMES = 200
"""Games of random play that a deck's lines for surviving and winning are measured on, of the seeds from 0 on."""


class Fact(NamedTuple):
    """One observation of a seat."""

    seat: Seat
    measure: str
    value: float
    line: float | None = None


def skills(episode: Episode, lines: Mapping[tuple[str, str], float] | None = None) -> list[Fact]:
    """Every observation of a finished game. ``lines``: (side, measure) as ``random_lines`` measures them."""
    reader = _Reader(episode)
    for event in events(episode):
        reader.hear(event)
    return [*reader.found, *_ends(episode, reader, lines or {})]


def events(episode: Episode) -> Iterator[Event]:
    """Everything that happened, in order."""
    yield from (event for event, _ in episode.opening)
    for step in episode.steps:
        yield from (event for event, _ in step.events)


def acts(speech: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a speech says in acts, as its event carries them; free words beside them are not read here."""
    return [] if speech["act"] is None else [speech["act"]]


@lru_cache(maxsize=32)
def random_lines(name: str, config: Any) -> dict[tuple[str, str], float]:
    """(side, measure) -> how often a seat of the side survives, and the side wins, where everybody plays at random.

    ``name``: the arena's.
    """
    arena, agent = get(name), registry.make("random")
    seats = arena.rules.seats(config)
    sums: dict[tuple[str, str], float] = {}
    counts: dict[tuple[str, str], int] = {}

    def over(spec: GameSpec, game: Game) -> None:
        assert game.outcome is not None
        alive = set(game.outcome.facts["survivors"])
        for side, members in game.teams.items():
            for measure, values in (
                ("survives", [float(seat in alive) for seat in members]),
                ("wins", [game.outcome.scores[side]]),
            ):
                sums[side, measure] = sums.get((side, measure), 0.0) + sum(values)
                counts[side, measure] = counts.get((side, measure), 0) + len(values)

    specs = (
        GameSpec(id=f"random/{seed}", arena=arena, seed=seed, seating=dict.fromkeys(seats, agent), config=config)
        for seed in range(RANDOM_GAMES)
    )
    play(specs, on_game=over)
    return {key: sums[key] / counts[key] for key in sums}


class _Reader:
    """The public course of a game, read event by event by one who knows the roles."""

    def __init__(self, episode: Episode) -> None:
        self.wolves = frozenset(seat for seat, role in episode.roles.items() if role == WEREWOLF)
        self.pack = frozenset(episode.teams["wolves"])  # who plays for them, wolf or not
        self.roles = episode.roles
        self.alive = dict.fromkeys(episode.roles)
        self.accused: dict[Seat, set[Seat]] = {}  # today, by accuser
        self.known: dict[Seat, tuple[Seat, str]] = {}  # what the seer found, by target
        self.told: set[Seat] = set()
        self.today: list[tuple[Seat, Seat, str]] = []  # true findings told today: who, of whom, what
        self.found: list[Fact] = []

    def hear(self, event: Event) -> None:
        kind, data, _ = event
        if kind in ("night", "day"):
            self.accused, self.today = {}, []
        elif kind == "inspected":
            self.known[data["target"]] = data["seat"], data["finding"]
        elif kind == "speech":
            for act in acts(data):
                self._speech(data["seat"], act)
        elif kind == "votes":
            self._votes(data["votes"])
            self.alive.pop(data["eliminated"], None)
        elif kind == "deaths":
            for death in data["deaths"]:
                self.alive.pop(death["seat"], None)
        elif kind == "shot" and data["target"] is not None:
            self.alive.pop(data["target"], None)

    def _speech(self, seat: Seat, act: Mapping[str, Any]) -> None:
        target, finding = act.get("target"), act.get("finding")
        if act["act"] == "accuse" or finding == "werewolf":
            self.accused.setdefault(seat, set()).add(str(target))
        if act["act"] == "report" and self.known.get(str(target)) == (seat, finding):
            self.told.add(str(target))
            if target in self.alive:
                self.today.append((seat, str(target), str(finding)))

    def _votes(self, cast: Mapping[Seat, Seat | None]) -> None:
        others = len(self.alive) - 1
        votes = {voter: target for voter, target in cast.items() if target is not None}
        for voter, target in votes.items():
            if voter not in self.pack:
                wolves = sum(seat in self.wolves for seat in self.alive)
                self.found.append(Fact(voter, "detects", float(target in self.wolves), wolves / others))
        for seer, target, finding in dict.fromkeys(self.today):
            bad = finding == "werewolf"
            for voter, choice in votes.items():
                if voter not in self.pack and voter not in (seer, target):
                    line = 1 / others if bad else 1 - 1 / others
                    self.found.append(Fact(seer, "believed", float((choice == target) == bad), line))
        accusers = {who: whom for who, whom in self.accused.items() if who not in self.pack and who in self.alive}
        if accusers:
            line = 1.0
            for whom in accusers.values():
                line *= 1 - len(whom & self.alive.keys()) / others
            for wolf in self.wolves & self.alive.keys():
                free = not any(wolf in whom for whom in accusers.values())
                self.found.append(Fact(wolf, "deceives", float(free), line))


def _ends(episode: Episode, reader: _Reader, lines: Mapping[tuple[str, str], float]) -> Iterator[Fact]:
    for target, (seer, _) in reader.known.items():
        yield Fact(seer, "discloses", float(target in reader.told))
    assert episode.outcome is not None
    moved_for = {turn.seat for step in episode.steps for turn in step.turns if turn.by != "seat"}
    for side, members in episode.teams.items():
        score = episode.outcome.scores[side]
        erred = any(seat in moved_for for other, seats in episode.teams.items() if other != side for seat in seats)
        for seat in members:
            yield Fact(seat, "survives", float(seat in reader.alive), lines.get((side, "survives")))
            yield Fact(seat, "wins", score, lines.get((side, "wins")))
            if score == 1.0:
                yield Fact(seat, "by_error", float(erred))
