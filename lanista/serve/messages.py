"""A conversation as every dialect means it: messages, then a system text and exchanges that can be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lanista.serve import tools
from lanista.serve.errors import bad

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call a model made. ``arguments``: JSON, as text."""

    id: str
    name: str
    arguments: str

    @property
    def meant(self) -> tuple[str, str]:
        """What it comes to, however its JSON was spaced."""
        try:
            return self.name, json.dumps(json.loads(self.arguments), sort_keys=True)
        except ValueError:
            return self.name, self.arguments


@dataclass(frozen=True)
class Message:
    """One message. ``call_id``: of a tool's result, the call it answers."""

    role: Role
    text: str
    calls: tuple[ToolCall, ...] = ()
    name: str = ""
    call_id: str = ""

    @cached_property
    def meant(self) -> tuple[Any, ...]:
        """Equal for replies that say the same: white space around them and the spacing of JSON do not count."""
        return (self.text.strip(), *(call.meant for call in self.calls))

    def written(self) -> str:
        """A reply as the model would have had to say it."""
        blocks = [tools.written_call(call.name, call.arguments) for call in self.calls]
        return "\n".join([*([self.text] if self.text or not blocks else []), *blocks])


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a model was shown, and what it replied."""

    prompt: str
    reply: Message


@dataclass(frozen=True, slots=True)
class Talk:
    """A whole conversation that waits for a reply to ``prompt``."""

    system: str
    exchanges: tuple[Exchange, ...]
    prompt: str


def talk(messages: Sequence[Message], offered: Sequence[Mapping[str, Any]] = ()) -> Talk:
    """The conversation that the messages make, with the ``offered`` tools described in its system text.

    What the model was shown between two of its replies is one text, a line for each message; so are replies that follow
    each other. Speakers other than the first are named before their words. Raises ApiError for an order that cannot be.
    """
    system: list[str] = []
    exchanges: list[Exchange] = []
    shown: list[str] = []
    reply: Message | None = None
    called: set[str] = set()
    first = next((m.name for m in messages if m.role == "user"), "")
    for place, message in enumerate(messages):
        if message.role == "system":
            if shown or reply or exchanges:
                raise bad(
                    "a system message can only stand before all others", f"messages[{place}]", "unsupported_value"
                )
            system.append(message.text)
        elif message.role == "assistant":
            reply = message if reply is None else _joined(reply, message)
            called |= {call.id for call in message.calls}
        else:
            if reply is not None:
                exchanges.append(Exchange("\n".join(shown), reply))
                shown, reply = [], None
            if message.role == "tool" and message.call_id not in called:
                raise bad(f"no earlier message calls a tool under the id {message.call_id!r}", f"messages[{place}]")
            shown.append(_shown(message, first))
    if reply is not None or not shown:
        raise bad("the last message must be a user's or a tool's: the model replies to it", "messages")
    described = tools.described(offered) if offered else ""
    return Talk("\n\n".join(text for text in (*system, described) if text), tuple(exchanges), "\n".join(shown))


def _joined(one: Message, other: Message) -> Message:
    text = "\n".join(part for part in (one.text, other.text) if part)
    return Message("assistant", text, (*one.calls, *other.calls), one.name)


def _shown(message: Message, first: str) -> str:
    if message.role == "tool":
        return tools.written_result(message.text)
    return f"{message.name}: {message.text}" if message.name and message.name != first else message.text
