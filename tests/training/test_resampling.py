"""Games in the place of those that came out alike: within the budget, counted, and the same after a resume."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from test_attempts import SAYS, trajectory

from lanista.errors import UsageError
from lanista.training.algorithms import grpo
from lanista.training.config import TrainConfig
from lanista.training.loop import _Loop, train
from lanista.training.metrics import describe, metrics
from lanista.training.resampling import FILE, KEPT, NEW, Resampler, alike
from lanista.training.rollout import plan, play_scenarios
from lanista.training.trajectories import Trajectory

GOOD, BAD = (SAYS[0], SAYS[0]), (SAYS[2], SAYS[2])


def config(**options: Any) -> TrainConfig:
    return TrainConfig.flat(**({"scenarios": 4, "group_size": 2, "reward_unit": 1.0, "resample": 3} | options))


def games(number: int, differs: bool, visit: int = 0) -> list[Trajectory]:
    """A scenario's group of two games, won and lost or both won."""
    return [trajectory(GOOD, visit * 2, number), trajectory(BAD if differs else GOOD, visit * 2 + 1, number)]


class Table:
    """Plays groups of which ``differs`` says whether their games differ, and remembers what was asked."""

    def __init__(self, differs: Callable[[int, int], bool], scenarios: int = 4) -> None:
        self.differs = differs
        self.scenarios = scenarios
        self.asked: list[list[tuple[int, int]]] = []

    def __call__(self, step: int, more: Sequence[tuple[int, int]] = ()) -> list[Trajectory]:
        groups = list(more) or [(step * self.scenarios + i, 0) for i in range(self.scenarios)]
        self.asked.append(groups)
        return [one for number, visit in groups for one in games(number, self.differs(number, visit), visit)]


def test_alike_groups_are_replaced_by_hand() -> None:
    """Of scenarios 0 to 3 the even ones differ. Two are alike, so two new groups are played; one of them differs, and
    the third of the budget replaces the other. In the next step a contested one is met again before a new one."""
    table = Table(lambda number, visit: number % 2 == 0 and number != NEW)
    mine = Resampler(config())
    found = mine.collect(0, table)
    assert table.asked == [[(0, 0), (1, 0), (2, 0), (3, 0)], [(NEW, 0), (NEW + 1, 0)], [(NEW + 2, 0)]]
    assert mine.alike == {1, 3, NEW, NEW + 1}
    assert mine.contested == [0, 2, NEW + 2]
    assert {one.scenario for one in mine.kept(found)} == {0, 2, NEW + 2}
    # Four alike scenarios of two games, each of two replies of one token.
    assert mine.numbers["tokens/thrown"] == 4 * 2 * 2
    assert mine.numbers["resample/groups"] == 3
    assert mine.numbers["resample/alike_share"] == 4 / 7
    mine.collect(1, table)
    (first, _), (second, _) = table.asked[4]
    assert first in {0, 2, NEW + 2}
    assert table.asked[4][0][1] == 2  # its deal, in step 1: another visit than any before
    assert second == NEW + 3 + 1


def test_what_differs_costs_nothing_more() -> None:
    table = Table(lambda number, visit: True)
    mine = Resampler(config())
    mine.collect(0, table)
    assert len(table.asked) == 1
    assert mine.numbers["resample/groups"] == mine.numbers["tokens/thrown"] == 0


@given(st.integers(0, 6), st.floats(0, 1), st.integers(0, 1000))
def test_laws(budget: int, share: float, seed: int) -> None:
    """Never over the budget; no scenario twice in a step, nor one visit twice ever; as many groups teach as were due,
    or the budget is spent; what is remembered was contested when met last, and no more than is kept."""
    differs = lambda number, visit: random.Random(f"{seed} {number} {visit}").random() < share
    table, mine = Table(differs), Resampler(config(resample=budget))
    met: set[tuple[int, int]] = set()
    last: dict[int, bool] = {}
    for step in range(4):
        table.asked.clear()
        found = mine.collect(step, table)
        groups = [group for asked in table.asked for group in asked]
        assert len(groups) - 4 <= budget
        assert len({number for number, _ in groups}) == len(groups)
        assert not met & set(groups)
        met |= set(groups)
        last |= {number: differs(number, visit) for number, visit in groups}
        teaching = len({one.scenario for one in mine.kept(found)})
        assert teaching == 4 or len(groups) - 4 == budget
        assert sorted(mine.contested) == sorted(number for number, yes in last.items() if yes)
        assert len(mine.contested) <= KEPT
        assert len(found) == 2 * len(groups)


def test_it_is_kept_and_goes_on_alike(tmp_path: Path) -> None:
    differs = lambda number, visit: (number + visit) % 3 == 0
    one, two = Resampler(config()), Resampler(config())
    one.collect(0, Table(differs))
    one.save(tmp_path)
    two.load(tmp_path)
    tables = Table(differs), Table(differs)
    for mine, table in zip((one, two), tables, strict=True):
        mine.collect(1, table)
    assert tables[0].asked == tables[1].asked
    for text in ("", "{}", '["a"]', "[1.5]", "[1"):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(UsageError, match=r"contested scenarios in .* cannot be read"):
            two.load(tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(UsageError, match=r"contested scenarios in .* cannot be read"):
        two.load(tmp_path)


def test_what_is_left_out_had_no_advantage() -> None:
    """The rows that stay have the advantages that they have beside the others, and the others have none."""
    options = config()
    found = [one for number in range(6) for one in games(number, number % 3 == 0)]
    out = alike(options, found)
    assert out == {1, 2, 4, 5}
    every = grpo.rollout_batch(options, found).rows["shared"]
    kept = grpo.rollout_batch(options, [one for one in found if one.scenario not in out]).rows["shared"]
    assert [row for row in every if row.has_signal] == [row for row in kept if row.has_signal]
    assert len(kept) == 4


SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 3,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 4,
    "learning_rate": 1e-2,
    "resample": 3,
    "save_every": 1,
    "evaluate_games": 0,
    "opponents": ["random"],
    "device": "cpu",
    "threads": 1,
}


def test_another_visit_is_the_same_deal_with_other_draws(folder: Path, tmp_path: Path) -> None:
    wanted = TrainConfig.flat(**SMALL, model=str(folder))
    loop = _Loop(wanted, tmp_path / "run", None)
    from lanista.agents.registry import make

    agent = make("random")
    asked = [(plan(wanted, loop.arena, loop.game_config, 0), sibling) for sibling in (0, 1, 8, 9)]
    played = play_scenarios(wanted, loop.arena, loop.game_config, asked, lambda *_: agent, lambda *_: agent)
    assert len({game.episode.seed for game in played}) == 1
    assert len({str(game.episode.roles) for game in played}) == 1
    assert len({game.episode.canonical() for game in played}) == 4


@pytest.mark.parametrize("algorithm", ["grpo", pytest.param("ppo", marks=pytest.mark.slow)])
def test_a_run_counts_what_it_threw_away_and_resumes_alike(tmp_path: Path, folder: Path, algorithm: str) -> None:
    more = {"algorithm": "ppo", "critic_warmup": 1} if algorithm == "ppo" else {}
    wanted = TrainConfig.flat(**SMALL, **more, model=str(folder))
    whole = train(wanted, tmp_path / "whole").out
    lines = metrics(whole)
    assert sum(line["resample/groups"] for line in lines) > 0  # an untrained village's games often end alike
    for line in lines:
        assert line["games"] == 4 + 2 * line["resample/groups"]
        assert line["resample/groups"] <= 3
        assert ("tokens/thrown" in line) == (algorithm == "grpo")
        if algorithm == "grpo":
            assert line["tokens/thrown"] <= line["tokens/sampled"]
            assert f"{line['tokens/thrown']:,.0f} tokens thrown away" in describe(line)
    plain = train(
        TrainConfig.flat(**(SMALL | {"resample": 0, "steps": 1}), **(more and {"algorithm": "ppo", "critic_warmup": 0}),
                         model=str(folder)), tmp_path / "plain").out  # fmt: skip
    # The due games are those that are played without, and all that is told of a step but its tokens is of them.
    first = metrics(plain)[0]
    told = [name for name in first if name.startswith(("reward/", "score/")) or name == "illegal_share"]
    assert told
    assert {name: lines[0][name] for name in told} == {name: first[name] for name in told}
    assert lines[0]["tokens/sampled"] >= first["tokens/sampled"]

    class Stop(Exception):
        pass

    def stop(line: dict[str, Any]) -> None:
        if line["step"] == 2:
            raise Stop

    broken = tmp_path / "broken"
    with pytest.raises(Stop):
        train(wanted, broken, on_step=stop)
    train(wanted, broken, resume=True)
    one, two = (load_file(out / "policies" / "shared" / "model.safetensors") for out in (whole, broken))
    assert all(one[name].equal(two[name]) for name in one)
    named = f"checkpoints/checkpoint-3/{FILE}"
    assert (whole / named).read_bytes() == (broken / named).read_bytes()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"resample": -1}, "resample is at least 0"),
        ({"baseline": "shrunk"}, "with baseline shrunk"),
        ({"baseline": "shrunk", "group_size": 1}, "group_size is 1"),
        ({"algorithm": "ppo", "group_size": 1}, "group_size is 1"),
        ({"algorithm": "rejection"}, "option of grpo and ppo, not of the algorithm 'rejection'"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        config(**options)


def test_one_process_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="one process"):
        config()
