"""A run's ``metrics.jsonl``: a line per step and per evaluation, written, read, cut and put in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lanista import files
from lanista.training.evaluate import RETURN

FILE = "metrics.jsonl"


def metrics(out: Path, kind: str = "step") -> list[dict[str, Any]]:
    """The lines of a run's ``metrics.jsonl`` of one kind, ``step`` or ``evaluation``."""
    path = Path(out) / FILE
    if not path.exists():
        return []
    return [line for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if line["kind"] == kind]


def append(out: Path, line: Mapping[str, Any]) -> None:
    """Add a line."""
    with (out / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def truncate(path: Path, step: int) -> None:
    """Leave out lines of steps after ``step``, and a last line that was cut short."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            break
        if record["step"] <= step:
            kept.append(line + "\n")
    files.write_text(path, "".join(kept))


def describe(line: Mapping[str, Any]) -> str:
    """A line of the metrics in words, for the terminal."""
    if line["kind"] == "evaluation":
        rates = [
            f"{side.rstrip('/').replace('/', ' against ')} {v:.1%} [{a:.1%}, {b:.1%}]"
            for side, (v, a, b) in line["rates"].items()
        ]
        told = [
            f"{fact} {value:.3f}"
            for facts in line["facts"].values()
            for fact, value in facts.items()
            if fact != RETURN and value is not None
        ]
        at = f" at temperature {line['temperature']:g}" if "temperature" in line else ""
        return f"held out after step {line['step']}{at}: {'; '.join(rates)}{' · ' * bool(told)}{', '.join(told)}"
    wins = [f"{k.split('/')[1]} {v:.0%}" for k, v in sorted(line.items()) if k.startswith("score/")]
    paid = [
        f"{k.split('/')[1]} {v:+.1f}" for k, v in sorted(line.items()) if k.startswith("reward/") and k.count("/") == 1
    ]
    parts = [f"step {line['step']}/{line['of']}"]
    if wins:
        parts.append(f"score {', '.join(wins)}")
    if paid:
        parts.append(f"reward {', '.join(paid)}")
    for name, form in _SHOWN.items():
        if name in line:
            parts.append(form.format(line[name]))
    if line.get("watch"):
        parts.append(line["watch"])
    if line.get("sampler/alarm"):
        parts.append(
            f"ALARM: sampler and trainer differ by more than the weights' cap on {line['sampler/beyond_cap']:.1%} of "
            "the tokens"
        )
    return " · ".join(parts)


_SHOWN = {
    "tokens/entropy": "entropy {:.2f}",
    "policy/kl_sampler": "kl {:.4f}",
    "kl": "kl to the start {:.3f}",
    "policy/clip_share": "clipped {:.1%}",
    "loss/first": "loss {:.3f}",
    "loss/last": "to {:.3f}",
    "kept": "kept {:.0f}",
    "illegal_share": "refused {:.1%}",
    "value/explained_variance": "critic explains {:.0%}",
    "value/loss": "its loss {:.3f}",
    "groups/zero_variance_share": "zero-variance groups {:.0%}",
    "resample/groups": "{:.0f} groups more",
    "tokens/thrown": "{:,.0f} tokens thrown away",
    "tokens/sampled_per_second": "{:,.0f} tokens/s",
}
