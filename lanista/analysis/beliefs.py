"""Whom each living player holds to be a wolf, asked on a copy of the game, and how well that fits the truth.

An agent that can say it in numbers has a method ``beliefs(question)``: seat -> probability of being a wolf, of the
others that live. A script without one is not asked. Everybody else is asked in words, at dawn and before the votes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lanista.agents.contract import Agent, Question
from lanista.agents.scripted import Scripted
from lanista.analysis.forks import Branch, answers, fork_seed
from lanista.arenas.core.contract import Forfeit, Seat
from lanista.arenas.werewolf.asks import names

Held = dict[Seat, dict[Seat, float]]
"""observer -> (seat -> probability of being a wolf)."""

BINS = 10
"""Bins of equal width that a calibration is counted in."""


class Stated(NamedTuple):
    """What one observer held of one seat, and the truth."""

    observer: Seat
    of: Seat
    p: float
    wolf: bool


def held(branch: Branch, agents: Mapping[Seat, Agent], id: str, *, in_words: bool) -> Held:
    """What every living player believes at a branch; who cannot say, or is not understood, is left out.

    ``in_words``: also those are asked who answer in words. The branch does not change. Raises Unavailable.
    """
    alive = names(branch.game.state.alive)
    asked: list[tuple[Agent, Question]] = []
    found: Held = {}
    for seat in alive:
        agent = agents[seat]
        others = tuple(other for other in alive if other != seat)
        told = getattr(agent, "beliefs", None)
        if told is None and (isinstance(agent, Scripted) or not in_words):
            continue
        put = branch.privately(seat, "belief", wording(others), samples(others), fork_seed(id, 0, seat))
        if told is None:
            asked.append((agent, put))
        else:
            found[seat] = {other: min(1.0, max(0.0, float(p))) for other, p in told(put).items() if other in others}
    for (_, put), reply in zip(asked, answers(asked), strict=True):
        read = None if isinstance(reply, Forfeit) else understood(reply, [s for s in alive if s != put.seat])
        if read is not None:
            found[put.seat] = read
    return found


def wording(others: Sequence[Seat]) -> str:
    """The question in words."""
    return (
        "In private, and nobody will see your answer: how likely is each of these to be a werewolf? "
        f"Reply one line for each, `wolf: NAME PERCENT`, NAME being {', '.join(others)}."
    )


def samples(others: Sequence[Seat]) -> tuple[str, ...]:
    """A reply of the form that is asked for."""
    return ("\n".join(f"wolf: {other} 50" for other in others),)


_LINE = re.compile(r"wolf\W+player[ _]?(\d+)\W+(\d+(?:\.\d+)?)", re.IGNORECASE)


def understood(reply: str, others: Sequence[Seat]) -> dict[Seat, float] | None:
    """The probabilities of a reply, the last word on each seat counting; None unless it names all of ``others``."""
    found = {f"player_{int(number)}": float(percent) for number, percent in _LINE.findall(reply)}
    if not set(others) <= found.keys() or any(found[other] > 100 for other in others):
        return None
    return {other: found[other] / 100 for other in others}


def stated(beliefs: Held, wolves: frozenset[Seat], pack: frozenset[Seat]) -> list[Stated]:
    """What the village's seats hold of the others beside the truth; who plays for the ``pack`` is left out."""
    return [
        Stated(observer, of, p, of in wolves)
        for observer, by_seat in beliefs.items()
        if observer not in pack
        for of, p in by_seat.items()
    ]


def brier(said: Sequence[Stated]) -> float:
    """The mean squared error (Brier 1950, in its form for one event): 0 is knowing, p(1 - p) holding the base rate."""
    return sum((one.p - one.wolf) ** 2 for one in said) / len(said)


def base_line(said: Sequence[Stated]) -> float:
    """The Brier score of holding every one of them to be a wolf with their share of wolves."""
    share = sum(one.wolf for one in said) / len(said)
    return share * (1 - share)


def calibration(said: Sequence[tuple[float, bool]]) -> list[dict[str, float]]:
    """By bin of stated probability that has anything in it: from, to, how many, their mean, and the share of wolves."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, wolf in said:
        bins.setdefault(min(BINS - 1, int(p * BINS)), []).append((p, wolf))
    return [
        {
            "from": n / BINS,
            "to": (n + 1) / BINS,
            "count": len(inside),
            "stated": round(sum(p for p, _ in inside) / len(inside), 4),
            "wolves": round(sum(wolf for _, wolf in inside) / len(inside), 4),
        }
        for n, inside in sorted(bins.items())
    ]


def stirred(before: Held, after: Held, pack: frozenset[Seat]) -> float | None:
    """How much probability moved between two moments: the mean over the village's seats that were asked at both of the
    sum of absolute changes, in wolves. None where nobody was."""
    sums = [
        sum(abs(p - before[observer][seat]) for seat, p in now.items() if seat in before[observer])
        for observer, now in after.items()
        if observer not in pack and observer in before
    ]
    return sum(sums) / len(sums) if sums else None
