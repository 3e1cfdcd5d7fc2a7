"""Cooperative arenas on a board: metrics, repeats, pass^k and paired differences; and their games in a replay."""

from __future__ import annotations

import io
import json
import math
import random
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import errand
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lanista.agents import registry as agent_registry
from lanista.errors import UsageError
from lanista.leaderboards import page, replay, terminal
from lanista.leaderboards.board import Board, board, of_rows
from lanista.leaderboards.schedule import schedule
from lanista.leaderboards.tournament import run_tournament
from lanista.runs import Run
from lanista.stats import clustered_rate
from lanista.store import GameRow, Store, TurnStats

METRICS = {"done": "errands done", "turns": "turns it took"}


def row(block: int, agent: str, repeat: int = 0, **facts: Any) -> GameRow:
    done = bool(facts.get("done"))
    return GameRow(
        id=f"{block}{agent}{repeat}",
        block=block,
        arena="errand",
        hash="h",
        config={},
        preset="default",
        seed=block,
        players={"a": agent, "b": agent},
        roles={"a": "runner", "b": "keeper"},
        teams={"crew": ["a", "b"]},
        winner="crew" if done else None,
        scores={"crew": float(done)},
        returns={},
        facts=facts,
    )


def made(rows: list[GameRow]) -> Board:
    return of_rows(rows, {}, metrics=METRICS, success="done")


def shown(found: Board, width: int = 120) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    terminal.show(found, console)
    return console.export_text()


# Boards


def test_metrics_and_pass_k_by_hand() -> None:
    # Two cases, three tries each: 3 of 3 and 1 of 3 done. pass^1 = (1 + 1/3) / 2, pass^2 = (1 + 0) / 2, pass^3 = 1/2
    rows = [row(0, "x", r, done=True, turns=4 + r) for r in range(3)]
    rows += [row(1, "x", r, done=r == 0, turns=10 if r == 0 else None) for r in range(3)]
    found = made(rows)
    facts = {line.name: line for line in found.facts}
    assert facts["done"].rate
    assert not facts["turns"].rate
    assert facts["done"].mean.value == pytest.approx(4 / 6)
    assert facts["turns"].mean.value == pytest.approx((4 + 5 + 6 + 10) / 4)
    assert (facts["done"].games, facts["turns"].games) == (6, 4)  # None does not count
    rates = {line.k: line.rate for line in found.passes}
    assert {k: rate.value for k, rate in rates.items()} == pytest.approx({1: 2 / 3, 2: 1 / 2, 3: 1 / 2})
    assert rates[1] == pytest.approx(clustered_rate([1, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1])) == facts["done"].mean
    assert all(0 <= rate.low < rate.value < rate.high <= 1 for rate in rates.values())
    assert "pass^3" in shown(found)


def test_the_interval_of_a_count_does_not_go_below_nothing() -> None:
    # One case in three took 9 turns, the others none: the plain t interval of the mean 3 is about -10 to 16.
    counts = made([row(b, "x", turns=9 if b == 0 else 0) for b in range(3)])
    (turns,) = (line for line in counts.facts if line.name == "turns")
    assert turns.mean.value == pytest.approx(3)
    assert turns.mean.low == 0
    assert turns.mean.high == pytest.approx(3 + 4.303 * 3, rel=1e-3)
    # So it is for a share of calls; a number that was negative once keeps its interval.
    for least, low in ((0.0, 0.0), (-0.5, 17 / 6 - 4.303 * 37 / 12)):
        numbers = made([row(b, "x", turns=(9.0, 0.0, least)[b]) for b in range(3)])
        (turns,) = (line for line in numbers.facts if line.name == "turns")
        assert turns.mean.low == pytest.approx(low, rel=2e-2)


def test_what_never_varied_has_no_interval() -> None:
    found = made([row(b, name, turns=3) for b in range(3) for name in "xy"])
    for line in found.facts:
        if line.name == "turns":
            assert line.mean is not None
            assert (line.mean.value, line.mean.high) == (3, math.inf)
    (pair,) = (pair for pair in found.fact_pairs if pair.name == "turns")
    assert pair.difference is not None
    assert (pair.difference.value, pair.difference.high, pair.shown) == (0, math.inf, False)
    assert "[3, 3]" not in shown(found)
    assert "inf" not in shown(found)


def test_a_case_that_was_cut_short_is_left_out_of_the_k_it_cannot_tell() -> None:
    rows = [row(b, "x", r, done=True) for b in range(3) for r in range(3 if b else 2)]
    assert [(line.k, line.cases) for line in made(rows).passes] == [(1, 3), (2, 3), (3, 2)]


def test_certainty_needs_cases() -> None:
    # Everything succeeded everywhere; the interval still knows that there were only five cases
    rates = [line.rate for line in made([row(b, "x", r, done=True) for b in range(5) for r in range(8)]).passes]
    assert all(rate.value == 1.0 and rate.low < 0.7 for rate in rates)


def test_differences_are_taken_on_the_same_cases() -> None:
    # Cases differ by tens of turns, the agents by exactly two; the third agent shares no case with them
    rows = [row(b, a, done=b % 2 == 0, turns=10 * b + extra) for b in range(30) for a, extra in (("x", 0), ("y", 2))]
    rows += [row(100 + b, "z", done=True, turns=1) for b in range(3)]
    found = made(rows)
    pairs = {(p.one, p.other, p.name): p for p in found.fact_pairs}
    turns = next(p for key, p in pairs.items() if set(key[:2]) == {"x", "y"} and key[2] == "turns")
    assert turns.difference is not None
    assert abs(turns.difference.value) == pytest.approx(2)
    assert turns.blocks == 30
    alone = next(p for key, p in pairs.items() if "z" in key[:2] and key[2] == "turns")
    assert (alone.difference, alone.shown, alone.blocks) == (None, False, 0)
    done = next(p for key, p in pairs.items() if set(key[:2]) == {"x", "y"} and key[2] == "done")
    assert done.difference is not None
    assert done.difference.value == 0.0
    assert not done.shown


def test_pass_k_is_compared_where_cases_were_repeated() -> None:
    rows = [row(b, a, r, done=a == "x" or r == 0, turns=1) for b in range(20) for a in "xy" for r in range(2)]
    pairs = {p.name: p for p in made(rows).fact_pairs}
    assert pairs["pass^2"].difference is not None
    assert abs(pairs["pass^2"].difference.value) == 1.0
    assert pairs["pass^2"].shown
    assert "pass^2" not in {p.name for p in made([r for r in rows if r.id.endswith("0")]).fact_pairs}


def test_a_customer_who_is_a_seat_is_no_opponent() -> None:
    # x and y change places as crew and customer; what came of the case is the crew's
    teams = {"crew": ["a"], "customer": ["b"]}
    rows = [
        replace(
            row(b, crew, done=crew == "x"),
            players={"a": crew, "b": customer},
            teams=teams,
            scores={"crew": float(crew == "x"), "customer": 0.0},
        )
        for b in range(20)
        for crew, customer in (("x", "y"), ("y", "x"))
    ]
    found = made(rows)
    assert found.kind == "scores"
    assert [(line.agent, line.score.value, line.games) for line in found.lines] == [("x", 1.0, 20), ("y", 0.0, 20)]
    assert {(line.agent, line.mean.value) for line in found.facts if line.name == "done"} == {("x", 1.0), ("y", 0.0)}
    assert any("Customer is no opponent of crew" in note for note in found.notes)
    assert of_rows(rows, {}).kind == "versus"  # an arena that names no success is a contest


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.sampled_from("xy"), st.booleans() | st.none(), st.none() | st.floats(-1e6, 1e6)
        ),
        min_size=1,
        max_size=25,
    ),
    st.randoms(),
)
def test_any_facts_make_a_board(games: list[tuple[int, str, bool | None, float | None]], shuffle: Any) -> None:
    rows = [row(b, a, i, done=done, turns=turns) for i, (b, a, done, turns) in enumerate(games)]
    found = made(rows)
    by_agent: dict[str, dict[tuple[int, int], float]] = defaultdict(dict)
    for line in found.passes:
        assert 0 <= line.rate.low <= line.rate.value + 1e-12
        by_agent[line.agent][line.cases, line.k] = line.rate.value
    for passes in by_agent.values():
        for (cases, k), rate in passes.items():
            after = passes.get((cases, k + 1))
            assert after is None or after <= rate + 1e-12  # of the same cases: one more try can only be harder
    for pair in found.fact_pairs:
        assert pair.difference is None or math.isfinite(pair.difference.value)
    text = found.to_json()
    assert "Infinity" not in text
    shuffle.shuffle(rows)
    assert made(rows).to_json() == text


def test_numbers_stay_whole_in_any_terminal() -> None:
    rng = random.Random(1)
    rows = [row(b, a, done=rng.random() < 0.5, turns=b) for b in range(200) for a in ("alpha", "beta", "gamma")]
    counted = TurnStats(agent="", games=1, decisions=1_234_567, illegal=89, fallbacks=0, forfeits={}, latency_p50_s=0.5)
    stats = {a: replace(counted, agent=a) for a in ("alpha", "beta", "gamma")}
    found = of_rows(rows, stats, metrics=METRICS, success="done")
    whole = Counter(numbers(shown(found, 400)))
    for width in range(30, 121):
        text = shown(found, width)
        assert max(map(len, text.splitlines())) <= width
        # Stacked rows say a row's and a column's name again, so some numbers may stand there more often, none less.
        assert not whole - Counter(numbers(text)), f"numbers are missing or cut {width} columns wide"
        assert set(numbers(text)) == set(whole), f"a number is cut {width} columns wide"
        assert "resolved" not in text
        for name in METRICS:
            assert name in text


def numbers(text: str) -> list[str]:
    """Every number with its sign, its separators and its brackets."""
    return re.findall(r"[\[+-]*\d[\d.,]*[\]%]*", text)


# Tournaments


def test_repeats_are_the_same_cases_with_other_agent_seeds() -> None:
    once = schedule(errand.ARENA, ["a", "b"], 6, 5)
    plan = schedule(errand.ARENA, ["a", "b"], 18, 5, repeats=3)
    assert (plan.games, plan.block_size, plan.repeats) == (18, 6, 3)
    assert len({match.id for match in plan.matches}) == 18
    cases = defaultdict(list)
    for match in plan.matches:
        cases[match.block, tuple(match.players.items())].append(match)
    for tries in cases.values():
        assert len({match.seed for match in tries}) == 1
        assert len({match.agent_seed for match in tries}) == 3
    firsts = [(m.id, m.seed, dict(m.players), m.agent_seed) for m in plan.matches if m.agent_seed is None]
    assert firsts == [(m.id, m.seed, dict(m.players), m.agent_seed) for m in once.matches]
    with pytest.raises(UsageError, match="1 to 100 times, not 0: see --repeats"):
        schedule(errand.ARENA, ["a"], 6, 5, repeats=0)


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> None:
    real = agent_registry.make

    def make(name: str, **options: Any) -> Any:
        return errand.Sweeper() if name == "sweeper" else real(name, **options)

    monkeypatch.setattr(agent_registry, "make", make)


@pytest.fixture
def run(tmp_path: Path, agents: None) -> Iterator[Run]:
    run_tournament(errand.ARENA, ["random", "sweeper"], 240, 1, out=tmp_path / "run", repeats=4, workers=0)
    with Run.open(tmp_path / "run") as opened:
        yield opened


def test_a_tournament_with_repeats_on_a_board(run: Run) -> None:
    found = board(run.store, arena=errand.ARENA)
    assert (found.kind, found.games, found.blocks) == ("scores", 240, 30)
    assert run.config["repeats"] == 4
    opened = defaultdict(set)
    for columns, episode in run.store.items():
        assert episode.outcome is not None
        opened[columns["players"]["runner_0"], columns["block"]].add(tuple(episode.outcome.facts["boxes"]))
    assert all(len(found) == 1 for (agent, _), found in opened.items() if agent == "sweeper")
    assert Counter(len(found) for (agent, _), found in opened.items() if agent == "random").most_common(1)[0][0] > 1
    passes = {(line.agent, line.k): line.rate.value for line in found.passes}
    # The sweeper does the same every time: what succeeds once succeeds always
    assert len({passes["sweeper", k] for k in (1, 2, 3, 4)}) == 1
    # Random play finds the key with 1 - (3/4)^4 = 0.684, anew each time: pass^2 is the square
    assert passes["random", 1] == pytest.approx(1 - 0.75**4, abs=0.1)
    assert passes["random", 2] == pytest.approx((1 - 0.75**4) ** 2, abs=0.12)
    facts = {(line.agent, line.name): line for line in found.facts}
    assert facts["sweeper", "repeated"].mean.value == 0.0
    assert json.loads(found.to_json())["success"] == "found"
    text = page.render(found, run.store)
    for part in ("Reliability", "pass^4", "boxes opened where the key was found", "What came of the games"):
        assert part in text


def test_a_board_of_an_arena_that_is_not_installed_says_what_is_missing(run: Run) -> None:
    found = board(run.store)
    assert found.facts == ()
    assert any("No metrics are shown" in note and "'errand'" in note for note in found.notes)


def test_one_damaged_game_leaves_the_page_of_the_others(run: Run) -> None:
    ids = run.store.ids()
    with sqlite3.connect(run.path / "store.sqlite") as raw:
        raw.execute("UPDATE episodes SET record = substr(record, 1, 20) WHERE id = ?", (ids[1],))
    with Store.open(run.path / "store.sqlite") as store:
        found = board(store, arena=errand.ARENA)
        text = page.render(found, store)
    assert found.games == 240  # what boards count is not in the record
    assert f"The record of game {ids[1]} is damaged" in text
    listed = json.loads(text.partition('id="index">')[2].partition("</script>")[0])["games"]
    assert [game["id"] for game in listed] == [id for id in ids if id != ids[1]]


# Replays


def test_a_replay_shows_calls_hidden_state_and_the_ledger(run: Run) -> None:
    episode = next(e for e in run.store.episodes() if e.outcome and e.outcome.winner is None)
    out = io.StringIO()
    replay.show(episode, Console(file=out, width=200), rewards=True)
    text = out.getvalue()
    assert text.count("[hidden] The key lies in box") == 3  # dealt, and moved after two tries and after four
    for step in episode.steps:
        assert f"{step.turns[0].seat} → {step.turns[0].action}" in text
    sums = [line.strip() for line in text.splitlines() if "so far" in line]
    assert sums == ["so far: runner_0 -1", "so far: keeper_0 -1", "so far: runner_0 -2", "so far: keeper_0 -2"]
    out = io.StringIO()
    replay.show(episode, Console(file=out, width=200), seat="keeper_0")
    seen = out.getvalue()
    for secret in ("hidden", "The key lies", "runner_0 →", "so far"):
        assert secret not in seen
    assert f"> {episode.steps[1].turns[0].reply}" in seen


def test_the_running_sums_end_at_the_returns(run: Run) -> None:
    for episode in run.store.episodes():
        ledger = replay.Ledger(episode)
        last: dict[str, float] = {}
        for step in episode.steps:
            for line in ledger.book(step):
                if line.startswith("  so far: "):
                    for part in line.removeprefix("  so far: ").split(", "):
                        seat, _, value = part.partition(" ")
                        last[seat] = float(value)
        assert last == pytest.approx(dict(episode.returns))
