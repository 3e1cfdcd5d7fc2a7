"""The dialect of ``/chat/completions``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lanista.serve.errors import bad, unsupported
from lanista.serve.messages import Message, ToolCall
from lanista.serve.wire import wanted as read
from lanista.serve.wire.wanted import Said, Wanted

KNOWN = (
    *("model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream", "stream_options", "n", "metadata"),
    *("max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed", "logprobs", "top_logprobs"),
    *("response_format", "store", "return_token_ids"),
)
IDLE: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0, 0.0),
    "presence_penalty": (0, 0.0),
    "logit_bias": ({},),
    "service_tier": ("auto", "default"),
    "modalities": (["text"],),
    "user": (),
    "safety_identifier": (),
    "prompt_cache_key": (),
}
"""What changes nothing at these values; () for any."""


def read_request(body: Mapping[str, Any]) -> Wanted:
    """Raises ApiError for what is wrong, and for what cannot be honoured."""
    said = read.check(body, KNOWN, IDLE)
    model, auxiliary = read.model(said)
    if said.get("n", 1) != 1:
        raise unsupported(f"n is 1 for a seat, not {said['n']!r}: a seat gives one reply to a request", "n")
    if said.get("top_logprobs", 0) != 0:
        raise unsupported("top_logprobs is 0: of other tokens than the sampled ones nothing is kept", "top_logprobs")
    if "response_format" in said:
        read.format_(said["response_format"], "response_format")
    if "messages" not in said:
        raise bad("a request has messages", "messages", "missing_required_parameter")
    messages = read.items(said["messages"], "messages")
    if not messages:
        raise bad("messages is empty", "messages")
    tools = read.unique(
        [_tool(spec, f"tools[{i}]") for i, spec in enumerate(read.items(said.get("tools", []), "tools"))]
    )
    may_call = read.choice(said["tool_choice"], tools) if "tool_choice" in said else True
    limits = [read.whole(said[key], key, 1) for key in ("max_tokens", "max_completion_tokens") if key in said]
    stop = said.get("stop", [])
    options = read.mapping(said.get("stream_options", {}), "stream_options")
    return Wanted(
        model=model,
        messages=tuple(_plain(message) or _message(message, f"messages[{i}]") for i, message in enumerate(messages)),
        tools=tools if may_call else (),
        calls=None if read.flag(said.get("parallel_tool_calls", True), "parallel_tool_calls") else 1,
        max_tokens=min(limits) if limits else None,
        temperature=read.number(said["temperature"], "temperature") if "temperature" in said else None,
        top_p=read.number(said["top_p"], "top_p") if "top_p" in said else None,
        stop=tuple(read.text(word, "stop") for word in ([stop] if isinstance(stop, str) else read.items(stop, "stop"))),
        seed=read.whole(said["seed"], "seed") if "seed" in said else None,
        stream=read.flag(said.get("stream", False), "stream"),
        usage=bool(options.get("include_usage")),
        logprobs=read.flag(said.get("logprobs", False), "logprobs"),
        token_ids=read.flag(said.get("return_token_ids", False), "return_token_ids"),
        auxiliary=auxiliary,
    )


def _tool(spec: Any, where: str) -> dict[str, Any]:
    kind = read.mapping(spec, where).get("type")
    if kind != "function":
        raise unsupported(f"{where} is of type {kind!r}: a seat knows functions only", f"{where}.type")
    return read.tool(read.mapping(spec.get("function"), f"{where}.function"), f"{where}.function")


_SPOKEN = {"content", "role", "name", "tool_calls", "tool_call_id", "refusal", "audio", "annotations", "function_call"}


_PLAIN: Mapping[Any, Any] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


def _plain(message: Any) -> Message | None:
    """A message that is nothing but words, as most are: conversations are sent whole with every call."""
    if type(message) is dict and len(message) == 2:
        words, role = message.get("content"), message.get("role")
        if type(words) is str and type(role) is str and role in _PLAIN:
            return Message(_PLAIN[role], words)
    return None


def _message(message: Any, where: str) -> Message:
    said = {key: value for key, value in read.mapping(message, where).items() if value not in (None, [])}
    role = said.get("role")
    for key in said:
        if key not in _SPOKEN:
            raise bad(f"unknown parameter {key!r} in {where}", f"{where}.{key}", "unknown_parameter")
    for key in ("audio", "annotations", "function_call"):
        if key in said:
            raise unsupported(f"{where}.{key} cannot be read here", f"{where}.{key}")
    words = read.content(
        said.get("content"), f"{where}.content", ("text", "refusal") if role == "assistant" else ("text",)
    )
    name = read.text(said.get("name", ""), f"{where}.name")
    if role in ("system", "developer"):
        return Message("system", words)
    if role == "user":
        return Message("user", words, name=name)
    if role == "tool":
        return Message("tool", words, call_id=read.text(said.get("tool_call_id"), f"{where}.tool_call_id"))
    if role != "assistant":
        raise bad(f"{where}.role is system, developer, user, assistant or tool, not {role!r}", f"{where}.role")
    calls = read.items(said.get("tool_calls", []), f"{where}.tool_calls")
    return Message("assistant", words, tuple(_call(c, f"{where}.tool_calls[{i}]") for i, c in enumerate(calls)))


def _call(call: Any, where: str) -> ToolCall:
    made = read.mapping(read.mapping(call, where).get("function"), f"{where}.function")
    return ToolCall(
        read.text(call.get("id"), f"{where}.id"),
        read.text(made.get("name"), f"{where}.function.name"),
        read.text(made.get("arguments", ""), f"{where}.function.arguments"),
    )


def usage(said: Said) -> dict[str, int]:
    """Tokens of a call."""
    shown, sampled = len(said.prompt_ids), len(said.ids)
    return {"prompt_tokens": shown, "completion_tokens": sampled, "total_tokens": shown + sampled}


def response(said: Said, wanted: Wanted) -> dict[str, Any]:
    """A reply as a ``chat.completion``."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": said.message.text or (None if said.calls else ""),
        "refusal": None,
    }
    if said.calls:
        message["tool_calls"] = [_made(call) for call in said.calls]
    choice: dict[str, Any] = {
        "index": 0,
        "message": message,
        "finish_reason": said.finish,
        "logprobs": _logprobs(said.pieces, said.logps) if wanted.logprobs else None,
    }
    found = {
        "id": said.id,
        "object": "chat.completion",
        "created": said.created,
        "model": said.model,
        "choices": [choice],
        "usage": usage(said),
    }
    if wanted.token_ids:
        choice["token_ids"] = list(said.ids)
        found["prompt_token_ids"] = list(said.prompt_ids)
    return found


class Events:
    """A reply as the events of a stream: some of its text while it is sampled, the rest once it is written down."""

    def __init__(self, id: str, created: int, wanted: Wanted) -> None:
        self._head = {"id": id, "object": "chat.completion.chunk", "created": created, "model": wanted.model}
        self._wanted = wanted
        self._begun = False
        self._said = 0
        self._logprobs = 0

    def more(self, text: str, pieces: Sequence[str], logps: Sequence[float]) -> str:
        """The events of the next words. ``pieces``, ``logps``: of all ids so far, where log-probabilities are asked."""
        more: dict[str, Any] = {}
        if self._wanted.logprobs:
            more["logprobs"] = _logprobs(pieces[self._logprobs :], logps[self._logprobs :])
            self._logprobs = len(pieces)
        self._said += len(text)
        return self._opening() + self._chunk({"content": text}, **more)

    def end(self, said: Said) -> str:
        """The events of what is left, up to the end of the stream."""
        text = said.message.text[self._said :]
        parts = [self._opening()]
        logprobs = len(said.pieces) > self._logprobs and self._wanted.logprobs
        if text or logprobs or not (said.calls or self._said):
            parts.append(self.more(text, said.pieces, said.logps))
        parts += [
            self._chunk({"tool_calls": [{"index": index, **_made(call)}]}) for index, call in enumerate(said.calls)
        ]
        last: dict[str, Any] = {"token_ids": list(said.ids)} if self._wanted.token_ids else {}
        parts.append(self._chunk({}, said.finish, **last))
        if self._wanted.usage:
            parts.append(_event({**self._head, "choices": [], "usage": usage(said)}))
        return "".join([*parts, "data: [DONE]\n\n"])

    def failed(self, error: Mapping[str, Any]) -> str:
        """The event of a reply that comes to nothing after it has begun."""
        return _event(dict(error))

    def _opening(self) -> str:
        if self._begun:
            return ""
        self._begun = True
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None, **more}
        return _event({**self._head, "choices": [choice]})


def _made(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _logprobs(pieces: Sequence[str], logps: Sequence[float]) -> dict[str, Any]:
    return {"content": [_logprob(piece, logp) for piece, logp in zip(pieces, logps, strict=True)], "refusal": None}


def _logprob(piece: str, logp: float) -> dict[str, Any]:
    return {"token": piece, "logprob": logp, "bytes": list(piece.encode()), "top_logprobs": []}


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
