"""Sampling at a server: what is played is the adapter that was asked for, or nothing at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from engine_server import EngineServer, serving

from lanista.agents.lm import backends
from lanista.agents.lm.backends.base import GenerateRequest, ScoreRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.errors import LanistaError, Unavailable, UsageError
from lanista.leaderboards.tournament import run_tournament
from lanista.store import Store
from lanista.training.adapters import adapter_name, save_adapter
from lanista.training.config import TrainConfig
from lanista.training.engine import Ahead
from lanista.training.loop import train
from lanista.training.metrics import describe, metrics

from workbench import with_adapters  # isort: skip

SMALL: dict[str, Any] = {
    "arena_config": {"players": 5, "wolves": 1, "roles": []},
    "steps": 2,
    "scenarios": 2,
    "group_size": 2,
    "max_new_tokens": 6,
    "learning_rate": 1e-2,
    "save_every": 1,
    "evaluate_games": 2,
    "opponents": ["random"],
    "device": "cpu",
    "threads": 1,
    "lora_r": 4,
    "entropy_coef": 0.1,  # moves the weights of an untrained model whatever its games come to
}

Made = tuple[EngineServer, str]


@pytest.fixture
def engine(folder: Path) -> Iterator[Made]:
    made = EngineServer(folder)
    with serving(made) as url:
        yield made, url


def backend(engine: Made, folder: Path, tmp_path: Path, **options: Any) -> Any:
    given = {"url": engine[1], "folder": str(tmp_path / "handed"), "max_retries": 1, **options}
    return backends.make("vllm", str(folder), given)


def asked(chat: Any, adapter: str | None = None, **sampling: Any) -> GenerateRequest:
    drawn = Sampling(**{"max_new_tokens": 5, **sampling})
    return GenerateRequest(ids=chat.first("vote now"), key=7, sampling=drawn, adapter=adapter)


@pytest.fixture
def trained(folder: Path) -> Policy:
    """The same model with two adapters, each another model than the base."""
    policy = Policy.load(folder, device="cpu")
    policy.model = with_adapters(policy.model, ("a", "b"), scale=0.5)
    return policy


def test_ids_and_log_probabilities_are_those_of_the_model_that_was_named(
    engine: Made, folder: Path, tmp_path: Path, trained: Policy
) -> None:
    played = backend(engine, folder, tmp_path)
    names = [
        played.publish(name, "3", lambda new, i=i: save_adapter(trained.model, adapter_name(i), new))
        for i, name in enumerate("ab")
    ]
    assert [name[:5] for name in names] == ["a-v3-", "b-v3-"]
    found = {}
    for adapter, mine in ((None, None), (names[0], adapter_name(0)), (names[1], adapter_name(1))):
        (reply,) = played.generate([asked(played.chat, adapter)])
        ids = [*played.chat.first("vote now"), *reply.ids]
        expected = trained.logps([ids], mine)[0][-len(reply.ids) :]
        assert reply.logps == pytest.approx(expected, abs=1e-4)
        reply_ids = played.chat.reply("vote: player_1")
        request = ScoreRequest(ids=played.chat.first("vote now"), replies=[reply_ids], adapter=adapter)
        here = ScoreRequest(ids=request.ids, replies=[reply_ids], adapter=mine)
        (found[adapter],) = played.score([request])
        assert found[adapter] == pytest.approx(HFBackend(trained).score([here])[0], abs=1e-3)
    assert len({round(totals[0], 3) for totals in found.values()}) == 3
    assert played.policy_ref(names[0]).version == "3"


class Note:
    """Follows a batch: ``deaf`` are not told, ``leaves`` are left once they have heard something."""

    def __init__(self, deaf: tuple[int, ...] = (), leaves: tuple[int, ...] = ()) -> None:
        self.heard: dict[int, list[Any]] = {}
        self._deaf, self._leaves = deaf, leaves

    def listens(self, place: int) -> bool:
        return place not in self._deaf

    def told(self, place: int, ids: Any, logps: Any) -> None:
        self.heard.setdefault(place, []).extend(zip(ids, logps, strict=True))

    def left(self, place: int) -> bool:
        return place in self._leaves and place in self.heard


def test_a_batch_that_is_followed_is_told_as_it_is_sampled(
    engine: Made, folder: Path, tmp_path: Path, trained: Policy
) -> None:
    played = backend(engine, folder, tmp_path)
    name = played.publish("a", "3", lambda new: save_adapter(trained.model, adapter_name(0), new))
    requests = [asked(played.chat, adapter) for adapter in (None, name, None)]
    note = Note(deaf=(2,))
    plain, followed = played.generate(requests), played.follow(requests, note)
    assert followed == plain
    assert note.heard == {n: list(zip(plain[n].ids, plain[n].logps, strict=True)) for n in (0, 1)}


def test_a_connection_that_nobody_waits_for_is_closed(engine: Made, folder: Path, tmp_path: Path) -> None:
    played = backend(engine, folder, tmp_path)
    engine[0].may_go_on.clear()
    deaf = asked(played.chat)
    (gone, other) = played.follow([asked(played.chat, seed=1), deaf], Note(deaf=(1,), leaves=(0,)))
    assert gone is None
    assert other == played.generate([deaf])[0]
    assert engine[0].cut.wait(20)


def test_a_stream_that_breaks_off_is_no_reply(engine: Made, folder: Path, tmp_path: Path) -> None:
    played = backend(engine, folder, tmp_path)
    engine[0].breaks_off = True
    note = Note()
    with pytest.raises(Unavailable, match="broke off a reply after 1 events"):
        played.follow([asked(played.chat)], note)
    assert len(note.heard[0]) == 1


def test_a_changed_adapter_has_a_new_name_and_an_unchanged_one_is_not_loaded_twice(
    engine: Made, folder: Path, tmp_path: Path, trained: Policy
) -> None:
    played = backend(engine, folder, tmp_path)
    hand = lambda which: played.publish("a", "1", lambda new: save_adapter(trained.model, adapter_name(which), new))
    assert hand(0) == hand(0) != hand(1)
    assert max(engine[0].loads.values()) == 1


def test_an_adapter_is_unloaded_after_its_last_request_and_never_before(
    engine: Made, folder: Path, tmp_path: Path, trained: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = backend(engine, folder, tmp_path)
    name = played.publish("a", "1", lambda new: save_adapter(trained.model, adapter_name(0), new))
    begun, go = threading.Event(), threading.Event()
    complete = engine[0].completions

    def slow(body: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return complete(body)

    monkeypatch.setattr(engine[0], "completions", slow)
    thread = threading.Thread(target=played.generate, args=([asked(played.chat, name)],))
    thread.start()
    assert begun.wait(30)
    played.retire(name)
    assert name in engine[0].adapters
    assert (played.folder / name).is_dir()
    with pytest.raises(LanistaError, match="was given up"):
        played.generate([asked(played.chat, name)])
    go.set()
    thread.join(30)
    assert name not in engine[0].adapters
    assert not (played.folder / name).exists()


def test_a_server_that_was_started_anew_is_told_its_adapters_again(
    engine: Made, folder: Path, tmp_path: Path, trained: Policy
) -> None:
    played = backend(engine, folder, tmp_path)
    name = played.publish("a", "1", lambda new: save_adapter(trained.model, adapter_name(0), new))
    before = played.generate([asked(played.chat, name)])
    engine[0].adapters.clear()
    assert played.generate([asked(played.chat, name)]) == before
    assert engine[0].loads[name] == 2


def test_nothing_is_played_by_the_base_in_an_adapters_stead(
    engine: Made, folder: Path, tmp_path: Path, trained: Policy
) -> None:
    played = backend(engine, folder, tmp_path)
    with pytest.raises(LanistaError, match="was not loaded, and nothing is played by the base in its stead"):
        played.publish("a", "1", lambda new: (new / "empty").touch())
    engine[0].refuse = [("v1/load_lora_adapter", 500, "rank 64 is more than 16")]
    with pytest.raises(LanistaError, match=r"was not loaded.*rank 64 is more than 16"):
        played.publish("a", "2", lambda new: save_adapter(trained.model, adapter_name(0), new))
    engine[0].refuse = [("v1/load_lora_adapter", 404, '{"detail": "Not Found"}')]
    with pytest.raises(LanistaError, match="start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1"):
        played.publish("a", "2", lambda new: save_adapter(trained.model, adapter_name(0), new))
    engine[0].refuse = [("v1/load_lora_adapter", 200, "done")]
    with pytest.raises(LanistaError, match=r"says that it loaded the adapter .* and does not list it"):
        played.publish("a", "3", lambda new: save_adapter(trained.model, adapter_name(1), new))
    name = played.publish("a", "4", lambda new: save_adapter(trained.model, adapter_name(0), new))
    engine[0].serves_base = True
    with pytest.raises(LanistaError, match=r"asked for the model 'a-v4-.*' and answered as 'base'"):
        played.generate([asked(played.chat, name)])
    with pytest.raises(UsageError, match="no adapter 'b'"):
        played.generate([asked(played.chat, "b")])


def test_room_for_adapters_is_checked_before_one_is_dropped_silently(
    engine: Made, folder: Path, tmp_path: Path
) -> None:
    played = backend(engine, folder, tmp_path, max_loras=64)
    played.check_room(4)
    with pytest.raises(UsageError, match=r"holds 4 adapters at once and 5 are to be live .*--max-loras 5"):
        played.check_room(5)


def test_a_saved_adapter_plays_by_its_folder(engine: Made, folder: Path, tmp_path: Path, trained: Policy) -> None:
    trained.model.peft_config[adapter_name(0)].base_model_name_or_path = str(folder)
    save_adapter(trained.model, adapter_name(0), tmp_path / "saved")
    from lanista.agents.lm import make

    agent = make(f"{tmp_path / 'saved'}?backend=vllm&url={engine[1]}&folder={tmp_path / 'handed'}")
    assert agent.adapter is not None
    assert list(engine[0].adapters) == [agent.adapter]
    assert agent.concurrent == 64
    assert not agent.batch_matters


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 503])
def test_a_server_in_trouble_is_no_fault_of_the_policy(engine: Made, folder: Path, tmp_path: Path, status: int) -> None:
    """Those that may pass are asked again; a key that is refused is not; and then the game waits."""
    played = backend(engine, folder, tmp_path)
    engine[0].refuse = [("v1/completions", status, "no")] * 2
    with pytest.raises(Unavailable, match=f"said {status}"):
        played.generate([asked(played.chat)])
    assert len(engine[0].refuse) == (1 if status < 404 else 0)
    engine[0].refuse = [("v1/completions", 503, "busy")]
    assert played.generate([asked(played.chat)])[0].ids


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"url": ""}, UsageError, "backend vllm needs its server's address"),
        ({"url": "localhost:8000"}, UsageError, "is no engine's address: write it as http"),
        ({"url": "http://me:secret@127.0.0.1/v1"}, UsageError, "holds no password"),
        ({"url": "http://127.0.0.1:9/v1", "max_retries": 0}, Unavailable, "cannot reach http://127.0.0.1:9/v1"),
        ({"served": "bse"}, UsageError, "has no model 'bse'; did you mean 'base'"),
        ({"max_loras": 0}, UsageError, "max_loras is at least 1"),
        ({"concurrent": 0}, UsageError, "concurrent at least 1"),
    ],
)
def test_what_is_wrong_with_a_server_is_one_line(
    engine: Made, folder: Path, tmp_path: Path, options: dict[str, Any], error: Any, said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        backend(engine, folder, tmp_path, **options)
    assert "\n" not in str(caught.value)


def test_another_models_server_is_refused(engine: Made, tmp_path: Path, werewolf_texts: list[str]) -> None:
    from lanista.training.tiny import blank

    other = blank(tmp_path / "other", werewolf_texts, ["player_0"], size="16x1")
    with pytest.raises(UsageError, match="whose weights are not those of"):
        backend(engine, other, tmp_path)


def test_numbers_of_another_distribution_are_refused(engine: Made, folder: Path, tmp_path: Path) -> None:
    played = backend(engine, folder, tmp_path)
    assert played.generate([asked(played.chat, temperature=0.5)])[0].ids
    engine[0].raw = True
    played = backend(engine, folder, tmp_path)
    assert played.generate([asked(played.chat)])[0].ids  # at temperature 1 the two are one
    with pytest.raises(LanistaError, match="--logprobs-mode processed_logprobs"):
        played.generate([asked(played.chat, temperature=0.5)])
    engine[0].no_ids = True
    with pytest.raises(LanistaError, match="gives no token ids"):
        played.generate([asked(played.chat)])


def test_games_at_a_server_that_goes_away_are_suspended_and_played_when_it_is_back(
    engine: Made, folder: Path, tmp_path: Path
) -> None:
    """Nobody forfeits for it, and nothing is counted until it is back."""
    model = f"lm:{folder}?backend=vllm&url={engine[1]}&max_new_tokens=4&retry_budget_s=0"
    play = lambda **more: run_tournament(
        "werewolf", [model, "random"], 2, 1, SMALL["arena_config"], out=tmp_path / "cup", workers=0, **more
    )
    complete, made = engine[0].completions, []

    def dies(body: Any) -> Any:
        made.append(body)
        return complete(body) if len(made) < 8 else (503, "out of memory")

    engine[0].completions = dies  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match=r"said 503.*out of memory"):
        play()
    with Store.open(tmp_path / "cup" / "store.sqlite") as store:
        assert store.suspended()
        before = len(store.ids())
    engine[0].completions = complete  # type: ignore[method-assign]
    play(resume=True)
    with Store.open(tmp_path / "cup" / "store.sqlite") as store:
        assert not store.suspended()
        assert len(store.ids()) == 2 > before
        turns = [turn for id_ in store.ids() for step in store.episode(id_).steps for turn in step.turns]
    assert not [turn for turn in turns if "said 503" in str(turn)]


# Training


def config(folder: Path, engine: Made, **more: Any) -> TrainConfig:
    values = SMALL | {"model": str(folder), "sampler": "vllm", "engine_url": engine[1]} | more
    return TrainConfig.flat(**values)


def test_a_run_is_sampled_at_the_server_and_hands_over_every_version(
    engine: Made, folder: Path, tmp_path: Path
) -> None:
    """Sampled elsewhere by the same arithmetic, every token is as likely to the trainer as it was to the sampler."""
    out = tmp_path / "there"
    train(config(folder, engine), out)
    assert sorted(name.rsplit("-", 1)[0] for name in engine[0].loads) == ["shared-v0", "shared-v1", "shared-v2"]
    assert engine[0].adapters == {}
    assert not list((out / "engine").glob("*"))
    for line in metrics(out):
        assert line["sampler/gap"] < 1e-3
        assert line["sampler/beyond_cap"] == line["sampler/alarm"] == line["staleness/max"] == 0
        assert "ALARM" not in describe(line)


@pytest.mark.parametrize("sent", [True, False])
def test_seeds_are_sent_where_the_server_takes_them(engine: Made, folder: Path, tmp_path: Path, sent: bool) -> None:
    train(config(folder, engine, engine_send_seed=sent, steps=1), tmp_path / "run")
    drawn = [body for path, body in engine[0].asked if path == "v1/completions" and "stop_token_ids" in body]
    assert drawn
    assert {"seed" in body for body in drawn} == {sent}


def test_a_sampler_that_plays_otherwise_sets_off_the_alarm(engine: Made, folder: Path, tmp_path: Path) -> None:
    """The server's weights are moved behind the trainer's back: its log-probabilities are of another model."""
    out = tmp_path / "run"
    for parameter in engine[0].policy.model.parameters():
        parameter.data.mul_(4.0)
    train(config(folder, engine, steps=1, evaluate_games=0, weight_cap=1.1, sampler_correction="weight"), out)
    (line,) = metrics(out)
    assert line["sampler/gap"] > 0.05
    assert line["sampler/weight_cap"] == 1.1
    assert line["sampler/beyond_cap"] > 0.05
    assert "ALARM: sampler and trainer differ" in describe(line)


def test_the_next_step_is_played_while_this_one_trains_and_its_age_is_told(
    engine: Made, folder: Path, tmp_path: Path
) -> None:
    train(config(folder, engine, steps=3, staleness=1, evaluate_every=1), tmp_path / "run")
    assert [line["staleness/max"] for line in metrics(tmp_path / "run")] == [0, 1, 1]
    assert [line["staleness/mean"] for line in metrics(tmp_path / "run")] == [0, 1, 1]
    assert engine[0].adapters == {}


def test_a_server_that_goes_away_ends_the_run_with_one_sentence_and_it_goes_on(
    engine: Made, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"

    def fail(line: dict[str, Any]) -> None:
        if line.get("step") == 1 and line["kind"] == "step":
            engine[0].refuse = [("v1/completions", 401, "key expired")] * 1000

    with pytest.raises(Unavailable, match=r"said 401.*what was learned is kept: go on with") as caught:
        train(config(folder, engine), out, on_step=fail, command=["lanista", "train", "werewolf"])
    assert "\n" not in str(caught.value)
    engine[0].refuse = []
    with serving(engine[0]) as elsewhere:
        moved = config(folder, (engine[0], elsewhere))
        assert train(moved, out, resume=True).steps == 2
    assert [line["step"] for line in metrics(out)] == [1, 2]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sampler": "hf"}, "say --sampler vllm too"),
        ({"sampler": "hf", "engine_url": None, "staleness": 1}, "takes a copy of them elsewhere"),
        ({"sampler": "hf", "engine_url": None, "engine_send_seed": False}, "is for a server that samples"),
        ({"engine_url": None}, "needs the server's address"),
        ({"lora_r": 0}, "handed adapters, never whole models"),
        ({"staleness": 2}, "staleness is 0 or 1, not 2"),
        ({"staleness": 1, "opponents": ["past"]}, "leave past out of --opponents"),
    ],
)
def test_what_a_server_cannot_do_is_said_before_anything_starts(
    engine: Made, folder: Path, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        config(folder, engine, **more)


def test_too_few_places_for_the_policies_leave_no_folder(engine: Made, folder: Path, tmp_path: Path) -> None:
    engine[0].max_loras = 1
    with pytest.raises(UsageError, match="holds 1 adapters at once and 2 are to be live"):
        train(config(folder, engine, staleness=1), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_work_ahead_is_taken_once_and_raises_where_it_is_taken() -> None:
    ahead: Ahead[int] = Ahead()
    assert ahead.take(0, lambda: 5) == 5
    ahead.start(1, lambda: 6)
    assert ahead.take(1, lambda: 7) == 6
    assert ahead.take(1, lambda: 7) == 7

    def fails() -> int:
        raise Unavailable("gone")

    ahead.start(2, fails)
    with pytest.raises(Unavailable, match="gone"):
        ahead.take(2, lambda: 7)
