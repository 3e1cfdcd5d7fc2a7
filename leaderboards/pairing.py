"""Which two agents meet on which deal where not all can meet on each: balanced incomplete blocks of two.

Cycle after cycle everybody meets everybody once, in rounds of the circle method: in a round nobody plays twice, and two
rounds tie all agents together (their pairs form one path or ring). So at any moment the numbers of meetings of two
pairs differ by at most one, and those of the games of two agents by at most one round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

from lanista.arenas.core import chance

Pair = tuple[str, str]


def rounds(agents: Sequence[str]) -> Iterator[list[Pair]]:
    """A round-robin of k agents by the circle method: k - 1 rounds (k, with one resting, where k is odd)."""
    ring: list[str | None] = [*agents, *([None] if len(agents) % 2 else [])]
    half = len(ring) // 2
    for _ in range(len(ring) - 1):
        met = zip(ring[:half], reversed(ring[half:]), strict=True)
        yield [(one, other) for one, other in met if one is not None and other is not None]
        ring = [ring[0], ring[-1], *ring[1:-1]]


def pairs(agents: Sequence[str], seed: int, met: Counter[frozenset[str]]) -> Iterator[Pair]:
    """Pairs without end; ``met`` holds how often each pair has met already and is kept up to date.

    A pair that is ahead of the others waits, so an agent that comes later first catches up.
    """
    for cycle in count():
        order = list(agents)
        chance.stream(seed, "pairs", cycle).shuffle(order)
        for meetings in rounds(order):
            for pair in meetings:
                if met[frozenset(pair)] <= cycle:
                    met[frozenset(pair)] += 1
                    yield pair


def tied(agents: Sequence[str], met: Counter[frozenset[str]]) -> bool:
    """Whether the meetings tie all agents together, so that any two can be compared."""
    group = {agent: agent for agent in agents}

    def root(agent: str) -> str:
        while group[agent] != agent:
            group[agent] = agent = group[group[agent]]
        return agent

    for pair in met:
        if met[pair] and pair <= group.keys():
            one, other = pair
            group[root(one)] = root(other)
    return len({root(agent) for agent in agents}) <= 1
