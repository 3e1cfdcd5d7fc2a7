"""What free words are heard as, on sentences written for it, and what listeners make of them."""

from __future__ import annotations

import random
import runpy
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.agents.contract import Question
from lanista.agents.werewolf.listening import Heard, listen
from lanista.agents.werewolf.reading import Habits, Readings
from lanista.agents.werewolf.speech import LINES, say
from lanista.agents.werewolf.talker import TalkerAgent, contradicting, records
from lanista.agents.werewolf.view import Said, heard, view
from lanista.arenas.core.contract import Event

BENCH = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "werewolf_listening.py"))
MEASURE: Callable[[str], dict[str, tuple[int, int, int]]] = BENCH["measure"]
SEATS = tuple(f"player_{i}" for i in range(7))
NUMBER = {seat: i for i, seat in enumerate(SEATS)}


@pytest.mark.parametrize(("name", "least"), [("tuned", 0.95), ("held_out", 0.85)])
def test_what_is_said_is_heard(name: str, least: float) -> None:
    right, got, said = MEASURE(name)["all"]
    assert said > 90
    assert right / got >= least, "precision"
    assert right / said >= least, "recall"


def test_the_sentences_are_a_few_hundred_and_name_every_act() -> None:
    sentences = [*BENCH["sentences"]("tuned"), *BENCH["sentences"]("held_out")]
    assert len(sentences) == len({text for text, _ in sentences}) >= 200
    assert {act.act for _, acts in sentences for act in acts} == set(BENCH["ACTS"])


def test_the_sentences_of_scripted_players_say_what_their_acts_say() -> None:
    for mood in ("accuse", "defend", "werewolf", "innocent"):
        act = f"{'report: player_3 ' + mood if mood in ('werewolf', 'innocent') else mood + ': player_3'}"
        for seed in range(12):
            text, _, line = say(random.Random(seed), act).partition("\n")
            verb, target, *word = line.replace(":", "").split()
            data = {"act": verb, "target": target, **({"finding": word[0]} if word else {})}
            said = heard(Event("speech", {"seat": "player_1", "text": text, "act": data}), NUMBER, 1)
            assert [one.act for one in said] == [verb], f"{text!r} adds to its act: {said}"
    assert all(listen(line, "player_1", SEATS) == () for line in LINES["silent"])


PIECES = (
    *("player_3", "player 99", "is", "not", "a", "wolf", "I", "am", "the", "seer", ",", ".", "?", "if", "because"),
    *("agree", "with", "inspected", "doubt", "he"),
)


@given(st.one_of(st.text(max_size=600), st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_anything_can_be_listened_to(text: str) -> None:
    for one in listen(text, "player_1", SEATS):
        assert one.target in ("", *SEATS)
        assert one.target != "player_1"
        assert one.act in BENCH["ACTS"]


@pytest.mark.parametrize("unit", ["player_3 ", "not ", "I ", "is a wolf ", ", and ", "; ", "as ", "i check ", "if "])
def test_long_speeches_are_heard_quickly(unit: str) -> None:
    listen((unit * 600)[:600], "player_1", SEATS)
    listen("".join(random.Random(0).choices(string.ascii_letters + " ,.", k=600)), "player_1", SEATS)


# Contradictions


def game(*more: Event) -> list[Event]:
    """Seven players, two wolves, one night gone by."""
    data: dict[str, Any] = {"players": 7, "deck": {"werewolf": 2, "seer": 1, "villager": 4}, "first_phase": "night"}
    table = Event("table", {**data, "discussion_rounds": 1, "reveal_on_death": True})
    opening = [table, Event("role", {"seat": "player_0", "role": "villager"}, ("player_0",))]
    night = [Event("night", {"day": 1}), Event("deaths", {"cause": "night", "deaths": []}), Event("day", {"day": 1})]
    return [*opening, *night, *more]


def words(seat: int, text: str) -> Event:
    return Event("speech", {"seat": f"player_{seat}", "text": text, "act": None})


def asked(events: list[Event], kind: str = "vote") -> Question:
    legal = [f"vote: player_{i}" for i in range(1, 7)]
    return Question(
        game="g",
        seat="player_0",
        seed=3,
        arena="werewolf",
        role="villager",
        phase="day 1: vote",
        kind=kind,
        text="",
        legal=legal,
        legal_complete=True,
        events=events,
    )


ONE = (words(2, "I am the seer and I inspected player_3: a wolf."), words(1, "Good morning."))
TWO = (words(2, "I am the seer. I inspected player_3: a wolf. I also inspected player_4: a wolf."), words(1, "Hello."))


def test_two_inspections_after_one_night_are_caught() -> None:
    assert contradicting(view(asked(game(*ONE)))) == set()
    assert contradicting(view(asked(game(*TWO)))) == {2}
    believed = Readings(Habits()).read("a", game(*ONE), 0).p
    caught = Readings(Habits()).read("b", game(*TWO), 0).p
    assert believed[3] > believed[2], "one finding: the accused is the suspect"
    assert caught[2] > 0.9, "two findings after one night: the speaker is"
    assert caught[2] > max(caught[3], caught[4])


def test_a_listener_votes_for_who_contradicts_itself_and_says_so() -> None:
    votes = [TalkerAgent().answer([asked(game(*said))])[0] for said in (ONE, TWO)]
    assert [vote.text for vote in votes] == ["vote: player_3", "vote: player_2"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "lie",
    [
        (words(2, "I am the seer and player_3 is a wolf."), words(2, "I inspected player_3: innocent.")),
        (words(2, "I am the seer."), words(2, "I am the doctor.")),
        (words(2, "I inspected player_0 and player_0 is a wolf."),),
    ],
)
def test_other_contradictions_are_noticed(lie: tuple[Event, ...]) -> None:
    assert contradicting(view(asked(game(*lie)))) == {2}


def test_who_accused_wolves_before_is_heard_more() -> None:
    votes = {"votes": {"player_0": "player_5"}, "eliminated": "player_5", "role": "werewolf"}
    seen = view(asked(game(words(1, "I suspect player_5."), words(2, "I suspect player_6."), Event("votes", votes))))
    weights = records(seen)
    assert weights[1] > 1.0 == weights[2]
    assert Heard("accuse", "player_5") in listen("I suspect player_5.", "player_1", SEATS)
    assert Said(1, 1, "accuse", 5, "", True) in seen.said


def test_speech_moves_a_village_that_listens() -> None:
    calm = Readings(Habits()).read("a", game(words(1, "Good morning.")), 0).p
    after = Readings(Habits()).read("b", game(words(1, "I think player_4 is a werewolf.")), 0).p
    assert after[4] > calm[4]
