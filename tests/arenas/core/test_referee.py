"""The referee: sealing, retries, fallbacks, forfeits, effects, copies, records."""

from __future__ import annotations

import json

import pytest
from auction import SEATS, WEIGHTS, appraisals, make_arena
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas import REPLY_LIMIT, Episode, Forfeit, Game, Illegal, replay
from lanista.errors import LanistaError, UsageError

ARENA = make_arena()


def round_of(game: Game, *bids: str) -> None:
    for seat, bid in zip(SEATS, bids, strict=True):
        assert game.submit(seat, bid) is None


def test_sealed_bids_are_seen_by_nobody_until_all_are_in() -> None:
    game = Game(ARENA, 1)
    before = {s: game.text(s) for s in SEATS}
    game.submit("player_2", "bid: 3")
    assert {s: game.text(s) for s in SEATS if s != "player_2"} == {s: before[s] for s in SEATS if s != "player_2"}
    assert game.text("player_2") == ""
    assert game.to_act() == ("player_0", "player_1", "player_3")


def test_a_whole_game_by_hand() -> None:
    """player_0 pays 3 for each of three prizes worth 1, 2, 3: points 10 * (1 + 2 + 3), price -3 each round."""
    game = Game(ARENA, 1)
    for _ in range(3):
        round_of(game, "bid: 3", "bid: 0", "bid: 1", "bid: 2")
    assert game.over
    assert game.outcome is not None
    assert game.outcome.winner == "red"
    assert game.returns == {"player_0": 60.0 - 9.0, "player_2": 60.0, "player_1": 0.0, "player_3": 0.0}
    assert [step.results for step in game.steps] == [(2,), (3,), ()]


def test_a_refused_reply_comes_back_with_its_reason_then_the_fallback_is_played_and_paid_for() -> None:
    game = Game(ARENA, 1)
    refused = game.submit("player_0", "I bid all I have")
    assert isinstance(refused, Illegal)
    assert game.text("player_0").count(refused.why) == 1
    assert game.to_act()[0] == "player_0"
    assert game.submit("player_0", "bid: 9", {"usage": 2}) is None
    assert "player_0" not in game.to_act()
    round_rest(game)
    turn = game.steps[0].turns[0]
    assert (turn.by, turn.why) == ("fallback", refused.why)
    assert turn.attempts == (("I bid all I have", refused.why),)
    assert game.step_rewards("player_0")["individual"]["illegal_reply"] == -5.0


def test_a_refused_reply_that_was_put_right_is_paid_for_where_the_preset_says_so() -> None:
    """One bid sent back at 2.5, then a bid of 3 at 1 each."""
    game = Game(make_arena(presets={"default": {**WEIGHTS, "refused_reply": -2.5}}), 1)
    game.submit("player_0", "I bid all I have")
    assert game.news("player_0").startswith("Your reply was not accepted and counts against you: ")
    assert game.text("player_0").count("counts against you") == 1
    game.submit("player_0", "bid: 3")
    round_rest(game)
    assert game.step_rewards("player_0")["individual"]["refused_reply"] == -2.5
    assert "illegal_reply" not in game.step_rewards("player_0")["individual"]


def round_rest(game: Game) -> None:
    for seat in game.to_act():
        game.submit(seat, "bid: 0")


def test_a_forfeit_is_recorded_with_its_reason() -> None:
    game = Game(ARENA, 1)
    game.submit("player_0", Forfeit("no reply within 30 s"))
    round_rest(game)
    turn = game.steps[0].turns[0]
    assert (turn.by, turn.why, turn.reply) == ("forfeit", "no reply within 30 s", "")
    assert game.step_rewards("player_0")["individual"]["forfeit"] == -5.0


def test_who_owes_nothing_cannot_speak() -> None:
    game = Game(ARENA, 1)
    game.submit("player_0", "bid: 1")
    with pytest.raises(UsageError, match="owes no reply"):
        game.submit("player_0", "bid: 1")


def test_ten_megabytes_are_refused_and_not_kept() -> None:
    game = Game(ARENA, 1)
    refused = game.submit("player_0", "bid: 1" + "x" * 10_000_000)
    assert isinstance(refused, Illegal)
    assert "characters" in refused.why
    assert len(game.to_json()) < 2 * REPLY_LIMIT
    assert Game.from_json(game.to_json(), ARENA).text("player_0") == game.text("player_0")


def test_replay_feeds_recorded_results_and_runs_no_effect() -> None:
    game = Game(ARENA, 5)
    for _ in range(3):
        round_of(game, "bid: 3", "bid: 3", "bid: 1", "bid: 2")
    ran = appraisals.run
    record = json.loads(json.dumps(game.episode().to_dict()))
    assert replay(record, ARENA).episode().canonical() == game.episode().canonical()
    assert appraisals.run == ran


def test_episode_survives_json_with_what_agents_reported() -> None:
    game = Game(ARENA, 5, players=dict.fromkeys(SEATS, "somebody"))
    game.submit("player_0", "nonsense", {"usage": 1})
    game.submit("player_0", "bid: 1", {"tokens": {"ids": [1, 2], "logps": [-0.5, -0.25]}})
    round_rest(game)
    episode = game.episode()
    assert Episode.from_dict(json.loads(json.dumps(episode.to_dict()))).to_dict() == episode.to_dict()
    assert episode.steps[0].turns[0].meta == {
        "tokens": {"ids": [1, 2], "logps": [-0.5, -0.25]},
        "retries": [{"usage": 1}],
    }
    assert b"logps" not in episode.canonical()


def test_fresh_forks_differ_by_salt_and_replay() -> None:
    game = Game(ARENA, 3)
    winners = set()
    for salt in range(20):
        twin = game.fork("fresh", salt)
        for _ in range(3):
            round_of(twin, *["bid: 1"] * 4)
        winners.add(twin.steps[0].events[0][0].data["to"])
        assert replay(twin.episode().to_dict(), ARENA).episode().canonical() == twin.episode().canonical()
    assert len(winners) > 1
    assert game.steps == []


def test_records_of_another_arena_hash_or_format_are_refused() -> None:
    record = Game(ARENA, 1).episode().to_dict()
    for change in ({"hash": "0" * 16}, {"format": 99}, {"arena": "poker"}):
        with pytest.raises(LanistaError):
            replay({**record, **change}, ARENA)


def test_the_hash_moves_with_weights_and_not_with_config() -> None:
    other = make_arena(presets={"default": {**ARENA.presets["default"], "points": 9.0}})
    assert other.hash() != ARENA.hash()
    assert make_arena().hash() == ARENA.hash()


@pytest.mark.parametrize("seed", ["1", 1.0, True, None])
def test_seeds_are_integers(seed: object) -> None:
    with pytest.raises(UsageError, match="seed"):
        Game(ARENA, seed)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=30), st.integers(0, 2**63))
def test_any_text_is_kept_as_it_replays(replies: list[str], seed: int) -> None:
    game = Game(ARENA, seed)
    for reply in replies:
        if not game.over:
            game.submit(game.to_act()[0], reply)
    again = Game.from_json(game.to_json(), ARENA)
    assert again.episode().canonical() == game.episode().canonical()
    assert all(again.text(s) == game.text(s) for s in SEATS)
