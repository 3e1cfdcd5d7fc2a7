"""One call of a seat's program to its model, as it is kept: in the turn's report, and in a file where one is named."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.tokens import TokenTurn
from lanista.errors import LanistaError


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that got a reply. Times are in seconds."""

    id: str
    dialect: str
    """``chat`` or ``responses``."""
    text: str
    """The reply, tool calls written out."""
    finish: str
    usage: Mapping[str, Any]
    read_s: float
    """From the request's arrival until it was laid beside what was said before."""
    waited_s: float
    """From then until its batch began; 0.0 where the model is elsewhere."""
    sampled_s: float
    auxiliary: bool = False
    tokens: TokenTurn | None = None
    """None where the model is elsewhere."""
    whole: Sequence[int] = ()
    """All ids it was sampled from."""
    policy: PolicyRef | None = None
    tools: Sequence[str] = ()
    drift: Sequence[str] = ()
    model: str = ""
    request: Mapping[str, Any] | None = None
    """The request as it stood, where the model is elsewhere."""

    def to_meta(self) -> dict[str, Any]:
        """A part of the turn's ``meta["calls"]``: plain JSON, what is at its default left out.

        A call that is auxiliary has no ``tokens``: nothing is learned from it.
        """
        kept: dict[str, Any] = {
            "id": self.id,
            "usage": dict(self.usage),
            "finish": self.finish,
            "read_s": round(self.read_s, 6),
            "waited_s": round(self.waited_s, 6),
            "sampled_s": round(self.sampled_s, 6),
        }
        if self.auxiliary:
            kept["auxiliary"] = True
        elif self.tokens is not None:
            kept["tokens"] = self.tokens.to_meta()
        if self.auxiliary or self.tokens is None:
            kept["reply"] = self.text
        if self.tools:
            kept["tools"] = list(self.tools)
        if self.drift:
            kept["drift"] = list(self.drift)
        if self.model:
            kept["model"] = self.model
        return kept

    def to_line(self, game: str, seat: str, turn: int) -> dict[str, Any]:
        """Everything, for the file of calls."""
        kept = {**self.to_meta(), "dialect": self.dialect, "reply": self.text}
        kept |= {"game": game, "seat": seat, "turn": turn}
        if self.tokens is not None:
            kept |= {"prompt_ids": list(self.whole), "ids": list(self.tokens.ids), "logps": list(self.tokens.logps)}
            kept.pop("tokens", None)
        if self.policy is not None:
            kept["policy"] = self.policy.to_json()
        if self.request is not None:
            kept["request"] = self.request
        return kept


class Ledger:
    """Where calls are written down before they are answered, a line of JSON each. Without a path: counted only."""

    def __init__(self, path: str | Path | None = None) -> None:
        self._lock = threading.Lock()
        self.calls = 0
        self.drift: Counter[str] = Counter()
        """Calls that were no plain continuation, by kind."""
        self._file: int | None = None
        if path is not None:
            try:
                self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            except OSError as error:
                raise LanistaError(f"calls cannot be written to {path}: {error.strerror}") from error

    def write(self, call: Call, game: str, seat: str, turn: int) -> None:
        """Write one down. Raises LanistaError where it cannot be, so that its reply is not sent."""
        with self._lock:
            self.calls += 1
            self.drift.update(call.drift)
            if self._file is None:
                return
            line = (json.dumps(call.to_line(game, seat, turn), ensure_ascii=False) + "\n").encode("utf-8", "replace")
            try:
                while line:
                    line = line[os.write(self._file, line) :]
            except OSError as error:
                raise LanistaError(f"a call could not be written down: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


@dataclass
class Turn:
    """What belongs to one reply of a seat: chance, and the calls since the last one."""

    number: int = 0
    seed: int = 0
    calls: list[Call] = field(default_factory=list)
    asked: Counter[bytes] = field(default_factory=Counter)
    """How often exactly this prompt was asked, by digest."""
    made: int = 0
