"""Public events as evidence: hard facts exclude, and what is soft follows Bayes' rule with the stated likelihoods."""

from typing import Any

import numpy as np
import pytest

from lanista.agents.werewolf.reading import Choice, Habits, Reading
from lanista.agents.werewolf.view import Said
from lanista.arenas.core.contract import Event

FLAT = Choice(follow=0.0, nose=0.0, loyalty=0.0)


def table(players: int = 5, reveal: bool = False, **deck: int) -> Event:
    deck = {**deck, "villager": players - sum(deck.values())}
    data: dict[str, Any] = {"players": players, "deck": deck, "first_phase": "day"}
    return Event("table", {**data, "discussion_rounds": 1, "reveal_on_death": reveal})


def deaths(*seats: int, role: str | None = None) -> Event:
    return Event("deaths", {"cause": "night", "deaths": [{"seat": f"player_{i}", "role": role} for i in seats]})


def votes(role: str | None, out: int, **cast: int) -> Event:
    data = {f"player_{voter[1:]}": f"player_{target}" for voter, target in cast.items()}
    return Event("votes", {"votes": data, "eliminated": f"player_{out}", "role": role})


def test_a_loyal_vote_by_hand():
    # Five players, one wolf, one vote: 0 -> 1. The village votes evenly (1/4 each); a lone wolf has no companion to
    # spare and does the same. Nothing is learnt: 1/5 each.
    reading = Reading(table(werewolf=1), Habits(vote=Choice(follow=0.0, nose=0.0, loyalty=5.0)))
    reading.votes({0: 1})
    assert reading.p == pytest.approx([0.2] * 5)


def test_a_vote_against_a_companion_by_hand():
    # Two wolves among five; a wolf prefers an innocent by log 3, the village does not mind. 0 votes for 1.
    # {0,1}: target 1 weighs 1 of (1 + 3 * 3) = 1/10. {0,x}, x in 2..4: weighs 3 of (3 + 3 + 3 + 1): 3/10, three packs.
    # Six packs without 0: 1/4. Total 1/10 + 9/10 + 6/4 = 2.5; P(0 wolf) = 1.0 / 2.5 = 0.4, as before;
    # P(0 and 1 wolves) = 0.04 instead of 0.1; P(1 wolf) = (0.1 + 3/4) / 2.5 = 0.34.
    reading = Reading(table(werewolf=2), Habits(vote=Choice(follow=0.0, nose=0.0, loyalty=float(np.log(3)))))
    reading.votes({0: 1})
    assert reading.p[:2] == pytest.approx([0.4, 0.34])
    both = reading.posterior.wolves[:, 0] * reading.posterior.wolves[:, 1]
    assert reading.posterior.weights() @ both == pytest.approx(0.04)


def test_conflicting_claims_by_hand():
    # One wolf, one seer, three villagers. 1 claims seer first, 2 claims against it; villagers never lie.
    # Rows: (wolf 1, seer 2): 0.2 * 0.9; (wolf 2, seer 1): 0.6 * 0.3. So P(wolf 1) = .18 / (.18 + .18) = 1/2.
    # The claimant of before is not "unchallenged", and nobody else has spoken.
    habits = Habits(seer_first=(0.6, 0.2), seer_counter=(0.9, 0.3), lie=0.0)
    reading = Reading(table(werewolf=1, seer=1), habits)
    reading.speech(Said(1, 1, "claim", word="seer"))
    # One claim alone: (seer) 0.6 against (wolf) 0.2, a quarter.
    assert reading.p[1] == pytest.approx(0.25)
    reading.speech(Said(1, 2, "claim", word="seer"))
    assert reading.p == pytest.approx([0, 0.5, 0.5, 0, 0])


def test_a_finding_by_hand():
    # One wolf, one seer, three villagers; 1 reports 2 as a werewolf. Seer 1 (truthful): wolf is 2, prior 1/20 of
    # (wolf, seer), times 0.6. Wolf 1: any of four seers, 4/20, times 0.2 for the claim, times 0.5 for such a lie.
    # P(2 wolf) = .03 / (.03 + .02) = 0.6.
    habits = Habits(seer_first=(0.6, 0.2), lie=0.0, false_finding=0.0, hit=(0.5, 0.1))
    reading = Reading(table(werewolf=1, seer=1), habits)
    with np.errstate(divide="ignore"):
        reading.speech(Said(1, 1, "report", 2, "werewolf"))
    assert reading.p == pytest.approx([0, 0.4, 0.6, 0, 0])
    again = reading.p.copy()
    with np.errstate(divide="ignore"):
        reading.speech(Said(1, 1, "report", 2, "werewolf"))
    assert reading.p == pytest.approx(again)  # saying it twice proves nothing more


def test_wolves_never_kill_wolves():
    reading = Reading(table(7, werewolf=2), Habits())
    reading.hear(deaths(3))
    assert reading.p[3] == 0
    assert reading.p[[0, 1, 2, 4, 5, 6]] == pytest.approx([1 / 3] * 6)


def test_a_witch_makes_a_death_by_night_soft_but_not_two():
    # With a witch about a wolf may be poisoned, one a night: of two dead, one at least is innocent.
    reading = Reading(table(7, werewolf=2, witch=1), Habits())
    reading.hear(deaths(3, 4))
    assert 0 < reading.p[3] < 2 / 7
    both = reading.posterior.wolves[:, 3] * reading.posterior.wolves[:, 4]
    assert reading.posterior.weights() @ both == 0


def test_a_game_that_goes_on_has_a_living_wolf_below_half():
    # Five players, one wolf, no role revealed: 0 is voted out and night falls, so 0 was no wolf.
    reading = Reading(table(werewolf=1), Habits(vote=FLAT))
    reading.hear(votes(None, 0, v1=0, v2=0))
    assert reading.p[0] == pytest.approx(0.2)
    reading.hear(Event("night", {"day": 2}))
    assert reading.p == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])
    # Seven players, three wolves: after one death by vote, three wolves of six would have won, so the dead was one.
    reading = Reading(table(7, werewolf=3), Habits(vote=FLAT))
    reading.hear(votes(None, 6, v1=6))
    reading.hear(Event("night", {"day": 2}))
    assert reading.p == pytest.approx([1 / 3] * 6 + [1])


def test_a_revealed_role_and_a_shot_are_certain():
    reading = Reading(table(7, reveal=True, werewolf=2, hunter=1), Habits())
    reading.hear(votes("werewolf", 0, v1=0, v2=0))
    assert reading.p[0] == pytest.approx(1)
    reading.hear(Event("shot", {"seat": "player_5", "target": None, "role": None}))
    assert reading.posterior.all_roles()[5, reading.deck.number("hunter")] == pytest.approx(1)
    assert reading.p.sum() == pytest.approx(2)


def test_asking_what_if_changes_nothing():
    reading = Reading(table(7, werewolf=2, seer=1), Habits())
    before = reading.p.copy()
    twin = reading.copy()
    twin.speech(Said(1, 2, "report", 3, "werewolf"))
    twin.votes({1: 3, 2: 3})
    assert reading.p == pytest.approx(before)
    assert not reading.tally
    assert not reading.claims
    assert twin.p[3] > before[3]


def test_the_style_of_a_table_shows():
    # Where each speaker accuses whoever is accused already, the table follows; where they keep silent, it does not.
    following, silent = (Reading(table(9, werewolf=2), Habits()) for _ in range(2))
    following.speech(Said(1, 0, "accuse", 8))
    silent.speech(Said(1, 0, "accuse", 8))
    for seat in range(1, 5):
        following.speech(Said(1, seat, "accuse", 8))
        silent.speech(Said(1, seat, "silent"))
    assert following.style()[1] > 0.8
    assert silent.style()[1] < 0.1
    assert following.heading()[8] > silent.heading()[8]
    assert following.heading().sum() == pytest.approx(1)
