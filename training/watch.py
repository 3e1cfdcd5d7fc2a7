"""Is the policy still one that speaks? Entropy, refused replies and the KL to the start, held against their start.

Rewards may rise while a policy falls apart: its entropy climbs or goes to nothing, its replies stop being legal, or it
drifts far from the policy that it was. A run tells it in one sentence at the step where it happens, and names games to
read; it does not stop for it.

The start is the first step's games, which the starting policy played; now is the mean of the last ``LAST`` steps.
Entropy is the mean of -log p over every token that the policies sampled, under the distribution it was sampled from:
an unbiased estimate that costs nothing and leaves no row out, while ``policy/entropy`` covers the rows of an update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lanista.training.config import RunOptions

LAST = 5
"""Steps that what is now is the mean of: one step's games say little about the policy."""

ENTROPY, REFUSED, KL = "tokens/entropy", "illegal_share", "kl"


def said(history: Sequence[Mapping[str, Any]], options: RunOptions, games: str) -> str:
    """One sentence where the last step took something out of its bounds, "" otherwise.

    ``history``: the steps' lines up to now; ``games``: the words that lead to games of the last step.
    """
    new = _out(history, options)
    for name in _out(history[:-1], options):
        new.pop(name, None)
    if not new:
        return ""
    return f"out of bounds: {'; '.join(new.values())}" + (f"; read {games}" if games else "")


def _out(history: Sequence[Mapping[str, Any]], options: RunOptions) -> dict[str, str]:
    """What lies out of its bounds after these steps, by name, in words."""
    found: dict[str, str] = {}
    if not history:
        return found
    first, factor = history[0], options.watch_entropy
    entropy, refused, kl = (_now(history, name) for name in (ENTROPY, REFUSED, KL))
    was = first.get(ENTROPY, 0.0)
    if factor and entropy is not None and was > 0 and not was / factor <= entropy <= was * factor:
        found[ENTROPY] = (
            f"entropy {entropy:.2f} nats a token, {was:.2f} at the start (watched to a factor of {factor:g})"
        )
    was = first.get(REFUSED, 0.0)
    if options.watch_refused and refused is not None and refused > was + options.watch_refused:
        found[REFUSED] = (
            f"{refused:.1%} of the replies refused, {was:.1%} at the start "
            f"(watched to {options.watch_refused:.1%} more)"
        )
    if options.watch_kl and kl is not None and kl > options.watch_kl:
        found[KL] = f"KL to the start {kl:.3f} nats a token (watched to {options.watch_kl:g})"
    return found


def _now(history: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """The mean of the last steps that have it."""
    values = [line[name] for line in history[-LAST:] if name in line]
    return sum(values) / len(values) if values else None
