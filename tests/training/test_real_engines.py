"""vLLM itself, on the CPU: adapters of a training run, and how far its numbers are from the trainer's.

``benchmarks/engines/make_environments.sh FOLDER vllm`` makes the environment, ``LANISTA_ENGINES=FOLDER`` names it, and
``lanista models fetch smollm2`` brings the model. What is not there is skipped with the word that says so.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from workbench import with_adapters

from lanista.agents.lm import backends
from lanista.agents.lm.backends.base import GenerateRequest, ScoreRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.models import smollm2_path
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.agents.registry import make
from lanista.arenas.core import registry
from lanista.errors import LanistaError
from lanista.play.runner import play_game
from lanista.training.adapters import adapter_name, save_adapter
from lanista.training.config import TrainConfig
from lanista.training.loop import train
from lanista.training.metrics import metrics

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MEAN, MOST = 0.1, 0.8
"""Nats that two bf16 kernels of SmolLM2 may differ by: the mean over a few hundred tokens, and the largest."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A vLLM server with room for four adapters."""
    where = os.environ.get("LANISTA_ENGINES")
    if where is None:
        pytest.skip("LANISTA_ENGINES names no folder of engines: benchmarks/engines/make_environments.sh makes one")
    python = Path(where) / "vllm" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no vLLM in {where}: benchmarks/engines/make_environments.sh {where} vllm")
    if not (smollm2_path() / "config.json").is_file():
        pytest.skip("smollm2 is not here: lanista models fetch smollm2")
    port = free_port()
    options = "--enable-lora --max-loras 4 --max-lora-rank 16 --logprobs-mode processed_logprobs --max-model-len 2048"
    options += " --no-enable-chunked-prefill --max-num-batched-tokens 4096"  # seeds and chunks end it on a CPU
    words = [str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(smollm2_path())]
    words += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", "smollm2", *options.split()]
    env = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **{"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1", "HF_HUB_OFFLINE": "1"},
        **{"OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"},
    }
    server = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0)
    try:
        until = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                assert server.poll() is None, "vLLM ended before it served"
                assert time.monotonic() < until, "vLLM did not serve within 300 s"
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def test_each_adapter_is_as_likely_there_as_it_is_here(url: str, tmp_path: Path) -> None:
    policy = Policy.load("smollm2")
    policy.model = with_adapters(policy.model, ("a", "b"), scale=0.2)
    played: Any = backends.make("vllm", "smollm2", {"url": url, "folder": str(tmp_path)})
    played.check_room(4)
    names = [
        played.publish(name, "1", lambda new, i=i: save_adapter(policy.model, adapter_name(i), new))
        for i, name in enumerate("ab")
    ]
    mine = [None, adapter_name(0), adapter_name(1)]
    prompts = [played.chat.first(f"Customer {i} asks where parcel {i} is. Reply.") for i in range(6)]
    distance: dict[tuple[Any, Any], float] = {}
    for there in (None, *names):
        requests = [
            GenerateRequest(ids=ids, key=i, sampling=Sampling(max_new_tokens=24), adapter=there)
            for i, ids in enumerate(prompts)
        ]
        replies = played.generate(requests)
        for here in mine:
            gaps = []
            for request, reply in zip(requests, replies, strict=True):
                (fresh,) = policy.logps([[*request.ids, *reply.ids]], here)
                gaps += [abs(a - b) for a, b in zip(fresh[len(request.ids) - 1 :], reply.logps, strict=True)]
            distance[there, here] = sum(gaps) / len(gaps)
            if (there is None) == (here is None) and here == mine[(None, *names).index(there)]:
                assert max(gaps) < MOST
    for there, here in zip((None, *names), mine, strict=True):
        assert distance[there, here] < MEAN
        assert distance[there, here] == min(distance[there, other] for other in mine)
    replies_ids = [played.chat.reply("It is on its way."), played.chat.reply("zx qq zx")]
    (there_scores,) = played.score([ScoreRequest(ids=prompts[0], replies=replies_ids, adapter=names[0])])
    (here_scores,) = HFBackend(policy).score([ScoreRequest(ids=prompts[0], replies=replies_ids, adapter=mine[1])])
    assert there_scores == pytest.approx(here_scores, abs=1.5)
    assert played.generate([GenerateRequest(ids=prompts[0], key=3, sampling=Sampling(temperature=0.5))])[0].ids
    with pytest.raises(LanistaError, match="was not loaded, and nothing is played by the base in its stead"):
        played.publish("wrong", "1", lambda new: (new / "adapter_config.json").write_text("{}"))
    for name in names:
        played.retire(name)
    assert played._listed() == {"smollm2"}


def test_the_same_server_seats_an_agent_that_is_not_trained(url: str) -> None:
    pytest.importorskip("openai")
    arena = registry.get("werewolf")
    agent = make(f"openai:smollm2@{url}", arena="werewolf", max_tokens=8)
    config = arena.configure(players=5, wolves=1, roles=())
    seats = arena.rules.seats(config)
    seating = dict.fromkeys(seats, agent)
    play_game(arena, seating, 1, config=config)
    assert agent.usage.replies > 0  # type: ignore[attr-defined]
    assert agent.usage.unavailable == agent.usage.unreported == 0  # type: ignore[attr-defined]
    agent.close()


def test_a_run_with_an_adapter_per_role_is_sampled_there_and_every_new_version_plays(url: str, tmp_path: Path) -> None:
    config = TrainConfig.flat(
        **{"arena": "support_desk", "model": "smollm2", "policies": "per-role", "dtype": "bf16", "device": "cpu"},
        **{"steps": 2, "scenarios": 1, "group_size": 2, "max_new_tokens": 24, "evaluate_games": 0, "threads": 1},
        **{"sampler": "vllm", "engine_url": url, "sampler_correction": "weight", "entropy_coef": 0.01},
    )
    train(config, tmp_path / "run")
    first, second = metrics(tmp_path / "run")
    for line in (first, second):
        assert line["staleness/max"] == 0
        assert line["sampler/gap"] < MEAN
        assert line["sampler/beyond_cap"] < 0.02
        assert line["sampler/alarm"] == 0
    served = {str(one) for one in (tmp_path / "run" / "engine").glob("*")}
    assert served == set()
    assert (tmp_path / "run" / "policies" / "router" / "adapter_model.safetensors").is_file()


class Note:
    """Hears every request but the last one, and leaves the first one after some tokens."""

    def __init__(self, count: int) -> None:
        self.heard: list[list[tuple[int, float]]] = [[] for _ in range(count)]

    def listens(self, place: int) -> bool:
        return place < len(self.heard) - 1

    def told(self, place: int, ids: Any, logps: Any) -> None:
        self.heard[place] += zip(ids, logps, strict=True)

    def left(self, place: int) -> bool:
        return place == 0 and len(self.heard[0]) >= 3


def test_what_it_streams_is_what_it_samples_and_a_cut_one_ends(url: str, tmp_path: Path) -> None:
    played: Any = backends.make("vllm", "smollm2", {"url": url, "folder": str(tmp_path)})
    requests = [
        GenerateRequest(
            ids=played.chat.first(f"Tell a long story about parcel {i}."),
            key=i,
            sampling=Sampling(max_new_tokens=400 if i == 0 else 16),
        )
        for i in range(3)
    ]
    note = Note(3)
    gone, heard, plain = played.follow(requests, note)
    assert gone is None
    assert 3 <= len(note.heard[0]) < 400
    assert note.heard[1] == list(zip(heard.ids, heard.logps, strict=True))
    assert len(plain.ids) >= 1
    until = time.monotonic() + 60
    while "vllm:num_requests_running" in (told := played.server.get("metrics", url.removesuffix("/v1")).text):
        running = next(line for line in told.splitlines() if line.startswith("vllm:num_requests_running"))
        if float(running.split()[-1]) == 0:
            break
        assert time.monotonic() < until, "a cut request is sampled on"
        time.sleep(0.5)
