"""Text that is not ours: what players, servers, file names and records say is data wherever it is shown or kept."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSEEN = (0x200B, 0x2028, 0x2029, 0x2060, 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080))
_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"\u27e8U+{code:04X}\u27e9" for code in (*range(0x80, 0xA0), *_BIDI, *_UNSEEN)},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_HARMLESS = re.compile(r"[\n\t -~]*")


def plain(text: str) -> str:
    """A text in which nothing acts: control characters, marks of writing direction and unseen ones are made visible.

    Newlines and tabs stay. Escape sequences cannot drive a terminal, and no line reads in another order than it has.
    """
    return text if _HARMLESS.fullmatch(text) else text.translate(_SHOWN)


_BREAKS = {ord("\n"): "\u240a", ord("\t"): "\u2409"}
_ONE_LINE = re.compile(r"[ -~]*")


def one_line(text: str) -> str:
    """``plain``, and newlines and tabs made visible too: for names, and whatever else stands in a row or a sentence.

    A name of two lines would end its row, and begin one that nobody wrote.
    """
    return text if _ONE_LINE.fullmatch(text) else plain(text).translate(_BREAKS)


REDACTED = "[redacted]"
_SECRETS = re.compile(
    r"""(?ix)
    (?P<name> (?: proxy-)? authorization ["']? \s* [:=] \s* ["']? (?: (?:bearer|basic|token) \s+ )?
            | \b bearer \s+
            | \b (?: api[_-]?key | x-api-key | access[_-]?token | client[_-]?secret | password )
              ["']? \s* [:=] \s* ["']? )
    (?P<value> [^\s"',;&}\])]{4,} )
    | \b (?: sk | pk | rk | gsk | hf | xai | ghp | glpat ) [-_] [A-Za-z0-9_*.-]{8,}
    """
)


def redact(text: str, secrets: Iterable[str | None] = ()) -> str:
    """A server's words without keys: ``secrets`` themselves, values after Authorization and its like, and key shapes.

    For whatever is kept or shown of what a server said: some repeat the key they were sent.
    """
    for secret in secrets:
        if secret and len(secret) >= 4:
            text = text.replace(secret, REDACTED)
    return _SECRETS.sub(lambda found: f"{found['name'] or ''}{REDACTED}", text)
