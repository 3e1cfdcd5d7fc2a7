"""``lanista train``: self-play GRPO. Its options are the fields of TrainConfig, so that the two cannot drift."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer

from lanista.cli.common import (
    Config,
    DryRun,
    Json,
    Resume,
    Set,
    arena_config,
    command_line,
    console,
    print_json,
    refuse_humans,
)
from lanista.errors import UsageError
from lanista.training.config import TrainConfig

_ARENA = ("arena", "arena_config", "evaluate_config")


def add(app: typer.Typer) -> None:
    app.command(name="train")(_with_options(train))


def train(
    arena: str,
    out: Path,
    set_: list[str] | None,
    evaluate_set: list[str] | None,
    resume: bool,
    json: bool,
    dry_run: bool,
    config: Path | None,
    **options: Any,
) -> None:
    """Train a policy, or one per role, by self-play GRPO; a line per step, held-out evaluation before and after."""
    from lanista.arenas import config_json, get

    game_arena = get(arena)
    values = {name: _names(value) if name in _LISTS else value for name, value in options.items()}
    chosen = config_json(arena_config(game_arena, set_))
    held_out = config_json(arena_config(game_arena, [*(set_ or []), *(evaluate_set or [])])) if evaluate_set else {}
    settings = TrainConfig.from_json({"arena": arena, "arena_config": chosen, "evaluate_config": held_out, **values})
    refuse_humans([*settings.opponents, *settings.evaluate_against])
    game_config = game_arena.configure(**settings.arena_config)
    teams = game_arena.contenders(game_arena.rules.teams(game_arena.rules.deal(0, game_config)))
    settings.check_teams(teams)
    game_arena.weights(settings.preset)
    if dry_run:
        from lanista.agents.lm.models import resolve

        plan = _plan(settings, game_arena.turns_bound(game_config), len(teams))
        try:
            resolve(settings.model, arena)
        except UsageError as error:  # a plan may be made before its model is
            plan["missing"] = str(error)
        if json:
            print_json({"plan": plan, "config": settings.to_json()})
            return
        for line in plan.values():
            console.print(line)
        return
    from lanista.training import run as training

    def on_step(metrics: dict[str, Any]) -> None:
        if not json:
            console.print(training.describe(metrics))

    done = training.train(settings, out, resume=resume, on_step=on_step, command=command_line())
    if json:
        print_json(done.to_json())
        return
    for verdict in done.verdicts.values():
        console.print(verdict.text)
    for name, path in done.policies.items():
        console.print(f"policy {name}: seat it as lm:{path}", soft_wrap=True)


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


_HINTS = get_type_hints(TrainConfig)
_LISTS = frozenset(f.name for f in fields(TrainConfig) if isinstance(f.default, tuple))


def _with_options(command: Any) -> Any:
    """``command`` with a signature that typer reads: the arena, a flag per field, and what all runs share."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(
            "arena",
            keyword,
            annotation=Annotated[str, typer.Argument(help="The arena (`lanista arenas` lists them).")],
        ),
        inspect.Parameter("out", keyword, annotation=Annotated[Path, typer.Option("--out", help="The run's folder.")]),
        inspect.Parameter("set_", keyword, annotation=Set, default=None),
        inspect.Parameter(
            "evaluate_set",
            keyword,
            annotation=Annotated[
                list[str] | None,
                typer.Option(
                    "--evaluate-set",
                    metavar="KEY=VALUE",
                    help="Where the config of held-out games differs, such as split=test.",
                ),
            ],
            default=None,
        ),
    ]
    for f in fields(TrainConfig):
        if f.name in _ARENA:
            continue
        hint, default = _HINTS[f.name], f.default
        assert default is not MISSING
        help_ = f.metadata["help"]
        if f.metadata["choices"]:
            help_ += f" ({' | '.join(f.metadata['choices'])})"
        if f.name in _LISTS:
            hint, default, help_ = str, ",".join(default), help_ + "; separated by commas"
        elif get_args(hint) and type(None) not in get_args(hint):
            hint = str
        flag = f"--{f.name.replace('_', '-')}"
        parameters.append(
            inspect.Parameter(
                f.name, keyword, default=default, annotation=Annotated[hint, typer.Option(flag, help=help_)]
            )
        )
    for name, hint, default in (
        ("resume", Resume, False),
        ("json", Json, False),
        ("dry_run", DryRun, False),
        ("config", Config, None),
    ):
        parameters.append(inspect.Parameter(name, keyword, annotation=hint, default=default))

    def wrapped(**values: Any) -> None:
        command(**values)

    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    wrapped.__doc__ = command.__doc__
    return wrapped


def _plan(config: TrainConfig, bound: int, teams: int) -> dict[str, str]:
    games = config.scenarios * config.games
    evaluations = 2 + (config.steps // config.evaluate_every if config.evaluate_every else 0)
    held_out = config.evaluate_games * (len(config.evaluate_against) if teams > 1 else 1)
    return {
        "policies": f"model {config.model}, policies {config.policies}, against {', '.join(config.opponents)}",
        "games": f"{config.steps} steps × {config.scenarios} scenarios × {config.games} siblings = "
        f"{config.steps * games} games, at most {config.steps * games * bound:,} decisions",
        "updates": f"{config.steps * config.updates} optimizer steps per policy",
        "evaluation": f"{evaluations} evaluations of {held_out} held-out games per team",
        "checkpoints": f"every {config.save_every} steps, {config.keep} kept",
    }
