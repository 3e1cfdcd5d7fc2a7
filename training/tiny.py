"""The tiny model: a small Llama and a tokenizer of its own, both made from nothing for one arena's texts.

The texts of one arena repeat: the rules, the asks, what scripted players say. So the tokenizer merges across words
(byte-level BPE over clauses rather than words) and gives every seat's name one token of its own wherever it stands:
choosing a player is one decision of the model, and a seat's whole game is a few hundred tokens. Numbers, dates and
times are never merged with what stands around them: a date that was read as it is written can be copied. Any Unicode
text still round-trips, byte by byte where nothing better is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lanista.errors import UsageError

PAD, END = "<|pad|>", "<|end|>"
NUMBER = r"\d+(?:[-:]\d+)*"
"""Numbers, dates and times of day: cut out of the text whole, so that one is the same tokens in an ask and a reply."""
OPENERS = ("<|system|>", "<|user|>", "<|assistant|>")
VOCAB = 1024
CONTEXT = 2048

CHAT_TEMPLATE = (
    "{%- for message in messages -%}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)
"""Append-only: a conversation's rendering begins the rendering of every conversation that continues it."""


def build_tokenizer(
    texts: Iterable[str],
    names: Sequence[str] = (),
    words: Sequence[str] = (),
    *,
    vocab_size: int = VOCAB,
    context: int = CONTEXT,
) -> Any:
    """A byte-level BPE tokenizer (``PreTrainedTokenizerFast``) trained on ``texts``, with its chat template.

    Each of ``names`` (seats) is one token wherever it stands, and an ordinary one: names inside what a player says
    are text like any other. Each of ``words`` (what replies choose among) is one wherever it stands as a whole word, so
    that the marks around it are tokens of their own and a choice is one decision of the model. Special tokens are PAD,
    END (the eos; pad is another token) and OPENERS. The same texts give the same tokenizer. Raises UsageError where
    ``vocab_size`` cannot hold the bytes, the specials, the names and the words.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    names = sorted(set(names), key=lambda name: (-len(name), name))
    words = sorted(set(words) - set(names), key=lambda word: (-len(word), word))
    specials = [PAD, END, *OPENERS]
    least = 256 + len(specials) + len(names) + len(words)
    if vocab_size < least:
        raise UsageError(
            f"a vocabulary of {vocab_size} cannot hold every byte, {len(specials)} special tokens, {len(names)} seat "
            f"names and {len(words)} words; take at least {least}"
        )
    core = Tokenizer(models.BPE())
    clauses = [
        pre_tokenizers.Split(Regex(NUMBER), "isolated"),
        pre_tokenizers.Split(Regex(r"[^\n.!?:;,]+[\n.!?:;,]*[ ]?|[\n.!?:;,]+[ ]?"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    # While merges are learned, names are cut out of the text: they become tokens by decree below, not by frequency.
    decreed = [re.escape(name) for name in names] + [rf"\b{re.escape(word)}\b" for word in words]
    cut = [pre_tokenizers.Split(Regex("|".join(decreed)), "removed")] if decreed else []
    core.pre_tokenizer = pre_tokenizers.Sequence([*cut, *clauses])
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(names) - len(words),
        special_tokens=specials,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.pre_tokenizer = pre_tokenizers.Sequence(clauses)
    core.add_tokens([AddedToken(name, normalized=False, special=False) for name in names])
    core.add_tokens([AddedToken(word, normalized=False, special=False, single_word=True) for word in words])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=list(OPENERS),
        chat_template=CHAT_TEMPLATE,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )


def build_model(tokenizer: Any, size: str = "64x2", *, seed: int = 0, context: int = CONTEXT) -> Any:
    """A ``LlamaForCausalLM`` of ``size`` (width x layers) with random float32 weights, a function of the seed.

    Rotary positions up to ``context`` tokens, four attention heads, input and output embeddings tied. Raises
    UsageError for a size that is not like ``64x2``.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    width, layers = parse_size(size)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=width // 4,
        intermediate_size=-(-width * 8 // 3 // 16) * 16,
        max_position_embeddings=context,
        rope_parameters={"rope_type": "default", "rope_theta": 100.0},  # conversations are short: tell near from nearer
        tie_word_embeddings=True,
        initializer_range=width**-0.5,  # the usual 0.02 is made for widths in the thousands
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model.eval()


def parse_size(size: str) -> tuple[int, int]:
    """``"64x2"`` → (64, 2): width and layers. Raises UsageError for anything that is not such a size."""
    found = re.fullmatch(r"(\d{1,4})x(\d{1,2})", size)
    width, layers = (int(found[1]), int(found[2])) if found else (0, 0)
    if width % 8 or not 8 <= width <= 2048 or not 1 <= layers <= 64:
        raise UsageError(
            f"a tiny model's size is width x layers, such as 64x2 or 128x4 (width a multiple of 8), not {size!r}"
        )
    return width, layers


def blank(folder: Path, texts: Iterable[str], names: Sequence[str], *, size: str = "64x2", seed: int = 0) -> Path:
    """A folder with an untrained tiny model for ``texts``: standard transformers files, a function of the seed."""
    tokenizer = build_tokenizer(texts, names)
    card = f"# An untrained {size} model\n\nRandom weights of seed {seed}; a tokenizer for one arena. License: MIT.\n"
    save_model(folder, build_model(tokenizer, size, seed=seed), tokenizer, card)
    return folder


def save_model(folder: Path, model: Any, tokenizer: Any, card: str) -> None:
    """Write a standard transformers folder (weights, config, tokenizer, chat template) with ``card`` as README.md."""
    from transformers.utils import logging

    folder.mkdir(parents=True, exist_ok=True)
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
    finally:
        if bars:
            logging.enable_progress_bar()
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card, encoding="utf-8")
