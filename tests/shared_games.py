"""A small arena of sealed, simultaneous guesses, for tests of several rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lanista.arenas.core import chance
from lanista.arenas.core.contract import Arena, Ask, Event, Illegal, Outcome, Seat, Step, Term
from lanista.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Config:
    players: int = 3
    rounds: int = 3
    highest: int = 5

    def __post_init__(self) -> None:
        if self.players < 1:
            raise UsageError(f"players is at least 1, not {self.players}")


@dataclass(frozen=True, slots=True)
class State:
    config: Config
    key: int
    round: int = 0
    hits: tuple[int, ...] = ()


class Rules:
    """Each round everybody guesses a number in secret; then the number and every guess are told to all.

    Before each round the first seat alone is whispered whether the number is odd.
    """

    def deal(self, seed: int, config: Config) -> State:
        return State(config, chance.key("guess", seed), hits=(0,) * config.players)

    def opening(self, state: State) -> Sequence[Event]:
        return [Event("rules", {"highest": state.config.highest}), self._whisper(state)]

    def seats(self, config: Config) -> tuple[Seat, ...]:
        return tuple(f"guesser_{i}" for i in range(config.players))

    def to_act(self, state: State) -> tuple[Seat, ...]:
        return () if state.round == state.config.rounds else self.seats(state.config)

    def ask(self, state: State, seat: Seat) -> Ask:
        return Ask(seat, "guess", tuple(range(1, state.config.highest + 1)))

    def fallback(self, state: State, seat: Seat) -> int:
        return 1 + chance.draw(state.key, f"fallback {seat}", state.round, state.config.highest)

    def play(self, state: State, moves: Mapping[Seat, int]) -> Step:
        number = self._number(state)
        seats = self.seats(state.config)
        hits = tuple(h + (moves[s] == number) for h, s in zip(state.hits, seats, strict=True))
        after = replace(state, round=state.round + 1, hits=hits)
        events = [Event("round", {"number": number, "guesses": dict(moves)})]
        if after.round < state.config.rounds:
            events.append(self._whisper(after))
        return Step(after, events)

    def outcome(self, state: State) -> Outcome | None:
        if state.round < state.config.rounds:
            return None
        best = max(state.hits)
        hits = dict(zip(self.teams(state), state.hits, strict=True))
        teams = [team for team, count in hits.items() if count == best]
        scores = {team: count / max(1, state.round) for team, count in hits.items()}
        return Outcome(teams[0] if len(teams) == 1 else None, scores)

    def role(self, state: State, seat: Seat) -> str:
        return "insider" if seat == "guesser_0" else "guesser"

    def phase(self, state: State) -> str:
        return f"round {state.round + 1}"

    def teams(self, state: State) -> Mapping[str, tuple[Seat, ...]]:
        return {f"team of {seat}": (seat,) for seat in self.seats(state.config)}

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)

    def _number(self, state: State) -> int:
        return 1 + chance.draw(state.key, "number", state.round, state.config.highest)

    def _whisper(self, state: State) -> Event:
        return Event("whisper", {"odd": self._number(state) % 2 == 1}, ("guesser_0",))


class Words:
    def show(self, event: Event) -> str:
        if event.kind == "rules":
            return f"Guess the number, 1 to {event.data['highest']}."
        if event.kind == "whisper":
            return f"(Between us: it is {'odd' if event.data['odd'] else 'even'}.)"
        guesses = ", ".join(f"{seat} said {guess}" for seat, guess in event.data["guesses"].items())
        return f"It was {event.data['number']}; {guesses}."

    def ask(self, ask: Ask) -> str:
        return f"Reply with one number from 1 to {len(ask.choices)}."

    def read(self, ask: Ask, reply: str) -> int | Illegal:
        said = reply.strip()
        if said.isascii() and said.isdecimal() and len(said) < 5 and int(said) in ask.choices:
            return int(said)
        return Illegal(f"say one number from 1 to {len(ask.choices)} and nothing else")

    def write(self, ask: Ask, move: int) -> str:
        return str(move)


class Rewards:
    def terms(
        self,
        before: State,
        moves: Mapping[Seat, Any],
        after: State,
        events: Sequence[Event],
        fallbacks: frozenset[Seat],
    ) -> Sequence[Term]:
        number = events[0].data["number"]
        return [Term("hit", seat, 1.0) for seat, guess in moves.items() if guess == number]


def guess() -> Arena:
    """The arena; its seats are guesser_0 (who is told secrets), guesser_1, …"""
    return Arena(
        name="guess",
        version="1",
        summary="Guess a number in secret.",
        rules=Rules(),
        words=Words(),
        rewards=Rewards(),
        config=Config,
        presets={"default": {"hit": 1.0, "illegal_reply": -2.0, "forfeit": -3.0}},
        team_terms=frozenset(),
        turns_bound=lambda config: config.players * config.rounds,
        counterfactual=lambda state, moves, seat, rng: None,
    )
