"""One live environment, with its global chance kept apart from everybody else's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import mtrand

from lanista.arenas.core.contract import Seat
from lanista.arenas.foreign.state import Seen
from lanista.errors import LanistaError

if TYPE_CHECKING:
    from lanista.arenas.foreign.adapter import Adapter


class NotTaken(Exception):
    """The environment, or its adapter, raised over a reply."""


class Live:
    """One environment. Its own global chance is in place inside ``with self``, and put away after it.

    What is shown is asked for exactly once after the reset and after every reply, live or played again: an environment
    whose observations are read away by reading them is read alike both times.
    """

    __slots__ = ("_outside", "_own", "env", "paid", "seats", "seen")

    def __init__(self, adapter: Adapter, config: Any, seed: int) -> None:
        number = seed % 2**31
        self._own: Any = None
        if adapter.global_chance:
            self._own = random.Random(number).getstate(), np.random.MT19937(number)
        with self:
            self.env = adapter.make(config)
            self.env.reset(seed=number)
            self.seats = tuple(self.env.possible_agents)
            self.paid: dict[Seat, float] = dict.fromkeys(self.seats, 0.0)
            self.seen = self._look(adapter)

    def __enter__(self) -> None:
        if self._own is None:
            return
        self._outside = random.getstate(), mtrand.get_bit_generator(), np.random.get_state(legacy=False)
        random.setstate(self._own[0])
        mtrand.set_bit_generator(self._own[1])

    def __exit__(self, *_: object) -> None:
        if self._own is None:
            return
        self._own = random.getstate(), mtrand.get_bit_generator()
        state, generator, numpy_state = self._outside
        random.setstate(state)
        mtrand.set_bit_generator(generator)
        if numpy_state["has_gauss"]:  # the second of a pair of normal numbers, which a change of generators drops
            np.random.set_state(numpy_state)

    def play(self, adapter: Adapter, seat: Seat, reply: str) -> Seen:
        """One reply and what is shown after it. Raises NotTaken where the environment cannot take the reply."""
        with self:
            try:
                self.env.step(adapter.action(self.env, seat, reply))
            except Exception as error:
                raise NotTaken(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
            for name, amount in self.env.rewards.items():
                self.paid[name] += float(amount)
            self._leave()
            self.seen = self._look(adapter)
            return self.seen

    def reseed(self, adapter: Adapter, key: int) -> None:
        with self:
            if adapter.global_chance:
                random.seed(key)
                np.random.seed(key % 2**32)
            adapter.reseed(self.env, key)

    def close(self) -> None:
        with self:
            self.env.close()

    def _leave(self) -> None:
        """Seats whose game is over are stepped out of it, as PettingZoo wants."""
        env = self.env
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            env.step(None)

    def _look(self, adapter: Adapter) -> Seen:
        env, returns = self.env, tuple(round(self.paid[seat], 9) for seat in self.seats)
        if not env.agents:
            return Seen(None, "", (), True, returns)
        seat = env.agent_selection
        replies, complete = adapter.replies(env, seat)
        listed = tuple(dict.fromkeys(replies))
        if not listed:
            raise LanistaError(f"replies() of {type(adapter).__name__} lists nothing for {seat}: list samples at least")
        return Seen(seat, adapter.text(env, seat), listed, complete, returns)
