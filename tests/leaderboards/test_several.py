"""Several runs as one board: nothing counts twice, nothing is mixed, and games of one deal stay one block."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lanista.errors import UsageError
from lanista.leaderboards import page
from lanista.leaderboards.board import board
from lanista.leaderboards.several import Several
from lanista.leaderboards.tournament import run_tournament
from lanista.runs import Run

SMALL = {"players": 5, "wolves": 1, "roles": ()}


def _run(
    path: Path, games: int = 6, seed: int = 3, agents: Sequence[str] = ("random", "crowd"), **options: Any
) -> Path:
    run_tournament("werewolf", list(agents), games, seed, {**SMALL, **options}, out=path, workers=0)
    return path


@pytest.fixture
def together() -> Any:
    with ExitStack() as stack:
        yield lambda *paths: Several([stack.enter_context(Run.open(path)) for path in paths])


def _json(found: Any) -> Any:
    made = json.loads(found.to_json())
    made.pop("timing")
    return made


def test_a_run_twice_is_the_run(tmp_path: Path, together: Any) -> None:
    path = _run(tmp_path / "a")
    twice = together(path, path)
    assert twice.twice == 6
    with Run.open(path) as run:
        assert _json(board(twice)) == _json(board(run.store))
        for agent, stats in run.store.turn_stats().items():
            assert twice.turn_stats()[agent] == stats


def test_two_runs_of_other_seeds_have_all_their_games_and_blocks(tmp_path: Path, together: Any) -> None:
    both = together(_run(tmp_path / "a"), _run(tmp_path / "b", 10, seed=4))
    found = board(both)
    assert (found.games, found.blocks, both.twice) == (16, 3 + 5, 0)
    ids = [row.id for row in both.games()]
    assert len(set(ids)) == 16
    assert ids[0] == "1:b0000g0"
    assert ids[-1] == "2:b0004g1"
    assert sum(stats.decisions for stats in both.turn_stats().values()) == sum(line.decisions for line in found.lines)
    text = page.render(found, both)
    assert "2:b0004g1" in text
    with pytest.raises(UsageError, match="ids here begin with the run's number"):
        both.episode("b0000g0")


def test_runs_of_one_seed_with_other_agents_share_their_blocks(tmp_path: Path, together: Any) -> None:
    """A run of two agents and one of three on the same deals: the games of the first are among those of the second."""
    both = together(_run(tmp_path / "a"), _run(tmp_path / "b", 18, agents=("random", "crowd", "bayes")))
    found = board(both)
    assert (both.twice, found.games, found.blocks) == (6, 18, 3)
    with Run.open(tmp_path / "b") as run:
        assert _json(board(run.store)) == _json(found)


@pytest.mark.parametrize(
    ("other", "says"),
    [({"players": 6}, r"differ in their config \(.*\"players\": 5.*\"players\": 6")],
)
def test_mixtures_are_refused_and_both_runs_are_named(
    tmp_path: Path, together: Any, other: dict[str, Any], says: str
) -> None:
    paths = _run(tmp_path / "a"), _run(tmp_path / "b", **other)
    with pytest.raises(UsageError, match=says) as caught:
        together(*paths)
    assert str(paths[0]) in str(caught.value)
    assert str(paths[1]) in str(caught.value)


@pytest.mark.parametrize("name", ["arena", "hash", "preset"])
def test_what_the_config_of_a_run_says_is_compared(tmp_path: Path, together: Any, name: str) -> None:
    paths = _run(tmp_path / "a"), _run(tmp_path / "b")
    file = paths[1] / "run.json"
    meta = json.loads(file.read_text())
    meta["config"][name] = "else"
    file.write_text(json.dumps(meta))
    with pytest.raises(UsageError, match=f"differ in their {name}"):
        together(*paths)


def test_a_try_of_a_case_is_no_other_try(tmp_path: Path, together: Any) -> None:
    """An agent that draws nothing plays every try alike; each still counts, in one run and over two."""
    for name, repeats in (("a", 2), ("b", 3)):
        run_tournament("support_desk", ["desk_expert"], 2 * repeats, 0, out=tmp_path / name, repeats=repeats, workers=0)
    both = together(tmp_path / "a", tmp_path / "b")
    assert (len(both.games()), both.twice) == (6, 4)
    assert replace(board(both), timing={}).blocks == 2
