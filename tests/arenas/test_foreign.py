"""Environments that are not ours, played as they are: PettingZoo's own, and some that misbehave."""

from __future__ import annotations

from typing import Any

import pytest
from pettingzoo.classic import connect_four_v3

from lanista.arenas import conformance, foreign


class ConnectFour(foreign.Adapter):
    turns = 42
    open_moves = True
    package = "pettingzoo"

    def make(self, config: Any) -> Any:
        return connect_four_v3.env()

    def text(self, env: Any, seat: str) -> str:
        mine, theirs = env.observe(seat)["observation"].transpose(2, 0, 1)
        rows = (
            "".join("x" if m else "o" if t else "." for m, t in zip(*row, strict=True))
            for row in zip(mine, theirs, strict=True)
        )
        return "\n".join(rows)

    def replies(self, env: Any, seat: str) -> tuple[list[str], bool]:
        return [str(c) for c in env.observe(seat)["action_mask"].nonzero()[0]], True

    def action(self, env: Any, seat: str, reply: str) -> int:
        return int(reply)

    def brief(self, seat: str, config: Any) -> str:
        return "Connect four. You are x. Columns are 0 to 6."


ARENA = foreign.wrap(ConnectFour(), name="connect_four", summary="four in a row")


@pytest.mark.parametrize("law", [law for law in conformance.LAWS if law != "privacy"])
def test_connect_four_keeps_every_law(law: str) -> None:
    conformance.LAWS[law](ARENA, 3, 0)
