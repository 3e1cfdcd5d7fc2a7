"""Agents and scripts without judgement, and the law that an arena must not pay them.

``check(arena)`` seats each of them as every team against the arena's own scripted baseline: the mean team score stays
at or under the arena's stated bound. An arena that pays silence, habit or a list of everything trains exactly that.
``shotgun(arena)`` looks for lists of replies that score without reading anything, from what the teachers say on.
"""

from __future__ import annotations

from typing import Any

from lanista.agents import registry
from lanista.agents.contract import Agent, Question
from lanista.agents.scripted import Scripted
from lanista.arenas.core import chance
from lanista.arenas.core import shotgun as scripts
from lanista.arenas.core.contract import Arena, Forfeit
from lanista.arenas.core.referee import Game
from lanista.play import runner


class Silent(Scripted):
    """Never replies."""

    name = "silent"

    def reply(self, question: Question) -> Forfeit:
        """A forfeit, whatever is asked."""
        return Forfeit("says nothing, ever")


class First(Scripted):
    """Always the first legal reply."""

    name = "first"

    def reply(self, question: Question) -> str:
        """The first of the legal replies, or of their samples."""
        return question.legal[0]


class Lister(Scripted):
    """Replies with every legal reply at once, one a line, hoping that one of them counts."""

    name = "lister"

    def reply(self, question: Question) -> str:
        """All legal replies, one a line."""
        return "\n".join(question.legal)


AGENTS: tuple[Agent, ...] = (Silent(), First(), Lister())


def scores(arena: Arena, agent: Agent, games: int = 100, seed: int = 0) -> dict[str, float]:
    """Mean score in [0, 1] of each team when ``agent`` holds it against the arena's baseline, over ``games`` seeds."""
    baseline = registry.make(arena.baseline)
    config = arena.configure()
    totals: dict[str, float] = {}

    def spec(number: int, mine: str) -> runner.GameSpec:
        game_seed = chance.key("degenerate", seed, number)
        teams = arena.rules.teams(arena.rules.deal(game_seed, config))
        seating = {s: agent if team == mine else baseline for team, seats in teams.items() for s in seats}
        return runner.GameSpec(
            id=f"{mine}/{number}", arena=arena, seed=game_seed, seating=seating, config=config, tags={"mine": mine}
        )

    def finished(played: runner.GameSpec, game: Game) -> None:
        assert game.outcome is not None
        mine = played.tags["mine"]
        totals[mine] = totals.get(mine, 0.0) + game.outcome.scores[mine]

    teams = arena.rules.teams(arena.rules.deal(0, config))
    runner.play((spec(number, mine) for number in range(games) for mine in teams), on_game=finished)
    return {team: total / games for team, total in totals.items()}


def check(arena: Arena, games: int = 100, seed: int = 0) -> None:
    """Raises AssertionError naming the agent that scores above ``arena.degenerate_bound`` (mean over the teams)."""
    assert arena.degenerate_bound is not None, f"{arena.name!r} states no bound for degenerate agents"
    for agent in AGENTS:
        found = scores(arena, agent, games, seed)
        mean = sum(found.values()) / len(found)
        assert mean <= arena.degenerate_bound, (
            f"the degenerate agent {agent.name!r} scores {mean:.3f} (by team: {found}) in {arena.name!r}, "
            f"over the stated bound of {arena.degenerate_bound}"
        )


def shotgun(arena: Arena, games: int = 5, seed: int = 0, **config: Any) -> float:
    """``conformance.shotgun`` with what the arena's scripted teachers said in the cases that are searched, case by
    case: the strongest lists there are to begin with. Returns the mean score; raises AssertionError over the bound."""
    return scripts.shotgun(arena, games, seed, scripts=said(arena, games, seed, **config), **config)


def said(arena: Arena, games: int, seed: int, **config: Any) -> list[list[str]]:
    """What the first team of each of those cases said, in order, as each teacher plays it."""
    chosen = arena.configure(**config)
    cases = range(seed, seed + scripts.SEARCHED * min(games, scripts.MOST_GAMES))
    lists: list[list[str]] = []

    def finished(played: runner.GameSpec, game: Game) -> None:
        mine = game.teams[arena.contenders(game.teams)[0]]
        replies = [str(entry["reply"]) for entry in game.journal if "reply" in entry and entry["seat"] in mine]
        lists.extend([replies] if replies else [])

    for name in arena.teachers or (arena.baseline,):
        teacher = registry.make(name)
        seating = dict.fromkeys(arena.rules.seats(chosen), teacher)
        runner.play(
            (
                runner.GameSpec(id=f"{name}/{case}", arena=arena, seed=case, seating=seating, config=chosen)
                for case in cases
            ),
            on_game=finished,
        )
        teacher.close()
    return lists
