"""The rules: a state that never changes, and what a move makes of it. No text, no rewards, no chance of its own.

Chance is drawn from the state's key by purpose and turn (``lanista.arenas.core.chance``), so a game is a function of
its seed and its moves.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lanista.arenas import Ask, Event, Outcome, Step
from lanista.arenas.core.chance import draw, key
from lanista.errors import UsageError

SEATS = ("player_0", "player_1")
TEAMS = {"first": ("player_0",), "second": ("player_1",)}
HIGHEST = 9


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of a table, as ``--set rounds=5`` gives them."""

    rounds: int = 3
    """How many rounds are played: 1 to 9."""

    def __post_init__(self) -> None:
        if not 1 <= self.rounds <= 9:
            raise UsageError(f"rounds is 1 to 9, not {self.rounds}")


@dataclass(frozen=True, slots=True)
class State:
    """Everything there is to know of a game."""

    key: int
    """The key that chance is drawn from."""
    rounds: int
    round: int
    cards: tuple[int, int]
    won: tuple[int, int]
    """Rounds won by each seat."""


class Rules:
    """Every round both decide at once; nobody sees the other's choice before."""

    def deal(self, seed: int, config: Config) -> State:
        return _dealt(State(key("my_arena", seed), config.rounds, 0, (0, 0), (0, 0)))

    def opening(self, state: State) -> list[Event]:
        return [Event("table", {"rounds": state.rounds}), *_told(state)]

    def seats(self, config: Config) -> tuple[str, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[str, ...]:
        return SEATS if state.round < state.rounds else ()

    def ask(self, state: State, seat: str) -> Ask:
        return Ask(seat, "choice", ("keep", "swap"), True, (("round", state.round + 1),))

    def fallback(self, state: State, seat: str) -> str:
        return "keep"

    def play(self, state: State, moves: Mapping[str, str]) -> Step:
        mine, theirs = (final(state, seat, moves[seat]) for seat in SEATS)
        won = (state.won[0] + (mine > theirs), state.won[1] + (theirs > mine))
        after = _dealt(replace(state, round=state.round + 1, won=won))
        swapped = [Event("swapped", {"card": final(state, s, "swap")}, (s,)) for s in SEATS if moves[s] == "swap"]
        best = SEATS[0] if mine > theirs else SEATS[1] if theirs > mine else "nobody"
        return Step(after, [*swapped, Event("won", {"round": after.round, "by": best}), *_told(after)])

    def outcome(self, state: State) -> Outcome | None:
        if state.round < state.rounds:
            return None
        first, second = state.won
        winner = "first" if first > second else "second" if second > first else None
        scores = {team: 0.5 if winner is None else float(team == winner) for team in TEAMS}
        return Outcome(winner, scores, {"rounds_won": list(state.won)})

    def role(self, state: State, seat: str) -> str:
        return "player"

    def phase(self, state: State) -> str:
        return f"round {min(state.round + 1, state.rounds)}"

    def teams(self, state: State) -> Mapping[str, tuple[str, ...]]:
        return TEAMS

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)


def turns_bound(config: Config) -> int:
    """Decisions after which any game of this config has ended."""
    return len(SEATS) * config.rounds


def counterfactual(
    state: State, moves: Mapping[str, str], seat: str, rng: random.Random
) -> tuple[State, Mapping[str, str]] | None:
    """Another card in the other's hand with which the round ends the same way: ``seat`` cannot tell the difference.

    The privacy test plays both and compares what the seat receives, byte for byte.
    """
    me = SEATS.index(seat)
    mine, theirs = final(state, seat, moves[seat]), final(state, SEATS[1 - me], moves[SEATS[1 - me]])
    others = [c for c in range(1, HIGHEST + 1) if (c > mine) == (theirs > mine) and (c == mine) == (theirs == mine)]
    card = rng.choice(others)
    if card == state.cards[1 - me]:
        return None
    cards = (card, state.cards[1]) if me else (state.cards[0], card)
    return replace(state, cards=cards), {seat: moves[seat], SEATS[1 - me]: "keep"}


def final(state: State, seat: str, move: str) -> int:
    """The card that counts for a seat at the end of the round."""
    if move == "swap":
        return 1 + draw(state.key, f"swap {seat}", state.round, HIGHEST)
    return state.cards[SEATS.index(seat)]


def _dealt(state: State) -> State:
    if state.round == state.rounds:
        return state
    first, second = (1 + draw(state.key, f"card {seat}", state.round, HIGHEST) for seat in SEATS)
    return replace(state, cards=(first, second))


def _told(state: State) -> list[Event]:
    """Each seat learns its own card, and only its own."""
    if state.round == state.rounds:
        return []
    return [Event("card", {"card": card}, (seat,)) for seat, card in zip(SEATS, state.cards, strict=True)]
