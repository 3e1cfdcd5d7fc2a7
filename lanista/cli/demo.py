"""``lanista demo``: the whole road in four to ten minutes, from a game read aloud to a verdict on a trained policy."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.rule import Rule
from rich.text import Text

from lanista.cli.common import command_line, console, duration, notes, progress
from lanista.errors import LanistaError, Stopped

ARENA = "werewolf"
DECK: dict[str, Any] = {"players": 5, "wolves": 1, "roles": ("seer",)}
"""One small fixed deck for what is trained and rated: short games train quickly."""

SCRIPTED = ["random", "crowd", "bayes"]


def add(app: typer.Typer) -> None:
    app.command(name="demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="Where its runs go.")] = Path("runs/demo"),
    steps: Annotated[int, typer.Option("--steps", min=1, help="GRPO steps.")] = 80,
    games: Annotated[int, typer.Option("--games", min=2, help="Held-out games per side, before and after.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Seed of everything that is drawn.")] = 0,
    pace: Annotated[
        float, typer.Option("--pace", min=0, help="Seconds between two turns of the game read aloud.")
    ] = 0.06,
    skip_download: Annotated[bool, typer.Option("--skip-download", help="Do without SmolLM2.")] = False,
) -> None:
    """Play, rank, warm-start, train and compare, in four to ten minutes. Run it again to go on or reread."""
    start = time.monotonic()
    stages: list[tuple[str, Callable[[], object]]] = [
        ("One short game, read aloud", lambda: _game(seed, pace)),
        ("A tournament of scripted agents", lambda: _tournament(out / "scripted", SCRIPTED, 120, seed)),
        ("SmolLM2-135M in the seats of a few games", lambda: _smollm2(out / "smollm2", seed, skip_download)),
        ("A tiny model, taught by scripted players", lambda: _tiny(out / "tiny")),
        ("Self-play GRPO", lambda: _train(out / "train", out / "tiny", steps, games, seed)),
        ("The leaderboard: before and after, among the others", lambda: _final(out, seed)),
    ]
    try:
        for number, (title, stage) in enumerate(stages, 1):
            console.print()
            console.print(Rule(Text(f"{number} of {len(stages)} · {title}", style="bold"), align="left"))
            stage()
    except (KeyboardInterrupt, Stopped):
        again = shlex.join(command_line())
        raise Stopped(f"stopped; what was played is kept in {out}, and the same command goes on: {again}") from None
    console.print()
    console.print(f"Done in {duration(time.monotonic() - start)}. Three things to try next:")
    for command in (
        "lanista play werewolf --seat player_0=human --agents bayes",
        f"lanista replay {out / 'board'} --list",
        f"lanista train werewolf --model {out / 'tiny'} --set players=5 --set wolves=1 --set roles=seer "
        "--policies per-role --opponents self,past --learning-rate 1e-3 --lr-schedule linear "
        f"--out {out.parent / 'per-role'}",
    ):
        console.print(f"  .venv/bin/{command}" if Path(".venv/bin/lanista").exists() else f"  {command}")


def _game(seed: int, pace: float) -> None:
    from lanista.agents import registry
    from lanista.arenas import Game, get
    from lanista.leaderboards.replay import Narrator
    from lanista.play import runner

    arena = get(ARENA)
    config = arena.configure(players=7)
    agents = [registry.make(name) for name in ("bayes", "crowd")]
    seats = arena.rules.seats(config)
    narrator = Narrator(console, public=True)

    def turn(_: Any, game: Game, seat: str) -> None:
        narrator.turn(game)
        time.sleep(pace)

    spec = runner.GameSpec(
        id="aloud",
        arena=arena,
        seed=seed,
        config=config,
        seating={seat: agents[i % 2] for i, seat in enumerate(seats)},
    )
    runner.play([spec], on_turn=turn, on_game=lambda _, game: narrator.reveal(game))


def _tournament(out: Path, agents: list[str], games: int, seed: int) -> None:
    from lanista.leaderboards import board as boards
    from lanista.leaderboards import terminal
    from lanista.leaderboards.tournament import run_tournament
    from lanista.runs import Run

    with progress("games") as update:
        summary = run_tournament(
            ARENA,
            agents,
            games,
            seed,
            DECK,
            out=out,
            resume=True,
            command=command_line(),
            on_progress=lambda done, total, left: update(done, total),
        )
    with Run.open(summary.path) as run:
        terminal.show(boards.board(run.store), console, brief=True)


def _smollm2(out: Path, seed: int, skip: bool) -> None:
    from lanista.agents.lm.models import fetch_smollm2

    if skip:
        console.print("skipped: --skip-download was given")
        return
    try:
        fetch_smollm2(lambda stage: notes.print(stage, soft_wrap=True))
    except LanistaError as error:
        console.print(f"skipped: {error}")
        return
    _tournament(out, ["lm:smollm2", "random"], 2, seed)
    console.print("Two games say nothing about strength; they show that it plays. Read one: ", end="")
    console.print(f"lanista replay {out}")


def _tiny(out: Path) -> None:
    from lanista.arenas import get
    from lanista.training.warmstart import make_tiny

    arena = get(ARENA)
    with progress("tiny") as update:
        make_tiny(arena, arena.configure(**DECK), out=out, progress=update)
    console.print(f"It sits down as lm:{out}", soft_wrap=True)


def _train(out: Path, model: Path, steps: int, games: int, seed: int) -> None:
    from lanista.training import loop
    from lanista.training.config import TrainConfig
    from lanista.training.metrics import describe

    config = TrainConfig.flat(
        arena=ARENA,
        set={**DECK, "roles": list(DECK["roles"])},
        model=str(model),
        opponents=("crowd",),
        steps=steps,
        learning_rate=1e-3,
        lr_schedule="linear",
        max_new_tokens=24,
        evaluate_games=games,
        evaluate_opponents=("crowd", "bayes"),
        evaluate_temperature=(0.0, 0.5),
        seed=seed,
    )
    console.print(
        f"{steps} steps of {config.game.scenarios} deals × {config.game.group_size} games against crowd, as each team "
        f"in turn; then {games} held-out deals per side and opponent, the same before and after, at two temperatures. "
        "bayes is met in the held-out games only."
    )
    done = loop.train(
        config,
        out,
        resume=True,
        on_step=lambda line: console.print(describe(line)),
        command=command_line(),
        on_start=notes.print,
    )
    for comparison in done.comparisons.values():
        console.print(comparison.text)


def _final(out: Path, seed: int) -> None:
    from lanista.leaderboards import board as boards
    from lanista.leaderboards import page
    from lanista.runs import Run

    trained = out / "train" / "policies" / "shared"
    cold = "?temperature=0"
    _tournament(out / "board", [f"lm:{out / 'tiny'}{cold}", f"lm:{trained}{cold}", *SCRIPTED], 400, seed + 1)
    with Run.open(out / "board") as run:
        written = page.write(boards.board(run.store), run.store, out / "board" / "leaderboard.html", run.meta)
    console.print(f"The page, with every game to read: {written.resolve()}", soft_wrap=True)
