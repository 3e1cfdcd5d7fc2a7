"""The hidden world: what shows of it, what hides it, and that everything that can show has words."""

from __future__ import annotations

import itertools

import pytest

from lanista.arenas.core.contract import Event
from lanista.arenas.support_desk import belief, calls, faults
from lanista.arenas.support_desk.faults import ALL, BIT, CLAIMS, FAULTS, SHY, STEPS, TESTS, WRITES, bits, observe
from lanista.arenas.support_desk.words import SupportDeskWords


@pytest.mark.parametrize(
    ("test", "truth", "gone", "shown"),
    [
        ("speed", ("line_noise",), (), "5"),
        ("speed", ("throttled", "line_noise"), (), "1"),  # the narrowest place counts
        ("speed", ("throttled", "line_noise"), ("throttled",), "5"),  # and what was behind it shows
        ("devices", ("wifi_channel",), (), "wifi_only"),
        ("devices", ("wifi_channel", "throttled"), (), "all"),
        ("lights", ("dead_modem", "line_cut"), (), "off"),
        ("lights", ("dead_modem", "line_cut"), ("dead_modem",), "red"),
        ("line_test", ("loose_cable",), (), "no_sync"),
        ("line_test", ("loose_cable", "line_noise"), ("loose_cable",), "noisy"),
        ("pages", ("bad_dns",), (), "apps_only"),
        ("pages", ("bad_dns", "bridge_mode"), (), "none"),
        ("mobile", ("suspended",), (), "none"),  # a suspended account stops the phone too
        ("modem_status", ("hung_modem",), (), "up_weeks"),
        ("modem_status", ("hung_modem",), ("hung_modem",), "up_minutes"),
        ("invoices", ("double_charge", "proration", "late_fee"), (), "double+extra+higher"),
        ("contract", ("ended_discount",), ("ended_discount",), "as_agreed"),
        ("anything_else", ("wifi_channel", "late_fee"), (), "internet+bill"),
    ],
)
def test_what_shows_by_hand(test: str, truth: tuple[str, ...], gone: tuple[str, ...], shown: str) -> None:
    assert observe(test, bits(*truth), bits(*gone)) == shown


def test_the_customer_says_what_they_want_to_believe() -> None:
    hung, loose = BIT["hung_modem"], BIT["loose_cable"]
    assert observe("rebooted", hung | CLAIMS, 0) == "yes"
    assert observe("modem_status", hung | CLAIMS, 0) == "up_weeks"  # which gives the lie away
    assert observe("modem_status", BIT["line_noise"] | CLAIMS, 0) == "up_days"
    assert observe("cables", loose | SHY, 0) == "fine"
    assert observe("cables", loose, 0) == "loose"


def test_there_are_faults_enough_and_each_has_one_remedy_at_most() -> None:
    assert len(FAULTS) >= 12
    assert {fault.owner for fault in FAULTS} == {"technical", "billing"}
    mended = [*STEPS.values(), *WRITES.values()]
    assert len(mended) == len(set(mended))
    assert set(mended) < set(BIT)


def test_symptoms_overlap() -> None:
    """No fault of a service can be told by what the customer says first; several share each complaint."""
    by_complaint: dict[str, int] = {}
    for bit in BIT.values():
        symptom = faults.symptom(bit)
        by_complaint[symptom] = by_complaint.get(symptom, 0) + 1
    assert min(by_complaint.values()) >= 4


@pytest.mark.parametrize("name", BIT)
def test_every_fault_can_be_told_from_every_other(name: str) -> None:
    for other in BIT:
        if other != name:
            assert any(observe(t, BIT[name], 0) != observe(t, BIT[other], 0) for t in TESTS), f"{name} or {other}?"


def test_thousands_of_combinations() -> None:
    sets = [belief.fault_sets(n, masking, "any") for n in (1, 2, 3) for masking in (False, True)]
    assert sum(map(len, sets)) > 1000
    assert len(set(itertools.chain(*sets))) == sum(map(len, sets))
    for mask in itertools.chain(*sets):
        assert belief.possible(mask)


def test_no_fault_hides_behind_one_that_nobody_here_can_mend() -> None:
    assert not belief.possible(bits("outage", "wifi_channel"))
    assert belief.possible(bits("dead_modem", "outage"))  # a new modem, then the outage shows
    assert not belief.possible(bits("line_cut", "unknown_charge"))  # a technician or a human, not both


def test_all_that_can_be_seen_has_words() -> None:
    words = SupportDeskWords()
    shown = 0
    for mask in (*belief.fault_sets(1, False, "any"), *belief.fault_sets(3, True, "billing")):
        for flags, gone in itertools.product((0, CLAIMS, SHY), (0, ALL)):
            for test in TESTS:
                outcome = observe(test, mask | flags, gone)
                numbers = {
                    "refund_eur": 9,
                    "refund_days": 9,
                    "extra_eur": 9,
                    "ordered": "M",
                    "billed": "L",
                    "months": 9,
                }
                numbers |= {"fee_eur": 9, "waived": 1, "until": "12:00", "due_eur": 9, "plan": "M"}
                kind = "reading" if test in faults.READINGS else "answer"
                about = "reading" if kind == "reading" else "question"
                for v in range(3):
                    data = {about: test, "outcome": outcome, "v": v, "plan_mbps": 100, "times": 2, **numbers}
                    assert words.show(Event(kind, data))
                    shown += 1
    assert shown > 1000


def test_every_tool_is_in_somebodys_hands() -> None:
    readings = {name for role in calls.READS.values() for name in role}
    questions = {name for role in calls.ASKS.values() for name in role}
    assert readings == set(faults.READINGS)
    assert questions == set(faults.QUESTIONS)
    assert {name for role in calls.CHANGES.values() for name in role} == set(WRITES)
