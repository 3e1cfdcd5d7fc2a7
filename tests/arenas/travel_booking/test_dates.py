"""The date service: from words to days, by hand and by property."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanista.arenas.travel_booking.dates import WEEKDAYS, Unclear, resolve

THURSDAY = "2025-11-06"


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("today", None, "2025-11-06"),
        ("tomorrow", None, "2025-11-07"),
        ("next Tuesday", None, "2025-11-11"),
        ("NEXT  tuesday", None, "2025-11-11"),
        ("next Thursday", None, "2025-11-13"),  # a week on, not today
        ("next Friday", None, "2025-11-07"),
        ("in 1 day", None, "2025-11-07"),
        ("in 30 days", None, "2025-12-06"),
        ("the Friday after", "2025-11-11", "2025-11-14"),
        ("the Tuesday after", "2025-11-11", "2025-11-18"),
        ("3 days later", "2025-12-30", "2026-01-02"),
        ("2025-11-14", None, "2025-11-14"),
    ],
)
def test_words_mean_these_days(text: str, after: str | None, expected: str) -> None:
    assert resolve(text, THURSDAY, after) == expected


@pytest.mark.parametrize(
    ("text", "after", "code"),
    [
        ("the Friday after", None, "after_missing"),
        ("3 days later", None, "after_missing"),
        ("11-14-2025", None, "unknown_words"),
        ("2025-02-30", None, "unknown_words"),
        ("next week", None, "unknown_words"),
        ("", None, "unknown_words"),
        ("999 days later", "9999-12-31", "unknown_words"),
        ("the Friday after", "9999-12-31", "unknown_words"),
    ],
)
def test_what_it_cannot_read_it_says(text: str, after: str | None, code: str) -> None:
    with pytest.raises(Unclear, match=code):
        resolve(text, THURSDAY, after)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(WEEKDAYS))
def test_next_is_the_first_such_weekday_that_comes(today: date, weekday: str) -> None:
    found = date.fromisoformat(resolve(f"next {weekday}", today.isoformat(), None))
    assert today < found <= today + timedelta(days=7)
    assert WEEKDAYS[found.weekday()] == weekday


@given(st.text(max_size=40), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_any_words_are_a_day_or_unclear(text: str, today: date) -> None:
    try:
        found = resolve(text, today.isoformat(), today.isoformat())
    except Unclear:
        return
    assert date.fromisoformat(found).isoformat() == found
