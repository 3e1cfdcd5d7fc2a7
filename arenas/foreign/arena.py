"""An adapter made into an arena."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

from lanista.arenas.core.contract import FORFEIT, ILLEGAL, Arena
from lanista.arenas.foreign.adapter import Adapter
from lanista.arenas.foreign.words import ForeignRewards, ForeignWords
from lanista.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class NoConfig:
    """An environment without settings."""


def wrap(
    adapter: Adapter, *, name: str, version: str = "1", summary: str, config: type = NoConfig, **more: Any
) -> Arena:
    """The arena of an environment that is not ours. ``more`` goes to ``Arena`` (``baseline``, ``retries``, …).

    Its hash covers the adapter's file (its whole folder in a package), and the version of the adapter's ``package``.
    """
    low, high = adapter.returns
    if not low < high or adapter.turns < 1:
        raise UsageError(
            f"{name}: returns are (lowest, highest) and turns is at least 1, not {adapter.returns}, {adapter.turns}"
        )
    try:
        inspect.getfile(type(adapter))
    except (TypeError, OSError):
        raise UsageError(
            f"{name}: write {type(adapter).__name__} in a file: the arena's hash covers its source"
        ) from None
    penalty = -1.5 * (high - low)  # more than the worst legal reply can cost after the luckiest fallback
    return Arena(
        name=name,
        version=version if adapter.package is None else f"{version}+{adapter.package}-{installed(adapter.package)}",
        summary=summary,
        rules=adapter,
        words=ForeignWords(),
        rewards=ForeignRewards(),
        config=config,
        presets={"default": {"reward": 1.0, "refused": penalty, ILLEGAL: penalty, FORFEIT: penalty}},
        team_terms=frozenset(),
        turns_bound=lambda _: adapter.turns,
        counterfactual=adapter.counterfactual,
        **more,
    )
