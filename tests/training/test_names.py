"""What is public says what it is, and old names still mean what they meant."""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from lanista.training import algorithms
from lanista.training.config import SECTIONS, TrainConfig, flat_names
from lanista.training.options import flag

ROOM = Path(__file__).parents[2] / "training"


def public(body: list[ast.stmt], of: str) -> list[str]:
    """Public classes and functions of a module, and public methods of classes, that have no docstring."""
    found = []
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            found.append(f"{of}.{node.name}")
        if isinstance(node, ast.ClassDef):
            found += public(node.body, f"{of}.{node.name}")
    return found


def test_every_public_name_has_a_docstring() -> None:
    files = sorted(ROOM.rglob("*.py"))
    assert len(files) > 20
    assert [name for f in files for name in public(ast.parse(f.read_text(encoding="utf-8")).body, f.stem)] == []


def test_every_option_has_a_help_line_and_a_flag_of_its_own() -> None:
    for name in algorithms.names():
        kinds = [*SECTIONS.values(), algorithms.get(name).Config]
        flags = [flag(f) for kind in kinds for f in fields(kind)]
        assert len(flags) == len(set(flags))
        assert all(len(f.metadata["help"]) > 10 for kind in kinds for f in fields(kind))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"games": 4}, {"group_size": 4}),
        ({"credit": "to_go"}, {"returns": "reward_to_go"}),
        ({"credit": "episode"}, {"returns": "episode"}),
        ({"clip": 0.1, "clip_high": 0.3}, {"epsilon": 0.1, "epsilon_high": 0.3}),
        ({"evaluate_against": ["crowd"]}, {"evaluate_opponents": ["crowd"]}),
        ({"arena_config": {"players": 5}}, {"set": {"players": 5}}),
        ({"evaluate_config": {"players": 5}}, {"evaluate_set": {"players": 5}}),
    ],
)
def test_old_names_mean_what_they_meant(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert TrainConfig.flat(**old) == TrainConfig.flat(**new)
    assert set(new) | set(old) <= set(flat_names("grpo"))


@pytest.mark.parametrize("algorithm", ["grpo", "rejection", "sft"])
def test_a_config_survives_json(algorithm: str) -> None:
    opponents = ("random", "past")
    wanted = TrainConfig.flat(algorithm=algorithm, set={"players": 7}, opponents=opponents, stop=["\n"])
    record = wanted.to_json()
    assert set(record) == {"algorithm", *SECTIONS, "update"}
    assert TrainConfig.from_json(json.loads(json.dumps(record))) == wanted


def test_an_algorithms_own_defaults_give_way_to_what_is_asked_for() -> None:
    assert TrainConfig.flat(algorithm="sft").run.steps == 1
    assert TrainConfig.flat(algorithm="rejection").game.scenarios == 64
    assert TrainConfig.flat(algorithm="rejection", scenarios=3, steps=9).game.scenarios == 3
