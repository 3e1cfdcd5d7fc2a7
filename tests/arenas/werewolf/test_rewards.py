"""Each reward term worked by hand, at the step where it arises."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lanista.arenas import FORFEIT, ILLEGAL, Forfeit, Game, Step, Term
from lanista.arenas.werewolf import arena
from lanista.arenas.werewolf.deck import SEATS
from lanista.arenas.werewolf.moves import Act, Kill, Poison, Protect, Shoot, Speech, Vote
from lanista.arenas.werewolf.rewards import PERSUASION_CAP, WerewolfRewards
from lanista.arenas.werewolf.rules import State, WerewolfRules

Start = Callable[..., State]
Play = Callable[..., Step]
RULES, REWARDS, WEIGHTS = WerewolfRules(), WerewolfRewards(), arena.weights()


def accuse(i: int) -> Speech:
    return Speech(act=Act("accuse", SEATS[i]))


def report(i: int, finding: str = "werewolf") -> Speech:
    return Speech(act=Act("report", SEATS[i], finding=finding))


def votes(*targets: int | None) -> dict[int, Any]:
    """Seat i votes for the i-th target; None is dead."""
    return {i: Vote(SEATS[target]) for i, target in enumerate(targets) if target is not None}


def booked(before: State, moves: Mapping[int, Any], play: Play) -> Counter[tuple[str, str]]:
    """Amounts by (term, to) that one step books."""
    named = {SEATS[i]: move for i, move in moves.items()}
    assert set(named) == set(RULES.to_act(before))
    step = play(before, moves)
    found: Counter[tuple[str, str]] = Counter()
    for name, to, amount in REWARDS.terms(before, named, step.state, step.events, frozenset()):
        found[name, to] += amount  # type: ignore[assignment]
    return found


def only(found: Counter[tuple[str, str]], *names: str) -> dict[tuple[str, str], float]:
    return {key: amount for key, amount in found.items() if key[0] in names}


def test_village_votes_pay_by_the_target_and_wolves_votes_pay_nothing(start: Start, play: Play) -> None:
    state = start("WWvvvvv", first_phase="day")
    found = booked(state, votes(2, 3, 0, 1, 2, 2, 2), play)  # player_2 is voted out
    assert only(found, "vote_wolf", "vote_innocent") == {
        ("vote_wolf", SEATS[2]): 1.0,
        ("vote_wolf", SEATS[3]): 1.0,
        ("vote_innocent", SEATS[4]): 1.0,
        ("vote_innocent", SEATS[5]): 1.0,
        ("vote_innocent", SEATS[6]): 1.0,
    }
    assert (WEIGHTS["vote_wolf"], WEIGHTS["vote_innocent"]) == (10.0, -10.0)


def test_win_and_loss_go_to_whole_teams_at_the_last_step(start: Start, play: Play) -> None:
    state = start("Wsvvv", first_phase="day")
    found = booked(state, votes(1, 0, 0, 0, 0), play)
    assert only(found, "win", "loss") == {("win", "village"): 1.0, ("loss", "wolves"): 1.0}
    assert arena.team_terms == {"win", "loss"}
    assert (WEIGHTS["win"], WEIGHTS["loss"]) == (100.0, -5.0)


def test_a_first_night_death_is_luck_and_only_the_literal_preset_charges_it(start: Start, play: Play) -> None:
    # Night 1: the seer has decided and dies: `literal` charges it. A villager who dies has decided nothing.
    state = start("Wsvvvvv")
    pays = booked(state, {0: Kill(SEATS[1]), 1: RULES.ask(state, SEATS[1]).choices[0]}, play)
    assert only(pays, "early_elimination", "first_night_death") == {("first_night_death", SEATS[1]): 1.0}
    assert (WEIGHTS["first_night_death"], arena.weights("literal")["first_night_death"]) == (0.0, -20.0)
    assert {**arena.weights("literal"), "first_night_death": 0.0} == WEIGHTS, "that is all they differ in"
    silent = booked(state, {0: Kill(SEATS[2]), 1: RULES.ask(state, SEATS[1]).choices[0]}, play)
    assert not only(silent, "early_elimination", "first_night_death")


def test_early_elimination_covers_the_first_day_and_no_more(start: Start, play: Play) -> None:
    state = start("Wvvvvvvvv", first_phase="day")
    moves = votes(8, 8, 8, 8, 8, 8, 8, 8, 0)
    assert only(booked(state, moves, play), "early_elimination") == {("early_elimination", SEATS[8]): 1.0}
    state = play(state, moves).state  # night 1
    found = booked(state, {0: Kill(SEATS[7])}, play)
    assert only(found, "early_elimination", "first_night_death") == {("first_night_death", SEATS[7]): 1.0}
    state = play(state, {0: Kill(SEATS[7])}).state  # day 2
    assert not only(booked(state, votes(6, 6, 6, 6, 6, 6, 0), play), "early_elimination")


def test_who_is_shot_by_day_is_eliminated_early_and_who_is_poisoned_dies_by_night(start: Start, play: Play) -> None:
    state = start("Whwdvvv")
    state = play(state, {0: Kill(SEATS[4]), 3: Protect(SEATS[5])}).state
    found = booked(state, {2: Poison(SEATS[3])}, play)  # villager 4 decided nothing, the doctor did
    assert only(found, "early_elimination", "first_night_death") == {("first_night_death", SEATS[3]): 1.0}
    state = start("WhvvvvW", first_phase="day")
    state = play(state, votes(1, 0, 1, 1, 1, 1, 1)).state
    found = booked(state, {1: Shoot(SEATS[2])}, play)
    assert only(found, "early_elimination") == {("early_elimination", SEATS[2]): 1.0}
    assert WEIGHTS["early_elimination"] == -20.0


def day_of(state: State, said: Mapping[int, Speech], play: Play) -> State:
    """The state at the vote after everybody said their piece, silent unless given."""
    while RULES.ask(state, RULES.to_act(state)[0]).kind == "speech":
        me = int(RULES.to_act(state)[0][7:])
        state = play(state, {me: said.get(me, Speech(act=Act("silent")))}).state
    return state


def test_the_earliest_accuser_gets_most(start: Start, play: Play) -> None:
    # Seats: 0 1 wolves, 2–8 village. 2 accuses wolf 0, then 3 does. Votes for 0: by 2, 3, 4, 5.
    #   by 2: accused before anybody: nobody persuaded it.       by 3: accused after 2: all of it to 2 (1).
    #   by 4 and 5: shared 1 : 1/2 → 2/3 to 2 and 1/3 to 3, each.
    # So 2 has 1 + 4/3 = 7/3, and 3 has 2/3.
    state = start("WWvvvvvvv", first_phase="day", discussion_rounds=1)
    state = day_of(state, {2: accuse(0), 3: accuse(0)}, play)
    found = only(booked(state, votes(2, 2, 0, 0, 0, 0, 1, 1, 1), play), "persuasion")
    assert found == {
        ("persuasion", SEATS[2]): pytest.approx(7 / 3),
        ("persuasion", SEATS[3]): pytest.approx(2 / 3),
    }


def test_persuasion_is_signed_by_whose_side_the_death_helps(start: Start, play: Play) -> None:
    # 2 (village) accuses 3 (village), 1 (wolf) accuses 4 (village), 5 (village) accuses 0 (wolf), 0 accuses 1: wolves.
    state = start("WWvvvvvvv", first_phase="day", discussion_rounds=1)
    state = day_of(state, {0: accuse(1), 1: accuse(4), 2: accuse(3), 5: accuse(0)}, play)
    found = only(booked(state, votes(3, 3, 3, 4, 3, 4, 1, 0, 0), play), "persuasion")
    assert found == {
        ("persuasion", SEATS[0]): -1.0,  # a wolf who brought a vote on a wolf: 6
        ("persuasion", SEATS[1]): 2.0,  # 3 and 5 voted for 4
        ("persuasion", SEATS[2]): -3.0,  # 0, 1 and 4 voted for 3; its own vote counts nothing
        ("persuasion", SEATS[5]): 2.0,  # 7 and 8 voted for 0
    }


def test_who_reports_a_werewolf_is_paid_before_those_who_repeat_it(start: Start, play: Play) -> None:
    # Seats: 0 1 wolves, 2 seer, 3-8 village. 2 reports wolf 0; 3 and 4 repeat it as accusations. Votes for 0: 2 to 6.
    #   by 2: reported before anybody.   by 3: after 2 alone: 1 to 2.   by 4: shared 1 : 1/2: 2/3 to 2, 1/3 to 3.
    #   by 5 and 6: shared 1 : 1/2 : 1/4: 4/7, 2/7, 1/7, each.
    # So 2 has 1 + 2/3 + 8/7 = 59/21, 3 has 1/3 + 4/7 = 19/21, and 4 has 2/7.
    state = start("WWsvvvvvv", first_phase="day", discussion_rounds=1)
    state = day_of(state, {2: report(0), 3: accuse(0), 4: accuse(0)}, play)
    found = only(booked(state, votes(3, 3, 0, 0, 0, 0, 0, 1, 1), play), "persuasion")
    assert found == {
        ("persuasion", SEATS[2]): pytest.approx(59 / 21),
        ("persuasion", SEATS[3]): pytest.approx(19 / 21),
        ("persuasion", SEATS[4]): pytest.approx(2 / 7),
    }


def test_a_false_report_is_an_accusation_as_well(start: Start, play: Play) -> None:
    # Wolf 0 reports villager 4 as a werewolf; 3 and 5 follow: 2 to it. Villager 6 does the same with 7: 8 follows, -1.
    state = start("WWsvvvvvv", first_phase="day", discussion_rounds=1)
    state = day_of(state, {0: report(4), 6: report(7)}, play)
    found = only(booked(state, votes(4, 4, 3, 4, 2, 4, 7, 2, 7), play), "persuasion")
    assert found == {("persuasion", SEATS[0]): 2.0, ("persuasion", SEATS[6]): -1.0}


def test_to_report_an_innocent_accuses_nobody(start: Start, play: Play) -> None:
    # 2 reports 3 as innocent in the first round and accuses wolf 0 in the second: that is its first accusation.
    state = start("WWsvvvv", first_phase="day", discussion_rounds=2)
    for i in range(7):
        state = play(state, {i: report(3, "innocent") if i == 2 else Speech("hm")}).state
    for i in range(7):
        state = play(state, {i: accuse(0) if i == 2 else Speech("hm")}).state
    found = only(booked(state, votes(3, 3, 0, 0, 3, 3, 3), play), "persuasion")
    assert found == {("persuasion", SEATS[2]): 1.0}, "3 voted for 0; the votes for 3 are nobody's doing"


def test_a_report_takes_the_place_of_the_days_accusation(start: Start, play: Play) -> None:
    # 2 reports 0 first and accuses 1 later: votes for 1 are not to its credit.
    state = start("WWsvvvv", first_phase="day", discussion_rounds=2)
    for i in range(7):
        state = play(state, {i: report(0) if i == 2 else Speech("hm")}).state
    for i in range(7):
        state = play(state, {i: accuse(1) if i == 2 else Speech("hm")}).state
    found = only(booked(state, votes(3, 3, 1, 1, 1, 1, 1), play), "persuasion")
    assert not found


def test_the_pack_cannot_pay_itself(start: Start, play: Play) -> None:
    state = start("WWvvvvvvv", first_phase="day", discussion_rounds=1)
    state = day_of(state, {0: accuse(4)}, play)
    found = only(booked(state, votes(4, 4, 3, 4, 2, 2, 2, 2, 2), play), "persuasion")
    assert found == {("persuasion", SEATS[0]): 1.0}, "1, of the pack, votes as agreed; only 3 was persuaded"


def test_persuasion_is_capped_a_day_and_only_the_first_accusation_counts(start: Start, play: Play) -> None:
    state = start("WWvvvvvvvvv", first_phase="day", discussion_rounds=2)
    before = state
    state = day_of(before, {2: accuse(0)}, play)
    found = only(booked(state, votes(2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0), play), "persuasion")
    assert found == {("persuasion", SEATS[2]): PERSUASION_CAP}
    assert abs(PERSUASION_CAP * WEIGHTS["persuasion"]) <= 10
    second = before
    for i in range(11):
        second = play(second, {i: accuse(0) if i == 2 else Speech("hm")}).state
    for i in range(11):
        second = play(second, {i: accuse(1) if i == 2 else Speech("hm")}).state
    found = only(booked(second, votes(2, 2, 0, 1, 1, 1, 1, 1, 1, 1, 1), play), "persuasion")
    assert not found, "votes for the second accused credit nobody, and its own vote for the first neither"


def test_accusations_are_forgotten_over_night(start: Start, play: Play) -> None:
    state = start("Wvvvvvvv", first_phase="day", discussion_rounds=1)
    state = day_of(state, {1: accuse(0)}, play)
    state = play(state, votes(7, 7, 7, 7, 7, 7, 7, 1)).state
    state = day_of(play(state, {0: Kill(SEATS[6])}).state, {}, play)
    assert not only(booked(state, votes(5, 0, 5, 5, 5, 0), play), "persuasion")


def test_speech_and_den_pay_nothing_when_they_are_said() -> None:
    game = Game(arena, 1, arena.configure(players=10))
    rng = random.Random(1)
    while not game.over:
        seat = rng.choice(game.to_act())
        game.submit(seat, rng.choice(game.legal(seat)))
    for step in game.episode().steps:
        if step.turns[0].kind in ("speech", "den"):
            assert step.terms == ()
        if step.turns[0].kind == "vote":
            assert {term.name for term in step.terms} & {"vote_wolf", "vote_innocent"}
    last = game.episode().steps[-1].terms
    assert {Term("win", "village", 1.0), Term("win", "wolves", 1.0)} & set(last)


def test_no_reply_costs_more_than_any_choice_could_bring_or_cost() -> None:
    """At one step a seat's own choice can move its individual terms by one vote term, and by being eliminated early;
    the penalty is more than that whole span, so that even the luckiest fallback earns less than the unluckiest
    choice. (Persuasion is paid for others' votes: at the step it is paid, no choice of the seat moves it.)"""
    span = (WEIGHTS["vote_wolf"] - WEIGHTS["vote_innocent"]) + abs(WEIGHTS["early_elimination"])
    for name in (ILLEGAL, FORFEIT):
        assert WEIGHTS[name] < 0
        assert abs(WEIGHTS[name]) > span
    assert abs(WEIGHTS[ILLEGAL]) > PERSUASION_CAP * WEIGHTS["persuasion"], "unreadable speech too"


@pytest.mark.parametrize("bad", ["nonsense", "", Forfeit("hung")])
def test_an_unreadable_vote_is_cast_at_random_paid_and_penalised(bad: str | Forfeit) -> None:
    game = Game(arena, 3, arena.configure(players=7, first_phase="day", discussion_rounds=0))
    seat = next(s for s in game.seats if game.team(s) == "village")
    while game.ask(seat):
        game.submit(seat, bad)
    for other in game.to_act():
        game.submit(other, game.legal(other)[0])
    own = game.step_rewards(seat)["individual"]
    assert own[FORFEIT if isinstance(bad, Forfeit) else ILLEGAL] == -50.0
    assert own.get("vote_wolf", own.get("vote_innocent")) in (10.0, -10.0)
    assert sum(own.values()) <= -40.0
