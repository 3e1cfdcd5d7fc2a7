"""Scripts that read nothing: a search for the best of them, and the law that boards must not pay them.

A script is a list of replies that is played whatever is seen, by whoever of the task's team is asked: a reply as it
stands, or the place of one in the list of legal replies. All that it may follow is one fact of the opening (what a
customer complains about, what kind of task it is): one script for each of its values. Scripts are looked for on some
cases and measured on others, so that no case is solved by having been seen.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lanista.arenas.core.contract import Arena, Forfeit
from lanista.arenas.core.referee import Game

Script = tuple[str | int, ...]
Fact = tuple[str, str]
"""An opening event's kind and a key of its data."""

SEARCHED, MEASURED = 12, 400
"""Cases to look for scripts on, for each game that the law is given; and cases to measure them on, at most."""
MOST_GAMES = 10
"""More games than these add nothing."""
WORK, MEASURING, RUN = 12_000, 4_000, 30
"""Decisions that may be played to look for scripts and to measure them, for each game that the law is given; and for
how many of them a run of an effect counts. Half of the looking is trying lists as they are, half changing them."""
LISTS, ROUNDS = 48, 400
"""Scripts that are tried on every case, and changes that are tried on the best of each value's."""
LONGEST = 40
"""Replies of a script."""
_VALUES = 8
"""Different values of a fact that scripts may follow, at most: more would be reading."""


class Found(NamedTuple):
    """The best that scripts came to."""

    score: float
    """Their mean score on the cases they were measured on."""
    error: float
    """Its standard error."""
    fact: Fact | None
    """What they follow, None for one script whatever is seen."""
    scripts: Mapping[Any, Script]
    """By value of that fact; None is for any other value."""
    unearned: tuple[int, float] | None
    """A seed and its score, where a game had any without the task being done."""


def shotgun(
    arena: Arena, games: int = 5, seed: int = 0, *, scripts: Iterable[Sequence[str]] = (), **config: Any
) -> float:
    """Scripts that read nothing stay at or under ``degenerate_bound`` on what boards rank by, as far as two standard
    errors can tell, and no game scores without its task being done. Returns their mean score; an arena without a
    ``success`` is no task and has none. The bound is stated for the default config and held against that alone: with
    fewer kinds of case a guess is right more often.

    ``scripts`` are lists to begin with, such as what good players said in other cases; without any the search has
    random ones alone, and is weaker for it.
    """
    if arena.success is None:
        return 0.0
    found = search(arena, games, seed, scripts=scripts, **config)
    assert found.unearned is None, (
        f"seed {found.unearned[0]} scores {found.unearned[1]} in {arena.name!r} and {arena.success!r} is not true of "
        "it: what boards rank by is had without the goal; multiply by it"
    )
    assert arena.degenerate_bound is not None, f"{arena.name!r} states no bound for scripts that read nothing"
    if arena.configure(**config) != arena.configure():
        return found.score
    follows = "whatever is seen" if found.fact is None else f"by {found.fact[1]!r} of {found.fact[0]!r}"
    assert found.score - 2 * found.error <= arena.degenerate_bound, (
        f"scripts that read nothing score {found.score:.3f} (standard error {found.error:.3f}) in {arena.name!r}, "
        f"over the stated bound of {arena.degenerate_bound}: {follows}, {dict(found.scripts)}"
    )
    return found.score


def search(
    arena: Arena, games: int = 5, seed: int = 0, *, scripts: Iterable[Sequence[str]] = (), **config: Any
) -> Found:
    """The best scripts that were found, measured on cases of their own. The same arguments find the same."""
    hunt = _Hunt(arena, arena.configure(**config), seed)
    games = min(games, MOST_GAMES)
    cases = range(seed, seed + SEARCHED * games)
    fresh = range(cases.stop, cases.stop + MEASURED)
    lists = hunt.lists(cases, scripts)
    scores: dict[Script, list[float]] = {}
    for script in lists:
        if hunt.work < WORK * games / 2:
            scores[script] = [hunt.value(script, case) for case in cases]
    facts: list[Fact | None] = [None, *hunt.facts(cases)]
    best = max(facts, key=lambda fact: sum(hunt.choice(fact, cases, scores)[1]))
    chosen = hunt.choice(best, cases, scores)[0]
    left = WORK * games - hunt.work
    for done, (value, script) in enumerate(list(chosen.items()), 1):
        mine = [i for i, case in enumerate(cases) if hunt.follows(best, case) == value]
        donors = [other for other, had in scores.items() if max(had[i] for i in mine) > 0.01] or lists
        until = WORK * games - left + left * done // len(chosen)
        chosen[value] = hunt.improved(script, [cases[i] for i in mine], donors, until)
    chosen.setdefault(None, hunt.choice(None, cases, scores)[0][None])
    spent, measured = hunt.work, list[float]()
    for case in fresh:
        if hunt.work - spent < MEASURING * games:
            measured.append(hunt.play(chosen.get(hunt.follows(best, case), chosen[None]), case)[0])
    mean = sum(measured) / len(measured)
    spread = sum((score - mean) ** 2 for score in measured) / (len(measured) - 1)
    return Found(mean, math.sqrt(spread / len(measured)), best, chosen, hunt.unearned)


class _Hunt:
    """One search: what it plays, and with which luck."""

    def __init__(self, arena: Arena, config: Any, seed: int) -> None:
        self.arena, self.config, self.rng = arena, config, random.Random(seed)
        self.openings: dict[int, dict[Fact, Any]] = {}
        self.pool: list[str | int] = []
        self.unearned: tuple[int, float] | None = None
        self.work = 0

    def lists(self, cases: range, given: Iterable[Sequence[str]]) -> list[Script]:
        """The scripts to begin with: always the same place, some of the given ones, some random ones."""
        self.pool = self._offered(cases)
        places = [entry for entry in self.pool if isinstance(entry, int)]
        known = [tuple(script)[:LONGEST] for script in dict.fromkeys(map(tuple, given)) if script]
        chosen: list[Script] = [(place,) for place in places[:8]]
        chosen += self.rng.sample(known, min(len(known), LISTS - len(chosen)))
        while len(chosen) < LISTS:
            chosen.append(tuple(self.rng.choice(self.pool) for _ in range(self.rng.randrange(1, 12))))
        return list(dict.fromkeys(chosen))

    def _offered(self, cases: range) -> list[str | int]:
        """Replies that were legal in more than one of some random games, and the places of the longest list."""
        counts: dict[str, int] = {}
        longest = 0
        for case in cases[:8]:
            game, seen = Game(self.arena, case, self.config), set[str]()
            mine = self._team(game)
            while not game.over:
                seat = game.to_act()[0]
                legal = game.legal(seat)
                if seat in mine:
                    seen.update(legal)
                    longest = max(longest, len(legal))
                game.submit(seat, self.rng.choice(legal))
            for reply in seen:
                counts[reply] = counts.get(reply, 0) + 1
        return [*range(min(longest, LONGEST)), *sorted(reply for reply, count in counts.items() if count > 1)]

    def _team(self, game: Game) -> tuple[str, ...]:
        return tuple(game.teams[self.arena.contenders(game.teams)[0]])

    def play(self, script: Script, case: int) -> tuple[float, float]:
        """(score, mean return) of the team in one case; the last entry is said again and again."""
        game, rng = Game(self.arena, case, self.config), random.Random(case)
        mine = self._team(game)
        entries = itertools.chain(script, itertools.repeat(script[-1]))
        while not game.over:
            seat = game.to_act()[0]
            legal = game.legal(seat)
            entry = next(entries) if seat in mine else rng.randrange(len(legal))
            reply = legal[min(entry, len(legal) - 1)] if isinstance(entry, int) else entry
            if game.submit(seat, reply) is not None:
                game.submit(seat, Forfeit("the script has nothing that fits"))
        self.work += sum(1 + RUN * len(step.results) for step in game.steps)
        assert game.outcome is not None
        score = game.outcome.scores[self.arena.contenders(game.teams)[0]]
        if score and not game.outcome.facts[str(self.arena.success)]:
            self.unearned = self.unearned or (case, score)
        return score, sum(game.returns[seat] for seat in mine) / len(mine)

    def value(self, script: Script, case: int) -> float:
        """What the search climbs: the score, and where scores are equal the return."""
        score, earned = self.play(script, case)
        return score + 1e-6 * earned

    def facts(self, cases: range) -> list[Fact]:
        """The facts of openings that a script may follow: some seat of the team is told, and few values."""
        values: dict[Fact, list[Any]] = {}
        for case in cases:
            for fact, value in self._opening(case).items():
                values.setdefault(fact, []).append(value)
        return [fact for fact, held in values.items() if 1 < len(set(held)) <= _VALUES]

    def follows(self, fact: Fact | None, case: int) -> Any:
        """The value of a fact in a case."""
        return None if fact is None else self._opening(case).get(fact)

    def _opening(self, case: int) -> dict[Fact, Any]:
        if case not in self.openings:
            state = self.arena.rules.deal(case, self.config)
            teams = self.arena.rules.teams(state)
            mine = set(teams[self.arena.contenders(teams)[0]])
            self.openings[case] = {
                (event.kind, key): value
                for event in self.arena.rules.opening(state)
                if event.to is None or mine & set(event.to)
                for key, value in event.data.items()
                if isinstance(value, str | int | bool)
            }
        return self.openings[case]

    def choice(
        self, fact: Fact | None, cases: range, scores: Mapping[Script, Sequence[float]]
    ) -> tuple[dict[Any, Script], list[float]]:
        """The best script for each value of a fact, and what each case has with its own."""
        places: dict[Any, list[int]] = {}
        for i, case in enumerate(cases):
            places.setdefault(self.follows(fact, case), []).append(i)
        chosen, had = {}, []
        for value, mine in places.items():
            chosen[value] = max(scores, key=lambda script: sum(scores[script][i] for i in mine))
            had += [scores[chosen[value]][i] for i in mine]
        return chosen, had

    def improved(self, script: Script, cases: Sequence[int], donors: Sequence[Script], until: int) -> Script:
        """The script after changes that cost nothing on these cases: pieces of others put in, replies left out."""
        best = sum(self.value(script, case) for case in cases)
        for _ in range(ROUNDS):
            if self.work >= until:
                break
            other = self._changed(script, donors)
            found = sum(self.value(other, case) for case in cases)
            if found >= best:
                script, best = other, found
        return script

    def _changed(self, script: Script, donors: Sequence[Script]) -> Script:
        rng, at = self.rng, self.rng.randrange(len(script) + 1)
        kind = rng.random()
        if kind < 0.6:
            new = [entry for entry in rng.choice(donors) if entry not in script]
            begin = rng.randrange(len(new)) if new else 0
            return (*script[:at], *new[begin : begin + rng.randrange(1, 5)], *script[at:])[:LONGEST]
        if kind < 0.75 or len(script) < 2:
            return (*script[:at], rng.choice(self.pool), *script[at:])[:LONGEST]
        return script[: at - 1] + script[at:] if at else script[1:]
