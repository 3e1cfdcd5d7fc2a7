"""From which size on a model is worth more than one CPU thread, beside another busy process.

For each size the same work is done with one thread and with one per core, in turn: sampling for 32 conversations, and a
training step's forward and backward pass over 8 rows of 256 tokens. One process spins on a core all the while, as a
second run, an environment or a browser would. Prints a table and the largest size at which one thread is not slower;
``ONE_UP_TO`` in agents/lm/threads.py is set from it.

    python benchmarks/threads.py --seconds 4
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from functools import partial

import torch
from _machine import machine
from transformers import LlamaConfig, LlamaForCausalLM

from lanista.agents.lm.backends.hf.columns import Pending, geometry
from lanista.agents.lm.backends.hf.generate import sample
from lanista.agents.lm.sampling import Sampling

SIZES = ((64, 2), (128, 4), (256, 4), (384, 8), (512, 10), (768, 12))
"""Width and layers."""


def spin() -> None:
    while True:
        pass


def model_of(width: int, layers: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        max_position_embeddings=2048,
    )
    return LlamaForCausalLM(config).eval()


def sampled(model: LlamaForCausalLM) -> int:
    rows = [Pending([3 + (i + j) % 1000 for j in range(128)], i) for i in range(32)]
    with torch.no_grad():
        shape = geometry(model, 1)
        replies = sample(model, rows, Sampling(max_new_tokens=16), end_ids=(1,), decode=str, shape=shape)
    return sum(len(reply.ids) for reply in replies)


def trained(model: LlamaForCausalLM) -> int:
    ids = torch.arange(8 * 256).reshape(8, 256) % 2000
    model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    model.zero_grad()
    return ids.numel()


def rates(work: Callable[[], int], counts: tuple[int, ...], seconds: float) -> list[float]:
    """Tokens per second at each count of threads: the counts take turns, so that other load falls on all alike."""
    spent, done = dict.fromkeys(counts, 0.0), dict.fromkeys(counts, 0)
    while min(spent.values()) < seconds:
        for count in counts:
            torch.set_num_threads(count)
            start = time.perf_counter()
            done[count] += work()
            spent[count] += time.perf_counter() - start
    return [done[count] / spent[count] for count in counts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="per size, kind of work and count of threads")
    parser.add_argument("--busy", type=int, default=1, help="processes that spin beside it")
    asked = parser.parse_args()
    cores = os.cpu_count() or 1
    print(f"{machine()}; {asked.busy} busy process(es) beside it\n")
    print(f"| size | parameters | sampling, 1 / {cores} threads | training, 1 / {cores} threads | {cores} over 1 |")
    print("|---|---|---|---|---|")
    others = [multiprocessing.get_context("spawn").Process(target=spin, daemon=True) for _ in range(asked.busy)]
    best = 0
    for other in others:
        other.start()
    try:
        for width, layers in SIZES:
            model = model_of(width, layers)
            count = sum(p.numel() for p in model.parameters())
            found = [rates(partial(work, model), (1, cores), asked.seconds) for work in (sampled, trained)]
            gains = [many / one for one, many in found]
            cells = " | ".join(f"{one:,.0f} / {many:,.0f} tokens/s" for one, many in found)
            print(f"| {width}x{layers} | {count / 1e6:.1f}M | {cells} | {gains[0]:.2f}, {gains[1]:.2f} |", flush=True)
            if gains[0] * gains[1] <= 1:
                best = max(best, count)
    finally:
        for other in others:
            other.terminate()
    print(f"\nOne thread is not slower (sampling and training together) up to {best / 1e6:.1f}M parameters.")


if __name__ == "__main__":
    main()
