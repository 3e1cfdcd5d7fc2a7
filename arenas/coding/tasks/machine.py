"""A stack machine: programs of a few given words are run, not written."""

from __future__ import annotations

import random
import re
from typing import Any

from lanista.arenas.coding.tasks.domains import List, Made, Word
from lanista.arenas.coding.tasks.recipe import Family, Recipe, source
from lanista.arenas.coding.tasks.relations import Relation

_WORDS = {
    "add": (2, "add replaces the two on top by their sum", "[a + b]"),
    "sub": (2, "sub replaces the two on top by the lower one minus the upper one", "[a - b]"),
    "mul": (2, "mul replaces the two on top by their product", "[a * b]"),
    "max": (2, "max replaces the two on top by the larger one", "[max(a, b)]"),
    "swap": (2, "swap exchanges the two on top", "[b, a]"),
    "over": (2, "over puts a copy of the second from the top on top", "[a, b, a]"),
    "dup": (1, "dup puts a copy of the top on top", "[b, b]"),
    "neg": (1, "neg changes the sign of the top", "[-b]"),
    "drop": (1, "drop takes the top away", "[]"),
}


def _machine(numbers: Any) -> Recipe:
    words, short, end = numbers
    lack = "is left out" if short == "skip" else "ends the program"
    result = {
        "stack": ("the stack as a list, its top last", "w", "w[::-1]"),
        "top": ("the stack as a list, its top first", "w[::-1]", "w"),
        "sum": ("the sum of the stack", "sum(w)", "sum(w)"),
    }[end]
    cases = "".join(
        f'        elif c == "{word}":\n            w = w[:-{_WORDS[word][0]}] + {_filled(word, "w[-2]", "w[-1]")}\n'
        for word in words
    )
    again = "".join(
        f'        if c == "{word}":\n            {"b, a, *w = w" if _WORDS[word][0] == 2 else "b, *w = w"}\n'
        f"            w = {_WORDS[word][2]}[::-1] + w\n            continue\n"
        for word in words
    )
    need = {word: _WORDS[word][0] for word in words}
    least = "2" if set(need.values()) == {2} else "1" if set(need.values()) == {1} else f"{need}[c]"
    return Recipe(
        composition=f"{' '.join(words)} {short} {end}",
        steps=len(words),
        entry_point="f",
        specification=(
            "v is a program for an empty stack of numbers. A number is put on top; "
            f"{'; '.join(_WORDS[w][1] for w in words)}. "
            f"A word that finds too few numbers {lack}. Return {result[0]}. v is {_programs(words).text}."
        ),
        answer="an int" if end == "sum" else "a list of ints",
        reference=source(
            """
            def f(v):
                w = []
                for c in v:
                    if c.isdigit():
                        w = w + [int(c)]
                    elif len(w) < $least:
                        $lack
            $cases
                return $result
            """,
            least=least,
            lack="continue" if short == "skip" else "break",
            cases=cases.rstrip("\n"),
            result=result[1],
        ),
        brute=source(
            """
            def f(v):
                w, need = [], $need
                for c in v:
                    if c not in need:
                        w = ["0123456789".index(c)] + w
                        continue
                    if len(w) - need[c] < 0:
                        $lack
            $again
                return $result
            """,
            need=need,
            lack="continue" if short == "skip" else f"return {result[2]}",
            again=again.rstrip("\n"),
            result=result[2],
        ),
        domains=(_programs(words),),
        relations=(Relation("again"),),
    )


def _programs(words: Any) -> Made:
    """Programs most words of which find the numbers they need."""
    domain = List(Word((*map(str, range(10)), *words)), 10)
    gain = {word: _WORDS[word][1].count("copy") or -(word in ("add", "sub", "mul", "max", "drop")) for word in words}

    def drawer(rng: random.Random, size: int) -> list[str]:
        return drawn(rng, rng.randint(0, 10 if size > 4 else 5))

    def drawn(rng: random.Random, count: int) -> list[str]:
        made: list[str] = []
        depth = 0
        for _ in range(count):
            fitting = [word for word in words if depth >= _WORDS[word][0] or rng.random() < 0.3]
            word = rng.choice(fitting) if fitting and rng.random() < 0.55 else str(rng.randrange(10))
            made.append(word)
            depth = max(0, depth + gain.get(word, 1))
        return made

    border: list[list[str]] = [[], ["7"], *([word] for word in words), *(["4", word] for word in words)]
    border += [["9", "4", word] for word in words] + [["4", "9", word] for word in words]
    border += [["3", word, "5", "8"] for word in words] + [["2", "9", "4", a, b] for a in words for b in words]
    many = [part for word in words for part in (["9", word] * 5, ["9", "9", word] * 3)]
    ends = (*many, ["7"], ["4", words[0]], [str(i) for i in range(10)], [str(9 - i) for i in range(10)])
    promise = f"a list of at most 10 strings, each a whole number from 0 to 9 or one of {', '.join(words)}"
    return Made(
        promise,
        drawer,
        lambda value: domain.why_not(value) is None,
        tuple(border),
        domain,
        lambda rng: drawn(rng, 10),
        ends,
    )


def _filled(word: str, a: str, b: str) -> str:
    return re.sub(r"\b([ab])\b", lambda found: {"a": a, "b": b}[found[1]], _WORDS[word][2])


def _draw_machine(rng: random.Random, steps: int) -> Any:
    words = tuple(sorted(rng.sample(sorted(_WORDS), steps)))
    return words, rng.choice(("skip", "stop")), rng.choice(("stack", "top", "sum"))


FAMILIES = (Family("machine", "a stack machine with given words", _draw_machine, _machine, (2, 3, 4)),)
