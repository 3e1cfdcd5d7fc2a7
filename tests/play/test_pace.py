"""Each game at its own pace: slow agents, agents that share batches, agents whose fault it is not, and learners."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lanista.agents.contract import Agent, Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core.contract import Arena, Forfeit
from lanista.errors import Unavailable
from lanista.play.runner import GameSpec, play, play_game
from lanista.play.session import Session

Reply = Callable[[Question], "Answer | Forfeit | Unavailable"]


def chatter(question: Question) -> Answer | Forfeit:
    """Legal, illegal and forfeited turns, as a function of the question alone."""
    (drawn,) = RandomAgent().answer([question])
    odd: dict[int, Answer | Forfeit] = {1: Answer("perhaps"), 2: Forfeit("thinking"), 3: Answer(" ")}
    return odd.get((question.seed + question.turn) % 7, drawn)


class Seated:
    """An agent that answers each question through a function, and notes its calls."""

    name = "seated"
    batched = False
    time_limit_s: float | None = None

    def __init__(self, reply: Reply = chatter, **attributes: Any) -> None:
        self.__dict__.update(attributes)
        self.calls: list[list[Question]] = []
        self.forgotten: list[str] = []
        self._reply = reply

    def answer(self, questions: Sequence[Question]) -> Any:
        self.calls.append(list(questions))
        return [self._reply(question) for question in questions]

    def forget(self, game: str) -> None:
        self.forgotten.append(game)

    def close(self) -> None:
        pass


def specs(arena: Arena, games: int, seat: Callable[[int, str], Agent], **config: int) -> list[GameSpec]:
    made = arena.configure(**{"players": 3, "rounds": 4, **config})
    seats = arena.rules.seats(made)
    return [
        GameSpec(id=f"g{i}", arena=arena, seed=i, config=made, seating={s: seat(i, s) for s in seats})
        for i in range(games)
    ]


def canonical(played: Sequence[GameSpec | Session], **options: Any) -> dict[str, bytes]:
    games: dict[str, bytes] = {}
    play(played, on_game=lambda spec, game: games.update({spec.id: game.episode().canonical()}), **options)
    return games


# Slow agents


@pytest.mark.parametrize("slow", [{"time_limit_s": 60.0}, {"concurrent": 1}], ids=["time limit", "concurrent"])
def test_one_agent_that_sleeps_delays_nobody_elses_games(guess: Arena, slow: dict[str, Any]) -> None:
    others = threading.Event()
    sleeper = Seated(lambda question: (others.wait(60), chatter(question))[1], **slow)
    quick = Seated()
    made = specs(guess, 8, lambda game, seat: sleeper if (game, seat) == (0, "guesser_1") else quick)
    finished: list[str] = []

    def on_game(spec: GameSpec, game: Any) -> None:
        finished.append(spec.id)
        if len(finished) == 7:
            others.set()  # had it delayed them, nobody would ever wake it

    play(made, on_game=on_game)
    assert sorted(finished[:7]) == [f"g{i}" for i in range(1, 8)]
    assert finished[7] == "g0"


def test_a_seat_that_is_refused_need_not_wait_for_a_slow_one(guess: Arena) -> None:
    asked_again = threading.Event()

    def refused(question: Question) -> Answer:
        if question.history:
            asked_again.set()
        return Answer("1" if question.history else "perhaps")

    sleeper = Seated(lambda question: Answer("2") if asked_again.wait(60) else Forfeit("slept"), time_limit_s=60.0)
    (made,) = specs(guess, 1, lambda _, seat: sleeper if seat == "guesser_0" else Seated(refused), rounds=1)
    games: list[Any] = []
    play([made], on_game=lambda _, game: games.append(game))
    assert games[0].journal == [
        {"seat": "guesser_0", "reply": "2"},
        {"seat": "guesser_1", "reply": "perhaps"},
        {"seat": "guesser_2", "reply": "perhaps"},
        {"seat": "guesser_1", "reply": "1"},
        {"seat": "guesser_2", "reply": "1"},
    ]


def test_an_agent_of_one_call_at_a_time_is_never_called_twice_at_once(guess: Arena) -> None:
    busy = threading.Lock()

    def alone(question: Question) -> Answer | Forfeit:
        assert busy.acquire(blocking=False)
        time.sleep(0.001)
        busy.release()
        return chatter(question)

    agent = Seated(alone, time_limit_s=60.0)
    whole = canonical(specs(guess, 6, lambda *_: Seated()))
    assert canonical(specs(guess, 6, lambda *_: agent)) == whole
    assert all(len(call) == 1 for call in agent.calls)


def test_calls_under_way_at_once_are_as_many_as_the_agent_says(guess: Arena) -> None:
    together = threading.Barrier(3)  # passes only when three calls are under way
    now, most, lock = 0, 0, threading.Lock()

    def reply(question: Question) -> Answer | Forfeit:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(60)
        with lock:
            now -= 1
        return Answer("1")

    agent = Seated(reply, concurrent=3, batched=True, batch_matters=False)
    assert len(canonical(specs(guess, 3, lambda *_: agent, rounds=2))) == 3
    assert most == 3
    assert all(len(call) == 1 for call in agent.calls)


def test_a_batched_agent_is_given_what_waits(guess: Arena) -> None:
    """While it answers one call the questions of all other games gather, and make up the next one."""
    gathered = threading.Event()

    def quickly(question: Question) -> Answer | Forfeit:
        if question.game == "g3":
            gathered.set()
        return chatter(question)

    quick = Seated(quickly)
    slow = Seated(
        lambda question: (gathered.wait(60), chatter(question))[1],
        batched=True, batch_matters=False, time_limit_s=60.0,
    )  # fmt: skip
    made = specs(guess, 4, lambda _, seat: slow if seat == "guesser_0" else quick, rounds=2)
    assert canonical(made) == canonical(specs(guess, 4, lambda *_: Seated(), rounds=2))
    assert {q.game for q in slow.calls[0]} == {"g0", "g1", "g2", "g3"}
    assert sum(map(len, slow.calls)) > len(slow.calls)


@pytest.mark.parametrize("max_concurrent_games", [1, 3, 64])
def test_the_same_games_at_any_pace_and_by_rounds(guess: Arena, max_concurrent_games: int) -> None:
    pace = random.Random(4)

    def slowly(question: Question) -> Answer | Forfeit:
        time.sleep(pace.random() / 300)
        return chatter(question)

    whole = canonical(specs(guess, 9, lambda *_: Seated()))
    kinds: list[Seated] = [
        Seated(slowly, time_limit_s=60.0),
        Seated(slowly, concurrent=4, batched=True, batch_matters=False),
        Seated(batched=True, batch_matters=False),
        Seated(),
    ]
    for first in range(len(kinds)):

        def dealt(game: int, seat: str, first: int = first) -> Seated:
            return kinds[(first + game + int(seat[-1])) % len(kinds)]

        made = specs(guess, 9, dealt)
        assert canonical(made, max_concurrent_games=max_concurrent_games) == whole
    rounds = Seated(batched=True)
    made = specs(guess, 9, lambda game, seat: rounds if seat == "guesser_0" else kinds[game % 2])
    assert canonical(made, max_concurrent_games=max_concurrent_games) == whole


def test_who_shares_a_batch_does_not_depend_on_timing(guess: Arena) -> None:
    """Games by rounds wait until the games before them that keep their own pace are over, however long that takes."""

    def companies(delay_s: float) -> list[list[tuple[str, int]]]:
        def slowly(question: Question) -> Answer | Forfeit:
            time.sleep(delay_s)
            return chatter(question)

        slow = Seated(slowly, time_limit_s=60.0)
        model = Seated(batched=True)
        # Of six games the last three have a model in them; at two places they would join as the slow ones end.
        made = specs(guess, 6, lambda game, seat: model if game > 2 and seat == "guesser_1" else slow, rounds=2)
        canonical(made, max_concurrent_games=2)
        return [[(q.game, q.turn) for q in call] for call in model.calls]

    assert companies(0.0) == companies(0.005)
    assert {len(call) for call in companies(0.0)} == {1, 2}


def test_ctrl_c_while_agents_answer_leaves_them_behind(guess: Arena) -> None:
    release = threading.Event()
    slow = Seated(lambda question: (release.wait(60), Answer("1"))[1], time_limit_s=60.0)

    def stop(question: Question) -> Answer:
        raise KeyboardInterrupt

    made = specs(guess, 2, lambda game, seat: slow if game == 0 else Seated(stop, concurrent=1))
    with pytest.raises(KeyboardInterrupt):
        canonical(made)
    release.set()
    assert slow.forgotten == ["g0"]


# What is not the agent's fault


def gone(question: Question) -> Unavailable:
    return Unavailable("the server is down")


def raising(error: BaseException) -> Reply:
    def reply(question: Question) -> Answer:
        raise error

    return reply


_DeviceMemory = type("OutOfMemoryError", (RuntimeError,), {})  # torch has one of that name

MODES = [{}, {"time_limit_s": 60.0}, {"batched": True}, {"batched": True, "batch_matters": False, "concurrent": 2}]


@pytest.mark.parametrize("mode", MODES, ids=["inline", "thread", "rounds", "concurrent"])
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (raising(Unavailable("the server is down")), "the server is down"),
        (gone, "the server is down"),
        (raising(MemoryError("no more")), "memory ran out: raised MemoryError: no more"),
        (
            raising(type("OutOfMemoryError", (RuntimeError,), {})("CUDA")),
            "memory ran out: raised OutOfMemoryError: CUDA",
        ),
    ],
    ids=["raised", "given", "memory", "device memory"],
)
def test_a_game_whose_agent_is_unavailable_is_suspended_and_the_others_go_on(
    guess: Arena, fault: Reply, why: str, mode: dict[str, Any]
) -> None:
    def sometimes(question: Question) -> Answer | Forfeit | Unavailable:
        return fault(question) if question.turn == 2 and question.game == "g1" else Answer("1")

    agent = Seated(sometimes, **mode)
    quick = Seated()
    suspended: list[tuple[str, str, str | None]] = []
    taken_up: list[Session] = []

    def on_suspended(spec: GameSpec, session: Session, error: Unavailable) -> None:
        suspended.append((spec.id, str(error), error.agent))
        taken_up.append(Session.from_json(session.to_json(), guess, dict.fromkeys(session.game.seats, Seated(once))))

    def once(question: Question) -> Answer | Forfeit:
        return Answer("1") if question.seat == "guesser_1" else chatter(question)

    def seat(game: int, seat: str) -> Agent:
        return agent if seat == "guesser_1" and game in (1, 2) else quick

    made = specs(guess, 4, seat)
    played = canonical(made, on_suspended=on_suspended)
    # What is raised is so for the whole call: by rounds that is a question of each of its games.
    lost = ["g1", "g2"] if mode == {"batched": True} and fault is not gone else ["g1"]
    assert suspended == [(game, why, "seated") for game in lost]
    assert sorted(played) == sorted({"g0", "g1", "g2", "g3"} - set(lost))
    assert agent.forgotten.count("g1") == 1
    whole = canonical(specs(guess, 4, lambda game, s: Seated(once) if seat(game, s) is agent else quick))
    assert played | canonical(taken_up) == whole


def test_without_the_callback_it_comes_out(guess: Arena) -> None:
    agent = Seated(gone)
    with pytest.raises(Unavailable, match="the server is down") as caught:
        play_game(guess, dict.fromkeys(("guesser_0", "guesser_1", "guesser_2"), agent), 0)
    assert caught.value.agent == "seated"
    assert agent.forgotten == ["game"]


def test_a_session_that_was_handed_in_can_be_saved_after_ctrl_c(guess: Arena) -> None:
    def once(question: Question) -> Answer:
        if question.turn == 2 and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        return Answer("3")

    stopped: list[bool] = []
    (made,) = specs(guess, 1, lambda *_: Seated(once))
    session = Session(made)
    with pytest.raises(KeyboardInterrupt):
        canonical([session])
    again = Session.from_json(session.to_json(), guess, made.seating)
    assert canonical([again]) == canonical(specs(guess, 1, lambda *_: Seated(once)))


# Learners


@pytest.mark.parametrize("mode", MODES, ids=["inline", "thread", "rounds", "concurrent"])
def test_what_a_learner_raises_is_never_a_forfeit(guess: Arena, mode: dict[str, Any]) -> None:
    learner = Seated(raising(IndexError("a bug")), learner=True, **mode)
    with pytest.raises(IndexError, match="a bug"):
        canonical(specs(guess, 2, lambda _, seat: learner if seat == "guesser_0" else Seated()))
    assert learner.forgotten == ["g0", "g1"]


def test_a_learner_may_still_forfeit(guess: Arena) -> None:
    learner = Seated(lambda _: Forfeit("too long"), learner=True)
    assert len(canonical(specs(guess, 1, lambda *_: learner))) == 1
