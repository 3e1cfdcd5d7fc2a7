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
    Resume,
    SeatPython,
    Seed,
    Set,
    arena_config,
    command_line,
    console,
    notes,
    print_json,
    print_result,
    split,
)
from lanista.errors import Stopped, Unavailable, UsageError, suggest
from lanista.terminal import READER_GONE, reader_gone

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanista.agents.contract import Agent
    from lanista.arenas import Arena, Game
    from lanista.play.session import Session
    from lanista.runs import Run


def add(app: typer.Typer) -> None:
    app.command(name="play")(play)


def play(
    arena: Annotated[str, typer.Argument(help="The arena (`lanista arenas` lists them).")],
    agents: Annotated[str, typer.Option("--agents", help="Agents, seated in turn around the table.")] = "random",
    seat: Annotated[
        list[str] | None, typer.Option("--seat", metavar="SEAT=AGENT", help="One seat's agent: --seat player_0=human.")
    ] = None,
    seat_python: SeatPython = None,
    seed: Seed = 0,
    set_: Set = None,
    preset: Preset = "default",
    view: Annotated[
        str | None,
        typer.Option(
            "--view",
            help="above (all that is secret too), public, or a seat's name; "
            "by default public, and above where all seats are one team; with a human, what that seat is told.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Keep the game in a run of its own, for replay or to go on with.")
    ] = None,
    resume: Resume = False,
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
    players = dict(zip(players, registry.in_python(list(players.values()), seat_python), strict=True))
    humans = [s for s, spec in players.items() if spec == "human"]
    if humans and json:
        raise UsageError("--json prints the finished game; a human needs the terminal: leave one of the two out")
    if resume and out is None:
        raise UsageError("--resume goes on with the game in --out: name its folder")
    if view is None and not humans:  # between teams what is secret would spoil the game; within one, little is public
        view = "public" if len(game.teams) > 1 else "above"
    if view is not None and view not in ("above", "public", *players):
        views = ["above", "public", *players]
        raise UsageError(f"unknown view {view!r}{suggest(view, views)} (there is: {', '.join(views)})")
    if out is not None and out.exists() and not resume:
        raise UsageError(
            f"{out} exists already: go on with the game in it with --resume, or choose another --out (a game is kept "
            "in a run of its own)"
        )
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
    seated = {spec: registry.make(spec, arena=arena) for spec in dict.fromkeys(players.values())}
    try:
        session = _session(game_arena, game_config, seed, preset, players, seated, out if resume else None)
        started = time.time()
        try:
            gone = _play(session, None if json else view, view is None and not json)
        except (KeyboardInterrupt, Unavailable, SystemExit) as error:
            gone_now = reader_gone(error)
            if isinstance(error, SystemExit) and not gone_now:
                raise
            stopped = error if out is None else _half_played(out, session, seed, error)
            raise SystemExit(READER_GONE) if gone_now else stopped from None
    finally:
        for agent in seated.values():
            close(agent)
    played = session.game
    _tell_forfeits(played)
    if out is not None:
        with _run(out, played, seed) as run:
            run.store.add_game("game", 0, 0, played.episode(), (started, time.time()))
        notes.print(f"kept; read it again with: lanista replay {out}")
    if gone is not None:
        raise gone
    if json:
        import json as json_

        print_result(json_.dumps(played.episode().to_dict(), indent=2, sort_keys=True))


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


def _session(
    arena: Arena,
    config: Any,
    seed: int,
    preset: str,
    players: dict[str, str],
    agents: dict[str, Agent],
    out: Path | None,
) -> Session:
    """The game at its start, or the one that was left half-played in ``out``."""
    from lanista.arenas import Game
    from lanista.play.session import Session
    from lanista.play.specs import GameSpec

    seating = {seat: agents[spec] for seat, spec in players.items()}
    if out is not None and (out / "run.json").exists():
        with _run(out, Game(arena, seed, config, preset=preset, players=players), seed) as run:
            kept = run.store.suspended()
            if not kept:
                raise UsageError(f"the game in {out} is over: read it again with `lanista replay {out}`")
            return Session.from_json(kept[0]["session"], arena, seating)
    return Session(GameSpec(id="game", arena=arena, seed=seed, config=config, preset=preset, seating=seating))


def _play(session: Session, view: str | None, alone: bool) -> SystemExit | None:
    """Play to the end and tell it from ``view``, or else, ``alone``, to the person who sits in it.

    Where nobody listens any more (``lanista play … | head``) the game is played to its end all the same, as long as
    no person sits in it; returns what to raise then.
    """
    from lanista.agents.human import HumanAgent
    from lanista.leaderboards.replay import Narrator
    from lanista.play import runner

    narrator = Narrator(console, seat=view if view in session.game.seats else None, public=view == "public")
    people = {seat: agent for seat, agent in session.spec.seating.items() if isinstance(agent, HumanAgent)}

    def tell(game: Game) -> None:
        if view is not None:
            narrator.turn(game)
        # Several people at one terminal would read each other's secrets: they are told when they are asked, and at last
        if view is None and (len(people) == 1 or game.over):
            for seat, person in people.items():
                if seat not in game.to_act():
                    person.tell(session.spec.id, seat, game.text(seat))

    def over(game: Game) -> None:
        tell(game)
        if view is not None or (alone and people):
            narrator.reveal(game)

    gone: SystemExit | None = None

    def listened(say: Callable[[Game], None], game: Game) -> None:
        nonlocal gone
        if gone is not None:
            return
        try:
            say(game)
        except SystemExit as error:
            if people or not reader_gone(error):
                raise
            gone = error

    if session.game.steps:  # taken up where it was left
        if view is not None:
            listened(narrator.turn, session.game)
        else:
            for seat, person in people.items():
                person.catch_up(session.spec.id, seat)
    runner.play(
        [session], on_turn=lambda _, game, seat: listened(tell, game), on_game=lambda _, game: listened(over, game)
    )
    return gone


def _half_played(out: Path, session: Session, seed: int, error: BaseException) -> Stopped | Unavailable:
    """Keep a game that cannot go on now. Returns what to raise."""
    with _run(out, session.game, seed) as run:
        who, why = (error.agent or "", str(error)) if isinstance(error, Unavailable) else ("", "stopped")
        run.store.suspend("game", 0, 0, agent=who, why=why, session=session.to_json())
        go_on = f"the game so far is kept; go on with: {run.again}"
    if isinstance(error, Unavailable):
        return Unavailable(f"{who} was unavailable ({why}); {go_on}")
    return Stopped(f"stopped; {go_on}")


def _run(out: Path, game: Game, seed: int) -> Run:
    from lanista.arenas import config_json
    from lanista.runs import Run

    config = {"arena": game.arena.name, "arena_config": config_json(game.config), "players": game.players}
    return Run.resume(out, "play", config, command_line(), seed)


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
