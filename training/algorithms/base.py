"""What an algorithm is: trajectories in, better policies out.

An algorithm owns its options, its advantages and the state of its optimizer. It does not know the store, the schedule
of scenarios, the opponents, evaluation or checkpoints: those are the loop's (``lanista.training.loop``), the same for
every algorithm. A new one is a subclass in one module and a line in the entry-point group ``lanista.algorithms``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from lanista.training.options import Section

if TYPE_CHECKING:
    from lanista.agents.contract import Agent
    from lanista.arenas.core.contract import Arena
    from lanista.training.config import TrainConfig
    from lanista.training.forks import Fork, Forked
    from lanista.training.policies import Policies
    from lanista.training.trajectories import Trajectory

Seats = Callable[[str, str], "Agent"]
"""``seats(role, team)``: the agent that holds such a seat."""


class Play(Protocol):
    """``play(step)``: plays the scenarios of a step with ``seats()`` and gives what the policies' seats saw and said.

    ``more``: plays these groups instead, beyond those that are due, as (scenario number, visit): visit 0 is a
    scenario's first, every other number gives its deal with other luck and other draws. Each at most once a step.
    """

    def __call__(self, step: int, more: Sequence[tuple[int, int]] = ()) -> Sequence[Trajectory]: ...


class PlayAndFork(Play, Protocol):
    """What an algorithm is given: ``Play``, and forks of what it played."""

    def forks(self, asked: Sequence[Fork]) -> Forked:
        """Plays other courses of games that were played in this step (``lanista.training.forks``).

        What they sample counts as sampled, and in nothing else.
        """
        ...


class Algorithm(ABC):
    """One way to learn. Made once per run, before the run's folder is.

    ``Config``: its own options, a Section whose fields are made with ``option``. ``defaults``: by section, where it
    wants other defaults than the run's.
    """

    Config: ClassVar[type[Section]]
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self, config: TrainConfig, policies: Policies) -> None:
        self.config = config
        self.options: Any = config.update
        self.policies = policies

    @classmethod
    def check(cls, config: TrainConfig) -> None:
        """Raises UsageError for a config that this algorithm cannot run."""
        return

    @classmethod
    def check_teams(cls, config: TrainConfig, teams: Sequence[str]) -> None:
        """Raises UsageError where it cannot learn in an arena of these teams."""
        return

    @classmethod
    def check_arena(cls, config: TrainConfig, arena: Arena, game_config: Any) -> None:
        """Raises UsageError where it cannot learn from the games of this arena."""
        return

    def collect(self, step: int, play: PlayAndFork) -> Sequence[Trajectory]:
        """What step number ``step`` (from 0) learns from; by default the games that are due, played by the policies."""
        return play(step)

    def advance(self, share: float) -> None:
        """Told before each update of a run that ends by sampled tokens: which share of them was sampled before."""
        return

    @abstractmethod
    def update(self, trajectories: Sequence[Trajectory], step: int) -> Mapping[str, float]:
        """Learn from one step's trajectories. Returns numbers for the log.

        A function of the policies, the optimizer's state, the trajectories and the step: a killed run repeats it.
        Raises LanistaError, with the weights as they were, where a gradient is not finite.
        """

    def save(self, folder: Path) -> None:
        """Write weights and state to a folder that exists. Raises LanistaError for weights that are not finite."""
        self.policies.save_weights(folder)

    def load(self, folder: Path) -> None:
        """The inverse: go on from there, to the same bits."""
        self.policies.load_weights(folder)

    def seats(self) -> Seats:
        """Agents of the policies as they are now."""
        return self.policies.seats()
