"""The reward terms by hand, what cannot be farmed, and what does not pay."""

from __future__ import annotations

import math
import random

import pytest

from lanista.arenas import Game, get
from lanista.arenas.support_desk.faults import BIT
from lanista.arenas.support_desk.rewards import promptness

TO_TECHNICAL, TO_BILLING = 'route {"to": "technical"}', 'route {"to": "billing"}'
PIN = 'verify {"factor": "pin"}'


def ask(question: str) -> str:
    return f'ask {{"question": "{question}"}}'


def test_information_by_hand(opened) -> None:
    """Slow internet, one fault: six are open, log2 6 bits. An optimal desk needs three diagnostics for the noisy line
    (the speed leaves it four, the modem's settings two).

    "All devices" leaves four (not the Wi-Fi channel, not the firmware), "5 Mbps" two (the line and the hung modem),
    the green light one.
    """
    table = opened("line_noise").say(TO_TECHNICAL)
    assert table.state.case.needed == 3
    table.say(ask("devices"))
    assert table.terms == {"information": pytest.approx(3 * math.log2(6 / 4) / math.log2(6))}
    table.say(ask("speed"))
    assert table.terms == {"information": pytest.approx(3 * math.log2(4 / 2) / math.log2(6))}
    table.say(ask("lights"))
    assert table.terms == {"information": pytest.approx(3 * 1 / math.log2(6))}
    table.say("line_test {}")  # nothing is left to learn, but a technician is sent only when it has shown the fault
    assert table.terms == {}


def test_no_more_diagnostics_are_paid_than_needed(opened) -> None:
    """A fault of the SIM takes one look at it; who asks for the signal first has had the one that is paid."""
    table = opened("sim_inactive").say(TO_TECHNICAL, PIN)
    assert table.state.case.needed == 1
    table.say(ask("signal"))  # none: the SIM is inactive or blocked, 1 of 2 bits
    assert table.terms == {"information": pytest.approx(0.5)}
    table.say("sim_status {}")
    assert table.terms == {}


def test_bisection_beats_one_by_one(opened) -> None:
    """Over the six faults of slow internet: by halves, and by asking for one cause after the other."""
    slow = ("line_noise", "hung_modem", "low_profile", "throttled", "wifi_channel", "old_firmware")
    halves = (ask("speed"), "modem_config {}", "line_test {}")
    singly = ("usage {}", ask("lights"), "line_test {}", "modem_config {}")  # throttled? hung? noisy? ...

    def earned(calls: tuple[str, ...]) -> float:
        total = 0.0
        for fault in slow:
            table = opened(fault).say(TO_TECHNICAL, PIN)
            for reply in calls:
                if table.state.case.space.entropy(table.state.mask):
                    total += table.say(reply).terms.get("information", 0.0)
        return total / len(slow)

    assert earned(halves) > earned(singly) + 0.3


def test_what_was_answered_already_is_irrelevant_until_something_changed(opened) -> None:
    table = opened("hung_modem").say(TO_TECHNICAL, ask("speed"))
    table.say(ask("speed"))
    assert table.terms == {"irrelevant": 1.0}
    table.say('instruct {"step": "reboot"}', ask("speed"))
    assert table.terms == {}  # to check is neither paid nor punished
    table.say("line_test {}", "line_test {}")
    assert table.terms == {"irrelevant": 1.0}


def test_a_first_look_after_a_change_is_a_check_too(opened) -> None:
    """The customer called about the internet; the SIM was found and mended; nobody had asked about mobile service."""
    table = opened("sim_inactive", "wifi_channel").say(TO_TECHNICAL, PIN, "sim_status {}", "provision_sim {}")
    table.say(ask("mobile"))
    assert table.terms == {}
    table.say(ask("mobile"))
    assert table.terms == {"irrelevant": 1.0}


@pytest.mark.parametrize("question", ["anything_else", "mobile"])
def test_nobody_is_told_that_each_fault_sits_in_a_service_of_its_own(opened, question: str) -> None:
    """With three faults of that kind the answers are sure by the config, and by no seat's texts."""
    table = opened("line_noise", "wrong_apn", "late_fee").say(ask(question))
    assert "irrelevant" not in table.terms


def test_one_fault_that_slows_the_internet_leaves_nothing_else(opened) -> None:
    """The brief says that there is one cause, and none that slows the internet shows anywhere else."""
    assert opened("line_noise").say(ask("anything_else")).terms == {"irrelevant": 1.0}


def test_what_another_seat_saw_is_answered_already_only_while_nothing_was_changed(opened) -> None:
    """A case file does not say whether something was seen before a change or after it."""
    to_technical, to_billing = 'handover {"to": "technical"}', 'handover {"to": "billing"}'
    table = opened("sim_inactive", "late_fee").say(TO_TECHNICAL, ask("mobile"), to_billing, ask("mobile"))
    assert table.terms == {"irrelevant": 1.0}
    table = opened("sim_inactive", "late_fee").say(TO_BILLING, PIN, "charge_detail {}", "waive_fee {}", ask("mobile"))
    table.say(to_technical, ask("mobile"))
    assert table.terms == {}
    table.say(ask("mobile"))
    assert table.terms == {"irrelevant": 1.0}


def test_to_route_where_a_fault_may_be_costs_nothing(opened) -> None:
    """A debt stops the internet too: by what the router was told it may be billing's, though it seldom is."""
    assert opened("line_cut").say(TO_BILLING).terms == {}
    assert opened("suspended").say(TO_BILLING).terms == {"routed": 1.0}


REFUND = 'refund {"charge": "C2", "amount": 24}'


def test_what_is_not_there_is_not_paid_back(opened) -> None:
    """Answered with an error as any call that cannot be carried out is: nothing is changed, no rule is broken."""
    table = opened("late_fee").say(TO_BILLING, PIN, "invoices {}", REFUND)
    assert table.terms == {"bad_call": 1.0}
    assert (table.state.changes, table.state.rules_broken) == ((), 0)
    table.say("charge_detail {}", "waive_fee {}", 'explain {"cause": "late_fee"}', "close {}")
    table.say('ticket {"causes": ["late_fee"], "end": "closed", "identity": true, "changes": ["waive_fee"]}')
    assert table.grade.resolved
    table = opened("double_charge").say(TO_BILLING, PIN, "invoices {}", 'refund {"charge": "C9", "amount": 24}')
    assert table.terms == {"bad_call": 1.0}
    table.say(REFUND)
    assert table.terms == {}
    for missing in ("waive_fee {}", "take_payment {}"):
        assert opened("double_charge").say(TO_BILLING, PIN, missing).terms == {"bad_call": 1.0}


def test_what_is_there_is_not_to_be_paid_back_unseen(opened) -> None:
    table = opened("double_charge").say(TO_BILLING, PIN, REFUND)
    assert table.terms == {"policy_violation": 1.0}
    assert table.state.changes


def test_the_answer_to_such_a_call_tells_the_desk_and_pays_nothing(opened) -> None:
    """High bill, one fault, six causes: no double charge leaves five."""
    table = opened("late_fee").say(TO_BILLING, PIN, REFUND)
    assert table.state.case.space.entropy(table.state.mask) == pytest.approx(math.log2(5))
    assert "information" not in table.terms


def test_a_question_that_can_tell_nothing_is_irrelevant(opened) -> None:
    table = opened("line_noise").say(TO_TECHNICAL, ask("signal"))
    assert table.terms == {"irrelevant": 1.0}
    table.say('instruct {"step": "set_apn"}')
    assert table.terms == {"irrelevant": 1.0}


def test_escalation_by_hand(opened) -> None:
    technician = 'escalate {"to": "technician"}'
    table = opened("line_cut").say(TO_TECHNICAL, "line_test {}", technician)
    assert table.terms == {"appropriate_escalation": 1.0}
    table = opened("loose_cable").say(TO_TECHNICAL, "line_test {}", technician)  # it showed no_sync too
    assert table.terms == {"premature_escalation": 1.0}
    table = opened("line_cut").say(TO_TECHNICAL, technician)
    assert table.terms == {"policy_violation": 1.0}  # right, but nothing had shown it
    table = opened("line_cut", "late_fee").say(TO_TECHNICAL, "line_test {}", technician)
    assert table.terms == {"premature_escalation": 1.0}  # the bill was left undone


def test_a_wrong_cause_and_a_wrong_change_cost(opened) -> None:
    table = opened("low_profile").say(TO_TECHNICAL, PIN, "line_test {}", 'explain {"cause": "line_noise"}')
    assert table.terms == {"misinformed": 1.0}
    table.say("modem_config {}", "update_firmware {}")
    assert table.terms == {"policy_violation": 1.0, "wrong_change": 1.0}
    table.say("reset_profile {}", 'explain {"cause": "low_profile"}', "close {}")
    table.say('ticket {"causes": ["low_profile"], "end": "closed", "identity": true, "changes": []}')
    assert table.terms == {"ticket": 0.75, "unresolved": 1.0}
    # The fault is mended; of two causes told one was wrong; the frame and a rule are broken: nothing to rank by.
    assert (table.grade.goal, table.grade.told, table.grade.frame, table.grade.policy) == (1.0, 0.0, False, False)
    assert table.grade.score == 0.0


def test_routing(opened) -> None:
    assert opened("line_noise").say(TO_TECHNICAL).terms == {"routed": 1.0}
    assert opened("line_noise").say(TO_BILLING).terms == {"misrouted": 1.0}
    assert opened("suspended").say(TO_TECHNICAL).terms == {"routed": 1.0}  # no_internet: nobody could know better
    table = opened("suspended").say(TO_TECHNICAL, 'handover {"to": "router"}', TO_TECHNICAL)
    assert table.terms == {}  # once is enough


@pytest.mark.parametrize(("turns", "faults", "share"), [(0, 1, 1), (5, 1, 1), (6, 1, 0.9), (10, 2, 1), (40, 1, 0.25)])
def test_later_pays_less(opened, turns: int, faults: int, share: float) -> None:
    table = opened(*("line_noise", "late_fee")[:faults])
    assert promptness(table.state._replace(turns=turns)) == pytest.approx(share)


@pytest.mark.parametrize("config", [{}, {"faults": 2, "masking": True, "cooperation": "mixed"}, {"faults": 3}])
def test_information_pays_no_more_than_an_optimal_desk_needs(config: dict[str, object]) -> None:
    """Random calls, for as long as they like: the terms of a case never add up to more than its diagnostics."""
    arena = get("support_desk")
    rng = random.Random(3)
    most = 0.0
    for seed in range(40):
        game = Game(arena, seed, arena.configure(horizon=60, **config))
        while not game.over:
            game.submit(game.to_act()[0], rng.choice(game.legal(game.to_act()[0])))
        paid = sum(term.amount for step in game.steps for term in step.terms if term.name == "information")
        assert paid <= game.state.case.needed + 1e-9
        most = max(most, paid)
    assert most > 0


HABITS = {
    "leaves at once": ("close {}",),
    "always a human": ('escalate {"to": "human"}',),
    "always a technician": (TO_TECHNICAL, 'escalate {"to": "technician"}'),
    "always tests and sends one": (TO_TECHNICAL, "line_test {}", 'escalate {"to": "technician"}'),
    "always refunds": (TO_BILLING, 'refund {"charge": "C2", "amount": 20}', "close {}"),
    "always a reboot": (TO_TECHNICAL, 'instruct {"step": "reboot"}', 'explain {"cause": "hung_modem"}', "close {}"),
    "always an outage": (TO_TECHNICAL, 'explain {"cause": "outage", "until": "12:00"}', "close {}"),
    "always the bill": (TO_BILLING, 'explain {"cause": "proration"}', "close {}"),
    "always waits": ("wait {}",) * 60,
}


def played(habit: str, seed: int, preset: str) -> Game:
    """A case played by habit, with an honest ticket; what does not fit is passed over."""
    arena = get("support_desk")
    game = Game(arena, seed, arena.configure(), preset=preset)
    for reply in HABITS[habit]:
        if not game.over and game.state.stage == "call":
            game.submit(game.to_act()[0], reply)
    while not game.over:
        end = game.state.end
        ticket = f'ticket {{"causes": [], "end": "{end}", "identity": false, "changes": []}}'
        game.submit(game.to_act()[0], ticket if end else "close {}")
    return game


@pytest.mark.parametrize("preset", ["default", "efficiency"])
@pytest.mark.parametrize("habit", HABITS)
def test_no_habit_pays(habit: str, preset: str) -> None:
    """500 cases each: teams with one habit score under half the stated bound, and earn less than nothing."""
    arena = get("support_desk")
    games = [played(habit, seed, preset) for seed in range(500)]
    score = sum(game.outcome.scores["desk"] for game in games if game.outcome) / len(games)
    assert arena.degenerate_bound is not None
    assert score <= arena.degenerate_bound / 2
    mean = sum(sum(game.returns.values()) for game in games) / len(games) / 4
    assert mean < 0


def test_the_efficiency_preset(opened) -> None:
    weights = get("support_desk").weights("efficiency")
    assert (weights["resolved"], weights["question"]) == (10.0, -2.0)
    assert (weights["premature_escalation"], weights["abandoned"]) == (-50.0, -30.0)
    arena = get("support_desk")
    game = Game(arena, 3, arena.configure(), preset="efficiency")
    game.submit("router_0", ask("internet"))
    assert game.step_rewards("router_0")["individual"]["question"] == -2.0


def test_a_ticket_is_graded_field_by_field(opened) -> None:
    right = {"causes": '["hung_modem"]', "end": '"closed"', "identity": "false", "changes": "[]"}
    wrong = {"causes": "[]", "end": '"human"', "identity": "true", "changes": '["refund"]'}
    for name in right:
        fields = {**right, name: wrong[name]}
        table = opened("hung_modem").say(TO_TECHNICAL, 'instruct {"step": "reboot"}')
        table.say('explain {"cause": "hung_modem"}', "close {}")
        table.say("ticket {" + ", ".join(f'"{k}": {v}' for k, v in fields.items()) + "}")
        assert table.terms["ticket"] == 0.75
        assert table.grade.resolved  # the customer has been helped all the same
        assert table.grade.score == pytest.approx(0.975)


def test_nothing_done_is_nothing_earned(opened) -> None:
    for fault in BIT:
        table = opened(fault).say("close {}")
        table.say('ticket {"causes": [], "end": "closed", "identity": false, "changes": []}')
        assert table.grade.score == 0.0
