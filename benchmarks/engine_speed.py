"""An engine against the sampler in this process, in one run: tokens per second, and how far their numbers are apart.

    python benchmarks/engine_speed.py --url http://127.0.0.1:8000/v1 --model smollm2

Start the server first (docs/scaling.md says how). Two adapters, each another model than the base, are handed to it. The
two sides take turns, so that what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from typing import Any

import torch
from _machine import machine

from lanista.agents.lm import backends
from lanista.agents.lm.backends.base import GenerateRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.training.adapters import adapter_name, add_adapters, save_adapter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--prompt", type=int, default=256, help="tokens shown")
    parser.add_argument("--new", type=int, default=32, help="tokens sampled")
    parser.add_argument("--batches", default="1,16", help="requests at a time")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    policy = Policy.load(options.model)
    policy.model = _with_adapters(policy.model)
    here = HFBackend(policy)
    with tempfile.TemporaryDirectory() as folder:
        there: Any = backends.make("vllm", options.model, {"url": options.url, "folder": folder})
        served = {
            adapter_name(i): there.publish(
                f"bench{i}", "0", lambda new, i=i: save_adapter(policy.model, adapter_name(i), new)
            )
            for i in range(2)
        }
        print(machine())
        try:
            _distances(policy, there, served, options.new)
            for count in map(int, options.batches.split(",")):
                _throughput(here, there, served, count, options)
        finally:
            for name in served.values():
                there.retire(name)
            there.close()


def _distances(policy: Policy, there: Any, served: dict[str, str], new: int) -> None:
    prompts = [there.chat.first(f"Customer {i} asks where parcel {100 + 7 * i} is. Reply.") for i in range(8)]
    for mine, name in ((None, None), *served.items()):
        requests = [
            GenerateRequest(ids=ids, key=i, sampling=Sampling(max_new_tokens=new), adapter=name)
            for i, ids in enumerate(prompts)
        ]
        found = []
        for request, reply in zip(requests, there.generate(requests), strict=True):
            (fresh,) = policy.logps([[*request.ids, *reply.ids]], mine)
            found += [abs(a - b) for a, b in zip(fresh[len(request.ids) - 1 :], reply.logps, strict=True)]
        print(
            f"{name or 'base'}: log-probabilities differ by {statistics.fmean(found):.3f} nats (mean), "
            f"{max(found):.3f} (largest), over {len(found)} tokens"
        )


def _throughput(here: Any, there: Any, served: dict[str, str], count: int, options: argparse.Namespace) -> None:
    rates: dict[str, list[float]] = {"hf": [], "engine": []}
    for turn in range(options.rounds):
        for side, backend in (("hf", here), ("engine", there)):
            rng = random.Random(turn)  # other prompts each turn: nothing is in a prefix cache
            requests = [
                GenerateRequest(
                    ids=[there.chat.end_ids[0], *(rng.randrange(1000, 20000) for _ in range(options.prompt - 1))],
                    key=i,
                    sampling=Sampling(max_new_tokens=options.new),
                    adapter=(list(served) if side == "hf" else list(served.values()))[i % 2],
                )
                for i in range(count)
            ]
            started = time.perf_counter()
            tokens = sum(len(reply.ids) for reply in backend.generate(requests))
            rates[side].append(tokens / (time.perf_counter() - started))
    told = ", ".join(f"{side} {statistics.median(values):.0f}" for side, values in rates.items())
    print(f"{count} × ({options.prompt} shown + at most {options.new} new), two adapters: {told} new tokens/s")


def _with_adapters(model: Any) -> Any:
    wrapped = add_adapters(model, ["one", "two"], rank=16, seed=1)
    drawn = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name.split("."):
                parameter.copy_(0.02 * torch.randn(parameter.shape, generator=drawn))
    return wrapped


if __name__ == "__main__":
    main()
