"""What printed readings mean: numbers, dates and logs back into outcomes, as the desk's manual says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from lanista.arenas.support_desk.articles import RELEASED

Read = tuple[str, dict[str, Any]]
"""An outcome, and the numbers that a remedy needs."""

NOTHING: Mapping[str, str] = MappingProxyType({})
MARGIN_DB = 6.0
FIRMWARE = "7.4"
CROWDED = 5
DAYS = 30
"""How long a credit counts."""


def topic(test: str, lines: Sequence[str]) -> str:
    """What has to be looked up before these lines mean anything; "" for nothing."""
    text = "\n".join(lines)
    if test == "line_test" and "margin" in text and "minimum" not in text:
        return "line"
    if test == "modem_config" and re.search(r"firmware=\d", text) and "current" not in text:
        return "firmware"
    return ""


def that_holds(articles: Sequence[Mapping[str, str]]) -> str:
    """What the article says that holds: the latest that is released."""
    return max((each for each in articles if each["status"] == RELEASED), key=lambda each: each["date"])["says"]


def read(test: str, lines: Sequence[str], known: Mapping[str, str] = NOTHING) -> Read:
    """What the lines of a reading come to. ``known``, by topic, is what articles say where the lines do not."""
    margin_db = float(known["line"].removesuffix(" dB")) if "line" in known else MARGIN_DB
    firmware = known.get("firmware", FIRMWARE)
    return _READ[test]("\n".join(lines), margin_db, firmware)


def _outage_map(text: str, margin_db: float, firmware: str) -> Read:
    own = _found(r"this line: (K-\d+)", text)
    open_ = re.search(rf"^{own}: fault open since .*planned end (\d\d:\d\d)", text, re.MULTILINE)
    return ("outage", {"until": open_[1]}) if open_ else ("clear", {})


def _line_test(text: str, margin_db: float, firmware: str) -> Read:
    power = re.search(r"draws ([\d.]+) W", text)
    if power:
        return ("no_sync" if float(power[1]) else "no_answer"), {}
    least = re.search(r"minimum ([\d.]+)", text)
    if float(_found(r"margin ([\d.]+)", text)) < (float(least[1]) if least else margin_db):
        return "noisy", {}
    sync, attainable = int(_found(r"sync (\d+)", text)), int(_found(r"attainable (\d+)", text))
    return ("capped" if 2 * sync < attainable else "clean"), {}


def _modem_status(text: str, margin_db: float, firmware: str) -> Read:
    if "no reply" in text:
        return "offline", {}
    if "boot a few minutes ago" in text:
        return "up_minutes", {}
    ago = _days(text, r"boot (\d{4}-\d\d-\d\d)")
    return ("up_days" if ago <= 7 else "up_weeks"), {}


def _modem_config(text: str, margin_db: float, firmware: str) -> Read:
    if "mode=" not in text:
        return "offline", {}
    if "mode=bridge" in text:
        return "bridge", {}
    current = re.search(r"current (\d+\.\d+)", text)
    if _version(_found(r"firmware=(\d+\.\d+)", text)) < _version(current[1] if current else firmware):
        return "old_firmware", {}
    own = _found(r"channel=(\d+)", text)
    return ("crowded_channel" if int(_found(rf"[= ]{own}:(\d+)", text)) >= CROWDED else "standard"), {}


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _usage(text: str, margin_db: float, firmware: str) -> Read:
    quota, before = int(_found(r"data (\d+) GB", text)), int(_found(r"; (\d+) GB until", text))
    used = before + sum(int(gb) for gb in re.findall(r"# +(\d+) GB", text))
    return ("used_up" if used >= quota else "data_left"), {}


def _sim_status(text: str, margin_db: float, firmware: str) -> Read:
    if "profile=none" in text:
        return "not_active", {}
    if "barring=0" not in text:
        return "blocked", {}
    return ("roaming_off" if "roaming=0" in text else "active"), {}


def _account(text: str, margin_db: float, firmware: str) -> Read:
    numbers: dict[str, Any] = {"plan": _found(r"plan (\w+)", text), "due_eur": int(_found(r"balance -(\d+)", text))}
    today = date.fromisoformat(_found(r"today ([\d-]+)", text))
    given = ((date.fromisoformat(at), int(eur)) for at, eur in re.findall(r"^credit (\S+) (\d+)", text, re.MULTILINE))
    numbers["credited"] = sum(eur for at, eur in given if (today - at).days <= DAYS)
    return ("active" if "bar none" in text else "suspended"), numbers


def _invoices(text: str, margin_db: float, firmware: str) -> Read:
    shown, numbers = [], {}
    double = re.search(r"^C2 (\S+) (.*?) (\d+)\.00 EUR$", text, re.MULTILINE)
    if double:
        shown.append("double")
        numbers = {"refund_eur": int(double[3]), "refund_days": _days(text, r"^C2 (\S+)")}
    if re.search(r"^C3 ", text, re.MULTILINE):
        shown.append("extra")
        numbers["extra_eur"] = int(_found(r"^C3 .* (\d+)\.00 EUR", text))
    if int(_found(r"^C1 recurring (\d+)", text)) > int(_found(r"last month (\d+)", text)):
        shown.append("higher")
    return "+".join(shown) or "normal", numbers


def _contract(text: str, margin_db: float, firmware: str) -> Read:
    ordered, billed = _found(r"ordered plan (\w+)", text), _found(r"billed plan (\w+)", text)
    since, today = (date.fromisoformat(_found(p, text)) for p in (r"with us since (\S+)", r"today ([\d-]+)"))
    months = (today.year - since.year) * 12 + today.month - since.month - (today.day < since.day)
    shown = ["discount_ended"] if _days(text, r"discount until (\S+)") > 0 else []
    shown += ["plan_mismatch"] if ordered != billed else []
    shown += ["plan_changed"] if "plan changed" in text else []
    return "+".join(shown) or "as_agreed", {"ordered": ordered, "billed": billed, "months": months}


def _charge_detail(text: str, margin_db: float, firmware: str) -> Read:
    shown: list[str] = []
    numbers: dict[str, Any] = {}
    fee = re.search(r"reminder (\d+)\.00 EUR; waived before: (.*)$", text, re.MULTILINE)
    if fee:
        shown.append("late_fee")
        numbers = {"fee_eur": int(fee[1]), "waived": len(re.findall(rf"\b{THIS_YEAR}-", fee[2]))}
    if "outside the house" in text:
        shown.append("third_party")
    return "+".join(shown) or "ordinary", numbers


THIS_YEAR = 2025


def _days(text: str, pattern: str) -> int:
    """How many days before today a date is."""
    today = re.search(r"today ([\d-]+)", text)
    assert today is not None, f"no day of today in {text!r}"
    return (date.fromisoformat(today[1]) - date.fromisoformat(_found(pattern, text))).days


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, f"no {pattern!r} in {text!r}"
    return found[1]


_READ: Mapping[str, Callable[[str, float, str], Read]] = {
    "outage_map": _outage_map,
    "line_test": _line_test,
    "modem_status": _modem_status,
    "modem_config": _modem_config,
    "usage": _usage,
    "sim_status": _sim_status,
    "account": _account,
    "invoices": _invoices,
    "contract": _contract,
    "charge_detail": _charge_detail,
}
