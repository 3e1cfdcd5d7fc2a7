"""Games on a Ray cluster: a real one of two workers on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lanista.arenas import get
from lanista.errors import LanistaError, UsageError
from lanista.leaderboards.tournament import run_tournament
from lanista.play import executors
from lanista.play.executors import NamedSpec, Played, Result
from lanista.play.executors.local import Local
from lanista.play.executors.ray import Player, Ray
from lanista.store import Store

ray = pytest.importorskip("ray")

SMALL = {"players": 5, "wolves": 1, "roles": ()}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A cluster of two workers, in processes of its own."""
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--num-cpus=2", "--port=0"]
    if not Path(command[0]).exists():
        command[:1] = [sys.executable, "-m", "ray.scripts.scripts"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)}
    started = subprocess.run(
        [*command, "--include-dashboard=false", "--disable-usage-stats", "--object-store-memory=100000000"],
        capture_output=True, text=True, timeout=120, env=env, check=False,
    )  # fmt: skip
    if started.returncode:
        pytest.fail(started.stdout + started.stderr)
    address = started.stdout.partition("--address='")[2].partition("'")[0]
    before = os.environ.get("RAY_ADDRESS")
    os.environ["RAY_ADDRESS"] = address
    try:
        yield address
    finally:
        os.environ.pop("RAY_ADDRESS")
        if before is not None:
            os.environ["RAY_ADDRESS"] = before
        subprocess.run([*command[: command.index("start")], "stop", "--force"], capture_output=True, timeout=60)


def specs(games: int, agent: str = "crowd") -> list[NamedSpec]:
    seats = get("werewolf").rules.seats(get("werewolf").configure(**SMALL))
    players = dict.fromkeys(seats, agent)
    return [NamedSpec(id=f"g{i}", arena="werewolf", seed=i, players=players, config=SMALL) for i in range(games)]


def canonical(results: list[Result]) -> dict[str, bytes]:
    assert all(isinstance(result, Played) for result in results)
    return {result.spec.id: result.value.canonical() for result in results if isinstance(result, Played)}


@pytest.mark.slow
def test_a_worker_killed_in_mid_game_is_noticed_by_nobody(cluster: str) -> None:
    made = specs(400)
    expected: list[Result] = []
    Local().play(made, expected.extend)
    found: list[Result] = []
    killed: list[int] = []

    with Ray(2) as here:

        def keep(results: object) -> None:
            found.extend(results)  # type: ignore[arg-type]
            if len(found) > 20 and not killed:
                killed.append(here.pids[0])
                os.kill(killed[0], signal.SIGKILL)

        here.play(made, keep)
        assert killed[0] not in here.pids
        assert len(here.pids) == 2
    assert len(found) == 400
    assert canonical(found) == canonical(expected)


@pytest.mark.slow
def test_a_tournament_there_has_the_board_it_has_here(cluster: str, tmp_path: Path) -> None:
    boards: dict[str, dict[str, bytes]] = {}
    for name in ("local", "ray"):
        out = tmp_path / name
        run_tournament("werewolf", ["random", "crowd"], 12, 3, SMALL, out=out, executor=name, workers=2)
        with Store.open(out / "store.sqlite") as store:
            boards[name] = {id_: store.episode(id_).canonical() for id_ in store.ids()}
    assert boards["ray"] == boards["local"]
    assert len(boards["ray"]) == 12


@pytest.mark.slow
def test_a_game_that_kills_its_workers_is_given_up_with_one_sentence(
    cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ray(1) as here:
        here.play(specs(1), lambda results: None)
        over = threading.Event()

        def killer() -> None:
            while not over.wait(0.02):
                try:
                    pids = here.pids
                except Exception:
                    continue
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)

        thread = threading.Thread(target=killer, daemon=True)
        thread.start()
        try:
            with pytest.raises(LanistaError, match="2 workers of the cluster died while playing game"):
                here.play(specs(5000), lambda results: time.sleep(0))
        finally:
            over.set()
            thread.join()


def test_workers_of_another_lanista_say_so() -> None:
    (spec,) = specs(1)
    player = Player(executors.episode_of)
    said = player.play(spec, "0.0.1", "other")
    assert isinstance(said, str)
    assert "install the same on every machine" in said
    mine = get("werewolf").hash("default")
    from lanista import __version__

    found = player.play(spec, __version__, mine)
    assert [type(result) for result in found] == [Played]
    wrong = NamedSpec(id="x", arena="werewolf", seed=1, players={}, config=SMALL)
    assert "game x of arena 'werewolf' failed: nobody sits in" in str(player.play(wrong, __version__, mine))


def test_without_a_cluster_one_line_says_what_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_gcs_rpc_server_connect_timeout_s", "1")
    with pytest.raises(UsageError, match="at least 1, not 0"):
        executors.make("ray", workers=0)
    monkeypatch.delenv("RAY_ADDRESS")
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    if (Path("/tmp") / "ray" / "ray_current_cluster").exists():
        pytest.skip("a Ray cluster runs on this machine")
    with pytest.raises(LanistaError, match=r"there is no Ray cluster to play on .*`ray start --head`"), Ray(1) as here:
        here.play(specs(1), lambda results: None)
