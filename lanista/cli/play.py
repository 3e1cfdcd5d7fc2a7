"""``lanista play``: one game, told as it goes on; a person can sit in it."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lanista.cli.common import (
    Config,
    DryRun,
    Json,
    Preset,
    Seed,
    Set,
    arena_config,
    command_line,
    console,
    notes,
    print_json,
    split,
)
from lanista.errors import UsageError, suggest

if TYPE_CHECKING:
    from lanista.arenas import Arena, Game


def add(app: typer.Typer) -> None:
    app.command(name="play")(play)


def play(
    arena: Annotated[str, typer.Argument(help="The arena (`lanista arenas` lists them).")],
    agents: Annotated[str, typer.Option("--agents", help="Agents, seated in turn around the table.")] = "random",
    seat: Annotated[
        list[str] | None, typer.Option("--seat", metavar="SEAT=AGENT", help="One seat's agent: --seat player_0=human.")
    ] = None,
    seed: Seed = 0,
    set_: Set = None,
    preset: Preset = "default",
    view: Annotated[
        str | None,
        typer.Option(
            "--view",
            help="above (all that is secret too), public, or a seat's name; "
            "by default public, and above where all seats are one team.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Keep the game in a run of its own, for replay.")] = None,
    json: Json = False,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Play one game and read along. With a human in a seat you see what that seat sees."""
    from lanista.agents import registry
    from lanista.agents.guard import close
    from lanista.arenas import Game, get

    game_arena = get(arena)
    game_config = arena_config(game_arena, set_)
    game = Game(game_arena, seed, game_config, preset=preset)
    players = _players(game, split(agents), seat or [])
    humans = [s for s, spec in players.items() if spec == "human"]
    if humans and json:
        raise UsageError("--json prints the finished game; a human needs the terminal: leave one of the two out")
    if view is None:  # between teams what is secret would spoil the game; within one, little is public
        view = "public" if len(game.teams) > 1 else "above"
    if view not in ("above", "public", *players):
        views = ["above", "public", *players]
        raise UsageError(f"unknown view {view!r}{suggest(view, views)} (there is: {', '.join(views)})")
    if out is not None and out.exists():
        raise UsageError(f"{out} exists already: choose another --out (a game is kept in a run of its own)")
    if dry_run:
        for spec in dict.fromkeys(players.values()):
            close(registry.make(spec, arena=arena))
        bound = game_arena.turns_bound(game_config)
        if json:
            print_json({"arena": arena, "seed": seed, "decisions_at_most": bound, "players": players})
            return
        console.print(f"one game of {arena} from seed {seed}, at most {bound} decisions")
        for s, spec in players.items():
            console.print(f"  {s}: {spec}")
        return
    started = time.time()
    played = _play(game_arena, game_config, seed, preset, players, None if json or humans else view)
    _tell_forfeits(played)
    if out is not None:
        _keep(out, played, seed, started)
    if json:
        import json as json_

        print(json_.dumps(played.episode().to_dict(), indent=2, sort_keys=True))


def _players(game: Game, agents: list[str], seats: list[str]) -> dict[str, str]:
    players = {seat: agents[i % len(agents)] for i, seat in enumerate(game.seats)}
    for word in seats:
        seat, equals, spec = word.partition("=")
        if not equals or not spec:
            raise UsageError(f"--seat takes SEAT=AGENT, not {word!r}")
        if seat not in players:
            raise UsageError(f"unknown seat {seat!r}{suggest(seat, players)} (this game has: {', '.join(players)})")
        players[seat] = spec
    return players


def _play(arena: Arena, config: Any, seed: int, preset: str, players: dict[str, str], view: str | None) -> Game:
    from lanista.agents import registry
    from lanista.agents.guard import close
    from lanista.leaderboards.replay import Narrator
    from lanista.play import runner

    agents = {spec: registry.make(spec, arena=arena.name) for spec in dict.fromkeys(players.values())}
    narrator = Narrator(console, seat=view if view in players else None, public=view == "public")
    played: list[Game] = []

    def turn(_: Any, game: Game, seat: str) -> None:
        if view is not None:
            narrator.turn(game)

    fixture = runner.GameSpec(
        id="game", arena=arena, seed=seed, config=config, preset=preset,
        seating={seat: agents[spec] for seat, spec in players.items()},
    )  # fmt: skip
    try:
        runner.play([fixture], on_turn=turn, on_game=lambda _, game: played.append(game))
    finally:
        for agent in agents.values():
            close(agent)
    if view is not None or "human" in players.values():
        narrator.reveal(played[0])
    return played[0]


def _tell_forfeits(game: Game) -> None:
    """A seat whose agent failed looks merely silent in the story, so its forfeits are told apart."""
    told = {"forfeit": "forfeited {} turn(s)", "fallback": "was refused and had another move played {} times"}
    reasons: dict[tuple[str, str], Counter[str]] = {}
    for step in game.steps:
        for turn in step.turns:
            if turn.by in told:
                reasons.setdefault((turn.seat, turn.by), Counter())[turn.why or ""] += 1
    for (seat, by), why in reasons.items():
        listed = "; ".join(f"{count}× {reason}" for reason, count in why.most_common(3))
        notes.print(f"{seat} ({game.players[seat]}) {told[by].format(why.total())}: {listed}")


def _keep(out: Path, game: Game, seed: int, started: float) -> None:
    from lanista.arenas import config_json
    from lanista.runs import Run

    config = {"arena": game.arena.name, "arena_config": config_json(game.config), "players": game.players}
    with Run.create(out, "play", config, command_line(), seed) as run:
        run.store.add_game("game", 0, 0, game.episode(), (started, time.time()))
    notes.print(f"kept; read it again with: lanista replay {out}")
