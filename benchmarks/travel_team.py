"""What a travel team pays for having to tell: journeys where each seat knows what it was told, and where all hear all.

    python benchmarks/travel_team.py [--agents travel_expert travel_reader travel_novice] [--cases 200] [--split test]

Every agent plays the same journeys three times: with separate seats (``told``), as with one memory, where everybody
hears the party and options are copied, and with separate seats whose notes get lost. Printed are the share completed
each way, the decisions a game, and what is between the first two with its 95% interval over cases: what telling costs.
``--agents`` takes whatever can be seated (``lanista agents`` lists them).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

from _machine import machine

from lanista.agents import registry
from lanista.agents.contract import Agent, Answer, Question
from lanista.arenas import get
from lanista.arenas.core.contract import Forfeit
from lanista.arenas.core.referee import Game
from lanista.arenas.core.tools import Call, call, parse
from lanista.arenas.travel_booking.journeys.calls import KINDS, tools
from lanista.errors import Unavailable
from lanista.play.runner import GameSpec, play
from lanista.stats import paired_difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", nargs="+", default=["travel_expert", "travel_reader", "travel_novice"])
    parser.add_argument("--cases", type=int, default=200, help="journeys an agent plays each way")
    parser.add_argument("--split", default="test", help="train, dev or test")
    parser.add_argument("--level", default="top", help="any; journeys are played at all of them")
    args = parser.parse_args()
    print(machine())
    print(
        f"\n{'agent':<24}{'separate':>10}{'one memory':>12}{'no notes':>10}{'turns':>8}{'turns, one':>12}"
        "  what telling costs"
    )
    for name in args.agents:
        apart, together = (games(registry.make(name), told, args) for told in (True, False))
        lossy = games(Mute(registry.make(name)), True, args)
        blocks = [game.seed for game in apart]
        lost = paired_difference([success(game) for game in apart], [success(game) for game in together], blocks)
        print(
            f"{name:<24}{mean(success, apart):>10.3f}{mean(success, together):>12.3f}{mean(success, lossy):>10.3f}"
            f"{mean(turns, apart):>8.1f}{mean(turns, together):>12.1f}"
            f"  {lost.value:.3f} ({lost.low:.3f} to {lost.high:.3f})"
        )


class Mute:
    """An agent whose notes get lost on the way."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.name, self.time_limit_s, self.batched = f"{agent.name} without notes", agent.time_limit_s, agent.batched

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit | Unavailable]:
        """What the agent answers, without its notes."""
        answers = self._agent.answer(questions)
        return [
            replace(answer, text=_mute(answer.text)) if isinstance(answer, Answer) else answer for answer in answers
        ]

    def forget(self, game: str) -> None:
        """The game is over."""
        self._agent.forget(game)

    def close(self) -> None:
        """Nobody will ask again."""
        self._agent.close()


def _mute(reply: str) -> str:
    found = parse(reply, {name: tool for kind in KINDS for name, tool in (tools(kind) or {}).items()})
    if not isinstance(found, Call) or found.tool != "pass":
        return reply
    return str(call("pass", **{name: value for name, value in found.args.items() if name != "note"}))


def games(agent: Agent, told: bool, args: argparse.Namespace) -> list[Game]:
    """The finished games of an agent in every seat, by seed."""
    arena = get("travel_booking")
    # A second traveller keeps it a journey, where nothing else does, when nothing has to be told.
    few = {} if args.level == "top" else {"travellers": 2}
    config = arena.configure(level=args.level, split=args.split, told=told, **few)
    played: dict[int, Game] = {}
    seating = dict.fromkeys(arena.rules.seats(config), agent)
    specs = [
        GameSpec(id=str(s), arena=arena, seed=s, seating=seating, config=config, tags={}) for s in range(args.cases)
    ]
    play(specs, on_game=lambda spec, game: played.update({spec.seed: game}))
    return [played[seed] for seed in sorted(played)]


def success(game: Game) -> float:
    """1 where the journey was completed."""
    assert game.outcome is not None
    return float(game.outcome.facts["success"])


def turns(game: Game) -> float:
    """Decisions of a game."""
    assert game.outcome is not None
    return float(game.outcome.facts["turns"])


def mean(of: Callable[[Game], float], played: list[Game]) -> float:
    """The mean over games."""
    return sum(map(of, played)) / len(played)


if __name__ == "__main__":
    main()
