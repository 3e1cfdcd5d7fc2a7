"""Cyclomatic complexity of a program (McCabe 1976), counted by radon over the syntax tree."""

from __future__ import annotations

import ast
from functools import lru_cache

HIDING = frozenset({"eval", "exec", "compile", "__import__"})
"""Names that put branches where no count finds them: a program that says one has no complexity, and no bonus."""


@lru_cache(maxsize=4096)
def cyclomatic(source: str) -> int | None:
    """1 + every branch of ``source``, in whichever function it stands; comprehensions and ``and``/``or`` count.

    None where the source does not parse, is too deep to walk, or could hide branches in text. Never raises.
    """
    from radon.visitors import ComplexityVisitor

    try:
        tree = ast.parse(source)
        named = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        named |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        if named & HIDING:
            return None
        flat = _Flat()
        flat.found.append(flat.visit(tree))
        return 1 + sum(int(ComplexityVisitor.from_ast(part).total_complexity) - 1 for part in flat.found)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Flat(ast.NodeTransformer):
    """Takes functions out of whatever they stand in: radon leaves out branches of closures, of defaults and
    decorators, and of what an assert says."""

    def __init__(self) -> None:
        self.found: list[ast.AST] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        shown: list[ast.stmt] = [ast.Expr(node.msg)] if node.msg else [ast.Pass()]
        return ast.copy_location(ast.If(test=node.test, body=shown, orelse=[]), node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        # A decorator that is a bare name adds nothing; one that computes is counted like any expression.
        outside = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        self.found.append(ast.Module(body=[*node.body, *map(ast.Expr, outside)], type_ignores=[]))
        return ast.copy_location(ast.Pass(), node)
