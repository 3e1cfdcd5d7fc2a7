"""What a speech moved, against players whose reaction is known by heart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lanista.agents import registry
from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.analysis.persuasion import EFFECTS, Effect, Speeches
from lanista.arenas import get
from lanista.arenas.core.episode import Episode

Games = Callable[..., list[Episode]]


class Follower(Scripted):
    """Votes for whom the last accusation of the day names, else for the first it may. One seat accuses, one echoes."""

    name = "follower"
    plays = "werewolf"

    def __init__(self, accuser: str, echo: str | None = None) -> None:
        self.accuser, self.echo = accuser, echo

    def reply(self, question: Question) -> str:
        """By heart."""
        last = None
        for event in question.events:
            if event.kind == "day":
                last = None
            elif event.kind == "speech" and (event.data["act"] or {}).get("act") == "accuse":
                last = event.data["act"]["target"]
        if question.kind == "speech":
            if question.seat == self.accuser:
                return next(r for r in reversed(question.legal) if r.startswith("accuse: "))
            return f"accuse: {last}" if question.seat == self.echo and last not in (None, question.seat) else "silent"
        if question.kind == "vote" and f"vote: {last}" in question.legal:
            return f"vote: {last}"
        return question.legal[0]


def measured(episode: Episode, agent: Any, effect: Effect, forks: int = 3) -> Any:
    seating = dict.fromkeys(episode.roles, agent)
    return Speeches(episode, get("werewolf"), seating, "g", forks).all(effect)


@pytest.mark.parametrize("effect", EFFECTS)
def test_nobody_is_moved_who_does_not_listen(played: Games, effect: Effect) -> None:
    agent = registry.make("random")
    for episode in played(agent, 2):
        found = measured(episode, agent, effect)
        assert found
        assert all(one.moved == 0 and one.own.value == 0 and not one.shift for one in found)


def test_an_accusation_moves_every_listener_who_can_follow_it(played: Games) -> None:
    # player_0 accuses the last seat it may, player_8 or the last living; everybody else votes for it because of that.
    # Without the speech they vote for the first living seat other than themselves.
    agent = Follower("player_0")
    (episode,) = played(agent, 1, first_phase="day")
    first = measured(episode, agent, "direct")[0]
    assert (first.day, first.seat, first.act) == (1, "player_0", {"act": "accuse", "target": "player_8"})
    # 8 listeners: 7 of them (not player_8 itself) vote for player_8 with the speech; without it for player_0.
    assert first.moved == pytest.approx(7 / 8)
    assert first.shift == pytest.approx({"player_0": -7 / 8, "player_8": 7 / 8})
    assert first.aim == pytest.approx(7 / 8)
    assert first.cover == pytest.approx(7 / 8)


def test_the_sign_says_whose_side_was_served(played: Games) -> None:
    agent = Follower("player_0")
    for episode in played(agent, 6, first_phase="day"):
        first = measured(episode, agent, "direct")[0]
        wolves = episode.teams["wolves"]
        enemies = set(episode.roles) - set(wolves) if "player_0" in wolves else set(wolves)
        expected = sum(value for seat, value in first.shift.items() if seat in enemies)
        assert first.own.value == pytest.approx(expected)


def test_an_echo_counts_in_the_total_effect_alone(played: Games) -> None:
    agent = Follower("player_0", echo="player_5")
    (episode,) = played(agent, 1, first_phase="day")
    direct, total = (measured(episode, agent, effect)[0] for effect in EFFECTS)
    # Held to its record player_5 still accuses player_8; asked anew after a silence it accuses nobody.
    assert direct.moved == 0
    assert total.moved == pytest.approx(7 / 8)
    # The echo itself moves nobody: they follow player_0 already.
    assert [one.moved for one in measured(episode, agent, "direct") if one.day == 1] == [0, 0]


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_same_forks_twice(played: Games, effect: Effect) -> None:
    agent = registry.make("bayes", arena="werewolf")
    (episode,) = played(agent, 1)
    before = episode.canonical()
    assert measured(episode, agent, effect) == measured(episode, agent, effect)
    assert episode.canonical() == before


def test_what_an_agent_keeps_for_a_fork_changes_nothing(played: Games) -> None:
    agent = registry.make("bayes", arena="werewolf")
    (episode,) = played(agent, 1)
    alone = Speeches(episode, get("werewolf"), dict.fromkeys(episode.roles, agent), "g", 4)
    found = [alone.moved(n) for n in range(len(alone.said)) if not alone.is_silence(n)]
    fresh = [
        Speeches(
            episode, get("werewolf"), dict.fromkeys(episode.roles, registry.make("bayes", arena="werewolf")), "g", 4
        ).moved(one.place)
        for one in found[:4]
    ]
    assert fresh == found[:4]
