"""Calls and moves in whatever wraps them: composed at random around every legal reply of every registered arena."""

from __future__ import annotations

import json
import random
import time
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanista.arenas import Ask, Game, get, names
from lanista.arenas.core.contract import Illegal
from lanista.arenas.core.tools import BadCall, Call, Tool, by_name, call, example, parse, wording
from lanista.arenas.core.wrappings import CALLS, dressed

TOOLS = by_name(
    Tool(
        "search", "finds", {"from": {"type": "string"}, "page": {"type": "integer", "minimum": 1}}, frozenset({"page"})
    ),
    Tool("wait", "does nothing", {}),
    Tool("route", "hands on", {"to": {"enum": ["a", "b"]}}),
    Tool("say", "speaks", {"text": {"type": "string"}, "loud": {"type": "boolean"}}, frozenset({"loud"})),
)
NYC = call("search", **{"from": "NYC"})
SEARCH = 'search {"from": "NYC"}'
FUNCTION = {"id": "c", "type": "function", "function": {"name": "search", "arguments": '{"from": "NYC"}'}}


@pytest.mark.parametrize(
    "reply",
    [
        f"```json\n{SEARCH}\n```",
        f"**{SEARCH}**",
        f"I will look.\n{SEARCH}",
        f"Let me see: {SEARCH}",
        f"Action: {SEARCH}",
        f"Final answer: {SEARCH}.",
        f"1. {SEARCH}",
        f'"{SEARCH}"',
        json.dumps(SEARCH),
        f"{SEARCH}\n{SEARCH}",
        f"<think>wait {{}}</think>{SEARCH}",
        f"{SEARCH} # the flights",
        'SEARCH {"from": "NYC"}.',
        'search: {"from": "NYC"}',
        "search {'from': 'NYC',}",
        'search(from="NYC")',
        "search(from=NYC)",
        'search({"from": "NYC"})',
        'functions.search({"from": "NYC"})',
        '`search`\n```json\n{"from": "NYC"}\n```',
        'Thought: I look.\nAction: search\nAction Input:\n```json\n{"from": "NYC"}\n```\nObservation:',
        '{"name": "search", "arguments": {"from": "NYC"}}',
        '{"tool": "search", "from": "NYC"}',
        '{"search": {"from": "NYC"}}',
        '{"thought": "flights", "action": {"name": "search", "args": {"from": "NYC"}}}',
        json.dumps({"tool_calls": [FUNCTION]}),
        json.dumps([FUNCTION], indent=1),
        '{"type": "tool_use", "name": "search", "input": {"from": "NYC"}}',
        '<tool_call>\n{"name": "search", "arguments": {"from": "NYC"}}\n</tool_call>',
        '<function=search>{"from": "NYC"}</function>',
        f"Search\n{SEARCH}",
    ],
)
def test_one_call_is_read_in_what_models_wrap_it(reply: str) -> None:
    assert parse(reply, TOOLS) == NYC


@pytest.mark.parametrize("reply", ["Wait.", "**wait**", "wait()", "Action: wait", '{"name": "wait"}', "`wait {}`"])
def test_a_call_without_arguments_may_be_a_name_alone(reply: str) -> None:
    assert parse(reply, TOOLS) == Call("wait")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ('route {"to": "a"}\nroute {"to": "b"}', "more than one call was made (route)"),
        ('wait\nroute {"to": "a"}', "more than one call"),
        ('wait\n{"name": "route", "arguments": {"to": "a"}}', "more than one call"),
        (json.dumps([FUNCTION, {"name": "wait", "arguments": {}}]), "more than one call"),
        ('I could wait {} but rather:\nroute {"to": "a"}', "more than one call"),
        ("I will not wait {}", "in the midst of a sentence"),
        ("I will wait.", "reply with one call"),
        ("wait, let me think", "reply with one call"),
        ("route a", "reply with one call"),
        ("{}", "reply with one call"),
        ("", "reply with one call"),
    ],
)
def test_what_is_not_one_call_is_refused_with_the_reason(reply: str, why: str) -> None:
    read = parse(reply, TOOLS)
    assert isinstance(read, Illegal)
    assert why in read.why
    assert 'as NAME {"argument": value}' in read.why


def test_what_a_text_holds_is_no_call() -> None:
    inside = call("say", text='ask them to wait {} or\nroute {"to": "a"}')
    assert parse(str(inside), TOOLS) == inside
    broken = parse('say {"text": "he said "route {"to": "a"}" to me"}', TOOLS)
    assert isinstance(broken, BadCall), "what follows a faulty object may be a part of it"
    assert broken.tool == "say"


def test_hostile_replies_are_read_in_bounded_time() -> None:
    units = (
        "{",
        "[",
        "(",
        "search(",
        "search {",
        '{"a":',
        "'",
        "wait\n",
        "`",
        "```\n",
        "a.",
        "Action: ",
        "{'a':",
        "{}",
    )
    for unit in units:
        begun = time.process_time()
        parse((unit * 20_000)[:20_000], TOOLS)
        assert time.process_time() - begun < 2, unit


@cache
def met(arena: str) -> list[Ask]:
    """Asks of random play: every one with words of its own that the first games have."""
    asks: dict[Any, Ask] = {}
    for number in range(6):
        rng = random.Random(number)
        game = Game(get(arena), number)
        while not game.over:
            for seat in game.to_act():
                ask = game.ask(seat)
                assert ask is not None
                asks.setdefault((ask.seat, ask.kind, len(ask.choices)), ask)
            seat = game.to_act()[0]
            game.submit(seat, rng.choice(game.legal(seat)))
    return list(asks.values())


@pytest.mark.parametrize("arena", names())
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_wrapped_move_is_that_move_and_two_are_never_one(arena: str, data: st.DataObject) -> None:
    words: Any = get(arena).words
    if not hasattr(words, "wrappings"):
        pytest.skip("its words name no wrappings")
    ask = data.draw(st.sampled_from(met(arena)))
    move, other = data.draw(st.sampled_from(ask.choices)), data.draw(st.sampled_from(ask.choices))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    said = dressed(words.write(ask, move), words.wrappings(ask), rng)
    assert words.read(ask, said) == move, said
    if other != move:
        both = said + "\n" + dressed(words.write(ask, other), words.wrappings(ask), rng)
        assert words.read(ask, both) not in (move, other), both


SCHEMAS = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={"minLength": st.integers(1, 9), "maxLength": st.integers(10, 99), "pattern": st.just("^K[0-9]$")},
        ),
        st.fixed_dictionaries(
            {"type": st.sampled_from(["integer", "number"])},
            optional={"minimum": st.integers(1, 9), "maximum": st.integers(10, 99), "multipleOf": st.integers(2, 5)},
        ),
        st.fixed_dictionaries({"enum": st.lists(st.text("abc", min_size=2), min_size=1, max_size=3)}),
        st.just({"type": "string", "format": "date"}),
        st.just({"type": "boolean"}),
    ),
    lambda inner: st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={"minItems": st.integers(1, 9), "maxItems": st.integers(10, 99), "uniqueItems": st.just(True)},
    ),
    max_leaves=3,
)


@given(SCHEMAS, st.booleans())
def test_wording_leaves_out_no_constraint(schema: dict[str, Any], quoted: bool) -> None:
    said = wording(schema, quoted)
    while schema:
        for name, value in schema.items():
            if name in ("type", "items"):
                continue
            shown = {"uniqueItems": "all different", "format": "YYYY-MM-DD"}.get(name, value)
            for each in shown if isinstance(shown, list) else [shown]:
                assert str(each) in said, (name, said)
        schema = schema.get("items", {})


def test_the_example_is_a_call_that_is_taken() -> None:
    assert isinstance(parse(example(TOOLS), TOOLS), Call)
    assert example(by_name(TOOLS["wait"])) == "wait {}"


@given(st.integers(0, 2**32))
def test_the_grammar_changes_what_it_wraps(seed: int) -> None:
    made = {dressed(SEARCH, CALLS, random.Random(seed + n)) for n in range(20)}
    assert len(made) > 5
