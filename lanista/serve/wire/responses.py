"""The dialect of ``/responses``: items in, items out, earlier responses by their id."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lanista.serve.errors import bad, unsupported
from lanista.serve.messages import Message, ToolCall
from lanista.serve.wire import wanted as read
from lanista.serve.wire.wanted import Said, Wanted

KNOWN = (
    *("model", "input", "instructions", "previous_response_id", "tools", "tool_choice", "parallel_tool_calls"),
    *("stream", "metadata", "max_output_tokens", "temperature", "top_p", "store", "text", "include", "top_logprobs"),
)
IDLE: Mapping[str, tuple[Any, ...]] = {
    "background": (False,),
    "truncation": ("disabled",),
    "service_tier": ("auto", "default"),
    "stream_options": ({}, {"include_obfuscation": False}),
    "reasoning": ({},),
    "user": (),
    "safety_identifier": (),
    "prompt_cache_key": (),
    "prompt_cache_retention": (),
}
LOGPROBS = "message.output_text.logprobs"

Earlier = Callable[[str], tuple[Message, ...]]
"""The conversation up to and including an earlier response. Raises ApiError for an id there is not."""


def read_request(body: Mapping[str, Any], earlier: Earlier) -> Wanted:
    """Raises ApiError for what is wrong, and for what cannot be honoured. Instructions are of one request alone."""
    said = read.check(body, KNOWN, IDLE)
    model, auxiliary = read.model(said)
    if said.get("top_logprobs", 0) != 0:
        raise unsupported("top_logprobs is 0: of other tokens than the sampled ones nothing is kept", "top_logprobs")
    include = read.items(said.get("include", []), "include")
    for what in include:
        if what != LOGPROBS:
            raise unsupported(f"include {what!r} cannot be honoured: there is {LOGPROBS}", "include")
    form = read.mapping(said.get("text", {}), "text")
    if form.get("format") is not None:
        read.format_(form["format"], "text.format")
    tools = read.unique(
        [_tool(spec, f"tools[{i}]") for i, spec in enumerate(read.items(said.get("tools", []), "tools"))]
    )
    may_call = read.choice(said["tool_choice"], tools) if "tool_choice" in said else True
    before = (
        earlier(read.text(said["previous_response_id"], "previous_response_id"))
        if ("previous_response_id" in said)
        else ()
    )
    if "input" not in said:
        raise bad("a request has an input", "input", "missing_required_parameter")
    instructions = read.text(said.get("instructions", ""), "instructions")
    system = (Message("system", instructions),) if instructions else ()
    return Wanted(
        model=model,
        messages=(*system, *before, *_input(said["input"])),
        tools=tools if may_call else (),
        calls=None if read.flag(said.get("parallel_tool_calls", True), "parallel_tool_calls") else 1,
        max_tokens=read.whole(said["max_output_tokens"], "max_output_tokens", 1)
        if "max_output_tokens" in said
        else None,
        temperature=read.number(said["temperature"], "temperature") if "temperature" in said else None,
        top_p=read.number(said["top_p"], "top_p") if "top_p" in said else None,
        stream=read.flag(said.get("stream", False), "stream"),
        logprobs=LOGPROBS in include,
        auxiliary=auxiliary,
        store=read.flag(said.get("store", True), "store"),
        echo={
            "instructions": said.get("instructions"),
            "previous_response_id": said.get("previous_response_id"),
            "metadata": said.get("metadata", {}),
            "tools": said.get("tools", []),
            "tool_choice": said.get("tool_choice", "auto"),
            "parallel_tool_calls": said.get("parallel_tool_calls", True),
            "temperature": said.get("temperature"),
            "top_p": said.get("top_p"),
            "max_output_tokens": said.get("max_output_tokens"),
            "store": said.get("store", True),
        },
    )


def _tool(spec: Any, where: str) -> dict[str, Any]:
    kind = read.mapping(spec, where).get("type")
    if kind != "function":
        raise unsupported(f"{where} is of type {kind!r}: a seat knows functions only", f"{where}.type")
    return read.tool(spec, where)


def _input(given: Any) -> list[Message]:
    if isinstance(given, str):
        return [Message("user", given)]
    found = read.items(given, "input")
    if not found:
        raise bad("input is empty", "input")
    return [_item(item, f"input[{i}]") for i, item in enumerate(found)]


def _item(item: Any, where: str) -> Message:
    kind = read.mapping(item, where).get("type", "message")
    if kind == "function_call":
        call = ToolCall(
            read.text(item.get("call_id"), f"{where}.call_id"),
            read.text(item.get("name"), f"{where}.name"),
            read.text(item.get("arguments", ""), f"{where}.arguments"),
        )
        return Message("assistant", "", (call,))
    if kind == "function_call_output":
        output = read.content(item.get("output"), f"{where}.output", ("input_text", "output_text", "text"))
        return Message("tool", output, call_id=read.text(item.get("call_id"), f"{where}.call_id"))
    if kind != "message":
        raise unsupported(f"{where} is of type {kind!r}: a seat reads messages and calls of functions", f"{where}.type")
    role = item.get("role")
    words = read.content(item.get("content"), f"{where}.content", ("input_text", "output_text", "text", "refusal"))
    if role in ("system", "developer"):
        return Message("system", words)
    if role == "user":
        return Message("user", words)
    if role == "assistant":
        return Message("assistant", words)
    raise bad(f"{where}.role is system, developer, user or assistant, not {role!r}", f"{where}.role")


def usage(said: Said) -> dict[str, Any]:
    """Tokens of a call."""
    shown, sampled = len(said.prompt_ids), len(said.ids)
    return {
        "input_tokens": shown,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": sampled,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": shown + sampled,
    }


def response(said: Said, wanted: Wanted) -> dict[str, Any]:
    """A reply as a ``response``."""
    cut = said.finish == "length"
    return {
        **_head(said.id, said.created, wanted, "incomplete" if cut else "completed"),
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": _output(said, wanted),
        "usage": usage(said),
    }


def _head(id: str, created: int, wanted: Wanted, status: str) -> dict[str, Any]:
    return {
        "id": id,
        "object": "response",
        "created_at": created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": wanted.model,
        "output": [],
        "reasoning": {"effort": None, "summary": None},
        "text": {"format": {"type": "text"}},
        "truncation": "disabled",
        "usage": None,
        **wanted.echo,
    }


def _output(said: Said, wanted: Wanted) -> list[dict[str, Any]]:
    status = "incomplete" if said.finish == "length" else "completed"
    found: list[dict[str, Any]] = []
    if said.message.text or not said.calls:
        part = {
            "type": "output_text",
            "text": said.message.text,
            "annotations": [],
            "logprobs": _logprobs(said.pieces, said.logps) if wanted.logprobs else [],
        }
        message = {"type": "message", "id": f"msg_{said.id}", "role": "assistant", "status": status, "content": [part]}
        found.append(message)
    for number, call in enumerate(said.calls):
        made = {"call_id": call.id, "name": call.name, "arguments": call.arguments, "status": "completed"}
        found.append({"type": "function_call", "id": f"fc_{said.id}_{number}", **made})
    return found


def _logprobs(pieces: Sequence[str], logps: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {"token": piece, "logprob": logp, "bytes": list(piece.encode()), "top_logprobs": []}
        for piece, logp in zip(pieces, logps, strict=True)
    ]


class Events:
    """A reply as the events of a stream: some of its text while it is sampled, the rest once it is written down."""

    def __init__(self, id: str, created: int, wanted: Wanted) -> None:
        self._id, self._created, self._wanted = id, created, wanted
        self._number = 0
        self._said = 0
        self._logprobs = 0
        self._opened = False
        """Whether the item of the reply's words was begun."""

    def more(self, text: str, pieces: Sequence[str], logps: Sequence[float]) -> str:
        """The events of the next words. ``pieces``, ``logps``: of all ids so far, where log-probabilities are asked."""
        told = []
        if self._wanted.logprobs:
            told = _logprobs(pieces[self._logprobs :], logps[self._logprobs :])
            self._logprobs = len(pieces)
        self._said += len(text)
        parts = [self._opening()]
        if not self._opened:
            self._opened = True
            blank = {"type": "message", "id": f"msg_{self._id}", "role": "assistant", "status": "in_progress"}
            empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            parts.append(self._event("response.output_item.added", output_index=0, item={**blank, "content": []}))
            parts.append(self._event("response.content_part.added", **self._inner(), part=empty))
        parts.append(self._event("response.output_text.delta", **self._inner(), delta=text, logprobs=told))
        return "".join(parts)

    def end(self, said: Said) -> str:
        """The events of what is left, up to the end of the stream."""
        whole = response(said, self._wanted)
        parts = [self._opening()]
        for index, item in enumerate(whole["output"]):
            if item["type"] == "message":
                (part,) = item["content"]
                text = part["text"][self._said :]
                if text or not self._opened or len(part["logprobs"]) > self._logprobs:
                    parts.append(self.more(text, said.pieces, said.logps))
                done = {"text": part["text"], "logprobs": part["logprobs"]}
                parts.append(self._event("response.output_text.done", **self._inner(), **done))
                parts.append(self._event("response.content_part.done", **self._inner(), part=part))
            else:
                at = {"output_index": index, "item_id": item["id"]}
                blank = {**item, "status": "in_progress", "arguments": ""}
                made = item["arguments"]
                parts.append(self._event("response.output_item.added", output_index=index, item=blank))
                parts.append(self._event("response.function_call_arguments.delta", **at, delta=made))
                done = {"arguments": made, "name": item["name"]}
                parts.append(self._event("response.function_call_arguments.done", **at, **done))
            parts.append(self._event("response.output_item.done", output_index=index, item=item))
        parts.append(self._event(f"response.{whole['status']}", response=whole))
        return "".join(parts)

    def failed(self, error: Mapping[str, Any]) -> str:
        """The event of a reply that comes to nothing after it has begun."""
        told = error["error"]
        return self._event("error", code=told["code"], message=told["message"], param=told["param"])

    def _inner(self) -> dict[str, Any]:
        return {"output_index": 0, "item_id": f"msg_{self._id}", "content_index": 0}

    def _opening(self) -> str:
        if self._number:
            return ""
        started = _head(self._id, self._created, self._wanted, "in_progress")
        return self._event("response.created", response=started) + self._event("response.in_progress", response=started)

    def _event(self, kind: str, **more: Any) -> str:
        value = {"type": kind, "sequence_number": self._number, **more}
        self._number += 1
        return f"event: {kind}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
