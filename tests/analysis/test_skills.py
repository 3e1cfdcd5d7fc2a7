"""Skills against theory: random play comes to its own line, and a game worked by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

from lanista.agents import registry
from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.analysis.skills import random_lines, skills
from lanista.arenas import get
from lanista.arenas.core.episode import Episode

Games = Callable[..., list[Episode]]


def test_random_play_comes_to_its_lines(played: Games) -> None:
    values: dict[str, list[float]] = defaultdict(list)
    lines: dict[str, list[float]] = defaultdict(list)
    for episode in played(registry.make("random"), 150, first=1000):
        deck = random_lines("werewolf", get("werewolf").configure(**episode.config))
        for fact in skills(episode, deck):
            if fact.line is not None:
                values[fact.measure].append(fact.value)
                lines[fact.measure].append(fact.line)
    assert {"detects", "deceives", "survives", "wins", "believed"} <= values.keys()
    for measure, found in values.items():
        mean, line = sum(found) / len(found), sum(lines[measure]) / len(found)
        # Four standard errors, of half as many observations as there are: those of a game hang together, and so do
        # the games behind the lines of a deck.
        slack = 4 * math.sqrt(0.25 / (len(found) / 2 if measure != "wins" else len(found) / 18))
        assert abs(mean - line) < slack, (measure, mean, line, len(found))


class Told(Scripted):
    """The seer tells every finding as it is; everybody votes for a reported wolf, else for the first it may."""

    name = "told"
    plays = "werewolf"

    def reply(self, question: Question) -> str:
        """By heart."""
        reports = [e.data["act"] for e in question.events if e.kind == "speech" and e.data["act"]["act"] == "report"]
        if question.kind == "speech":
            found = [e.data for e in question.events if e.kind == "inspected"]
            line = f"report: {found[-1]['target']} {found[-1]['finding']}" if found else "silent"
            return line if line in question.legal else "silent"
        if question.kind == "vote":
            for act in reversed(reports):
                if act["finding"] == "werewolf" and f"vote: {act['target']}" in question.legal:
                    return f"vote: {act['target']}"
        return question.legal[0]


def test_a_seer_that_tells_and_is_believed(played: Games) -> None:
    seen = 0
    for episode in played(Told(), 12):
        found = skills(episode)
        (seer,) = [seat for seat, role in episode.roles.items() if role == "seer"]
        believed = [fact for fact in found if fact.measure == "believed"]
        assert all(fact.seat == seer for fact in believed)
        # A reported wolf gets every vote but its own; the line of a wolf's report is one in so many others.
        assert all(fact.value == 1.0 for fact in believed if fact.line is not None and fact.line < 0.5)
        seen += len(believed)
        told = [fact.value for fact in found if fact.measure == "discloses"]
        assert all(value in (0.0, 1.0) for value in told)
        alive = {fact.seat for fact in found if fact.measure == "survives" and fact.value}
        assert episode.outcome is not None
        assert alive == set(episode.outcome.facts["survivors"])
    assert seen > 20


def test_who_lives_is_what_the_outcome_says_in_every_deck(played: Games) -> None:
    for players in (5, 9, 13):
        for episode in played(registry.make("random"), 8, players=players):
            alive = {fact.seat for fact in skills(episode) if fact.measure == "survives" and fact.value}
            assert episode.outcome is not None
            assert alive == set(episode.outcome.facts["survivors"])
