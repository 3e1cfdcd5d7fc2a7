"""A small complete arena for tests of the house itself: a sealed-bid auction with a hidden value and an effect.

Two teams of two. Every seat is told the prize's value to itself, all bid at once (0-3), the best bid's team wins the
round (ties by chance); an appraiser outside the state machine (an effect) sets the prize of the next round. Three
rounds; the team with more points wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from lanista.arenas import WORLD, Arena, Ask, Effect, Event, Illegal, Outcome, Step, Term
from lanista.arenas.core.chance import draw, key
from lanista.errors import UsageError

BIDS = (0, 1, 2, 3)
TEAMS: dict[str, tuple[str, ...]] = {"red": ("player_0", "player_2"), "blue": ("player_1", "player_3")}
SEATS = ("player_0", "player_1", "player_2", "player_3")


@dataclass(frozen=True, kw_only=True)
class Config:
    rounds: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.rounds <= 9:
            raise UsageError(f"rounds is 1 to 9, not {self.rounds}")


@dataclass(frozen=True, slots=True)
class State:
    key: int
    rounds: int
    round: int
    values: tuple[int, ...]
    points: tuple[int, int]
    prize: int
    waiting: bool = False


class Rules:
    def deal(self, seed: int, config: Config) -> State:
        k = key("auction", seed)
        return State(k, config.rounds, 0, tuple(draw(k, f"value {s}", 0, 10) for s in SEATS), (0, 0), 1)

    def opening(self, state: State) -> list[Event]:
        told = [Event("table", {"rounds": state.rounds})]
        return told + [Event("value", {"seat": s, "value": v}, (s,)) for s, v in zip(SEATS, state.values, strict=True)]

    def seats(self, config: Config) -> tuple[str, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[str, ...]:
        return () if state.round == state.rounds or state.waiting else SEATS

    def ask(self, state: State, seat: str) -> Ask:
        return Ask(seat, "bid", BIDS, True, (("round", state.round), ("prize", state.prize)))

    def fallback(self, state: State, seat: str) -> int:
        return draw(state.key, f"fallback {seat}", state.round, len(BIDS))

    def play(self, state: State, moves: dict[str, Any]) -> Step:
        if WORLD in moves:
            (prize,) = moves[WORLD]
            return Step(replace(state, prize=prize, waiting=False), [Event("prize", {"prize": prize})])
        best = max(moves.values())
        top = [s for s in SEATS if moves[s] == best]
        winner = top[draw(state.key, "tie", state.round, len(top))]
        red, blue = state.points
        points = (red + state.prize, blue) if winner in TEAMS["red"] else (red, blue + state.prize)
        after = replace(state, round=state.round + 1, points=points, waiting=state.round + 1 < state.rounds)
        events = [Event("sold", {"to": winner, "bid": best})]
        return Step(after, events, [Effect("appraise", {"round": after.round})] if after.waiting else [])

    def outcome(self, state: State) -> Outcome | None:
        if state.round < state.rounds:
            return None
        red, blue = state.points
        winner = "red" if red > blue else "blue" if blue > red else None
        scores = {"red": 0.5, "blue": 0.5} if winner is None else {t: float(t == winner) for t in TEAMS}
        return Outcome(winner, scores, {"points": list(state.points)})

    def role(self, state: State, seat: str) -> str:
        return "bidder"

    def phase(self, state: State) -> str:
        return f"round {state.round + 1}"

    def teams(self, state: State) -> dict[str, tuple[str, ...]]:
        return TEAMS

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)


class Words:
    def show(self, event: Event) -> str:
        return {
            "table": "An auction over {rounds} rounds. Bid 0 to 3.",
            "value": "{seat}, the prize is worth {value} to you.",
            "sold": "Sold to {to} for {bid}.",
            "prize": "The next prize counts {prize}.",
        }[event.kind].format(**event.data)

    def ask(self, ask: Ask) -> str:
        return f"Round {dict(ask.data)['round'] + 1}. Reply with `bid: N`."

    def read(self, ask: Ask, reply: str) -> int | Illegal:
        found = re.findall(r"bid:\s*([0-3])\b", reply)
        return int(found[0]) if len(found) == 1 else Illegal("reply with exactly one `bid: N`, N from 0 to 3")

    def write(self, ask: Ask, move: int) -> str:
        return f"bid: {move}"


class Rewards:
    def terms(self, before: State, moves: Any, after: State, events: Any, fallbacks: Any) -> list[Term]:
        if WORLD in moves:
            return []
        paid = [Term("price", s, float(moves[s])) for s in SEATS if any(e.data.get("to") == s for e in events)]
        gained = zip(TEAMS, before.points, after.points, strict=True)
        return paid + [Term("points", team, float(b - a)) for team, a, b in gained if b != a]


def counterfactual(state: State, moves: dict[str, int], seat: str, rng: Any) -> tuple[State, dict[str, int]]:
    """Other seats' values differ; bids are the same, for they decide what everybody is told."""
    values = tuple(v if s == seat else rng.randrange(10) for s, v in zip(SEATS, state.values, strict=True))
    return replace(state, values=values), moves


appraisals = SimpleNamespace(run=0)


def appraise(request: dict[str, Any]) -> int:
    appraisals.run += 1
    return 1 + request["round"]


WEIGHTS = {"points": 10.0, "price": -1.0, "illegal_reply": -5.0, "forfeit": -5.0}


def make_arena(**changes: Any) -> Arena:
    parts: dict[str, Any] = {
        "name": "auction",
        "version": "1",
        "summary": "a sealed-bid auction",
        "rules": Rules(),
        "words": Words(),
        "rewards": Rewards(),
        "config": Config,
        "presets": {"default": WEIGHTS},
        "team_terms": frozenset({"points"}),
        "turns_bound": lambda config: 4 * config.rounds,
        "counterfactual": counterfactual,
        "runners": {"appraise": appraise},
    }
    return Arena(**{**parts, **changes})
