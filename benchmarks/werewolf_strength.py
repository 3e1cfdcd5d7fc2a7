"""A strength table of Werewolf's scripted families: each as the village against each as the wolves' side.

    python benchmarks/werewolf_strength.py [--deals 400] [--decks default_7,default_9,kaggle_8] [--out FILE]

Every pairing plays the same deals. The figure is the village's win rate with Wilson's 95% interval. What was played is
kept in ``--out`` in pieces of 25 deals, so that a run which was stopped goes on where it was; results of another
version of the game or of the players are not taken up. Random players are seated too: a family that does not beat them
is none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from _machine import machine
from scripted_agents import seated

from lanista import arenas
from lanista.agents.contract import Agent
from lanista.agents.random import RandomAgent
from lanista.agents.werewolf import bayes
from lanista.agents.werewolf.crowd import CrowdAgent
from lanista.agents.werewolf.liar import LiarAgent
from lanista.agents.werewolf.talker import TalkerAgent
from lanista.arenas.core.referee import Game
from lanista.play.runner import GameSpec, play
from lanista.stats import wilson

FAMILIES: Mapping[str, Any] = {
    "random": RandomAgent,
    "crowd": CrowdAgent,
    "talker": TalkerAgent,
    "liar": LiarAgent,
    "bayes": bayes.BayesAgent,
}
DECKS: Mapping[str, Mapping[str, Any]] = {
    "default_7": {"players": 7},
    "default_9": {"players": 9},
    "kaggle_8": {"ruleset": "kaggle_8"},
    "seer_witch_guard_9": {"ruleset": "seer_witch_guard_9"},
    "aiwolf_5": {"ruleset": "aiwolf_5"},
}
PIECE = 25
FIRST = 50_000
"""The first deal's seed: no player was tuned on the deals from here on."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=400, help="deals per pairing")
    parser.add_argument("--decks", default="default_7,default_9,kaggle_8", help=f"of {', '.join(DECKS)}")
    parser.add_argument("--families", default=",".join(FAMILIES), help=f"of {', '.join(FAMILIES)}")
    parser.add_argument("--out", type=Path, default=Path("werewolf_strength.jsonl"), help="what was played so far")
    asked = parser.parse_args()
    decks, families = asked.decks.split(","), asked.families.split(",")
    kept = _kept(asked.out)
    print(f"{machine()}; {asked.deals} deals per pairing from seed {FIRST}, version {_version()}\n")
    for deck in decks:
        config = arenas.get("werewolf").configure(**DECKS[deck])
        print(f"{deck}: {', '.join(f'{count} {role}' for role, count in config.deck.items())}\n")
        print(f"| village \\ wolves | {' | '.join(families)} |\n|{'---|' * (len(families) + 1)}")
        for village in families:
            cells = [_cell(deck, village, wolves, asked.deals, kept, asked.out) for wolves in families]
            print(f"| {village} | {' | '.join(cells)} |", flush=True)
        print()


def _cell(deck: str, village: str, wolves: str, deals: int, kept: dict[str, int], out: Path) -> str:
    won = 0
    for first in range(0, deals, PIECE):
        many = min(PIECE, deals - first)
        key = f"{deck} {village} {wolves} {first} {many}"
        if key not in kept:
            kept[key] = _won(deck, FAMILIES[village](), FAMILIES[wolves](), FIRST + first, many)
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"version": _version(), "piece": key, "won": kept[key]}) + "\n")
        won += kept[key]
    print(f"{deck}: {village} against {wolves} done", file=sys.stderr)
    rate = wilson(won, deals)
    return f"{100 * rate.value:.1f} ({100 * rate.low:.0f}–{100 * rate.high:.0f})"


def _won(deck: str, village: Agent, wolves: Agent, first: int, deals: int) -> int:
    """How many of some deals the village wins. Raises AssertionError where a scripted player's reply was refused."""
    arena = arenas.get("werewolf")
    config, won = arena.configure(**DECKS[deck]), 0

    def finished(_: GameSpec, game: Game) -> None:
        nonlocal won
        won += game.outcome is not None and game.outcome.winner == "village"
        refused = [turn for step in game.steps for turn in step.turns if turn.by != "seat" or turn.attempts]
        assert not refused, f"{refused[0]} was refused"

    play((seated(arena, config, village, wolves, first + i) for i in range(deals)), on_game=finished)
    return won


def _kept(out: Path) -> dict[str, int]:
    """The pieces of this version that are played already."""
    if not out.exists():
        return {}
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines() if line]
    return {line["piece"]: line["won"] for line in lines if line["version"] == _version()}


@cache
def _version() -> str:
    """12 hex digits over the game and the players."""
    folder = Path(bayes.__file__).parent
    digest = hashlib.sha256(arenas.get("werewolf").hash().encode())
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


if __name__ == "__main__":
    main()
