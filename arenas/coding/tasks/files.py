"""Task files that a user brings: JSON lines in the format of HumanEval (Chen et al. 2021) or MBPP (Austin et al. 2021).

A file is taken whole or not at all: what is wrong with it is said in one line that names file, line and field. Tests of
literal form become hidden calls; a task whose tests do not all convert is left out, by id and with the reason, unless
``in_process_tests`` takes it with its tests inside the program's reach.
"""

from __future__ import annotations

import ast
import doctest
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lanista.arenas.coding import quote
from lanista.arenas.coding.task import Example, Task
from lanista.arenas.coding.tasks import plus
from lanista.arenas.coding.tasks.asserts import Converted, Reader
from lanista.arenas.coding.tasks.inside import THROUGH
from lanista.arenas.coding.tasks.lines import LONGEST, Line, lines
from lanista.arenas.coding.tasks.literals import MAKERS, Unconverted, fits, literal
from lanista.arenas.coding.tasks.program import SEEN
from lanista.errors import UsageError

if TYPE_CHECKING:
    from lanista.arenas.sandbox import Sandbox

CPU_S = 3.0
"""CPU seconds for all calls of an imported task."""

SHOWN = 4
"""Public examples of an imported task, at most."""


class LeftOut(NamedTuple):
    """A task of the file that was not taken."""

    id: str
    line: int
    reason: str


class TaskFile(NamedTuple):
    """What a file holds: tasks to be played, and those left out."""

    tasks: tuple[Task, ...]
    left_out: tuple[LeftOut, ...]
    bad: tuple[str, ...] = ()
    """With ``skip_bad``, what is wrong with each line that was passed over."""
    unused: Mapping[str, int] = {}
    """Fields that nothing here reads, and in how many tasks they hold something."""
    plus: Mapping[str, int] = {}
    """By task, how many inputs of its ``plus_input`` are among its hidden calls."""


def load(
    path: str | Path,
    *,
    in_process_tests: bool = False,
    skip_bad: bool = False,
    cpu_s: float = CPU_S,
    box: Callable[[], Sandbox] | None = None,
    most: int | None = None,
) -> TaskFile:
    """The tasks of a file, with ``cpu_s`` CPU seconds each.

    ``box`` gives the sandbox in which canonical solutions answer a row's ``plus_input``; without it that field is not
    used. ``most``: hidden calls of a task up to which such inputs are added.

    Raises UsageError naming file, line and field for anything that is wrong with it; with ``skip_bad``, lines that are
    wrong are passed over and named instead.
    """
    path = Path(path)
    tasks: list[Task] = []
    left_out: list[LeftOut] = []
    bad: list[str] = []
    unused: Counter[str] = Counter()
    judged: dict[str, int] = {}
    seen: dict[str, int] = {}
    for number, text in enumerate(lines(path), 1):
        if len(text) <= LONGEST and not text.strip():
            continue
        try:
            line, raw = _read(path, number, text, seen)
            task = _task(raw, cpu_s)
            added = 0
            if box is not None and line.data.get("plus_input") and raw.plus:
                further = plus.inputs(line)[: None if most is None else max(0, most - len(task.hidden))]
                task = plus.answered(task, further, plus.tolerance(line), box(), line) if further else task
                added = len(further)
        except UsageError as error:
            if not skip_bad:
                raise
            bad.append(str(error))
            continue
        seen[raw.id] = number
        unused.update(line.unused())
        if added:
            judged[raw.id] = added
        if isinstance(raw.tests, str) and not in_process_tests:
            left_out.append(LeftOut(raw.id, number, raw.tests))
        else:
            tasks.append(task)
    if not seen and not bad:
        raise UsageError(f"{path}: holds no task; one JSON object a line is needed, as HumanEval and MBPP have them")
    return TaskFile(tuple(tasks), tuple(left_out), tuple(bad), dict(unused), judged)


def _read(path: Path, number: int, text: bytes, seen: Mapping[str, int]) -> tuple[Line, _Raw]:
    """One line and its task. Raises UsageError."""
    line = Line(path, number, text)
    try:
        raw = _mbpp(line) if _is_mbpp(line.data) else _humaneval(line)
    except UsageError:
        raise
    except RecursionError:
        raise UsageError(f"{path}, line {number}: an expression in it is nested too deep to be read") from None
    except ValueError as error:  # such as a default of more digits than Python writes
        raise UsageError(f"{path}, line {number}: cannot be read: {error}") from None
    if raw.id in seen:
        line.wrong("task_id", f"{raw.id!r} is already on line {seen[raw.id]}")
    return line, raw


class _Raw(NamedTuple):
    """A task of a file, read but not yet judged."""

    id: str
    family: str
    entry_point: str
    specification: str
    source: str
    preamble: str
    signature: str
    tests: list[Converted] | str
    """The converted asserts, or why there are none."""
    in_process: str
    examples: tuple[Example, ...]
    plus: bool = False
    """Whether ``plus_input`` may be run: see ``plus``."""


def _is_mbpp(data: Mapping[str, Any]) -> bool:
    return "test_list" in data or ("code" in data and "test" not in data and "entry_point" not in data)


def _humaneval(line: Line) -> _Raw:
    name, prompt, entry_point = line.id(), line.text("prompt"), line.text("entry_point")
    body, test = line.text("canonical_solution", empty=True), line.text("test")
    if not entry_point.isidentifier():
        line.wrong("entry_point", f"{entry_point!r} is no name of a function")
    source = prompt + body
    tree = line.parse("canonical_solution", source)
    defined = _defined(tree, entry_point)
    if defined is None:
        line.wrong("entry_point", f"prompt and canonical_solution define no function {entry_point!r}")
    tests = line.parse("test", test)
    doc = ast.get_docstring(defined, clean=True)
    first = min([defined.lineno, *(d.lineno for d in defined.decorator_list)])
    preamble = "".join(prompt.splitlines(keepends=True)[: first - 1])
    converted = _converted([tests], tree, entry_point)
    return _Raw(
        id=name,
        family="humaneval",
        entry_point=entry_point,
        specification=(doc or prompt).strip(),
        source=source,
        preamble=preamble,
        signature=_signature(defined),
        tests=converted,
        in_process=test,
        examples=_doctests(doc or "", entry_point),
        plus=plus.judged_by_value(converted),
    )


def _mbpp(line: Line) -> _Raw:
    name, told, code = line.id(), line.text("prompt" if "prompt" in line.data else "text", "prompt"), line.text("code")
    code = code.replace("\r\n", "\n")
    if "test_list" not in line.data:
        line.wrong("test_list", "missing")
    asserts = line.texts("test_list")
    if not asserts:
        line.wrong("test_list", "is empty")
    tree = line.parse("code", code)
    tests = [line.parse("test_list", test) for test in asserts]
    setup = line.text("test_setup_code", empty=True) if "test_setup_code" in line.data else ""
    if "test_imports" in line.data:
        setup = "\n".join([*line.texts("test_imports"), setup])
    more = line.text("test", empty=True) if "test" in line.data else ""  # MBPP+ has many more calls there
    entry_point = _entry_point(line, tree, tests)
    modules = [line.parse("test_setup_code", setup), *tests, line.parse("test", more)]
    converted = _converted(modules, tree, entry_point)
    first = [c for c in converted[:1] if c.check == "equal"] if isinstance(converted, list) else []
    defined = _defined(tree, entry_point)
    assert defined is not None  # or it would be no entry point
    return _Raw(
        id=name,
        family="mbpp",
        entry_point=entry_point,
        specification=told.strip(),
        source=code if code.endswith("\n") else code + "\n",
        preamble="",
        signature=_signature(defined),
        tests=converted,
        in_process="\n".join([setup, *asserts, more, ""]),
        examples=tuple(
            filter(_showable, (Example(c.call.args, c.value, c.call.kwargs) for c in first if not c.through))
        ),
    )


def _entry_point(line: Line, code: ast.Module, tests: list[ast.Module]) -> str:
    """The function under test: ``entry_point`` where the object says it, else what the first assert calls first."""
    names = {n.name for n in code.body if isinstance(n, ast.FunctionDef)}
    if "entry_point" in line.data:
        named = line.text("entry_point")
        if named not in names:
            line.wrong("entry_point", f"'code' defines no function {named!r}")
        return named
    for test in tests:
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                return node.func.id
    return line.wrong("test_list", "calls no function that 'code' defines")


def _converted(modules: list[ast.Module], program: ast.Module, entry_point: str) -> list[Converted] | str:
    """The asserts of a task's tests, or why they are not all converted: those of the modules themselves, then of
    ``check(candidate)`` or of functions named ``test...``."""
    taken, imported = _names(program)
    reader = Reader((entry_point,), entry_point, taken)
    reader.scope.modules.update(imported)
    try:
        for module in modules:
            runs = {
                node.name: node
                for node in module.body
                if isinstance(node, ast.FunctionDef) and (node.name == "check" or node.name.startswith("test"))
            }
            reader.read([n for n in module.body if n not in runs.values() and not _is_check(n, entry_point, runs)])
            for name, node in runs.items():
                given = node.args.args[:1] if name == "check" else []
                reader.function(node, *(a.arg for a in given))
        return reader.all()
    except Unconverted as error:
        return str(error)


def _is_check(node: ast.stmt, entry_point: str, runs: Mapping[str, ast.FunctionDef]) -> bool:
    """``check(f)`` below ``def check(candidate)``: what is done anyway."""
    return "check" in runs and isinstance(node, ast.Expr) and ast.unparse(node) == f"check({entry_point})"


def _names(program: ast.Module) -> tuple[set[str], dict[str, str]]:
    """The names that a program binds in its module, imported modules apart: those are given with what they are."""
    taken: set[str] = set()
    modules: dict[str, str] = {}
    for node in ast.walk(program):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node in program.body:
            taken.add(node.name)
        elif isinstance(node, ast.Import):
            modules |= {a.asname or a.name.partition(".")[0]: a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Global):
            taken.update(node.names)
    for statement in program.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            taken |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    meant = {*MAKERS, *THROUGH, "abs", "enumerate", "print", "range", "zip"}
    return taken | {name for name in modules if name in meant}, modules


def _defined(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    return next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name), None)


def _doctests(doc: str, entry_point: str) -> tuple[Example, ...]:
    """Examples of a docstring that call the function with literals and show a literal."""
    found: list[Example] = []
    try:
        shown = doctest.DocTestParser().get_examples(doc)
    except ValueError:  # a docstring that only looks like it has examples
        return ()
    for example in shown:
        try:
            node = ast.parse(example.source.strip(), mode="eval").body
            expected = literal(ast.parse(example.want.strip(), mode="eval").body)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry_point:
                kwargs = {k.arg: literal(k.value) for k in node.keywords if k.arg}
                found.append(Example(tuple(literal(arg) for arg in node.args), expected, kwargs))
        except (SyntaxError, ValueError, RecursionError, MemoryError, Unconverted):
            continue
    return tuple(filter(_showable, found))[:SHOWN]


def _showable(example: Example) -> bool:
    """Whether a game can run the example and write it down: its values cross into a sandbox, its arguments have a
    literal (infinity has none)."""
    try:
        for part in (example.args, dict(example.kwargs), example.expected):
            fits(part)
        quote.literal((example.args, dict(example.kwargs)))
    except (Unconverted, ValueError):
        return False
    return True


def _signature(defined: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(defined.returns)}" if defined.returns else ""
    return f"def {defined.name}({ast.unparse(defined.args)}){returns}:"


def _task(raw: _Raw, cpu_s: float) -> Task:
    tests = raw.tests if isinstance(raw.tests, list) else []
    return Task(
        id=raw.id,
        family=raw.family,
        split="file",
        composition=raw.id,
        difficulty={"steps": 1, "shown": len(raw.examples), "size": 0, "heavy": 0},
        entry_point=raw.entry_point,
        signature=raw.signature,
        specification=raw.specification,
        reference=raw.source,
        examples=raw.examples,
        hidden=tuple(replace(c.call, function=".".join((SEEN, *c.through, c.end))) for c in tests),
        checker="equal",
        checks=tuple((c.check, c.value) for c in tests),
        preamble=raw.preamble,
        cpu_s=cpu_s,
        in_process=None if tests else raw.in_process,
    )
