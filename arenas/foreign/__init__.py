"""Environments that are not ours: any PettingZoo AEC environment that speaks text becomes an arena, not rewritten.

Write an ``Adapter`` (a few lines: how the environment is made, its text, its legal replies) and ``wrap`` it. What comes
out is an ``Arena`` like every other: it is played, forked, recorded, replayed, ranked and trained on.

How it works. A state holds its seed, its moves so far, and what the environment showed after them. One live environment
is stepped along with the newest state; when an older state is asked to go on (a fork, a replay), a fresh one is made,
reset and given the same moves. So forks and records are as good as the environment is deterministic under its seed: one
that shows anything else when it is played again is refused with a LanistaError that says so. Global chance (``random``
and ``numpy.random``), which many environments draw from, is set aside for each live environment and put back after
every call: two games never disturb each other, nor anything else.

What it cannot do: say what another state that looks the same to a seat would be. Unless the adapter overrides
``counterfactual``, the law ``privacy`` does not apply, and what a seat sees of hidden things is the environment's own
business.
"""

from lanista.arenas.foreign.adapter import Adapter
from lanista.arenas.foreign.arena import NoConfig, wrap
from lanista.arenas.foreign.state import Past, Seen, State
from lanista.arenas.foreign.words import safe

__all__ = ["Adapter", "NoConfig", "Past", "Seen", "State", "safe", "wrap"]
