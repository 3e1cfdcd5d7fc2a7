"""What a decision was worth, measured on forks of its game instead of guessed from its siblings.

``branches``: N replies to the identical prompt, the given one among them, each played to its end under the same luck.
Each is compared with the mean of the others. The luck they share is drawn without regard to any of them, so the
comparison is unbiased; that it is shared takes most of the noise away. Each of the N carries 1/N of the decision's
part in the loss, so a decision counts as much as it would without (Kazemnejad et al. 2024, "VinePPO", estimates by
playouts too, for one agent and without shared luck).

``fork_values``: what a moment is worth is the mean of K playouts from it, with all chance drawn anew; a decision's
advantage is what was paid until the seat's next one, plus what that moment is worth, minus what its own was.

``contributions`` changes no gradient: what the team's score lost where the arena's fallback took a seat's turn, by
role. A role that might as well not have played is at 0.

Decisions are chosen by lot, before anything is known of them: choosing them by what came of them would bias.

A return is what was paid minus what refused replies cost (``training/credit.py``). Its first reply answers for all the
refusals at a decision; a later one, which is credited with the decision by ``fork_values``, gets those before it back.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lanista.arenas.core import chance
from lanista.errors import LanistaError, UsageError
from lanista.training.credit import returns_of
from lanista.training.options import Section, option
from lanista.training.trajectories import TokenRow

if TYPE_CHECKING:
    from lanista.arenas.core.contract import Arena
    from lanista.training.algorithms.base import PlayAndFork
    from lanista.training.batching import ScoredRow
    from lanista.training.config import TrainConfig
    from lanista.training.forks import Fork, Forked
    from lanista.training.trajectories import Trajectory

LOT = 1 << 32
"""Sides of the die that chooses decisions."""


@dataclass(frozen=True, kw_only=True)
class ForkOptions(Section):
    """Turn values from exact forks."""

    branches: int = option(
        0,
        "replies to the same moment of a game, the given one included, at a share of decisions: each is played to its "
        "end under the same luck and compared with the others; 0: none",
        least=0,
    )
    fork_values: int = option(
        0,
        "playouts that say what a moment is worth, before and after a share of decisions, whose advantage is the "
        "difference; 0: none",
        least=0,
    )
    fork_fraction: float = option(0.25, "the share of decisions that branches or fork_values take, by lot", least=0.0)
    contributions: int = option(
        0,
        "decisions a step, by lot, that are played again with the arena's fallback in the seat's place: what the "
        "team's score loses without a role is in the step's line; 0: none",
        least=0,
    )


def wanted(options: ForkOptions) -> bool:
    """Whether anything is forked."""
    return bool(options.branches or options.fork_values or options.contributions)


def check_arena(config: TrainConfig, arena: Arena, game_config: Any) -> None:
    """Raises UsageError where the games of an arena cannot be forked."""
    from lanista.arenas.core.referee import Game

    game = Game(arena, config.run.seed, game_config)
    try:
        if game.fork("fresh").state.key == game.state.key:
            raise LanistaError("its rules' rekey leaves the key as it was")
    except Exception as error:  # whatever rules say that nobody asked for it before
        why = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"games of the arena {arena.name!r} cannot be forked ({why}): leave branches, fork_values and "
            "contributions at 0"
        ) from error


def check(config: TrainConfig) -> None:
    """Raises UsageError for options that cannot be meant, and for games that cannot be gone on with in this process."""
    options = config.update
    if not 0 < options.fork_fraction <= 1:
        raise UsageError(f"fork_fraction is a share over 0 and at most 1, not {options.fork_fraction:g}")
    if not wanted(options):
        return
    if options.branches == 1:
        raise UsageError("branches is at least 2, the given reply and another to compare it with, or 0 for none")
    if options.branches and options.fork_values:
        raise UsageError("branches and fork_values both say what the same decisions are worth: take one of them")
    programs = [spec for spec in config.players.opponents if spec.partition(":")[0] == "program"]
    if config.players.program is not None or programs:
        raise UsageError(
            "a program's own state cannot be forked with its game: leave branches, fork_values and contributions at 0 "
            f"with {'--program' if config.players.program is not None else programs[0]}"
        )
    if config.run.sampler != "hf":
        raise UsageError(
            "forks are sampled in the trainer's own process: leave branches, fork_values and contributions at 0 with "
            f"--sampler {config.run.sampler}"
        )
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("forks work in one process: leave branches, fork_values and contributions at 0 with several")
    if not options.branches and not options.fork_values:
        return
    if config.credit.potential:
        raise UsageError(
            "potential and forks are two ways to credit a decision by its state: leave --potential at 0 with branches "
            "and fork_values"
        )
    if config.credit.returns == "span":
        raise UsageError(
            "forks are played to their ends, and --returns span pays a decision no further than to the next: take "
            "reward_to_go or episode with branches and fork_values"
        )
    if options.scale_rewards != "none" or options.shuffled:
        raise UsageError(
            "a decision's worth on forks is compared with nothing of the group: leave scale_rewards at none and "
            "shuffled off with branches and fork_values"
        )
    if options.loss_type in ("gspo", "luspo"):
        raise UsageError(
            f"the loss {options.loss_type} weighs a whole sequence by one advantage, and forks give each decision its "
            "own: take another --loss-type"
        )


@dataclass(frozen=True, slots=True)
class Worth:
    """What forks said of a step's decisions. Keyed by the place of a trajectory in the step, and the decision."""

    given: Mapping[tuple[int, int], float]
    """The advantage of the first reply that was given in the game."""
    others: Sequence[tuple[int, int, Trajectory, float]]
    """Other replies to the same moment: place, decision, the game as it went with it, and its advantage."""
    whole: bool
    """Whether the advantage is the whole decision's, refused replies and all (fork_values), or its first reply's."""
    cost: float = 0.0
    """What a refused reply costs."""


def worth(
    config: TrainConfig, found: Sequence[Trajectory], step: int, play: PlayAndFork
) -> tuple[Worth | None, Numbers]:
    """Play the forks that the options ask for; what they say, and numbers for the log."""
    from lanista.training.forks import Fork

    options = config.update
    told: Numbers = {}
    result: Worth | None = None
    if options.branches or options.fork_values:
        chosen = [
            (place, n)
            for place, one in enumerate(found)
            for n in range(len(one.decisions))
            if _lot(config, "fork", one, n) < options.fork_fraction * LOT
        ]
        if options.branches:
            asked = [Fork(found[place], n, k) for place, n in chosen for k in range(1, options.branches)]
            forked = play.forks(asked)
            result = _branches(config, found, chosen, forked.trajectories)
        else:
            ends = {(place, n + 1) for place, n in chosen if n + 1 < len(found[place].decisions)}
            moments = sorted({*chosen, *ends})
            asked = [Fork(found[place], n, k, "anew") for place, n in moments for k in range(options.fork_values)]
            forked = play.forks(asked)
            result = _values(config, found, chosen, moments, forked.trajectories)
        told |= {"forks/decisions": float(len(chosen)), **_cost(asked, forked)}
    if options.contributions:
        places = [(place, n) for place, one in enumerate(found) for n in range(len(one.decisions))]
        places.sort(key=lambda at: _lot(config, "contribution", found[at[0]], at[1]))
        asked = [Fork(found[place], n, 0, "fallback") for place, n in places[: options.contributions]]
        forked = play.forks(asked)
        lost: dict[str, list[float]] = defaultdict(list)
        for fork, other in zip(asked, forked.trajectories, strict=True):
            lost[fork.trajectory.role].append(_score(fork.trajectory) - _score(other))
        told |= {f"contribution/{role}": sum(those) / len(those) for role, those in sorted(lost.items())}
        for name, value in _cost(asked, forked).items():
            told[name] = told.get(name, 0.0) + value
    return result, told


Numbers = dict[str, float]


def _cost(asked: Sequence[Fork], forked: Forked) -> Numbers:
    return {
        "forks/asked": float(len(asked)),
        "forks/played": float(forked.played),
        "tokens/forked": float(forked.tokens),
    }


def _score(trajectory: Trajectory) -> float:
    outcome = trajectory.episode.outcome
    return 0.0 if outcome is None else float(outcome.scores.get(trajectory.team, 0.0))


def _lot(config: TrainConfig, purpose: str, one: Trajectory, decision: int) -> int:
    return chance.draw(chance.key(purpose, config.run.seed, *one.game), one.seat, decision, LOT)


def _branches(
    config: TrainConfig, found: Sequence[Trajectory], chosen: Sequence[tuple[int, int]], others: Sequence[Trajectory]
) -> Worth:
    count = config.update.branches
    given, more = {}, []
    for at, (place, n) in enumerate(chosen):
        courses = [found[place], *others[at * (count - 1) : (at + 1) * (count - 1)]]
        paid = [_to_go(config, one, n) for one in courses]
        level = sum(paid)
        values = [value - (level - value) / (count - 1) for value in paid]
        given[place, n] = values[0] / count
        more += [(place, n, one, value / count) for one, value in zip(courses[1:], values[1:], strict=True)]
    return Worth(given, more, whole=False, cost=config.credit.refusal_cost)


def _to_go(config: TrainConfig, one: Trajectory, decision: int) -> float:
    """What the seat is paid from a decision on, less what its refused replies cost."""
    return returns_of(one, "reward_to_go", config.credit.refusal_cost).turns[decision]


def _values(
    config: TrainConfig,
    found: Sequence[Trajectory],
    chosen: Sequence[tuple[int, int]],
    moments: Sequence[tuple[int, int]],
    playouts: Sequence[Trajectory],
) -> Worth:
    count = len(playouts) // max(len(moments), 1)
    value = {}
    for at, (place, n) in enumerate(moments):
        runs = playouts[at * count : (at + 1) * count]
        value[place, n] = sum(_to_go(config, one, n) for one in runs) / count
    given = {}
    for place, n in chosen:
        one = found[place]
        gained = _to_go(config, one, n) - value[place, n]
        if n + 1 < len(one.decisions):
            gained += value[place, n + 1] - _to_go(config, one, n + 1)
        given[place, n] = gained
    return Worth(given, (), whole=True, cost=config.credit.refusal_cost)


def put_in(
    worth: Worth,
    found: Sequence[Trajectory],
    values: Sequence[tuple[float, ...]],
    back: Sequence[Sequence[Sequence[float]] | None],
) -> tuple[list[tuple[float, ...]], list[Sequence[Sequence[float]] | None]]:
    """Advantages by decision, and what is added to them by attempt, with what forks said in the place of some."""
    values = [list(those) for those in values]  # type: ignore[misc]
    added: list[Sequence[Sequence[float]] | None] = list(back)
    for (place, n), advantage in worth.given.items():
        if worth.whole:
            values[place][n] = advantage  # type: ignore[index]
            if added[place] is not None:
                rows = [list(row) for row in added[place] or ()]
                rows[n] = [worth.cost * attempt for attempt in range(found[place].refused[n] + 1)]
                added[place] = rows
            continue
        if added[place] is None:
            added[place] = [[0.0] * (count + 1) for count in found[place].refused]
        rows = [list(row) for row in added[place] or ()]
        rows[n][0] = advantage - values[place][n]
        added[place] = rows
    return [tuple(those) for those in values], added


def other_rows(worth: Worth, found: Sequence[Trajectory]) -> list[tuple[str, ScoredRow]]:
    """The rows of replies that were given on forks, by policy: all before them is prompt, what follows is left out.

    A reply without an advantage is left out. Weights are as if its tokens were among its trajectory's.
    """
    from lanista.training.batching import ScoredRow
    from lanista.training.credit import NO_SIGNAL

    rows = []
    for place, n, course, advantage in worth.others:
        if abs(advantage) <= NO_SIGNAL:
            continue
        every = sum(row.tokens for row in found[place].rows)
        for row in course.rows:
            one = _only(row, n)
            if one is not None:
                weight = one.tokens / every if every else 1.0
                rows.append((course.policy, ScoredRow(one, tuple(advantage * own for own in one.own), weight)))
    return rows


def _only(row: TokenRow, decision: int) -> TokenRow | None:
    """The row up to the first reply to a decision's ask, the only tokens of which are its own."""
    attempts = row.attempts or (0,) * len(row.ids)
    own = [turn == decision and attempt == 0 for turn, attempt in zip(row.turns, attempts, strict=True)]
    if not any(own):
        return None
    end = len(own) - own[::-1].index(True)
    return replace(
        row,
        ids=row.ids[:end],
        own=tuple(own[:end]),
        logps=tuple(p if mine else 0.0 for p, mine in zip(row.logps[:end], own, strict=False)),
        turns=tuple(decision if mine else -1 for mine in own[:end]),
        attempts=(),
    )
