"""The house rules of one episode: parameters, the predicates that hold them, and their text, from one table.

A rule is broken by doing something, never by leaving it undone: ``broken(params, role, call, file)`` looks at one
call and at what the desk has on file when it is made.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from lanista.arenas.core import chance
from lanista.arenas.core.tools import Call
from lanista.arenas.support_desk.faults import FAULTS, WRITES

FACTORS = ("pin", "postcode", "birthdate")
SPLITS = ("train", "dev", "test")
ACCOUNT_DATA = frozenset({"usage", "sim_status", "account", "invoices", "contract", "charge_detail"})
"""The readings that show an account."""

SUPPORT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "replace_modem": {"lights": ("off",), "line_test": ("no_answer",)},
    "reset_profile": {"line_test": ("capped",)},
    "add_data": {"usage": ("used_up",)},
    "update_firmware": {"modem_config": ("old_firmware",)},
    "provision_sim": {"sim_status": ("not_active",)},
    "enable_roaming": {"sim_status": ("roaming_off",)},
    "take_payment": {"account": ("suspended",)},
    "refund": {"invoices": ("double",)},
    "renew_discount": {"contract": ("discount_ended",)},
    "change_plan": {"contract": ("plan_mismatch",)},
    "waive_fee": {"charge_detail": ("late_fee",)},
    "technician": {"line_test": ("no_sync", "noisy")},
    "human": {"sim_status": ("blocked",), "charge_detail": ("third_party",), "invoices": ("double",)},
}
"""For each change and each escalation: what must have shown in this call, any one of it."""


class Params(NamedTuple):
    """What varies from one employer to the next."""

    identity: tuple[str, ...]
    """The factors that must be checked before account data is read or anything is changed."""
    confirm: tuple[str, ...]
    """The changes that the customer must have agreed to."""
    refund_eur: int
    """The largest refund the desk may grant."""
    refund_days: int
    """How old a charge may be that the desk refunds."""
    discount_months: int
    """From how many months with us a discount is renewed."""
    waivers: int
    """Late fees waived in a year, at most."""
    map_first: bool
    """Whether the outage map must show clear before a technician is sent."""


class File(Protocol):
    """What the desk has on file."""

    @property
    def identified(self) -> frozenset[str]:
        """The factors that were checked."""

    @property
    def agreed(self) -> frozenset[str]:
        """The changes that the customer has agreed to."""

    def shown(self, test: str) -> str | None:
        """The last outcome of a question or reading in this call."""

    @property
    def stranger(self) -> bool:
        """Whether the caller has failed a check so often that they are a stranger."""

    def also(self, what: str) -> Mapping[str, tuple[str, ...]]:
        """What supports a change or an escalation besides SUPPORT, by question or reading."""

    def amounts(self) -> Mapping[str, int]:
        """What readings have told of money and dates: refund_eur, refund_days, months, waived."""


class Rule(NamedTuple):
    """One rule: whom it concerns, its text for a role, in a sentence and in short, and whether a call breaks it."""

    name: str
    roles: tuple[str, ...]
    text: Callable[[Params, str], str]
    short: Callable[[Params, str], str]
    broken: Callable[[Params, Call, File], bool]


_OWNER = {write: next(f.owner for f in FAULTS if f.name == fault) for write, fault in WRITES.items()}
"""Which department makes a change."""
_CONFIRM_ALWAYS = ("take_payment", "change_plan", "add_data")
_CONFIRM_SOMETIMES = ((), ("enable_roaming",), ("replace_modem",), ("enable_roaming", "replace_modem"))


def _identity(params: Params, call: Call, file: File) -> bool:
    private = call.tool in ACCOUNT_DATA or call.tool in WRITES
    return private and not file.identified.issuperset(params.identity)


def _confirmed(params: Params, call: Call, file: File) -> bool:
    return call.tool in params.confirm and call.tool not in file.agreed


def _supported(params: Params, call: Call, file: File) -> bool:
    what = call.args.get("to") if call.tool == "escalate" else call.tool
    needs = SUPPORT.get(str(what))
    if what == "human" and file.stranger:
        return False
    if needs is None or any(_shows(file, test, wanted) for test, wanted in needs.items()):
        return False
    return not any(_shows(file, test, wanted) for test, wanted in file.also(str(what)).items())


def _shows(file: File, test: str, wanted: tuple[str, ...]) -> bool:
    shown = file.shown(test)
    return shown is not None and not set(wanted).isdisjoint(shown.split("+"))


def _map(params: Params, call: Call, file: File) -> bool:
    sent = call.tool == "escalate" and call.args.get("to") == "technician"
    return sent and params.map_first and file.shown("outage_map") != "clear"


def _refund(params: Params, call: Call, file: File) -> bool:
    if call.tool != "refund":
        return False
    age = file.amounts().get("refund_days", params.refund_days + 1)
    return bool(call.args["amount"] > params.refund_eur or age > params.refund_days)


def _discount(params: Params, call: Call, file: File) -> bool:
    return call.tool == "renew_discount" and file.amounts().get("months", 0) < params.discount_months


def _waiver(params: Params, call: Call, file: File) -> bool:
    return call.tool == "waive_fee" and file.amounts().get("waived", params.waivers) >= params.waivers


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _confirm_of(params: Params, role: str) -> str:
    return ", ".join(name for name in params.confirm if _OWNER[name] == role)


RULES: tuple[Rule, ...] = (
    Rule(
        "identity",
        ("technical", "billing", "summarizer"),
        lambda p, role: f"Check {_and(p.identity)} before you read account data (marked *) or change anything.",
        lambda p, role: f"check {', '.join(p.identity)}",
        _identity,
    ),
    Rule(
        "confirm",
        ("technical", "billing"),
        lambda p, role: f"Confirm first: {_confirm_of(p, role)}.",
        lambda p, role: f"confirm {_confirm_of(p, role)}",
        _confirmed,
    ),
    Rule(
        "support",
        ("router", "technical", "billing"),
        lambda p, role: (
            "Change something, send a technician (line fault) or call a human (sim block, strange or double "
            "charge) only when this call has shown the cause."
        ),
        lambda p, role: "change only what was shown",
        _supported,
    ),
    Rule(
        "map",
        ("technical",),
        lambda p, role: "No technician unless outage_map shows clear." if p.map_first else "",
        lambda p, role: "map before technician" if p.map_first else "",
        _map,
    ),
    Rule(
        "refund",
        ("billing",),
        lambda p, role: f"Refund at most {p.refund_eur} EUR, at most {p.refund_days} days old; else a human.",
        lambda p, role: f"refund up to {p.refund_eur} EUR, {p.refund_days} days",
        _refund,
    ),
    Rule(
        "discount",
        ("billing",),
        lambda p, role: f"Renew a discount from {p.discount_months} months with us; else only explain.",
        lambda p, role: f"discount from {p.discount_months} months",
        _discount,
    ),
    Rule(
        "waiver",
        ("billing",),
        lambda p, role: f"Waive a late fee if fewer than {p.waivers} were waived this year; else only explain.",
        lambda p, role: f"waive if under {p.waivers}",
        _waiver,
    ),
)


def broken(params: Params, call: Call, file: File) -> tuple[str, ...]:
    """The names of the rules that this call breaks."""
    return tuple(rule.name for rule in RULES if rule.broken(params, call, file))


@lru_cache(maxsize=1 << 14)
def text(params: Params, role: str, short: bool = False) -> str:
    """The rules that concern a role: a line each, or all in one line."""
    said = [(rule.short if short else rule.text)(params, role) for rule in RULES if role in rule.roles]
    return "; ".join(filter(None, said)) if short else "\n".join(f"- {line}" for line in said if line)


def vectors(split: str) -> tuple[Params, ...]:
    """Every parameter vector of a split. Splits share none; about 70, 15 and 15 per cent of all."""
    return _vectors()[split]


@lru_cache(maxsize=1)
def _vectors() -> Mapping[str, tuple[Params, ...]]:
    identities = [(a,) for a in FACTORS] + list(itertools.combinations(FACTORS, 2))
    confirms = [_CONFIRM_ALWAYS + more for more in _CONFIRM_SOMETIMES]
    found: dict[str, list[Params]] = {split: [] for split in SPLITS}
    every = itertools.product(identities, confirms, (20, 25, 30, 40, 50), (30, 45, 60, 90), (6, 12, 24), (1, 2))
    for parts in every:
        for map_first in (False, True):
            params = Params(*parts, map_first)
            found[split_of("policy", *params)].append(params)
    return {split: tuple(params) for split, params in found.items()}


def split_of(*parts: Any) -> str:
    """The split that a combination belongs to, for ever: 70% train, 15% dev, 15% test."""
    place = chance.key("split", *parts) % 100
    return "train" if place < 70 else "dev" if place < 85 else "test"
