"""Conversations as exact token ids, append-only, out of a tokenizer's own chat template.

How this departs from ``tokenizer.apply_chat_template``:

1. The template is rendered once around placeholders and cut at them. What stands between is structure; what users say
   is put in afterwards and is only ever data: control tokens are not recognised in it.
2. A conversation only grows. A template that drops earlier thoughts from its rendering is followed in everything but
   that: what was sampled stays, because training needs the ids that were sampled. A template that rewrites anything
   else between turns is refused.
3. Templates that print the date print a fixed one: the same game gives the same tokens on every day.

Text of one user turn is encoded together with the plain structure beside it, so where the text holds no control token
the ids are those the template gives.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lanista.errors import LanistaError, UsageError

DATE = "01 Jan 2026"
"""The date that templates are told it is."""

SWITCHES = ("enable_thinking", "thinking")
"""What templates call the variable that says whether the model thinks before it replies."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_MARKS = tuple(f"lanista{word}mark" for word in ("zero", "one", "two", "three", "four"))

Piece = int | str
"""A control token's id, or plain text."""


class Chat:
    """One tokenizer's way of writing a conversation. Raises LanistaError for a tokenizer that has none it can use.

    ``end_ids`` end a reply; the first of them is supplied where a reply was cut off before its end. ``think``: the
    template's own switch for thinking, None as the template has it.
    """

    def __init__(self, tokenizer: Any, end_ids: Iterable[int] = (), *, think: bool | None = None) -> None:
        self.tokenizer = tokenizer
        self._given_ends = tuple(end_ids)
        self._think = think
        self._name = str(getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__)
        if not getattr(tokenizer, "chat_template", None):
            raise LanistaError(
                f"the tokenizer of {self._name!r} has no chat template, so it cannot hold a conversation; take the "
                "instruction-tuned sibling of this model, or save a template with it (tokenizer.chat_template = …)"
            )
        self.control = _control(tokenizer)
        """Control tokens by their text: special ones, and those that the template itself writes."""
        self._data, described = _data_encoder(tokenizer, self.control)
        described += str(tokenizer.chat_template)
        if think is not None:
            described += f"thinking={think}"
        self.fingerprint = hashlib.sha256(described.encode()).hexdigest()[:12]
        """The same for conversations whose ids can be exchanged."""
        self._control_ids = frozenset(self.control.values())
        self._check_data()
        zero = _MARKS[0]
        turns = [{"role": ("user", "assistant")[i % 2], "content": mark} for i, mark in enumerate(_MARKS)]
        head, tail = self._cut([{"role": "user", "content": zero}])
        cut = self._cut(turns)
        if cut[0] != head or cut[5] != tail or cut[2] != cut[4]:
            raise self._refusal("it writes earlier turns differently once later ones follow")
        self._head, self._tail = self._pieces(head), self._pieces(tail)
        after = self._pieces(cut[2])
        while after and isinstance(after[0], str) and not after[0].strip():
            after = after[1:]
        if not after or not isinstance(after[0], int):
            raise self._refusal("it has no token that ends a reply")
        self._between = after[1:]
        ends = [after[0], *self._given_ends, getattr(tokenizer, "eos_token_id", None)]
        self.end_ids: tuple[int, ...] = tuple(dict.fromkeys(i for i in ends if i is not None))
        self._system = self._system_pieces(tail)

    def thinking(self, on: bool | None) -> Chat:
        """This way of writing with the template's switch for thinking turned on or off; None: as the template has it.

        Raises UsageError where the template has no such switch.
        """
        if on == self._think:
            return self
        if on is not None and not self._switches():
            raise UsageError(
                f"the chat template of {self._name!r} has no switch for thinking ({' or '.join(SWITCHES)}): "
                "leave the option thinking away"
            )
        return Chat(self.tokenizer, self._given_ends, think=on)

    def _switches(self) -> list[str]:
        template = str(self.tokenizer.chat_template)
        return [name for name in SWITCHES if re.search(rf"\b{name}\b", template)]

    def first(self, text: str, system: str | None = None) -> list[int]:
        """The ids of a conversation's start, up to and including the generation prompt.

        Where the template knows no system text, ``system`` opens the user's text.
        """
        if system is None:
            return self._encode([*self._head, text, *self._tail])
        if self._system is None:
            return self._encode([*self._head, f"{system}\n\n{text}", *self._tail])
        before, between = self._system
        return self._encode([*before, system, *between, text, *self._tail])

    def next(self, text: str, ended: bool = True) -> list[int]:
        """The ids to append after a reply for the next user turn, up to and including the generation prompt.

        ``ended``: the reply's own ids hold its end token; where not, it is supplied here.
        """
        end: list[Piece] = [] if ended else [self.end_ids[0]]
        return self._encode([*end, *self._between, text, *self._tail])

    def reply(self, text: str) -> list[int]:
        """The ids of a reply that was not sampled here, its end token included."""
        return [*self._encode([text]), self.end_ids[0]]

    def decode(self, ids: Sequence[int]) -> str:
        """A reply's text, without special tokens."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _encode(self, pieces: Iterable[Piece]) -> list[int]:
        ids: list[int] = []
        run = ""
        for piece in pieces:
            if isinstance(piece, str):
                run += piece
                continue
            ids += self._plain(run)
            ids.append(piece)
            run = ""
        return ids + self._plain(run)

    def _plain(self, text: str) -> list[int]:
        if not text:
            return []
        if _SURROGATES.search(text):
            text = _SURROGATES.sub("\ufffd", text)
        ids = self._read(text)
        if self._control_ids.isdisjoint(ids):
            return ids
        return [id_ for id_ in ids if id_ not in self._control_ids]  # an unknown character, read as a special "unk"

    def _read(self, text: str) -> list[int]:
        if self._data is not None:
            ids: list[int] = self._data.encode(text, add_special_tokens=False).ids
            return ids
        return list(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def _pieces(self, text: str) -> list[Piece]:
        """Structure, cut at its control tokens, honouring those that swallow the white space beside them."""
        if not self.control:
            return [text] if text else []
        pattern = "|".join(re.escape(c) for c in sorted(self.control, key=len, reverse=True))
        flags = {token.content: token for token in self.tokenizer.added_tokens_decoder.values()}
        pieces: list[Piece] = []
        parts = re.split(f"({pattern})", text)
        for i, part in enumerate(parts):
            if i % 2:
                pieces.append(self.control[part])
                continue
            if i > 0 and getattr(flags.get(parts[i - 1]), "rstrip", False):
                part = part.lstrip()
            if i + 1 < len(parts) and getattr(flags.get(parts[i + 1]), "lstrip", False):
                part = part.rstrip()
            if part:
                pieces.append(part)
        return pieces

    def _render(self, messages: list[dict[str, str]]) -> str:
        switch = {} if self._think is None else dict.fromkeys(self._switches(), self._think)
        text: str = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, date_string=DATE, **switch
        )
        return text

    def _cut(self, messages: list[dict[str, str]]) -> list[str]:
        """The rendering, cut at the messages' contents. Raises LanistaError where one is missing, doubled or moved."""
        try:
            text = self._render(messages)
        except Exception as error:
            raise self._refusal(f"it cannot be rendered ({type(error).__name__}: {error})") from error
        parts = []
        for message in messages:
            before, mark, text = text.partition(message["content"])
            if not mark or message["content"] in text:
                raise self._refusal("it leaves out, repeats or moves what was said")
            parts.append(before)
        return [*parts, text]

    def _system_pieces(self, tail: str) -> tuple[list[Piece], list[Piece]] | None:
        """What stands before and after a system text; None where the template takes none or moves it about."""
        zero, one, two, three, _ = _MARKS
        messages = [
            {"role": "system", "content": zero},
            {"role": "user", "content": one},
            {"role": "assistant", "content": two},
            {"role": "user", "content": three},
        ]
        try:
            short, long = self._cut(messages[:2]), self._cut(messages)
        except LanistaError:
            return None
        if short[:2] != long[:2] or short[2] != tail or long[4] != tail:
            return None
        return self._pieces(short[0]), self._pieces(short[1])

    def _check_data(self) -> None:
        for content in self.control:
            if not self._control_ids.isdisjoint(self._read(f"a{content}b")):
                raise LanistaError(
                    f"the tokenizer of {self._name!r} reads {content!r} inside ordinary text as a control token, so "
                    "what players say could pass for structure; use a model with a `tokenizers` (fast) tokenizer"
                )

    def _refusal(self, why: str) -> LanistaError:
        return LanistaError(
            f"the chat template of {self._name!r} cannot be used for a conversation that only grows: {why}; "
            "set a plain one on the tokenizer (tokenizer.chat_template = …) and save it beside the model"
        )


def _control(tokenizer: Any) -> dict[str, int]:
    # Added tokens that are neither special nor part of the template (names, say) are ordinary words; so is a bare word,
    # which stands in templates as code ("end" in "endfor") and marks no turn.
    template = str(tokenizer.chat_template)
    special = set(tokenizer.all_special_tokens)
    return {
        token.content: int(id_)
        for id_, token in tokenizer.added_tokens_decoder.items()
        if token.special
        or token.content in special
        or (token.content in template and re.fullmatch(r"\w+", token.content) is None)
    }


def _data_encoder(tokenizer: Any, control: dict[str, int]) -> tuple[Any, str]:
    """A copy of the tokenizer's core that reads control tokens as text, and the core's description."""
    core = getattr(tokenizer, "backend_tokenizer", None)
    if core is None or not hasattr(core, "to_str"):
        return None, json.dumps(tokenizer.get_vocab(), sort_keys=True)
    from tokenizers import Tokenizer

    described = core.to_str()
    record = json.loads(described)
    for token in record["added_tokens"]:
        token["special"] = token["content"] in control
    record["truncation"] = record["padding"] = None
    copy = Tokenizer.from_str(json.dumps(record))
    copy.encode_special_tokens = True
    return copy, json.dumps({**record, "truncation": None, "padding": None}, sort_keys=True)
