"""Two small tasks made by hand, so that the arena's rules are tested against cases anybody can work out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lanista.arenas import Arena
from lanista.arenas.coding import Config, arena
from lanista.arenas.coding.rules import CodingRules, State, begin
from lanista.arenas.coding.task import Example, Task
from lanista.arenas.coding.tasks.domains import Int, List
from lanista.arenas.core.referee import Game
from lanista.arenas.sandbox import Call

FIBONACCI = Task(
    id="hand/fibonacci",
    family="hand",
    split="train",
    composition="fibonacci",
    difficulty={},
    entry_point="fib",
    signature="def fib(n):",
    specification="fib(n) is the n-th Fibonacci number: fib(0) is 0, fib(1) is 1, each later one the sum of the two "
    "before it.",
    reference="def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a",
    domains=(Int(0, 90),),
    examples=(Example((0,), 0), Example((2,), 1), Example((7,), 13)),
    hidden=tuple(Call("fib", (n,)) for n in (90, 3, 0, 1, 12, 5, 30, 2, 8, 20)),
    cpu_s=0.3,
    heavy=True,
)

DOUBLES = Task(
    id="hand/doubles",
    family="hand",
    split="train",
    composition="doubled evens",
    difficulty={},
    entry_point="f",
    signature="def f(xs):",
    specification="f(xs) keeps the even numbers of xs and doubles each.",
    reference="def f(xs):\n    return [2 * x for x in xs if x % 2 == 0]",
    domains=(List(Int(-9, 9), 8),),
    examples=(Example(([1, 2, 3],), [4]), Example(([],), [])),
    hidden=tuple(Call("f", (xs,)) for xs in ([4], [1], [2, 2, 5], [0], [-2, -1], [8, 6, 7])),
)

NAIVE = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)"
LEAKY = (
    "def fib(n, seen=[0, 1]):\n    while len(seen) <= n:\n        seen.append(seen[-1] + seen[-2])\n    return seen[-1]"
)
ITERATIVE = FIBONACCI.reference


class OneTask(CodingRules):
    """The arena's rules on one given task."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def deal(self, seed: int, config: Config) -> State:
        return begin(config, self.task, seed)


def arena_of(task: Task) -> Arena:
    return replace(arena, rules=OneTask(task))


def started(task: Task, seed: int = 1, preset: str = "default", **config: Any) -> Game:
    return Game(arena_of(task), seed, Config(**config), preset=preset)


def played(task: Task, replies: list[str], preset: str = "default", **config: Any) -> Game:
    """A game in which whoever is asked says the next of ``replies``; it may end before them."""
    game = started(task, preset=preset, **config)
    for reply in replies:
        if game.over:
            break
        assert game.submit(game.to_act()[0], reply) is None, f"{reply!r} was refused"
    return game


def terms(game: Game, seat: str) -> dict[str, float]:
    """What a seat (or team) was paid so far, unweighted, by term."""
    found: dict[str, float] = {}
    for step in game.steps:
        for name, to, amount in step.terms:
            if to == seat:
                found[name] = found.get(name, 0.0) + amount
    return {name: amount for name, amount in found.items() if abs(amount) > 1e-9}
