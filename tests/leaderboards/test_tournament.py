"""Nothing that was played is lost, nothing depends on who played it where, and a run goes on to the same result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lanista.agents import registry as agent_registry
from lanista.agents.contract import Answer, Question
from lanista.agents.random import RandomAgent
from lanista.arenas.core import registry
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError, Stopped, UsageError
from lanista.leaderboards.keeping import named, rows
from lanista.leaderboards.schedule import schedule
from lanista.leaderboards.tournament import run_tournament
from lanista.play.executors.processes import Processes
from lanista.runs import Run
from lanista.store import Store

_SMALL = {"players": 5, "wolves": 1, "roles": ()}


def _games(path: Path) -> list[tuple[str, bytes]]:
    with Run.open(path) as run:
        return [(columns["id"], episode.canonical()) for columns, episode in run.store.items()]


def _run(path: Path, games: int = 12, agents: Sequence[str] = ("random", "crowd"), **options: Any) -> Any:
    given = {"workers": 0, "config": _SMALL, "command": ["lanista", "tournament"], **options}
    return run_tournament("werewolf", list(agents), games, 3, out=path, **given)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> list[tuple[str, bytes]]:
    """Twelve games, played in one go in this process."""
    path = tmp_path_factory.mktemp("whole") / "run"
    _run(path)
    return _games(path)


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_workers_changes_nothing(tmp_path, whole, count):
    _run(tmp_path / "run", workers=count)
    assert _games(tmp_path / "run") == whole


def test_scores_by_hand(tmp_path):
    summary = _run(tmp_path / "run", games=11)
    assert (summary.games, summary.blocks, summary.played) == (12, 6, 12)
    assert summary.rounded is not None
    with Run.open(tmp_path / "run") as run:
        games = run.store.games()
    won = {"random": 0, "crowd": 0}
    for game in games:
        assert game.winner is not None
        won[game.players[game.teams[game.winner][0]]] += 1  # the agent that held the winning side
    assert {s.agent: s.score * s.games for s in summary.standings} == pytest.approx(won)
    assert summary.standings[0].score >= summary.standings[1].score
    assert [s.games for s in summary.standings] == [12, 12]


def test_an_interrupted_run_says_how_to_go_on_and_does(tmp_path, whole):
    def stop(done: int, total: int, eta_s: float | None) -> None:
        assert total == 12
        if done == 5:
            raise KeyboardInterrupt

    path = tmp_path / "run"
    with pytest.raises(Stopped, match=r"stopped after 5 of 12 games.*lanista tournament --resume") as caught:
        _run(path, on_progress=stop)
    assert caught.value.code == 130
    assert _games(path) == whole[:5]
    summary = _run(path, resume=True)
    assert summary.played == 7
    assert _games(path) == whole


def test_resume_starts_an_absent_run_and_repeats_the_result_of_a_finished_one(tmp_path, whole):
    path = tmp_path / "run"
    first = _run(path, resume=True)
    assert first.played == 12
    before = (path / "store.sqlite").read_bytes()
    again = _run(path, resume=True)
    assert again.played == 0
    assert again.standings == first.standings
    assert (path / "store.sqlite").read_bytes() == before
    assert _games(path) == whole


def test_a_run_that_is_there_is_not_overwritten(tmp_path):
    _run(tmp_path / "run", games=2)
    with pytest.raises(UsageError, match="--resume, or choose another --out"):
        _run(tmp_path / "run", games=2)
    with pytest.raises(UsageError, match="max_concurrent_games was 64 and is now 4"):
        _run(tmp_path / "run", games=2, resume=True, max_concurrent_games=4)
    with pytest.raises(UsageError, match=r"config\.players was 5 and is now 6"):
        _run(tmp_path / "run", games=2, resume=True, config={**_SMALL, "players": 6})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"agents": ["randon"]}, "did you mean 'random'"),
        ({"agents": ["random", "random"]}, "listed twice"),
        ({"games": 0}, "at least 1"),
        ({"config": {"player": 5}}, "did you mean 'players'"),
        ({"design": "team"}, "did you mean 'teams'"),
        ({"preset": "defualt"}, "did you mean 'default'"),
        ({"workers": -1}, "0 or more"),
        ({"max_concurrent_games": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        _run(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


_TOURNAMENT = """
import sys, time
from lanista.leaderboards.tournament import run_tournament

def tell(done, total, eta_s):
    print(done, flush=True)
    if done >= 10:
        time.sleep(60)  # stays in the middle until it is killed; its workers play on

run_tournament("werewolf", ["random", "crowd"], 40, 3, {"players": 5, "wolves": 1, "roles": ()},
               out=sys.argv[1], resume=True, workers=2, on_progress=tell)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # a zombie is dead; whoever adopted it may be slow to notice


def _wait_for_the_end_of(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    left = [pid for pid in pids if _alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _threads(pid: int) -> int:
    """A worker's second thread watches its parent; it begins once the system has been told to end both together."""
    return len(os.listdir(f"/proc/{pid}/task"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_kill_9_takes_the_workers_along_and_resume_finishes_to_the_same_result(tmp_path):
    path, games = tmp_path / "run", 40
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    parent = subprocess.Popen(
        [sys.executable, "-c", _TOURNAMENT, str(path)], stdout=subprocess.PIPE, text=True, env=alone
    )
    assert parent.stdout is not None
    for line in parent.stdout:
        if int(line) >= 10:
            break
    crew = _children(parent.pid)
    assert len(crew) == 2
    while any(_threads(worker) < 2 for worker in crew):  # one may still be loading while the other has played ten games
        time.sleep(0.01)
    for worker in crew:
        os.kill(worker, signal.SIGSTOP)  # now it cannot notice by itself: only the system can end it
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _wait_for_the_end_of(crew)
    with Store.open(path / "store.sqlite") as store:
        kept = set(store.ids())
    assert 10 <= len(kept) < games
    summary = _run(path, games=games, resume=True, workers=2)
    assert summary.played == games - len(kept)
    _run(tmp_path / "whole", games=games, workers=2)
    assert _games(path) == _games(tmp_path / "whole")


_BUSY = """
import os, sys
from lanista.play.executors.processes import _die_with
sys.platform = "somewhere else"
_die_with(int(sys.argv[1]))
print("busy", flush=True)
while True:
    pass
"""

_PARENT = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {_BUSY!r}, str(os.getpid())], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_where_the_system_does_not_end_workers_they_notice_themselves():
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert _alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _wait_for_the_end_of([child])


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_that_dies_is_replaced_and_its_games_are_played(tmp_path, whole):
    killed: list[int] = []

    def kill_one(done: int, total: int, eta_s: float | None) -> None:
        if done >= 1 and not killed:
            killed.extend(_children(os.getpid())[-1:])
            os.kill(killed[0], signal.SIGKILL)

    _run(tmp_path / "run", workers=2, on_progress=kill_one)
    assert killed
    assert _games(tmp_path / "run") == whole


def test_ctrl_c_is_for_the_parent_alone(tmp_path):
    """The signal goes to the whole group of a terminal; a worker in it would die in the middle of a game."""
    parent = subprocess.Popen(
        [sys.executable, "-c", _TOURNAMENT, str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    for line in parent.stdout:
        if int(line) >= 10:
            break
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=60)
    assert "Stopped: stopped after" in said
    assert "KeyboardInterrupt" not in said
    with Run.resume(tmp_path / "run", "tournament", Run.open(tmp_path / "run").config) as run:
        assert len(run.store) >= 10


def test_a_game_that_fails_stops_the_run_with_its_name_and_keeps_the_others(tmp_path, monkeypatch):
    arena = registry.get("werewolf")
    played = iter(range(100))

    def outcome(state: Any) -> Any:
        if next(played) == 60:
            raise ZeroDivisionError("a bug in the rules")
        return type(arena.rules).outcome(arena.rules, state)

    monkeypatch.setattr(arena.rules, "outcome", outcome, raising=False)
    with pytest.raises(ZeroDivisionError):
        _run(tmp_path / "run")
    monkeypatch.undo()
    kept = len(_games(tmp_path / "run"))
    assert _run(tmp_path / "run", resume=True).played == 12 - kept


def test_what_fails_in_a_worker_is_reported_with_its_game_after_the_games_before_it(tmp_path):
    config = registry.get("werewolf").configure(**_SMALL)
    good = schedule("werewolf", ["random"], 4, 0, config).matches
    bad = schedule("werewolf", ["nobody"], 5, 0, config).matches[4:]
    got: list[str] = []

    def slowly(results: Sequence[Any]) -> None:
        got.extend(result.value.episode["id"] for result in results)
        time.sleep(1)  # meanwhile the worker sends all the rest, the failure included

    specs = [named(match, "werewolf", _SMALL, "default") for match in (*good, *bad)]
    with Processes(1, finish=rows) as crew, pytest.raises(LanistaError, match=r"game b0004g0 .*unknown agent 'nobody'"):
        crew.play(specs, slowly)
    assert got == [match.id for match in good]
    assert crew.pids == []


class _Company(RandomAgent):
    """A batched agent whose replies depend on who else is asked, as a language model's last bits do."""

    batched = True
    asked: list[tuple[str, ...]]
    batch_matters = True

    def __init__(self) -> None:
        self.asked = []

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        self.asked.append(tuple(sorted({question.game for question in questions})))
        return [Answer(q.legal[(len(questions) + i + q.seed) % len(q.legal)]) for i, q in enumerate(questions)]


def _seat(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[_Company]:
    made: list[_Company] = []
    real = agent_registry.make

    def make(spec: str, **options: Any) -> Any:
        if spec != "company":
            return real(spec, **options)
        made.append(type("Seated", (_Company,), changes)())
        made[-1].name = spec
        return made[-1]

    monkeypatch.setattr(agent_registry, "make", make)
    return made


def test_batched_games_come_out_the_same_after_an_interruption_at_the_same_batch_size(tmp_path, monkeypatch):
    _seat(monkeypatch)
    options: dict[str, Any] = {"agents": ("random", "company"), "max_concurrent_games": 4, "games": 20}
    _run(tmp_path / "whole", **options)
    for moment in (1, 6, 7, 19):

        def stop(done: int, total: int, eta_s: float | None, moment: int = moment) -> None:
            if done == moment:
                raise KeyboardInterrupt

        path = tmp_path / f"run{moment}"
        with pytest.raises(Stopped):
            _run(path, on_progress=stop, **options)
        summary = _run(path, resume=True, **options)
        assert summary.notes == ()
        assert _games(path) == _games(tmp_path / "whole")


def test_another_batch_size_is_another_run(tmp_path, monkeypatch):
    _seat(monkeypatch)
    _run(tmp_path / "run", agents=("company",), games=4, max_concurrent_games=4)
    with pytest.raises(UsageError, match="max_concurrent_games was 4 and is now 2"):
        _run(tmp_path / "run", agents=("company",), games=4, max_concurrent_games=2, resume=True)


def test_where_the_batch_does_not_matter_only_missing_games_are_asked_for(tmp_path, monkeypatch):
    made = _seat(monkeypatch, batch_matters=False)

    def stop(done: int, total: int, eta_s: float | None) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(Stopped):
        _run(tmp_path / "run", agents=("company",), games=4, max_concurrent_games=4, on_progress=stop)
    kept = {id for id, _ in _games(tmp_path / "run")}
    _run(tmp_path / "run", agents=("company",), games=4, max_concurrent_games=4, resume=True)
    assert {game for asked in made[-1].asked for game in asked} == {f"b{n:04d}g0" for n in range(4)} - kept


def test_scripted_pairs_play_apart_from_batched_ones_in_one_tournament(tmp_path, monkeypatch):
    made = _seat(monkeypatch)
    summary = _run(tmp_path / "run", agents=("random", "crowd", "company"), games=12, workers=1)
    assert [s.games for s in summary.standings] == [8, 8, 8]
    asked = {game for asked in made[-1].asked for game in asked}
    with Run.open(tmp_path / "run") as run:
        assert asked == {game.id for game in run.store.games() if "company" in game.players.values()}


class _Silent(RandomAgent):
    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        return [Answer("") for _ in questions]


def test_errors_are_counted_per_agent(tmp_path, monkeypatch):
    real = agent_registry.make

    def make(spec: str, **options: Any) -> Any:
        agent: Any = _Silent() if spec == "silent" else real(spec, **options)
        agent.name = spec
        return agent

    monkeypatch.setattr(agent_registry, "make", make)
    summary = _run(tmp_path / "run", agents=("random", "silent"), games=4)
    by_name = {standing.agent: standing for standing in summary.standings}
    with Run.open(tmp_path / "run") as run:
        decided = run.store.turn_stats()
    assert (by_name["random"].illegal, by_name["random"].forfeits) == (0, 0)
    assert by_name["silent"].forfeits == decided["silent"].decisions > 0
    assert sum(by_name["silent"].reasons.values()) == by_name["silent"].forfeits
    assert summary.to_dict()["standings"][0]["agent"] == summary.standings[0].agent


def test_progress_counts_up_to_the_end_with_an_estimate(tmp_path):
    told: list[tuple[int, int, float | None]] = []
    _run(tmp_path / "run", games=4, on_progress=lambda *now: told.append(now))
    assert [done for done, _, _ in told] == [0, 1, 2, 3, 4]
    assert told[0][2] is None
    assert all(left is not None and left >= 0 for _, _, left in told[1:])
    assert told[-1][2] == 0


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs to mount a small file system")
def test_a_full_disk_stops_a_run_that_goes_on_once_there_is_space(tmp_path, whole):
    disk = tmp_path / "disk"
    disk.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(small, capture_output=True).returncode:
        pytest.skip("this machine does not let tests mount file systems")
    try:
        with pytest.raises(LanistaError, match=r"every game written before is kept.*--resume"):
            _run(disk / "run", workers=1)
        kept = _games(disk / "run")
        assert 0 < len(kept) < 12
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert _run(disk / "run", resume=True).played == 12 - len(kept)
        assert _games(disk / "run") == whole
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


class _SlamsTheDoor:
    """Plays well and raises when it is closed."""

    time_limit_s = None
    batched = False

    def __init__(self) -> None:
        self.name = "slams"

    def answer(self, questions):
        return [Answer(question.legal[0]) for question in questions]

    def forget(self, game):
        pass

    def close(self):
        raise RuntimeError("the door is stuck")


def test_an_agent_that_raises_when_it_is_closed_costs_no_result(tmp_path, monkeypatch):
    real = agent_registry.make
    monkeypatch.setattr(
        agent_registry, "make", lambda spec, **options: _SlamsTheDoor() if spec == "slams" else real(spec, **options)
    )
    with pytest.warns(RuntimeWarning, match="agent 'slams' raised RuntimeError: the door is stuck when it was closed"):
        summary = _run(tmp_path / "run", agents=("random", "slams"), games=4)
    assert sum(standing.games for standing in summary.standings) == 8
