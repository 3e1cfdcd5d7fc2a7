"""A game as something to answer: in any order, in pieces, on another machine, and always the same game."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanista.agents.contract import Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core.contract import Arena, Forfeit
from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError, UsageError
from lanista.play.runner import play
from lanista.play.session import Session
from lanista.play.specs import GameSpec

GUESTS = {"guesser_0": "ann", "guesser_1": "bob", "guesser_2": "cid"}


def spec(guess: Arena, seed: int = 3, retries: int = 2, rounds: int = 4, **more: Any) -> GameSpec:
    arena = Arena(**{**guess.__dict__, "retries": retries})
    config = arena.configure(players=3, rounds=rounds)
    return GameSpec(id="g", arena=arena, seed=seed, seating={}, config=config, **{"guests": GUESTS, **more})


def said(question: Question) -> Answer | Forfeit:
    """Legal, refused and forfeited replies, as a function of the question alone, with something to report."""
    (drawn,) = RandomAgent().answer([question])
    assert isinstance(drawn, Answer)
    report = {"tokens": {"ids": [question.turn, len(question.text)]}}
    odd: dict[int, Answer | Forfeit] = {
        0: Answer("perhaps", report),
        1: Answer("?", report),
        2: Forfeit("thinking"),
        3: Answer(" ", report),
    }
    return odd.get((question.seed + question.turn) % 7, Answer(drawn.text, report))


def played(session: Session, pick: Callable[[list[Question]], Question] = lambda waiting: waiting[0]) -> Session:
    while not session.over:
        put = pick(session.pending())
        session.answer(put, said(put))
    return session


def by_the_runner(made: GameSpec) -> Episode:
    class Said(RandomAgent):
        def reply(self, question: Question) -> Any:
            return said(question)

        def answer(self, questions: Any) -> Any:
            return [said(question) for question in questions]

    games: list[Episode] = []
    seating = dict.fromkeys(GUESTS, Said())
    whole = GameSpec(id="g", arena=made.arena, seed=made.seed, seating=seating, config=made.config)
    play([whole], on_game=lambda _, game: games.append(game.episode()))
    return games[0]


def plain(episode: Episode) -> dict[str, Any]:
    """The record with what was reported, without who sat there and how long it took."""
    record = episode.to_dict()
    del record["players"]
    for step in record["steps"]:
        for turn in step["turns"]:
            meta = turn.setdefault("meta", {})
            for each in (meta, *meta.get("retries", ())):
                each.pop("latency_s", None)
    return record


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), seed=st.integers(0, 50), retries=st.integers(0, 3))
def test_answers_may_come_in_any_order(guess: Arena, order: random.Random, seed: int, retries: int) -> None:
    made = spec(guess, seed, retries)
    assert plain(played(Session(made), order.choice).game.episode()) == plain(by_the_runner(made))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), seed=st.integers(0, 50), stops=st.sets(st.integers(0, 40), max_size=6))
def test_a_game_can_be_saved_and_taken_up_at_any_moment(
    guess: Arena, order: random.Random, seed: int, stops: set[int]
) -> None:
    made = spec(guess, seed)
    session, steps = Session(made), 0
    while not session.over:
        waiting = session.pending()
        if steps in stops:
            text = session.to_json()
            session = Session.from_json(text, made.arena, {}, guests=GUESTS)
            assert json.loads(session.to_json()) == json.loads(text)
            assert session.pending() == waiting
        put = order.choice(session.pending())
        session.answer(put, said(put))
        steps += 1
    assert plain(session.game.episode()) == plain(by_the_runner(made))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), seed=st.integers(0, 50), stop=st.integers(0, 30))
def test_a_fork_goes_on_alike_and_apart(guess: Arena, order: random.Random, seed: int, stop: int) -> None:
    made = spec(guess, seed)
    session = Session(made)
    for _ in range(stop):
        if not session.over:
            put = order.choice(session.pending())
            session.answer(put, said(put))
    twin = session.fork()
    assert twin.spec.id != session.spec.id
    questions = [q.text for q in session.pending()]
    assert [(q.text, q.game) for q in twin.pending()] == [(text, twin.spec.id) for text in questions]
    played(twin, order.choice)
    assert [q.text for q in session.pending()] == questions  # the fork's play has not touched it
    assert plain(played(session).game.episode()) == plain(twin.game.episode()) == plain(by_the_runner(made))


def test_a_fork_with_other_chance_and_seeds(guess: Arena) -> None:
    session = Session(spec(guess))
    same, other = session.fork(), session.fork("fresh", salt=1, agent_seed=9)
    assert same.pending()[0].seed == session.pending()[0].seed != other.pending()[0].seed
    assert played(session.fork("fresh", salt=1)).game.journal != played(session.fork("fresh", salt=2)).game.journal
    with pytest.raises(UsageError, match="an id of its own"):
        session.fork(id="g")


def test_a_refused_seat_is_asked_again_before_the_others_have_answered(guess: Arena) -> None:
    session = Session(spec(guess))
    first, second, third = session.pending()
    session.answer(first, Answer("perhaps"))
    again = session.pending()
    assert [q.seat for q in again] == ["guesser_0", "guesser_1", "guesser_2"]
    assert again[0].text.startswith("Your reply was not accepted")
    assert [e.reply for e in again[0].history] == ["perhaps"]
    assert again[1:] == [second, third]
    session.answer(again[0], Answer("1"))
    assert session.pending() == [second, third]
    assert session.game.journal == []  # sealed: the game has been told nothing yet


def test_stale_foreign_and_double_answers_are_one_clear_error(guess: Arena) -> None:
    session = Session(spec(guess))
    first, second, third = session.pending()
    session.answer(first, Answer("1"))
    with pytest.raises(UsageError, match=r"question 0 to 'guesser_0' in game 'g' was answered already; guesser_1, "):
        session.answer(first, Answer("2"))
    with pytest.raises(UsageError, match=r"of game 'g~\d+', and this is game 'g'"):
        session.answer(session.fork().pending()[0], Answer("1"))
    session.answer(second, Forfeit("no"))
    session.answer(third, Answer("2"))
    with pytest.raises(UsageError, match="question 0 to 'guesser_2' in game 'g' was answered already"):
        session.answer(third, Answer("2"))
    later = played(session.fork(id="h")).fork(id="g")
    with pytest.raises(UsageError, match="was answered already; nobody owes a reply"):
        later.answer(session.pending()[0], Answer("1"))
    early = Session(spec(guess))
    with pytest.raises(UsageError, match="question 1 to 'guesser_0' in game 'g' is not asked now"):
        early.answer(session.pending()[0], Answer("1"))


def test_callbacks_come_in_the_order_of_the_record(guess: Arena) -> None:
    seen: list[str] = []
    session = Session(spec(guess), on_turn=lambda session, seat: seen.append(seat))
    played(session, lambda waiting: waiting[-1])
    assert seen == [entry["seat"] for entry in session.game.journal if "seat" in entry]


@pytest.mark.parametrize("moment", range(0, 12))
def test_what_a_callback_raises_loses_nothing(guess: Arena, moment: int) -> None:
    """Ctrl-C while a turn is told: the session can go on, here or from its JSON, as if nothing had been."""
    made = spec(guess)
    turns = iter(range(100))

    def told(session: Session, seat: str) -> None:
        if next(turns) == moment:
            raise KeyboardInterrupt

    session = Session(made, on_turn=told)
    with pytest.raises(KeyboardInterrupt):
        played(session, lambda waiting: waiting[-1])
    taken_up = Session.from_json(session.to_json(), made.arena, {}, guests=GUESTS)
    assert plain(played(taken_up).game.episode()) == plain(by_the_runner(made)) == plain(played(session).game.episode())


def test_events_are_the_seats_own(guess: Arena) -> None:
    session = Session(spec(guess))
    assert any(event.kind == "whisper" for event in session.events("guesser_0"))
    assert not any(event.kind == "whisper" for event in session.events("guesser_1"))
    assert session.events("guesser_1", 1) == session.events("guesser_1")[1:]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\x00"])
def test_what_to_json_did_not_write_is_refused(guess: Arena, text: str) -> None:
    with pytest.raises(LanistaError, match="no session that to_json wrote"):
        Session.from_json(text, guess, {})


def test_another_format_and_another_arena_are_refused(guess: Arena) -> None:
    kept = json.loads(Session(spec(guess, retries=1)).to_json())
    with pytest.raises(LanistaError, match="format 7"):
        Session.from_json(json.dumps({**kept, "format": 7}), guess, {})
    other = Arena(**{**guess.__dict__, "version": "other"})
    with pytest.raises(LanistaError, match="played under hash"):
        Session.from_json(json.dumps(kept), other, {})


def test_reports_that_json_cannot_hold_are_kept_as_far_as_they_go(guess: Arena) -> None:
    np = pytest.importorskip("numpy")
    session = Session(spec(guess))
    for put in session.pending():
        session.answer(put, Answer("1", {"logps": np.array([0.5]), "what": object}))
    again = Session.from_json(session.to_json(), session.spec.arena, {}, guests=GUESTS)
    meta = again.game.steps[0].turns[0].meta
    assert meta == {"logps": [0.5], "what": "<class 'object'>"}


def test_nobody_can_be_a_guest_in_a_seat_that_is_not_there(guess: Arena) -> None:
    with pytest.raises(UsageError, match="no seat 'guesser_9'"):
        Session(spec(guess, guests={"guesser_9": "zoe"}))
