"""A reply as tokens: what ``meta["tokens"]`` of a turn holds. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lanista.agents.lm.refs import PolicyRef
from lanista.errors import LanistaError

KEY = "tokens"
"""Where a turn's ``meta`` holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTurn:
    """One reply of a policy, token by token. ``logps`` is as long as ``ids``."""

    prompt_ids: tuple[int, ...]
    """What was appended to the conversation before the reply; the whole conversation where ``restart``."""
    ids: tuple[int, ...]
    """What was sampled, its end token included if it came."""
    logps: tuple[float, ...]
    """Their log-probabilities in nats under the distribution they were sampled from."""
    restart: bool = False
    """The conversation begins anew here: a row of its own."""
    dropped: int = 0
    """Exchanges after the first that were left out at this restart."""
    chat: str = ""
    """Tokenizer and template, by fingerprint: ids of different ones are never mixed. "" where not told."""
    policy: PolicyRef | None = None
    """The weights that sampled it; None in records that are older than this field."""
    thread: int = 0
    """Which of the seat's conversations it belongs to, where it holds several side by side."""

    def to_meta(self) -> dict[str, Any]:
        """``meta["tokens"]``: plain JSON values; what is at its default is left out."""
        kept: dict[str, Any] = {
            "prompt_ids": list(self.prompt_ids),
            "ids": list(self.ids),
            "logps": list(self.logps),
        }
        if self.restart:
            kept["restart"] = True
        if self.dropped:
            kept["dropped"] = self.dropped
        if self.chat:
            kept["chat"] = self.chat
        if self.policy is not None:
            kept["policy"] = self.policy.to_json()
        if self.thread:
            kept["thread"] = self.thread
        return kept

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> TokenTurn | None:
        """The reply that a turn's ``meta`` (the whole of it) reports; None where it reports no tokens.

        Raises LanistaError for a report that cannot be read.
        """
        report = meta.get(KEY)
        if report is None:
            return None
        try:
            policy = report.get("policy")
            turn = cls(
                prompt_ids=tuple(report["prompt_ids"]),
                ids=tuple(report["ids"]),
                logps=tuple(report["logps"]),
                restart=bool(report.get("restart", False)),
                dropped=int(report.get("dropped", 0)),
                chat=str(report.get("chat", "")),
                policy=None if policy is None else PolicyRef.from_json(policy),
                thread=int(report.get("thread", 0)),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LanistaError(
                f"a turn's tokens are prompt_ids, ids and logps, as a language model reports them, not {report!r:.80} "
                f"({type(error).__name__}: {error})"
            ) from error
        if len(turn.ids) != len(turn.logps):
            raise LanistaError(f"a turn's tokens hold {len(turn.ids)} ids and {len(turn.logps)} log-probabilities")
        return turn

    @classmethod
    def all_from_meta(cls, meta: Mapping[str, Any]) -> list[TokenTurn]:
        """Every reply reported for one turn of a record: refused ones (``meta["retries"]``) first, then the last.

        A program in a seat asks its model as often as it likes for one reply: those are the ``calls`` of its ``meta``.
        """
        metas: Sequence[Mapping[str, Any]] = [*meta.get("retries", ()), meta]
        parts = [part for m in metas for part in (*m.get("calls", ()), m)]
        return [turn for part in parts if (turn := cls.from_meta(part)) is not None]
