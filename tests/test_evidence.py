"""The presets and arms of ``benchmarks/evidence.py``: every run they ask for is one that can be."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lanista.agents import registry as agents
from lanista.arenas.core import registry
from lanista.cli.common import arena_config
from lanista.training.config import TrainConfig
from lanista.training.evaluate import Evaluation

FOLDER = Path(__file__).parents[1] / "benchmarks"
SIDE = ("desk", "")


@pytest.fixture(scope="module")
def evidence() -> ModuleType:
    """The script as a module."""
    pytest.importorskip("trl")
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("evidence", FOLDER / "evidence.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["evidence"] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(FOLDER))


def asked(arena: str, *options: str) -> argparse.Namespace:
    """What the command line hands over."""
    return argparse.Namespace(arena=arena, steps=40, option=list(options))


def test_every_arm_of_every_arena_is_a_run_that_can_be(evidence: ModuleType, tmp_path: Path) -> None:
    for name, preset in evidence.PRESETS.items():
        arena = registry.get(name)
        games = set()
        for split in ("train", "test"):
            config = arena_config(arena, [*preset.sets, *evidence._split(preset, split)])
            games.add(str(config))
        assert len(games) == (2 if preset.splits else 1), name  # nobody is judged by what was trained on
        for player in (*preset.teachers, *preset.held_out, preset.best_player):
            agents.make(player, arena=name)
        teams = arena.contenders(arena.rules.teams(arena.rules.deal(0, config)))
        for arm in evidence.ARMS:
            made = TrainConfig.flat(**evidence._options(asked(name), preset, arm, tmp_path, 1, 1000.0))
            made.check_teams(teams)
            played = made.run.steps * made.game.scenarios
            # rejection plays the games that are the budget; the others end by tokens, long before their steps do
            assert played == 40 * preset.scenarios * (1 if arm == "rejection" else 4)
            assert made.run.max_tokens == (0 if arm == "rejection" else 1000)


def test_options_reach_the_arm_they_are_for(evidence: ModuleType, tmp_path: Path) -> None:
    words = ("recipe:beta=0.2", "recipe:returns=episode")
    given = asked("support_desk", *words)
    recipe, old = (
        TrainConfig.flat(**evidence._options(given, evidence.PRESETS["support_desk"], arm, tmp_path, 1, 9.0))
        for arm in ("recipe", "grpo")
    )
    assert (recipe.update.beta, recipe.credit.returns) == (0.2, "episode")
    assert (old.update.beta, old.credit.returns) == (0.0, "reward_to_go")


def test_a_gain_is_taken_between_bests(evidence: ModuleType) -> None:
    """An arm that is only sharper at temperature 1 gains nothing over one that is as good cold."""
    good, poor = (tuple(float(i % 4 < kept) for i in range(40)) for kept in (3, 1))

    def sweep(cold: tuple[float, ...], hot: tuple[float, ...]) -> dict[float, Evaluation]:
        by = {t: cold if t == 0 else hot for t in evidence.TEMPERATURES}
        return {t: Evaluation(tuple(range(40)), {SIDE: its}, 0.0, {SIDE: {"resolved": its}}) for t, its in by.items()}

    seeds = [
        {
            "warm": evidence.Arm(sweep(good, poor), 0.0),
            "rejection": evidence.Arm(sweep(good, good), 5.0),
            "shuffled": evidence.Arm(sweep(poor, poor), 5.0),
        }
    ] * 2
    rows = dict(evidence._rows(seeds, SIDE, "resolved"))
    assert rows["warm"]["T = 1"] == "25.0%"
    assert rows["warm"]["at its best"] == rows["rejection"]["at its best"] == "75.0%"
    assert rows["rejection"]["− warm start, points"].startswith("+0.0 [")
    assert rows["shuffled"]["− rejection, points"].startswith("**-50.0** [")
    assert rows["warm"]["− warm start, points"] == "–"
