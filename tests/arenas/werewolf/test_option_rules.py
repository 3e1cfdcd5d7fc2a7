"""Each option's rulings, worked by hand on a table laid for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lanista.arenas import Event, Step
from lanista.arenas.werewolf.deck import SEATS
from lanista.arenas.werewolf.moves import (
    SAY_NOTHING,
    Abstain,
    Bid,
    Elect,
    Inspect,
    Kill,
    Nominate,
    Pass,
    Protect,
    Shoot,
    Speech,
    Vote,
)
from lanista.arenas.werewolf.rewards import WerewolfRewards
from lanista.arenas.werewolf.rules import State, WerewolfRules

Start = Callable[..., State]
Play = Callable[..., Step]
RULES = WerewolfRules()
P = SEATS


def the(step: Step, kind: str) -> Event:
    (event,) = [event for event in step.events if event.kind == kind]
    return event


def targets(state: State, seat: int) -> set[str | None]:
    return {getattr(move, "target", None) for move in RULES.ask(state, P[seat]).choices}


def votes(*whom: int | None) -> dict[int, Any]:
    return {i: Abstain() if target is None else Vote(P[target]) for i, target in enumerate(whom)}


def test_the_possessed_is_no_wolf_wins_with_them_and_is_paid_like_them(start: Start, play: Play) -> None:
    state = start("Wpsvv", first_phase="day")
    assert RULES.teams(state) == {"village": (P[2], P[3], P[4]), "wolves": (P[0], P[1])}
    step = play(state, votes(1, 0, 1, 1, 1))
    found = WerewolfRewards().terms(
        state, {P[i]: v for i, v in votes(1, 0, 1, 1, 1).items()}, step.state, step.events, frozenset()
    )
    assert {(t.name, t.to) for t in found if t.name.startswith("vote")} == {("vote_innocent", P[i]) for i in (2, 3, 4)}
    assert step.state.winner is None, "one wolf and three others are left"
    assert step.state.table.roles[1] == "possessed"


def test_a_seer_finds_the_possessed_innocent(start: Start, play: Play) -> None:
    step = play(start("Wpsvvv"), {0: Kill(P[5]), 2: Inspect(P[1])})
    assert the(step, "inspected").data["finding"] == "innocent"


def test_the_medium_alone_learns_the_side_of_who_was_voted_out(start: Start, play: Play) -> None:
    state = start("WWmsvvvv", first_phase="day", reveal_on_death=False)
    event = the(play(state, votes(1, 0, 0, 0, 0, 0, 0, 0)), "divined")
    assert (event.data["target"], event.data["finding"], event.to) == (P[0], "werewolf", (P[2],))
    event = the(play(state, votes(7, 7, 7, 7, 7, 7, 7, 0)), "divined")
    assert event.data["finding"] == "innocent"
    dead = play(state, votes(2, 2, 0, 2, 2, 2, 2, 2))
    assert [e for e in dead.events if e.kind == "divined"] == [], "a dead medium learns nothing"


def test_a_bodyguard_protects_others_and_where_told_nobody_twice_running(start: Start, play: Play) -> None:
    state = start("Wbvvvvv", repeat_protection=False)
    assert P[1] not in targets(state, 1)
    step = play(state, {0: Kill(P[2]), 1: Protect(P[2])})
    assert the(step, "deaths").data["deaths"] == []
    state = play(step.state, votes(6, 6, 6, 6, 6, 6, 5)).state
    assert targets(state, 1) == {P[0], P[3], P[4], P[5]}
    state = play(state, {0: Kill(P[3]), 1: Protect(P[4])}).state
    state = play(state, {0: Vote(P[5]), 1: Vote(P[5]), 2: Vote(P[5]), 4: Vote(P[5]), 5: Vote(P[0])}).state
    assert state.winner is None
    assert P[2] in targets(state, 1), "the night before last may be repeated"


def test_a_doctor_may_be_kept_from_itself_and_a_guard_let_to_itself(start: Start) -> None:
    assert P[1] not in targets(start("Wdvvv", self_protection=False), 1)
    assert P[1] in targets(start("Wbvvv", self_protection=True), 1)


def test_in_a_quiet_first_night_the_seer_alone_acts_and_later_all_do(start: Start, play: Play) -> None:
    state = start("Wsdwvvv", quiet_first_night=True)
    assert RULES.to_act(state) == (P[1],)
    step = play(state, {1: Inspect(P[0])})
    assert the(step, "deaths").data["deaths"] == []
    state = play(step.state, votes(6, 6, 6, 6, 6, 6, 5)).state
    assert RULES.to_act(state) == (P[0], P[1], P[2])
    assert RULES.to_act(play(state, {0: Kill(P[5]), 1: Inspect(P[2]), 2: Protect(P[2])}).state) == (P[3],)


def test_where_all_abstain_nobody_is_out_and_the_next_vote_cannot_be_withheld(start: Start, play: Play) -> None:
    state = start("Wvvvvvv", first_phase="day", abstention=True)
    step = play(state, votes(*[None] * 7))
    assert the(step, "votes").data["eliminated"] is None
    assert step.state.alive == 0b1111111
    state = play(step.state, {0: Kill(P[6])}).state
    assert None not in targets(state, 1)
    step = play(state, votes(5, 5, 5, 5, 5, 0))
    assert the(step, "votes").data["eliminated"] == P[5]
    state = play(step.state, {0: Kill(P[4])}).state
    assert None in targets(state, 1), "after a vote that put somebody out it can"


def test_one_vote_is_enough_among_abstentions_and_withholding_costs_a_villager(start: Start, play: Play) -> None:
    state = start("Wvvvvvv", first_phase="day", abstention=True)
    moves = votes(None, 0, None, None, None, None, None)
    step = play(state, moves)
    assert step.state.winner == "village"
    found = WerewolfRewards().terms(state, {P[i]: v for i, v in moves.items()}, step.state, step.events, frozenset())
    assert [t.to for t in found if t.name == "abstention"] == [P[i] for i in range(2, 7)]


def test_last_words_come_before_the_hunters_shot_and_not_after_the_end(start: Start, play: Play) -> None:
    state = start("WWhvvvv", first_phase="day", last_words=True)
    step = play(state, votes(2, 2, 0, 2, 2, 2, 2))
    assert RULES.to_act(step.state) == (P[2],)
    assert RULES.ask(step.state, P[2]).kind == "speech"
    step = play(step.state, {2: Speech("I was the hunter")})
    assert the(step, "speech").to is None
    assert RULES.ask(step.state, P[2]).kind == "shot"
    step = play(step.state, {2: Shoot(P[0])})
    assert RULES.phase(step.state) == "night 1"
    over = play(start("Wvvvv", first_phase="day", last_words=True), votes(1, 0, 0, 0, 0))
    assert over.state.winner == "village"


def test_sequential_votes_are_heard_one_by_one_in_the_order_of_speaking(start: Start, play: Play) -> None:
    state = start("Wvvvv", first_phase="day", sequential_votes=True)
    for i in range(4):
        assert RULES.to_act(state) == (P[i],)
        step = play(state, {i: Vote(P[4])})
        assert the(step, "vote").to is None
        assert [e.kind for e in step.events] == ["vote"]
        state = step.state
    step = play(state, {4: Vote(P[0])})
    assert the(step, "votes").data["votes"] == {P[0]: P[4], P[1]: P[4], P[2]: P[4], P[3]: P[4], P[4]: P[0]}
    assert the(step, "votes").data["eliminated"] == P[4]


def test_the_nominated_defend_themselves_and_votes_are_for_one_of_them(start: Start, play: Play) -> None:
    state = start("Wvvvv", first_phase="day", nomination=True, abstention=True)
    for i, move in enumerate((Nominate(P[3]), Pass(), Nominate(P[0]), Pass(), Nominate(P[3]))):
        assert RULES.to_act(state) == (P[i],)
        state = play(state, {i: move}).state
    for seat in (0, 3):
        assert (RULES.to_act(state), RULES.phase(state)) == ((P[seat],), "day 1: defence")
        state = play(state, {seat: SAY_NOTHING}).state
    assert targets(state, 1) == {P[0], P[3], None}
    assert targets(state, 0) == {P[3], None}
    assert the(play(state, votes(None, 3, 3, 0, 3)), "votes").data["eliminated"] == P[3]


def test_where_nobody_is_nominated_nobody_is_out_and_the_next_day_nobody_may_pass(start: Start, play: Play) -> None:
    state = start("Wvvvvvv", first_phase="day", nomination=True, abstention=True)
    for i in range(7):
        step = play(state, {i: Pass()})
        state = step.state
    assert the(step, "votes").data == {"votes": {}, "eliminated": None, "role": None}
    state = play(state, {0: Kill(P[6])}).state
    assert None not in targets(state, 1), "day 2 begins with player_1"


def test_a_mayors_vote_counts_twice_and_a_dead_mayor_is_replaced(start: Start, play: Play) -> None:
    state = start("WWvvvvvvv", first_phase="day", mayor=True)
    step = play(state, {i: Elect(P[2]) if i != 2 else Elect(P[3]) for i in range(9)})
    assert the(step, "election").data["mayor"] == P[2]
    # For 0: the mayor twice and 3. For 4: 0 and 1. Alone the votes are 2 to 2 with the others spread.
    step = play(step.state, votes(4, 4, 0, 0, 5, 6, 7, 8, 5))
    assert the(step, "votes").data["eliminated"] == P[0]
    state = play(step.state, {1: Kill(P[2])}).state
    assert {RULES.ask(state, seat).kind for seat in RULES.to_act(state)} == {"elect"}


def test_the_highest_bid_speaks_and_silence_ends_the_talk(start: Start, play: Play) -> None:
    state = start("Wvvvv", first_phase="day", bidding=True, discussion_rounds=1)
    step = play(state, {i: Bid(4 if i == 3 else i % 3) for i in range(5)})
    assert the(step, "floor").data == {"seat": P[3]}
    state = play(step.state, {3: Speech("hear me")}).state
    assert {RULES.ask(state, seat).kind for seat in RULES.to_act(state)} == {"bid"}
    step = play(state, {i: Bid(0) for i in range(5)})
    assert the(step, "floor").data == {"seat": None}
    assert RULES.phase(step.state) == "day 1: vote"


def test_bidding_ends_after_as_many_speeches_as_are_living(start: Start, play: Play) -> None:
    state, spoken = start("Wvvvv", first_phase="day", bidding=True, discussion_rounds=1), 0
    while RULES.phase(state) != "day 1: vote":
        owed = RULES.to_act(state)
        bids = len(owed) > 1
        spoken += not bids
        state = play(state, {int(s[7:]): Bid(2) if bids else SAY_NOTHING for s in owed}).state
    assert spoken == 5
