"""The PettingZoo views: order, payment, seeding, copies, clear errors."""

from __future__ import annotations

import copy
import random

import pytest
from auction import SEATS, make_arena

from lanista.arenas import AECView, ParallelView, make
from lanista.errors import LanistaError, UsageError

ARENA = make_arena()


def finish(env: AECView, seed: int = 0) -> dict[str, float]:
    rng = random.Random(seed)
    got = dict.fromkeys(env.possible_agents, 0.0)
    for seat in env.agent_iter():
        _, reward, over, _, info = env.last()
        got[seat] += reward
        env.step(None if over else rng.choice(info["legal"]))
    return got


def test_the_stock_loop_is_paid_the_returns() -> None:
    env = AECView(ARENA)
    env.reset(seed=3)
    got = finish(env)
    assert env.game is not None
    assert got == pytest.approx(env.game.returns)
    assert env.outcome is env.unwrapped.outcome
    assert env.outcome is not None


def test_a_seed_decides_the_game_and_later_resets_differ() -> None:
    a, b = AECView(ARENA), AECView(ARENA)
    a.reset(seed=7)
    b.reset(seed=7)
    assert a.observe("player_0") == b.observe("player_0")
    first = a.game
    a.reset()
    b.reset()
    assert a.game is not None
    assert b.game is not None
    assert first is not None
    assert a.game.seed == b.game.seed != first.seed


def test_nothing_of_the_last_game_reaches_the_next() -> None:
    env = AECView(ARENA)
    env.reset(seed=1)
    fresh = env.observe("player_1")
    finish(env)
    env.reset(seed=1)
    assert env.observe("player_1") == fresh
    assert env.history("player_1") == fresh["text"]


def test_a_refused_reply_keeps_the_seat_selected() -> None:
    env = AECView(ARENA)
    env.reset(seed=1)
    env.step("hm")
    assert env.agent_selection == "player_0"
    env.step("bid: 1")
    assert env.agent_selection == "player_1"


def test_forks_and_deep_copies_go_on_alike() -> None:
    env = AECView(ARENA)
    env.reset(seed=2)
    env.step("bid: 2")
    twins = [env.fork(), copy.deepcopy(env)]
    results = [finish(e, 5) for e in (*twins, env)]
    assert results[0] == results[1] == results[2]


def test_json_continues_the_game() -> None:
    env, other = AECView(ARENA), AECView(ARENA)
    env.reset(seed=2)
    env.step("bid: 2")
    other.from_json(env.to_json())
    assert other.agent_selection == env.agent_selection
    assert finish(other, 1) == finish(env, 1)


def test_parallel_ignores_who_owes_nothing_and_forfeits_who_is_missing() -> None:
    env = ParallelView(ARENA)
    env.reset(seed=1)
    env.step({"player_0": "what?", "player_1": "bid: 1", "player_2": "bid: 0"})
    assert env.game is not None
    assert env.game.to_act() == ("player_0",)
    _, rewards, *_ = env.step(dict.fromkeys(SEATS, "bid: 3"))
    turns = {t.seat: t for t in env.game.steps[0].turns}
    assert turns["player_1"].reply == "bid: 1"
    assert turns["player_3"].by == "forfeit"
    assert rewards["player_3"] == -5.0


def test_parallel_and_aec_play_the_same_game() -> None:
    aec, par = AECView(ARENA), ParallelView(ARENA)
    aec.reset(seed=9)
    par.reset(seed=9)
    bids = random.Random(1)
    while par.agents:
        now = {s: f"bid: {bids.randrange(4)}" for s in SEATS}
        for seat in SEATS:
            aec.step(now[seat])
        par.step(now)
    assert aec.game is not None
    assert par.game is not None
    assert aec.game.episode().canonical() == par.game.episode().canonical()


def test_render_shows_each_event_once() -> None:
    env = AECView(ARENA, render_mode="ansi")
    env.reset(seed=1)
    first = env.render()
    assert first is not None
    assert "auction" in first
    assert env.render() == ""


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: AECView(ARENA, round=3), "did you mean 'rounds'"),
        (lambda: AECView(ARENA, rounds=30), "rounds is 1 to 9"),
        (lambda: AECView(ARENA, preset="defualt"), "did you mean 'default'"),
        (lambda: AECView(ARENA, render_mode="rgb"), "unknown render_mode"),
        (lambda: AECView(ARENA).history("player_0"), "reset"),
        (lambda: make("werewolves"), "did you mean 'werewolf'"),
    ],
)
def test_errors_say_what_to_do(call: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call()  # type: ignore[operator]


def test_a_seat_that_is_not_there_is_named() -> None:
    aec, par = AECView(ARENA), ParallelView(ARENA)
    aec.reset(seed=1)
    par.reset(seed=1)
    for wrong in (
        lambda: aec.observe("player_7"),
        lambda: aec.history("nobody"),
        lambda: par.step({"player_7": "bid: 1"}),
    ):
        with pytest.raises(UsageError, match="has no seat"):
            wrong()


@pytest.mark.parametrize("text", ["", "xx", "[]", "3", '{"format": 9}'])
def test_text_that_is_no_game_is_refused_in_words(text: str) -> None:
    env = AECView(ARENA)
    with pytest.raises(LanistaError, match=r"no game|format"):
        env.from_json(text)
