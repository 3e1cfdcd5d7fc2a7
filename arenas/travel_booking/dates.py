"""The date service: words such as ``next Tuesday`` into ISO 8601, from a day."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = "|".join(WEEKDAYS).lower()
_NEXT = re.compile(rf"next ({_DAY})")
_AFTER = re.compile(rf"the ({_DAY}) after")
_IN = re.compile(r"in (\d{1,3}) days?")
_LATER = re.compile(r"(\d{1,3}) days? later")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")

FORMS = "today, tomorrow, in N days, next WEEKDAY, the WEEKDAY after, N days later, YYYY-MM-DD"
"""The forms the service reads. ``next`` and ``after`` mean the first such weekday that comes later than the day."""


class Unclear(Exception):
    """The words are none of FORMS (``unknown_words``) or count from a day that was not given (``after_missing``)."""


@lru_cache(maxsize=65536)
def day(ordinal: int) -> str:
    """A proleptic ordinal as YYYY-MM-DD."""
    return date.fromordinal(ordinal).isoformat()


@lru_cache(maxsize=65536)
def ordinal(iso: str) -> int:
    """YYYY-MM-DD as a proleptic ordinal. Raises ValueError."""
    return date.fromisoformat(iso).toordinal()


@lru_cache(maxsize=65536)
def resolve(text: str, today: str, after: str | None) -> str:
    """The ISO date the words mean. Raises Unclear(code)."""
    words = " ".join(text.lower().split())
    if _ISO.fullmatch(words):
        try:
            return date.fromisoformat(words).isoformat()
        except ValueError:
            raise Unclear("unknown_words") from None
    now = date.fromisoformat(today)
    if words in ("today", "tomorrow"):
        return (now + timedelta(days=words == "tomorrow")).isoformat()
    if found := _NEXT.fullmatch(words):
        return _weekday_after(now, found[1])
    if found := _IN.fullmatch(words):
        return (now + timedelta(days=int(found[1]))).isoformat()
    later, weekday = _LATER.fullmatch(words), _AFTER.fullmatch(words)
    if later is None and weekday is None:
        raise Unclear("unknown_words")
    if after is None:
        raise Unclear("after_missing")
    base = date.fromisoformat(after)
    try:
        return (base + timedelta(days=int(later[1]))).isoformat() if later else _weekday_after(base, weekday[1])  # type: ignore[index]
    except OverflowError:
        raise Unclear("unknown_words") from None


def _weekday_after(base: date, name: str) -> str:
    wanted = [d.lower() for d in WEEKDAYS].index(name)
    try:
        return (base + timedelta(days=(wanted - base.weekday() - 1) % 7 + 1)).isoformat()
    except OverflowError:
        raise Unclear("unknown_words") from None
