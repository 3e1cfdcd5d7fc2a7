"""Games on a case worked by hand: who hears what, what is paid, which cheats fail, and the golden transcript."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from research_bank import BATTERIES, QUANTITY, RIGHT, played, started, terms
from research_golden import FILE, REPLIES, transcript

from lanista.agents import registry
from lanista.agents.contract import Agent, Question
from lanista.agents.research.cheater import CHEATS
from lanista.agents.research.expert import ResearchExpert
from lanista.arenas.core import conformance
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.referee import Game
from lanista.arenas.research import arena, judge, reading
from lanista.arenas.research.config import LEVELS, SEATS
from lanista.arenas.research.moves import Line, Summary
from lanista.play import degenerate, runner
from lanista.training.trajectories import Trajectory, payments

PLAN = 'plan {"tasks": ["argyrodite", "garnet"]}'


def report(text: str) -> str:
    return f'report {{"text": "{text}"}}'


def test_the_transcript_is_the_golden_one() -> None:
    golden = FILE.read_text(encoding="utf-8")
    assert transcript() == golden, "the wording changed: run research_golden.py, and read what it wrote"


def test_a_seat_knows_only_what_another_wrote() -> None:
    game = played([PLAN, 'search {"query": "garnet"}', 'open {"papers": ["P0009"]}', report("P0009: 2.4 mA/cm2")])
    assert "metallic lithium electrodes" in game.history("executor_0")
    for seat in SEATS:
        if seat != "executor_0":
            assert "metallic lithium electrodes" not in game.history(seat)
            assert '"P0009: 2.4 mA/cm2"' in game.text(seat) or seat == "verifier_0"
        if seat != "planner_0":
            assert "Summarise" not in game.history(seat)
            assert "2023" not in game.history(seat).replace("2023-", "")
    game.submit("executor_0", report(""))
    assert '"P0009: 2.4 mA/cm2"' in game.text("verifier_0")


@pytest.mark.parametrize(
    "config",
    [{"shared": True, "papers": 300}, {"level": "hard", "papers": 500}, {"rounds": 1, "calls": 2, "checks": 2}],
)
@pytest.mark.parametrize("law", [law for law in conformance.LAWS if law not in ("pettingzoo", "shotgun", "roles")])
def test_the_laws_hold_at_every_table(law: str, config: dict[str, object]) -> None:
    conformance.LAWS[law](arena, 2, 5, **config)


def test_every_seat_is_compared_under_privacy() -> None:
    assert conformance.privacy(arena, 2) > 60


def test_at_a_shared_table_everybody_is_told_what_any_seat_is() -> None:
    game = played([PLAN, 'open {"papers": ["P0009"]}', report(""), report("")], shared=True)
    for seat in SEATS:
        assert "metallic lithium electrodes" in game.history(seat)
        assert "The question: Summarise" in game.history(seat)
    assert conformance.privacy(arena, 2, 3, shared=True, papers=300) > 30


# Rewards, by hand


def test_the_golden_game_pays_what_its_page_says() -> None:
    """Three values are asked for. The first round finds none; the second all: progress 1, found 1/3 and 2/3. Four drops
    and three keeps are right: 3 + 4 + 4 · 0.5 for the verifier."""
    game = played(REPLIES)
    assert terms(game, "planner_0") == {"progress": pytest.approx(1)}
    assert terms(game, "executor_0") == {"found": pytest.approx(1), "subtask_done": 2}
    assert terms(game, "verifier_0") == {"kept_good": 3, "stopped_bad": 4, "reason": 4, "verified": 2}
    assert terms(game, "generator_0") == {"covered": 1}
    assert terms(game, "research") == {"solved": 1, "quality": 1}
    assert game.returns == pytest.approx({"planner_0": 20, "executor_0": 20, "verifier_0": 19, "generator_0": 20})


def test_a_plan_answers_for_the_span_of_the_sub_tasks_that_it_opened() -> None:
    """The first plan got nothing through the verifier, the second all; the case was solved after the word to write."""
    game = played(REPLIES)
    seat = Trajectory(
        episode=game.episode(),
        seat="planner_0",
        role="planner",
        team="research",
        policy="p",
        scenario=0,
        sibling=0,
        payments=tuple(payments(game.episode(), "planner_0")),
    )
    assert seat.by_span() == pytest.approx((0, 10, 10))
    assert sum(seat.by_span()) == pytest.approx(seat.total)


def test_the_literal_preset_pays_the_sources_numbers() -> None:
    """Two sub-tasks and two rounds at 5, and a quality of 1 at 20 for everybody."""
    game = played(REPLIES, preset="literal")
    assert game.returns == pytest.approx({"planner_0": 20, "executor_0": 30, "verifier_0": 30, "generator_0": 20})
    poor = played(["write {}", f"gap: argyrodite | {QUANTITY}"], preset="literal")
    assert poor.returns == pytest.approx(dict.fromkeys(SEATS, -5.0))


def test_judging_back_and_forth_adds_up_to_how_it_stands() -> None:
    reports = [PLAN, 'open {"papers": ["P0001", "P0002"]}', report("P0001: 2.1, P0002: 1.4"), report("")]
    keep, drop = 'keep {"papers": ["P0001"]}', 'drop {"papers": ["P0001"], "reason": "date"}'
    game = played([*reports, drop, keep, drop, keep, 'drop {"papers": ["P0002"], "reason": "venue"}', "done {}"])
    assert terms(game, "verifier_0") == {"kept_good": 1, "stopped_bad": 1, "verified": 1}, "the reason was wrong"
    assert terms(game, "planner_0") == {"progress": pytest.approx(1 / 3)}


def test_reporting_a_value_wrongly_later_takes_its_pay_back() -> None:
    game = played([PLAN, 'open {"papers": ["P0001"]}', report("P0001: 2.1"), report("P0001: 2.7")])
    assert terms(game, "executor_0") == {"subtask_done": 1}
    game = played([PLAN, 'open {"papers": ["P0001"]}', report("P0001: 2.1"), report("P0001 again")])
    assert terms(game, "executor_0") == {"subtask_done": 1, "found": pytest.approx(1 / 3)}


def test_what_was_not_opened_is_reported_at_a_price() -> None:
    game = played([PLAN, report("P0001: 2.1, P0009: 2.4, P9999: 1"), report("P0001")])
    assert terms(game, "executor_0")["unopened"] == 2


def test_a_keep_of_what_does_not_count_costs() -> None:
    game = played([PLAN, 'open {"papers": ["P0004"]}', report("P0004: 4.0"), report(""), 'keep {"papers": ["P0004"]}'])
    assert terms(game, "verifier_0") == {"kept_bad": 1}


def test_judging_what_nobody_reported_is_refused_at_a_price() -> None:
    game = played([PLAN, report(""), report(""), 'keep {"papers": ["P0001"]}'])
    assert terms(game, "verifier_0") == {"bad_call": 1}
    assert "none of these was reported" in game.text("verifier_0")


# The service


def test_searches_too_often_are_answered_with_a_429_until_time_has_passed() -> None:
    search = 'search {"query": "garnet"}'
    game = played([PLAN, search, search, search, search])
    assert '"status": 429' in game.text("executor_0")
    assert terms(game, "executor_0") == {"too_often": 1}
    game.submit("executor_0", "wait {}")
    game.submit("executor_0", search)
    assert "P0007" in game.text("executor_0")


def test_faults_come_by_chance_and_cost_nothing() -> None:
    game = played([PLAN, *['search {"query": "garnet"}', "wait {}"] * 5], faults=50)
    texts = game.history("executor_0")
    assert texts.count('"status": 503') > 0
    assert "P0007" in texts
    assert terms(game, "executor_0") == {}


def test_pages_and_years_narrow_a_search() -> None:
    game = played([PLAN, 'search {"query": "lithium", "page": 3}'])
    assert "nothing on page 3" in game.text("executor_0") or "page 3" in game.text("executor_0")
    game = played([PLAN, 'search {"query": "lithium", "since": 2025}'])
    assert "1 papers, page 1:\nP0009" in game.text("executor_0")


def test_a_paper_that_does_not_exist_is_a_costed_404() -> None:
    game = played([PLAN, 'open {"papers": ["P0001", "P7777"]}'])
    assert '"status": 404' in game.text("executor_0")
    assert "Argyrodite for lithium-metal anodes" in game.text("executor_0")
    assert terms(game, "executor_0") == {"bad_call": 1}


def test_where_calls_end_an_empty_report_is_made() -> None:
    game = played([PLAN, 'open {"papers": ["P0001"]}', "wait {}"], calls=2)
    assert "sub-task 2 of 2, 2 calls left" in game.text("executor_0")
    assert 'reports on sub-task 1 of 2: ""' in game.text("executor_0")


# The judge


def verdict(text: str) -> judge.Verdict:
    made = reading.summary(text)
    assert isinstance(made, Summary), made
    return judge.judged(BATTERIES, made)


def test_the_right_summary_is_right_however_it_is_dressed() -> None:
    assert verdict(RIGHT).solved
    assert verdict(f"Dear reader,\n```\n{RIGHT}\n```\nJudge: solved.").solved
    assert verdict(RIGHT.replace("claim", "- **Claim**").replace(" | P", "|[P")).solved
    assert verdict(RIGHT.replace("garnet", "LLZO").replace("2.4 mA/cm2", "2.40 mA / cm²")).solved


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("2.1 mA", "2.7 mA", "the abstract's number"),
        ("2.1 mA/cm2", "2.1", "no unit"),
        ("2.1 mA/cm2", "2.1 A/cm2", "another unit"),
        ("| P0001", "| P0001 P0002", "a paper of another year beside the right one"),
        ("| P0001", "| P0010", "a review"),
        ("| P0001", "| P9999", "no such paper"),
        ("| P0007", "| P0009", "the paper with the other value"),
        ("1.6 mA/cm2 | P0007", "1.8 mA/cm2 | P0006", "the replaced value"),
        ("gap: polymer electrolyte", "gap: garnet", "no gap"),
        (f"gap: polymer electrolyte | {QUANTITY}", f"claim: garnet | {QUANTITY} | 4.0 mA/cm2 | P0004", "retracted"),
        (f"argyrodite | {QUANTITY}", "argyrodite | cycle life", "another quantity"),
        (f"\nclaim: garnet | {QUANTITY} | 2.4 mA/cm2 | P0009", "", "the contradiction is left out"),
        ("gap:", f"gap: borohydride | {QUANTITY}\ngap:", "what nobody asked for"),
    ],
)
def test_a_summary_with_one_fault_is_wrong(old: str, new: str, why: str) -> None:
    assert old in RIGHT
    assert not verdict(RIGHT.replace(old, new, 1)).solved, why


def test_a_report_gives_the_first_number_after_a_paper() -> None:
    assert judge.reported("P0001: 3.2 mA/cm2, P0002 and P0003 (LLZO): 1,200 cycles.") == {
        "P0001": "3.2",
        "P0002": "",
        "P0003": "1,200",
    }
    assert judge.reported("nothing, P123 and XP0001") == {}
    assert judge.reported("P0001, see P0001: 4.0.") == {"P0001": "4.0"}
    assert judge.equal("1,200", "1200")
    assert judge.equal("3.0", "3")
    assert not judge.equal("", "3")


# Bad input


@pytest.mark.parametrize(
    "reply",
    [
        f'plan {{"tasks": [{", ".join(["1"] * 1000)}]}}',
        'plan {"tasks": []}',
        'plan {"tasks": "all of it"}',
        f'plan {{"tasks": ["{"x" * 201}"]}}',
        'write {"note": 5}',
    ],
)
def test_a_plan_that_is_none_is_answered_costs_and_takes_a_plan(reply: str) -> None:
    game = played([reply])
    assert terms(game, "planner_0") == {"bad_call": 1}
    assert '"status": 400' in game.text("planner_0")
    assert "2 more plans" in game.text("planner_0")


@pytest.mark.parametrize("reply", ["x" * 10_000_000, RIGHT * 1000, "", "All is well.", "claim: a | b | c", "gap: a"])
def test_a_summary_that_cannot_be_read_is_refused_with_a_reason(reply: str) -> None:
    game = played(["write {}"])
    refused = game.submit("generator_0", reply)
    assert isinstance(refused, Illegal)
    assert len(refused.why) < 400
    game.submit("generator_0", reply)
    assert game.over


def test_too_many_lines_sources_and_long_names_are_refused() -> None:
    many = "\n".join(f"gap: a{number} | b" for number in range(25))
    assert "at most 24" in reading.summary(many).why  # type: ignore[union-attr]
    cited = " ".join(f"P{number:04d}" for number in range(9))
    assert "1 to 8 sources" in reading.summary(f"claim: a | b | 1 | {cited}").why  # type: ignore[union-attr]
    assert "1 to 60 characters" in reading.summary(f"gap: {'a' * 61} | b").why  # type: ignore[union-attr]
    assert reading.summary("1. gap: a | b\n2) gap: a | b") == Summary((Line("a", "b"),))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.text(), st.sampled_from([*REPLIES, "9" * 400, "P0001: " + "9" * 400])), max_size=25))
def test_any_replies_make_a_game_that_ends(replies: list[str]) -> None:
    game = started()
    for reply in replies:
        if not game.over:
            game.submit(game.to_act()[0], reply)
    while not game.over:
        game.submit(game.to_act()[0], "")
    assert game.outcome is not None


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_is_judged_without_an_exception(approach: str, quantity: str, value: str, sources: str) -> None:
    judge.reported(f"P0001{approach}P0002{value}")
    made = reading.summary(f"claim: {approach} | {QUANTITY} | {value} | P0001{sources}\ngap: {quantity} | {approach}")
    if isinstance(made, Summary):
        assert not judge.judged(BATTERIES, made).solved
        assert reading.summary(reading.write(made)) == made


# Teams


def outcomes(agent: Agent, count: int, **config: Any) -> list[Game]:
    """Games of a team of this agent in every seat."""
    found: list[Game] = []
    table = arena.configure(**config)
    seating = dict.fromkeys(SEATS, agent)
    specs = [runner.GameSpec(id=str(s), arena=arena, seed=s, seating=seating, config=table) for s in range(count)]
    runner.play(specs, on_game=lambda _, game: found.append(game))
    return found


def solved(agent: Agent, count: int, **config: Any) -> float:
    games = outcomes(agent, count, **config)
    return sum(game.outcome.facts["solved"] for game in games if game.outcome) / count


@pytest.mark.parametrize("level", LEVELS)
def test_the_expert_solves_what_it_understands_and_slips_nowhere(level: str) -> None:
    games = outcomes(registry.make("research_expert"), 20, split="dev", level=level)
    assert all(game.outcome and game.outcome.facts["solved"] for game in games)
    slips = {"bad_call", "too_often", "unopened", "surplus", "refused_reply", "illegal_reply", "forfeit"}
    assert not slips & {term.name for game in games for step in game.steps for term in step.terms}


def test_over_a_game_differences_add_up_to_what_stands_at_its_end() -> None:
    for game in outcomes(registry.make("research_novice"), 15, split="dev"):
        assert game.outcome is not None
        facts, state = game.outcome.facts, game.state
        assert terms(game, "planner_0").get("progress", 0) == pytest.approx(facts["checked"])
        assert terms(game, "executor_0").get("found", 0) == pytest.approx(facts["found"])
        standing = judge.standing(state.table.case, dict(state.judged))
        got = terms(game, "verifier_0")
        assert {name: got.get(name, 0) for name in standing} == pytest.approx(standing)


def test_the_novice_solves_about_half_and_play_without_judgement_nothing() -> None:
    assert 0.25 < solved(registry.make("research_novice"), 40, split="dev") < 0.75
    degenerate.check(arena, games=20)


@pytest.mark.parametrize("cheat", [name for name in CHEATS if name != "each"])
def test_no_cheat_is_right_more_than_by_chance(cheat: str) -> None:
    assert solved(registry.make(f"research_cheater:{cheat}"), 25, split="dev") <= 0.04


def test_claiming_every_number_fails_without_a_verifier() -> None:
    assert solved(registry.make("research_cheater:each"), 25, split="dev", level="hard") == 0
    assert solved(registry.make("research_cheater:each"), 25, split="dev") < 0.25


class Mute(ResearchExpert):
    """One seat that plays as the expert does and writes nothing to the others."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def reply(self, question: Question) -> str:
        if question.kind != self.kind:
            return super().reply(question)
        if question.kind == "execute":
            return 'report {"text": ""}'
        return 'plan {"tasks": ["look around"]}' if question.kind == "plan" else "done {}"


@pytest.mark.parametrize("kind", ["plan", "execute", "verify"])
def test_no_seat_can_be_done_without(kind: str) -> None:
    assert solved(Mute(kind), 12) == 0.0
