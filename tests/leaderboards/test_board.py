"""A board is a pure function of its rows, refuses mixtures, and says no more than the games do."""

from __future__ import annotations

import io
import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from lanista.errors import LanistaError
from lanista.leaderboards import terminal
from lanista.leaderboards.board import Board, of_rows
from lanista.leaderboards.verdict import verdict
from lanista.stats import Interval
from lanista.store import GameRow, TurnStats

_TEAMS = {"village": ["p0", "p1", "p2"], "wolves": ["p3"]}
_ROLES = {"p0": "seer", "p1": "villager", "p2": "villager", "p3": "werewolf"}


def row(block: int, village: str, wolves: str, winner: str | None, **changed: Any) -> GameRow:
    scores = {"village": 0.5, "wolves": 0.5} if winner is None else {t: float(t == winner) for t in _TEAMS}
    made = GameRow(
        id=f"{block}-{village}-{wolves}",
        block=block,
        arena="werewolf",
        hash="aaaa",
        config={"players": 4},
        preset="default",
        seed=block,
        players={"p0": village, "p1": village, "p2": village, "p3": wolves},
        roles=_ROLES,
        teams=_TEAMS,
        winner=winner,
        scores=scores,
        returns={"p0": 1.0, "p3": -1.0},
    )
    return replace(made, **changed)


def tournament(names: Sequence[str], blocks: int, odds: Mapping[str, float], seed: int = 0) -> list[GameRow]:
    rng = random.Random(seed)
    return [
        row(b, i, j, "village" if rng.random() < odds[i] / (odds[i] + odds[j]) else "wolves")
        for b in range(blocks)
        for i in names
        for j in names
        if i != j
    ]


def stats(latency: float = 0.5, **names: int) -> dict[str, TurnStats]:
    return {
        n: TurnStats(
            agent=n, games=1, decisions=10, illegal=k, fallbacks=0, forfeits={"raised": k}, latency_p50_s=latency
        )
        for n, k in names.items()
    }


def shown(board: Board, width: int = 160) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    terminal.show(board, console)
    return console.export_text()


def test_the_order_of_games_does_not_matter_to_the_byte() -> None:
    rows = tournament(["a", "b", "c"], 12, {"a": 3.0, "b": 1.0, "c": 0.4})
    first = of_rows(rows, stats(a=1, b=0, c=2)).to_json()
    for seed in range(5):
        shuffled = rows[:]
        random.Random(seed).shuffle(shuffled)
        # Other ids, as another run of the same games would have
        shuffled = [replace(r, id=f"g{i}") for i, r in enumerate(shuffled)]
        assert of_rows(shuffled, stats(c=2, b=0, a=1)).to_json() == first


def test_everything_that_depends_on_the_clock_is_under_timing() -> None:
    rows = tournament(["a", "b"], 6, {"a": 1.0, "b": 1.0})
    slow, fast = (json.loads(of_rows(rows, stats(latency=s, a=1, b=0)).to_json()) for s in (9.0, 0.1))
    assert slow.pop("timing")["a"]["latency_p50_s"] == 9.0
    assert fast.pop("timing")["a"]["latency_p50_s"] == 0.1
    assert slow == fast
    text = of_rows(rows, {}).to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"hash": "bbbb"}, r"hashes of one arena \(aaaa and bbbb\)"),
        ({"preset": "harsh"}, r"presets \(default and harsh\)"),
        ({"config": {"players": 9}}, r'configs \(\{"players": 4\} and \{"players": 9\}\)'),
        ({"arena": "travel"}, r"arenas \(travel and werewolf\)"),
    ],
)
def test_mixtures_are_refused_and_both_are_named(changed: dict[str, Any], named: str) -> None:
    rows = tournament(["a", "b"], 3, {"a": 1.0, "b": 1.0})
    with pytest.raises(LanistaError, match=named):
        of_rows([*rows[:-1], replace(rows[-1], **changed)], {})


def test_an_empty_board_and_unfinished_games() -> None:
    with pytest.raises(LanistaError, match="no finished game"):
        of_rows([], {})
    rows = tournament(["a", "b"], 4, {"a": 1.0, "b": 1.0})
    board = of_rows([*rows, row(9, "a", "b", None, scores={})], {})
    assert board.games == len(rows)
    assert any("1 unfinished" in note for note in board.notes)


def test_counts_by_hand() -> None:
    # Two seeds, both ways. a as village wins both; b as village wins one and draws one.
    rows = [
        row(0, "a", "b", "village"),
        row(0, "b", "a", "village"),
        row(1, "a", "b", "village"),
        row(1, "b", "a", None),
    ]
    board = of_rows(rows, stats(a=3, b=0))
    lines = {line.agent: line for line in board.lines}
    assert lines["a"].score.value == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert lines["a"].sides["village"].value == 1.0
    assert lines["a"].sides["wolves"].value == 0.25
    assert (lines["a"].games, lines["a"].blocks, lines["a"].illegal) == (4, 2, 3)
    assert lines["a"].forfeits == {"raised": 3}
    cells = {(c.row, c.column): c for c in board.payoff}
    assert cells["b", "a"].rate.value == 0.75
    assert cells["b", "a"].games == 2
    assert board.draws == 1
    assert board.team_wins["village"].value == pytest.approx(3.5 / 4)
    roles = {(r.agent, r.role): r for r in board.roles}
    assert roles["a", "seer"].rate.value == 1.0
    assert roles["a", "villager"].games == 2  # games, not seats
    assert roles["b", "werewolf"].rate.value == 0.0


def test_a_game_with_an_unnamed_seat_is_refused() -> None:
    with pytest.raises(LanistaError, match="'0-a-b' does not say who sat in p3"):
        of_rows([row(0, "a", "b", "village", players={"p0": "a", "p1": "a", "p2": "a"})], {})


@st.composite
def any_rows(draw: st.DrawFn) -> list[GameRow]:
    """Boards of any shape: few agents in any seats of one, two or three teams, few seeds, wins, draws and scores."""
    teams = draw(
        st.sampled_from(
            [{"crew": ["p0", "p1"]}, {"x": ["p0"], "y": ["p1", "p2"]}, {"x": ["p0"], "y": ["p1"], "z": ["p2"]}]
        )
    )
    seats = [seat for members in teams.values() for seat in members]
    agent = st.sampled_from(["a", "b", "c", "d"])
    score = st.sampled_from([0.0, 0.5, 1.0, 0.3])
    return [
        row(
            draw(st.integers(0, 3)),
            "",
            "",
            None,
            id=f"g{i}",
            teams=teams,
            players={seat: draw(agent) for seat in seats},
            roles={seat: draw(st.sampled_from(["r", "q"])) for seat in seats},
            scores={team: draw(score) for team in teams},
        )
        for i in range(draw(st.integers(1, 9)))
    ]


@settings(max_examples=150, deadline=None)
@given(any_rows(), st.randoms())
def test_any_games_make_a_board(rows: list[GameRow], shuffle: random.Random) -> None:
    board = of_rows(rows, {})
    text = board.to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert sorted(line.agent for line in board.lines) == sorted({a for r in rows for a in r.players.values()})
    for line in board.lines:
        assert 1 <= line.rank_low <= line.rank <= line.rank_high <= len(board.lines)
        assert 0 <= line.score.low <= line.score.value + 1e-12
        assert line.score.value <= line.score.high + 1e-12 <= 1 + 1e-9
        if line.rating is not None:
            assert line.rating.low <= line.rating.value <= line.rating.high
            assert abs(line.rating.value - 1500) < 4000
    assert board.verdict
    assert not re.search(r"-0(\.0+)?(?![.\d])", board.verdict), "nothing has no sign"
    shown(board)
    shuffle.shuffle(rows)
    assert of_rows(rows, {}).to_json() == text


def test_verdicts() -> None:
    ahead = of_rows(tournament(["x", "y"], 40, {"x": 9.0, "y": 1.0}), {})
    assert ahead.verdict.startswith("x leads, beyond what chance explains: x stands")
    equal = of_rows(tournament(["x", "y", "z"], 10, {"x": 1.0, "y": 1.0, "z": 1.0}), {})
    assert equal.verdict.startswith("No difference in the lead is shown: each of")
    two = of_rows(tournament(["x", "y", "z"], 40, {"x": 9.0, "y": 9.0, "z": 0.5}), {})
    assert two.verdict.startswith("No single leader is shown: each of")
    assert two.verdict.endswith("the others are behind.")
    alone = of_rows([row(i, "x", "x", "village") for i in range(3)], {})
    assert alone.verdict == "Only x played: there is nothing to compare it with."
    assert alone.lines[0].rating is None
    apart = of_rows(
        [r for one, other in (("a", "b"), ("c", "d")) for r in tournament([one, other], 5, dict.fromkeys("abcd", 1.0))],
        {},
    )
    first, *rest = equal.pairs
    nothing = replace(first, difference=Interval(-1e-5, -1e-5, 1e-5))
    lines = [line for name in (first.one, first.other) for line in equal.lines if line.agent == name]
    assert "stands 0.000 of score above" in verdict(lines, [nothing, *rest], None, 0.95)
    assert "interval +0.000 to +0.000" in verdict(lines, [nothing, *rest], None, 0.95)
    assert "{a, b}; {c, d}" in apart.verdict
    assert any("falls apart" in note for note in apart.notes)
    assert next(p for p in apart.pairs if (p.one, p.other) == ("a", "c")).difference is None


def test_an_agent_that_won_everything_comes_with_a_warning() -> None:
    board = of_rows([r for b in range(5) for r in (row(b, "x", "y", "village"), row(b, "y", "x", "wolves"))], {})
    assert any(note.startswith("x won every game") for note in board.notes)
    assert any(note.startswith("y lost every game") for note in board.notes)


def test_cycles_are_found() -> None:
    beats = {("rock", "scissors"), ("scissors", "paper"), ("paper", "rock")}
    names = ["rock", "paper", "scissors"]
    rows = [
        row(b, i, j, "village" if (i, j) in beats else "wolves")
        for b in range(5)
        for i in names
        for j in names
        if i != j
    ]
    board = of_rows(rows, {})
    assert len(board.cycles) == 1
    cycle = board.cycles[0]
    assert all((cycle[i], cycle[(i + 1) % 3]) in beats for i in range(3))
    assert "No difference" in board.verdict
    assert "no single order" in shown(board)
    assert of_rows(tournament(names, 30, {"rock": 9.0, "paper": 3.0, "scissors": 1.0}), {}).cycles == ()


def crew(block: int, agent: str, score: float) -> GameRow:
    return row(
        block,
        agent,
        agent,
        None,
        teams={"crew": ["p0", "p1", "p2", "p3"]},
        scores={"crew": score},
        id=f"{block}-{agent}",
    )


def test_cooperative_arenas_are_compared_on_the_same_seeds() -> None:
    # Seeds differ in difficulty by far more than the agents do; on the same seeds `good` is always 0.1 better.
    rows = [crew(b, a, (b % 10) / 12 + (0.1 if a == "good" else 0.0)) for b in range(40) for a in ("good", "fair")]
    board = of_rows(rows, {})
    assert board.kind == "scores"
    assert board.lines[0].agent == "good"
    assert board.lines[0].rating is None
    pair = board.pairs[0]
    assert pair.difference is not None
    assert pair.difference.value == pytest.approx(0.1)
    assert pair.difference.low > 0.0
    assert pair.shown
    assert board.verdict.startswith("good leads, beyond what chance explains: good stands 0.100 of score above fair")
    text = shown(board)
    assert "good − fair" in text
    assert board.payoff == ()


def test_the_terminal_prints_names_as_they_are() -> None:
    evil = "[bold red]x[/]\x1b[31m"
    board = of_rows(tournament([evil, "b"], 4, {evil: 1.0, "b": 1.0}), stats(b=0))
    text = shown(board)
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text


def test_no_number_of_two_sides_is_cut_in_any_terminal() -> None:
    odds = {"alpha": 1.0, "beta": 2.0, "gamma": 1.5}
    board = of_rows(tournament(list(odds), 100, odds), stats(alpha=1, beta=0, gamma=12_345))
    number = re.compile(r"[\[+-]*\d[\d.,]*[\]%]*")
    whole = Counter(number.findall(shown(board, 400)))
    assert "600" in whole
    for width in range(30, 121):
        found = Counter(number.findall(shown(board, width)))
        assert not whole - found, f"numbers are missing or cut {width} columns wide"
        assert set(found) == set(whole), f"a number is cut {width} columns wide"


@pytest.mark.parametrize("width", [60, 200])
def test_the_terminal_shows_every_agent_and_note(width: int) -> None:
    board = of_rows(tournament(["alpha", "beta", "gamma"], 6, {"alpha": 1.0, "beta": 2.0, "gamma": 1.0}), {})
    text = " ".join(shown(board, width).split())
    for name in ("alpha", "beta", "gamma", "seer", "werewolf"):
        assert name in text
