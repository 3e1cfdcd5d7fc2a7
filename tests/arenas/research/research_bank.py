"""Eleven papers worked by hand, and games on them: solid-state batteries, lithium-metal anodes, 2023 to 2025."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lanista.arenas.core.contract import Arena
from lanista.arenas.core.referee import Game
from lanista.arenas.research import arena
from lanista.arenas.research.cases import Asked, Case, make
from lanista.arenas.research.config import Config
from lanista.arenas.research.fields import PEER, PREPRINTS
from lanista.arenas.research.library import NOTICE, REVIEW, STUDY, Library, Paper, Topic
from lanista.arenas.research.rules import ResearchRules, begin
from lanista.arenas.research.state import State


def topic(approach: str, part: str = "lithium-metal anodes") -> Topic:
    return Topic("batteries", part, "critical current density", approach)


def study(name: str, approach: str, value: str, date: str, **more: Any) -> Paper:
    part = more.pop("part", "lithium-metal anodes")
    paper = Paper(name, STUDY, topic(approach, part), value, value, date, PEER[0], int(name[1:]) % 4)
    return paper._replace(**more)


PAPERS = (
    study("P0001", "argyrodite", "2.1", "2023-05-10", abstract="2.7"),
    study("P0002", "argyrodite", "1.4", "2021-03-02"),
    study("P0003", "argyrodite", "3.3", "2024-08-20", venue=PREPRINTS[0]),
    study("P0004", "garnet", "4.0", "2024-02-14", retracted=True),
    Paper("P0005", NOTICE, topic("garnet"), "", "", "2024-09-01", PEER[0], 0, about="P0004"),
    study("P0006", "garnet", "1.8", "2023-11-05", replaced="P0007"),
    study("P0007", "garnet", "1.6", "2024-06-17", about="P0006"),
    study("P0008", "garnet", "2.9", "2024-04-03", part="silicon anodes"),
    study("P0009", "garnet", "2.4", "2025-01-22", other=True),
    Paper("P0010", REVIEW, topic("argyrodite"), "", "2.1", "2024-01-11", PEER[1], 0, about="P0001"),
    study("P0011", "polymer electrolyte", "0.6", "2019-07-07"),
)
ASKED = Asked(
    "batteries",
    "lithium-metal anodes",
    "critical current density",
    (2023, 2025),
    True,
    ("argyrodite", "garnet", "polymer electrolyte"),
)
BATTERIES = make("batteries", ASKED, Library(PAPERS), wording=2)
QUANTITY = "critical current density"
RIGHT = (
    f"claim: argyrodite | {QUANTITY} | 2.1 mA/cm2 | P0001\n"
    f"claim: garnet | {QUANTITY} | 1.6 mA/cm2 | P0007\n"
    f"claim: garnet | {QUANTITY} | 2.4 mA/cm2 | P0009\n"
    f"gap: polymer electrolyte | {QUANTITY}"
)


def arena_of(case: Case) -> Arena:
    """The arena, dealing this case alone."""

    class Rules(ResearchRules):
        def deal(self, seed: int, config: Config) -> State:
            return begin(config, case, seed)

    return replace(arena, rules=Rules())


def started(case: Case = BATTERIES, preset: str = "default", **config: Any) -> Game:
    made = arena_of(case)
    return Game(made, 1, made.configure(**{"faults": 0, **config}), preset=preset)


def played(replies: Sequence[str], case: Case = BATTERIES, preset: str = "default", **config: Any) -> Game:
    """The game after these replies, each of them accepted."""
    game = started(case, preset, **config)
    for reply in replies:
        refused = game.submit(game.to_act()[0], reply)
        assert refused is None, refused
    return game


def terms(game: Game, seat: str) -> dict[str, float]:
    """What a seat was booked by name, unweighted."""
    found: dict[str, float] = {}
    for step in game.steps:
        for name, to, amount in step.terms:
            if to == seat:
                found[name] = found.get(name, 0.0) + amount
    return {name: amount for name, amount in found.items() if abs(amount) > 1e-9}
