"""``coding_novice``: understands the task, and makes a beginner's faults."""

from __future__ import annotations

import random
import re

from lanista.agents.coding import solving
from lanista.agents.coding.solving import Plan
from lanista.agents.coding.view import View, view
from lanista.agents.contract import Question
from lanista.agents.scripted import Scripted
from lanista.arenas.core import chance

SKILL = 0.35
"""How often a program of a novice has no fault put into it."""

_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")


class NoviceAgent(Scripted):
    """Knows what the specification says, and gets it wrong as beginners do.

    Recursion written down as it is told, a default argument that remembers the calls before, numbers off by one, an
    empty input forgotten. As the tester it tries the first example and believes the examples; as the debugger it
    writes the program once more, and may slip again.
    """

    name = "coding_novice"
    plays = "coding"

    def reply(self, question: Question) -> str:
        """One legal reply."""
        return _reply(question)


def _reply(question: Question) -> str:
    if not question.events:
        return question.legal[0]
    seen = view(question)
    if question.kind == "inputs":
        return question.legal[0]
    if question.kind == "report":
        return "fail: an example is wrong" if seen.failed or not seen.loads else _believed(seen)
    rng = random.Random(chance.key(question.seed, "novice", question.turn))
    source = _program(seen, rng)
    if source is None:
        return "keep" if question.kind == "revise" else question.legal[0]
    return source if question.kind == "write" or source == seen.program else f"cause: a slip\n{source}"


def _believed(seen: View) -> str:
    stuck = [row for row in seen.tried if row["status"] != "ok"]
    return f"fail: {stuck[0]['call']} does not return" if stuck else "pass"


def _program(seen: View, rng: random.Random) -> str | None:
    wanted = solving.plan(seen.specification)
    if wanted is None:
        return None
    right = solving.program(wanted)
    return right if rng.random() < SKILL else rng.choice(faults(wanted) or [right])


def faults(wanted: Plan) -> list[str]:
    """What a beginner may write instead; every one differs from the right program."""
    right = solving.program(wanted)
    made = [_off_by_one(right, i) for i in range(len(_NUMBER.findall(right)))]
    if wanted.weights:
        made += [solving.as_told(wanted), _remembering(wanted)]
    elif wanted.lines:
        head, *body = right.split("\n")
        made.append(
            "\n".join([head, "    first = v[0]", *body]) if "[" in right else "\n".join([head, "    v = v or 1", *body])
        )
        if len(wanted.lines) > 1:
            made.append("\n".join([head, *body[:-2], body[-1]]))
        if any(line.startswith("[") for line in wanted.lines):
            made.append("\n".join(["def f(v, w=[]):", "    w += v", "    v = w", *body]))
    return [source for source in dict.fromkeys(made) if source != right]


def _off_by_one(source: str, which: int) -> str:
    """The source with its ``which``-th number one larger."""
    seen = -1

    def change(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return str(int(found.group()) + 1) if seen == which else found.group()

    return _NUMBER.sub(change, source)


def _remembering(wanted: Plan) -> str:
    """The last values are kept in a default argument, and the next call finds them there."""
    terms = " + ".join(f"{w} * f[-{i}]" for i, w in enumerate(wanted.weights, 1) if w)
    return (
        f"def {wanted.entry_point}(n, f={list(wanted.starts)}):\n    while len(f) <= n:\n"
        f"        f.append({terms})\n    return f[-1]"
    )
