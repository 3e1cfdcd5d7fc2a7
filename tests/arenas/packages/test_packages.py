"""The arena ``packages``: cases proved, what crosses between seats, the judge, reading, and who solves what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lanista.agents import registry as agents
from lanista.agents.packages import view
from lanista.arenas import get
from lanista.arenas.core import conformance
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.referee import Game
from lanista.arenas.packages import arena, inputs, reading, running
from lanista.arenas.packages.case import KEEPERS, Wanted, generate, split_of
from lanista.arenas.packages.config import LEVELS, Config
from lanista.arenas.packages.moves import Calls, Report, Revision
from lanista.arenas.packages.parts import BY_MODULE, PARTS, bodies
from lanista.errors import UsageError
from lanista.play.runner import play_game

SEATS = ("generator_0", "tester_0", "debugger_0")


def solved(agent: str, seed: int, **config: Any) -> bool:
    episode = play_game(arena, dict.fromkeys(SEATS, agents.make(agent)), seed, config=arena.configure(**config))
    assert episode.outcome is not None
    return bool(episode.outcome.facts["solved"])


def test_no_sentence_is_said_of_two_decisions_and_no_two_ways_to_decide_have_one_code() -> None:
    said = [
        words for part in PARTS for dim in part.dims for option in dim.options for words in (option.doc, *option.asked)
    ]
    assert len(said) == len(set(said))
    for part in PARTS:
        everything = frozenset(other.module for other in PARTS)
        assert len(bodies(part.module, everything)) == len(part.variants())


@pytest.mark.parametrize("level", LEVELS)
def test_every_fault_of_a_case_shows_in_a_hidden_call_and_so_does_every_other_wrong_decision(level: str) -> None:
    told = missed = 0
    for seed in range(12):
        case = generate(seed, Config(level=level))
        assert not all(case.before)
        assert len({case.keepers[fault.module] for fault in case.faults}) == 2
        for part in case.parts():
            for dim in part.dims:
                for option in dim.options:
                    if option.key == case.right[part.module][dim.name] or dim.name == "pace":
                        continue
                    given = running.answers(case.files((Wanted(part.module, dim.name, option.key),)), case.calls)
                    told += 1
                    missed += all(running.same(a, b) for a, b in zip(given, case.expected, strict=True))
    assert missed <= told / 200, f"{missed} of {told} wrong decisions answer every hidden call rightly"


def test_splits_share_no_package() -> None:
    found = {
        split: {split_of(generate(seed, Config(split=split)).right) for seed in range(8)}
        for split in ("train", "dev", "test")
    }
    assert all(splits == {split} for split, splits in found.items())


def test_the_documentation_and_the_files_of_a_keeper_do_not_tell_what_letters_ask_for() -> None:
    for seed in range(10):
        case = generate(seed, Config(level="top"))
        for part in case.parts():
            text = case.file(part, case.faults)
            for dim in part.dims:
                told = [option for option in dim.options if option.doc in text]
                assert (dim.left_open in text) != bool(told)
        opened = {(module, dim) for module, dims in case.opened.items() for dim in dims}
        asked = {(wish.module, wish.dim) for wish, _ in _wishes(case)}
        assert opened == asked


def _wishes(case: Any) -> list[tuple[view.Wish, bool]]:
    seen = view.View(keepers=dict(case.keepers), letters=[letter._asdict() for letter in case.letters])
    return seen.wishes()


def test_letters_settle_every_decision_that_is_left_open_as_it_is_right() -> None:
    for seed in range(20):
        case = generate(seed, Config(level="top"))
        wishes = view.settled(_wishes(case))
        assert len(wishes) == 6
        assert all(case.right[wish.module][wish.dim] == wish.option for wish in wishes)
        assert any(wish.option != case.right[wish.module][wish.dim] for wish, _ in _wishes(case)), (
            "somebody contradicts"
        )


LONG = ("shotgun", "penalties", "charges")
"""Laws that play many games; at the default level they are tested with every arena's."""


@pytest.mark.parametrize(
    "law",
    [pytest.param(law, marks=[pytest.mark.slow] * (law in LONG)) for law in conformance.LAWS if law != "pettingzoo"],
)
def test_the_laws_hold_at_the_top_level(law: str) -> None:
    conformance.LAWS[law](arena, 1, 4, level="top")


def test_the_expert_solves_every_level_and_a_reader_without_a_plan_does_not() -> None:
    for level in LEVELS:
        assert all(solved("packages_expert", seed, level=level) for seed in range(3))
    assert sum(solved("packages_reader", seed, level="top") for seed in range(5)) <= 1


def test_a_team_that_writes_no_note_solves_nothing() -> None:
    """Keepers who do all that documents tell, and a tester who is silent or says what nobody can use."""
    expert = agents.make("packages_expert")

    class Mute(type(expert)):  # type: ignore[misc]
        def reply(self, question: Any) -> str:
            if question.kind == "report":
                return "to generator_0: do your best\nto debugger_0: do your best"
            return str(super().reply(question))

    for level in LEVELS:
        for seed in range(3):
            episode = play_game(arena, dict.fromkeys(SEATS, Mute()), seed, config=arena.configure(level=level))
            assert episode.outcome is not None
            assert not episode.outcome.facts["solved"]


def test_a_note_is_read_by_one_keeper_and_files_by_who_keeps_them() -> None:
    game = Game(arena, 3, arena.configure(level="top"))
    assert "Letter 1" in game.text("tester_0")
    game.submit("tester_0", "none")
    assert game.submit("tester_0", "to generator_0: blanks between the thousands, please") is None
    assert 'tester_0 to generator_0: "blanks between' in game.text("generator_0")
    case = game.state.table.case
    for seat in KEEPERS:
        text = game.history(seat)
        assert "Letter" not in re.sub("letters", "", text)
        for module in case.modules:
            assert (f"{module}.py:" in text) == (case.keepers[module] == seat)
    assert "blanks between" not in game.history("debugger_0")
    assert not any(f"{module}.py:" in game.history("tester_0") for module in case.modules)


def test_terms_by_hand() -> None:
    """A revision is paid by the difference it makes, to who made it and to who told; over a game they add up."""
    game = Game(arena, 5, arena.configure(level="easy"))
    case = game.state.table.case
    game.submit("tester_0", "none")
    game.submit("tester_0", "to generator_0: mend\nto debugger_0: mend")
    before, gained = sum(case.before) / case.total, 0.0
    for seat in KEEPERS:
        right = case.files(())
        game.submit(seat, "".join(f"file {module}.py\n{right[module]}" for module in case.kept_by(seat)))
        terms = {(name, to): amount for name, to, amount in game.step_terms}
        assert terms["tests_passed_share", seat] == terms["note_heeded", "tester_0"] > 0
        gained += terms["tests_passed_share", seat]
    assert gained == pytest.approx(1 - before)
    assert game.state.solved


def test_a_package_that_does_not_load_is_told_to_all_and_costs_until_it_loads_again() -> None:
    game = Game(arena, 5, arena.configure(level="easy"))
    case = game.state.table.case
    game.submit("tester_0", "none")
    game.submit("tester_0", "to generator_0: mend")
    module = case.kept_by("generator_0")[0]
    game.submit("generator_0", f"file {module}.py\ndef broken(:")
    assert ("does_not_load", "generator_0", 1.0) in [tuple(term) for term in game.step_terms]
    assert "The package does not load any more" in game.text("debugger_0")
    game.submit("debugger_0", "keep")
    game.submit("tester_0", f"{case.parts()[0].where}{inputs.sample(case.parts()[0])!r}".replace(",)", ")"))
    assert "The package does not load" in game.text("tester_0")
    game.submit("tester_0", "to generator_0: it does not load")
    game.submit("generator_0", f"file {module}.py\n{case.files(())[module]}")
    assert ("does_not_load", "generator_0", -1.0) in [tuple(term) for term in game.step_terms]


def test_the_slow_way_to_add_up_passes_everything_but_the_large_call() -> None:
    case = next(c for c in (generate(seed, Config(files=8)) for seed in range(30)) if c.heavy)
    slow = case.files((Wanted("totals", "pace", "slow"),))
    assert all(running.same(a, b) for a, b in zip(running.answers(slow, case.calls), case.expected, strict=True))
    assert running.heavy(slow) == case.heavy_answer


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"told": 4}, "told=4 letters about faults, but there are faults=3"),
        ({"conflicts": 3}, "only told=2 letters"),
        ({"files": 3, "faults": 8}, "more than the 6 decisions"),
        ({"files": 9}, "files is a whole number from 3 to 8"),
        ({"level": "hard"}, "level is one of"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(config: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        get("packages").configure(**config)


FUNCTIONS = ("ranking.top", "lines.line")


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("ranking.top([('Ann', 1)])", (("ranking.top", "([('Ann', 1)],)"),)),
        ("```python\nlines.line('Ann', 3)\n```", (("lines.line", "('Ann', 3)"),)),
        ("I try this:\n- `lines.line('Ann', 3)` == ?\n- ranking.top([])", None),
        ("1. lines.line('A', 1)\n2. ranking.top([])", (("lines.line", "('A', 1)"), ("ranking.top", "([],)"))),
        ("none", ()),
    ],
)
def test_calls_are_read(reply: str, found: Any) -> None:
    move = reading.calls(reply, FUNCTIONS, 3)
    assert isinstance(move, Illegal) if found is None else move == Calls(found)


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("pass", Report()),
        ("**Pass.**", Report()),
        ("to generator_0: a\nto debugger_0: b", Report((("generator_0", "a"), ("debugger_0", "b")))),
        ("To the team.\nTo debugger_0:\n- one\n- two", Report((("debugger_0", "one two"),))),
        ("to both: hurry", Report((("generator_0", "hurry"), ("debugger_0", "hurry")))),
        ("fail: ties", Report((("generator_0", "ties"), ("debugger_0", "ties")))),
        ("pass\nto debugger_0: b", None),
        ("well", None),
        ("to debugger_0:", None),
    ],
)
def test_reports_are_read(reply: str, found: Report | None) -> None:
    move = reading.report(reply, KEEPERS)
    assert isinstance(move, Illegal) if found is None else move == found


F, G = "def f():\n    return 1", "def g():\n    return 2"
MODULES = ("cleaning", "dates", "lines")


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (f"file dates.py\n{F}", (("dates", F),)),
        (
            f"note: done\n\n### `dates.py`\n```python\n{F}\n```\n\n**File: lines.py**\n```\n{G}\n```",
            (("dates", F), ("lines", G)),
        ),
        (f"```\nfile lines.py\n{G}\nfile dates.py\n{F}\n```", (("dates", F), ("lines", G))),
        ("keep", ()),
        ("I keep them as they are.", ()),
        (f"file cleaning.py\n{F}", None),
        (f"file dates.py\n{F}\nfile dates.py\n{G}", None),
        (f"file dates.py\n{F}\nkeep", None),
        (F, None),
        ("nothing to do", None),
    ],
)
def test_files_are_read(reply: str, found: Any) -> None:
    move = reading.revision(reply, MODULES, ("dates", "lines"))
    if found is None:
        assert isinstance(move, Illegal)
    else:
        assert isinstance(move, Revision)
        assert move.files == tuple((name, f"{source}\n") for name, source in found)


def test_who_keeps_one_file_need_not_name_it() -> None:
    assert reading.revision(f"note: so\n{F}", MODULES, ("lines",)) == Revision((("lines", F + "\n"),), "so")


def test_arguments_outside_a_function_are_named() -> None:
    part = BY_MODULE["ranking"]
    assert inputs.why_not(part, ([("Ann", 1)],)) is None
    for args, why in (((), "takes 1 argument"), (([("Ann",)],), "(name, amount)"), (([("Ann", 1.5)],), "whole number")):
        assert why in str(inputs.why_not(part, args))
    for each in PARTS:
        assert inputs.why_not(each, inputs.sample(each)) is None
