"""A run goes on only with its own games, and can be extended: more games, more agents, and nothing played is lost."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import registry as agent_registry
from lanista.agents.contract import Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core.contract import Forfeit
from lanista.errors import Stopped, UsageError
from lanista.leaderboards.board import board
from lanista.leaderboards.tournament import run_tournament
from lanista.runs import Run

SMALL = {"players": 5, "wolves": 1, "roles": ()}


def _run(path: Path, games: int, agents: Sequence[str] = ("random", "crowd"), **options: Any) -> Any:
    given = {"workers": 0, "config": SMALL, "seed": 3, "command": ["lanista", f"--games={games}"], **options}
    return run_tournament("werewolf", list(agents), games, out=path, **given)


def _games(path: Path) -> dict[str, bytes]:
    with Run.open(path) as run:
        return {columns["id"]: episode.canonical() for columns, episode in run.store.items()}


def _meta(path: Path) -> Any:
    return json.loads((path / "run.json").read_text())


def test_more_games_are_those_of_the_longer_run(tmp_path: Path) -> None:
    _run(tmp_path / "whole", 10)
    _run(tmp_path / "run", 4)
    before = _games(tmp_path / "run")
    summary = _run(tmp_path / "run", 10, resume=True)
    assert (summary.games, summary.played) == (10, 6)
    assert _games(tmp_path / "run") == _games(tmp_path / "whole")
    assert before.items() <= _games(tmp_path / "run").items()
    meta = _meta(tmp_path / "run")
    (entry,) = meta["extended"]
    assert (entry["games"], entry["agents"], entry["command"]) == (4, ["random", "crowd"], "lanista --games=4")
    assert (meta["config"]["games"], meta["command"]) == (10, "lanista --games=10")
    assert "finished" in meta
    assert _run(tmp_path / "run", 10, resume=True).played == 0
    assert _meta(tmp_path / "run") == meta
    with pytest.raises(UsageError, match="games was 10 and is now 4"):
        _run(tmp_path / "run", 4, resume=True)


def test_one_more_agent_plays_what_is_missing(tmp_path: Path) -> None:
    _run(tmp_path / "run", 4)
    before = _games(tmp_path / "run")
    summary = _run(tmp_path / "run", 4, ["bayes", "crowd", "random"], resume=True)
    assert (summary.games, summary.blocks, summary.played) == (12, 2, 8)
    after = _games(tmp_path / "run")
    assert before.items() <= after.items()
    # The board is that of a run that had all three from the start
    _run(tmp_path / "whole", 12, ["random", "crowd", "bayes"])
    made = []
    for name in ("run", "whole"):
        with Run.open(tmp_path / name) as run:
            made.append(json.loads(board(run.store).to_json()))
            made[-1].pop("timing")
    assert made[0] == made[1]
    assert _meta(tmp_path / "run")["config"]["agents"] == ["random", "crowd", "bayes"]
    # And on: more games of all three, and the same command once more plays nothing
    assert _run(tmp_path / "run", 18, ["random", "crowd", "bayes"], resume=True).played == 6
    assert _run(tmp_path / "run", 18, ["random", "crowd", "bayes"], resume=True).played == 0
    assert [entry["games"] for entry in _meta(tmp_path / "run")["extended"]] == [4, 12]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"agents": ["random", "bayes"]}, "agents was"),
        ({"preset": "individual"}, "preset|hash"),
        ({"seed": 4}, "seed was 3 and is now 4"),
        ({"config": {**SMALL, "players": 6}}, r"config\.players was 5 and is now 6"),
        ({"max_concurrent_games": 2}, "max_concurrent_games was 64 and is now 2"),
        ({"agents": ["random", "crowd", "nobody"]}, "unknown agent 'nobody'"),
    ],
)
def test_an_extension_changes_nothing_else(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    _run(tmp_path / "run", 4)
    kept = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(UsageError, match=says):
        _run(tmp_path / "run", 10, **{"resume": True, **changed})
    assert (tmp_path / "run" / "run.json").read_bytes() == kept


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"seed": 8}, "seed of game b0000g0 is "),
        ({"agents": ["bayes", "crowd"]}, r"players of game b0000g0 is player_0=.*bayes.* there and player_0="),
        ({"games": 8}, "game b0002g0 is none of this schedule's"),
        ({"config": {**SMALL, "players": 6}}, "players of game|config of game"),
    ],
)
def test_games_of_another_tournament_are_not_shown_as_ones_own(
    tmp_path: Path, other: dict[str, Any], says: str
) -> None:
    _run(tmp_path / "run", 4)
    _run(tmp_path / "other", **{"games": 4, **other})
    shutil.copy(tmp_path / "other" / "store.sqlite", tmp_path / "run" / "store.sqlite")
    with pytest.raises(UsageError, match=f"holds the games of another tournament: {says}"):
        _run(tmp_path / "run", 4, resume=True)


def test_an_extension_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    _run(tmp_path / "run", 4)

    def stop(done: int, total: int, eta_s: float | None) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match="stopped after 6 of 12 games"):
        _run(tmp_path / "run", 4, ["random", "crowd", "bayes"], resume=True, on_progress=stop)
    assert _run(tmp_path / "run", 4, ["random", "crowd", "bayes"], resume=True).played == 6


def test_a_sampled_run_takes_in_an_agent(tmp_path: Path) -> None:
    _run(tmp_path / "run", 6, ["random", "crowd", "bayes"], sampled=True)
    assert _meta(tmp_path / "run")["config"]["schedule"] == "sampled"
    with Run.open(tmp_path / "run") as run:
        assert Counter(a for g in run.store.games() for a in set(g.players.values())) == dict.fromkeys(
            ("random", "crowd", "bayes"), 4
        )


class _Company(RandomAgent):
    """Replies depend on who else is asked, as a language model's last bits do."""

    batched = True
    batch_matters = True

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        return [Answer(q.legal[(len(questions) + i + q.seed) % len(q.legal)]) for i, q in enumerate(questions)]


def test_games_of_an_extension_keep_no_old_ones_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = agent_registry.make

    def make(spec: str, **options: Any) -> Any:
        agent = _Company() if spec == "company" else real(spec, **options)
        agent.name = spec
        return agent

    monkeypatch.setattr(agent_registry, "make", make)
    _run(tmp_path / "run", 6, ["random", "company"], max_concurrent_games=4)
    before = _games(tmp_path / "run")
    summary = _run(tmp_path / "run", 12, ["random", "company"], max_concurrent_games=4, resume=True)
    assert (summary.played, summary.notes) == (6, ())
    assert before.items() <= _games(tmp_path / "run").items()


def test_the_standing_of_an_agent_alone_is_a_half(tmp_path: Path) -> None:
    (alone,) = _run(tmp_path / "run", 9, ["random"]).standings
    assert (alone.games, alone.score) == (9, 0.5)
