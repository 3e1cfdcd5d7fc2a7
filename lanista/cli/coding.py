"""``lanista coding``: task files for the coding arena."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lanista.cli.common import Json, console, notes, print_json, progress

coding = typer.Typer(help="Task files for the coding arena.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    app.add_typer(coding, name="coding")


@coding.command()
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON lines in the format of HumanEval or MBPP (.gz too).")
    ],
    in_process_tests: Annotated[
        bool,
        typer.Option(
            "--in-process-tests", help="Include tasks whose tests cannot be converted; these run beside the program."
        ),
    ] = False,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Pass over lines that cannot be read, and name them; else one refuses all."),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="PACKAGE", help="Let programs and tests import an installed package: numpy."),
    ] = None,
    cpu_s: Annotated[
        float, typer.Option("--cpu-s", min=0.05, max=3600, help="CPU seconds for all tests of one task.")
    ] = 3.0,
    json: Json = False,
) -> None:
    """Run the reference solutions of a task file in the sandbox; exits 0 only if every one passes its tests."""
    from lanista.arenas.coding.tasks.files import load
    from lanista.arenas.coding.tasks.verify import verify as run
    from lanista.arenas.sandbox import Sandbox

    with Sandbox(workers=2, packages=tuple(allow or ())) as box:
        found = load(file, in_process_tests=in_process_tests, skip_bad=skip_bad, cpu_s=cpu_s, box=lambda: box)
        with progress(f"verifying {file.name}", quiet=json) as update:
            done = run(found.tasks, box, told=update)
        tier, packages = box.tier, box.packages
    passed = sum(one.passed for one in done)
    if json:
        print_json(_as_json(done, found, tier, cpu_s, packages))
    else:
        _told(done, found)
        if found.left_out:
            notes.print(f"{len(found.left_out)} left out; --in-process-tests includes them", style="dim")
        _say(f"sandbox tier: {tier}")
        _say(f"CPU seconds a task: {cpu_s:g}")
        if packages:
            _say(f"packages allowed: {', '.join(packages)}")
        _say(f"assertions executed: {sum(one.assertions for one in done)}")
        _say(f"verified {passed}/{len(done)}")
    if passed < len(done) or not done:
        raise typer.Exit(1)


def _told(done: Any, found: Any) -> None:
    """What is to be known of the file and its tasks, by name."""
    for why in found.bad:
        _say(f"passed over {why}")
    for left in found.left_out:
        _say(f"left out {left.id} (line {left.line}): {left.reason}")
    for one in done:
        if not one.passed:
            _say(f"failed {one.task.id}: {one.why}")
        elif one.task.in_process is not None:
            _say(f"passed with in-process tests {one.task.id}: {one.assertions} assertions")
    if found.plus:
        inputs, tasks = sum(found.plus.values()), len(found.plus)
        _say(
            f"used plus_input: {inputs:,} input{'s' * (inputs != 1)} of {tasks} task{'s' * (tasks != 1)}, "
            "held against what the canonical solutions return"
        )
    for name, count in found.unused.items():
        _say(f"not used: field {name!r} of {count} task{'s' * (count != 1)}")


def _say(line: str) -> None:
    console.print(line, soft_wrap=True)


def _as_json(done: Any, found: Any, tier: str, cpu_s: float, allowed: tuple[str, ...]) -> dict[str, Any]:
    return {
        "verified": sum(one.passed for one in done),
        "tasks": len(done),
        "tier": tier,
        "cpu_s": cpu_s,
        "allowed": list(allowed),
        "assertions": sum(one.assertions for one in done),
        "failed": {one.task.id: one.why for one in done if not one.passed},
        "in_process": [one.task.id for one in done if one.task.in_process is not None],
        "left_out": {left.id: left.reason for left in found.left_out},
        "passed_over": list(found.bad),
        "plus_input": dict(found.plus),
        "unused": dict(found.unused),
    }
