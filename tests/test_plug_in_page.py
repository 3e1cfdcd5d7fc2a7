"""docs/plug-in.md, done as it stands: every file written, every command run, the lines counted, the odds worked out."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lanista import scaffold
from lanista.agents import registry
from lanista.arenas.core import conformance
from lanista.play import degenerate
from lanista.play.runner import play_game

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "plug-in.md").read_text("utf-8")
FILES = re.findall(r"`(kuhn/[\w/.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
COPIED = ("lanista", "arenas", "agents", "training", "leaderboards", "pyproject.toml", "README.md", "LICENSE")


def write_files(folder: Path) -> None:
    """The page's files into what ``lanista new-arena kuhn`` wrote in ``folder``; the lines for pyproject are added."""
    for path, text in FILES:
        file = folder / path
        old = file.read_text("utf-8") + "\n" if file.suffix == ".toml" else ""
        file.write_text(old + text, "utf-8")


@pytest.fixture(scope="module")
def kuhn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page's package, imported; ``player`` is the module of its agent."""
    folder = tmp_path_factory.mktemp("page")
    scaffold.write("kuhn", folder / "kuhn")
    write_files(folder)
    sys.path.insert(0, str(folder / "kuhn" / "src"))
    try:
        module: Any = importlib.import_module("kuhn")
        module.player = importlib.import_module("kuhn_players")
        yield module
    finally:
        sys.path.remove(str(folder / "kuhn" / "src"))
        for name in [name for name in sys.modules if name.split(".")[0] in ("kuhn", "kuhn_players")]:
            del sys.modules[name]


def test_a_first_tournament_takes_under_120_lines() -> None:
    """Lines a stranger writes, blank ones aside: the arena, a player, and the entry point of the player."""
    assert [path.rpartition("/")[2] for path, _ in FILES] == [
        "rules.py", "words.py", "rewards.py", "kuhn_players.py", "pyproject.toml",
    ]  # fmt: skip
    assert 50 < sum(1 for _, text in FILES for line in text.splitlines() if line.strip()) < 120


@pytest.mark.parametrize("law", conformance.LAWS)
def test_its_game_keeps_every_law(kuhn: Any, law: str) -> None:
    conformance.LAWS[law](kuhn.arena, 20, 0)


def test_its_game_pays_nobody_for_nothing(kuhn: Any) -> None:
    degenerate.check(kuhn.arena, games=60)


def value(kuhn: Any, bets: Any, state: Any) -> Fraction:
    """Chips the first player expects from a state on, where ``bets(done, card)`` is how often a seat bets."""
    rules, done = kuhn.arena.rules, state.bets
    if rules.outcome(state) is not None:
        return Fraction(kuhn.rules.chips(state))
    (seat,) = rules.to_act(state)
    often = bets(done, state.cards[len(done) % 2])
    return sum(
        (
            share * value(kuhn, bets, rules.play(state, {seat: move}).state)
            for move, share in (("bet", often), ("pass", 1 - often))
            if share
        ),
        Fraction(0),
    )


def test_its_game_is_kuhn_poker(kuhn: Any) -> None:
    """Kuhn (1950): the first player loses 1/18 of a chip in equilibrium.

    Betting half the time, whatever the card, leaves showdowns even: +1 with probability 1/4 (bet, pass) and -1 with
    1/8 (pass, bet, pass) make +1/8.
    """

    def mean(bets: Any) -> Fraction:
        deals = kuhn.rules.DEALS
        return sum((value(kuhn, bets, kuhn.rules.State(0, cards)) for cards in deals), Fraction(0)) / len(deals)

    assert mean(lambda done, card: Fraction(kuhn.player.THIRDS[done]["JQK".index(card)], 3)) == Fraction(-1, 18)
    assert mean(lambda done, card: Fraction(1, 2)) == Fraction(1, 8)


@pytest.mark.parametrize("mine", [0, 1])
def test_its_player_plays_what_its_table_says(kuhn: Any, mine: int) -> None:
    """Against random bets every situation comes up; there it passes, bets or does either, as its thirds say."""
    other, seats = registry.make("random"), kuhn.rules.SEATS
    seating = {seats[mine]: kuhn.player.Equilibrium(), seats[1 - mine]: other}
    seen: dict[tuple[str, str], set[str]] = {}
    for seed in range(300):
        episode = play_game(kuhn.arena, seating, seed)
        card = episode.opening[mine][0].data["card"]
        done = ""
        for step in episode.steps:
            (turn,) = step.turns
            if turn.seat == seats[mine]:
                seen.setdefault((done, card), set()).add(turn.reply)
            done += turn.reply[0]
    expected = {0: {"pass"}, 1: {"pass", "bet"}, 3: {"bet"}}
    assert seen == {
        (done, card): expected[thirds]
        for done, row in kuhn.player.THIRDS.items()
        if len(done) % 2 == mine
        for card, thirds in zip("JQK", row, strict=True)
    }


def test_its_adapter_plays_connect_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "foreign.Adapter" in b]
    (tmp_path / "page_connect_four.py").write_text(block, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    arena = importlib.import_module("page_connect_four").arena
    for law in ("determinism", "copies", "legal_replies", "records"):
        conformance.LAWS[law](arena, 2, 0)
    del sys.modules["page_connect_four"]


class Stranger:
    """An environment of its own with nothing of this checkout in it but the built wheel.

    Its site-packages hold lanista, installed from the wheel, and what the page installs. What lanista depends on is
    found through a ``.pth`` file that names this environment's site-packages. Python does not read the ``.pth`` files
    of a folder named in this way, so an editable installation there stays without effect; that lanista really comes
    from the wheel is checked by where it is imported from.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "venv" / "bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
        site = self.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
        self.site = Path(site)

    def run(self, *words: str) -> str:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
        env |= {"PATH": f"{self.bin}:{env['PATH']}", "LANISTA_CACHE": str(self.home / "cache"), "OMP_NUM_THREADS": "1"}
        if words[0] == "pytest":
            words = (str(self.bin / "python"), "-m", *words)
        elif words[0] == "pip":
            words = (sys.executable, "-m", "pip", "--python", str(self.bin / "python"), *words[1:])
        else:
            words = (str(self.bin / words[0]), *words[1:])
        done = subprocess.run(words, cwd=self.home, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, *words: str) -> None:
        self.run("pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation", *words)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    home = tmp_path_factory.mktemp("stranger")
    source = home / "source"
    source.mkdir()
    for name in COPIED:  # a build leaves folders behind, and those do not belong in the checkout
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(home / "dist"), str(source)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = Stranger(home)
    (wheel,) = (home / "dist").glob("lanista-*.whl")
    made.install(str(wheel))
    found = made.run("python", "-c", "import lanista, lanista.arenas; print(lanista.__file__, lanista.arenas.__file__)")
    assert all(Path(path).is_relative_to(made.site) for path in found.split())
    return made


@pytest.mark.slow
def test_a_stranger_follows_the_page(stranger: Stranger) -> None:
    said: dict[str, str] = {}
    written = False
    for line in COMMANDS:
        words = shlex.split(line, comments=True)
        if words == ["pip", "install", "lanista"]:
            continue  # it is there, from the wheel
        if words[:3] == ["pip", "install", "-e"]:
            stranger.install("-e", words[3])
        else:
            said[line] = stranger.run(*words)
        if words[:2] == ["lanista", "new-arena"]:
            written = True
        elif written and line.startswith("lanista play"):
            write_files(stranger.home)  # the page's first game was the scaffold's own; from here on it is Kuhn poker
            written = False
    assert "equilibrium" in said["lanista agents"]
    board = said["lanista leaderboard runs/kuhn"]
    rows = re.findall(r"^\W*(equilibrium|random)\b", board, re.MULTILINE)  # the line above them names the runner-up too
    assert list(dict.fromkeys(rows)) == ["equilibrium", "random"], board
    assert (stranger.home / "runs" / "trained" / "policies" / "shared" / "config.json").is_file()


@pytest.mark.slow
def test_a_stranger_plays_textarena(stranger: Stranger) -> None:
    pytest.importorskip("textarena")
    shutil.copytree(ROOT / "examples" / "textarena_games", stranger.home / "textarena_games")
    stranger.install("./textarena_games")
    assert "The game is over" in stranger.run("lanista", "play", "secret_mafia", "--view", "above")
    stranger.run("lanista", "tournament", "textarena_kuhn", "--agents", "random", "--games", "4", "--out", "ta")
    assert stranger.run("lanista", "replay", "ta", "--verify").startswith("4 of 4")
