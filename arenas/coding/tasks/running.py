"""Running sources of this project in this process: references, brute forces, and mutants of them under a budget.

Nothing a player or a user wrote is run here; that is what the sandbox is for.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any


class Spent(Exception):
    """More operations than the budget allows."""


@lru_cache(maxsize=4096)
def function(source: str, name: str) -> Callable[..., Any]:
    """The function ``name`` of our own ``source``."""
    space: dict[str, Any] = {}
    exec(compile(source, "<task>", "exec"), space)
    made: Callable[..., Any] = space[name]
    return made


@lru_cache(maxsize=4096)
def parameters(source: str, name: str) -> tuple[str, ...]:
    """The names of the arguments of function ``name``; () where the source has no such function."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return tuple(argument.arg for argument in node.args.args)
    return ()


class Counted:
    """A function whose operations are counted: calls of its own functions and turns of its loops and comprehensions.

    The count is the same on every machine, which seconds are not.
    """

    def __init__(self, source: str | ast.Module, name: str, budget: int) -> None:
        tree = ast.parse(source) if isinstance(source, str) else source
        code = compile(ast.fix_missing_locations(_Counting().visit(tree)), "<counted>", "exec")
        self.budget, self.spent = budget, 0
        space: dict[str, Any] = {"_tick": self._tick, "_ticks": self._ticks}
        exec(code, space)
        self._function: Callable[..., Any] = space[name]

    def __call__(self, *args: Any) -> Any:
        """The answer; ``spent`` says what it cost. Raises Spent past the budget, and whatever the source raises."""
        self.spent = 0
        return self._function(*args)

    def _tick(self) -> bool:
        self.spent += 1
        if self.spent > self.budget:
            raise Spent
        return True

    def _ticks(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.spent += 1
            if self.spent > self.budget:
                raise Spent
            yield item


class _Counting(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_call("_tick")))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        node.body = ast.IfExp(test=_call("_tick"), body=node.body, orelse=ast.Constant(None))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(_call("_tick")))
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call("_ticks", node.iter)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call("_ticks", node.iter)
        return node


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(func=ast.Name(name, ast.Load()), args=list(args), keywords=[])
