"""Commands of other packages: added, and broken ones break themselves alone."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lanista.arenas.core import registry
from lanista.cli import plug_ins
from lanista.errors import LanistaError

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def app_with(monkeypatch: pytest.MonkeyPatch, **found: list[EntryPoint]) -> typer.Typer:
    monkeypatch.setattr(registry, "_entries", lambda group: found if group == plug_ins.GROUP else {})
    app = typer.Typer()
    app.command(name="play")(lambda: print("ours"))
    plug_ins.add(app, frozenset(["play"]))
    return app


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, plug_ins.GROUP)


def test_the_command_of_the_page_is_added(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "greeting.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    app = app_with(monkeypatch, greet=[entry("greet", "greeting:add")])
    assert CliRunner().invoke(app, ["greet", "--name", "lanista"]).output == "hello, lanista\n"


@pytest.mark.parametrize(
    ("name", "found", "said"),
    [
        ("gone", ["no_such_module:add"], "cannot be loaded: ModuleNotFoundError"),
        ("value", ["math:pi"], "is a float, not a function add"),
        ("raises", ["builtins:len"], "cannot be added: TypeError"),
        ("twice", ["math:pi", "math:e"], "packages register the command 'twice'"),
    ],
)
def test_a_broken_one_breaks_itself_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, found: list[str], said: str
) -> None:
    app = app_with(monkeypatch, **{name: [entry(name, value) for value in found]})
    result: Any = CliRunner().invoke(app, [name, "--any", "words"])
    assert isinstance(result.exception, LanistaError)
    assert said in str(result.exception)
    assert CliRunner().invoke(app, ["play"]).output == "ours\n"
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


def test_nobody_takes_the_name_of_a_verb_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_with(monkeypatch, play=[entry("play", "math:pi")])
    assert CliRunner().invoke(app, ["--help"]).output.count("play") >= 1
    assert [command.name for command in app.registered_commands] == ["play"]
