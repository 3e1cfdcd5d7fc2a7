"""One seat as a Gymnasium environment: the same game as the table plays, paid to the last term, safe to get wrong."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista import arenas
from lanista.agents import registry
from lanista.agents.contract import Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas import Arena
from lanista.arenas.core import chance, gymnasium_ids
from lanista.errors import UsageError
from lanista.play import runner
from lanista.play.seat_env import SeatEnv

ROOT = Path(__file__).parents[2]


class Puppet:
    """What a caller of ``step`` would reply, as an agent at the table."""

    name = "gymnasium"
    time_limit_s: float | None = None
    batched = False

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        return [Answer(reply(list(q.legal), q.turn)) for q in questions]

    def forget(self, game: str) -> None: ...

    def close(self) -> None: ...


def reply(legal: list[str], turn: int) -> str:
    """Every fifth reply is nonsense, so that refusals and fallbacks are in the game too."""
    return "nonsense" if turn % 5 == 3 else legal[chance.draw(7, "puppet", turn, len(legal))]


def play(env: SeatEnv, seed: int | None) -> tuple[list[float], list[dict[str, Any]]]:
    """Rewards and infos of one game."""
    _, info = env.reset(seed=seed)
    rewards: list[float] = []
    infos = [info]
    while True:
        _, reward, terminated, truncated, info = env.step(reply(info.get("legal", ["x"]), len(rewards)))
        rewards.append(reward)
        infos.append(info)
        assert not truncated
        if terminated:
            return rewards, infos


@pytest.mark.parametrize("arena", arenas.names())
def test_every_registered_arena_can_be_made_and_passes_gymnasiums_check(arena: str, capsys: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(gymnasium_ids.gymnasium_id(arena))
        check_env(env.unwrapped)
        env.close()


def test_ids_are_camel_case() -> None:
    assert gymnasium_ids.gymnasium_id("werewolf") == "lanista/Werewolf-v0"
    assert gymnasium_ids.gymnasium_id("support_desk") == "lanista/SupportDesk-v0"
    assert gymnasium_ids.gymnasium_id("my-own.GAME2") == "lanista/MyOwnGAME2-v0"
    ours = {"lanista/Werewolf-v0", "lanista/SupportDesk-v0", "lanista/TravelBooking-v0", "lanista/Coding-v0"}
    assert ours <= set(gymnasium.registry)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("arena", "seat", "others", "config"),
    [
        ("werewolf", None, "crowd", {"players": 7}),
        ("werewolf", "player_6", "crowd", {"players": 7}),
        ("travel_booking", "search_0", "travel_expert", {"level": "easy"}),
        ("travel_booking", "booking_0", "travel_novice", {}),
        ("support_desk", "router_0", "desk_expert", {}),
    ],
)
def test_the_game_is_the_one_the_table_plays(
    seed: int, arena: str, seat: str | None, others: str, config: dict[str, Any]
) -> None:
    """Seats, seeds, refusals, sealed rounds: byte for byte what runner.play_game plays with a puppet in the seat."""
    env = SeatEnv(arena, seat=seat, others=others, **config)
    rewards, _ = play(env, seed)
    other = registry.make(others)
    seating = {s: Puppet() if s == env.seat else other for s in env.game.seats}
    episode = runner.play_game(env.arena, seating, seed, config=env.config)
    assert env.game.episode().canonical() == episode.canonical()
    assert sum(rewards) == pytest.approx(episode.returns[env.seat])
    assert env.outcome == episode.outcome


def test_a_seat_is_paid_all_it_earned_since_its_last_action(guess: Arena) -> None:
    """guesser_0 knows odd from even and always says 1; each round pays 1 for a hit, so rewards are hits, in order."""
    env = SeatEnv(guess, others="random", rounds=9)
    env.reset(seed=5)
    got = []
    for round_ in range(9):
        _, reward, terminated, _, info = env.step("1")
        number = env.game.steps[round_].events[0][0].data["number"]
        assert reward == float(number == 1)
        assert info["rewards"] == {"individual": {"hit": 1.0} if number == 1 else {}, "team": {}}
        assert terminated == (round_ == 8)
        got.append(reward)
    assert 0 < sum(got) == env.game.returns["guesser_0"] < 9


@pytest.mark.parametrize("seed", range(4))
def test_the_terms_in_info_add_up_to_the_reward(seed: int) -> None:
    rewards, infos = play(SeatEnv("werewolf", seat="player_4", others="random", players=8), seed)
    assert infos[0]["rewards"] == {"individual": {}, "team": {}}
    for reward, info in zip(rewards, infos[1:], strict=True):
        assert sum(sum(side.values()) for side in info["rewards"].values()) == pytest.approx(reward)
    assert any(info["rewards"]["team"] for info in infos)


def test_a_refused_reply_comes_back_with_its_reason_and_costs_nothing_yet(guess: Arena) -> None:
    env = SeatEnv(guess)
    first, info = env.reset(seed=1)
    text, reward, terminated, _, again = env.step("seven hundred")
    assert "not accepted: say one number" in text["text"]
    assert text["text"].endswith(first["text"].splitlines()[-1])
    assert (reward, terminated) == (0.0, False)
    assert again["legal"] == info["legal"] == ["1", "2", "3", "4", "5"]
    assert env.step("eight hundred")[1] <= -2.0 + 1.0


def test_a_blank_reply_is_a_forfeit(guess: Arena) -> None:
    env = SeatEnv(guess)
    env.reset(seed=1)
    assert env.step(" \n")[4]["rewards"]["individual"]["forfeit"] == -3.0


def test_a_game_that_ends_before_the_seat_was_asked_has_one_step_with_its_rewards() -> None:
    """Five players, the seat dies in the first night: it is never asked, and is still paid with its team."""
    env = SeatEnv("werewolf", players=5, others="bayes")
    for seed in range(200):
        observation, info = env.reset(seed=seed)
        if env.game.over:
            break
    else:
        pytest.fail("no seed under 200 kills player_0 in the first night")
    assert "legal" not in info
    assert observation["text"].startswith("Werewolf with 5 players")
    _, reward, terminated, _, info = env.step("whatever")
    assert terminated
    assert reward == pytest.approx(env.game.returns["player_0"])
    assert info["rewards"]["team"]
    with pytest.raises(UsageError, match="the game is over: call reset"):
        env.step("once more")


def test_without_a_seed_games_follow_from_the_last_one_given() -> None:
    def three(env: SeatEnv) -> list[bytes]:
        made = []
        for seed in (11, None, None):
            play(env, seed)
            made.append(env.game.episode().canonical())
        return made

    first = three(SeatEnv("werewolf", players=5, others="random"))
    np.random.seed(0)
    assert three(SeatEnv("werewolf", players=5, others="random")) == first
    assert len(set(first)) == 3


def test_reset_deals_the_same_game_as_the_pettingzoo_view() -> None:
    env, view = SeatEnv("werewolf", seat="player_5"), arenas.make("werewolf")
    for seed in (3, None, None):
        env.reset(seed=seed)
        view.reset(seed=seed)
        assert view.game is not None
        assert env.game.seed == view.game.seed


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_no_reply_raises(replies: list[str]) -> None:
    env = SeatEnv("werewolf", players=5, others="random")
    env.reset(seed=2)
    for said in replies:
        observation, _, terminated, _, _ = env.step(said)
        assert env.observation_space.contains(observation)
        if terminated:
            env.reset(seed=3)


def test_agents_per_seat_the_rest_is_the_baseline() -> None:
    mine = RandomAgent()
    env = SeatEnv("werewolf", seat="player_1", others={"player_0": "crowd", "player_3": mine}, players=5)
    play(env, 1)
    baseline = arenas.get("werewolf").baseline
    assert [env.game.players[f"player_{i}"] for i in range(5)] == ["crowd", "gymnasium", baseline, "random", baseline]


class Keeper(RandomAgent):
    """Counts what it is told to forget, and notices being closed."""

    def __init__(self) -> None:
        self.forgot: list[str] = []
        self.closed = False

    def forget(self, game: str) -> None:
        self.forgot.append(game)

    def close(self) -> None:
        self.closed = True


def test_agents_are_told_of_every_game_that_ends_once(guess: Arena) -> None:
    mine = Keeper()
    env = SeatEnv(guess, others=mine)
    play(env, 1)
    env.reset(seed=2)
    env.reset(seed=3)
    env.close()
    env.close()
    assert len(mine.forgot) == len(set(mine.forgot)) == 3
    assert not mine.closed, "an agent that was given belongs to whoever gave it"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"seat": "player_12"}, "arena 'werewolf' has no seat 'player_12'; did you mean 'player_2'"),
        ({"seat": 3}, "has no seat 3"),
        ({"others": "bayse"}, "unknown agent 'bayse'; did you mean 'bayes'"),
        ({"others": {"player_1": 7}}, "player_1 needs an agent's spec, such as 'random', or an Agent, not 7"),
        ({"others": {"plyer_1": "random"}}, "no seat 'plyer_1'; did you mean 'player_1'"),
        ({"others": {"player_0": "random"}}, "player_0 is the seat you play"),
        ({"player": 7}, "unknown config key 'player' of arena 'werewolf'; did you mean 'players'"),
        ({"preset": "defalt"}, "unknown preset 'defalt' of arena 'werewolf'; did you mean 'default'"),
        ({"players": 2}, "players"),
    ],
)
def test_what_does_not_exist_is_named_in_one_line(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        gymnasium.make("lanista/Werewolf-v0", **arguments)
    assert "\n" not in str(caught.value)


def test_misuse_is_named(guess: Arena) -> None:
    env = SeatEnv(guess)
    with pytest.raises(UsageError, match="call reset"):
        env.step("1")
    env.reset(seed=0)
    with pytest.raises(UsageError, match="a reply is a string, not int"):
        env.step(1)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown render_mode 'ansy'; did you mean 'ansi'"):
        SeatEnv(guess, render_mode="ansy")


def test_two_arenas_with_one_id_are_not_taken_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lanista.arenas.core.registry.names", lambda: ["odd-one", "odd_one"])
    try:
        gymnasium_ids.register()
        with pytest.raises(UsageError, match="the arenas odd-one and odd_one share this id"):
            gymnasium.make("lanista/OddOne-v0")
    finally:
        gymnasium.registry.pop("lanista/OddOne-v0")


def test_rendering_tells_each_event_once(guess: Arena, capsys: Any) -> None:
    env = SeatEnv(guess, render_mode="ansi")
    env.reset(seed=4)
    told = [env.render()]
    for _ in range(3):
        env.step("1")
        told.append(env.render())
    assert "\n".join(text for text in told if text) == "\n".join(env.game.log())
    human = SeatEnv(guess, render_mode="human")
    human.reset(seed=4)
    for _ in range(3):
        human.step("1")
    assert human.render() is None
    assert capsys.readouterr().out.splitlines() == env.game.log()


@pytest.mark.parametrize(("mode", "kwargs"), [("sync", {}), ("async", {"shared_memory": False})])
def test_many_seats_side_by_side(mode: str, kwargs: dict[str, Any]) -> None:
    """Gymnasium's own vector environments, each game as it would be alone."""
    vector = gymnasium.make_vec(
        "lanista/Werewolf-v0",
        num_envs=3,
        vectorization_mode=mode,
        vector_kwargs=kwargs,
        others="crowd",
        seat="player_1",
    )
    observations, _ = vector.reset(seed=[4, 5, 6])  # type: ignore[arg-type]  # it takes one seed per environment too
    alone = [SeatEnv("werewolf", others="crowd", seat="player_1").reset(seed=s)[0]["text"] for s in (4, 5, 6)]
    assert list(observations["text"]) == alone
    _, rewards, *_ = vector.step(("pass", "pass", "pass"))
    assert rewards.shape == (3,)
    vector.close()


@pytest.mark.parametrize(
    "script",
    [
        "import gymnasium, lanista; gymnasium.make('lanista/Werewolf-v0')",
        "import lanista.arenas, gymnasium; gymnasium.make('lanista/Werewolf-v0')",
        "import gymnasium; gymnasium.make('lanista.arenas:lanista/Werewolf-v0')",
    ],
)
def test_one_import_registers_and_loads_nothing_heavy(script: str) -> None:
    before, _, make = script.partition("; ")
    check = (
        "import sys\n"
        f"{before}\n"
        "assert 'lanista.arenas.werewolf' not in sys.modules and 'lanista.play.seat_env' not in sys.modules\n"
        f"{make}\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_keeps_its_word(capsys: Any, guess: Arena) -> None:
    page = (ROOT / "docs" / "gymnasium.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(first, {})
    role, total, winner = capsys.readouterr().out.split()
    assert role in ("werewolf", "villager", "seer", "doctor")
    assert winner in ("village", "wolves")
    assert float(total) != 0
    exec(second.replace("player_1", "guesser_1"), {"arena": guess, "my_agent": RandomAgent()})
    parameters = set(inspect.signature(SeatEnv).parameters) - {"arena", "config"}
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == parameters
