"""Every option and every published table: the laws of all arenas hold, and privacy with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lanista.arenas import Ask, Step
from lanista.arenas.core import conformance
from lanista.arenas.core.contract import config_json
from lanista.arenas.werewolf import arena
from lanista.arenas.werewolf.rules import State, WerewolfRules
from lanista.arenas.werewolf.rulesets import RULESETS
from lanista.errors import UsageError

TABLES: dict[str, dict[str, Any]] = {
    **{name: {"ruleset": name} for name in RULESETS},
    "possessed": {"players": 7, "roles": ("seer", "possessed")},
    "medium": {"players": 8, "roles": ("seer", "medium", "hunter"), "reveal_on_death": False},
    "bodyguard": {"players": 8, "roles": ("seer", "bodyguard", "witch"), "repeat_protection": False},
    "quiet first night": {"players": 8, "roles": ("seer", "doctor", "witch"), "quiet_first_night": True},
    "abstention": {"players": 7, "abstention": True},
    "last words": {"players": 8, "roles": ("seer", "hunter"), "last_words": True},
    "sequential": {"players": 7, "sequential_votes": True, "reveal_on_death": False},
    "nomination": {"players": 7, "nomination": True, "abstention": True},
    "mayor": {"players": 7, "mayor": True},
    "bidding": {"players": 6, "bidding": True},
    "everything": {
        "players": 11,
        "roles": ("seer", "bodyguard", "witch", "hunter", "possessed", "medium"),
        "reveal_on_death": False,
        **dict.fromkeys(("abstention", "last_words", "sequential_votes", "nomination", "mayor", "bidding"), True),
        "mayor_votes": 3,
        "repeat_protection": False,
        "quiet_first_night": True,
    },
}


FAST = ("aiwolf_5", "medium", "bodyguard", "last words", "everything")
"""Tables tried in every run: among them each option once. The others are slow only because they are many."""
LAWS = [law for law in conformance.LAWS if law not in ("privacy", "shotgun", "pettingzoo")]


def some(*fast: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "table", [pytest.param(name, marks=() if name in fast else pytest.mark.slow) for name in TABLES]
    )


@some("everything")
@pytest.mark.parametrize("law", LAWS)
def test_every_law_holds(law: str, table: str) -> None:
    conformance.LAWS[law](arena, 1, 11, **TABLES[table])


@some(*FAST[:-1])
def test_nobody_is_told_what_is_hidden(table: str) -> None:
    assert conformance.privacy(arena, 1, 21, **TABLES[table]) > 20


class ToldToAll(WerewolfRules):
    """What the medium learns is heard by everybody."""

    def play(self, state: State, moves: Mapping[str, Any]) -> Step:
        step = super().play(state, moves)
        return step._replace(events=[e._replace(to=None) if e.kind == "divined" else e for e in step.events])


class AsksTheHeedful(WerewolfRules):
    """Who may be voted for leaves out whom the guard protected last."""

    def ask(self, state: State, seat: str) -> Ask:
        ask = super().ask(state, seat)
        if ask.kind != "vote" or state.guarded < 0:
            return ask
        spared = tuple(move for move in ask.choices if getattr(move, "target", None) != f"player_{state.guarded}")
        return replace(ask, choices=spared or ask.choices)


@pytest.mark.parametrize(("rules", "table"), [(ToldToAll(), "medium"), (AsksTheHeedful(), "bodyguard")])
def test_a_planted_leak_of_an_option_is_caught(rules: WerewolfRules, table: str) -> None:
    with pytest.raises(AssertionError, match="tells what is hidden"):
        conformance.privacy(replace(arena, rules=rules), 6, 0, **TABLES[table])


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"roles": ("seer", "possessed"), "wolves": 0}, "a possessed plays for the werewolves"),
        ({"ruleset": "kaggle_8", "wolves": 3}, "'kaggle_8' has wolves 2, not 3"),
        ({"ruleset": "kaggle_8", "players": 9}, "'kaggle_8' has players 8, not 9"),
        ({"ruleset": "kaggle_8", "reveal_on_death": True}, "has reveal_on_death false, not true"),
        ({"ruleset": "aiwolf_15", "self_protection": True}, "has self_protection false, not true"),
        ({"ruleset": "seer_doctor_7", "roles": ("seer",)}, "has roles seer,doctor, not seer"),
        ({"ruleset": "kagle_8"}, "did you mean 'kaggle_8'"),
        ({"mayor": True, "mayor_votes": 1}, "mayor_votes=1 is no mayor"),
        ({"mayor_votes": 2}, "needs a mayor"),
        ({"roles": ("medium",)}, "set reveal_on_death to false"),
        ({"roles": ("doctor", "bodyguard")}, "deal one of them"),
        ({"nomination": True}, "set abstention to true"),
        ({"bidding": True, "discussion_rounds": 0}, "set discussion_rounds to 1"),
        ({"quiet_first_night": True, "roles": ()}, "deal a seer"),
        ({"quiet_first_night": True, "first_phase": "day"}, "begin by night"),
        ({"repeat_protection": False, "roles": ()}, "has neither"),
        ({"self_protection": False, "roles": ("seer",)}, "has neither"),
        ({"abstention": "yes"}, "abstention is true or false, not 'yes'"),
    ],
)
def test_what_contradicts_itself_is_one_line(config: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(why)) as raised:
        arena.configure(**config)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("table", TABLES)
def test_a_made_config_makes_itself_again(table: str) -> None:
    config = arena.configure(**TABLES[table])
    assert arena.configure(**config_json(config)) == config
    assert None not in [value for name, value in config_json(config).items() if name != "ruleset"]


def test_without_options_the_table_is_told_nothing_of_them() -> None:
    assert arena.configure().options == {}
    (table, *_) = arena.rules.opening(arena.rules.deal(0, arena.configure()))
    assert "options" not in table.data
