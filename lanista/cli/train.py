"""``lanista train``: its options are the fields of TrainConfig's sections and of the algorithm's own, so that they
cannot drift. Which algorithm's is looked up when the command is called: ``lanista --help`` loads none.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand

from lanista.cli.common import (
    ClickException,
    DryRun,
    Json,
    Resume,
    arena_config,
    command_line,
    config_words,
    console,
    notes,
    print_json,
    read_config,
    refuse_humans,
)
from lanista.errors import LanistaError, UsageError

NOTES = ("hash", "base_weights")
"""What stands beside the options in a run's config."""


def add(app: typer.Typer) -> None:
    app.command(name="train", cls=_TrainCommand, context_settings={"help_option_names": ["-h", "--help"]})(_about)


def _about() -> None:
    """Train a policy, or one per role, by GRPO, rejection sampling or imitation; held-out games before and after."""


class _TrainCommand(TyperCommand):
    """The command with the options of the algorithm that its words name."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        from lanista.training.config import flat_names, unknown_option

        name = _algorithm(args)
        built = _command(name)
        self.params, self.callback, self.algorithm = built.params, built.callback, name
        self.epilog = "The algorithm's own options are those of --algorithm NAME: lanista train --algorithm NAME --help"
        try:
            return super().make_context(info_name, args, *more, **extra)
        except ClickException as error:
            given = getattr(error, "option_name", None)
            if given is None or type(error).__name__ != "NoSuchOption":
                raise
            said = unknown_option(given, name, flat_names(name))
            if "is an option of" not in said:
                raise
            raise UsageError(said) from error


def _algorithm(words: Sequence[str]) -> str:
    """The algorithm that the words name, or the file of --config in them."""
    found: dict[str, str] = {}
    for i, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if flag in ("--algorithm", "--config"):
            found[flag] = value if equals else words[i + 1] if i + 1 < len(words) else ""
    if "--algorithm" in found:
        return found["--algorithm"]
    if "--config" in found and Path(found["--config"]).is_file():
        return str(_file(Path(found["--config"])).get("algorithm", "grpo"))
    return "grpo"


def train(
    arena: str,
    out: Path,
    algorithm: str,
    set_: list[str] | None,
    evaluate_set: list[str] | None,
    resume: bool,
    json: bool,
    dry_run: bool,
    config: Path | None,
    **options: Any,
) -> None:
    """Train a policy, or one per role, by GRPO, rejection sampling or imitation; held-out games before and after."""
    from lanista.arenas import config_json, get
    from lanista.training.config import TrainConfig, flat_names
    from lanista.training.options import is_list

    game_arena = get(arena)
    places = flat_names(algorithm)
    values = {n: _names(v) if is_list(places[n][1]) and isinstance(v, str) else v for n, v in options.items()}
    chosen = config_json(arena_config(game_arena, set_))
    held_out = config_json(arena_config(game_arena, [*(set_ or []), *(evaluate_set or [])])) if evaluate_set else {}
    settings = TrainConfig.flat(
        algorithm=algorithm, arena=arena, arena_config=chosen, evaluate_config=held_out, **values
    )
    refuse_humans([*settings.players.opponents, *settings.evaluation.opponents])
    game_config = game_arena.configure(**settings.game.config)
    teams = game_arena.contenders(game_arena.rules.teams(game_arena.rules.deal(0, game_config)))
    settings.check_teams(teams)
    game_arena.weights(settings.game.preset)
    if dry_run:
        from lanista.agents.lm.models import resolve

        plan = _plan(settings, game_arena.turns_bound(game_config), len(teams))
        try:
            resolve(settings.players.model, arena)
        except UsageError as error:  # a plan may be made before its model is
            plan["missing"] = str(error)
        if json:
            print_json({"plan": plan, "config": settings.to_json()})
            return
        for line in plan.values():
            console.print(line)
        return
    from lanista.training import loop
    from lanista.training.metrics import describe

    def on_step(metrics: dict[str, Any]) -> None:
        if not json:
            console.print(describe(metrics))

    done = loop.train(settings, out, resume=resume, on_step=on_step, command=command_line(), on_start=notes.print)
    if json:
        print_json(done.to_json())
        return
    for comparison in done.comparisons.values():
        console.print(comparison.text)
    for name, path in done.policies.items():
        console.print(f"policy {name}: seat it as lm:{path}", soft_wrap=True)


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _command(algorithm: str) -> TyperCommand:
    """The command with the options of that algorithm. Raises UsageError where there is none."""
    one = typer.Typer(add_completion=False)
    one.command(name="train")(_with_options(train, algorithm))
    built = typer.main.get_command(one)
    assert isinstance(built, TyperCommand)
    return built


def _with_options(command: Any, algorithm: str) -> Any:
    """``command`` with a signature that typer reads: the arena, a flag per field, and what all runs share."""
    from lanista.training import algorithms
    from lanista.training.config import SECTIONS

    chosen = algorithms.get(algorithm)
    parameters = [
        _parameter("arena", Annotated[str, typer.Argument(help="The arena (`lanista arenas` lists them).")]),
        _parameter("out", Annotated[Path, typer.Option("--out", help="The run's folder.")]),
        _parameter(
            "algorithm",
            Annotated[str, typer.Option("--algorithm", help=f"How it learns: {', '.join(algorithms.names())}.")],
            "grpo",
        ),
    ]
    for section, kind in {**SECTIONS, "update": chosen.Config}.items():
        hints = get_type_hints(kind)
        panel = f"Update ({algorithm})" if section == "update" else section.capitalize()
        given = chosen.defaults.get(section, {})
        parameters += [_option(f, hints[f.name], panel, given) for f in fields(kind) if f.name != "arena"]
    for name, hint, default in (
        ("resume", Resume, False),
        ("json", Json, False),
        ("dry_run", DryRun, False),
        ("config", _Config, None),
    ):
        parameters.append(_parameter(name, hint, default))

    def wrapped(**values: Any) -> None:
        command(**values)

    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    wrapped.__doc__ = command.__doc__
    return wrapped


def _parameter(name: str, hint: Any, *default: Any) -> inspect.Parameter:
    given = default[0] if default else inspect.Parameter.empty
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=given)


def _option(f: Field[Any], hint: Any, panel: str, given: Mapping[str, Any]) -> inspect.Parameter:
    """The flag of a field; its earlier names work too."""
    from lanista.training.options import default, flag, is_list, is_table

    name, value, help_ = flag(f).replace("-", "_"), given.get(f.name, default(f)), f.metadata["help"]
    metavar = None
    if is_table(f):
        name = "set_" if name == "set" else name
        hint, value, metavar = list[str] | None, None, "KEY=VALUE"
    elif is_list(f):
        hint, value, help_ = str, ",".join(map(_word, value)), help_ + "; separated by commas"
    elif get_args(hint) and type(None) not in get_args(hint):
        hint = str
    if f.metadata["choices"]:
        help_ += f" ({' | '.join(f.metadata['choices'])})"
    spoken = f"--{flag(f)}/--no-{flag(f)}" if bool in (hint, *get_args(hint)) else f"--{flag(f)}"
    flags = [spoken, *(f"--{old.replace('_', '-')}" for old in f.metadata["was"] if not is_table(f))]
    annotation = Annotated[hint, typer.Option(*flags, help=help_, rich_help_panel=panel, metavar=metavar)]
    return _parameter(name, annotation, value)


def _file(path: Path) -> dict[str, Any]:
    """What stands in a file of options; of a run's ``run.json`` its resolved config."""
    values = read_config(path)
    if isinstance(values.get("config"), Mapping) and "kind" in values:
        values = {name: value for name, value in values["config"].items() if name not in NOTES}
    return values


def _from_file(context: typer.Context, path: Path | None) -> Path | None:
    """Take the options of a file, nested or flat, old names too, as the command's defaults."""
    if path is None:
        return None
    from lanista.training import algorithms
    from lanista.training.config import SECTIONS, field_name, flat_names, renamed_value, unknown_option
    from lanista.training.options import flag, is_list

    values = _file(path)
    algorithm = getattr(context.command, "algorithm", "grpo")
    places = flat_names(algorithm)
    kinds = {**SECTIONS, "update": algorithms.get(algorithm).Config}
    defaults: dict[str, Any] = {"algorithm": algorithm}
    values.pop("algorithm", None)
    for key, value in values.items():
        if key in ("out", "resume", "json", "dry_run", "dry-run"):
            defaults[key.replace("-", "_")] = value
            continue
        if key in kinds and isinstance(value, Mapping):
            inner = {field_name(name, kinds[key]): its for name, its in value.items()}
            kinds[key].from_json(inner, f"{key}")  # says what is wrong with which option
            found = [({f.name: f for f in fields(kinds[key])}[name], its) for name, its in inner.items()]
        elif key.replace("-", "_") in places:
            found = [(places[key.replace("-", "_")][1], renamed_value(key, value))]
        else:
            raise LanistaError(f"{path}: {unknown_option(key, algorithm, places)}")
        for f, its in found:
            name = flag(f).replace("-", "_")
            if isinstance(its, Mapping):
                defaults["set_" if name == "set" else name] = config_words(its)
            elif its is not None:
                defaults[name] = ",".join(map(str, its)) if is_list(f) and not isinstance(its, str) else its
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


_Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        callback=_from_file,
        is_eager=True,
        help="TOML or JSON file with options, a table per section, or a run's run.json; the command line goes before.",
    ),
]


def _plan(config: Any, bound: int, teams: int) -> dict[str, str]:
    game, players, run, evaluation = config.game, config.players, config.run, config.evaluation
    games = run.steps * game.scenarios * game.group_size
    evaluations = 2 + (run.steps // evaluation.every if evaluation.every else 0)
    held_out = evaluation.games * (len(evaluation.opponents) if teams > 1 else 1) * len(evaluation.temperature)
    updates = getattr(config.update, "updates", 1)
    budget = {"budget": f"over at {run.max_tokens:,} sampled tokens, if steps allow"} if run.max_tokens else {}
    return budget | {
        "policies": f"{config.algorithm}: model {players.model}, policies {players.policies}, against "
        f"{', '.join(players.opponents)}",
        "games": f"{run.steps} steps × {game.scenarios} scenarios × {game.group_size} games = "
        f"{games} games, at most {games * bound:,} decisions",
        "updates": f"{run.steps * updates} optimizer steps per policy",
        "evaluation": f"{evaluations} evaluations of {held_out} held-out games per team, at temperature "
        + ", ".join(map(_word, evaluation.temperature)),
        "checkpoints": f"every {run.save_every} steps, {run.keep} kept",
    }
