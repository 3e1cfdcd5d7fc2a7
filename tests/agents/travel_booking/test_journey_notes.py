"""What the scripted agencies write to each other: read back as it was meant, and harmless where somebody else wrote."""

from __future__ import annotations

import json
import random

import pytest

from lanista import arenas
from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.agents.travel_booking import journey_notes as notes
from lanista.agents.travel_booking.expert import TravelExpert
from lanista.agents.travel_booking.journey_notes import Brief
from lanista.agents.travel_booking.reply import say
from lanista.arenas.core.referee import Game
from lanista.arenas.core.speech import tame
from lanista.arenas.travel_booking import Config
from lanista.arenas.travel_booking.journeys.calls import NOTE
from lanista.arenas.travel_booking.journeys.generator import generate
from lanista.play.runner import GameSpec, play


def brief_of(seed: int, **config: int) -> Brief:
    case = generate(Config(level="top", **config), seed)  # type: ignore[arg-type]
    terms = case.terms
    return Brief(
        [(person.name, person.age) for person in case.people], terms.goal, terms.budget, case.think,
        [leg._replace(say=leg.day) for leg in terms.legs], list(terms.stays), list(case.musts), list(case.likes),
    )  # fmt: skip


@pytest.mark.parametrize("config", [{}, {"travellers": 4, "legs": 4}, {"travellers": 1, "likes": 4, "horizon": 1}])
def test_a_brief_is_read_back_as_it_was_written(config: dict[str, int]) -> None:
    """Through the arena, which makes notes safe, and within its limit."""
    for seed in range(60):
        brief = brief_of(seed, **config)
        note = notes.written(brief)
        assert len(note) <= NOTE - 250  # room for what a seat adds
        again = Brief()
        notes.read(again, tame(note))
        assert again == brief


@pytest.mark.parametrize("note", ["", ";;;", "fly me to the moon; must win; budget big; for", "goal", "hold; swap B1"])
def test_a_note_in_another_language_says_nothing(note: str) -> None:
    before = brief_of(0)
    notes.read(before, note)
    assert (before.legs, before.budget) == (brief_of(0).legs, brief_of(0).budget)


class Babbler(Scripted):
    """Passes the turn on at once, with notes made of the words of the expert's and some of anybody's."""

    name = "babbler"

    def reply(self, question: Question) -> str:
        rng = random.Random(f"{question.seed} {question.turn}")
        words = [
            "hold",
            "swap",
            "booked",
            "none",
            "change",
            "B1",
            "F1",
            "F99",
            "-",
            "1",
            "flight",
            "budget",
            "the",
            ";",
        ]
        words += [",", "exchange", "day", "gone", "total", "x", "fly", "LON", "2026-01-01"]
        to = rng.choice([seat for seat in ("search_0", "comparison_0", "booking_0") if seat != question.seat])
        shown = [json.loads(text.removeprefix("pass ")) for text in question.legal if text.startswith("pass ")]
        options = next((each["options"] for each in shown if "options" in each), None)
        note = " ".join(rng.choices(words, k=rng.randrange(20)))
        return say("pass", to=to, note=note, **({} if options is None else {"options": options[:3]}))


@pytest.mark.parametrize("seat", ["search_0", "comparison_0", "booking_0"])
def test_the_expert_forfeits_nothing_beside_a_colleague_who_babbles(seat: str) -> None:
    arena = arenas.get("travel_booking")
    config = arena.configure(level="top", turns=60)
    expert, games = TravelExpert(), list[Game]()
    for seed in range(12):
        seating = {s: Babbler() if s == seat else expert for s in arena.rules.seats(config)}
        spec = GameSpec(id=str(seed), arena=arena, seed=seed, config=config, seating=seating)
        play([spec], on_game=lambda spec, game: games.append(game))
    terms = {term.name for game in games for step in game.steps for term in step.terms}
    assert not terms & {"forfeit", "illegal_reply", "refused_reply", "unparseable_call"}
