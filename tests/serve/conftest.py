"""What the tests of serving share: a small model, questions, programs, and a recorder of what an engine was asked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for programs_for_tests.py, which several test files share


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained 16x2 model that reads and writes Werewolf."""
    pytest.importorskip("trl")
    from lanista.agents.registry import make
    from lanista.arenas.core import registry
    from lanista.play.runner import play_game
    from lanista.training.tiny import blank

    arena = registry.get("werewolf")
    config = arena.configure(players=5, wolves=1, roles=())
    agent = make("random")
    episodes = [play_game(arena, dict.fromkeys(arena.rules.seats(config), agent), s, config=config) for s in range(4)]
    texts = [t for e in episodes for step in e.steps for turn in step.turns for t in (turn.prompt, turn.reply)]
    names = [f"player_{i}" for i in range(12)]
    return blank(tmp_path_factory.mktemp("models") / "blank", texts, names, size="16x2")


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Every (request, result) of the engine, as the engine had it."""
    from lanista.agents.lm.backends.hf.backend import HFBackend

    found: list[tuple[Any, Any]] = []
    follow = HFBackend.follow

    def watched(self: HFBackend, requests: Any, follower: Any) -> Any:
        results = follow(self, requests, follower)
        found.extend(zip(requests, results, strict=True))
        return results

    monkeypatch.setattr(HFBackend, "follow", watched)
    return found
