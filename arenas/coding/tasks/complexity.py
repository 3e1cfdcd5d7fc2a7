"""Cyclomatic complexity of a program (McCabe 1976), counted by radon over the syntax tree."""

from __future__ import annotations

import ast
from functools import lru_cache

HIDING = frozenset(
    {
        "eval",
        "exec",
        "compile",
        "globals",
        "locals",
        "vars",
        "getattr",
        "breakpoint",
        "attrgetter",
        "methodcaller",
        "Formatter",
        "get_type_hints",
        "ForwardRef",
        "singledispatch",
        "singledispatchmethod",
        "FunctionType",
        "CodeType",
        "sys",
        "modules",
        "builtins",
        "importlib",
        "gi_frame",
        "gi_code",
        "cr_frame",
        "ag_frame",
        "tb_frame",
        "f_back",
        "f_builtins",
        "f_globals",
        "f_locals",
    }
)
"""Names that put branches where no count finds them, or lead to those that do: a program that says one has no
complexity, and no bonus."""

MODULES = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "bisect",
        "cmath",
        "collections",
        "collections.abc",
        "copy",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "heapq",
        "itertools",
        "math",
        "numbers",
        "operator",
        "random",
        "re",
        "statistics",
        "string",
        "typing",
        "unicodedata",
    }
)
"""What a program may import and keep its complexity. Others (``pickle``, ``timeit``, ``code``) can run text."""

_SPECIAL = frozenset(
    {
        "__init__",
        "__new__",
        "__name__",
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__contains__",
        "__len__",
        "__iter__",
        "__next__",
        "__add__",
        "__sub__",
        "__mul__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__eq__",
        "__ne__",
        "__hash__",
        "__repr__",
        "__str__",
        "__call__",
    }
)
"""Names between double underscores that lead nowhere; ``__dict__``, ``__globals__``, ``__builtins__`` do."""


@lru_cache(maxsize=4096)
def cyclomatic(source: str, *, trusted: bool = False) -> int | None:
    """1 + every branch of ``source``, in whichever function it stands; comprehensions and ``and``/``or`` count.

    None where the source does not parse, is too deep to walk, or, unless it is ``trusted``, could hide branches in
    text. Never raises.
    """
    from radon.visitors import ComplexityVisitor

    try:
        tree = ast.parse(source)
        if not trusted and _hides(tree):
            return None
        flat = _Flat()
        flat.found.append(flat.visit(tree))
        return 1 + sum(int(ComplexityVisitor.from_ast(part).total_complexity) - 1 for part in flat.found)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _hides(tree: ast.Module) -> bool:
    """Whether a program could run text, by what it names and imports. It may be told so that does not; it is then
    only not paid for being simple."""
    modules: set[str] = set()
    named: set[str] = set()
    used: list[ast.Name] = []
    of_module: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                if any(alias.name not in MODULES for alias in names):
                    return True
                modules |= {alias.asname or alias.name.split(".")[0] for alias in names}
            case ast.ImportFrom(module=module, names=names, level=level):
                if level or module not in MODULES or any(alias.name.startswith("_") for alias in names):
                    return True
                named |= {alias.name for alias in names}
            case ast.Name(id=name):
                named.add(name)
                used.append(node)
            case ast.Attribute(value=value, attr=name):
                named.add(name)
                if isinstance(value, ast.Name) and not name.startswith("_"):
                    of_module.add(id(value))
            case ast.MatchClass(kwd_attrs=names):
                named.update(names)
    if named & HIDING or any(n.startswith("__") and n.endswith("__") and n not in _SPECIAL for n in named):
        return True
    # A module is for its public names; under another name (`m = random; m._os`) it would be lost sight of.
    return any(name.id in modules and id(name) not in of_module for name in used)


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
