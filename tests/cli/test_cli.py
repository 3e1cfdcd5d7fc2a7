"""The command line as a user meets it: verbs on real runs, and one clear line for every mistake."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lanista.cli import app, main

DOCS = Path(__file__).parents[2] / "docs"


class Said:
    """What a command printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def lanista(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["lanista", *words])
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    return run


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tournment"], "tournament"),
        (["play", "werewolv"], "did you mean 'werewolf'"),
        (["play", "werewolf", "--agents", "randm"], "did you mean 'random'"),
        (["play", "werewolf", "--set", "player=7"], "did you mean 'players'"),
        (["play", "werewolf", "--set", "players"], "KEY=VALUE"),
        (["play", "werewolf", "--set", "players=many"], "players is a number"),
        (["play", "werewolf", "--set", "players=7", "--set", "wolves=4"], "wol"),
        (["play", "werewolf", "--set", "players=6", "--set", "roles=seer,seer"], "seer"),
        (["play", "werewolf", "--set", "roles=sear"], "did you mean 'seer'"),
        (["play", "werewolf", "--preset", "defualt"], "did you mean 'default'"),
        (["play", "werewolf", "--seat", "player_99=random"], "unknown seat"),
        (["play", "werewolf", "--view", "abve"], "did you mean 'above'"),
        (["play", "werewolf", "--sed", "3"], "--seed"),
        (["play", "werewolf", "--agents", ""], "at least one agent"),
        (["play", "werewolf", "--agents", "lm:tinny"], "did you mean 'tiny'"),
        (["play", "werewolf", "--agents", "human", "--json"], "terminal"),
        (["tournament", "werewolf", "--agents", "random,random", "--out", "x"], "random"),
        (["tournament", "werewolf", "--agents", "random,crowd", "--out", "x", "--design", "tems"], "teams"),
        (["tournament", "werewolf", "--agents", "random,human", "--out", "x"], "lanista play"),
        (["tournament", "werewolf", "--agents", "random,crowd", "--games", "9999999999", "--out", "x"], "several runs"),
        (["train", "werewolf", "--opponents", "human", "--out", "x"], "lanista play"),
        (["play", "werewolf", "--agents", "random:foo", "--dry-run"], "takes no argument"),
        (["export", ".", "--out", "."], "own folder"),
        (["leaderboard", "nowhere", "--png", "x.jpg"], "ends in .png"),
        (["leaderboard", "nowhere"], "nowhere"),
        (["replay", "nowhere"], "nowhere"),
        (["export", "nowhere", "--out", "x.jsonl"], "nowhere"),
        (["evaluate", "werewolf", "--agent", "wolf=random", "--games", "2"], "did you mean"),
        (["evaluate", "werewolf", "--agent", "werewolf=random", "--games", "2"], "nobody is named"),
        (["models", "fetch", "smolm2"], "did you mean 'smollm2'"),
        (["models", "make", "tyni"], "did you mean 'tiny'"),
        (["train", "werewolf", "--out", "x", "--policies", "shard"], "did you mean 'shared'"),
        (["train", "werewolf", "--out", "x", "--steps", "0"], "steps is at least 1"),
        (["train", "werewolf", "--out", "x", "--model", "tinny"], "did you mean 'tiny'"),
        (["play", "werewolf", "--config", "nofile.toml"], "nofile.toml"),
    ],
)
def test_a_mistake_gets_one_clear_line_and_code_2(lanista: Any, tmp_path: Path, words: list[str], says: str) -> None:
    if "train" in words and "--model" in words:
        pytest.importorskip("trl")
    said = lanista(*words)
    assert said.code == 2, said.err
    assert says in one_line(said.err)
    assert said.out == ""
    assert not (tmp_path / "x").exists()


def test_every_verb_is_in_the_docs() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    verbs = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    verbs += [g.name for g in app.registered_groups if g.name]
    assert len(verbs) == 18
    assert [verb for verb in verbs if f"`lanista {verb}" not in text] == []


def test_the_examples_of_the_docs_run(lanista: Any) -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    commands = [line.split()[1:] for line in block.strip().splitlines()]
    assert len(commands) > 4
    for words in commands:
        said = lanista(*words)
        assert said.code == 0, f"{words}: {said.err}"


def test_a_game_is_kept_read_again_and_verified(lanista: Any) -> None:
    played = lanista("play", "werewolf", "--agents", "bayes,crowd", "--seed", "3", "--out", "game", "--json")
    assert played.code == 0
    again = lanista("replay", "game", "--json")
    assert again.json == played.json
    assert lanista("replay", "game", "--verify").out.startswith("1 of 1 games replay to the same bytes")
    seat = lanista("replay", "game", "--seat", "player_2").out
    assert "as player_2 saw it" in seat
    assert "To the pack" not in seat or played.json["roles"]["player_2"] == "werewolf"
    meta = json.loads(Path("game/run.json").read_text())
    assert meta["seed"] == 3
    assert meta["command"].startswith("lanista play werewolf")
    assert meta["versions"]["lanista"]


def test_a_game_is_refused_before_it_is_played_where_it_could_not_be_kept(lanista: Any) -> None:
    lanista("play", "werewolf", "--out", "game", "--json")
    again = lanista("play", "werewolf", "--out", "game")
    assert (again.code, again.out) == (2, "")
    assert "another --out" in one_line(again.err)


def test_asking_for_a_seat_never_gives_the_whole_record(lanista: Any) -> None:
    lanista("play", "werewolf", "--out", "game", "--json")
    said = lanista("replay", "game", "--seat", "player_1", "--json")
    assert (said.code, said.out) == (2, "")


def test_a_server_that_is_down_is_told_and_the_game_kept(lanista: Any) -> None:
    pytest.importorskip("openai")
    words = ("play", "werewolf", "--seat", "player_0=openai:x@http://127.0.0.1:9/v1", "--set", "players=5")
    said = lanista(*words, "--out", "game")
    assert said.code == 1
    assert re.match(r"error: openai:x@\S+ was unavailable \(cannot reach .*--resume", one_line(said.err))
    assert "holds no finished game" in lanista("replay", "game").err


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a person types; at its end they press Ctrl-C."""

    class Lines(io.StringIO):
        def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # typeshed: StringIO's bases disagree
            line = super().readline()
            if not line:
                raise KeyboardInterrupt
            return line

    return lambda text: monkeypatch.setattr(sys, "stdin", Lines(text))


def test_a_half_played_game_is_kept_on_ctrl_c_and_gone_on_with(lanista: Any, typed: Any) -> None:
    words = ["play", "werewolf", "--seat", "player_0=human", "--agents", "crowd", "--seed", "5"]
    words += ["--set", "players=5", "--set", "wolves=1", "--set", "roles="]
    typed("1\n" * 50)
    whole = lanista(*words, "--out", "whole")
    assert whole.code == 0, whole.err
    typed("1\n")
    stopped = lanista(*words, "--out", "game")
    assert stopped.code == 130
    assert "go on with: lanista play werewolf" in one_line(stopped.err)
    assert "--resume" in stopped.err
    assert "holds no finished game" in lanista("replay", "game").err
    refused = lanista(*words, "--out", "game")
    assert (refused.code, "--resume" in one_line(refused.err)) == (2, True)
    typed("1\n" * 50)
    again = lanista(*words, "--out", "game", "--resume")
    assert again.code == 0, again.err
    first, recap = stopped.out.strip().splitlines(), again.out.split("What happened so far, with your replies:")
    assert len(recap) == 2, "whoever takes a game up reads once what was told and said before"
    assert all(line in recap[1] for line in first[1:4])
    assert "> accuse: player_1" in recap[1].partition("now ─")[0], "the reply that the person gave"
    assert "What happened so far" not in whole.out
    assert lanista("replay", "game", "--json").json["journal"] == lanista("replay", "whole", "--json").json["journal"]
    over = lanista(*words, "--out", "game", "--resume")
    assert (over.code, "the game in game is over" in over.err) == (2, True)
    alone = lanista(*words, "--resume")
    assert (alone.code, "--out" in one_line(alone.err)) == (2, True)


@pytest.mark.parametrize("seed", range(4))
def test_a_person_reads_all_they_are_told_once_and_to_the_end(lanista: Any, typed: Any, seed: int) -> None:
    words = ("play", "werewolf", "--seat", "player_0=human", "--agents", "bayes", "--seed", str(seed))
    typed("1\n" * 200)
    said = lanista(*words, "--set", "players=7", "--out", "game")
    assert said.code == 0, said.err
    screen = re.sub(r"\s+", "", said.out)
    episode = lanista("replay", "game", "--json").json
    told = [
        event["text"]
        for events in (episode["opening"], *(step["events"] for step in episode["steps"]))
        for event in events
        if event["to"] is None or "player_0" in event["to"]
    ]
    place = 0
    for text in told:
        place = screen.index(re.sub(r"\s+", "", text), place) + 1
    last = re.sub(r"\s+", "", told[-1])
    assert screen.count(last) == sum(re.sub(r"\s+", "", text).count(last) for text in told)


def test_a_view_may_be_chosen_beside_a_human(lanista: Any, typed: Any) -> None:
    words = ("play", "werewolf", "--seat", "player_0=human", "--agents", "crowd", "--set", "players=5")
    typed("1\n" * 200)
    above = lanista(*words, "--view", "above")
    assert above.code == 0, above.err
    assert "[only " in above.out
    assert "player_0, " in above.out  # whose turn it is


_PRINTING = """
import sys
from lanista.agents import random
from lanista.cli import main

def loud(self, question, quiet=random.RandomAgent.reply):
    import os
    print("LOUD", flush=True)
    os.system("echo LOUDER")
    return quiet(self, question)

random.RandomAgent.reply = loud
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "words",
    [
        ("tournament", "werewolf", "--agents", "random", "--games", "1", "--workers", "0", "--out", "cup"),
        ("evaluate", "werewolf", "--agent", "random", "--games", "2", "--workers", "0"),
        ("play", "werewolf"),
    ],
    ids=lambda words: words[0],
)
def test_an_agent_that_prints_does_not_break_json(tmp_path: Path, words: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", _PRINTING, *words, "--set", "players=5", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert "LOUD\n" in done.stderr
    assert "LOUDER\n" in done.stderr


@pytest.mark.parametrize("verb", ["tournament", "evaluate"])
def test_an_executor_named_wrongly_is_one_line(lanista: Any, verb: str) -> None:
    who = ("--agents", "random", "--out", "x") if verb == "tournament" else ("--agent", "random")
    said = lanista(verb, "werewolf", *who, "--executor", "proceses")
    assert (said.code, said.out) == (2, "")
    assert "unknown executor 'proceses'; did you mean 'processes'? (there is: local, processes, ray)" in one_line(
        said.err
    )


def test_scripted_evaluation_is_the_same_in_workers(lanista: Any) -> None:
    words = ("evaluate", "werewolf", "--agent", "crowd", "--games", "4", "--set", "players=5", "--json")
    here = lanista(*words, "--executor", "local", "--out", "here")
    assert lanista(*words, "--workers", "2", "--out", "there").json == here.json
    games = [lanista("replay", run, "--list", "--json").json for run in ("here", "there")]
    assert games[0] == games[1]


def test_a_finished_run_that_lost_its_games_is_not_played_again(lanista: Any) -> None:
    words = ("tournament", "werewolf", "--agents", "random,crowd", "--games", "2", "--out", "cup", "--workers", "0")
    lanista(*words)
    for file in Path("cup").glob("store.sqlite*"):
        file.unlink()
    said = lanista(*words, "--resume")
    assert said.code == 1
    assert "bring the store back" in one_line(said.err)


def test_a_terminal_without_unicode_still_gets_its_board(lanista: Any) -> None:
    lanista("tournament", "werewolf", "--agents", "random,crowd", "--games", "2", "--out", "cup", "--workers", "0")
    done = subprocess.run(
        [sys.executable, "-m", "lanista", "leaderboard", "cup", "--no-page"],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"random" in done.stdout


def test_a_tournament_resumes_to_a_finished_one(lanista: Any) -> None:
    words = ("tournament", "werewolf", "--agents", "random,crowd", "--games", "5", "--out", "cup", "--workers", "0")
    first = lanista(*words, "--json")
    assert first.json["games"] == 6
    assert "5 games were asked for" in first.json["rounded"]
    second = lanista(*words, "--json", "--resume")
    assert {**second.json, "timing": 0} == {**first.json, "timing": 0}
    assert lanista(*words).code == 2
    changed = lanista(*words[:-2], "--seed", "9", "--resume")
    assert changed.code == 2
    assert "seed" in changed.err


def test_a_leaderboard_keeps_what_depends_on_the_clock_apart(lanista: Any) -> None:
    boards = []
    for out in ("one", "two"):
        lanista("tournament", "werewolf", "--agents", "random,crowd", "--games", "8", "--out", out, "--workers", "0")
        boards.append(lanista("leaderboard", out, "--json").json)
    assert {**boards[0], "timing": 0} == {**boards[1], "timing": 0}
    assert list(boards[0]) == sorted(boards[0])
    shown = lanista("leaderboard", "one", "--png", "plot.png")
    assert "again: lanista tournament" in shown.out.replace("\n", " ")
    assert Path("one/leaderboard.html").stat().st_size > 10_000
    assert Path("plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_board_of_training_games_says_what_it_is_not(lanista: Any) -> None:
    played = lanista("play", "werewolf", "--agents", "crowd", "--out", "game")
    assert played.code == 0, played.err
    meta = json.loads(Path("game/run.json").read_text())
    assert "changed from game to game" not in lanista("leaderboard", "game").err
    Path("game/run.json").write_text(json.dumps({**meta, "kind": "train"}))
    shown = lanista("leaderboard", "game")
    assert shown.code == 0, shown.err
    assert "changed from game to game" in shown.err
    assert "lm:game/policies/NAME" in shown.err


def test_options_come_from_a_file_and_the_command_line_goes_before_it(lanista: Any) -> None:
    Path("cup.toml").write_text(
        'agents = ["random", "crowd"]\ngames = 2\nseed = 4\n[set]\nplayers = 5\nroles = ["seer"]\n', encoding="utf-8"
    )
    said = lanista("tournament", "werewolf", "--config", "cup.toml", "--seed", "5", "--out", "cup", "--workers", "0")
    assert said.code == 0, said.err
    meta = json.loads(Path("cup/run.json").read_text())
    assert meta["seed"] == 5
    assert meta["config"]["agents"] == ["random", "crowd"]
    assert meta["config"]["config"]["players"] == 5
    assert meta["config"]["config"]["roles"] == ["seer"]
    Path("bad.toml").write_text("gamez = 3\n", encoding="utf-8")
    wrong = lanista("tournament", "werewolf", "--config", "bad.toml", "--out", "x")
    assert wrong.code == 2
    assert "did you mean 'games'" in wrong.err


def test_dry_runs_do_nothing(lanista: Any, tmp_path: Path) -> None:
    for words in (
        ("play", "werewolf"),
        ("tournament", "werewolf", "--agents", "random,crowd", "--out", "x"),
        ("evaluate", "werewolf", "--agent", "random", "--out", "x"),
        ("train", "werewolf", "--out", "x"),
    ):
        said = lanista(*words, "--dry-run")
        assert said.code == 0, said.err
        assert "decisions" in said.out or "games" in said.out
    assert list(tmp_path.iterdir()) == []


def test_evaluate_says_whether_an_agent_is_better(lanista: Any) -> None:
    words = ("evaluate", "werewolf", "--agent", "bayes", "--before", "random", "--against", "random", "--games", "40")
    said = lanista(*words, "--set", "players=7", "--out", "result", "--json")
    assert said.code == 0, said.err
    assert set(said.json["rates"]["after"]) == {"village against random", "wolves against random"}
    assert "better" in said.json["comparisons"]["overall"]
    assert lanista(*words, "--set", "players=7", "--out", "result", "--resume", "--json").json == said.json
    assert len(lanista("replay", "result", "--list", "--json").json) == 160


def test_a_missing_extra_is_named_in_one_line(lanista: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for package, name in (("lanista", "training"), ("lanista.agents", "lm")):  # importing them again would stay there
        parent = importlib.import_module(package)
        if hasattr(parent, name):
            monkeypatch.setattr(parent, name, getattr(parent, name))
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "transformers", "tokenizers")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith(("lanista.training", "lanista.agents.lm"))]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("torch", "transformers", "tokenizers"):
        monkeypatch.setitem(sys.modules, name, None)
    for words in (("train", "support_desk", "--out", "t"), ("models", "make", "tiny")):
        said = lanista(*words)
        assert (said.code, len(said.err.strip().splitlines())) == (1, 1), said.err
        assert "pip install 'lanista[train]'" in said.err
    said = lanista("evaluate", "support_desk", "--agent", "desk_expert", "--before", "desk_novice", "--games", "4")
    assert said.code == 0, said.err  # scripted agents need no torch


def test_a_dry_run_of_one_game_speaks_json(lanista: Any) -> None:
    plan = lanista("play", "support_desk", "--agents", "desk_expert", "--dry-run", "--json").json
    assert plan["players"]["router_0"] == "desk_expert"
    assert plan["decisions_at_most"] > 1


def test_doctor_says_nothing_of_what_is_not_broken(lanista: Any) -> None:
    told = lanista("doctor").out
    assert "werewolf" in told
    assert "broken" not in told


def test_doctor_and_lists_speak_json(lanista: Any) -> None:
    assert lanista("doctor", "--json").json["arenas"]["werewolf"] == "fine"
    assert "werewolf" in {row["name"] for row in lanista("arenas", "--json").json}
    assert "win" in lanista("arenas", "werewolf", "--json").json["presets"]["default"]
    specs = {row["spec"] for row in lanista("agents", "--json").json}
    assert {"random", "crowd", "bayes", "human"} <= specs
    assert {model["name"] for model in lanista("models", "list", "--json").json} >= {"smollm2", "tiny"}


def test_ctrl_c_leaves_a_run_that_resumes(tmp_path: Path) -> None:
    words = ["tournament", "werewolf", "--agents", "random,crowd", "--games", "3000", "--out", "cup", "--workers", "1"]
    child = subprocess.Popen(
        [sys.executable, "-m", "lanista", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "cup" / "store.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "--resume" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("leaderboard", "cup", "--no-page", "--html", "page.html"), "--no-page writes no page"),
        (("replay", "cup", "--list", "--verify"), "give one of them"),
    ],
)
def test_options_that_contradict_each_other_are_refused(lanista: Any, words: tuple[str, ...], said: str) -> None:
    lanista("tournament", "werewolf", "--agents", "random,crowd", "--games", "2", "--out", "cup", "--json")
    answer = lanista(*words)
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert said in answer.err


def test_doctor_knows_every_kind_of_plug_in(lanista: Any) -> None:
    found = lanista("doctor", "--json").json
    assert found["algorithms"]["grpo"] == found["backends"]["hf"] == found["commands"]["coding"] == "fine"


def test_a_key_that_follows_from_others_is_shown_as_left_open(lanista: Any) -> None:
    shown = lanista("arenas", "werewolf").out
    assert "players = None, which makes it 9 here" in shown
    assert "wolves = None, which makes it 2 here" in shown
    assert "roles = None, which makes it ('seer', 'doctor') here" in shown
    told = lanista("arenas", "werewolf", "--json").json["config"]
    assert told["wolves"]["default"] is None
    assert (told["wolves"]["becomes"], told["players"]["becomes"], "becomes" in told["ruleset"]) == (2, 9, False)


def test_a_folder_that_is_made_on_the_way_is_said(lanista: Any) -> None:
    assert lanista("tournament", "werewolf", "--agents", "random,crowd", "--games", "4", "--out", "cup").code == 0
    for words in (("export", "cup", "--out", "{}/deep/x.jsonl"), ("leaderboard", "cup", "--html", "{}/deep/x.html")):
        folder = f"made_{words[0]}"
        filled = [word.format(folder) for word in words]
        assert f"made the folder {folder}" in lanista(*filled).err.splitlines()
        assert "made the folder" not in lanista(*filled).err
