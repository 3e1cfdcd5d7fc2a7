"""The corner cases of the rules page, each worked by hand on a table laid for it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lanista.arenas import Event, Game, Step
from lanista.arenas.werewolf import arena
from lanista.arenas.werewolf.deck import SEATS, Config, default_roles
from lanista.arenas.werewolf.moves import (
    Act,
    Heal,
    Inspect,
    Kill,
    Pass,
    Poison,
    Protect,
    Shoot,
    Speech,
    Vote,
)
from lanista.arenas.werewolf.rules import State, WerewolfRules
from lanista.errors import UsageError

Start = Callable[..., State]
Play = Callable[..., Step]
RULES = WerewolfRules()


def the(step: Step, kind: str) -> Event:
    """The one event of this kind."""
    (event,) = [event for event in step.events if event.kind == kind]
    return event


def died(step: Step) -> list[str]:
    return [death["seat"] for death in the(step, "deaths").data["deaths"]]


def P(i: int) -> str:
    return SEATS[i]


def vote_out(state: State, out: int) -> dict[int, Any]:
    """Everybody votes for ``out``, who votes for somebody else."""
    voters = [int(seat[7:]) for seat in RULES.to_act(state)]
    return {i: Vote(P(out)) if i != out else Vote(P(next(j for j in voters if j != out))) for i in voters}


# The night


def test_the_victim_dies_at_dawn_and_everybody_learns_it(start: Start, play: Play) -> None:
    step = play(start("Wvvvv"), {0: Kill(P(3))})
    assert died(step) == [P(3)]
    assert the(step, "deaths").to is None
    assert the(step, "deaths").data["deaths"][0]["role"] == "villager"
    assert RULES.to_act(step.state) == (P(0), P(1), P(2), P(4)), "the dead owe nothing"


def test_the_doctor_saves_the_victim_and_may_protect_itself_every_night(start: Start, play: Play) -> None:
    state = start("Wdvvvvv")
    for _ in range(2):
        step = play(state, {0: Kill(P(1)), 1: Protect(P(1))})
        assert died(step) == []
        assert (step.state.alive >> 1) & 1, "the saved player is still at the table"
        step = play(step.state, vote_out(step.state, 6 if step.state.alive >> 6 & 1 else 5))
        state = step.state


def test_the_attack_goes_on_when_seer_and_doctor_are_dead(start: Start, play: Play) -> None:
    state = play(start("Wsdvvvv"), {0: Kill(P(1)), 2: Protect(P(3))}).state
    state = play(state, vote_out(state, 2)).state
    assert RULES.to_act(state) == (P(0),)
    assert died(play(state, {0: Kill(P(5))})) == [P(5)]


def test_wolves_may_not_name_a_wolf_and_everybody_else_only_others(start: Start) -> None:
    state = start("WWWsdvv")  # the first step of a night with three wolves is their den
    assert RULES.to_act(state) == (P(0),)
    den = RULES.ask(state, P(0))
    assert {move.act.target for move in den.choices if move.act.target} == {P(3), P(4), P(5), P(6)}
    for _ in range(3):
        state = RULES.play(state, {RULES.to_act(state)[0]: Speech("hm")}).state
    assert RULES.to_act(state) == (P(0), P(1), P(2), P(3), P(4))
    assert {move.target for move in RULES.ask(state, P(0)).choices} == {P(3), P(4), P(5), P(6)}
    assert P(3) not in {move.target for move in RULES.ask(state, P(3)).choices}, "the seer inspects others"
    assert P(4) in {move.target for move in RULES.ask(state, P(4)).choices}, "the doctor may protect itself"


def test_the_den_is_heard_by_living_wolves_alone_and_a_lone_wolf_has_none(start: Start, play: Play) -> None:
    state = start("WWWvvvvvv")
    step = play(state, {0: Speech("the seer is player_5", Act("target", P(5)))})
    assert the(step, "den").to == (P(0), P(1), P(2))
    step = play(play(step.state, {1: Speech("no")}).state, {2: Speech("yes")})
    step = play(step.state, {0: Kill(P(5)), 1: Kill(P(5)), 2: Kill(P(4))})
    assert the(step, "ballot").to == (P(0), P(1), P(2))
    assert the(step, "ballot").data["victim"] == P(5)
    state = play(step.state, vote_out(step.state, 0)).state
    step = play(state, {1: Speech("now we are two")})
    assert the(step, "den").to == (P(1), P(2)), "a dead wolf hears no more"
    lone = start("Wvvvv")
    assert RULES.to_act(lone) == (P(0),)
    assert RULES.ask(lone, P(0)).kind == "kill"


def test_ties_are_broken_uniformly(start: Start, play: Play) -> None:
    # Two wolves name two victims; five voters split 2-2-1. 600 keys: 4 standard errors of 1/2 are ±0.082.
    kills: Counter[str] = Counter()
    votes: Counter[str] = Counter()
    for key in range(600):
        state = start("WWvvvvv", key=key)
        for i in (0, 1):
            state = play(state, {i: Speech("hm")}).state
        kills[the(play(state, {0: Kill(P(4)), 1: Kill(P(3))}), "ballot").data["victim"]] += 1
        state = start("Wvvvv", key=key, first_phase="day")
        step = play(state, {0: Vote(P(1)), 1: Vote(P(0)), 2: Vote(P(0)), 3: Vote(P(1)), 4: Vote(P(2))})
        votes[the(step, "votes").data["eliminated"]] += 1
    for counter, tied in ((kills, {P(3), P(4)}), (votes, {P(0), P(1)})):
        assert set(counter) == tied
        assert all(abs(count / 600 - 0.5) < 0.082 for count in counter.values())


def test_the_seer_learns_even_in_the_night_it_is_killed(start: Start, play: Play) -> None:
    step = play(start("Wsvvv"), {0: Kill(P(1)), 1: Inspect(P(0))})
    assert the(step, "inspected") == Event("inspected", {"seat": P(1), "target": P(0), "finding": "werewolf"}, (P(1),))
    assert died(step) == [P(1)]


def test_a_doctor_killed_in_the_night_still_protected_somebody(start: Start, play: Play) -> None:
    step = play(start("Wdvvv"), {0: Kill(P(1)), 1: Protect(P(2))})
    assert the(step, "protected").to == (P(1),)
    assert died(step) == [P(1)]


# The witch


def test_the_witch_is_told_the_victim_only_while_she_can_heal(start: Start, play: Play) -> None:
    step = play(start("Wwvvvvv"), {0: Kill(P(2))})
    assert the(step, "attacked") == Event("attacked", {"seat": P(1), "victim": P(2)}, (P(1),))
    assert RULES.ask(step.state, P(1)).choices[0] == Heal()
    step = play(step.state, {1: Heal()})
    assert died(step) == []
    assert the(step, "brewed") == Event("brewed", {"seat": P(1), "heal": True, "poison": None}, (P(1),))
    state = play(step.state, vote_out(step.state, 6)).state
    step = play(state, {0: Kill(P(3))})
    assert the(step, "attacked").data["victim"] is None
    assert Heal() not in RULES.ask(step.state, P(1)).choices


def test_with_both_potions_used_the_witch_is_not_asked(start: Start, play: Play) -> None:
    state = play(start("WwvvvvvvvW"), {0: Speech("a")}).state
    state = play(play(state, {9: Speech("b")}).state, {0: Kill(P(2)), 9: Kill(P(2))}).state
    state = play(state, {1: Heal()}).state
    state = play(state, vote_out(state, 9)).state
    state = play(play(state, {0: Kill(P(3))}).state, {1: Poison(P(4))}).state
    state = play(state, vote_out(state, 5)).state
    step = play(state, {0: Kill(P(6))})
    assert died(step) == [P(6)]
    assert not [event for event in step.events if event.kind == "attacked"]


def test_the_witch_may_heal_herself_and_not_poison_herself(start: Start, play: Play) -> None:
    state = play(start("Wwvvv"), {0: Kill(P(1))}).state
    assert Poison(P(1)) not in RULES.ask(state, P(1)).choices
    assert died(play(state, {1: Heal()})) == []


def test_a_witch_who_is_killed_still_brews(start: Start, play: Play) -> None:
    state = play(start("WwvvvvW"), {0: Speech("a")}).state
    state = play(play(state, {6: Speech("b")}).state, {0: Kill(P(1)), 6: Kill(P(1))}).state
    assert died(play(state, {1: Poison(P(6))})) == [P(1), P(6)]


def test_poison_and_kill_on_one_player_is_one_death(start: Start, play: Play) -> None:
    step = play(play(start("Wwvvv"), {0: Kill(P(3))}).state, {1: Poison(P(3))})
    assert died(step) == [P(3)]
    assert step.state.poison is False
    assert step.state.heal is True


def test_protection_does_not_help_against_poison(start: Start, play: Play) -> None:
    step = play(play(start("Wwdvv"), {0: Kill(P(4)), 2: Protect(P(3))}).state, {1: Poison(P(3))})
    assert died(step) == [P(3), P(4)]


def test_doctor_and_witch_both_saving_is_one_rescue_and_spends_the_potion(start: Start, play: Play) -> None:
    step = play(play(start("Wwdvv"), {0: Kill(P(4)), 2: Protect(P(4))}).state, {1: Heal()})
    assert died(step) == []
    assert step.state.heal is False


def test_the_witch_is_told_of_an_attack_the_doctor_already_foiled(start: Start, play: Play) -> None:
    step = play(start("Wwdvv"), {0: Kill(P(4)), 2: Protect(P(4))})
    assert the(step, "attacked").data["victim"] == P(4)
    assert died(play(step.state, {1: Pass()})) == []


# The hunter


def test_a_hunter_voted_out_shoots_before_anything_else(start: Start, play: Play) -> None:
    state = start("WhvvvvvW", first_phase="day")
    step = play(state, vote_out(state, 1))
    assert RULES.to_act(step.state) == (P(1),)
    assert RULES.phase(step.state) == "day 1: shot"
    assert P(1) not in {getattr(move, "target", None) for move in RULES.ask(step.state, P(1)).choices}
    step = play(step.state, {1: Shoot(P(0))})
    assert the(step, "shot").data == {"seat": P(1), "target": P(0), "role": "werewolf"}
    assert not step.state.alive & 0b11


def test_a_hunter_killed_by_night_shoots_at_dawn_or_passes(start: Start, play: Play) -> None:
    step = play(start("Whvvvvv"), {0: Kill(P(1))})
    assert died(step) == [P(1)]
    passed = play(step.state, {1: Pass()})
    assert the(passed, "shot").data == {"seat": P(1), "target": None, "role": None}
    assert the(passed, "day").data == {"day": 1}
    assert play(step.state, {1: Shoot(P(0))}).state.winner == "village"


@pytest.mark.parametrize("victim", [1, 3])
def test_a_poisoned_hunter_does_not_shoot_even_if_the_wolves_struck_too(start: Start, play: Play, victim: int) -> None:
    step = play(play(start("Whwvvvv"), {0: Kill(P(victim))}).state, {2: Poison(P(1))})
    assert P(1) in died(step)
    assert RULES.phase(step.state) == "day 1: vote"


def test_the_shot_is_fired_before_the_wolves_can_win_by_number(start: Start, play: Play) -> None:
    # Six play, two are wolves. A villager is voted out (5 live), the hunter dies by night: 2 wolves of 4 would have
    # won, but the shot comes first and leaves 1 of 3.
    state = start("WWhvvv", first_phase="day")
    state = play(state, vote_out(state, 3)).state
    for i in (0, 1):
        state = play(state, {i: Speech("hm")}).state
    state = play(state, {0: Kill(P(2)), 1: Kill(P(2))}).state
    assert state.winner is None
    assert play(state, {2: Shoot(P(0))}).state.winner is None
    assert play(state, {2: Shoot(P(4))}).state.winner == "wolves"
    assert play(state, {2: Pass()}).state.winner == "wolves"


def test_if_nobody_is_left_no_wolf_lives_and_the_village_has_won(start: Start, play: Play) -> None:
    # Wolf, hunter, witch live: the wolf kills the hunter, the witch poisons the wolf, the hunter shoots the witch.
    state = start("Whwvv", first_phase="day")
    state = play(state, vote_out(state, 3)).state
    state = state._replace(alive=0b111)
    step = play(play(state, {0: Kill(P(1))}).state, {2: Poison(P(0))})
    assert died(step) == [P(0), P(1)]
    step = play(step.state, {1: Shoot(P(2))})
    assert step.state.alive == 0
    assert step.state.winner == "village"


# The end


def test_village_wins_when_the_last_wolf_goes_and_everybody_learns_the_roles(start: Start, play: Play) -> None:
    state = start("Wsvvv", first_phase="day")
    step = play(state, vote_out(state, 0))
    assert step.state.winner == "village"
    end = the(step, "end")
    assert end.to is None
    assert end.data["roles"] == {P(0): "werewolf", P(1): "seer", P(2): "villager", P(3): "villager", P(4): "villager"}
    outcome = RULES.outcome(step.state)
    assert outcome is not None
    assert outcome.scores == {"village": 1.0, "wolves": 0.0}
    assert RULES.to_act(step.state) == ()


def test_wolves_win_at_half_of_the_living(start: Start, play: Play) -> None:
    state = start("Wvvvv", first_phase="day")  # 5 → vote 4 → kill 3 → vote 2: one wolf of two
    state = play(state, vote_out(state, 1)).state
    state = play(state, {0: Kill(P(2))}).state
    assert state.winner is None, "one wolf of three is under half"
    assert play(state, vote_out(state, 3)).state.winner == "wolves"


def test_deaths_of_one_night_count_together(start: Start, play: Play) -> None:
    # Two wolves of five; the kill alone would make it 2 of 4, the poison at the same dawn makes it 1 of 3.
    state = start("WWwvv")
    for i in (0, 1):
        state = play(state, {i: Speech("hm")}).state
    state = play(play(state, {0: Kill(P(3)), 1: Kill(P(3))}).state, {2: Poison(P(0))}).state
    assert state.winner is None


# The day


def test_speakers_take_turns_for_each_round_and_another_begins_each_day(start: Start, play: Play) -> None:
    state = start("Wvvvvvv", discussion_rounds=2, first_phase="day")
    spoke = []
    while RULES.ask(state, RULES.to_act(state)[0]).kind == "speech":
        spoke.append(int(RULES.to_act(state)[0][7:]))
        state = play(state, {spoke[-1]: Speech("hm")}).state
    assert spoke == [0, 1, 2, 3, 4, 5, 6] * 2
    state = play(state, vote_out(state, 6)).state
    state = play(state, {0: Kill(P(3))}).state
    assert state.day == 2
    assert state.queue == (1, 2, 4, 5, 0)


def test_without_discussion_the_day_is_a_vote(start: Start, play: Play) -> None:
    state = play(start("Wvvvv"), {0: Kill(P(1))}).state
    assert RULES.phase(state) == "day 1: vote"


def test_every_vote_names_a_living_other(start: Start, play: Play) -> None:
    state = play(start("Wvvvv"), {0: Kill(P(1))}).state
    for seat in RULES.to_act(state):
        assert {move.target for move in RULES.ask(state, seat).choices} == {P(0), P(2), P(3), P(4)} - {seat}


@pytest.mark.parametrize(
    ("first_phase", "phases"),
    [
        ("night", ["night 1", "day 1: vote", "night 2", "day 2: vote"]),
        ("day", ["day 1: vote", "night 1", "day 2: vote", "night 2"]),
    ],
)
def test_days_and_nights_are_numbered_apart(start: Start, play: Play, first_phase: str, phases: list[str]) -> None:
    state = start("Wvvvvvvvv", first_phase=first_phase)
    seen = []
    for _ in phases:
        seen.append(RULES.phase(state))
        last = max(int(seat[7:]) for seat in SEATS[:9] if state.alive >> int(seat[7:]) & 1)
        state = play(state, vote_out(state, last) if "vote" in seen[-1] else {0: Kill(P(last))}).state
    assert seen == phases


def test_roles_stay_hidden_where_the_table_says_so(start: Start, play: Play) -> None:
    state = start("Whvvvvv", reveal_on_death=False)
    step = play(state, {0: Kill(P(2))})
    assert the(step, "deaths").data["deaths"] == [{"seat": P(2), "role": None}]
    step = play(step.state, vote_out(step.state, 1))
    assert the(step, "votes").data["role"] is None
    assert the(play(step.state, {1: Shoot(P(3))}), "shot").data["role"] is None


# Deck and chance


def test_the_opening_tells_each_seat_its_role_and_the_pack_itself(start: Start) -> None:
    events = RULES.opening(start("WsWvvv"))
    assert [event.kind for event in events] == ["table", *["role"] * 6, "pack", "night"]
    assert all(event.to == (event.data["seat"],) for event in events if event.kind == "role")
    assert events[-2] == Event("pack", {"wolves": [P(0), P(2)]}, (P(0), P(2)))
    assert events[0].data["deck"] == {"werewolf": 2, "seer": 1, "villager": 3}


@pytest.mark.parametrize("players", range(5, 21))
def test_default_decks_fit_and_every_seat_gets_a_card(players: int) -> None:
    config = Config(players=players)
    state = RULES.deal(3, config)
    assert Counter(state.table.roles) == Counter(config.deck)
    assert sum(config.deck.values()) == players
    assert config.roles == default_roles(players)


def test_every_role_falls_to_every_seat_alike() -> None:
    # 1,000 deals of 5: each seat is the wolf in 200; 4 standard errors are 4·sqrt(1000·0.2·0.8) = 51.
    wolves = Counter(RULES.deal(seed, Config(players=5)).table.roles.index("werewolf") for seed in range(1000))
    assert all(abs(wolves[seat] - 200) < 51 for seat in range(5))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"players": 4}, "5 to 20"),
        ({"players": 21}, "5 to 20"),
        ({"players": True}, "5 to 20"),
        ({"players": 9, "wolves": 5}, "set wolves to 4"),
        ({"wolves": 0}, "from 1"),
        ({"roles": ("seer", "seer")}, "seer 2 times"),
        ({"roles": ("sear",)}, "did you mean 'seer'"),
        ({"roles": ("villager",)}, "dealt by count"),
        ({"players": 5, "wolves": 2, "roles": ("seer", "doctor", "witch", "hunter")}, "do not fit"),
        ({"first_phase": "dusk"}, "'night' or 'day'"),
        ({"discussion_rounds": -1}, "from 0"),
        ({"discussion_rounds": 1.5}, "whole number"),
        ({"reveal_on_death": "false"}, "true or false"),
        ({"player": 9}, "did you mean 'players'"),
    ],
)
def test_impossible_tables_are_refused_in_one_line(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        arena.configure(**values)
    assert "\n" not in str(error.value)


def test_a_config_goes_through_json_and_the_same_deck_is_the_same_config() -> None:
    assert arena.configure(roles=["hunter", "seer"]) == arena.configure(roles="seer,hunter")
    assert arena.configure() == arena.configure(players=9, wolves=2, roles=["seer", "doctor"])


def test_fallbacks_are_legal_uniform_and_silent_in_speech(start: Start, play: Play) -> None:
    chosen: Counter[str] = Counter()
    for key in range(600):
        state = start("Wvvvv", key=key, first_phase="day")
        move = RULES.fallback(state, P(2))
        assert move in RULES.ask(state, P(2)).choices
        chosen[move.target] += 1
    # 600 draws of 4: 150 each; 4 standard errors are 4·sqrt(600·3/16) = 42.
    assert set(chosen) == {P(0), P(1), P(3), P(4)}
    assert all(abs(count - 150) < 42 for count in chosen.values())
    talk = start("Wvvvv", first_phase="day", discussion_rounds=1)
    assert RULES.fallback(talk, P(0)).act == Act("silent")


def test_the_order_in_which_sealed_votes_arrive_changes_nothing() -> None:
    config = arena.configure(players=7, first_phase="day", discussion_rounds=0)
    games = [Game(arena, 5, config) for _ in range(2)]
    votes = {seat: games[0].legal(seat)[i % 3] for i, seat in enumerate(games[0].to_act())}
    for seat, vote in votes.items():
        games[0].submit(seat, vote)
    for seat, vote in reversed(votes.items()):
        games[1].submit(seat, vote)
    assert games[0].state == games[1].state
    assert list(games[0].events("player_0")[-2].data["votes"]) == list(games[1].events("player_0")[-2].data["votes"])


@pytest.mark.parametrize("players", [5, 9, 20])
def test_games_end_within_the_bound_and_one_death_a_day_at_least(players: int) -> None:
    config = arena.configure(players=players)
    for seed in range(30):
        game = Game(arena, seed, config)
        rng = random.Random(seed)
        while not game.over:
            seat = rng.choice(game.to_act())
            game.submit(seat, rng.choice(game.legal(seat)))
        assert sum(game.decisions.values()) <= arena.turns_bound(config)
        assert out_by_day(game.episode().steps) <= players - 2


def out_by_day(steps: Sequence[Any]) -> int:
    return sum(event.kind == "votes" for step in steps for event, _ in step.events)
