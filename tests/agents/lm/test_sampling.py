"""Options of sampling: what can be said, and that it is kept whole."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from lanista.agents.lm.options import split, written
from lanista.agents.lm.sampling import Sampling
from lanista.errors import UsageError

OTHER: dict[str, Any] = {
    "temperature": 0.3,
    "top_p": 0.9,
    "top_k": 40,
    "max_new_tokens": 8,
    "stop": ("END", "\n\n"),
    "seed": 7,
}


def test_every_option_has_a_help_line_and_can_be_written_in_a_spec() -> None:
    assert {f.name for f in fields(Sampling)} == set(OTHER) <= set(written())
    assert all(f.metadata["help"] for f in fields(Sampling))
    spec = "tiny?temperature=0.3&top_p=0.9&top_k=40&max_new_tokens=8&stop=END&stop=\n\n&seed=7"
    assert split(spec) == ("tiny", OTHER)


@pytest.mark.parametrize("option", list(OTHER))
def test_json_keeps_every_option(option: str) -> None:
    changed = Sampling(**{option: OTHER[option]})
    assert changed != Sampling()
    assert Sampling.from_json(changed.to_json()) == changed
    assert Sampling.from_json({option: changed.to_json()[option]}) == changed  # what is missing is at its default


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"temperature": -0.1}, "temperature is 0 or more, not -0.1"),
        ({"temperature": float("nan")}, "temperature is a number, not nan"),
        ({"temperature": "hot"}, "temperature is a number, not 'hot'"),
        ({"top_p": 0}, "top_p is above 0 and at most 1, not 0"),
        ({"top_p": 1.5}, "top_p is above 0 and at most 1, not 1.5"),
        ({"top_k": -1}, "top_k is at least 0, not -1"),
        ({"top_k": 2.0}, "top_k is a whole number, not 2.0"),
        ({"max_new_tokens": 0}, "max_new_tokens is at least 1, not 0"),
        ({"stop": "END"}, "stop is a list of texts, none of them empty, not 'END'"),
        ({"stop": ("",)}, "none of them empty"),
        ({"seed": True}, "seed is a whole number or nothing, not True"),
        ({"temprature": 1.0}, r"unknown sampling option 'temprature'; did you mean 'temperature'\?"),
    ],
)
def test_what_cannot_be_is_one_line(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        Sampling.from_json(values)
    assert "\n" not in str(caught.value)


def test_what_is_cut_off_is_told() -> None:
    assert not Sampling(temperature=0.3, max_new_tokens=3, stop=("x",)).cut
    assert all(s.cut for s in (Sampling(top_p=0.9), Sampling(top_k=3), Sampling(temperature=0)))
