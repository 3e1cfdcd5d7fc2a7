"""A batch that is followed while it is sampled: every token is told, nothing is changed by it, rows may be left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from lanista.agents.lm.backends.base import GenerateRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling


class Note:
    """Notes what it is told; ``leaves``: requests that are left after so many tokens."""

    def __init__(self, leaves: dict[int, int] | None = None, deaf: Sequence[int] = ()) -> None:
        self.heard: dict[int, list[Any]] = defaultdict(list)
        self._leaves, self._deaf = leaves or {}, deaf

    def listens(self, place: int) -> bool:
        return place not in self._deaf

    def told(self, place: int, ids: Sequence[int], logps: Sequence[float]) -> None:
        self.heard[place] += zip(ids, logps, strict=True)

    def left(self, place: int) -> bool:
        return len(self.heard[place]) >= self._leaves.get(place, 10**9)


def requests(policy: Policy, count: int = 9, **more: Any) -> list[GenerateRequest]:
    sampling = Sampling(max_new_tokens=24, **more)
    return [
        GenerateRequest(ids=policy.chat.first("vote " * (1 + n % 3)), key=n, sampling=sampling, handle=n)
        for n in range(count)
    ]


@pytest.mark.parametrize("stop", [(), ("e",)])
@pytest.mark.parametrize("batch_size", [64, 4])
def test_it_tells_exactly_what_it_samples(policy: Policy, batch_size: int, stop: tuple[str, ...]) -> None:
    asked = requests(policy, stop=stop)
    plain = HFBackend(policy, batch_size=batch_size, cache="none").generate(asked)
    note = Note(deaf=[2])
    followed = HFBackend(policy, batch_size=batch_size, cache="none").follow(asked, note)
    assert followed == plain
    assert 2 not in {place for place, heard in note.heard.items() if heard}
    for place, reply in enumerate(plain):
        if place != 2:
            assert note.heard[place] == list(zip(reply.ids, reply.logps, strict=True))


def test_a_row_that_is_left_ends_there_and_the_others_do_not(policy: Policy) -> None:
    asked = requests(policy)
    plain = HFBackend(policy, cache="none").generate(asked)
    place = max(range(len(plain)), key=lambda n: len(plain[n].ids))
    assert len(plain[place].ids) > 3
    note = Note({place: 2})
    followed = HFBackend(policy, cache="none").follow(asked, note)
    assert followed[place].ids == plain[place].ids[:2]
    for n, reply in enumerate(plain):
        if n != place:
            assert followed[n].ids == reply.ids
            assert followed[n].logps == pytest.approx(reply.logps, abs=1e-4)


def test_where_everybody_has_left_nothing_more_is_sampled(policy: Policy) -> None:
    note = Note(dict.fromkeys(range(9), 1))
    found = HFBackend(policy, cache="none").follow(requests(policy), note)
    assert [len(reply.ids) for reply in found] == [1] * 9
