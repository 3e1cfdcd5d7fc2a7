"""Options written into a spec."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from lanista.agents import lm
from lanista.agents.lm.agent import LMAgent, build
from lanista.agents.lm.backends import hf
from lanista.agents.lm.options import IN_CODE, split, written
from lanista.agents.lm.sampling import Sampling
from lanista.errors import UsageError


def test_a_spec_says_the_model_and_its_options() -> None:
    assert split("tiny") == ("tiny", {})
    assert split("/a/b?mode=score&temperature=0&few_shot=yes&max_new_tokens=8") == (
        "/a/b",
        {"mode": "score", "temperature": 0.0, "few_shot": True, "max_new_tokens": 8},
    )


def test_every_option_of_an_agent_can_be_written() -> None:
    """But for its name, and the policy, which the model gives."""
    both = {*inspect.signature(LMAgent).parameters, *inspect.signature(build).parameters}
    both |= {f.name for f in fields(Sampling)} | {*inspect.signature(hf.make).parameters}
    assert set(written()) | IN_CODE == both - {"played", "name", "argument", "options", "model"}


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("tiny?temprature=0", r"no option 'temprature'; did you mean 'temperature'\?"),
        ("tiny?temperature", "written name=value, as in lm:tiny"),
        ("tiny?temperature=hot", "temperature of lm:tiny is a number, not 'hot'"),
        ("tiny?batch_size=1.5", "is a whole number"),
        ("tiny?few_shot=perhaps", "is true or false"),
        ("tiny?examples=x", "written name=value"),
    ],
)
def test_what_cannot_be_read_is_named_before_any_model_is_loaded(argument: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lm.make(argument)


def test_unknown_options_in_code_are_named() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'temperature'\?"):
        lm.make("tiny", temprature=0)
