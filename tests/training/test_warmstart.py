"""Warm start: what is learned, that it is repeatable, and that no moment leaves half a model."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from lanista.arenas.core import registry
from lanista.errors import LanistaError, UsageError

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.chat import Chat
from lanista.agents.lm.models import RECORD
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.play.runner import play_game
from lanista.training import demonstrations, tiny, warmstart
from lanista.training.demonstrations import Demonstration
from lanista.training.warmstart import Recipe

ARENA = registry.get("werewolf")
CONFIG = ARENA.configure(players=5, wolves=1, roles=())
SMALL: dict[str, Any] = {"teachers": ("random",), "games": 3, "size": "16x1", "recipe": Recipe(batch_rows=8)}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny.build_tokenizer(["vote: player_1", "hello "] * 3, ["player_0", "player_1"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny"
    return warmstart.make_tiny(ARENA, CONFIG, out=out, **SMALL)


def rows_of(tokenizer: Any) -> list[Demonstration]:
    chat = Chat(tokenizer)
    made = []
    for asked, said in (("hello ", "vote: player_1"), ("hello hello ", "vote: player_0")):
        prompt, reply = chat.first(asked), chat.reply(said)
        made.append(Demonstration(prompt + reply, [False] * len(prompt) + [True] * len(reply)))
    return made


def test_the_loss_falls(tokenizer: Any) -> None:
    model, losses = warmstart.fit(
        tiny.build_model(tokenizer, "16x1"), tokenizer, rows_of(tokenizer), Recipe(epochs=40, learning_rate=1e-2)
    )
    assert len(losses) == 40
    assert losses[-1] < losses[0] / 4
    assert "forward" not in vars(model)  # TRL's patch is off again
    assert not model.training


def test_loss_stands_on_taught_tokens_alone(tokenizer: Any) -> None:
    # The first step's loss is the mean over every taught token of -log p(token | all before it), nothing else.
    model, rows = tiny.build_model(tokenizer, "16x1"), rows_of(tokenizer)
    expected = []
    for row in rows:
        logp_TV = torch.log_softmax(model(torch.tensor([row.ids])).logits[0], -1).detach()
        expected += [-float(logp_TV[t - 1, row.ids[t]]) for t in range(1, len(row.ids)) if row.taught[t]]
    _, losses = warmstart.fit(model, tokenizer, rows, Recipe())
    assert losses[0] == pytest.approx(sum(expected) / len(expected), rel=1e-3)  # TRL rounds what it logs


def test_fewer_logits_teach_what_stock_trl_teaches(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rows of several lengths, so that there is padding: the same weights, but for the order of sums.
    from trl import SFTTrainer

    chat = Chat(tokenizer)
    rows = []
    for times in range(1, 12):
        prompt, reply = chat.first("hello " * times), chat.reply("vote: player_1 " * (times % 3))
        rows.append(
            Demonstration(prompt + reply + prompt, [False] * len(prompt) + [True] * len(reply) + [False] * len(prompt))
        )
    recipe = Recipe(epochs=2, batch_rows=4, learning_rate=1e-2)
    ours, losses = warmstart.fit(tiny.build_model(tokenizer, "16x2"), tokenizer, rows, recipe)
    monkeypatch.setattr(warmstart, "_trainer_class", lambda: SFTTrainer)
    stock, expected = warmstart.fit(tiny.build_model(tokenizer, "16x2"), tokenizer, rows, recipe)
    assert losses == pytest.approx(expected, rel=1e-3)
    start = tiny.build_model(tokenizer, "16x2")
    for a, b, before in zip(ours.parameters(), stock.parameters(), start.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)
        assert not torch.allclose(b, before, atol=1e-3)


def test_even_a_single_step_teaches_and_its_labels_decide_what(tokenizer: Any) -> None:
    # One step has no room for a warm-up; the same labels give the same step, a label less gives another.
    start = tiny.build_model(tokenizer, "16x1")
    rows = rows_of(tokenizer)
    one, _ = warmstart.fit(tiny.build_model(tokenizer, "16x1"), tokenizer, rows)
    two, _ = warmstart.fit(tiny.build_model(tokenizer, "16x1"), tokenizer, rows)
    less = [Demonstration(row.ids, [*row.taught[:-1], False]) for row in rows]
    other, _ = warmstart.fit(tiny.build_model(tokenizer, "16x1"), tokenizer, less)
    same = [torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True)]
    assert all(same)
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), start.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_global_random_states_are_left_alone(tokenizer: Any) -> None:
    import numpy as np

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(1)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    warmstart.fit(tiny.build_model(tokenizer, "16x1"), tokenizer, rows_of(tokenizer), Recipe(seed=7))
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected


def test_an_adapter_is_merged_into_plain_weights(tokenizer: Any) -> None:
    before = tiny.build_model(tokenizer, "16x1")
    model, _ = warmstart.fit(
        copy.deepcopy(before), tokenizer, rows_of(tokenizer), Recipe(epochs=20, lora_rank=2, learning_rate=1e-2)
    )
    assert list(model.state_dict()) == list(before.state_dict())
    changed = {
        name for name, weight in model.state_dict().items() if not torch.equal(weight, before.state_dict()[name])
    }
    assert changed
    assert all("proj" in name for name in changed)


def test_nothing_to_teach_is_said(tokenizer: Any) -> None:
    with pytest.raises(LanistaError, match="nothing to teach"):
        warmstart.fit(tiny.build_model(tokenizer, "16x1"), tokenizer, [])


@pytest.mark.parametrize("bad", [{"epochs": 0}, {"batch_rows": 0}, {"learning_rate": 0.0}, {"lora_rank": -1}])
def test_impossible_recipes_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Recipe(**bad)


def test_a_made_model_takes_a_seat(made: Path) -> None:
    agent = LMAgent(Policy.load(made), sampling=Sampling(max_new_tokens=8))
    episode = play_game(ARENA, dict.fromkeys(ARENA.rules.seats(CONFIG), agent), 5, config=CONFIG)
    assert episode.outcome is not None
    assert not [t for s in episode.steps for t in s.turns if t.by == "forfeit" and "raised" in (t.why or "")]


def test_the_card_and_the_record_say_how_it_was_made(made: Path) -> None:
    card, record = (made / "README.md").read_text(), json.loads((made / RECORD).read_text())
    for word in ("license: mit", ARENA.name, ARENA.hash(), "random", "3 games", "16x1"):
        assert word in card
    assert record["hash"] == ARENA.hash()
    assert record["configs"][0]["players"] == 5


def test_the_same_arguments_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    again = warmstart.make_tiny(ARENA, CONFIG, out=tmp_path / "again", **SMALL)
    other = warmstart.make_tiny(ARENA, CONFIG, out=tmp_path / "other", seed=1, **SMALL)
    names = sorted(path.name for path in made.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert all((made / name).read_bytes() == (again / name).read_bytes() for name in names)
    assert (made / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_what_is_there_is_used_again(made: Path) -> None:
    calls: list[str] = []
    before = (made / "model.safetensors").stat()
    assert warmstart.make_tiny(ARENA, CONFIG, out=made, progress=lambda *p: calls.append(p[2]), **SMALL) == made
    assert (made / "model.safetensors").stat() == before
    assert not calls


def test_what_was_made_otherwise_is_not_taken_for_it(made: Path, tmp_path: Path) -> None:
    with pytest.raises(LanistaError, match=r"other settings \(seed\)"):
        warmstart.make_tiny(ARENA, CONFIG, out=made, seed=9, **SMALL)
    old = tmp_path / "old"
    old.mkdir()
    record = json.loads((made / RECORD).read_text())
    (old / RECORD).write_text(json.dumps({**record, "hash": "0123456789abcdef"}))
    with pytest.raises(LanistaError, match="0123456789abcdef"):
        warmstart.make_tiny(ARENA, CONFIG, out=old, **SMALL)
    (old / RECORD).unlink()
    with pytest.raises(LanistaError, match="no tiny model"):
        warmstart.make_tiny(ARENA, CONFIG, out=old, **SMALL)
    warmstart.make_tiny(ARENA, CONFIG, out=old, force=True, **SMALL)
    assert (old / "model.safetensors").read_bytes() == (made / "model.safetensors").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_the_default_place_is_where_lm_tiny_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANISTA_CACHE", str(tmp_path))
    path = warmstart.make_tiny(ARENA.name, CONFIG, **SMALL)
    assert Policy.load("tiny", arena=ARENA.name).tokenizer.name_or_path == str(path)
    assert [place.name for place in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("stage", ["scripted games", "warm start"])
def test_what_is_interrupted_leaves_nothing_and_harms_nothing(stage: str, tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    out.mkdir()
    (out / "kept").write_text("as it was")

    def stop(done: int, total: int, what: str) -> None:
        if what == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warmstart.make_tiny(ARENA, CONFIG, out=out, force=True, progress=stop, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
    assert [path.name for path in out.iterdir()] == ["kept"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LanistaError, match="cannot write"):
        warmstart.make_tiny(ARENA, CONFIG, out=tmp_path / "file" / "tiny", **SMALL)


@pytest.mark.parametrize("bad", [{"games": 0}, {"size": "huge"}, {"teachers": ("crowds",)}])
def test_bad_arguments_are_refused_before_any_work(bad: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        warmstart.make_tiny(ARENA, CONFIG, out=tmp_path / "tiny", **{**SMALL, **bad})
    assert not list(tmp_path.iterdir())


def test_progress_counts_every_stage_to_its_end(tmp_path: Path) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    warmstart.make_tiny(
        ARENA,
        [CONFIG, ARENA.configure(players=6, wolves=1, roles=())],
        out=tmp_path / "tiny",
        progress=lambda done, total, what: told.setdefault(what, []).append((done, total)),
        **SMALL,
    )
    for steps in told.values():
        total = steps[0][1]
        assert steps == [(done, total) for done in range(1, total + 1)]
    assert list(told) == ["scripted games", "warm start"]


def test_any_model_is_warm_started_from_episodes(made: Path, tmp_path: Path) -> None:
    games = demonstrations.random_episodes(ARENA, CONFIG, games=2, seed=3)
    out = warmstart.warm_start(made, games, tmp_path / "taught", recipe=Recipe(learning_rate=1e-3))
    before, after = Policy.load(made).model.state_dict(), Policy.load(out).model.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert "nats per taught token" in (out / "README.md").read_text()
    with pytest.raises(UsageError, match="exists already"):
        warmstart.warm_start(made, games, out)
