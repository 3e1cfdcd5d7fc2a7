"""Seeds that follow from a secret, and secrets that are none."""

from __future__ import annotations

import hashlib

import pytest

from lanista.arenas.core import secret_split
from lanista.errors import UsageError

KEY = "0123456789abcdef"


def test_seeds_follow_from_the_secret_the_arena_and_the_number() -> None:
    seeds = [secret_split.seed(KEY, "support_desk", number) for number in range(100)]
    assert seeds == [secret_split.seed(KEY, "support_desk", number) for number in range(100)]
    others = [secret_split.seed(KEY, "travel_booking", number) for number in range(100)]
    others += [secret_split.seed(KEY + "!", "support_desk", number) for number in range(100)]
    assert len({*seeds, *others}) == 300
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_digest_is_that_of_the_secret_and_says_nothing_of_the_seeds() -> None:
    assert secret_split.digest(KEY) == hashlib.sha256(b"lanista split\0" + KEY.encode()).hexdigest()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "needs a secret: set LANISTA_SPLIT_KEY"),
        ({"LANISTA_SPLIT_KEY": ""}, "LANISTA_SPLIT_KEY is empty"),
        ({"LANISTA_SPLIT_KEY": " "}, "LANISTA_SPLIT_KEY is empty"),
        ({"LANISTA_SPLIT_KEY": "short"}, "has 5 characters: a secret of under 16 can be guessed"),
    ],
)
def test_a_secret_that_is_none_is_one_line(environment: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        secret_split.secret(environment)
    assert raised.value.code == 2
    assert "\n" not in str(raised.value)


def test_the_secret_is_what_the_variable_holds() -> None:
    assert secret_split.secret({"LANISTA_SPLIT_KEY": KEY}) == KEY
