"""What a player says, made safe: thoughts taken out, one line, nothing in it that could pass for structure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SPEECH_LIMIT = 600
"""Characters of one speech that others hear."""

CUT = " ..."
"""Marks a speech that was longer."""

_THOUGHT = re.compile(r"<\s*(/?)\s*think(?:ing)?\b[^>]*(?:>|\Z)", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[^\n`~]*$\n?", re.MULTILINE)
_ODD = re.compile(r"[^ -~]")

_DEFANGED = str.maketrans({**dict.fromkeys('"“”„‟″〃', "'"), "<": "‹", ">": "›", "[": "(", "]": ")"})


def without_thoughts(reply: str) -> str:
    """The reply without its thoughts: ``<think>…</think>``, what follows an unclosed opening tag, and everything
    before a closing tag that nothing opened (chat templates often open it in the prompt)."""
    if "<" not in reply:
        return reply
    spoken: list[str] = []
    thinking, position = False, 0
    for tag in _THOUGHT.finditer(reply):
        if not thinking:
            spoken.append(reply[position : tag.start()])
        position = tag.end()
        if not tag.group(1):
            thinking = True
        elif thinking:
            thinking = False
        else:
            spoken.clear()
    if not thinking:
        spoken.append(reply[position:])
    return "".join(spoken)


def without_fences(reply: str) -> str:
    """The reply without the lines that open and close blocks of code."""
    return reply if "```" not in reply and "~~~" not in reply else _FENCE.sub("", reply)


@lru_cache(maxsize=8192)
def tame(text: str) -> str:
    """The text as others hear it: one line of at most SPEECH_LIMIT characters that no quotation mark can end.

    Control, format and line-breaking characters become spaces and runs of spaces one. Double quotation marks become
    single ones. Angle and square brackets, of which the special tokens of chat templates are made, become ‹›(), so
    that no tokenizer can take what a player typed for a turn of the conversation. Taming twice changes nothing more.
    """
    text = " ".join(_ODD.sub(_visible, text.translate(_DEFANGED)).split())
    if len(text) > SPEECH_LIMIT:
        text = text[: SPEECH_LIMIT - len(CUT)].rstrip() + CUT
    return text


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"):
        return " "
    plain = unicodedata.normalize("NFKC", character)  # as many tokenizers read it: a small or wide < is a <
    return plain.translate(_DEFANGED) if any(sign in plain for sign in '"<>[]') else character
