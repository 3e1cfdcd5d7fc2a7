"""Chance as a pure function of (key, purpose, turn): what happens to one seat never shifts another's draws.

The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
"""

from __future__ import annotations

import hashlib
import random
from functools import lru_cache

_MASK = (1 << 64) - 1


def key(*parts: object) -> int:
    """A 64-bit key out of any JSON-like parts; the same on every machine and in every process."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def draw(key_: int, purpose: str, turn: int, n: int) -> int:
    """A uniform integer in [0, n). Bias is below n / 2**64."""
    x = (key_ ^ _purpose(purpose)) + (turn + 1) * 0x9E3779B97F4A7C15 & _MASK
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & _MASK
    return ((x ^ (x >> 31)) * n) >> 64


def stream(key_: int, purpose: str, turn: int = 0) -> random.Random:
    """A generator of its own for one purpose, for shuffles and the like."""
    return random.Random(key(key_, purpose, turn))


@lru_cache(maxsize=4096)
def _purpose(name: str) -> int:
    return key("purpose", name)
