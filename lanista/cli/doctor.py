"""``lanista doctor``: what this machine has, and what is missing for what."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from lanista import __version__
from lanista.cli.common import Json, console, free_bytes, print_json, size
from lanista.errors import LanistaError

NEEDS = {
    "train": ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf"),
    "openai": ("openai",),
    "agentscope": ("agentscope",),
    "serve": ("starlette", "uvicorn", "httpx"),
    "parquet": ("pyarrow",),
}


_BROUGHT = {"tokenizers": "train", "safetensors": "train", "huggingface_hub": "train"}
"""What comes with a package of an extra and is imported by itself."""


def extra_of(module: str | None) -> str | None:
    """The extra that brings a module; None where none of ours does."""
    package = (module or "").partition(".")[0]
    found = {package: extra for extra, packages in NEEDS.items() for package in packages}
    return (found | _BROUGHT).get(package)


def add(app: typer.Typer) -> None:
    app.command(name="doctor")(doctor)


def doctor(json: Json = False) -> None:
    """Check the installation. Exits 1 where a registered arena or agent cannot be loaded."""
    found = _look()
    if json:
        print_json(found)
    else:
        for name, value in found.items():
            if isinstance(value, dict) and not value:
                continue
            if isinstance(value, dict):
                console.print(name, style="bold")
                for key, inner in value.items():
                    console.print(f"  {key:<14} ", end="")
                    console.print(str(inner), soft_wrap=True)
            else:
                console.print(f"{name:<16} ", style="bold", end="")
                console.print(str(value), soft_wrap=True)
    if found["broken"]:
        raise LanistaError(f"plug-ins that cannot be loaded: {', '.join(found['broken'])}")


def _look() -> dict[str, Any]:
    from lanista.agents import registry as agents
    from lanista.arenas.core import registry as arenas
    from lanista.cli.plug_ins import GROUP
    from lanista.paths import cache_dir

    health = {
        "arenas": {name: _health(partial(arenas.get, name)) for name in arenas.names()},
        "agents": {name: _health(partial(arenas.load, agents.GROUP, name, "agent")) for name in agents.names()},
        **{
            f"{noun}s": {name: _health(partial(arenas.load, group, name, noun)) for name in arenas.names(group)}
            for noun, group in (
                ("backend", "lanista.backends"),
                ("algorithm", "lanista.algorithms"),
                ("command", GROUP),
            )
        },
    }
    return {
        "lanista": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        "cache": f"{cache_dir()} ({size(free_bytes(cache_dir()))} free)",
        "extras": {extra: _extra(packages) for extra, packages in NEEDS.items()},
        "devices": _devices(),
        "sandbox": _sandbox(),
        **health,
        "broken": {name: said for group in health.values() for name, said in group.items() if said != "fine"},
    }


def _health(load: Callable[[], object]) -> str:
    try:
        load()
    except LanistaError as error:
        return str(error)
    return "fine"


def _extra(packages: tuple[str, ...]) -> str:
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    return ", ".join(found) + (f"{'; ' if found else ''}missing: {', '.join(missing)}" if missing else "")


def _devices() -> str:
    try:
        import torch
    except ImportError:
        return "no torch: nothing that needs a local model can run; install the extra `train`"
    if torch.cuda.is_available():
        return ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return f"CPU only, {torch.get_num_threads()} threads"


def _sandbox() -> str:
    from lanista.arenas.sandbox import Sandbox

    try:
        with Sandbox() as box:
            held = f"tier {box.tier}"
            return held if box.tier == "full" else f"{held}; not full: {box.why_not_stronger}"
    except LanistaError as error:
        return f"none: {error}"
