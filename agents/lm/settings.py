"""How a policy is played, kept beside its weights: whoever seats ``lm:FOLDER`` plays it as it was trained or made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lanista import files
from lanista.agents.lm.sampling import DEFAULT, Sampling
from lanista.errors import LanistaError, UsageError, suggest

FILE = "lanista_policy.json"
"""In a policy's folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaySettings:
    """What a policy's replies depend on beside its weights. Raises UsageError for values that cannot be."""

    sampling: Sampling = DEFAULT
    few_shot: bool = False
    """Examples made from the arena's own asks stand before the first turn."""
    examples: tuple[tuple[str, str], ...] = ()
    """(question, reply) pairs that stand before the first turn."""
    system: str | None = None
    thinking: bool | None = None
    """The chat template's switch for thinking; None: as the template has it."""

    def __post_init__(self) -> None:
        for name, kinds, said in (
            ("sampling", Sampling, "a Sampling"),
            ("few_shot", bool, "true or false"),
            ("system", (str, type(None)), "a text or nothing"),
            ("thinking", (bool, type(None)), "true, false or nothing"),
        ):
            if not isinstance(getattr(self, name), kinds):
                raise UsageError(f"{name} is {said}, not {getattr(self, name)!r}")
        try:
            examples = tuple((str(asked), str(replied)) for asked, replied in self.examples)
        except (TypeError, ValueError):
            raise UsageError(f"examples are (question, reply) pairs, not {self.examples!r:.80}") from None
        object.__setattr__(self, "examples", examples)

    def to_json(self) -> dict[str, Any]:
        """Every field as a plain JSON value."""
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return kept | {"sampling": self.sampling.to_json(), "examples": [list(pair) for pair in self.examples]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PlaySettings:
        """The inverse; what is missing is at its default. Raises UsageError for a key that is no field."""
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known:
                raise UsageError(f"unknown setting {name!r}{suggest(name, known)} (it is {', '.join(known)})")
        given = dict(values)
        if "sampling" in given:
            if not isinstance(given["sampling"], Mapping):
                raise UsageError(f"sampling is a table of options, not {given['sampling']!r}")
            given["sampling"] = Sampling.from_json(given["sampling"])
        return cls(**given)


def save_settings(folder: str | Path, settings: PlaySettings) -> Path:
    """Write ``folder/lanista_policy.json``, whole or not at all, and return its path."""
    path = Path(folder) / FILE
    files.write_text(path, json.dumps(settings.to_json(), indent=1, sort_keys=True) + "\n")
    return path


def load_settings(folder: str | Path) -> PlaySettings | None:
    """What ``save_settings`` wrote there; None where there is nothing. Raises LanistaError for what cannot be read."""
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, Mapping):
            raise UsageError(f"it holds a {type(record).__name__}, not a table")
        return PlaySettings.from_json(record)
    except (OSError, ValueError) as error:
        raise LanistaError(f"{path} cannot be read: {error} (delete it to play at the defaults)") from error
