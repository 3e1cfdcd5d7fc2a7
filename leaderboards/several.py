"""Several runs read as one: their games side by side under ids of their own, for one board and one page."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError, UsageError
from lanista.runs import Run
from lanista.store import GameRow, TurnStats

_REPEAT = re.compile(r"r\d+$")
_PIECE = 1000
"""Turns read at a time."""


class Several:
    """The stores of several tournaments as one to read: what a board and a page need of a store.

    A game counts once, however many of the runs hold it: the same deal, agents and try, and the same course to the
    byte. An id gets its run's number in front (``2:b0003g1``). Games of one scenario seed share their luck whichever
    run they are from, so they are one block; no others are.

    Raises UsageError naming the runs that are no tournaments, or of different arenas, hashes, presets or configs.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        _refuse_mixtures(runs)
        self._runs = runs
        self._at: dict[str, tuple[Run, str]] = {}
        self._rows: list[GameRow] = []
        self._twice: list[set[str]] = [set() for _ in runs]
        blocks: dict[int, int] = {}
        known: dict[tuple[str, ...], list[tuple[Run, str]]] = defaultdict(list)
        for number, (run, twice) in enumerate(zip(runs, self._twice, strict=True), 1):
            for row in run.store.games():
                same = known[_what(row)]
                if any(other is not run and _course(other, id) == _course(run, row.id) for other, id in same):
                    twice.add(row.id)
                    continue
                same.append((run, row.id))
                id = f"{number}:{row.id}"
                self._at[id] = run, row.id
                self._rows.append(replace(row, id=id, block=blocks.setdefault(row.seed, len(blocks))))

    @property
    def twice(self) -> int:
        """Games that were left out because a run before has them too."""
        return sum(map(len, self._twice))

    def games(self) -> list[GameRow]:
        """Every game, run after run, each in its schedule's order."""
        return list(self._rows)

    def episode(self, id: str) -> Episode:
        """The record of one game. Raises UsageError for an unknown id."""
        if id not in self._at:
            raise UsageError(
                f"there is no game {id!r} in these runs; ids here begin with the run's number, as in 1:b0000g0"
            )
        run, own = self._at[id]
        return run.store.episode(own)

    def records(
        self, ids: Sequence[str], on_damage: Callable[[str, LanistaError], object]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """(id, the record as ``Episode.to_dict`` has it) of these games, in this order; see ``Store.records``."""
        for run, part in groupby(ids, lambda id: self._at[id][0]):
            named = {self._at[id][1]: id for id in part}

            def tell(own: str, error: LanistaError, named: Mapping[str, str] = named) -> None:
                on_damage(named[own], error)

            for own, record in run.store.records(list(named), tell):
                yield named[own], record

    def erring(self) -> set[str]:
        """The ids of games in which the referee moved for somebody."""
        own = [run.store.erring() for run in self._runs]
        number = {id(run): n for n, run in enumerate(self._runs)}
        return {name for name, (run, game) in self._at.items() if game in own[number[id(run)]]}

    def turn_stats(self) -> dict[str, TurnStats]:
        """How each agent behaved in the games that count, by agent's name in sorted order."""
        counts: dict[str, _Count] = defaultdict(_Count)
        for number, (run, twice) in enumerate(zip(self._runs, self._twice, strict=True)):
            for piece in run.store.pieces("turns", _PIECE):
                for turn in piece:
                    if turn["episode_id"] not in twice:
                        counts[turn["agent"]].add(number, turn)
        return {agent: counts[agent].stats(agent) for agent in sorted(counts, key=str)}


def _refuse_mixtures(runs: Sequence[Run]) -> None:
    first = runs[0]
    for run in runs:
        if run.meta["kind"] != "tournament":
            raise UsageError(f"{run.path} is a run of kind {run.meta['kind']!r}: only tournaments are rated together")
        for name in ("arena", "hash", "preset", "config"):
            one, other = (json.dumps(each.config.get(name), sort_keys=True) for each in (first, run))
            if one != other:
                raise UsageError(
                    f"{first.path} and {run.path} differ in their {name} ({one} and {other}), and a board must not mix "
                    "them; make a board of each"
                )


def _what(row: GameRow) -> tuple[str, ...]:
    """Which game it is: the deal, who sat where, which try."""
    repeat = _REPEAT.search(row.id)
    return str(row.seed), json.dumps(dict(row.players), sort_keys=True), "" if repeat is None else repeat[0]


def _course(run: Run, id: str) -> bytes:
    return hashlib.sha256(run.store.episode(id).canonical()).digest()


@dataclass(slots=True)
class _Count:
    """One agent's turns, counted as a store counts them."""

    games: set[tuple[int, str]] = field(default_factory=set)
    decisions: int = 0
    refused: int = 0
    fallbacks: int = 0
    forfeits: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)

    def add(self, run: int, turn: Mapping[str, Any]) -> None:
        """Count one turn of a run."""
        self.games.add((run, turn["episode_id"]))
        self.decisions += 1
        self.refused += turn["attempts"] or 0
        if turn["by"] == "fallback":
            self.fallbacks += 1
        elif turn["by"] != "seat":
            self.forfeits[turn["why"] or "no reason given"] += 1
        if turn["latency_s"] is not None:
            self.waits.append(turn["latency_s"])
        for name in ("tokens_in", "tokens_out"):
            if turn[name] is not None:
                self.tokens[name] = self.tokens.get(name, 0) + turn[name]

    def stats(self, agent: str) -> TurnStats:
        """The counts so far."""
        waits = np.array(self.waits) if self.waits else None
        return TurnStats(
            agent=agent,
            games=len(self.games),
            decisions=self.decisions,
            illegal=self.refused + self.fallbacks,
            fallbacks=self.fallbacks,
            forfeits=dict(sorted(self.forfeits.items())),
            latency_mean_s=None if waits is None else float(waits.mean()),
            latency_p50_s=None if waits is None else float(np.quantile(waits, 0.5)),
            latency_p95_s=None if waits is None else float(np.quantile(waits, 0.95)),
            tokens_in=self.tokens.get("tokens_in"),
            tokens_out=self.tokens.get("tokens_out"),
        )
