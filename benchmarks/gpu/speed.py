"""Tokens a second, sampled and trained, and the share of the device's own matrix product that they make of it.

    python benchmarks/gpu/speed.py --device cuda --shape smollm2 | qwen3-0.6b

In bf16, by the sampler and the trainer that ``lanista train`` uses. ``smollm2``: SmolLM2-135M; ``qwen3-0.6b``: random
weights of Qwen3-0.6B's shape. Trained: one update, with adapters of rank 16 and with all weights. The utilisation is
the model's own floating-point operations (none that are done twice) by the time, against a large bf16 matrix product.
"""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from _material import QWEN3_06B, TINY, Flops, peak_flops, scored, seconds, shaped, stand_in, trainer

from lanista.agents.lm.backends.base import GenerateRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling


def main() -> None:
    """Measure one shape and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--shape", choices=("smollm2", "qwen3-0.6b"), default="smollm2")
    parser.add_argument("--tiny", type=Path, default=None, help="a folder: try it with a small model that is put there")
    parser.add_argument("--rows", type=int, default=256, help="conversations sampled at once")
    parser.add_argument("--prompt", type=int, default=512, help="tokens shown")
    parser.add_argument("--new", type=int, default=64, help="tokens sampled")
    parser.add_argument("--trained-rows", type=int, default=64)
    parser.add_argument("--length", type=int, default=1024, help="tokens of a trained row, a quarter of them its own")
    parser.add_argument("--tokens-per-batch", type=int, default=32768)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    peak = peak_flops(asked.device, 256 if asked.tiny else 8192)
    name = torch.cuda.get_device_name() if asked.device == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}: a bf16 matrix product reaches {peak / 1e12:.3g} TFLOP/s")
    print("| model | what | tokens/s | TFLOP/s | of that product |")
    print("|---|---|---|---|---|")
    sampled(asked, peak)
    for lora_r in (16, 0):
        trained(asked, peak, lora_r)


def policy(asked: argparse.Namespace, dtype: str) -> Policy:
    """The model of the shape asked for."""
    if asked.shape == "smollm2":
        return Policy.load(stand_in(asked.tiny) if asked.tiny else "smollm2", dtype, asked.device)
    tokens = stand_in(asked.tiny) if asked.tiny else "smollm2"
    weights = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    return shaped(TINY if asked.tiny else QWEN3_06B, tokens, weights, asked.device)


def sampled(asked: argparse.Namespace, peak: float) -> None:
    """A batch of replies to prompts that are all different; a first one is not counted."""
    one = policy(asked, "bf16")
    most = min(one.model.config.vocab_size, len(one.tokenizer)) - 10
    backend = HFBackend(one, batch_size=asked.rows)
    found: list[Any] = []

    def once(turn: int) -> None:
        rng = random.Random(turn)
        requests = [
            GenerateRequest(
                ids=[rng.randrange(10, most) for _ in range(asked.prompt)],
                key=rng.getrandbits(63),
                sampling=Sampling(max_new_tokens=asked.new),
            )
            for _ in range(asked.rows)
        ]
        found[:] = backend.generate(requests)

    once(-1)
    took, tokens, flops = 0.0, 0, 0.0
    of = Flops(one.model)
    for turn in range(asked.times):
        took += seconds(lambda turn=turn: once(turn), asked.device)  # type: ignore[misc]
        new = sum(len(reply.ids) for reply in found)
        tokens += new
        flops += of.forward(asked.rows * asked.prompt, asked.rows, asked.prompt)
        flops += of.forward(new - asked.rows, new - asked.rows, 2 * asked.prompt + asked.new)
    show(asked, f"sampled, {asked.rows} × ({asked.prompt} shown + {asked.new} new)", tokens, flops, took, peak)


def trained(asked: argparse.Namespace, peak: float, lora_r: int) -> None:
    """Updates over rows of one length; a first one is not counted."""
    one = policy(asked, "bf16" if lora_r else "fp32")
    most = min(one.model.config.vocab_size, len(one.tokenizer)) - 10
    of = Flops(one.model)
    made, _ = trainer(
        one, "shared", lora_r=lora_r, device=asked.device, dtype="bf16", tokens_per_batch=asked.tokens_per_batch
    )
    rng = random.Random(0)
    own = asked.length // 4
    rows = [
        scored(
            tuple(rng.randrange(10, most) for _ in range(asked.length)),
            (False,) * (asked.length - own) + (True,) * own,
            1.0 if number % 2 else -1.0,
        )
        for number in range(asked.trained_rows)
    ]
    update = made.pack({"shared": rows}, 0)[0]
    made.model.train()

    def once() -> None:
        made.passes(update)
        made._optimize(0)

    once()
    took = sum(seconds(once, asked.device) for _ in range(asked.times))
    tokens = asked.times * asked.trained_rows * asked.length
    scored_ = asked.times * asked.trained_rows * own
    flops = of.trained(tokens, scored_, asked.length, frozen=lora_r > 0)
    show(
        asked, f"trained, {'LoRA r 16' if lora_r else 'all weights'}, rows of {asked.length}", tokens, flops, took, peak
    )


def show(asked: argparse.Namespace, what: str, tokens: int, flops: float, took: float, peak: float) -> None:
    """A line of the table."""
    rate = flops / took
    shape = f"{asked.shape}, tried with a small model" if asked.tiny else asked.shape
    print(f"| {shape} | {what} | {tokens / took:,.0f} | {rate / 1e12:.3g} | {rate / peak:.1%} |", flush=True)


if __name__ == "__main__":
    main()
