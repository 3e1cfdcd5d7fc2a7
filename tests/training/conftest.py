"""Small real things for the tests of training: an untrained tiny model with a tokenizer for Werewolf, and rows."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for workbench.py, which several test files share

NAMES = [f"player_{i}" for i in range(12)]
VANILLA: dict[str, Any] = {"players": 5, "wolves": 1, "roles": ()}


@pytest.fixture(scope="session")
def werewolf_texts() -> list[str]:
    """What is shown and said in a few games between random players."""
    from lanista.agents.registry import make
    from lanista.arenas.core import registry
    from lanista.play.runner import play_game

    arena = registry.get("werewolf")
    config = arena.configure(**VANILLA)
    agent = make("random")
    texts = []
    for seed in range(4):
        episode = play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), seed, config=config)
        texts += [text for step in episode.steps for turn in step.turns for text in (turn.prompt, turn.reply)]
    return texts


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, werewolf_texts: list[str]) -> Path:
    """A folder with an untrained 16x2 model."""
    pytest.importorskip("trl")
    from lanista.training.tiny import blank

    return blank(tmp_path_factory.mktemp("models") / "blank", werewolf_texts, NAMES, size="16x2")


@pytest.fixture(scope="session")
def _loaded(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def model(_loaded: tuple[Any, Any]) -> Any:
    """A model of one's own, always with the same weights."""
    return copy.deepcopy(_loaded[0])


@pytest.fixture(scope="session")
def tokenizer(_loaded: tuple[Any, Any]) -> Any:
    return _loaded[1]
