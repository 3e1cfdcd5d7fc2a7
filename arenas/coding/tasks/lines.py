"""The lines of a task file, and the fields of each: whatever is wrong is said by file, line and field."""

from __future__ import annotations

import ast
import gzip
import io
import json
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from lanista.errors import UsageError

LARGEST = 256 * 1024 * 1024
"""Bytes of a task file, unpacked."""

LONGEST = 8 * 1024 * 1024
"""Bytes of one line: a tree of its source takes some hundred times as many."""


class Line:
    """One line of a file, with the fields of its object checked as they are asked for. Raises UsageError."""

    def __init__(self, path: Path, number: int, line: bytes) -> None:
        self.path, self.number = path, number
        self.used: set[str] = set()
        if len(line) > LONGEST:
            raise UsageError(f"{path}, line {number}: more than {LONGEST // 1024 // 1024} MB; a task is shorter")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{path}, line {number}: byte {error.start + 1} is no UTF-8; save the file in that encoding"
            ) from None
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
        self.used.add(name)
        value = self.data[name]
        if not isinstance(value, str):
            self.wrong(name, f"must be a string, not {_kind(value)}")
        if not value.strip() and not empty:
            self.wrong(name, "is empty")
        self.clean(name, value)
        return value

    def texts(self, name: str) -> list[str]:
        self.used.add(name)
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
        self.used.add("task_id")
        value = self.data["task_id"]
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
            self.wrong("task_id", f"must be a string or a whole number, not {_kind(value)}")
        self.clean("task_id", str(value))
        if not str(value).isprintable():
            self.wrong("task_id", f"{value!r} holds a character that cannot be printed")
        return str(value)

    def unused(self) -> list[str]:
        """The fields that hold something and were not asked for."""
        return [name for name, value in self.data.items() if name not in self.used and value not in (None, "", [], {})]

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


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, packed or not. Raises UsageError where it cannot be read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LARGEST:
        raise UsageError(f"{path}: more than {LARGEST // 1024 // 1024} MB; split the file")
    yield from io.BytesIO(data.removeprefix(b"\xef\xbb\xbf"))


def _kind(value: Any) -> str:
    names = {type(None): "null", bool: "true or false", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a list of something else")
