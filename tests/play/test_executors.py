"""Games in, episodes out, wherever they are played."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lanista.agents.random import RandomAgent
from lanista.arenas import get
from lanista.arenas.core.episode import Episode
from lanista.errors import Unavailable, UsageError
from lanista.play import executors
from lanista.play.executors import NamedSpec, Played, Result, Suspended
from lanista.play.executors.local import Local
from lanista.play.executors.processes import Processes
from lanista.play.runner import GameSpec, play

SMALL = {"players": 5, "wolves": 1, "roles": ()}


def specs(games: int, agent: str = "crowd") -> list[NamedSpec]:
    seats = get("werewolf").rules.seats(get("werewolf").configure(**SMALL))
    players = dict.fromkeys(seats, agent)
    return [NamedSpec(id=f"g{i}", arena="werewolf", seed=i, players=players, config=SMALL) for i in range(games)]


def played(executor: Any, made: Sequence[NamedSpec]) -> dict[str, Episode]:
    results: list[Result] = []
    with executor as here:
        here.play(made, results.extend)
    over = [result for result in results if isinstance(result, Played)]
    assert over == results
    return {result.spec.id: result.value for result in over}


@pytest.mark.parametrize("name", sorted({*executors.names()} - {"ray"}))  # test_ray.py starts a cluster
def test_every_executor_plays_the_same_games(name: str) -> None:
    from lanista.agents import registry

    arena, agent = get("werewolf"), registry.make("crowd")
    config = arena.configure(**SMALL)
    seating = dict.fromkeys(arena.rules.seats(config), agent)
    whole = [GameSpec(id=f"g{i}", arena=arena, seed=i, seating=seating, config=config) for i in range(6)]
    expected: dict[str, bytes] = {}
    play(whole, on_game=lambda spec, game: expected.update({spec.id: game.episode().canonical()}))
    named = [NamedSpec.of(spec) for spec in whole]
    assert pickle.loads(pickle.dumps(named)) == named
    found = played(executors.make(name, workers=2), named)
    assert {id: episode.canonical() for id, episode in found.items()} == expected


def test_crews_play_several_batches_and_are_gone_afterwards() -> None:
    results: list[Result] = []
    with Processes(2) as crew:
        crew.play(specs(3), results.extend)
        pids = crew.pids
        crew.play(specs(5)[3:], results.extend)
        assert set(crew.pids) >= set(pids)
    assert sorted(result.spec.id for result in results) == [f"g{i}" for i in range(5)]
    assert crew.pids == []
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_suspended_game_is_handed_over_as_it_stands_and_taken_up_anywhere() -> None:
    class Failing(RandomAgent):
        down = True

        def answer(self, questions: Any) -> Any:
            if self.down and questions[0].turn == 1 and questions[0].game == "g1":
                raise Unavailable("no route")
            return super().answer(questions)

    agent = Failing()
    agent.name = "random"
    results: list[Result] = []
    Local(agents={"random": agent}).play(specs(3, "random"), results.extend)
    (suspended,) = [result for result in results if isinstance(result, Suspended)]
    assert (suspended.spec.id, suspended.agent, suspended.why) == ("g1", "random", "no route")
    begun = NamedSpec(
        id="g1", arena="werewolf", seed=1, players=suspended.spec.players, config=SMALL, begun=suspended.session
    )
    whole = played(Local(), specs(3, "random"))
    assert played(Processes(1), [begun])["g1"].canonical() == whole["g1"].canonical()


def test_what_agents_print_in_workers_goes_to_standard_error(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import lanista.agents.random as random\n"
        "def loud(self, question, quiet=random.RandomAgent.reply):\n"
        "    print('LOUD', flush=True)\n"
        "    return quiet(self, question)\n"
        "random.RandomAgent.reply = loud\n",
        encoding="utf-8",
    )
    words = ["tournament", "werewolf", "--agents", "random", "--games", "2", "--workers", "1", "--out", "cup"]
    done = subprocess.run(
        [sys.executable, "-m", "lanista", *words, "--set", "players=5"],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "LOUD" in done.stderr
    assert "LOUD" not in done.stdout


def test_an_unknown_executor_and_no_workers_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown executor 'locl'; did you mean 'local'"):
        executors.make("locl")
    with pytest.raises(UsageError, match="at least 1, not 0"):
        executors.make("processes", workers=0)
