"""A small cooperative arena for tests of boards and replays: two seats look for a key that rolls on behind their backs.

One team. Seats take turns to call `open {"box": N}`; the key moves to another box after every second try, which no
seat is told. Found within four tries the errand succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lanista.agents.contract import Answer, Question
from lanista.arenas import Arena, Ask, Event, Outcome, Step, Term
from lanista.arenas.core.chance import draw, key
from lanista.arenas.core.tools import Call, Tool, by_name, call, parse

SEATS = ("runner_0", "keeper_0")
TRIES = 4
TOOLS = by_name(Tool("open", "look into a box", {"box": {"type": "integer", "minimum": 1, "maximum": 4}}))
CALLS = tuple(call("open", box=box) for box in (1, 2, 3, 4))


@dataclass(frozen=True, kw_only=True)
class Config:
    pass


@dataclass(frozen=True, slots=True)
class State:
    key: int
    box: int
    opened: tuple[int, ...] = ()
    found: bool = False


class Rules:
    def deal(self, seed: int, config: Config) -> State:
        k = key("errand", seed)
        return State(k, 1 + draw(k, "box", 0, 4))

    def opening(self, state: State) -> list[Event]:
        return [Event("errand", {}), Event("key", {"box": state.box}, ())]

    def seats(self, config: Config) -> tuple[str, ...]:
        return SEATS

    def to_act(self, state: State) -> tuple[str, ...]:
        return () if state.found or len(state.opened) == TRIES else (SEATS[len(state.opened) % 2],)

    def ask(self, state: State, seat: str) -> Ask:
        return Ask(seat, "try", CALLS)

    def fallback(self, state: State, seat: str) -> Call:
        return CALLS[0]

    def play(self, state: State, moves: Mapping[str, Any]) -> Step:
        ((seat, move),) = moves.items()
        box = move.args["box"] if isinstance(move, Call) else 0
        opened = (*state.opened, box)
        after = replace(state, opened=opened, found=box == state.box)
        events = [Event("result", {"box": box, "found": after.found}, (seat,))]
        if not after.found and len(opened) % 2 == 0:
            after = replace(after, box=1 + draw(state.key, "box", len(opened), 4))
            events.append(Event("key", {"box": after.box}, ()))
        return Step(after, events)

    def outcome(self, state: State) -> Outcome | None:
        if self.to_act(state):
            return None
        facts = {
            "found": state.found,
            "tries": len(state.opened) if state.found else None,
            "repeated": len(state.opened) - len(set(state.opened)),
            "boxes": list(state.opened),
        }
        return Outcome("crew" if state.found else None, {"crew": float(state.found)}, facts)

    def role(self, state: State, seat: str) -> str:
        return seat.partition("_")[0]

    def phase(self, state: State) -> str:
        return f"try {len(state.opened) + 1}"

    def teams(self, state: State) -> dict[str, tuple[str, ...]]:
        return {"crew": SEATS}

    def rekey(self, state: State, key: int) -> State:
        return replace(state, key=key)


class Words:
    def show(self, event: Event) -> str:
        return {
            "errand": "Find the key in one of four boxes.",
            "key": "The key lies in box {box}.",
            "result": "Box {box}: found {found}.",
        }[event.kind].format(**event.data)

    def ask(self, ask: Ask) -> str:
        return 'Call `open {"box": N}`.'

    def read(self, ask: Ask, reply: str) -> Any:
        return parse(reply, TOOLS)

    def write(self, ask: Ask, move: Any) -> str:
        return str(move)


class Rewards:
    def terms(
        self, before: State, moves: Any, after: State, events: Sequence[Event], fallbacks: frozenset[str]
    ) -> list[Term]:
        paid = [Term("effort", seat, 1.0) for seat in moves]
        return [*paid, Term("found_it", "crew", 1.0)] if after.found else paid


def counterfactual(state: State, moves: Any, seat: str, rng: Any) -> tuple[State, Any] | None:
    return None


WEIGHTS = {"effort": -1.0, "found_it": 20.0, "illegal_reply": -5.0, "forfeit": -5.0}

ARENA = Arena(
    name="errand",
    version="1",
    summary="a key in a box",
    rules=Rules(),
    words=Words(),
    rewards=Rewards(),
    config=Config,
    presets={"default": WEIGHTS},
    team_terms=frozenset({"found_it"}),
    turns_bound=lambda config: TRIES,
    counterfactual=counterfactual,
    metrics={
        "found": "errands that ended with the key",
        "tries": "boxes opened where the key was found",
        "repeated": "boxes opened again",
    },
    success="found",
)


class Sweeper:
    """Opens 1, 2, 3, 4 in turn, whatever it is told."""

    name = "sweeper"
    time_limit_s: float | None = None
    batched = False

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        return [Answer(q.legal[2 * q.turn + SEATS.index(q.seat)]) for q in questions]

    def forget(self, game: str) -> None:
        pass

    def close(self) -> None:
        pass
