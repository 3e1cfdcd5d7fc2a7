"""Games stay the same: digests of a few games of each arena, recorded, and held to the versions they were played under.

A change that makes the same replies another game has to raise a version, or boards would mix two games under one hash:
an arena's own ``version`` where its rules, words or rewards changed, ``contract.ENGINE`` where the referee, the ledger
or chance did. Then record anew: ``python tests/arenas/core/test_golden.py``.
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest

from lanista.arenas import get
from lanista.arenas.core import chance
from lanista.arenas.core.contract import ENGINE, Forfeit
from lanista.arenas.core.referee import Game

GOLDEN = Path(__file__).with_name("golden.json")
ARENAS = ("werewolf", "support_desk", "travel_booking", "coding", "packages", "text_to_sql", "research")


def digest(arena: str, games: int = 3) -> str:
    """16 hex digits over games of random legal replies, a few of them refused or forfeited, one of them forked."""
    found = hashlib.sha256()
    for number in range(games):
        rng = random.Random(chance.key("golden", arena, number))
        game = Game(get(arena), number)
        for turn in range(40):
            if game.over:
                break
            seat = rng.choice(game.to_act())
            kind = rng.random()
            if kind < 0.04:
                game.submit(seat, Forfeit("golden"))
            elif kind < 0.1:
                game.submit(seat, "no such thing")
            else:
                game.submit(seat, rng.choice(game.legal(seat)))
            if turn == 20 and number == 1:
                game = game.fork("fresh", salt=3)
        record = game.episode().to_dict(meta=False)
        for name in ("hash", "version", "format"):
            del record[name]
        found.update(json.dumps(record, sort_keys=True).encode())
    return found.hexdigest()[:16]


@pytest.mark.parametrize("arena", ARENAS)
def test_the_same_replies_make_the_same_game(arena: str) -> None:
    golden = json.loads(GOLDEN.read_text())
    recorded = golden[arena]
    now = {"engine": ENGINE, "version": get(arena).version}
    if {name: recorded[name] for name in now} != now:
        pytest.fail(f"{arena} is {now} and was recorded as {recorded}: record anew (see the top of this file)")
    assert digest(arena) == recorded["digest"], (
        f"the same replies make another game of {arena!r} than under {now}: raise the arena's version (its own parts "
        "changed) or ENGINE (the referee, the ledger or chance did), and record anew"
    )


if __name__ == "__main__":
    made = {arena: {"engine": ENGINE, "version": get(arena).version, "digest": digest(arena)} for arena in ARENAS}
    GOLDEN.write_text(json.dumps(made, indent=2) + "\n")
