"""The seeds of games: what training meets and what is held out can never be the same."""

from __future__ import annotations

from lanista.arenas.core import chance


def scenario_seed(run_seed: int, number: int, purpose: str = "training") -> int:
    """A game's seed: below 2**53, so that it survives JSON anywhere. Purposes have seeds of their own."""
    return chance.key("scenario", purpose, run_seed, number) >> 11
