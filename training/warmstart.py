"""Warm start: supervised fine-tuning on what other players said, before any reward is looked at.

``fit`` runs TRL's SFTTrainer on rows whose tokens and loss marks are already exact. ``warm_start`` does so to any
causal language model, from any episodes. ``make_tiny`` makes the tiny model of an arena from nothing: scripted players
play, a tokenizer and a small Llama are built for what they said, and the Llama is taught to say it.

One departure from how TRL is mostly used: nothing is tokenised, truncated or masked by it. Rows come with final ids and
labels, because loss belongs on positions (a seat's own replies), which neither a template nor a pad id can tell.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanista import files
from lanista.agents import registry as agents
from lanista.agents.contract import Agent
from lanista.agents.lm import models
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.merging import merged
from lanista.agents.lm.models import RECORD
from lanista.arenas.core import chance
from lanista.arenas.core import registry as arenas
from lanista.arenas.core.contract import Arena, config_json
from lanista.arenas.core.episode import Episode
from lanista.errors import LanistaError, UsageError
from lanista.play.runner import GameSpec, play
from lanista.training import demonstrations, tiny
from lanista.training.demonstrations import Demonstration

if TYPE_CHECKING:
    from lanista.agents.lm.policy import Policy

Progress = Callable[[int, int, str], None]
"""``progress(done, total, what)``: called often, from the caller's own thread; ``total`` is that of ``what`` alone."""

OPTIMIZERS = ("adamw", "muon")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How rows are taught."""

    epochs: int = 1
    """How often every row is seen."""
    batch_rows: int = 8
    """Rows per optimizer step."""
    learning_rate: float = 1e-4
    """Peak learning rate; it rises over the first twentieth of the steps, then falls linearly to nothing."""
    optimizer: str = "adamw"
    """``adamw``, or ``muon``: Muon for the inner matrices, AdamW for the rest (all weights only)."""
    lora_rank: int = 0
    """Train a low-rank adapter of this rank and merge it at the end; 0 trains every weight."""
    checkpointing: bool = False
    """Compute activations again instead of keeping them: less memory, more time."""
    seed: int = 0
    """Order of the rows, and whatever else a model draws while it is trained."""

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_rows < 1 or not self.learning_rate > 0 or self.lora_rank < 0:
            raise UsageError(
                "a warm start needs epochs >= 1, batch_rows >= 1, learning_rate > 0 and lora_rank >= 0, not "
                f"{self.epochs}, {self.batch_rows}, {self.learning_rate:g} and {self.lora_rank}"
            )
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"optimizer is one of {', '.join(OPTIMIZERS)}, not {self.optimizer!r}")
        if self.optimizer == "muon" and self.lora_rank:
            raise UsageError("muon trains whole matrices: leave lora_rank at 0 with it, or take adamw")


def fit(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Demonstration],
    recipe: Recipe | None = None,
    progress: Progress | None = None,
) -> tuple[Any, list[float]]:
    """Teach ``rows`` to ``model`` in place. Returns the model and the mean loss per taught token (nats) of each step.

    A function of the model's weights, the rows, the recipe and torch's thread count; global random states are left as
    they were. With ``lora_rank`` the model that is returned holds the merged weights, in fp32. Raises LanistaError
    without rows.
    """
    if not rows:
        raise LanistaError("there is nothing to teach: no episode holds a reply that its seat gave itself")
    from datasets import Dataset
    from peft import LoraConfig
    from transformers.trainer_callback import PrinterCallback
    from trl import SFTConfig

    from lanista.training.optimizer import MuonAdamW

    recipe = recipe or Recipe()
    watch = _watch(progress)
    with _random_states_kept(), tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # names of options that differ between releases in our range
        trainer = _trainer_class()(
            model=model,
            processing_class=tokenizer,
            train_dataset=Dataset.from_dict(
                {"input_ids": [row.ids for row in rows], "labels": [row.labels for row in rows]}
            ),
            args=SFTConfig(
                output_dir=scratch,
                dataset_kwargs={"skip_prepare_dataset": True},
                max_length=None,
                num_train_epochs=recipe.epochs,
                per_device_train_batch_size=recipe.batch_rows,
                train_sampling_strategy="group_by_length",
                learning_rate=recipe.learning_rate,
                lr_scheduler_type="linear",
                warmup_steps=recipe.epochs * -(-len(rows) // recipe.batch_rows) // 20,
                gradient_checkpointing=recipe.checkpointing,
                bf16=False,  # the model's own dtype is what it is trained in
                seed=recipe.seed,
                save_strategy="no",
                logging_steps=1,
                report_to="none",
                disable_tqdm=True,
                dataloader_pin_memory=False,
            ),
            peft_config=LoraConfig(r=recipe.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM")
            if recipe.lora_rank
            else None,
            callbacks=[watch],
            optimizers=(MuonAdamW(model, recipe.learning_rate) if recipe.optimizer == "muon" else None, None),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        taught = trainer.accelerator.unwrap_model(trainer.model)
        if recipe.lora_rank:
            taught = merged(taught)
    taught.__dict__.pop("forward", None)  # TRL's fused head, patched over the class's own forward
    losses: list[float] = watch.losses
    return taught.eval(), losses


def warm_start(
    base: Policy | str | Path,
    episodes: Sequence[Episode],
    out: Path,
    *,
    recipe: Recipe | None = None,
    players: Collection[str] | None = None,
    dtype: str = "auto",
    device: str = "auto",
    progress: Progress | None = None,
) -> Path:
    """Teach a model what the seats of ``episodes`` said, and write it to ``out`` as a transformers folder.

    ``base`` is anything ``Policy.load`` takes, or a policy, whose model is then changed in place. ``players``: imitate
    only seats held by agents of these names. Turns that were refused, fell back or were forfeited are never taught.
    ``out`` appears whole or not at all. Raises UsageError where it exists already, LanistaError where it cannot be
    written or there is nothing to teach.
    """
    from lanista.agents.lm.policy import Policy

    recipe = recipe or Recipe()
    with files.making_folder(out, replace=False) as work:
        policy = base if isinstance(base, Policy) else Policy.load(base, dtype, device)
        rows = demonstrations.rows(episodes, policy.chat, context=policy.context, players=players)
        model, losses = fit(policy.model, policy.tokenizer, rows, recipe, progress)
        policy.touch()
        facts = {
            "base": policy.ref or "a policy in memory",
            "arena": f"{episodes[0].arena} (hash {episodes[0].hash})",
            "taught by": ", ".join(sorted(players or {name for e in episodes for name in e.players.values()})),
            "games": f"{len(episodes)} ({len(rows)} rows)",
            "recipe": json.dumps(asdict(recipe)),
            "loss": _fall(losses),
        }
        note = "The license of the base model applies."
        tiny.save_model(work, model, policy.tokenizer, _card("A warm-started policy", facts, note))
    return out


def make_tiny(
    arena: Arena | str,
    config: Any = None,
    teachers: Sequence[str | Agent] = (),
    *,
    opponents: Sequence[str | Agent] = (),
    games: int = 1000,
    seed: int = 0,
    size: str = "64x2",
    recipe: Recipe | None = None,
    out: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """The folder of an arena's tiny model, made from games of scripted players if it is not there yet.

    ``config``: one config or a list of them, taken in turn. Each seat of each game is given to one of ``teachers`` (by
    default those the arena names) and ``opponents`` by lot; only teachers are imitated. The weights are a function of
    the arguments and torch's thread count. ``out`` (by default where ``lm:tiny`` looks, one place per arena hash)
    appears whole or not at all.

    What is already there is used again if it was made in the same way; raises LanistaError where it was made in
    another, or for another arena hash, unless ``force`` is set, and where ``out`` cannot be written.
    """
    arena = arenas.get(arena) if isinstance(arena, str) else arena
    configs = list(config) if isinstance(config, (list, tuple)) else [arena.configure() if config is None else config]
    teachers = teachers or arena.teachers or (arena.baseline,)
    if games < 1 or not configs:
        raise UsageError("a tiny model needs at least one game and one config")
    tiny.parse_size(size)
    recipe = recipe or TINY_RECIPE
    teaching = [_agent(teacher, arena) for teacher in teachers]
    others = [_agent(opponent, arena) for opponent in opponents]
    record: dict[str, Any] = {
        "arena": arena.name,
        "hash": arena.hash(),
        "configs": [config_json(each) for each in configs],
        "teachers": [agent.name for agent in teaching],
        "opponents": [agent.name for agent in others],
        "games": games,
        "seed": seed,
        "size": size,
        "recipe": asdict(recipe),
    }
    target = models.tiny_path(arena.name, arena.hash()) if out is None else out
    if not force and _made_already(target, record):
        return target
    for package in ("tokenizers", "trl"):
        importlib.import_module(package)  # what is not installed is missed before the games, not after them
    with files.making_folder(target) as work:
        episodes = scripted_games(arena, configs, teaching + others, games=games, seed=seed, progress=progress)
        names = sorted({seat for each in configs for seat in arena.rules.seats(each)})
        words = demonstrations.called_words(episodes)
        tokenizer = tiny.build_tokenizer(demonstrations.texts(episodes), names, words)
        players = {agent.name for agent in teaching}
        rows = demonstrations.rows(episodes, Chat(tokenizer), context=tiny.CONTEXT, players=players)
        model, losses = fit(tiny.build_model(tokenizer, size, seed=seed), tokenizer, rows, recipe, progress)
        tokens, taught = sum(len(row.ids) for row in rows), sum(sum(row.taught) for row in rows)
        facts = {
            "arena": f"{arena.name} (hash {arena.hash()})",
            "taught by": f"{', '.join(record['teachers'])}, as seated in {games} games"
            + (f" with {', '.join(record['opponents'])}" if others else ""),
            "rows": f"{len(rows)} ({tokens:,} tokens, {taught:,} of them taught)",
            "parameters": f"{model.num_parameters():,} ({size}, vocabulary {len(tokenizer):,})",
            "seeds": f"games, weights {seed}; order of rows {recipe.seed}",
            "loss": _fall(losses),
        }
        card = _card(f"The tiny model of {arena.name}", facts, "Made from nothing but games of scripted players.")
        tiny.save_model(work, model, tokenizer, card)
        (work / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return target


TINY_RECIPE = Recipe(epochs=2, batch_rows=8, learning_rate=3e-3, optimizer="muon")
"""What the tiny model is taught with."""


def scripted_games(
    arena: Arena,
    configs: Sequence[Any],
    players: Sequence[str | Agent],
    *,
    games: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Episode]:
    """Games of ``players``, each seat drawn by lot, under the configs in turn. A function of its arguments."""
    seated = [_agent(player, arena) for player in players]
    specs = []
    for index in range(games):
        config = configs[index % len(configs)]
        lots = chance.stream(chance.key("warm start", seed), "seating", index)
        seating = {seat: lots.choice(seated) for seat in arena.rules.seats(config)}
        game_seed = chance.key("warm start", seed, index) >> 1  # 63 bits: what databases and JSON readers can hold
        specs.append(GameSpec(id=str(index), arena=arena, seed=game_seed, seating=seating, config=config))
    played: dict[str, Episode] = {}

    def keep(spec: GameSpec, game: Any) -> None:
        played[spec.id] = game.episode()
        if progress is not None:
            progress(len(played), games, "scripted games")

    play(specs, on_game=keep)
    return [played[spec.id] for spec in specs]


def _agent(agent: str | Agent, arena: Arena) -> Agent:
    return agents.make(agent, arena=arena.name) if isinstance(agent, str) else agent


def _made_already(target: Path, record: dict[str, Any]) -> bool:
    """Whether the model at ``target`` was made as ``record`` says. Raises LanistaError where it is another's place."""
    if not target.exists():
        return False
    try:
        found = json.loads((target / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LanistaError(
            f"{target} is there and holds no tiny model that can be read; remove it, or force making it anew"
        ) from error
    if found == record:
        return True
    if found.get("hash") != record["hash"]:
        raise LanistaError(
            f"{target} holds a model for {found.get('arena')} under hash {found.get('hash')}, and {record['arena']} as "
            f"installed has {record['hash']}; choose another folder, or force making it anew"
        )
    differing = ", ".join(sorted(k for k in record if found.get(k) != record[k]))
    raise LanistaError(
        f"{target} holds a tiny model that was made with other settings ({differing}); use it as it is, choose "
        "another folder, or force making it anew"
    )


def _fall(losses: Sequence[float]) -> str:
    tenth = max(1, len(losses) // 10)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    return f"{first:.3f} → {last:.3f} nats per taught token over {len(losses)} steps"


def _card(title: str, facts: dict[str, str], note: str) -> str:
    """A model card: README.md as model hubs read it."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("lanista", "torch", "transformers", "trl"))
    lines = [f"| {name} | {value} |" for name, value in {**facts, "versions": versions}.items()]
    head = "---\nlicense: mit\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n"
    table = "\n".join(["| | |", "|---|---|", *lines])
    return f"{head}\n# {title}\n\n{note}\n\n{table}\n\nSit it in a seat with `lm:<this folder>`.\n"


def _trainer_class() -> Any:
    """TRL's SFTTrainer, with the same loss from fewer logits where that is cheaper."""
    import torch
    from trl import SFTTrainer

    from lanista.training import logits

    class TaughtOnly(SFTTrainer):  # type: ignore[misc]
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            plain = self.accelerator.unwrap_model(model)
            if return_outputs or not logits.are_cheaper(plain):
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            labels_BT = inputs["labels"]
            taught_BT = labels_BT != demonstrations.IGNORED
            logits_NV = logits.marked_logits(plain, inputs["input_ids"], taught_BT)
            loss = torch.nn.functional.cross_entropy(logits_NV, labels_BT[:, 1:][taught_BT[:, 1:]], reduction="sum")
            return loss / torch.as_tensor(len(logits_NV) if num_items_in_batch is None else num_items_in_batch)

    return TaughtOnly


def _watch(progress: Progress | None) -> Any:
    """A Trainer callback that keeps every step's loss and passes progress on."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.losses: list[float] = []

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                self.losses.append(float(logs["loss"]))

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if progress is not None:
                progress(state.global_step, state.max_steps, "warm start")

    return Watch()


@contextlib.contextmanager
def _random_states_kept() -> Iterator[None]:
    """Trainer seeds every global generator; callers keep theirs."""
    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
