"""The expert level: options that go together, cases that are proven, laws that hold, notes that have to be written."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lanista.arenas import Game, config_json, get
from lanista.arenas.core import conformance
from lanista.arenas.support_desk import Config, cases, planner
from lanista.arenas.support_desk.levels import PLAIN, Options
from lanista.errors import UsageError

ARENA = get("support_desk")
EXPERT = ARENA.configure(level="expert")
LAWS = [law for law in conformance.LAWS if law != "pettingzoo"]
ALONE = [{name: True, **({"faults": 3, "horizon": 40} if name == "untold" else {})} for name in Options._fields]
"""Every option by itself, on the standard game."""


def test_the_standard_game_is_recorded_as_it_was() -> None:
    assert Config().hard == PLAIN
    assert not {"level", *Options._fields} & set(config_json(Config()))
    assert config_json(EXPERT)["level"] == "expert"
    assert ARENA.configure(**config_json(EXPERT)) == EXPERT


def test_the_expert_level_has_every_option_and_gives_each_up_by_name() -> None:
    assert all(EXPERT.hard)
    for name in Options._fields:
        assert not getattr(ARENA.configure(level="expert", **{name: False}).hard, name)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"level": "exprt"}, "unknown level 'exprt'; did you mean 'expert'"),
        ({"level": "expert", "brief": "short"}, "brief is full with level expert"),
        ({"notes": True, "customer": "seat"}, "customer is world with notes"),
        ({"level": "expert", "masking": True}, "masking is drawn where the number of causes is untold"),
        ({"untold": True}, "untold needs two causes or more"),
        ({"notes": "yes"}, "notes is true or false, or left out for what the level says, not 'yes'"),
        ({"level": "expert", "horizon": 20}, "horizon is a whole number from 32 to 200, not 20"),
    ],
    ids=str,
)
def test_contradictions_are_one_line(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        ARENA.configure(**keys)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("law", LAWS)
def test_every_law_at_the_expert_level(law: str) -> None:
    conformance.LAWS[law](ARENA, 12 if law == "privacy" else 2, 50, level="expert")


@pytest.mark.parametrize("keys", ALONE, ids=str)
@pytest.mark.parametrize("law", ["privacy", "charges", "limits", "any_reply", "determinism"])
def test_laws_with_each_option_alone(law: str, keys: dict[str, Any]) -> None:
    conformance.LAWS[law](ARENA, 6 if law == "privacy" else 2, 70, **keys)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_expert_cases_are_proven(split: str) -> None:
    config = ARENA.configure(level="expert", split=split)
    for seed in range(25):
        assert planner.prove(ARENA, seed, config)[-1][0] == "summarizer_0"


@pytest.mark.parametrize("keys", ALONE, ids=str)
def test_cases_with_one_option_are_proven(keys: dict[str, Any]) -> None:
    config = ARENA.configure(**keys)
    for seed in range(15):
        planner.prove(ARENA, seed, config)


def test_the_number_of_causes_varies_and_no_text_of_the_opening_tells_it() -> None:
    dealt = [cases.deal(seed, EXPERT)[0] for seed in range(120)]
    numbers = [len(case.remedies) for case in dealt]
    assert {1, 2, 3} == set(numbers)
    assert min(map(numbers.count, (1, 2, 3))) > 20
    briefs = {Game(ARENA, seed, EXPERT).text("router_0").split("\n")[0] for seed in range(20)}
    assert len(briefs) == 1


def test_cases_are_made_and_proven_fast_enough() -> None:
    """A tenth of what benchmarks/support_desk_speed.py measures is asked of a loaded machine."""
    started = time.process_time()
    for seed in range(60):
        cases.deal(seed, EXPERT)
    assert time.process_time() - started < 60 / 20
