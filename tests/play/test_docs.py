"""docs/agents.md keeps its word: its code runs, and every agent we register is in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from lanista import arenas
from lanista.play.runner import GameSpec, play, play_game

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "agents.md").read_text()


def code(starts: str) -> str:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [block for block in blocks if block.startswith(starts)]
    return found


def test_the_first_example_runs(capsys: Any) -> None:
    exec(code("from lanista import arenas\nfrom lanista.agents import registry"), {})
    assert capsys.readouterr().out in ("village\n", "wolves\n")


def test_the_session_can_be_answered_by_hand(capsys: Any) -> None:
    exec(code("from lanista import arenas\nfrom lanista.agents.contract"), {})
    assert capsys.readouterr().out in ("village True\n", "wolves True\n")


def test_the_agent_of_your_own_plays() -> None:
    space: dict[str, Any] = {}
    exec(code("from lanista.agents.contract"), space)
    arena = arenas.get("werewolf")
    seats = arena.rules.seats(arena.configure())
    episode = play_game(arena, dict.fromkeys(seats, space["Stubborn"]()), 1)
    assert episode.outcome is not None
    assert {turn.by for step in episode.steps for turn in step.turns} == {"seat"}


def test_every_registered_agent_is_in_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in project["entry-points"]["lanista.agents"]:
        assert re.search(rf"^\| .*`{name}[:`]", PAGE, re.MULTILINE), name


def test_werewolf_is_the_same_at_any_number_of_games_side_by_side() -> None:
    from lanista.agents.random import RandomAgent

    arena, agent = arenas.get("werewolf"), RandomAgent()
    config = arena.configure(players=7)
    seating = dict.fromkeys(arena.rules.seats(config), agent)

    def played(max_concurrent_games: int) -> dict[str, bytes]:
        games: dict[str, bytes] = {}
        made = [GameSpec(id=str(i), arena=arena, seed=i, config=config, seating=seating) for i in range(6)]
        play(
            made,
            max_concurrent_games=max_concurrent_games,
            on_game=lambda f, game: games.update({f.id: game.episode().canonical()}),
        )
        return games

    assert played(1) == played(4) == played(64)
