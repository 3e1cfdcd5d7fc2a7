"""Decisions per CPU-second of language-model seats: key-value caches kept between turns, against plain ``generate``.

Every configuration answers the same conversations: SEATS seats, TURNS turns each, about 25 new tokens a turn, replies
of REPLY tokens. ``generate`` is transformers' own, fed the whole conversation each turn, left-padded, in batches. All
conversations begin with the same text, which is read once ("read apart": in each of them). ``--siblings`` says how many
seats are asked the very same things, as the games of a group are.

    python benchmarks/sampling_speed.py [--sizes 64x2 128x4 256x4] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch

from lanista.agents.contract import Exchange, Question
from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling
from lanista.training.tiny import build_model, build_tokenizer

SEATS, TURNS, REPLY = 64, 12, 6
NEWS = "Day {turn}. player_{a} says: I accuse player_{b}, who was silent. player_{b} votes now. Reply `vote: NAME`."
BRIEF = "You are player_1, a villager. Find the werewolves by talking and voting, before they are as many as you. " * 8


def build(size: str) -> Policy:
    texts = [NEWS.format(turn=turn, a=turn % 9, b=turn * 7 % 9) for turn in range(40)] + [BRIEF]
    tokenizer = build_tokenizer(texts * 4, [f"player_{i}" for i in range(9)], vocab_size=600)
    model = build_model(tokenizer, size)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return Policy(model, tokenizer, ref=size)


def texts(turn: int, siblings: int = 1) -> list[str]:
    brief = BRIEF if turn == 0 else ""
    games = [seat // siblings for seat in range(SEATS)]
    return [brief + NEWS.format(turn=turn, a=(game + turn) % 9, b=(game * 5 + turn) % 9) for game in games]


def seats(
    policy: Policy, cache: Any, batch_size: int, *, share: bool = True, siblings: int = 1
) -> Callable[[int], None]:
    """The project's own: ``LMAgent``, everything included."""
    backend = HFBackend(policy, cache=cache, batch_size=batch_size, share=share)
    agent = LMAgent(backend, sampling=Sampling(max_new_tokens=REPLY))
    histories: list[list[Exchange]] = [[] for _ in range(SEATS)]

    def turn(number: int) -> None:
        asked = [
            Question(
                game="g",
                seat=str(seat),
                seed=seat,
                arena="none",
                role="villager",
                phase="day",
                kind="vote",
                text=text,
                legal=(),
                legal_complete=False,
                history=tuple(histories[seat]),
            )
            for seat, text in enumerate(texts(number, siblings))
        ]
        for history, question, answer in zip(histories, asked, agent.answer(asked), strict=True):
            history.append(Exchange(question.text, answer.text, answer.meta))  # type: ignore[union-attr]

    return turn


def plain(policy: Policy, batch_size: int) -> Callable[[int], None]:
    """transformers' ``generate`` over whole conversations."""
    chat, model = policy.chat, policy.model
    pad = policy.tokenizer.pad_token_id
    talks: list[list[int]] = [[] for _ in range(SEATS)]

    def turn(number: int) -> None:
        for talk, text in zip(talks, texts(number), strict=True):
            talk += chat.next(text, talk[-1] in chat.end_ids) if talk else chat.first(text)
        for first in range(0, SEATS, batch_size):
            batch = talks[first : first + batch_size]
            longest = max(map(len, batch))
            ids_BT = torch.tensor([[pad] * (longest - len(talk)) + talk for talk in batch])
            mask_BT = torch.tensor([[0] * (longest - len(talk)) + [1] * len(talk) for talk in batch])
            with torch.no_grad():
                out_BT = model.generate(
                    ids_BT, attention_mask=mask_BT, max_new_tokens=REPLY, do_sample=True, top_k=0, pad_token_id=pad
                )
            for talk, new in zip(batch, out_BT[:, longest:].tolist(), strict=True):
                talk += new[: new.index(chat.end_ids[0]) + 1] if chat.end_ids[0] in new else new

    return turn


def decisions_per_cpu_second(turn: Callable[[int], None], turns: int) -> float:
    started = time.process_time()
    for number in range(turns):
        turn(number)
    return SEATS * turns / (time.process_time() - started)


def measure(size: str, turns: int, siblings: int) -> dict[str, Any]:
    torch.manual_seed(0)
    policy = build(size)
    seats(policy, "kept", 64)(0)  # warm up
    found = {
        "kept, batch 64": decisions_per_cpu_second(seats(policy, "kept", 64, siblings=siblings), turns),
        "kept, read apart": decisions_per_cpu_second(seats(policy, "kept", 64, share=False, siblings=siblings), turns),
        "none, batch 64": decisions_per_cpu_second(seats(policy, "none", 64), turns),
        "generate, batch 64": decisions_per_cpu_second(plain(policy, 64), turns),
        "generate, batch 1": decisions_per_cpu_second(plain(policy, 1), min(turns, 3)),
    }
    ratio = found["kept, batch 64"] / found["generate, batch 64"]
    return {"size": size, "parameters": policy.model.num_parameters(), **found, "kept over generate": ratio}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", nargs="+", default=["64x2", "128x4", "256x4"])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--siblings", type=int, default=1, help="seats that are asked the same things")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    for size in options.sizes:
        found = measure(size, options.turns, options.siblings)
        if options.json:
            print(json.dumps(found, sort_keys=True), flush=True)
            continue
        print(f"{size} ({found['parameters'] / 1e6:.2f}M parameters), decisions per CPU-second:")
        for name in ("kept, batch 64", "kept, read apart", "none, batch 64", "generate, batch 64", "generate, batch 1"):
            print(f"  {name:20} {found[name]:8.0f}")
        print(f"  kept caches are {found['kept over generate']:.1f} times plain generate at the same batch", flush=True)


if __name__ == "__main__":
    main()
