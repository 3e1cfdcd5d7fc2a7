"""What a training run is made of: seven sections, each one dataclass, nested in files and in ``run.json``.

``update`` is the algorithm's own (``lanista.training.algorithms``); the other six are the same for all of them. On the
command line every field is a flag of its own name; ``TrainConfig.flat`` takes the same names from Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.settings import PlaySettings
from lanista.errors import UsageError, suggest
from lanista.training import algorithms, engine, potentials
from lanista.training.options import Section, flag, option
from lanista.training.temperatures import check


@dataclass(frozen=True, kw_only=True)
class Game(Section):
    """Which games are played, and how many of them in a step."""

    arena: str = option("werewolf", "arena to train in")
    config: Mapping[str, Any] = option({}, "config of the arena, as KEY=VALUE", flag="set", was=("arena_config",))
    preset: str = option("default", "reward preset of the arena")
    scenarios: int = option(8, "scenarios (deals) per step", least=1)
    group_size: int = option(
        8,
        "games per scenario: a group, whose games share deal, roles and opponents and are compared with each other",
        least=1,
        was=("games",),
    )
    shared_luck: bool = option(
        True,
        "the games of a group share the luck of everybody who does not learn; off: each game has its own",
    )
    max_concurrent_games: int = option(64, "games played side by side", least=1)


@dataclass(frozen=True, kw_only=True)
class Players(Section):
    """Who sits in the seats."""

    model: str = option("tiny", "model to start from: tiny, smollm2, a folder or a hub id")
    policies: str = option(
        "shared", "one policy in all seats, or one LoRA adapter per role", choices=("shared", "per-role")
    )
    roles_by: str = option("role", "with per-role: an adapter per role or per team", choices=("role", "team"))
    lora_r: int = option(0, "LoRA rank; 0: train all weights (with per-role: rank 16)", least=0)
    opponents: tuple[str, ...] = option(
        ("self",),
        "who plays the other teams: self, past (frozen past policies), or agents such as random; they take turns from "
        "scenario to scenario",
    )
    learner_team: str = option("each", "team the policies play against opponents other than self; each: all in turn")
    program: str | None = option(
        None, "an agent that the policies speak through, such as program:PATH.py:FACTORY; none: they answer themselves"
    )
    seat_python: str | None = option(
        None, "interpreter of --program where its spec names none, for packages that cannot live beside Lanista's"
    )
    pool_every: int = option(10, "steps between two frozen past policies (with opponent past)", least=1)
    pool_size: int = option(8, "frozen past policies kept; the oldest but the first goes", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.opponents:
            raise UsageError("opponents names nobody; use self, past or an agent such as random")
        if self.seat_python is not None and self.program is None:
            raise UsageError(f"--seat-python {self.seat_python} is the interpreter of a program: say --program too")
        if self.policies == "per-role" and self.lora_r == 0:
            object.__setattr__(self, "lora_r", 16)
        if self.policies == "shared" and self.roles_by != "role":
            raise UsageError("roles_by applies to policies per-role only")


@dataclass(frozen=True, kw_only=True)
class SamplingOptions(Section):
    """How the policies say something; in evaluation too, but for the temperature: ``evaluation.temperature``."""

    temperature: float = option(1.0, "sampling temperature of training", least=1e-3)
    top_p: float = option(1.0, "sample among the likeliest tokens that together have this probability; 1: all")
    top_k: int = option(0, "sample among this many of the likeliest tokens; 0: all", least=0)
    max_new_tokens: int = option(48, "longest reply in tokens", least=1)
    stop: tuple[str, ...] = option((), "texts that end a reply once it holds one")
    few_shot: bool = option(False, "show the policies a few examples of replies, made from the arena's own asks")
    system: str | None = option(None, "system text in front of every conversation")
    thinking: bool | None = option(None, "the chat template's switch for thinking; neither: as the template has it")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.drawn()

    def drawn(self) -> Sampling:
        """The part that says how a token is drawn. Raises UsageError for values that cannot be."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_new_tokens=self.max_new_tokens,
            stop=self.stop,
        )

    def played(self, temperature: float | None = None) -> PlaySettings:
        """All of it, as it is kept beside policies: whoever seats one plays it so; at ``temperature`` where given."""
        drawn = self.drawn() if temperature is None else replace(self.drawn(), temperature=temperature)
        return PlaySettings(sampling=drawn, few_shot=self.few_shot, system=self.system, thinking=self.thinking)


@dataclass(frozen=True, kw_only=True)
class Credit(Section):
    """What a seat is paid, and what a decision answers for."""

    returns: str = option(
        "episode",
        "a decision's return: the rewards of the whole game, its reward to go (those from its own step on), or its "
        "span (those until its seat decides again)",
        choices=("episode", "reward_to_go", "span"),
        was=("credit",),
    )
    team_weight: float = option(1.0, "factor on team terms")
    individual_weight: float = option(1.0, "factor on individual terms")
    reward_unit: float = option(0.01, "factor on all rewards: 0.01 makes 100 points a return of 1")
    potential: float = option(
        0.0,
        "weight, in returns, of how far the arena says that a team has come: every step pays what it changed, and the "
        "end takes it back, so that no game's worth changes; 0: not asked for",
        least=0.0,
    )
    refusal_cost: float = option(
        0.0,
        "what a refused reply costs, in returns: charged to it and to what the seat said before it, not to the reply "
        "that puts it right (grpo)",
        least=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Section):
    """Held-out games, before, after and in between."""

    games: int = option(
        64, "held-out games per team, opponent and evaluation; 0: no evaluation", least=0, flag="evaluate-games"
    )
    every: int = option(
        0, "steps between held-out evaluations; 0: before and after only", least=0, flag="evaluate-every"
    )
    opponents: tuple[str, ...] = option(
        ("random",), "scripted opponents of the evaluation", flag="evaluate-opponents", was=("evaluate_against",)
    )
    config: Mapping[str, Any] = option(
        {},
        "config of the arena where held-out games differ from training, as KEY=VALUE (split=test)",
        flag="evaluate-set",
        was=("evaluate_config",),
    )
    temperature: tuple[float, ...] = option(
        (0.0,),
        "sampling temperature of held-out games; 0: the likeliest token; several: all of them, best against best",
        flag="evaluate-temperature",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.temperature, "evaluate-temperature")


@dataclass(frozen=True, kw_only=True)
class RunOptions(Section):
    """How long, on what machine, and what is kept."""

    steps: int = option(20, "steps: games are played, then the policies are updated on them", least=1)
    max_tokens: int = option(
        0,
        "tokens to sample: the run ends with the step that reaches them, and a falling learning rate falls over them; "
        "0: steps alone say",
        least=0,
    )
    seed: int = option(0, "seed of everything")
    save_every: int = option(10, "steps between checkpoints", least=1)
    keep: int = option(2, "checkpoints kept", least=1)
    keep_games: int = option(
        2, "games of every step kept in the run's store, the first of its scenarios: lanista replay RUN", least=0
    )
    stop_if_illegal: int = option(
        512, "stop where a kind of ask had no legal reply in this many tries from the start; 0: go on", least=0
    )
    watch_entropy: float = option(
        2.0, "say so where entropy leaves its start by more than this factor, up or down; 0: not watched", least=0.0
    )
    watch_refused: float = option(
        0.05, "say so where the share of refused replies exceeds its start by more than this; 0: not watched", least=0.0
    )
    watch_kl: float = option(
        0.5, "say so where the KL to the start exceeds this, in nats a token (with --beta); 0: not watched", least=0.0
    )
    report_to: tuple[str, ...] = option((), "experiment trackers to report to: tensorboard, wandb, mlflow, …")
    dtype: str = option(
        "fp32",
        "fp32, bf16, fp16; all weights are trained in fp32 (bf16: autocast), adapters on a base of this dtype",
        choices=("fp32", "bf16", "fp16"),
    )
    device: str = option("auto", "auto: a GPU where there is one", choices=("auto", "cpu", "cuda"))
    threads: int = option(0, "CPU threads for torch; 0: by the model's size, one for small ones", least=0)
    sampler: str = option(
        "hf",
        "what the policies are sampled with: hf, the model in this process, or vllm, a server that is handed adapters",
        choices=("hf", "vllm"),
    )
    engine_send_seed: bool = option(
        True, "send the server the seed of every draw; off where it cannot take one (draws then differ from run to run)"
    )
    engine_url: str | None = option(None, "the server's address, with --sampler vllm: http://127.0.0.1:8000/v1")
    engine_folder: str | None = option(
        None, "where adapters are written for the server to read; by default in the run's folder"
    )
    engine_max_loras: int = option(0, "adapters that the server holds at once; 0: as it says itself", least=0)
    staleness: int = option(
        0, "1: play the next step while this one trains, with policies one update old; with a server only", least=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.watch_entropy <= 1:
            raise UsageError(f"watch_entropy is a factor above 1, or 0 not to watch, not {self.watch_entropy:g}")


SECTIONS: dict[str, type[Section]] = {
    "game": Game,
    "players": Players,
    "sampling": SamplingOptions,
    "credit": Credit,
    "evaluation": EvaluationOptions,
    "run": RunOptions,
}
"""The sections that all algorithms share; ``update`` is the algorithm's own."""

VALUES_THEN = {"credit": {"to_go": "reward_to_go"}, "returns": {"to_go": "reward_to_go"}}
"""Values that were called otherwise, by option."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A training run. Raises UsageError for values that cannot be; ``update`` None is the algorithm's default."""

    algorithm: str = "grpo"
    game: Game = field(default_factory=Game)
    players: Players = field(default_factory=Players)
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    credit: Credit = field(default_factory=Credit)
    update: Any = None
    evaluation: EvaluationOptions = field(default_factory=EvaluationOptions)
    run: RunOptions = field(default_factory=RunOptions)

    def __post_init__(self) -> None:
        chosen = algorithms.get(self.algorithm)
        if self.update is None:
            object.__setattr__(self, "update", chosen.Config())
        if not isinstance(self.update, chosen.Config):
            raise UsageError(
                f"update holds options of another algorithm ({type(self.update).__name__}), not of {self.algorithm!r}"
            )
        chosen.check(self)
        if self.players.program is not None and (self.sampling.few_shot or self.sampling.system is not None):
            raise UsageError(
                "with a program in the seats it is the program that writes the prompts: leave few_shot and system away"
            )
        engine.check(self)
        potentials.check(self)

    def check_teams(self, teams: Sequence[str]) -> None:
        """Raises UsageError where the run does not fit an arena of these teams."""
        team, opponents = self.players.learner_team, self.players.opponents
        if team not in ("each", *teams):
            raise UsageError(f"unknown team {team!r}{suggest(team, teams)} (say each, {', '.join(sorted(teams))})")
        if len(teams) == 1 and opponents != ("self",):
            raise UsageError(
                f"arena {self.game.arena!r} has one team, {teams[0]}, and nobody sits opposite: leave opponents at "
                f"self, not {', '.join(opponents)}"
            )
        algorithms.get(self.algorithm).check_teams(self, teams)

    def to_json(self) -> dict[str, Any]:
        """Nested plain JSON values: ``algorithm``, and a table per section."""
        sections = {name: getattr(self, name).to_json() for name in (*SECTIONS, "update")}
        return {"algorithm": self.algorithm, **sections}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The inverse. Takes flat names too, old ones among them, so that older runs and files are still read.

        Raises UsageError for an option that is none, with a suggestion, or that is another algorithm's.
        """
        name = values.get("algorithm", "grpo")
        if not isinstance(name, str):
            raise UsageError(f"algorithm is a name, not {name!r}")
        chosen = algorithms.get(name)
        kinds: dict[str, type[Section]] = {**SECTIONS, "update": chosen.Config}
        places = flat_names(name)
        found: dict[str, dict[str, Any]] = {
            section: dict(chosen.defaults.get(section, {})) for section in (*SECTIONS, "update")
        }
        for key, value in values.items():
            if key == "algorithm":
                continue
            if key in kinds and isinstance(value, Mapping):
                found[key] |= {field_name(inner, kinds[key]): its for inner, its in value.items()}
                continue
            place = places.get(key.replace("-", "_"))
            if place is None:
                raise UsageError(unknown_option(key, name, places))
            found[place[0]][place[1].name] = renamed_value(key, value)
        made: dict[str, Any] = {key: kinds[key].from_json(its, key) for key, its in found.items()}
        return cls(algorithm=name, **made)

    @classmethod
    def flat(cls, **values: Any) -> TrainConfig:
        """A config by the names that flags have: ``TrainConfig.flat(arena="coding", steps=3, learning_rate=1e-3)``."""
        return cls.from_json(values)


def field_name(key: str, kind: type[Section]) -> str:
    """The field that a key of a section's table means: an old name of a field is the field."""
    plain = key.replace("-", "_")
    return next((f.name for f in fields(kind) if plain == f.name or plain in f.metadata["was"]), key)


def flat_names(algorithm: str) -> dict[str, tuple[str, Field[Any]]]:
    """Every name an option has on the command line (with ``_`` for ``-``), old names too: its section and field."""
    found: dict[str, tuple[str, Field[Any]]] = {}
    for section, kind in {**SECTIONS, "update": algorithms.get(algorithm).Config}.items():
        for f in fields(kind):
            for name in (flag(f).replace("-", "_"), *f.metadata["was"]):
                found.setdefault(name, (section, f))
    return found


def renamed_value(key: str, value: Any) -> Any:
    """A value under its name of today."""
    then = VALUES_THEN.get(key.replace("-", "_"), {})
    return then.get(value, value) if isinstance(value, str) else value


def unknown_option(name: str, algorithm: str, known: Mapping[str, Any]) -> str:
    """What is wrong with an option that ``algorithm`` does not have, in one line."""
    plain = name.replace("-", "_").strip("_")
    owners = [other for other in algorithms.names() if other != algorithm and plain in algorithms.own_options(other)]
    if owners:
        mine = ", ".join(sorted(algorithms.own_options(algorithm))) or "none"
        return (
            f"{name!r} is an option of {' and '.join(owners)}, not of the algorithm {algorithm!r} (its own: {mine}); "
            f"leave it out, or take --algorithm {owners[0]}"
        )
    return f"unknown training option {name!r}{suggest(plain, known)}"
