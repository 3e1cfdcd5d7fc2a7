"""The same rows and the same weights on two devices: log-probabilities and gradients of a GRPO update.

    python benchmarks/gpu/agree.py --device cpu --out cpu.pt
    python benchmarks/gpu/agree.py --device cuda --out gpu.pt
    python benchmarks/gpu/agree.py --compare cpu.pt gpu.pt

SmolLM2 under adapters whose weights are drawn here, in fp32 and in bf16: the log-probability of every token of some
support-desk conversations, then the gradient that the trainer's own passes give for one update, one policy in all
seats and one per role.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from _material import desk_games, desk_rows, stand_in, trainer

from lanista.agents.lm.policy import Policy

CONTEXT = 768
"""Tokens of a row; what is longer is cut."""


def main() -> None:
    """Measure on one device, or lay two measurements side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--tiny", type=Path, default=None, help="a folder: try it with a small model that is put there")
    parser.add_argument("--games", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--compare", type=Path, nargs=2)
    asked = parser.parse_args()
    if asked.compare:
        compare(*(torch.load(place, weights_only=True) for place in asked.compare))
        return
    if asked.out is None:
        parser.error("say where the figures go: --out FILE")
    model = stand_in(asked.tiny) if asked.tiny else asked.model
    found = {
        f"{dtype} {kind}": measured(model, dtype, kind, asked.device, asked.games)
        for dtype in ("fp32", "bf16")
        for kind in ("shared", "per-role")
    }
    torch.save(found, asked.out)
    print(f"measured on {asked.device}: {', '.join(found)}")


def measured(model: Any, dtype: str, kind: str, device: str, games: int) -> dict[str, torch.Tensor]:
    """Log-probabilities, and the gradient of each policy's adapter, in fp32 on the CPU."""
    policy = Policy.load(model, dtype, device)
    made, seated = trainer(policy, kind, lora_r=16, device=device, dtype=dtype)
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in sorted(seated.model.named_parameters()):
            if ".lora_" in name:  # a fresh adapter's second half is zero, and with it the first half's gradient
                weight.copy_(0.02 * torch.randn(weight.shape, generator=draw))
    policy.touch()
    rows = desk_rows(seated, desk_games(games, 2), CONTEXT)
    found: dict[str, torch.Tensor] = {}
    for name in sorted(rows):
        adapter = seated.adapters.adapter(name)
        ids = [row.row.ids for row in rows[name]]
        found[f"logps/{name}"] = torch.tensor([logp for row in policy.logps(ids, adapter) for logp in row])
    made.model.train()
    made.passes(made.pack(rows, 0)[0])
    for name in seated.names:
        parts = [p.grad.float().cpu().flatten() for p in seated.adapters.parameters(name) if p.grad is not None]
        if parts:
            found[f"gradient/{name}"] = torch.cat(parts)
    return found


def compare(one: dict[str, dict[str, torch.Tensor]], other: dict[str, dict[str, torch.Tensor]]) -> None:
    """Print how far two devices are apart. Raises SystemExit where they did not measure the same."""
    print("| | tokens | log-probabilities apart, mean (largest), nats | gradients: cosine, relative distance |")
    print("|---|---|---|---|")
    for what in one:
        mine, theirs = one[what], other[what]
        if {k: len(v) for k, v in mine.items()} != {k: len(v) for k, v in theirs.items()}:
            raise SystemExit(f"{what}: the two files do not hold the same rows")
        logps, grads = (sorted(k for k in mine if k.startswith(f"{kind}/")) for kind in ("logps", "gradient"))
        apart = torch.cat([(mine[k] - theirs[k]).abs() for k in logps])
        a, b = (torch.cat([of[k].double() for k in grads]) for of in (mine, theirs))
        cosine = float(a @ b / (a.norm() * b.norm()))
        print(
            f"| {what} | {len(apart)} | {apart.mean():.5f} ({apart.max():.4f}) "
            f"| {cosine:.6f}, {float((a - b).norm() / a.norm()):.5f} |"
        )


if __name__ == "__main__":
    main()
