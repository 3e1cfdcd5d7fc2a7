"""Runs the tests of a task beside its program, inside the sandbox, and counts the assertions that were executed.

Tests may be asserts, ``check(candidate)``, functions and classes named as pytest names them, ``unittest`` classes, and
a ``__main__`` guard. What of it cannot be run (a fixture, a coroutine) is refused by name. A program in the same
process can forge the count: such tests prove less, and the arena says so.

Read inside the sandbox's own interpreter, as text; imports the standard library only.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable
from typing import Any

FILE = "<tests>"
_ASSERTED, _BEGUN = "_lanista_asserted", "_lanista_begun"


class TestFailed(Exception):
    """A test that failed, or could not be run: one line."""


class Tests:
    """``tests(source)`` runs a task's tests on the program in ``space``."""

    def __init__(self, space: dict[str, Any], name: str) -> None:
        self.space, self.name = space, name
        self.asserted = 0
        self.begun: set[str] = set()
        self.running = ""

    def __call__(self, source: str) -> int:
        """How many assertions were executed; all of them held. Raises TestFailed with one line."""
        try:
            self._all(source)
        except (TestFailed, SystemExit, MemoryError):
            raise
        except BaseException as error:
            raise TestFailed(told(error, self.running)) from None
        return self.asserted

    def _all(self, source: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, FILE)
        tops = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
        self.space.update({_ASSERTED: self._count, _BEGUN: self.begun.add, "__name__": "__main__"})
        if "unittest" in source:
            import unittest

            unittest.main = lambda *_, **__: None  # type: ignore[assignment]  # its classes are run below
        exec(compile(_Counting(tree).made, FILE, "exec", dont_inherit=True), self.space)
        for top in tops:
            found = self.space.get(top.name)
            if top.name == "check" and callable(found) and top.name not in self.begun:
                found(self.space[self.name])
            elif isinstance(top, ast.ClassDef) and isinstance(found, type):
                self._class(top.name, found)
            elif top.name.startswith("test") and callable(found) and top.name not in self.begun:
                self._function(top.name, found)

    def _count(self, whole: Any = None) -> Any:
        self.asserted += 1
        return whole

    def _class(self, name: str, found: type) -> None:
        if hasattr(found, "assertEqual") and hasattr(found, "countTestCases"):
            self._unittest(name, found)
        elif name.startswith("Test"):
            for method in [m for m in dir(found) if m.startswith("test")]:
                case = found()
                getattr(case, "setup_method", _nothing)()
                self._function(f"{name}.{method}", getattr(case, method))
                getattr(case, "teardown_method", _nothing)()

    def _unittest(self, name: str, found: Any) -> None:
        import unittest

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(found).run(result)
        for case, text in (*result.failures, *result.errors):
            raise TestFailed(f"{case}: {text.strip().splitlines()[-1]}")
        for case in result.unexpectedSuccesses:
            raise TestFailed(f"{case}: succeeded unexpectedly")

    def _function(self, name: str, found: Callable[..., Any]) -> None:
        if inspect.iscoroutinefunction(found):
            raise TestFailed(f"{name} is a coroutine, which nothing here awaits")
        for parameter in inspect.signature(found).parameters.values():
            if parameter.default is parameter.empty and parameter.kind not in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            ):
                raise TestFailed(f"{name} wants {parameter.name!r}, a fixture, which nothing here gives")
        self.running = name
        found()
        self.running = ""


def told(error: BaseException, running: str) -> str:
    """``test_a, line 3 of the tests: AssertionError: text``."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    where = ", ".join(filter(None, (running, f"line {line} of the tests" if line else "")))
    text = " ".join(str(error)[:300].split())
    return f"{where}{': ' if where else ''}{type(error).__name__}{': ' if text else ''}{text}"


def _nothing() -> None:
    pass


class _Counting(ast.NodeTransformer):
    """Has every assertion counted as it is executed: ``assert`` of more than constants, ``if ...: raise``, and calls of
    what is named as ``unittest`` and ``numpy.testing`` name theirs."""

    def __init__(self, tree: ast.Module) -> None:
        self.imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        self.made = ast.fix_missing_locations(self.visit(tree))

    def visit_Assert(self, node: ast.Assert) -> Any:
        self.generic_visit(node)
        says = any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(node.test))
        return [self._called(node), node] if says else node

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        raises = any(isinstance(n, ast.Raise) for n in (*node.body, *node.orelse))
        return [self._called(node), node] if raises else node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(node.func, ast.Name) and node.func.id in self.imported:
            name = node.func.id
        if name.startswith("assert") and not name.startswith("assert_called"):
            node.func = ast.copy_location(
                ast.Call(ast.Name(_ASSERTED, ast.Load()), [node.func], []),
                node,
            )
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.generic_visit(node)
        begun = ast.Expr(ast.Call(ast.Name(_BEGUN, ast.Load()), [ast.Constant(node.name)], []))
        first = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(first, ast.copy_location(begun, node.body[0]))
        return node

    def _called(self, near: ast.stmt) -> ast.stmt:
        return ast.copy_location(ast.Expr(ast.Call(ast.Name(_ASSERTED, ast.Load()), [], [])), near)
