"""A hidden split: cases whose seeds follow from a secret that a board's owner keeps, published only as a digest.

Whoever has the secret plays the same cases; whoever has the digest can check, once the secret is told, that it was the
one. Seeds are HMAC-SHA256 of arena and number under the secret, so that no seed tells another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping

from lanista.errors import UsageError

VARIABLE = "LANISTA_SPLIT_KEY"
"""The environment variable that holds the secret."""
LEAST = 16
"""Characters that a secret has at least: what can be guessed hides nothing."""


def secret(environment: Mapping[str, str] | None = None) -> str:
    """The secret of this environment. Raises UsageError where there is none, or one that can be guessed."""
    found = (os.environ if environment is None else environment).get(VARIABLE)
    if found is None:
        raise UsageError(f"the hidden split needs a secret: set {VARIABLE} to what the board's owner keeps")
    if not found.strip():
        raise UsageError(f"{VARIABLE} is empty: set it to what the board's owner keeps, {LEAST} characters or more")
    if len(found) < LEAST:
        raise UsageError(f"{VARIABLE} has {len(found)} characters: a secret of under {LEAST} can be guessed")
    return found


def digest(key: str) -> str:
    """64 hex digits that stand for the secret in public."""
    return hashlib.sha256(b"lanista split\0" + key.encode()).hexdigest()


def seed(key: str, arena: str, number: int) -> int:
    """The seed of case ``number`` of an arena: 63 bits that follow from the secret."""
    made = hmac.new(key.encode(), f"{arena}\0{number}".encode(), hashlib.sha256).digest()
    return int.from_bytes(made[:8], "big") >> 1
