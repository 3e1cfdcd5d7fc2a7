"""Uniform numbers that follow from a key and a place: chance that is nobody else's. Loads no torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def uniforms(keys: Sequence[int], count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """``count`` numbers in [0, 1) for each key, a function of (key, place) alone. Shape (keys, count), float64."""
    with np.errstate(over="ignore"):
        places = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = np.array([key & (1 << 64) - 1 for key in keys], dtype=np.uint64)[:, None] + places[None, :]
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    found: np.ndarray[tuple[int, int], np.dtype[np.float64]] = (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found
