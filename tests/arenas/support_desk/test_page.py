"""The arena's page and the code say the same."""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path

import pytest
from pages import number, rows

from lanista.arenas import Game, get
from lanista.arenas.support_desk import Config, calls, customer
from lanista.arenas.support_desk.faults import FAULTS, QUESTIONS, READINGS, STEPS, WRITES, symptom
from lanista.arenas.support_desk.levels import Options
from lanista.arenas.support_desk.policy import ACCOUNT_DATA, RULES

ARENA = get("support_desk")
PAGE = (Path(__file__).parents[3] / "docs" / "arenas" / "support-desk.md").read_text(encoding="utf-8")


def test_the_weights_are_the_pages() -> None:
    table = rows(PAGE, "| term | to | default | efficiency | amount |")
    assert {name: number(cells[1]) for name, cells in table.items()} == dict(ARENA.weights())
    assert {name: number(cells[2]) for name, cells in table.items()} == dict(ARENA.weights("efficiency"))
    assert {name for name, cells in table.items() if cells[0] == "team"} == ARENA.team_terms


def test_the_config_keys_are_the_pages() -> None:
    table = rows(PAGE, "| key | default | meaning |")
    assert set(table) == {f.name for f in fields(Config)}
    for f in fields(Config):
        shown = table[f.name][0].strip("`")
        assert shown == str(f.default).lower().removesuffix(".0"), f.name


def test_the_faults_are_the_pages() -> None:
    table = rows(PAGE, "| fault | service | owner | the customer says first | right end |")
    assert list(table) == [fault.name for fault in FAULTS]
    for i, fault in enumerate(FAULTS):
        service, owner, first, end = table[fault.name]
        assert service.startswith(fault.service)
        assert owner == fault.owner
        assert first == symptom(1 << i)
        mended = {**{f: s for s, f in STEPS.items()}, **{f: w for w, f in WRITES.items()}}.get(fault.name)
        assert mended is None or mended in end


def test_what_is_seen_is_the_pages() -> None:
    questions = rows(PAGE, "| question to the customer | outcomes |")
    readings = rows(PAGE, "| reading | who | outcomes |")
    assert set(questions) == set(QUESTIONS)
    assert set(readings) == set(READINGS)
    starred = {name for name in READINGS if f"| `{name}`* |" in PAGE}
    assert starred == ACCOUNT_DATA
    for name, (who, _) in readings.items():
        owners = [role for role in calls.SPECIALISTS if name in calls.READS[role]]
        assert who == ("both" if len(owners) == 2 else owners[0])


def test_the_rules_of_the_house_are_the_pages() -> None:
    assert list(rows(PAGE, "| rule | broken by |")) == [rule.name for rule in RULES]


def test_the_tools_are_the_pages() -> None:
    table = rows(PAGE, "| tool | who | arguments | what it does |")
    tools = {name for role in calls.TOOLS for name in calls.tools_of(role, Options._fields)}
    assert tools == {*(set(table) - {"readings", "changes"}), *READINGS, *WRITES}
    for name in customer.TOOLS:
        assert f"`{name}" in PAGE


def test_the_metrics_are_on_the_page_and_in_the_outcome() -> None:
    game = Game(ARENA, 0)
    while not game.over:
        game.submit(game.to_act()[0], game.legal(game.to_act()[0])[0])
    assert game.outcome is not None
    assert set(ARENA.metrics) <= set(game.outcome.facts)
    assert ARENA.success in ARENA.metrics
    for name in game.outcome.facts:
        assert f"`{name}`" in PAGE, name


@pytest.mark.parametrize("seat", ["world", "seat"])
def test_every_event_is_on_the_page(seat: str) -> None:
    events = rows(PAGE, "| kind | data | audience |")
    for seed in range(30):
        config = ARENA.configure(customer=seat, cooperation="difficult", error_rate=0.4)
        game, rng = Game(ARENA, seed, config), random.Random(seed)
        while not game.over:
            legal = game.legal(game.to_act()[0])
            game.submit(game.to_act()[0], rng.choice([*legal, "say {}", 'say {"text": "hm"}']))
        seen = [event for step in game.episode().steps for event, _ in step.events]
        for event in [*seen, *(event for event, _ in game.episode().opening)]:
            assert event.kind in events, event.kind
            if event.kind in ("world", "brief", "request", "changed"):
                continue
            for key in event.data:
                assert key in ("v", "words", "at") or f"`{key}`" in events[event.kind][0], f"{event.kind}: {key}"
