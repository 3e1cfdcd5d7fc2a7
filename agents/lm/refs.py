"""What is in a seat, by name and version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lanista.errors import LanistaError


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Weights by name and version.

    ``version`` differs where the weights do: of a folder a digest of its weights, of a hub id its commit, of a policy
    in training its step. ``base`` names what an ``adapter`` sits on; both are None for a whole model.
    """

    name: str
    version: str
    base: str | None = None
    adapter: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; what is None is left out."""
        kept: dict[str, Any] = {"name": self.name, "version": self.version}
        kept |= {key: value for key, value in (("base", self.base), ("adapter", self.adapter)) if value is not None}
        return kept

    @classmethod
    def from_json(cls, record: Any) -> PolicyRef:
        """The inverse. Raises LanistaError for a record that is none."""
        if not isinstance(record, Mapping) or not isinstance(record.get("name"), str) or "version" not in record:
            raise LanistaError(f"a policy is recorded as its name and version, not as {record!r:.80}")
        return cls(record["name"], str(record["version"]), record.get("base"), record.get("adapter"))
