"""What a travel team pays for having to tell: journeys where each seat knows what it was told, and where all hear all.

    python benchmarks/travel_team.py [--agents travel_expert travel_reader travel_novice] [--cases 200] [--split test]

Every agent plays the same journeys twice: with separate seats (``told``), and as with one memory, where everybody hears
the party and options are copied. Printed are the share completed, the decisions a game, and what is between the two with
its 95% interval over cases. ``--agents`` takes whatever can be seated (``lanista agents`` lists them).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from _machine import machine

from lanista.agents import registry
from lanista.arenas import get
from lanista.arenas.core.referee import Game
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
    print(f"\n{'agent':<24}{'separate':>10}{'one memory':>12}{'turns':>8}{'turns, one':>12}  what telling costs")
    for name in args.agents:
        apart, together = (games(name, told, args) for told in (True, False))
        blocks = [game.seed for game in apart]
        lost = paired_difference([success(game) for game in apart], [success(game) for game in together], blocks)
        print(
            f"{name:<24}{mean(success, apart):>10.3f}{mean(success, together):>12.3f}"
            f"{mean(turns, apart):>8.1f}{mean(turns, together):>12.1f}"
            f"  {lost.value:.3f} ({lost.low:.3f} to {lost.high:.3f})"
        )


def games(name: str, told: bool, args: argparse.Namespace) -> list[Game]:
    """The finished games of an agent in every seat, by seed."""
    arena = get("travel_booking")
    # A second traveller keeps it a journey, where nothing else does, when nothing has to be told.
    few = {} if args.level == "top" else {"travellers": 2}
    config = arena.configure(level=args.level, split=args.split, told=told, **few)
    agent = registry.make(name)
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
