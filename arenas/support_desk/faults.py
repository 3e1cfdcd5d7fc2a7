"""The hidden world: what can be wrong, and what each question, reading and step shows or changes.

A world is a set of active faults (a bit mask over ``FAULTS``), each a component of the account, the line, a device or
the bill in a bad state. What a customer sees and what a system reads is a function of that set, so symptoms overlap
and one fault hides another: a dead modem shows the same dark lights whatever the Wi-Fi channel is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

INTERNET, MOBILE, BILL = "internet", "mobile", "bill"
SERVICES = (INTERNET, MOBILE, BILL)
TECHNICAL, BILLING = "technical", "billing"


class Fault(NamedTuple):
    """One atomic fault: where it sits (``thing.part``), its two states, who of the desk owns it."""

    name: str
    service: str
    owner: str
    part: str
    bad: str
    good: str


FAULTS: tuple[Fault, ...] = (
    Fault("suspended", INTERNET, BILLING, "account.status", "suspended for debt", "active"),
    Fault("dead_modem", INTERNET, TECHNICAL, "modem.power", "dead", "alive"),
    Fault("loose_cable", INTERNET, TECHNICAL, "modem.cable", "loose", "plugged in"),
    Fault("outage", INTERNET, TECHNICAL, "area.network", "down", "up"),
    Fault("line_cut", INTERNET, TECHNICAL, "line.wire", "cut", "whole"),
    Fault("bridge_mode", INTERNET, TECHNICAL, "modem.mode", "bridge", "router"),
    Fault("bad_dns", INTERNET, TECHNICAL, "modem.dns", "wrong server", "automatic"),
    Fault("line_noise", INTERNET, TECHNICAL, "line.signal", "noisy", "clean"),
    Fault("hung_modem", INTERNET, TECHNICAL, "modem.software", "hung", "running"),
    Fault("low_profile", INTERNET, TECHNICAL, "line.profile", "too low", "as ordered"),
    Fault("throttled", INTERNET, TECHNICAL, "plan.data", "used up", "left"),
    Fault("wifi_channel", INTERNET, TECHNICAL, "modem.channel", "crowded", "free"),
    Fault("old_firmware", INTERNET, TECHNICAL, "modem.firmware", "old", "new"),
    Fault("sim_inactive", MOBILE, TECHNICAL, "sim.profile", "missing", "loaded"),
    Fault("sim_blocked", MOBILE, TECHNICAL, "sim.block", "set by security", "none"),
    Fault("roaming_off", MOBILE, TECHNICAL, "sim.roaming", "off", "on"),
    Fault("wrong_apn", MOBILE, TECHNICAL, "phone.apn", "wrong", "right"),
    Fault("double_charge", BILL, BILLING, "invoice.charge", "twice", "once"),
    Fault("ended_discount", BILL, BILLING, "contract.discount", "ended", "running"),
    Fault("wrong_plan", BILL, BILLING, "contract.plan", "not as ordered", "as ordered"),
    Fault("proration", BILL, BILLING, "invoice.proration", "two part months", "explained"),
    Fault("late_fee", BILL, BILLING, "invoice.fee", "charged", "waived"),
    Fault("unknown_charge", BILL, BILLING, "invoice.third_party", "charged by a stranger", "none"),
)
NAMES = tuple(fault.name for fault in FAULTS)
BIT = {name: 1 << i for i, name in enumerate(NAMES)}

CLAIMS = 1 << len(FAULTS)
"""Beside the faults: the customer says that the modem was rebooted before the call (a lie if it hangs)."""
SHY = CLAIMS << 1
"""Beside the faults: the customer will not admit to a loose cable."""
LATE = SHY << 1
"""Beside the faults: the outage is none yet, it begins during the call. In what is gone: it has begun."""
ALL = CLAIMS - 1
"""Every fault's bit."""


def bits(*names: str) -> int:
    """The mask of these faults."""
    mask = 0
    for name in names:
        mask |= BIT[name]
    return mask


@lru_cache(maxsize=1 << 16)
def named(mask: int) -> tuple[str, ...]:
    """The faults of a mask, in the order of the table."""
    return tuple(name for name, bit in BIT.items() if mask & bit)


OF_SERVICE = {s: bits(*(f.name for f in FAULTS if f.service == s)) for s in SERVICES}
OF_OWNER = {o: bits(*(f.name for f in FAULTS if f.owner == o)) for o in (TECHNICAL, BILLING)}

_SUSPENDED, _HUNG, _CABLE = BIT["suspended"], BIT["hung_modem"], BIT["loose_cable"]
_OFFLINE = bits("suspended", "dead_modem", "loose_cable", "outage", "line_cut")
_STOPS = _OFFLINE | bits("bridge_mode", "bad_dns")
_WIFI = bits("wifi_channel", "old_firmware")
_SLOWS = _WIFI | bits("line_noise", "hung_modem", "low_profile", "throttled")
_NO_MOBILE = OF_SERVICE[MOBILE] | _SUSPENDED

Look = Callable[[int, int, int], str]
"""``look(active, truth, gone)``: active faults now, faults and flags at the start, faults cleared since."""


def internet(active: int) -> str:
    """``none``, ``slow`` or ``ok``."""
    return "none" if active & _STOPS else "slow" if active & _SLOWS else "ok"


def mobile(active: int) -> str:
    """``none`` or ``ok``."""
    return "none" if active & _NO_MOBILE else "ok"


def troubles(active: int) -> tuple[str, ...]:
    """The services that a customer would complain about."""
    shown = {INTERNET: internet(active) != "ok", MOBILE: mobile(active) != "ok", BILL: active & OF_SERVICE[BILL]}
    return tuple(service for service in SERVICES if shown[service])


def symptom(active: int) -> str:
    """What a customer calls about first: no_internet, slow_internet, no_mobile, high_bill."""
    first = troubles(active)[0]
    if first == INTERNET:
        return "no_internet" if internet(active) == "none" else "slow_internet"
    return "no_mobile" if first == MOBILE else "high_bill"


def _devices(active: int, truth: int, gone: int) -> str:
    state = internet(active)
    if state == "ok":
        return "none"
    return "wifi_only" if state == "slow" and not active & _SLOWS & ~_WIFI else "all"


def _speed(active: int, truth: int, gone: int) -> str:
    if active & _STOPS:
        return "0"
    if active & BIT["throttled"]:
        return "1"
    if active & _SLOWS & ~BIT["low_profile"]:
        return "5"
    return "20" if active & BIT["low_profile"] else "full"


def _lights(active: int, truth: int, gone: int) -> str:
    if active & BIT["dead_modem"]:
        return "off"
    if active & _OFFLINE:
        return "red"
    return "blinking" if active & _HUNG else "green"


def _pages(active: int, truth: int, gone: int) -> str:
    if active & _STOPS & ~BIT["bad_dns"]:
        return "none"
    return "apps_only" if active & BIT["bad_dns"] else "all"


def _cables(active: int, truth: int, gone: int) -> str:
    return "loose" if active & _CABLE and not truth & SHY else "fine"


def _signal(active: int, truth: int, gone: int) -> str:
    if active & (_SUSPENDED | BIT["sim_inactive"] | BIT["sim_blocked"]):
        return "none"
    return "searching" if active & BIT["roaming_off"] else "full"


def _charges(active: int, truth: int, gone: int) -> str:
    if active & BIT["double_charge"]:
        return "twice"
    if active & bits("late_fee", "unknown_charge"):
        return "unknown"
    return "total" if active & OF_SERVICE[BILL] else "none"


def _line_test(active: int, truth: int, gone: int) -> str:
    if active & BIT["dead_modem"]:
        return "no_answer"
    if active & _OFFLINE:
        return "no_sync"
    return "noisy" if active & BIT["line_noise"] else "capped" if active & BIT["low_profile"] else "clean"


def _modem_status(active: int, truth: int, gone: int) -> str:
    if active & _OFFLINE:
        return "offline"
    if gone & _HUNG:  # only a reboot in this call clears it
        return "up_minutes"
    return "up_days" if truth & CLAIMS and not truth & _HUNG else "up_weeks"


def _modem_config(active: int, truth: int, gone: int) -> str:
    if active & _OFFLINE:
        return "offline"
    found = (("bridge_mode", "bridge"), ("old_firmware", "old_firmware"), ("wifi_channel", "crowded_channel"))
    return next((shown for name, shown in found if active & BIT[name]), "standard")


def _sim_status(active: int, truth: int, gone: int) -> str:
    found = (("sim_inactive", "not_active"), ("sim_blocked", "blocked"), ("roaming_off", "roaming_off"))
    return next((shown for name, shown in found if active & BIT[name]), "active")


def _all_of(*found: tuple[int, str], other: str) -> Look:
    """Everything that shows, joined by ``+``."""
    return lambda active, truth, gone: "+".join(shown for mask, shown in found if active & mask) or other


QUESTIONS: dict[str, Look] = {
    "internet": lambda active, truth, gone: internet(active),
    "mobile": lambda active, truth, gone: mobile(active),
    "anything_else": lambda active, truth, gone: "+".join(troubles(active)) or "nothing",
    "devices": _devices,
    "speed": _speed,
    "lights": _lights,
    "pages": _pages,
    "cables": _cables,
    "rebooted": lambda active, truth, gone: "yes" if truth & CLAIMS or gone & _HUNG else "no",
    "signal": _signal,
    "abroad": lambda active, truth, gone: "yes" if truth & BIT["roaming_off"] else "no",
    "charges": _charges,
    "plan_change": lambda active, truth, gone: "yes" if truth & BIT["proration"] else "no",
}
"""What the customer can be asked, and what they answer."""

READINGS: dict[str, Look] = {
    "outage_map": lambda active, truth, gone: "outage" if active & BIT["outage"] else "clear",
    "line_test": _line_test,
    "modem_status": _modem_status,
    "modem_config": _modem_config,
    "usage": lambda active, truth, gone: "used_up" if active & BIT["throttled"] else "data_left",
    "sim_status": _sim_status,
    "account": lambda active, truth, gone: "suspended" if active & _SUSPENDED else "active",
    "invoices": _all_of(
        (BIT["double_charge"], "double"),
        (bits("late_fee", "unknown_charge"), "extra"),
        (bits("ended_discount", "wrong_plan", "proration"), "higher"),
        other="normal",
    ),
    "contract": _all_of(
        (BIT["ended_discount"], "discount_ended"),
        (BIT["wrong_plan"], "plan_mismatch"),
        (BIT["proration"], "plan_changed"),
        other="as_agreed",
    ),
    "charge_detail": _all_of((BIT["late_fee"], "late_fee"), (BIT["unknown_charge"], "third_party"), other="ordinary"),
}
"""What the desk's systems can read, and what they show."""

TESTS: dict[str, Look] = {**QUESTIONS, **READINGS}

STEPS = {
    "reboot": "hung_modem",
    "reseat_cable": "loose_cable",
    "router_mode": "bridge_mode",
    "reset_dns": "bad_dns",
    "change_channel": "wifi_channel",
    "set_apn": "wrong_apn",
}
"""What only the customer can do, and the fault that it clears."""

WRITES = {
    "take_payment": "suspended",
    "replace_modem": "dead_modem",
    "reset_profile": "low_profile",
    "add_data": "throttled",
    "update_firmware": "old_firmware",
    "provision_sim": "sim_inactive",
    "enable_roaming": "roaming_off",
    "refund": "double_charge",
    "renew_discount": "ended_discount",
    "change_plan": "wrong_plan",
    "waive_fee": "late_fee",
}
"""What the desk can change itself, and the fault that it clears."""


@lru_cache(maxsize=1 << 16)
def observe(test: str, truth: int, gone: int) -> str:
    """What ``test`` shows in a world that began as ``truth`` when the faults in ``gone`` have been cleared."""
    return TESTS[test](active(truth, gone), truth, gone)


def active(truth: int, gone: int) -> int:
    """The faults that are there when those in ``gone`` have been cleared; an outage that begins late not before."""
    if truth & LATE and not gone & LATE:
        truth &= ~BIT["outage"]
    return truth & ~gone


def so_far(truth: int, gone: int) -> int:
    """The faults that there were until now, cleared or not."""
    return truth & ALL & ~(BIT["outage"] if truth & LATE and not gone & LATE else 0)


def hidden(truth: int, gone: int) -> Iterator[tuple[str, str]]:
    """(``thing.part``, state) for every fault that there was: the world seen from above."""
    for fault in FAULTS:
        bit = BIT[fault.name]
        if truth & bit:
            yield fault.part, fault.bad if active(truth, gone) & bit else fault.good
