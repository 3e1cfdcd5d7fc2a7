"""The rules of the house: each predicate broken and kept, and a text that says what the predicate holds."""

from __future__ import annotations

from typing import Any

import pytest

from lanista.arenas.core.tools import call
from lanista.arenas.support_desk import policy
from lanista.arenas.support_desk.calls import CHANGES

PIN, BIRTH = 'verify {"factor": "pin"}', 'verify {"factor": "birthdate"}'
TO_TECHNICAL, TO_BILLING = 'route {"to": "technical"}', 'route {"to": "billing"}'
TECHNICIAN = 'escalate {"to": "technician"}'


def agree(action: str) -> str:
    return f'confirm {{"action": "{action}"}}'


REFUND = 'refund {"charge": "C2", "amount": 24}'
Calls = tuple[str, ...]
CASES: dict[str, tuple[str, dict[str, Any], Calls, Calls | None]] = {
    # rule: (fault, changes of the defaults, calls that keep it, the same but for what breaks it)
    "identity, reading": ("throttled", {}, (TO_TECHNICAL, PIN, "usage {}"), (TO_TECHNICAL, "usage {}")),
    "identity, two factors": (
        "throttled",
        {"params": {"identity": ("pin", "birthdate")}},
        (TO_TECHNICAL, PIN, BIRTH, "usage {}"),
        (TO_TECHNICAL, PIN, "usage {}"),
    ),
    "identity, change": (
        "low_profile",
        {},
        (TO_TECHNICAL, PIN, "line_test {}", "reset_profile {}"),
        (TO_TECHNICAL, "line_test {}", "reset_profile {}"),
    ),
    "confirm": (
        "throttled",
        {},
        (TO_TECHNICAL, PIN, "usage {}", agree("add_data"), "add_data {}"),
        (TO_TECHNICAL, PIN, "usage {}", "add_data {}"),
    ),
    "support, change": (
        "low_profile",
        {},
        (TO_TECHNICAL, PIN, "line_test {}", "reset_profile {}"),
        (TO_TECHNICAL, PIN, "reset_profile {}"),
    ),
    "support, technician": ("line_cut", {}, (TO_TECHNICAL, "line_test {}", TECHNICIAN), (TO_TECHNICAL, TECHNICIAN)),
    "support, human": (
        "unknown_charge",
        {},
        (TO_BILLING, PIN, "charge_detail {}", 'escalate {"to": "human"}'),
        (TO_BILLING, PIN, "invoices {}", 'escalate {"to": "human"}'),
    ),
    "map": (
        "line_cut",
        {"params": {"map_first": True}},
        (TO_TECHNICAL, "outage_map {}", "line_test {}", TECHNICIAN),
        (TO_TECHNICAL, "line_test {}", TECHNICIAN),
    ),
    "waiver": (
        "late_fee",
        {"params": {"waivers": 2}, "context": {"waived": 1}},
        (TO_BILLING, PIN, "charge_detail {}", "waive_fee {}"),
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_kept_and_broken(opened, name: str) -> None:
    fault, changes, kept, broken = CASES[name]
    table = opened(fault, **changes).say(*kept)
    assert table.state.rules_broken == 0
    assert "policy_violation" not in table.terms
    if broken is not None:
        table = opened(fault, **changes).say(*broken)
        assert table.terms["policy_violation"] == 1.0
        assert table.state.rules_broken == 1


@pytest.mark.parametrize(
    ("fault", "context", "last", "broken"),
    [
        ("double_charge", {"refund_eur": 24}, REFUND, False),
        ("double_charge", {"refund_eur": 31}, 'refund {"charge": "C2", "amount": 31}', True),
        ("double_charge", {"refund_eur": 31}, 'refund {"charge": "C2", "amount": 30}', False),  # the limit is not over
        ("double_charge", {"refund_days": 60}, REFUND, False),
        ("double_charge", {"refund_days": 61}, REFUND, True),
        ("ended_discount", {"months": 12}, "renew_discount {}", False),
        ("ended_discount", {"months": 11}, "renew_discount {}", True),
        ("late_fee", {"waived": 0}, "waive_fee {}", False),
        ("late_fee", {"waived": 1}, "waive_fee {}", True),
    ],
)
def test_limits_are_exact(opened, fault: str, context: dict[str, int], last: str, broken: bool) -> None:
    shows = {"double_charge": "invoices {}", "ended_discount": "contract {}", "late_fee": "charge_detail {}"}[fault]
    table = opened(fault, context=context).say(TO_BILLING, PIN, shows, last)
    assert ("policy_violation" in table.terms) == broken


def test_who_may_not_be_refunded_goes_to_a_human(opened) -> None:
    table = opened("double_charge", context={"refund_eur": 31})
    table.say(TO_BILLING, PIN, "invoices {}", 'explain {"cause": "double_charge"}', 'escalate {"to": "human"}')
    assert table.terms == {"appropriate_escalation": 1.0}
    table.say('ticket {"causes": ["double_charge"], "end": "human", "identity": true, "changes": []}')
    assert table.grade.score == 1.0


def test_the_text_is_rendered_from_the_parameters() -> None:
    """Every parameter that a rule looks at stands in the text of that rule, for the roles that could break it."""
    for params in policy.vectors("dev")[::37]:
        technical, billing = policy.text(params, "technical"), policy.text(params, "billing")
        for factor in policy.FACTORS:
            assert (factor in technical) == (factor in params.identity)
        for role in ("technical", "billing"):
            for action in CHANGES[role]:
                for short in (False, True):
                    said = policy.text(params, role, short).lower().split("confirm ")[1].split("\n")[0].split(";")[0]
                    assert (action in said) == (action in params.confirm)
        assert ("outage_map" in technical) == params.map_first
        assert f"{params.refund_eur} EUR" in billing
        assert f"{params.refund_days} days" in billing
        assert f"{params.discount_months} months" in billing
        assert f"fewer than {params.waivers}" in billing


def test_the_short_text_tells_the_same_parameters() -> None:
    """Two policies with the same short text for a role have the same long one."""
    for role in ("technical", "billing", "summarizer"):
        pairs = {(policy.text(p, role, True), policy.text(p, role)) for p in policy.vectors("train")}
        assert len({short for short, _ in pairs}) == len(pairs) == len({long for _, long in pairs})


def test_no_rule_is_broken_by_speaking(opened) -> None:
    table = opened("line_noise")
    for said in (call("ask", question="speed"), call("verify", factor="pin"), call("close"), call("wait")):
        assert policy.broken(table.state.case.params, said, table.state) == ()
