"""The page: one file, whatever players said stays data, and a seat's view holds what that seat saw."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import shutil
import subprocess
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from sqlalchemy import update

from lanista.arenas.core.contract import Event, Outcome, Term
from lanista.arenas.core.episode import Episode, StepRecord, Turn
from lanista.errors import LanistaError
from lanista.leaderboards import page
from lanista.leaderboards.board import board
from lanista.leaderboards.replay import ending
from lanista.store import Store
from lanista.store.schema import episodes

SPEECH = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "<!-- ]]> {{verdict}} ${1} <|im_end|> &lt; \x1b[31m\x00 \u2028 \u202eback \U0001f43a `'\""
)
NAME = "</td><script>document.title='owned'</script>{{css}}"


def episode(seed: int, swap: bool, winner: str, speech: str = SPEECH) -> Episode:
    one, other = (NAME, "calm") if swap else ("calm", NAME)
    return Episode(
        arena="toy",
        version="1",
        hash="h",
        config={"players": 2},
        preset="default",
        seed=seed,
        players={"s0": one, "s1": other},
        roles={"s0": "wolf", "s1": "lamb"},
        teams={"pack": ["s0"], "herd": ["s1"]},
        weights={"win": 100.0, "effort": -1.5},
        opening=[
            (Event("role", {"seat": "s0"}, ("s0",)), "SECRET-WOLF"),
            (Event("role", {"seat": "s1"}, ("s1",)), "SECRET-LAMB"),
        ],
        steps=[
            StepRecord(
                phase="day 1",
                turns=(Turn(seat="s0", kind="say", prompt="?", reply=f"THOUGHT {speech}", action="x"),),
                events=((Event("speech", {"seat": "s0"}), f"PUBLIC {speech}"),),
                terms=(Term("win", "pack", 1.0),),
            ),
            StepRecord(
                phase="day 2",
                turns=(Turn(seat="s0", kind="call", prompt="?", reply="CALLED", action='howl {"at": "</script>"}'),),
                events=((Event("moon", {}, ()), "UNSEEN-MOON"),),
                terms=(Term("effort", "s0", 2.0), Term("effort", "s1", 1.0)),
            ),
        ],
        outcome=Outcome(winner, {"pack": float(winner == "pack"), "herd": float(winner == "herd")}),
        returns={"s0": 97.0, "s1": -1.5},
        journal=[],
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store.open(tmp_path / "store.sqlite", "w")
    for i in range(40):
        played = episode(i // 2, bool(i % 2), "pack" if i % 3 else "herd")
        opened.add_game(f"b{i // 2:04}g{i % 2}", i // 2, i, played, (0.0, 1.0))
    return opened


class Elements(HTMLParser):
    """Every start tag with its attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def games(text: str) -> list[dict[str, Any]]:
    chunks = re.findall(r'<script type="text/plain" id="chunk-\d+">([^<]*)</script>', text)
    return [game for chunk in chunks for game in json.loads(gzip.decompress(base64.b64decode(chunk)))]


def test_hostile_speech_and_names_stay_data(store: Store) -> None:
    text = page.render(board(store), store, {"command": "lanista <b>x</b>", "note": SPEECH})
    found = Elements(text)
    chunks = -(-40 // page.CHUNK)
    assert sum(tag == "script" for tag, _ in found.tags) == 2 + chunks  # the index, the program, the games
    assert not [tag for tag, attrs in found.tags if tag in ("img", "iframe", "link", "object")]
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]
    assert "owned" not in found.scripts[-1]  # the program
    index = json.loads(found.scripts[0])
    assert NAME in index["agents"]
    assert games(text)[0]["steps"][0]["events"][0]["text"] == f"PUBLIC {SPEECH}"
    # A name that looks like a place in the template is not filled in
    assert escape(NAME) in text


def test_nothing_is_loaded_from_anywhere(store: Store) -> None:
    text = page.render(board(store), store)
    assert "default-src 'none'" in text
    for tag, attrs in Elements(text).tags:
        assert "src" not in attrs, tag
        assert not (attrs.get("href") or "").startswith(("http", "//"))
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", text)


def test_every_game_is_where_the_index_says(store: Store) -> None:
    text = page.render(board(store), store)
    index = json.loads(Elements(text).scripts[0])
    rows = store.games()
    assert [entry["id"] for entry in index["games"]] == [row.id for row in rows]
    packed = games(text)
    for entry, row in zip(index["games"], rows, strict=True):
        game = packed[entry["chunk"] * page.CHUNK + entry["place"]]
        assert (game["players"], game["ending"]) == (dict(row.players), ending(row.winner, row.scores))
        assert entry["ending"] == game["ending"]
        assert game["steps"][0]["terms"] == [["win", "pack", 100.0]]


def test_the_same_store_gives_the_same_page(store: Store) -> None:
    made = board(store)
    assert page.render(made, store, {"seed": 1}) == page.render(made, store, {"seed": 1})


@pytest.mark.parametrize("limit", [0, 900, 2_000, 10**9])
def test_a_page_that_holds_fewer_games_says_so(store: Store, limit: int) -> None:
    text = page.render(board(store), store, games_bytes=limit)
    kept = len(games(text))
    size = sum(len(c) for c in re.findall(r'id="chunk-\d+">([^<]*)<', text))
    assert size <= limit
    assert len(json.loads(Elements(text).scripts[0])["games"]) == kept
    assert (f"the first {kept} of 40 games" in text) == (kept < 40)
    assert (kept == 40) == (limit == 10**9)


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_script_json_is_json_that_ends_no_element(value: Any) -> None:
    text = page.script_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set(text) & set("<>&")


def test_a_page_is_written_whole_or_not_at_all(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "page.html"
    assert page.write(board(store), store, target) == target
    assert [p.name for p in target.parent.iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(LanistaError, match="cannot write"):
        page.write(board(store), store, tmp_path / "file" / "page.html")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def opened(path: Path, fragment: str, profile: Path) -> str:
    """The document after its program ran, as a real browser holds it."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            f"file://{path}#{fragment}",
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    return done.stdout.decode()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_in_a_real_browser(store: Store, tmp_path: Path) -> None:
    path = page.write(board(store), store, tmp_path / "page.html")
    above = opened(path, "game=b0003g1", tmp_path / "p1")
    lamb = opened(path, "game=b0003g1&seat=s1", tmp_path / "p2")
    for dom in (above, lamb):
        assert "<title>toy leaderboard</title>" in dom
    shown_above, shown_lamb = (re.search(r"<article.*?</article>", dom, re.DOTALL)[0] for dom in (above, lamb))  # type: ignore[index]
    assert "SECRET-WOLF" in shown_above
    assert "SECRET-LAMB" in shown_above
    assert "+100" in shown_above
    assert "hidden from every seat</span>UNSEEN-MOON" in shown_above
    assert 'howl {"at": "&lt;/script&gt;"}' in shown_above
    assert "so far: s0 +97, s1 −1.5" in shown_above
    assert '<td class="name">effort</td><td>−3</td><td>−1.5</td>' in shown_above
    # The program shows a control character as its picture, and speech as text
    said = (
        html.escape(SPEECH, quote=False).replace("\x1b", "\u241b").replace("\x00", "\u2400").replace("\u202e", "\ufffd")
    )
    assert f"PUBLIC {said}" in shown_above
    assert f"PUBLIC {said}" in shown_lamb
    assert "SECRET-LAMB" in shown_lamb
    for secret in ("SECRET-WOLF", "THOUGHT", "+100", "calm", "wolf", "UNSEEN", "howl", "so far", "effort"):
        assert secret not in shown_lamb


def test_a_game_that_was_not_finished_can_be_read(store: Store) -> None:
    store.add_game("open", 99, 99, replace(episode(99, False, "pack"), outcome=None), (0.0, 1.0))
    text = page.render(board(store), store)
    assert games(text)[-1]["ending"] is None


def test_a_record_whose_terms_have_no_weight_is_damaged_and_stops_nothing(store: Store) -> None:
    packed = zlib.compress(json.dumps({**store.episode("b0003g0").to_dict(), "weights": {}}).encode())
    with store._writing() as connection:
        connection.execute(update(episodes).where(episodes.c.id == "b0003g0").values(record=packed))
    text = page.render(board(store), store)
    assert "The record of game b0003g0 is damaged: it is counted above, and cannot be read." in text
