"""The critic: a small head per role on the policy's hidden states, with an optimizer of its own.

It learns from hidden states that are given to it, never through them: the policy's weights belong to the policy's loss
alone, and nothing of the critic is ever in a folder that is served. Heads begin at the value 0 exactly, whatever they
are shown. A head is made when its role is first seen, from a seed of its own, so it does not depend on who else plays.

Names: D width of the model, K decisions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lanista.arenas.core import chance
from lanista.errors import LanistaError, UsageError

FILE = "critic.pt"
"""In a checkpoint: the heads and their optimizers' moments."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the head of one role learns from in a step."""

    hidden_KD: torch.Tensor
    values_K: torch.Tensor
    """What the head said before the step: value clipping holds it near that."""
    targets_K: torch.Tensor
    whole_K: torch.Tensor
    """The discounted rewards to go as they were paid: what values are judged by."""


class Critic:
    """A value head per role. ``width``: of the model's hidden states; ``inner``: of a head's own layer, 0 for none."""

    def __init__(self, width: int, *, inner: int, learning_rate: float, clip: float, updates: int, seed: int) -> None:
        self.width = width
        self.inner = inner
        self.learning_rate = learning_rate
        self.clip = clip
        self.updates = updates
        self.seed = seed
        self.heads: dict[str, nn.Module] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}

    @torch.no_grad()
    def values(self, role: str, hidden_KD: torch.Tensor) -> torch.Tensor:
        """What the states of a role are worth to it, in returns; shape (K,)."""
        found: torch.Tensor = self._head(role)(hidden_KD)[:, 0]
        return found

    def learn(self, lessons: Mapping[str, Lesson]) -> dict[str, float]:
        """``updates`` optimizer steps for each role on all of its decisions. Returns the loss before and after.

        Raises LanistaError where a loss is no finite number, with that head as it was before.
        """
        first = last = 0.0
        count = sum(len(lesson.targets_K) for lesson in lessons.values())
        for role, lesson in sorted(lessons.items()):
            losses = self._fit(role, lesson)
            first += losses[0] * len(lesson.targets_K) / count
            last += losses[-1] * len(lesson.targets_K) / count
        return {"value/loss": first, "value/loss_after": last} if count else {}

    def loss(self, said_K: torch.Tensor, lesson: Lesson) -> torch.Tensor:
        """Half the mean squared error; with a clip the larger of that and the one with the value held near its old."""
        error_K = (said_K - lesson.targets_K).square()
        if self.clip:
            near_K = lesson.values_K + (said_K - lesson.values_K).clamp(-self.clip, self.clip)
            error_K = torch.maximum(error_K, (near_K - lesson.targets_K).square())
        return 0.5 * error_K.mean()

    def save(self, folder: Path) -> None:
        """Write heads and moments to a checkpoint's folder."""
        state = {
            role: {"head": head.state_dict(), "optimizer": self.optimizers[role].state_dict()}
            for role, head in self.heads.items()
        }
        torch.save(state, folder / FILE)

    def load(self, folder: Path) -> None:
        """The inverse, to the same bits. Raises UsageError for a checkpoint without a critic, or with a damaged one."""
        place = folder / FILE
        if not place.exists():
            raise UsageError(
                f"the checkpoint {folder} has no critic ({FILE}), and ppo cannot go on without what it had learned: "
                "put the file back, or remove this checkpoint to go on from the one before it"
            )
        try:
            state = torch.load(place, map_location="cpu", weights_only=True)
            for role, its in state.items():
                self._head(role).load_state_dict(its["head"])
                self.optimizers[role].load_state_dict(its["optimizer"])
        except Exception as error:  # whatever a damaged archive makes torch say
            raise UsageError(
                f"the critic in {place} cannot be read ({type(error).__name__}): remove this checkpoint to go on from "
                "the one before it, or start the run anew"
            ) from error

    def _fit(self, role: str, lesson: Lesson) -> list[float]:
        head, optimizer = self._head(role), self.optimizers[role]
        losses = []
        for _ in range(self.updates):
            loss = self.loss(head(lesson.hidden_KD)[:, 0], lesson)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise LanistaError(
                    f"the critic's loss for {role} is not a finite number: a smaller --critic-learning-rate, or "
                    "rewards of a smaller size (--reward-unit), may hold. The run goes on from its last checkpoint"
                )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            losses.append(self.loss(head(lesson.hidden_KD)[:, 0], lesson).item())
        return losses

    def _head(self, role: str) -> nn.Module:
        if role not in self.heads:
            self.heads[role] = head = self._new(role)
            self.optimizers[role] = torch.optim.Adam(head.parameters(), lr=self.learning_rate)
        return self.heads[role]

    def _new(self, role: str) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chance.key("critic", self.seed, role) >> 1)
            # Hidden states of one model are many times as large as another's.
            layers: list[nn.Module] = [nn.LayerNorm(self.width, elementwise_affine=False)]
            if self.inner:
                layers += [nn.Linear(self.width, self.inner), nn.Tanh()]
            last = nn.Linear(self.inner or self.width, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(*layers, last)


def explained_variance(values_K: torch.Tensor, returns_K: torch.Tensor) -> float | None:
    """1 - Var(returns - values) / Var(returns): 1 is a perfect critic, 0 no better than a constant; None: no spread."""
    spread = returns_K.double().var(correction=0).item() if len(returns_K) else 0.0
    if spread < 1e-12:
        return None
    left = (returns_K - values_K).double().var(correction=0).item()
    return float(1 - left / spread)
