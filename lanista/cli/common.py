"""What the verbs share: consoles, options that recur, config files, progress, numbers in words."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, get_args, get_type_hints

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from lanista.errors import UsageError, suggest
from lanista.terminal import Terminal
from lanista.text import one_line

if TYPE_CHECKING:
    from lanista.arenas import Arena

ClickException: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""Typer's base of usage errors; it has moved between typer's versions."""

console = Terminal()
"""Results go here, to standard output."""

notes = Terminal(stderr=True)
"""Progress, hints and errors go here, to standard error."""


def fail(message: str, code: int) -> int:
    """Print one clear line to standard error; returns the exit code."""
    notes.print("error: ", style="bold red", end="")
    notes.print(message, soft_wrap=True)
    return code


def _from_file(context: typer.Context, path: Path | None) -> Path | None:
    if path is None:
        return None
    values = read_config(path)
    params = {opt.lstrip("-"): p for p in context.command.params for opt in (p.opts or [p.name]) if opt}
    known = {name: p for name, p in params.items() if name not in ("config", "help")}
    defaults: dict[str, Any] = {}
    for name, value in values.items():
        option = known.get(name.replace("_", "-"))
        if option is None or option.name is None:
            raise UsageError(f"{path}: unknown option {name!r} of `{context.info_name}`{suggest(name, known)}")
        if isinstance(value, Mapping):
            value = config_words(value)
        elif isinstance(value, list) and not getattr(option, "multiple", False):
            value = ",".join(map(str, value))
        defaults[option.name] = value
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def config_words(values: Mapping[str, Any]) -> list[str]:
    """A table as the KEY=VALUE words that give it on a command line."""
    return [f"{key}={_word(value)}" for key, value in values.items()]


def _word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')


def read_config(path: Path) -> dict[str, Any]:
    """A TOML or JSON file of options. A run's ``run.json`` works too: its resolved config is taken."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the config file {path}: {error}") from error
    try:
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise UsageError(f"{path} is no {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path} holds no table of options")
    return values


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_from_file,
        is_eager=True,
        help="TOML or JSON file with options of this command; the command line goes before it.",
    ),
]


def _alone(context: typer.Context, value: bool) -> bool:
    """Under --json standard output holds the JSON and nothing else: what agents and their libraries print goes to
    standard error until the command is done."""
    global _result
    if value and not context.resilient_parsing and _result is None:
        before, copy = sys.stdout, None
        before.flush()
        if (
            isinstance(before, io.TextIOWrapper) and before is sys.__stdout__ and before.fileno() == 1
        ):  # programs that an agent starts print as well
            copy = os.dup(1)
            os.dup2(2, 1)
        _result = before if copy is None else os.fdopen(copy, "w", encoding=before.encoding, errors="replace")
        sys.stdout = sys.stderr

        def give_back() -> None:
            global _result
            sys.stdout, given, _result = before, _result, None
            if copy is not None and given is not None:
                os.dup2(copy, 1)
                given.close()

        context.call_on_close(give_back)
    return value


_result: TextIO | None = None
"""Where results go while --json keeps standard output to itself."""

Json = Annotated[bool, typer.Option("--json", callback=_alone, help="Print JSON for scripts instead of tables.")]
Executor = Annotated[
    str | None,
    typer.Option("--executor", help="Where scripted agents play: processes, local (this one), or ray (a Ray cluster)."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=0, help="Processes for scripted agents; one per core if left out.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Arena config, e.g. --set players=7 --set roles=seer,doctor."),
]
Preset = Annotated[str, typer.Option("--preset", help="Reward preset of the arena.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out; start it if there is none.")]
SeatPython = Annotated[
    str | None,
    typer.Option("--seat-python", metavar="PATH", help="Interpreter of program: agents whose spec names none."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and its cost, and do nothing.")]


def split(text: str) -> list[str]:
    """Names out of a comma-separated list. Raises UsageError where there is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError("name at least one agent, as in --agents random,crowd (`lanista agents` lists them)")
    return names


def refuse_humans(names: Sequence[str]) -> None:
    """A person plays one game at a terminal. Raises UsageError where many games would ask for one."""
    if "human" in names:
        raise UsageError("a human plays in `lanista play ARENA --seat player_0=human`, not in many games at once")


def arena_config(arena: Arena, pairs: Sequence[str] | None) -> Any:
    """A config of the arena out of KEY=VALUE words. Raises UsageError naming what is wrong with which word."""
    hints = get_type_hints(arena.config)
    values: dict[str, Any] = {}
    for pair in pairs or ():
        name, equals, word = pair.partition("=")
        if not equals:
            raise UsageError(f"--set takes KEY=VALUE, not {pair!r}")
        name = name.strip().replace("-", "_")
        values[name] = _value(word.strip(), hints.get(name, str), name)
    return arena.configure(**values)


def _value(word: str, hint: Any, name: str) -> Any:
    kinds = get_args(hint) if type(None) in get_args(hint) else (hint,)
    if type(None) in kinds and word.lower() in ("none", "null", "default"):
        return None
    for kind in kinds:
        if kind is bool:
            if word.lower() in ("true", "yes", "1", "on"):
                return True
            if word.lower() in ("false", "no", "0", "off"):
                return False
            raise UsageError(f"{name} is true or false, not {word!r}")
        if kind in (int, float):
            try:
                return kind(word)
            except ValueError:
                raise UsageError(f"{name} is a number, not {word!r}") from None
        if getattr(kind, "__origin__", None) is tuple:
            return tuple(part.strip() for part in word.strip("()[]").split(",") if part.strip())
    return word


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[Any]:
    """A bar with time left on standard error. Yields ``update(done, total, what=None)``; ``quiet`` shows nothing."""
    if quiet:
        yield lambda done, total, what=None: None
        return
    if not notes.is_terminal:
        yield _lines(what)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as bar:
        task = bar.add_task(one_line(what), total=None)

        def update(done: float, total: float, label: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=one_line(label or what))

        yield update


def _lines(what: str) -> Any:
    """Without a terminal: a line each tenth of the way, with the time left."""
    import time

    start, shown = time.monotonic(), [-1]

    def update(done: float, total: float, label: str | None = None) -> None:
        tenth = int(10 * done / total) if total else 0
        if tenth > shown[0]:
            shown[0] = tenth
            spent = time.monotonic() - start
            left = f", {duration(spent * (total - done) / done)} left" if 0 < done < total else ""
            notes.print(f"{label or what}: {done:g} of {total:g}{left}")

    return update


def duration(seconds: float) -> str:
    """Seconds in words: ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """Bytes in words: ``93 MB``."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def print_json(value: Any) -> None:
    """JSON with sorted keys on standard output."""
    print_result(json.dumps(value, indent=2, sort_keys=True, default=str))


def print_result(text: str) -> None:
    """A result as it is, on standard output."""
    print(text, file=_result or sys.stdout, flush=True)


def command_line() -> list[str]:
    """The words that run this command again."""
    return ["lanista", *sys.argv[1:]]


def folder_to_make(path: Path) -> Path | None:
    """The uppermost folder that is to be made before ``path`` can be written; None where its folder is there."""
    missing = None
    for parent in path.parents:
        if parent.exists():
            break
        missing = parent
    return missing


def free_bytes(path: Path) -> int:
    """Free disk space where ``path`` is or would be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
