"""Readings as the desk's systems print them: numbers, dates, log lines and charts instead of diagnoses.

Each reading is printed from its outcome, the account's facts and noise by the case's key, and from nothing else, so it
tells neither more nor less than the outcome does. What the numbers mean is in docs/arenas/support-desk-expert.md, the
desk's manual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lanista.arenas.core import chance
from lanista.arenas.support_desk.articles import Values
from lanista.arenas.support_desk.cases import PLANS, Context

if TYPE_CHECKING:
    from lanista.arenas.support_desk.state import State

TODAY = date(2025, 11, 14)
"""The day of every call."""
CROWDED = 5
"""A channel with so many networks on it, or more, is crowded."""

MEASURED = frozenset({"line_test", "modem_status"})
"""What is measured anew each time; the others print the same as long as nothing has changed."""

Draw = Callable[[str, int, int], int]
"""``draw(what, least, most)``: a whole number by the case's key, the same whenever it is asked for in one moment."""


def printed(test: str, outcome: str, context: Context, key: int, moment: int, values: Values | None) -> list[str]:
    """The lines that a reading prints. ``values`` is what holds, where articles say it; None where it stands beside."""

    def draw(what: str, least: int, most: int) -> int:
        return least + chance.draw(key, f"printed {test} {what}", moment, most - least + 1)

    return _PRINTED[test](outcome, context, draw, values)


def day(ago: int) -> str:
    """The day so many days ago, as systems write it."""
    return (TODAY - timedelta(days=ago)).isoformat()


def months_ago(months: int) -> str:
    """A day of the month so many months ago."""
    at = TODAY.year * 12 + TODAY.month - 1 - months
    return f"{at // 12:04d}-{at % 12 + 1:02d}-{min(TODAY.day, 28):02d}"


def _outage_map(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    own = draw("own", 0, 3)
    base = draw("base", 2, 89) * 10
    lines = [f"exchange of this line: K-{base + own}"]
    for i in range(4):
        kind = draw(f"kind {i}", 0, 3)
        state = "no fault"
        if i == own:
            state = f"fault closed {draw('hour', 6, 8):02d}:40 today" if kind == 0 else state
            if outcome == "outage":
                state = f"fault open since {draw('hour', 6, 8):02d}:10, planned end {context.until}"
        elif kind == 0:
            state = f"fault open since {draw(f'hour {i}', 5, 8):02d}:10, planned end {draw(f'end {i}', 15, 22):02d}:00"
        elif kind == 1:
            state = f"fault closed {draw(f'hour {i}', 5, 8):02d}:40 today"
        lines.append(f"K-{base + i}: {state}")
    return lines


def _line_test(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    plan = PLANS[context.plan][0]
    if outcome in ("no_answer", "no_sync"):
        power = 0.0 if outcome == "no_answer" else draw("power", 62, 98) / 10
        return [f"carrier none, {draw('retrains', 8, 30)} attempts; remote unit draws {power} W"]
    noisy = outcome == "noisy"
    least = Values().margin if values is None else values.margin
    margin = (least - draw("margin", 6, 25) if noisy else least + draw("margin", 5, 24)) / 10
    attainable = plan + draw("attainable", 0, plan // 3)
    sync = draw("sync", 16, 20) if outcome == "capped" else plan - draw("sync", 0, 2)
    minimum = f" (minimum {least / 10})" if values is None else ""
    lines = [f"sync {sync} Mbit/s, attainable {attainable} Mbit/s", f"margin {margin} dB{minimum}"]
    if values is None:
        lines.append(f"CRC errors {draw('crc', 900, 9000) if noisy else draw('crc', 0, 40)} in 15 min")
    return lines


def _modem_status(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    if outcome == "offline":
        return [f"no reply; last contact {day(context.days)} {draw('hour', 0, 23):02d}:{draw('minute', 0, 59):02d}"]
    ago = {"up_minutes": 0, "up_days": draw("days", 1, 6), "up_weeks": draw("weeks", 15, 60)}[outcome]
    booted = "a few minutes ago" if not ago else f"{day(ago)} {draw('hour', 0, 23):02d}:{draw('minute', 0, 59):02d}"
    return [
        f"today {day(0)}; replies in {draw('ping', 4, 30)} ms",
        f"log: boot {booted}; {draw('clients', 2, 9)} devices joined; {draw('dhcp', 1, 30)} leases",
    ]


def _modem_config(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    if outcome == "offline":
        return ["no reply"]
    if outcome == "bridge":
        return ["mode=bridge wifi=off firmware=? scan=?"]
    minor = Values().minor if values is None else values.minor
    current = f" (current 7.{minor})" if values is None else ""
    if outcome == "old_firmware":
        minor -= 2
    crowded = draw("channel", 0, 2)
    own = crowded if outcome == "crowded_channel" else (crowded + 1) % 3
    scan, channel = _scan(crowded, draw), (1, 6, 11)[own]  # old firmware sees no crowd on its own channel
    firmware = f"7.{minor}.{draw('build', 0, 9)}{current}"
    return [f"mode=router wifi=on firmware={firmware}", f"channel={channel} scan={scan}"]


def _scan(crowded: int, draw: Draw) -> str:
    on = [draw(f"networks {i}", 0, 3) for i in range(3)]
    on[crowded] = draw("crowd", CROWDED, 9)
    return " ".join(f"{channel}:{number}" for channel, number in zip((1, 6, 11), on, strict=True))


def _usage(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    quota = PLANS[context.plan][0] * 2
    week = [draw(f"day {i}", 1, quota // 12) for i in range(7)]
    left = -draw("over", 0, 5) if outcome == "used_up" else draw("left", quota // 10, quota // 3)
    before = max(0, quota - sum(week) - left)
    bars = [f"{day(7 - i)} {'#' * max(1, 24 * gb // quota):<3} {gb} GB" for i, gb in enumerate(week)]
    return [f"high-speed data {quota} GB a month; {before} GB until {day(8)}; since then", *bars]


def _sim_status(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    imsi = f"IMSI 901..{draw('imsi', 100, 999)}"
    if outcome == "not_active":
        return [f"{imsi} HLR profile=none barring=? roaming=?"]
    if outcome == "blocked":
        return [f"{imsi} HLR profile=loaded barring=2 (security, {day(context.days)}) roaming=?"]
    return [f"{imsi} HLR profile=loaded barring=0 roaming={0 if outcome == 'roaming_off' else 1}"]


def _account(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    price = PLANS[context.plan][1]
    lines = [f"today {day(0)}; plan {context.plan}"]
    if outcome == "suspended":
        lines += [f"{day(45)} invoice {context.due_eur}.00, {day(31)} reminder, {day(17)} last reminder, unpaid"]
        lines += [f"bar D set {day(context.days)}, balance -{context.due_eur}.00 EUR"]
    else:
        lines += [f"{day(45)} invoice {price}.00, {day(38)} paid, {day(14)} invoice {price}.00 due {day(-7)}"]
        lines += [f"bar none, balance -{price}.00 EUR"]
    return lines


_ITEMS = ("Installation visit", "Technician call", "Router, one rate", "Delivery", "SIM replacement")


def _invoices(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    price = PLANS[context.plan][1]
    shown = outcome.split("+")
    more = draw("more", 3, 15) if "higher" in shown else 0
    lines = [f"today {day(0)}; recurring last month {price}.00 EUR", f"C1 recurring {price + more}.00 EUR"]
    if "double" in shown:
        item, when = _ITEMS[draw("item", 0, len(_ITEMS) - 1)], day(context.refund_days)
        lines += [f"C2 {when} {item} {context.refund_eur}.00 EUR", f"C4 {when} {item} {context.refund_eur}.00 EUR"]
    if "extra" in shown:
        lines.append(f"C3 item outside the plan {context.fee_eur}.00 EUR")
    return lines


def _contract(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    shown = outcome.split("+")
    until = day(draw("ended", 10, 60)) if "discount_ended" in shown else day(-draw("runs", 40, 300))
    lines = [
        f"today {day(0)}; with us since {months_ago(context.months)}",
        f"ordered plan {context.plan}, billed plan {context.billed if 'plan_mismatch' in shown else context.plan}",
        f"discount until {until}",
    ]
    if "plan_changed" in shown:
        lines.append(f"plan changed on the customer's wish {day(draw('changed', 16, 28))}")
    return lines


def _charge_detail(outcome: str, context: Context, draw: Draw, values: Values | None) -> list[str]:
    lines = []
    shown = outcome.split("+")
    if "late_fee" in shown:
        waived = [f"{TODAY.year}-{2 + 3 * i:02d}-{draw(f'day {i}', 1, 28):02d}" for i in range(context.waived)]
        older = [f"{TODAY.year - 1}-{3 + 4 * i:02d}-10" for i in range(draw("older", 0, 2))]
        before = ", ".join([*older, *waived]) or "never"
        lines.append(f"C3 payment reminder {context.fee_eur}.00 EUR; waived before: {before}")
    if "third_party" in shown:
        code = draw("code", 70000, 79999)
        lines.append(f"C3 short code {code}, provider outside the house, {context.fee_eur}.00 EUR")
    return lines or ["no item outside the plan"]


_PRINTED: Mapping[str, Callable[[str, Context, Draw, Values | None], list[str]]] = {
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


def as_event(test: str, outcome: str, state: State) -> dict[str, Any]:
    """The data of a ``reading`` event."""
    case = state.case
    moment = state.decisions if test in MEASURED else 0
    lines = printed(test, outcome, case.context, state.key, moment, case.values if case.config.hard.articles else None)
    if test == "account":
        lines += [f"credit {day(ago)} {eur}.00 EUR" for ago, eur in case.manner.credits]
    return {"reading": test, "lines": lines}
