"""``lanista evaluate``: a policy against fixed opponents on held-out deals, beside another one on the same deals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lanista.cli.common import (
    Config,
    DryRun,
    Executor,
    Json,
    Preset,
    Resume,
    Seed,
    Set,
    Workers,
    arena_config,
    command_line,
    console,
    print_json,
    progress,
    split,
)
from lanista.errors import UsageError, suggest

if TYPE_CHECKING:
    from lanista.agents.contract import Agent
    from lanista.arenas import Arena
    from lanista.play.executors import Executor as Executor_
    from lanista.training.evaluate import Evaluation


SAVED = "saved"
"""The word for playing every language model as its folder says."""


def add(app: typer.Typer) -> None:
    app.command(name="evaluate")(evaluate)


def evaluate(
    arena: Annotated[str, typer.Argument(help="The arena (`lanista arenas` lists them).")],
    agent: Annotated[
        list[str],
        typer.Option("--agent", metavar="[ROLE=]AGENT", help="Who is evaluated; per role or team with ROLE=AGENT."),
    ],
    before: Annotated[
        list[str] | None,
        typer.Option("--before", metavar="[ROLE=]AGENT", help="Compare with this one on the same deals."),
    ] = None,
    opponents: Annotated[
        str | None,
        typer.Option("--opponents", "--against", help="Opponents, separated by commas; random if none are named."),
    ] = None,
    games: Annotated[
        int, typer.Option("--games", min=2, help="Games per side and opponent, each of a held-out deal of its own.")
    ] = 200,
    seed: Seed = 1,
    set_: Set = None,
    preset: Preset = "default",
    temperature: Annotated[
        str,
        typer.Option(
            "--temperature",
            help="What language models named without one play at; several, as in 0,0.5,1: all, best against best; "
            "saved: as their folders say.",
        ),
    ] = "0",
    max_concurrent_games: Annotated[
        int, typer.Option("--max-concurrent-games", min=1, help="Games side by side.")
    ] = 64,
    workers: Workers = None,
    executor: Executor = None,
    out: Annotated[Path | None, typer.Option("--out", help="Keep games and result in a run.")] = None,
    resume: Resume = False,
    json: Json = False,
    dry_run: DryRun = False,
    config: Config = None,
) -> None:
    """Play held-out games as every team and say, with intervals, how good the agent is and whether it got better."""
    from lanista.arenas import config_json, get
    from lanista.play import executors
    from lanista.training.temperatures import read

    if executor is not None:
        executors.check(executor)
    where = "local" if workers == 0 else executor
    game_arena = get(arena)
    game_config = arena_config(game_arena, set_)
    sides = game_arena.contenders(game_arena.rules.teams(game_arena.rules.deal(0, game_config)))
    if len(sides) == 1:  # nobody sits opposite
        if opponents is not None:
            raise UsageError(f"in {arena!r} one team does a task and nobody sits opposite: leave out --opponents")
        against = []
    else:
        against = split(opponents or "random")
    entrants = {"after": agent} if before is None else {"before": before, "after": agent}
    settings = {
        "arena": arena,
        "hash": game_arena.hash(preset),
        "arena_config": config_json(game_config),
        "preset": preset,
        **entrants,
        "opponents": against,
        "games": games,
        "max_concurrent_games": max_concurrent_games,
        "temperature": [] if temperature == SAVED else list(read(temperature, "temperature")),
    }
    if dry_run:
        count = games * len(sides) * max(len(against), 1)
        count *= sum(len(_temperatures(settings, words)) for words in entrants.values())
        if json:
            print_json({**settings, "games_in_all": count})
            return
        against_them = f" × {len(against)} opponents" if against else ""
        console.print(
            f"{count} games: {games} deals × {len(sides)} team{'s' * (len(sides) > 1)}{against_them} × {len(entrants)}",
            markup=False,
        )
        return
    if out is not None:
        from lanista.runs import Run

        opener = Run.resume if resume else Run.create
        if resume and (out / "run.json").exists() and "temperature" not in Run.open(out).config:
            settings.pop("temperature")  # an earlier version played everybody as it was saved
        with opener(out, "evaluate", settings, command_line(), seed) as run:
            if "result" not in run.meta:
                run.update(
                    result=_result(game_arena, game_config, settings, entrants, seed, json, run.store, where, workers)
                )
            result = run.meta["result"]
    else:
        result = _result(game_arena, game_config, settings, entrants, seed, json, None, where, workers)
    if json:
        print_json(result)
        return
    _show(result)


def _result(
    arena: Arena,
    config: Any,
    settings: dict[str, Any],
    entrants: dict[str, list[str]],
    seed: int,
    quiet: bool,
    store: Any,
    executor: str | None,
    workers: int | None,
) -> dict[str, Any]:
    from lanista.agents import registry
    from lanista.agents.guard import close
    from lanista.training.evaluate import evaluate as play_held_out

    opponents = {name: registry.make(name, arena=arena.name) for name in settings["opponents"]}
    found: dict[str, dict[float | None, Evaluation]] = {}
    kept = 0
    for when, words in entrants.items():
        seating, made = _learner(arena, config, words)
        crew = _crew([*made.values(), *opponents.values()], executor, workers)
        temperatures = _temperatures(settings, words)
        found[when] = {}
        with crew or nullcontext():
            for temperature in temperatures:
                at = "" if temperature is None else f" at temperature {temperature:g}"
                name = when if len(temperatures) == 1 else f"{when}/at-{temperature:g}"
                _cool(made, temperature)
                with progress(f"games of {', '.join(words)}{at}", quiet=quiet) as update:
                    found[when][temperature] = play_held_out(
                        arena,
                        config,
                        seating,
                        opponents,
                        numbers=range(settings["games"]),
                        seed=seed,
                        preset=settings["preset"],
                        max_concurrent_games=settings["max_concurrent_games"],
                        on_game=update,
                        keep=None if store is None else _keeper(store, name, kept),
                        executor=crew,
                    )
                kept += sum(len(scores) for scores in found[when][temperature].scores.values())
        for agent in made.values():
            close(agent)
    for agent in opponents.values():
        close(agent)
    return _summary(found)


def _temperatures(settings: Mapping[str, Any], words: Sequence[str]) -> list[float | None]:
    """What an entrant is played at: None where it has no say, or is not to have one."""
    asked = settings.get("temperature", [])
    return list(asked) if asked and any(_free(_placed(word)[1]) for word in words) else [None]


def _free(spec: str) -> bool:
    """Whether an agent is a language model whose spec names no temperature."""
    return spec.startswith("lm:") and "temperature=" not in spec


def _cool(agents: Mapping[str, Agent], temperature: float | None) -> None:
    """Have the language models among the agents play at a temperature, but for those whose spec names one."""
    for spec, agent in agents.items():
        if temperature is not None and _free(spec):
            agent.sampling = replace(agent.sampling, temperature=temperature)  # type: ignore[attr-defined]


def _summary(found: Mapping[str, Mapping[float | None, Evaluation]]) -> dict[str, Any]:
    """Rates and facts at every temperature and at the best one, and who is better, best against best."""
    from lanista.training.evaluate import means, named
    from lanista.training.temperatures import best, best_against_best

    sweeps = {when: {0.0 if at is None else at: its for at, its in of.items()} for when, of in found.items()}
    at_best = {when: best(sweep) for when, sweep in sweeps.items()}
    result: dict[str, Any] = {
        "rates": {
            when: {named(side): rate._asdict() for side, rate in one.evaluation.rates().items()}
            for when, one in at_best.items()
        },
        "illegal_share": {when: one.evaluation.illegal_share for when, one in at_best.items()},
        "facts": {
            when: {named(side): means(one.evaluation, side) for side in one.evaluation.facts}
            for when, one in at_best.items()
        },
        "at": {
            when: {
                f"{at:g}": {
                    "rates": {named(side): rate._asdict() for side, rate in its.rates().items()},
                    "illegal_share": its.illegal_share,
                }
                for at, its in of.items()
                if at is not None
            }
            for when, of in found.items()
        },
        "best": {
            when: {named(side): at for side, at in one.chosen.items()}
            for when, one in at_best.items()
            if None not in found[when]
        },
    }
    if "before" in found:
        compared = best_against_best(sweeps["before"], sweeps["after"])
        result["comparisons"] = {side: comparison.text for side, comparison in compared.items()}
    return result


def _crew(agents: list[Agent], executor: str | None, workers: int | None) -> Executor_ | None:
    """Where agents play that need no company; None for here, where language models are loaded already."""
    from lanista.play import executors

    if executor == "local" or any(agent.batched for agent in agents):
        return None
    return executors.make(executor or "processes", workers=workers)


def _keeper(store: Any, when: str, first: int) -> Callable[[Any, Any, int], None]:
    from lanista.arenas.core.episode import Episode

    have = set(store.ids())

    def keep(spec: Any, game: Any, number: int) -> None:
        id_ = f"{when}/{spec.id}"
        if id_ not in have:
            now = time.time()
            episode = game if isinstance(game, Episode) else game.episode()
            store.add_game(id_, number, first + spec.tags["index"], episode, (now, now))

    return keep


def _seated(spec: str, arena: Arena) -> Agent:
    """The agent of that spec. A language model whose weights are no numbers is refused.

    What goes wrong with a language model stops the evaluation, as it stops training: its forfeits would be counted.
    """
    from lanista.agents import registry

    agent = registry.make(spec, arena=arena.name)
    if spec.startswith("lm:"):
        from lanista.training.policies import check_finite

        policy = getattr(getattr(agent, "backend", None), "policy", None)
        if policy is not None:  # its weights are in this process
            check_finite(policy, spec)
        agent.learner = True  # type: ignore[attr-defined]
    return agent


def _learner(arena: Arena, config: Any, words: list[str]) -> tuple[Callable[[str, str], Agent], dict[str, Agent]]:
    """Who holds a seat, by its role and team; and every agent by its spec."""

    state = arena.rules.deal(0, config)
    places = {*arena.rules.teams(state), *(arena.rules.role(state, s) for s in arena.rules.seats(config))}
    held: dict[str, Agent] = {}
    made: dict[str, Agent] = {}
    for word in words:
        place, spec = _placed(word)
        if place and place not in places:
            raise UsageError(
                f"unknown role or team {place!r}{suggest(place, places)} (there is: {', '.join(sorted(places))})"
            )
        if spec not in made:
            made[spec] = _seated(spec, arena)
        held[place] = made[spec]

    def holder(role: str, team: str) -> Agent:
        for place in (role, team, ""):
            if place in held:
                return held[place]
        raise UsageError(f"nobody is named for the role {role!r} of team {team!r}: add --agent {role}=AGENT")

    return holder, made


def _placed(word: str) -> tuple[str, str]:
    """(role or team, spec) of ``ROLE=AGENT``; (nothing, spec) of an agent alone."""
    place, equals, spec = word.partition("=")
    # lm:tiny?temperature=0 is an agent with an option, not a role's
    return ("", word) if not equals or ":" in place else (place, spec)


def _show(result: dict[str, Any]) -> None:
    from lanista.terminal import Rows

    table = Rows("", "side", "temperature", "score", "95% interval")
    for when, rates in result["rates"].items():
        sweep = result.get("at", {}).get(when, {})
        for side, rate in rates.items():
            for at, its in sweep.items():
                table.add_row(when, side, at, *_cells(its["rates"][side]))
            if len(sweep) != 1:
                best = f"best: {result['best'][when][side]:g}" if sweep else ""
                table.add_row(when, side, best, *_cells(rate))
    console.print(table)
    if any(len(sweep) > 1 for sweep in result.get("at", {}).values()):
        console.print(
            "best: each half of the deals at the temperature that is best on the other half (named: on all)",
            style="dim",
        )
    for when, sides in result["facts"].items():
        for side, facts in sides.items():
            told = ", ".join(f"{fact} {value:.3f}" for fact, value in facts.items() if value is not None)
            console.print(f"{when}, {side}: {told}", style="dim")
    for when, share in result["illegal_share"].items():
        console.print(f"refused replies ({when}): {share:.2%}", style="dim")
    for text in result.get("comparisons", {}).values():
        console.print(text)


def _cells(rate: Mapping[str, float]) -> tuple[str, str]:
    return f"{rate['value']:.3f}", f"{rate['low']:.3f} to {rate['high']:.3f}"
