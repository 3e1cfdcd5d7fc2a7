"""The real frameworks, each in an environment of its own: seated in every arena, and trained.

``examples/frameworks/make_environments.sh DIR`` makes the environments; LANISTA_FRAMEWORKS says where they are.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from served import Actor

from lanista.agents import registry
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.tokens import TokenTurn
from lanista.arenas.core import registry as arenas
from lanista.play.runner import play_game

EXAMPLES = Path(__file__).parents[2] / "examples" / "frameworks"
FRAMEWORKS = {
    "openai": "plain_openai",
    "openai-agents": "openai_agents_sdk",
    "langgraph": "langgraph_agent",
    "autogen": "autogen_agent",
    "crewai": "crewai_agent",
    "agent-framework": "agent_framework_agent",
    "agentscope": "agentscope_agent",
}
REWRITES = {"crewai"}
"""Frameworks that write later turns otherwise than they were: every turn is a row of its own."""

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("framework", FRAMEWORKS)]


def spec(framework: str) -> str:
    python = Path(os.environ.get("LANISTA_FRAMEWORKS", "/nowhere")) / framework / "bin" / "python"
    if not python.exists():
        pytest.skip(
            f"{framework} is not there: examples/frameworks/make_environments.sh DIR, then LANISTA_FRAMEWORKS=DIR"
        )
    return f"program:{EXAMPLES / FRAMEWORKS[framework]}.py:player?python={python}"


@pytest.mark.parametrize("arena", ["werewolf", "support_desk", "travel_booking", "coding"])
def test_it_sits_in_every_arena(framework: str, arena: str) -> None:
    game = arenas.get(arena)
    model = LMAgent(Actor(context=200_000), sampling=Sampling(max_new_tokens=20))
    agent: Any = registry.make(spec(framework), arena=arena, model=model)
    try:
        episode = play_game(game, dict.fromkeys(game.rules.seats(game.configure()), agent), 1)
    finally:
        agent.close()
    assert episode.outcome is not None
    turns = [turn for step in episode.steps for turn in step.turns]
    assert [turn.why for turn in turns if turn.by == "forfeit"] == []
    said = [said for turn in turns for said in TokenTurn.all_from_meta(turn.meta)]
    assert len(said) == len(agent.model.model.backend.asked)
    restarts = sum(turn.restart for turn in said)
    seats = len({turn.seat for turn in turns})
    assert restarts > seats if framework in REWRITES and len(said) > seats else restarts == seats


def test_it_is_trained(framework: str, folder: Path, tmp_path: Path, recorded: list[tuple[Any, Any]]) -> None:
    from safetensors.torch import load_file

    from lanista.training.config import TrainConfig
    from lanista.training.loop import train

    calls = tmp_path / "calls.jsonl"
    config = TrainConfig.flat(
        arena="werewolf",
        arena_config={"players": 5, "wolves": 1, "roles": []},
        model=str(folder),
        program=f"{spec(framework)}&calls={calls}",
        steps=3,
        scenarios=2,
        group_size=2,
        max_new_tokens=12,
        learning_rate=1e-2,
        evaluate_games=0,
        device="cpu",
        stop_if_illegal=0,
    )
    result = train(config, tmp_path / "run")
    before, after = load_file(folder / "model.safetensors"), load_file(result.policies["shared"] / "model.safetensors")
    assert any((before[name] != after[name]).any() for name in before)
    lines = [json.loads(line) for line in calls.read_text(encoding="utf-8").splitlines()]
    kept = sorted((line["prompt_ids"], line["ids"], line["logps"]) for line in lines)
    assert kept == sorted((list(q.ids), list(r.ids), list(r.logps)) for q, r in recorded)
