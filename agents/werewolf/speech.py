"""One short sentence before each act: what scripted players say.

Transcripts are read by people, and small models are trained on them: few different words, no sentence over twelve, and
none that could be taken for an act. The act stands on a line of its own below.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

LINES: Mapping[str, tuple[str, ...]] = {
    "accuse": (
        "I think {target} is a wolf.",
        "I do not trust {target}.",
        "{target} looks bad to me today.",
        "We should vote for {target}.",
    ),
    "follow": (
        "I agree, {target} is a wolf.",
        "You are right about {target}.",
        "I also do not trust {target}.",
    ),
    "defend": (
        "I trust {target}.",
        "{target} is not a wolf, I think.",
        "We should not vote for {target}.",
    ),
    "claim": (
        "You should know that I am the {word}.",
        "Do not vote for me, I am the {word}.",
    ),
    "werewolf": (
        "I am the seer, and {target} is a wolf.",
        "I looked at {target} by night: a wolf.",
    ),
    "innocent": (
        "I am the seer, and {target} is not a wolf.",
        "I looked at {target} by night: not a wolf.",
    ),
    "medium werewolf": (
        "I am the medium, and {target} was a wolf.",
        "By night I was told: {target} was a wolf.",
    ),
    "medium innocent": (
        "I am the medium, and {target} was not a wolf.",
        "By night I was told: {target} was not a wolf.",
    ),
    "silent": (
        "I have nothing to say today.",
        "I do not know yet.",
        "I want to listen first.",
    ),
    "target": (
        "We should kill {target} tonight.",
        "I say {target} dies.",
        "{target} is the one to kill.",
    ),
}


def say(rng: random.Random, act: str, mood: str | None = None) -> str:
    """The reply that makes an act line (``accuse: player_3``): a sentence of that mood, then the line."""
    verb, _, rest = act.partition(": ")
    target, _, finding = rest.partition(" ")
    sentence = rng.choice(LINES[mood or finding or verb])
    return f"{sentence.format(target=target, word=target)}\n{act}"
