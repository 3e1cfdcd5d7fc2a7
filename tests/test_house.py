"""The house stands as designed: links are links, imports run one way, nothing heavy is loaded for nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("arenas", "agents", "training", "leaderboards")

# Who may import whom. The rooms build on each other in one direction; the shared modules stand beside them.
BELOW = {"errors", "paths", "files", "text", "arenas"}
BESIDE = {*BELOW, "store", "runs", "stats", "ratings", "terminal"}
ABOVE = {*BESIDE, "agents", "play", "training", "leaderboards", "analysis"}
ALLOWED = {
    "arenas": {"arenas", "errors", "text"},
    "agents": {*BELOW, "agents", "terminal"},
    "play": {*BELOW, "agents", "play", "store"},
    "training": {*BESIDE, "agents", "play", "training"},
    "leaderboards": {*BESIDE, "agents", "play", "leaderboards"},
    "analysis": {*BESIDE, "agents", "play", "analysis"},
    "serve": {*ABOVE, "serve"},
    "store": {*BELOW, "store"},
    "runs": {*BELOW, "store", "runs"},
    "stats": {"arenas", "errors", "stats"},
    "ratings": {"errors", "ratings", "stats"},
    "files": {"errors", "files"},
    "text": {"text"},
    "terminal": {"terminal", "text"},
    "paths": {"errors", "paths"},
    "errors": {"errors"},
}


def imported(source: str) -> Iterator[str]:
    """The parts of lanista that a module's source imports, lazily or not; bare room names as ``bare:room``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["relative"]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            if first == "lanista" and rest:
                yield rest[0]
            elif first in (*ROOMS, "relative"):
                yield f"bare:{first}"


def violations(part: str, source: str) -> set[str]:
    return {name for name in imported(source) if name not in ALLOWED[part] and name != "__version__"}


def sources(part: str) -> list[Path]:
    folder = ROOT / part if part in ROOMS else ROOT / "lanista" / part
    if folder.is_dir():
        return sorted(folder.rglob("*.py"))
    return [file for file in [folder.with_suffix(".py")] if file.exists()]


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_run_one_way(part: str) -> None:
    files = sources(part)
    assert files or part == "serve"  # a room that is planned
    assert {str(f.relative_to(ROOT)): v for f in files if (v := violations(part, f.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("arenas", "from lanista.agents import table"),
        ("arenas", "def f():\n    import lanista.store"),
        ("training", "from lanista import leaderboards"),
        ("leaderboards", "from lanista.training.config import TrainConfig"),
        ("agents", "from arenas import registry"),
        ("agents", "from ..arenas import registry"),
        ("store", "import lanista.cli.common"),
        ("play", "from lanista.leaderboards.schedule import Match"),
        ("play", "def f():\n    from lanista.training import seeds"),
        ("agents", "from lanista.play.session import Session"),
        ("serve", "from lanista.cli.common import console"),
        *[(room, "import lanista.serve.gateway") for room in ALLOWED if room != "serve"],
    ],
)
def test_a_planted_violation_is_seen(part: str, line: str) -> None:
    assert violations(part, line)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_links(room: str) -> None:
    link = ROOT / "lanista" / room
    assert link.is_symlink()
    assert link.readlink() == Path("..") / room
    assert link.resolve() == ROOT / room


def test_agents_has_no_init_of_its_own() -> None:
    assert not (ROOT / "agents" / "__init__.py").exists()


@pytest.mark.parametrize("room", [r for r in ROOMS if r != "agents"])
def test_rooms_refuse_their_bare_names(room: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"import this package as lanista.{room}" in done.stderr


DOCUMENTED = ("agents", "training", "leaderboards", "arenas/core", "lanista")
"""Whose every public name has a docstring."""
UNDER = ("lanista/scaffold/my_arena", *(f"lanista/{room}" for room in ROOMS))
"""Left out under ``lanista``: the template that a stranger fills in, and the links to rooms."""


def undocumented(source: str) -> list[str]:
    """What lacks a docstring: the module, its public classes and functions, and their public methods.

    Private names, overloads and a command's ``add`` aside, which says what a command module's docstring says.
    """
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) or not tree.body else ["module"]

    def look(body: list[ast.stmt], owner: str) -> None:
        for node in body:
            if isinstance(node, ast.If | ast.Try):  # names that depend on what is installed
                look([*node.body, *node.orelse], owner)
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name[0] == "_":
                continue
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
            adds = owner == "" and isinstance(node, ast.FunctionDef) and _is_command(node)
            if not (marks & {"overload", "setter"} or adds or ast.get_docstring(node)):
                found.append(owner + node.name)
            if isinstance(node, ast.ClassDef):
                look(node.body, f"{owner}{node.name}.")

    look(tree.body, "")
    return found


def _is_command(node: ast.FunctionDef) -> bool:
    return node.name == "add" and [ast.unparse(a.annotation) for a in node.args.args if a.annotation] == ["typer.Typer"]


@pytest.mark.parametrize("room", DOCUMENTED)
def test_every_public_name_says_what_it_is(room: str) -> None:
    files = [f for f in sorted((ROOT / room).rglob("*.py")) if not f.relative_to(ROOT).as_posix().startswith(UNDER)]
    assert files
    lacking = {str(f.relative_to(ROOT)): names for f in files if (names := undocumented(f.read_text(encoding="utf-8")))}
    assert lacking == {}


@pytest.mark.parametrize(
    ("source", "lacks"),
    [
        ("x = 1", ["module"]),
        ('"""M."""\ndef f(): ...', ["f"]),
        ('"""M."""\nasync def f(): ...', ["f"]),
        ('"""M."""\nclass A:\n    def b(self): ...', ["A", "A.b"]),
        ('"""M."""\nclass A:\n    """A."""\n    @property\n    def b(self): ...', ["A.b"]),
        ('"""M."""\nif x:\n    def f(): ...\nelse:\n    def g(): ...', ["f", "g"]),
        ('"""M."""\ndef add(a: int) -> int: ...', ["add"]),
        ('"""M."""\ndef add(app: typer.Typer) -> None: ...\ndef _f(): ...', []),
    ],
)
def test_a_name_that_says_nothing_is_seen(source: str, lacks: list[str]) -> None:
    assert undocumented(source) == lacks


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import lanista.arenas",
        "import lanista.play.runner, lanista.agents.registry, lanista.agents.lm",
        "import lanista.training, lanista.training.config",
        "import io, contextlib\nfrom lanista.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main(['--help'])",
    ],
    ids=["arenas", "agents", "training", "help"],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    heavy = {"torch", "transformers", "trl", "peft", "accelerate", "agentscope", "openai", "pandas", "matplotlib"}
    assert loaded_by(code) & heavy == set()


def test_words_that_belong_elsewhere() -> None:
    """The project speaks of itself: no absolute paths of anybody's machine in what is shipped."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout: nothing says which files are shipped")
    files = [ROOT / name for name in tracked.stdout.split("\n") if name]
    texts = {
        f: f.read_text(encoding="utf-8") for f in files if f.is_file() and f.suffix in (".py", ".md", ".toml", ".cff")
    }
    assert texts
    planted = ("/ro" + "ot/", "/wo" + "rk/", "pythonhos" + "ted")
    assert [str(f) for f, text in texts.items() if any(word in text for word in planted)] == []
