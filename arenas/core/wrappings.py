"""What models wrap a reply in, as a grammar: for the laws of conformance, and for tests that draw from it.

A wrapping leaves the move as it is. They are put around each other from the inside out: first the form of a call, then
marks at its edges, then a block, then talk around it. Words say which of them they read, per ask:
``wrappings(ask) -> Iterable[str]``, one of the sets below or names of one's own choice out of them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping

_THOUGHTS = ("Let me see.", 'vote: player_1\nclose {}\n{"name": "wait"}', "def f(x):\n    return 1")
_TALK = ("I have thought about it.", "Here is my answer:", "Well, let us go on, then.")
_LEADS = ("Final answer: ", "Action: ", "Answer: ", "Final answer：")

Dress = Callable[[str, random.Random], str]


def _parts(call: str) -> tuple[str, str]:
    name, _, arguments = call.partition(" ")
    return name, arguments or "{}"


def _object(call: str, rng: random.Random) -> str:
    name, arguments = _parts(call)
    keys = rng.choice((("name", "arguments"), ("tool", "args"), ("name", "parameters"), ("action", "action_input")))
    return json.dumps(dict(zip(keys, (name, json.loads(arguments)), strict=True)), indent=rng.choice((None, 2)))


def _tool_calls(call: str, rng: random.Random) -> str:
    name, arguments = _parts(call)
    inner = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return json.dumps(rng.choice(({"tool_calls": [inner]}, {"role": "assistant", "tool_calls": [inner]}, [inner])))


def _tag(call: str, rng: random.Random) -> str:
    return (
        f"<tool_call>\n{_object(call, rng)}\n</tool_call>" if rng.random() < 0.5 else f"<tool_call>{call}</tool_call>"
    )


def _python(call: str, rng: random.Random) -> str:
    name, arguments = _parts(call)
    return f"{name}({', '.join(f'{key}={json.dumps(value)}' for key, value in json.loads(arguments).items())})"


def _react(call: str, rng: random.Random) -> str:
    name, arguments = _parts(call)
    return f"Thought: I will go on.\nAction: {name}\nAction Input: {arguments}"


def _shouted(call: str, rng: random.Random) -> str:
    name, arguments = _parts(call)
    return f"{rng.choice((name.upper(), name.capitalize()))} {arguments}"


def _fence(mark: str) -> Dress:
    return lambda text, rng: f"{mark}{rng.choice(('', 'json', 'text'))}\n{text}\n{mark}"


LAYERS: tuple[Mapping[str, Dress], ...] = (
    {
        "object": _object,
        "tool_calls": _tool_calls,
        "tag": _tag,
        "python": _python,
        "react": _react,
        "shouted": _shouted,
    },
    {
        "bold": lambda text, rng: f"**{text}**",
        "backticks": lambda text, rng: f"`{text}`",
        "quotes": lambda text, rng: f'"{text}"',
        "period": lambda text, rng: f"{text}.",
        "capital": lambda text, rng: text[:1].upper() + text[1:],
        "bullet": lambda text, rng: f"- {text}",
    },
    {"fence": _fence("```"), "long_fence": _fence("````"), "tildes": _fence("~~~")},
    {
        "lead": lambda text, rng: rng.choice(_LEADS) + text,
        "preface": lambda text, rng: f"{rng.choice(_TALK)}\n{rng.choice(('', chr(10)))}{text}",
        "blank": lambda text, rng: f"\n  \n{text}\n\n",
        "thoughts": lambda text, rng: f"<think>{rng.choice(_THOUGHTS)}</think>\n{text}",
    },
)
"""Every wrapping by name, layer by layer, from the inside out."""

CALLS = frozenset(name for layer in LAYERS for name in layer) - {"capital"}
"""For calls of tools: everything."""
LINES = frozenset({*LAYERS[1], *LAYERS[2], *LAYERS[3]})
"""For a move that is one line, with talk around it."""
ACTS = LINES - {"preface", "quotes"}
"""For a line beside which talk is heard, and of which quotation marks make talk."""
PROGRAMS = frozenset({*LAYERS[2], "preface", "blank", "thoughts"})
"""For texts of many lines."""

_ONE_LINE = frozenset(LAYERS[1])
_NO_LEAD = frozenset(LAYERS[2])


def dressed(reply: str, allowed: Iterable[str], rng: random.Random) -> str:
    """The reply in a few of the ``allowed`` wrappings."""
    able, text = frozenset(allowed), reply
    used: set[str] = set()
    for layer, most in zip(LAYERS, (1, 1, 1, 3), strict=True):
        names = [name for name in layer if name in able and not ("\n" in text and name in _ONE_LINE)]
        for name in [name for name in names if rng.random() < 0.5][:most]:
            if name == "lead" and (used & _NO_LEAD or "react" in used):
                continue
            if name in ("bold", "backticks", "quotes", "period", "bullet") and used & {"object", "tool_calls", "tag"}:
                continue
            text = layer[name](text, rng)
            used.add(name)
    return text
