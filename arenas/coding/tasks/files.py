"""Task files that a user brings: JSON lines in the format of HumanEval (Chen et al. 2021) or MBPP (Austin et al. 2021).

A file is taken whole or not at all: what is wrong with it is said in one line that names file, line and field. Tests of
literal form become hidden calls; a task whose tests do not all convert is left out, by id and with the reason, unless
``in_process_tests`` takes it with its tests inside the program's reach.
"""

from __future__ import annotations

import ast
import doctest
import gzip
import io
import json
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from lanista.arenas.coding import quote
from lanista.arenas.coding.task import Example, Task
from lanista.arenas.coding.tasks.asserts import Converted, Unconverted, convert, fits, literal
from lanista.errors import UsageError

CPU_S = 3.0
"""CPU seconds for all calls of an imported task."""

SHOWN = 4
"""Public examples of an imported task, at most."""

LARGEST = 256 * 1024 * 1024
"""Bytes of a task file, unpacked."""

LONGEST = 8 * 1024 * 1024
"""Bytes of one line: a tree of its source takes some hundred times as many."""


class LeftOut(NamedTuple):
    """A task of the file that was not taken."""

    id: str
    line: int
    reason: str


class TaskFile(NamedTuple):
    """What a file holds: tasks to be played, and those left out."""

    tasks: tuple[Task, ...]
    left_out: tuple[LeftOut, ...]


def load(path: str | Path, *, in_process_tests: bool = False) -> TaskFile:
    """The tasks of a file. Raises UsageError naming file, line and field for anything that is wrong with it."""
    path = Path(path)
    tasks: list[Task] = []
    left_out: list[LeftOut] = []
    seen: dict[str, int] = {}
    for number, text in enumerate(_lines(path), 1):
        if not text.strip():
            continue
        line = _Line(path, number, text)
        try:
            raw = _mbpp(line) if _is_mbpp(line.data) else _humaneval(line)
            if raw.id in seen:
                line.wrong("task_id", f"{raw.id!r} is already on line {seen[raw.id]}")
            seen[raw.id] = number
            if isinstance(raw.tests, list):
                tasks.append(_task(raw, raw.tests))
                continue
            left_out.append(LeftOut(raw.id, number, raw.tests))
            if in_process_tests:
                tasks.append(_task(raw, None))
        except UsageError:
            raise
        except RecursionError:
            raise UsageError(f"{path}, line {number}: an expression in it is nested too deep to be read") from None
        except ValueError as error:  # such as a default of more digits than Python writes
            raise UsageError(f"{path}, line {number}: cannot be read: {error}") from None
    if not seen:
        raise UsageError(f"{path}: holds no task; one JSON object a line is needed, as HumanEval and MBPP have them")
    return TaskFile(tuple(tasks), () if in_process_tests else tuple(left_out))


class _Raw(NamedTuple):
    """A task of a file, read but not yet judged."""

    id: str
    family: str
    entry_point: str
    specification: str
    source: str
    prompt: str
    tests: list[Converted] | str
    """The converted asserts, or why there are none."""
    in_process: str
    examples: tuple[Example, ...]


class _Line:
    """One line of a file, with the fields of its object checked as they are asked for."""

    def __init__(self, path: Path, number: int, text: str) -> None:
        self.path, self.number = path, number
        try:
            self.data = json.loads(text, object_pairs_hook=self._once)
        except json.JSONDecodeError as error:
            raise UsageError(f"{path}, line {number}: no JSON: {error.msg} at character {error.pos + 1}") from None
        except (RecursionError, ValueError) as error:
            raise UsageError(f"{path}, line {number}: no JSON that can be read: {error}") from None
        if not isinstance(self.data, dict):
            kind = type(self.data).__name__
            raise UsageError(f"{path}, line {number}: a task is one JSON object on a line of its own, not a {kind}")

    def wrong(self, field: str, why: str) -> NoReturn:
        raise UsageError(f"{self.path}, line {self.number}, field {field!r}: {why}")

    def text(self, *names: str, empty: bool = False) -> str:
        """The string under the first of ``names`` that is there."""
        name = next((n for n in names if n in self.data), None)
        if name is None:
            self.wrong(names[0], f"missing{f' (or {names[1]!r})' if len(names) > 1 else ''}")
        value = self.data[name]
        if not isinstance(value, str):
            self.wrong(name, f"must be a string, not {_kind(value)}")
        if not value.strip() and not empty:
            self.wrong(name, "is empty")
        self.clean(name, value)
        return value

    def texts(self, name: str) -> list[str]:
        value = self.data.get(name)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.wrong(name, f"must be a list of strings, not {_kind(value)}")
        for text in value:
            self.clean(name, text)
        return value

    def clean(self, name: str, value: str) -> None:
        if "\0" in value:
            self.wrong(name, "holds a null character")
        try:
            value.encode()
        except UnicodeEncodeError:
            self.wrong(name, "holds half of a surrogate pair, which is no text")

    def id(self) -> str:
        if "task_id" not in self.data:
            self.wrong("task_id", "missing")
        value = self.data["task_id"]
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            self.wrong("task_id", f"must be a string or a whole number, not {_kind(value)}")
        self.clean("task_id", str(value))
        if not str(value).isprintable():
            self.wrong("task_id", f"{value!r} holds a character that cannot be printed")
        return str(value)

    def parse(self, field: str, source: str) -> ast.Module:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # odd escapes in a stranger's strings are no news
                return ast.parse(source)
        except SyntaxError as error:
            self.wrong(field, f"does not parse: {error.msg} (its line {error.lineno})")
        except (ValueError, RecursionError, MemoryError) as error:
            self.wrong(field, f"does not parse: {error or type(error).__name__}")

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                self.wrong(name, "stands twice in the object")
            made[name] = value
        return made


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LARGEST:
        raise UsageError(f"{path}: more than {LARGEST // 1024 // 1024} MB; split the file")
    for number, line in enumerate(io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")), 1):
        if len(line) > LONGEST:
            raise UsageError(f"{path}, line {number}: more than {LONGEST // 1024 // 1024} MB; a task is shorter")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{path}, line {number}: byte {error.start + 1} is no UTF-8; save the file in that encoding"
            ) from None


def _is_mbpp(data: Mapping[str, Any]) -> bool:
    return "test_list" in data or ("code" in data and "test" not in data and "entry_point" not in data)


def _humaneval(line: _Line) -> _Raw:
    name, prompt, entry_point = line.id(), line.text("prompt"), line.text("entry_point")
    body, test = line.text("canonical_solution", empty=True), line.text("test")
    if not entry_point.isidentifier():
        line.wrong("entry_point", f"{entry_point!r} is no name of a function")
    source = prompt + body
    defined = _defined(line.parse("canonical_solution", source), entry_point)
    if defined is None:
        line.wrong("entry_point", f"prompt and canonical_solution define no function {entry_point!r}")
    tests = line.parse("test", test)
    doc = ast.get_docstring(defined, clean=True)
    return _Raw(
        id=name,
        family="humaneval",
        entry_point=entry_point,
        specification=(doc or prompt).strip(),
        source=source,
        prompt=prompt,
        tests=_checked(tests, entry_point),
        in_process=f"{test}\n\ncheck({entry_point})\n" if _defined(tests, "check") else test,
        examples=_doctests(doc or "", entry_point),
    )


def _mbpp(line: _Line) -> _Raw:
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
    line.parse("test_setup_code", setup)
    entry_point = _entry_point(line, tree, tests)
    converted: list[Converted] | str
    try:
        converted = convert([node for test in tests for node in test.body], (entry_point,), entry_point)
    except Unconverted as error:
        converted = str(error)
    first = [c for c in converted[:1] if c.check == "equal"] if isinstance(converted, list) else []
    return _Raw(
        id=name,
        family="mbpp",
        entry_point=entry_point,
        specification=told.strip(),
        source=code if code.endswith("\n") else code + "\n",
        prompt="",
        tests=converted,
        in_process="\n".join([setup, *asserts, ""]),
        examples=tuple(filter(_showable, (Example(c.call.args, c.value, c.call.kwargs) for c in first))),
    )


def _entry_point(line: _Line, code: ast.Module, tests: list[ast.Module]) -> str:
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


def _checked(tests: ast.Module, entry_point: str) -> list[Converted] | str:
    """The asserts of ``check(candidate)``, or of the tests themselves where there is no such function."""
    check = _defined(tests, "check")
    try:
        if check is None:
            return convert(tests.body, (entry_point,), entry_point)
        for node in tests.body:
            idle = isinstance(node, ast.Import | ast.Expr) or (
                isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "METADATA"
            )
            if node is not check and not idle:
                raise Unconverted(f"line {node.lineno} of the tests stands beside check(candidate)")
        if len(check.args.args) != 1:
            raise Unconverted("check takes more than the candidate")
        return convert(check.body, (check.args.args[0].arg, entry_point), entry_point)
    except Unconverted as error:
        return str(error)


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


_PLAIN = """class _Plain:
    def __getattr__(self, name):
        def plain(v):
            if isinstance(v, dict): return {plain(k): plain(x) for k, x in v.items()}
            if isinstance(v, tuple): return tuple(map(plain, v))
            return list(map(plain, v)) if isinstance(v, list) else v
        return lambda *args, **kwargs: plain(globals()[name](*args, **kwargs))
plain_ = _Plain()
"""
"""Put before programs whose reference names a container of ``collections``: a Counter equals the dictionary that an
assert names, but is none, and only exact builtin types leave the sandbox."""

_SUBCLASSES = frozenset({"Counter", "OrderedDict", "defaultdict", "namedtuple", "NamedTuple"})


def _task(raw: _Raw, tests: list[Converted] | None) -> Task:
    tree = ast.parse(raw.source)
    defined = _defined(tree, raw.entry_point)
    assert defined is not None  # checked when the line was read
    named = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    named |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    wrapped = tests is not None and bool(named & _SUBCLASSES)
    calls = tuple(replace(c.call, function=f"plain_.{raw.entry_point}") if wrapped else c.call for c in tests or ())
    first = min([defined.lineno, *(d.lineno for d in defined.decorator_list)])
    returns = f" -> {ast.unparse(defined.returns)}" if defined.returns else ""
    return Task(
        id=raw.id,
        family=raw.family,
        split="file",
        composition=raw.id,
        difficulty={"steps": 1, "shown": len(raw.examples), "size": 0, "heavy": 0},
        entry_point=raw.entry_point,
        signature=f"def {raw.entry_point}({ast.unparse(defined.args)}){returns}:",
        specification=raw.specification,
        reference=raw.source,
        examples=raw.examples,
        hidden=calls,
        checker="equal",
        checks=tuple((c.check, c.value) for c in tests or ()),
        preamble=(_PLAIN if wrapped else "") + "".join(raw.prompt.splitlines(keepends=True)[: first - 1]),
        cpu_s=CPU_S,
        in_process=raw.in_process if tests is None else None,
    )


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a list of something else")
