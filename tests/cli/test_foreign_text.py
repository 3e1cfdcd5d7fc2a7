"""Nothing foreign acts: markup, escape sequences and bidi marks in every field of a run, shown by every verb."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lanista
from lanista.arenas import get
from lanista.arenas.core.episode import Episode
from lanista.cli import main
from lanista.runs import Run
from lanista.store import prepare
from lanista.terminal import Rows, Terminal
from lanista.text import REDACTED, one_line, plain, redact

EVIL = "[/INST][red]x[/red]\x1b]0;owned\x07\x1b[2J\u202ecba\u2066\x85\u200b<script>alert(1)</script>:smile:\r"
FORGED = "FORGED"
"""What a line would begin with, were a name able to begin one."""
EVIL += "".join(f"{end}{FORGED}" for end in ("\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\t"))
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def planted(episode: Episode, seats: dict[str, str]) -> Episode:
    """The episode with EVIL in every text that a player, an arena's words or a server could have put there."""

    def step(old: Any) -> Any:
        turns = tuple(
            t._replace(
                prompt=t.prompt + EVIL,
                reply=EVIL,
                action=t.action + EVIL,
                attempts=((EVIL, EVIL),),
                by="forfeit",
                why=f"raised APIError: {EVIL}",
                meta={"latency_s": 0.1, "model": EVIL, EVIL: EVIL},
            )
            for t in old.turns
        )
        events = tuple((event, text + EVIL) for event, text in old.events)
        return old._replace(phase=old.phase + EVIL, turns=turns, events=events)

    assert episode.outcome is not None
    return replace(
        episode,
        version=EVIL,
        players=seats,
        config={**episode.config, EVIL: EVIL},
        opening=[(event, text + EVIL) for event, text in episode.opening],
        steps=[step(old) for old in episode.steps],
        outcome=replace(episode.outcome, facts={**episode.outcome.facts, EVIL: EVIL}),
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose every text is hostile, in a folder whose name is."""
    from lanista.agents import registry
    from lanista.play.runner import play_game

    arena = get("werewolf")
    agent = registry.make("crowd")
    path = tmp_path_factory.mktemp("runs") / EVIL.replace("/", "")
    config = {"arena": "werewolf", "agents": [EVIL, "b" + EVIL], EVIL: [EVIL]}
    with Run.create(path, "tournament", config, ["lanista", EVIL], 3) as run:
        seats = arena.rules.seats(arena.configure(players=5, wolves=1))
        for number in range(6):
            episode = play_game(
                arena, dict.fromkeys(seats, agent), number // 2, config=arena.configure(players=5, wolves=1)
            )
            wolves = episode.teams["wolves"]
            names = (EVIL, "b" + EVIL) if number % 2 else ("b" + EVIL, EVIL)
            players = {seat: names[seat in wolves] for seat in seats}
            run.store.add(prepare(f"{EVIL}{number}", number // 2, number, planted(episode, players), (0.0, 1.0)))
        run.update(finished=EVIL, versions={EVIL: EVIL})
    return path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "2000")  # what begins a line was put there by no wrapping
    monkeypatch.setattr("lanista.cli.common.console._width", 2000)  # whatever terminal the tests were started from
    monkeypatch.setattr("lanista.cli.common.console._height", 50)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["lanista", *words])
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


@pytest.mark.parametrize(
    "words",
    [
        ("leaderboard", "RUN"),
        ("leaderboard", "RUN", "--no-page", "--json"),
        ("replay", "RUN"),
        ("replay", "RUN", "--list"),
        ("replay", "RUN", "--list", "--json"),
        ("replay", "RUN", "--seat", "player_1", "--rewards"),
        ("replay", "RUN", "--json"),
        ("replay", "RUN", "--verify"),
        ("replay", "RUN", EVIL),
        ("replay", "RUN", "--seat", EVIL),
        ("export", "RUN", "--out", "x.jsonl"),
        ("export", "RUN", "--out", EVIL.replace("/", "") + ".jsonl"),
        ("play", EVIL),
        ("play", "werewolf", "--agents", EVIL),
        ("play", "werewolf", "--set", f"{EVIL}=1"),
        ("play", "werewolf", "--set", f"players={EVIL}"),
        ("play", "werewolf", "--seat", f"{EVIL}=crowd"),
        ("play", "werewolf", "--preset", EVIL),
        ("tournament", "werewolf", "--agents", f"random,{EVIL}", "--out", "cup"),
        ("tournament", "werewolf", "--agents", f"openai:{EVIL}@http://127.0.0.1:9/v1", "--out", "cup2"),
        ("evaluate", "werewolf", "--agent", EVIL),
        ("train", "werewolf", "--model", EVIL, "--out", "run"),
        ("leaderboard", EVIL),
        ("replay", EVIL),
        ("export", EVIL, "--out", "y.jsonl"),
        ("coding", "verify", EVIL),
        ("new-arena", EVIL),
        ("models", "fetch", EVIL),
        ("models", "make", "tiny", "--arena", EVIL),
        ("arenas", EVIL),
        (EVIL,),
        ("play", "werewolf", f"--{EVIL}"),
        ("play", "werewolf", "--seed", EVIL),
        ("play", "werewolf", "--config", EVIL),
    ],
    ids=lambda words: " ".join(plain(word)[:12] for word in words),
)
def test_no_verb_lets_it_act(hostile: Path, said: Callable[..., Any], words: tuple[str, ...]) -> None:
    code, told = said(*(str(hostile) if word == "RUN" else word for word in words))
    assert code in (0, 1, 2)
    assert "Traceback" not in told
    found = ACTS.search(told)
    assert found is None, f"{found[0]!r} reached the terminal: ...{told[max(0, found.start() - 80) : found.end()]!r}"
    forged = [line for line in told.splitlines() if re.match(f" ?{FORGED}", line)]  # a text's own lines are indented
    assert not forged, f"a name began a line: {forged[0]!r}"


def test_the_page_holds_it_as_text(hostile: Path, said: Callable[..., Any], tmp_path: Path) -> None:
    code, _ = said("leaderboard", str(hostile), "--html", str(tmp_path / "page.html"))
    assert code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert html.escape("<script>alert(1)</script>") in page
    assert not ACTS.search(page.replace("\u2028", "").replace("\u2029", ""))
    assert not [line for line in page.splitlines() if line.strip().startswith(FORGED)]


@given(st.text())
def test_plain_text_acts_nowhere_and_stays_what_it_was_where_it_is_harmless(text: str) -> None:
    shown = plain(text)
    assert not ACTS.search(shown)
    assert plain(shown) == shown
    shown.encode()  # no lone surrogate is left
    if not ACTS.search(text) and text.isprintable():
        assert shown == text


@given(st.text())
def test_a_name_is_one_line(text: str) -> None:
    assert len((one_line(text) + "|").splitlines()) == 1
    assert not ACTS.search(one_line(text))


@given(st.text())
def test_a_terminal_lets_nothing_act(text: str) -> None:
    import io

    out = io.StringIO()
    terminal = Terminal(file=out, width=100_000)
    table = Rows("head")
    table.add_row(text)
    terminal.print(text)
    terminal.print(table)
    assert not ACTS.search(out.getvalue())
    assert len(out.getvalue().splitlines()) == 3, "a text, a head and a row"


def test_tables_are_made_of_rows_that_are_lines() -> None:
    """Whoever wants another sees to its cells alone: leaderboards/terminal.py sets intervals below their values."""
    root = Path(lanista.__file__).parent
    own = {root / "terminal.py", (root / "leaderboards" / "terminal.py")}
    others = [path for path in root.rglob("*.py") if path not in own and "rich.table" in path.read_text("utf-8")]
    others += [
        path
        for room in ("agents", "arenas", "leaderboards", "training")
        for path in (root / room).resolve().rglob("*.py")
        if path.name != "terminal.py" and "rich.table" in path.read_text("utf-8")
    ]
    assert not others, "use lanista.terminal.Rows"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Incorrect API key provided: sk-proj-abc***************def.", f"Incorrect API key provided: {REDACTED}"),
        ("Authorization: Bearer abcdef123456", f"Authorization: Bearer {REDACTED}"),
        ('{"authorization": "Bearer abc.def.ghi"}', f'{{"authorization": "Bearer {REDACTED}"}}'),
        ("headers {'X-Api-Key': 'secret99'}", f"headers {{'X-Api-Key': '{REDACTED}'}}"),
        ("http://host/v1?api_key=topsecret&x=1", f"http://host/v1?api_key={REDACTED}&x=1"),
        ("the key mine-123 is no good", f"the key {REDACTED} is no good"),
        ("no secret, a task-force of bearers", "no secret, a task-force of bearers"),
    ],
)
def test_keys_are_taken_out_of_a_servers_words(text: str, left: str) -> None:
    assert redact(text, ["mine-123", None]).rstrip(".") == left.rstrip(".")
