"""Experiment trackers (tensorboard, wandb, mlflow, …) through accelerate's classes: one run there for one run here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lanista.errors import LanistaError, UsageError, suggest

IDS = "trackers.json"
"""In a run's folder: what each tracker calls this run, so that a resumed run goes on in the same one."""


def check(names: Sequence[str]) -> None:
    """Raises UsageError for a tracker that there is not, or whose package is not installed."""
    if not names:
        return
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers

    known = sorted(map(str, LOGGER_TYPE_TO_CLASS))
    built_in = {str(member) for member in _built_in()}
    here = {str(member) for member in get_available_trackers()}
    for name in names:
        if name not in known:
            raise UsageError(f"unknown tracker {name!r}{suggest(name, known)} (there is: {', '.join(known)})")
        if name in built_in and name not in here:
            raise UsageError(f"the tracker {name} is not installed: pip install {_PACKAGE.get(name, name)}")


class Trackers:
    """The trackers of a run. ``done``: steps that stand in the run already, of which later ones are told again."""

    def __init__(self, names: Sequence[str], out: Path, config: Mapping[str, Any], done: int) -> None:
        self.trackers: list[Any] = []
        if not names:
            return
        from accelerate import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        PartialState()
        ids = _read(out / IDS)
        for name in names:
            kind = LOGGER_TYPE_TO_CLASS[name]
            ids.setdefault(name, hashlib.sha256(f"{out.resolve()} {config}".encode()).hexdigest()[:12])
            options: dict[str, Any] = {}
            if kind.requires_logging_directory:
                options["logging_dir"] = str(out / "trackers")
            if name == "tensorboard":
                options["purge_step"] = done + 1
            elif name == "wandb":
                options |= {"id": ids[name], "resume": "allow", "dir": str(out)}
            try:
                tracker = kind(out.resolve().name, **options)
                tracker.store_init_configuration(_flat(config))
            except Exception as error:
                said = " ".join(str(error).split())[:200]
                raise LanistaError(f"the tracker {name} cannot be started: {type(error).__name__}: {said}") from error
            self.trackers.append(tracker)
        (out / IDS).write_text(json.dumps(ids, indent=1) + "\n", encoding="utf-8")

    def log(self, line: Mapping[str, Any]) -> None:
        """Pass on the numbers of a line of the metrics."""
        numbers = {
            name: value for name, value in _flat(line).items() if isinstance(value, (int, float)) and name != "step"
        }
        for tracker in self.trackers:
            tracker.log(numbers, step=line["step"])

    def close(self) -> None:
        """Finish."""
        for tracker in self.trackers:
            tracker.finish()


_PACKAGE = {"comet_ml": "comet-ml", "aim": "aim", "dvclive": "dvclive"}


def _built_in() -> list[Any]:
    from accelerate.utils import LoggerType

    return [member for member in LoggerType if str(member) != "all"]


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}/")
        elif isinstance(value, (int, float, str, bool)):
            found[prefix + name] = value
    return found
