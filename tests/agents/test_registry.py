"""Agents by name: what a spec makes, and what is said of one that makes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from lanista.agents import registry
from lanista.agents.contract import Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core import registry as shared
from lanista.errors import LanistaError, UsageError


class Parrot:
    """An agent of somebody else's package: it takes an argument and an option."""

    time_limit_s = None
    batched = False

    def __init__(self, word: str, *, loud: bool = False) -> None:
        self.name = "parrot"
        self.word = word.upper() if loud else word

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        return [Answer(self.word) for _ in questions]

    def forget(self, game: str) -> None:
        pass

    def close(self) -> None:
        pass


constant = 3


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=registry.GROUP)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a package had registered these beside ours."""
    theirs = {
        "parrot": [entry("parrot", f"{__name__}:Parrot")],
        "constant": [entry("constant", f"{__name__}:constant")],
        "absent": [entry("absent", "no_such_package.at_all:Agent")],
        "twice": [entry("twice", f"{__name__}:Parrot"), entry("twice", f"{__name__}:constant")],
    }
    ours = shared._entries
    monkeypatch.setattr(shared, "_entries", lambda group: {**ours(group), **theirs})


def test_ours_come_in_through_the_same_door() -> None:
    assert {"random", "human", "openai", "agentscope", "lm"} <= set(registry.names())
    assert registry.names() == sorted(registry.names())


def test_an_agent_of_one_arena_does_not_sit_down_in_another() -> None:
    assert registry.make("crowd", arena="werewolf").name == "crowd"
    assert registry.make("random", arena="travel_booking").name == "random"
    with pytest.raises(UsageError, match=r"agent 'crowd' plays werewolf and nothing else: it cannot .* travel_booking"):
        registry.make("crowd", arena="travel_booking")
    for arena in shared.names():
        for teacher in shared.get(arena).teachers:
            assert registry.make(teacher, arena=arena).plays == arena  # type: ignore[attr-defined]


def test_a_name_makes_an_agent_that_goes_by_it() -> None:
    agent = registry.make("random")
    assert isinstance(agent, RandomAgent)
    assert agent.name == "random"


@pytest.mark.usefixtures("installed")
def test_a_spec_passes_its_argument_and_options() -> None:
    agent: Any = registry.make("parrot:a:b@c", loud=True)
    assert (agent.name, agent.word) == ("parrot:a:b@c", "A:B@C")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("spec", "options", "complaint"),
    [
        ("randon", {}, r"unknown agent 'randon'; did you mean 'random'\?"),
        ("randon:x", {}, r"unknown agent 'randon'; did you mean 'random'\?"),
        ("", {}, "unknown agent ''"),
        ("random:7", {}, "agent 'random' takes no argument: write 'random', not random:7"),
        ("random:", {}, "ends in a colon"),
        ("parrot", {}, "agent 'parrot' needs an argument, as in parrot:WORD"),
        ("parrot:a", {"lout": True}, r"has no option 'lout'; did you mean 'loud'\? \(it has: loud\)"),
        ("random", {"loud": True}, r"has no option 'loud' \(it has: none\)"),
    ],
)
def test_what_cannot_be_made_is_a_clear_usage_error(spec: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        registry.make(spec, **options)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("constant", "is a int, not callable"),
        ("absent", "cannot be loaded: ModuleNotFoundError"),
        ("twice:x", "two packages register the agent 'twice'"),
    ],
)
def test_a_broken_package_is_named(spec: str, complaint: str) -> None:
    with pytest.raises(LanistaError, match=complaint):
        registry.make(spec)
