"""Hand-made episodes: small, and with every kind of turn that a store must keep apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lanista.arenas.core.contract import Event, Outcome, Term
from lanista.arenas.core.episode import Episode, StepRecord, Turn


def _turn(seat: str, **values: object) -> Turn:
    defaults = {"kind": "vote", "prompt": "Vote.", "reply": "vote: b", "action": "vote: b", "meta": {"latency_s": 0.5}}
    return Turn(seat=seat, **{**defaults, **values})  # type: ignore[arg-type]


def _episode(seed: int = 1, config: dict[str, object] | None = None) -> Episode:
    steps = (
        StepRecord(
            phase="day 1: vote",
            turns=(
                _turn(
                    "a",
                    attempts=(("er", "vote for one player"), ("hm", "vote for one player")),
                    meta={
                        "latency_s": 0.5,
                        "tokens": {"prompt_ids": [1, 2, 3], "ids": [4, 5], "logps": [-0.5, -0.25]},
                        "retries": [{"latency_s": 0.25, "tokens": {"prompt_ids": [1], "ids": [9], "logps": [-1.0]}}],
                    },
                ),
                _turn("b", reply="?", by="fallback", why="no vote in it", attempts=(("?", "no vote in it"),)),
                _turn("c", reply="", by="forfeit", why="raised ValueError"),
            ),
            events=((Event("votes", {"a": "b"}, None), "a voted for b."),),
            terms=(Term("illegal_reply", "b", 1.0), Term("victory", "village", 1.0)),
        ),
        StepRecord(
            phase="night 1", turns=(_turn("c", meta={}),), events=((Event("hush", {}, ("c",)), "Hush."),), terms=()
        ),
    )
    return Episode(
        arena="parlour",
        version="1",
        hash="0123456789abcdef",
        config=config or {"players": 3, "roles": ["seer"]},
        preset="default",
        seed=seed,
        players={"a": "x", "b": "x", "c": "y"},
        roles={"a": "seer", "b": "villager", "c": "werewolf"},
        teams={"village": ["a", "b"], "wolves": ["c"]},
        weights={"illegal_reply": -20.0, "victory": 100.0},
        opening=[(Event("role", {"seat": "a"}, ("a",)), "You are the seer.")],
        steps=steps,
        outcome=Outcome("village", {"village": 1.0, "wolves": 0.0}, {"days": 1}),
        returns={"a": 100.0, "b": 80.0, "c": 0.0},
        journal=[{"seat": "a", "reply": "vote: b"}],
    )


@pytest.fixture
def episode() -> Callable[..., Episode]:
    return _episode
