"""A policy against a frozen pool, twins and strangers apart.

``twins``      the policy holds a whole side, each member of the pool in turn the other one. Whatever its seats have
               agreed on, a code word even, helps them here.
``strangers``  the policy holds one seat of a side, drawn by lot; the side's other seats and the other side are held by
               members drawn by lot. Nobody at the table knows its habits.

Both are held, on the same deals and with the same luck, against what the pool itself gets there: the same games with a
member drawn by lot where the policy sat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from lanista.analysis.pools import Pool
from lanista.arenas import get
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Seat, config_json
from lanista.arenas.core.episode import Episode
from lanista.errors import Unavailable, UsageError
from lanista.play.executors import Executor, NamedSpec, Result, Suspended
from lanista.stats import Interval, clustered_rate, paired_difference

Mode = Literal["twins", "strangers"]
MODES: tuple[Mode, ...] = ("twins", "strangers")


class Key(NamedTuple):
    """One way to sit."""

    mode: Mode
    side: str
    against: str
    """The member that holds the other side; ``lots`` where that is drawn."""


LOTS = "lots"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What a policy came to against a pool. Scores are in [0, 1]."""

    policy: str
    pool: Pool
    deals: int
    scores: Mapping[Key, Interval]
    sides: Mapping[tuple[Mode, str], Interval]
    """Over all opponents."""
    overall: Mapping[Mode, Interval]
    """Over both sides, each counting alike."""
    above: Mapping[Mode, Interval]
    """``overall`` minus what the pool's own members get in the same places on the same deals."""
    errors: float
    """Share of the policy's decisions that the referee had to take, or that were refused first."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""

        def plain(value: Interval) -> dict[str, float]:
            return {name: round(number, 6) for name, number in value._asdict().items()}

        return {
            "policy": self.policy,
            "pool": self.pool.to_json(),
            "deals": self.deals,
            "errors": round(self.errors, 6),
            **{
                mode: {
                    "overall": plain(self.overall[mode]),
                    "above_pool": plain(self.above[mode]),
                    "sides": {side: plain(value) for (m, side), value in self.sides.items() if m == mode},
                    "against": {
                        f"{key.side} against {key.against}": plain(value)
                        for key, value in self.scores.items()
                        if key.mode == mode
                    },
                }
                for mode in MODES
            },
        }


def rate(
    policy: str,
    pool: Pool,
    deals: int,
    executor: Executor,
    on_game: Callable[[int, int], None] | None = None,
) -> Rated:
    """Rate the agent of that name on the first ``deals`` deals of a pool.

    Raises UsageError for fewer than two deals; Unavailable where the policy cannot be asked.
    """
    if deals < 2:
        raise UsageError(f"a rating needs at least 2 deals, not {deals}")
    specs = list(_specs(policy, pool, deals))
    tally = _Tally(policy)
    done = 0

    def over(results: Sequence[Result]) -> None:
        nonlocal done
        for result in results:
            if isinstance(result, Suspended):
                raise Unavailable(f"{result.agent} was unavailable: {result.why}")
            tally.count(result.spec.tags, result.value)
            done += 1
            if on_game is not None:
                on_game(done, len(specs))

    executor.play(specs, over)
    return tally.rated(policy, pool, deals)


def _specs(policy: str, pool: Pool, deals: int) -> Iterator[NamedSpec]:
    """Every game: the policy's, and those of the pool's own members in its places."""
    arena = get(pool.arena)
    config = arena.configure(**pool.config)
    plain = config_json(config)
    for deal in range(deals):
        seed = pool.deal(deal)
        key = chance.key("pool seats", pool.name, deal)
        teams = arena.rules.teams(arena.rules.deal(seed, config))
        if len(teams) != 2:
            raise UsageError(f"a pool rates where two teams meet, and {arena.name!r} has {len(teams)}")
        seats = [seat for team in teams.values() for seat in team]
        lots = {seat: pool.members[chance.draw(key, f"lot {seat}", 0, len(pool.members))] for seat in seats}
        for side, mine in teams.items():
            member = pool.members[chance.draw(key, f"member {side}", 0, len(pool.members))]
            chair = mine[chance.draw(key, f"chair {side}", 0, len(mine))]
            for entrant, who in (("policy", policy), ("pool", member)):
                for other in pool.members:
                    players = {seat: who if seat in mine else other for seat in seats}
                    yield _spec(pool, plain, seed, Key("twins", side, other), entrant, deal, players, mine)
                alone = {**lots, chair: who if entrant == "policy" else lots[chair]}
                yield _spec(pool, plain, seed, Key("strangers", side, LOTS), entrant, deal, alone, (chair,))


def _spec(
    pool: Pool,
    config: Mapping[str, Any],
    seed: int,
    key: Key,
    entrant: str,
    deal: int,
    players: Mapping[Seat, str],
    held: Sequence[Seat],
) -> NamedSpec:
    return NamedSpec(
        id=f"{deal}/{'/'.join(key)}/{entrant}",
        arena=pool.arena,
        seed=seed,
        players=dict(players),
        config=config,
        agent_seed=chance.key("pool agents", pool.name, deal),
        tags={"key": tuple(key), "entrant": entrant, "deal": deal, "held": tuple(held)},
    )


@dataclass(slots=True)
class _Tally:
    policy: str
    scores: dict[tuple[Key, str], dict[int, float]] = field(default_factory=dict)
    decisions: int = 0
    wrong: int = 0

    def count(self, tags: Mapping[str, Any], episode: Episode) -> None:
        assert episode.outcome is not None
        key = Key(*tags["key"])
        self.scores.setdefault((key, tags["entrant"]), {})[tags["deal"]] = episode.outcome.scores[key.side]
        if tags["entrant"] == "policy":
            turns = [turn for step in episode.steps for turn in step.turns if turn.seat in tags["held"]]
            self.decisions += len(turns)
            self.wrong += sum(turn.by != "seat" or bool(turn.attempts) for turn in turns)

    def rated(self, policy: str, pool: Pool, deals: int) -> Rated:
        keys = sorted({key for key, _ in self.scores})
        sides = sorted({key.side for key in keys})
        numbers = range(deals)
        mine = {key: self.scores[key, "policy"] for key in keys}
        its = {key: self.scores[key, "pool"] for key in keys}

        def means(of: Mapping[Key, Mapping[int, float]], mode: Mode, side: str | None = None) -> list[float]:
            """The mean score by deal; every side and opponent counts alike."""
            chosen = [key for key in keys if key.mode == mode and side in (None, key.side)]
            return [sum(of[key][deal] for key in chosen) / len(chosen) for deal in numbers]

        return Rated(
            policy=policy,
            pool=pool,
            deals=deals,
            scores={key: clustered_rate([by[d] for d in numbers], numbers) for key, by in mine.items()},
            sides={(m, s): clustered_rate(means(mine, m, s), numbers) for m in MODES for s in sides},
            overall={mode: clustered_rate(means(mine, mode), numbers) for mode in MODES},
            above={mode: paired_difference(means(its, mode), means(mine, mode), numbers) for mode in MODES},
            errors=self.wrong / max(self.decisions, 1),
        )
