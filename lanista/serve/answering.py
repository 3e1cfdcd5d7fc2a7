"""What becomes of one call: read, laid beside what was said before, sampled, written down, and only then answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from array import array
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lanista.agents.lm.agent import LMAgent
from lanista.agents.lm.backends.base import GenerateRequest, GenerateResult
from lanista.agents.lm.sampling import Sampling
from lanista.agents.lm.tokens import TokenTurn
from lanista.arenas.core import chance
from lanista.errors import LanistaError, Unavailable
from lanista.serve import tools
from lanista.serve.calls import Call
from lanista.serve.engine import Engine, Sampled
from lanista.serve.errors import ApiError, unsupported
from lanista.serve.history import History, Plan
from lanista.serve.messages import Message, ToolCall, talk
from lanista.serve.places import Place
from lanista.serve.telling import Feed, Telling
from lanista.serve.upstream import Upstream
from lanista.serve.wire import chat, responses
from lanista.serve.wire.wanted import Said, Wanted

Written = tuple[bytes, int, dict[str, str], str]
"""A response: its bytes, status, headers and media type."""


async def answered(
    place: Place, dialect: str, body: Mapping[str, Any], auxiliary: bool, arrived: float, feed: Feed
) -> Written:
    """The response to a call; what ``feed`` was sent of it is how it begins.

    Raises ApiError for one that is refused, 500 for whatever goes wrong on our side.
    """
    try:
        return await answer(place, dialect, body, auxiliary, arrived, feed)
    except ApiError:
        raise
    except Exception as error:
        said = str(error) if isinstance(error, LanistaError) else f"{type(error).__name__}: {error}"
        raise ApiError(500, said, code="sampling_failed") from error


async def answer(
    place: Place, dialect: str, body: Mapping[str, Any], auxiliary: bool, arrived: float, feed: Feed
) -> Written:
    """The response to a call. Raises ApiError for one that is refused."""
    if place.closed:
        raise ApiError(410, "the game of this seat is over: make no more calls", code="game_over")
    if place.model is None:
        raise unsupported(f"no model was named for seat {place.seat}: write program:…?model=lm:tiny, say")
    if isinstance(place.model, Upstream):
        return await _passed_on(place, place.model, dialect, body, auxiliary, arrived)
    wanted = chat.read_request(body) if dialect == "chat" else responses.read_request(body, place.earlier)
    if wanted.model != place.name:
        raise ApiError(
            404,
            f"seat {place.seat} has no model {wanted.model!r}: it has {place.name!r}",
            code="model_not_found",
            param="model",
        )
    if auxiliary:
        wanted = replace(wanted, auxiliary=True)
    if place.model.paused:
        raise ApiError(
            429, "nobody samples now: the policy is being updated", code="paused", headers={"Retry-After": "1"}
        )
    place.count()
    wire: Any = chat if dialect == "chat" else responses
    id = f"{'chatcmpl-' if dialect == 'chat' else 'resp_'}{uuid.uuid4().hex[:24]}"
    created = int(time.time())
    if not wanted.stream:
        said = await _sampled(place, place.model, wanted, dialect, arrived, id, created)
    else:
        events = wire.Events(id, created, wanted)
        try:
            said = await _sampled(place, place.model, wanted, dialect, arrived, id, created, (feed, events))
        except ApiError as error:
            if feed.sent:
                feed.send(events.failed(error.body()))
            raise
        except LanistaError as error:
            if feed.sent:
                feed.send(events.failed(ApiError(500, str(error), code="sampling_failed").body()))
            raise
    if dialect == "responses" and wanted.store:
        place.keep(said.id, (*wanted.messages[bool(wanted.echo["instructions"]) :], said.message))
    if wanted.stream:
        return bytes(feed.sent) + events.end(said).encode("utf-8", "replace"), 200, {}, "text/event-stream"
    return json.dumps(wire.response(said, wanted)).encode(), 200, {}, "application/json"


async def _sampled(
    place: Place,
    engine: Engine,
    wanted: Wanted,
    dialect: str,
    arrived: float,
    id: str,
    created: int,
    told: tuple[Feed, Any] | None = None,
) -> Said:
    """The model's reply, written down. ``told``: where it is sent while it is sampled, and as which events.

    Where the connection is cut in the middle of what is told, the reply is what was sampled by then.
    """
    assert place.history is not None
    model = engine.model
    sampling = _sampling(wanted, model.sampling)
    plan = place.history.plan(talk(wanted.messages, wanted.tools), auxiliary=wanted.auxiliary)
    try:
        if len(plan.whole) + sampling.max_new_tokens > model.backend.context:
            raise ApiError(
                400,
                f"this conversation is {len(plan.whole)} tokens long, and with a reply of {sampling.max_new_tokens} it "
                f"does not fit the model's {model.backend.context}",
                code="context_length_exceeded",
                param="messages",
            )
        request = GenerateRequest(
            ids=plan.whole,
            key=_chance(place, plan, sampling),
            sampling=sampling,
            handle=("gateway", place.id, plan.thread.number),
            adapter=model.adapter,
        )
        began = time.perf_counter()
        telling = None
        if told is not None:
            telling = Telling(*told, model.chat.decode, sampling.stop, bool(wanted.tools), wanted.logprobs)
        try:
            sampled = await engine.sample(request, None if telling is None else telling.listener)
        except asyncio.CancelledError:
            if telling is not None and telling.sent and not place.closed:
                _cut(place, wanted, plan, telling, dialect, (id, created), (arrived, began))
            raise
        if place.closed:
            raise ApiError(410, "the game of this seat is over: make no more calls", code="game_over")
        said = _read(model, wanted, plan, sampled, sampling, id, created)
        place.write(_call(place.history, wanted, plan, sampled, said, dialect, began - arrived))
    except BaseException:
        place.history.dropped(plan)  # nothing, where it was said as far as it was cut
        raise
    place.history.said(plan, said.message, said.ids)
    return said


def _cut(
    place: Place,
    wanted: Wanted,
    plan: Plan,
    telling: Telling,
    dialect: str,
    known: tuple[str, int],
    times: tuple[float, float],
) -> None:
    """Write down a reply that nobody heard to its end: its program may go by what it heard."""
    assert place.history is not None
    assert telling.listener.policy is not None
    arrived, began = times
    waited = telling.listener.waited_s
    result = GenerateResult(ids=tuple(telling.ids), logps=tuple(telling.logps), finish="length")
    sampled = Sampled(result, telling.listener.policy, waited, time.perf_counter() - began - waited)
    said = Said(
        id=known[0],
        created=known[1],
        model=wanted.model,
        message=Message("assistant", telling.sent),
        finish="cut",
        prompt_ids=plan.whole,
        ids=telling.ids,
        logps=telling.logps,
    )
    place.write(_call(place.history, wanted, plan, sampled, said, dialect, began - arrived))
    place.history.said(plan, said.message, said.ids)


def _sampling(wanted: Wanted, own: Sampling) -> Sampling:
    """The seat's sampling, as far as a request may have a say. Raises ApiError where it says otherwise."""
    for name in ("temperature", "top_p"):
        asked = getattr(wanted, name)
        if asked is not None and asked != getattr(own, name):
            raise unsupported(
                f"{name} {asked:g} cannot be honoured: this seat samples at {getattr(own, name):g}; leave it away", name
            )
    changed: dict[str, Any] = {}
    if wanted.max_tokens is not None and wanted.max_tokens < own.max_new_tokens:
        changed["max_new_tokens"] = wanted.max_tokens
    if wanted.stop:
        if "" in wanted.stop:
            raise unsupported("stop holds an empty text", "stop")
        changed["stop"] = (*own.stop, *wanted.stop)
    if wanted.seed is not None:
        changed["seed"] = wanted.seed if own.seed is None else chance.key(own.seed, wanted.seed)
    return replace(own, **changed) if changed else own


def _chance(place: Place, plan: Plan, sampling: Sampling) -> int:
    """A call's chance: of the seat, the turn, the prompt, and how often it was asked in this turn."""
    turn = place.turn
    digest = hashlib.blake2b(array("q", plan.whole).tobytes(), digest_size=8).digest()
    repeat = turn.asked[digest]
    turn.asked[digest] += 1
    more = () if sampling.seed is None else (sampling.seed,)
    return chance.key("gateway", turn.seed, turn.number, digest.hex(), repeat, *more)


def _read(
    model: LMAgent, wanted: Wanted, plan: Plan, sampled: Sampled, sampling: Sampling, id: str, created: int
) -> Said:
    ids = list(sampled.result.ids)
    text = model.chat.decode(ids)
    if sampled.result.finish == "stop":
        text = text[: min((at for word in sampling.stop if (at := text.find(word)) >= 0), default=len(text))]
    made: list[tuple[str, str]] = []
    if wanted.tools:
        text, made = tools.found_calls(text, [tool["name"] for tool in wanted.tools], wanted.calls)
    mark = id.removeprefix("chatcmpl-").removeprefix("resp_")
    calls = tuple(ToolCall(f"call_{mark}_{n}", name, arguments) for n, (name, arguments) in enumerate(made))
    finish = "tool_calls" if calls else "length" if sampled.result.finish == "length" else "stop"
    return Said(
        id=id,
        created=created,
        model=wanted.model,
        message=Message("assistant", text, calls),
        finish=finish,
        prompt_ids=plan.whole,
        ids=ids,
        logps=list(sampled.result.logps),
        pieces=[model.chat.decode([id_]) for id_ in ids] if wanted.logprobs else (),
    )


def _call(
    history: History, wanted: Wanted, plan: Plan, sampled: Sampled, said: Said, dialect: str, read_s: float
) -> Call:
    tokens = TokenTurn(
        prompt_ids=tuple(plan.prompt_ids),
        ids=tuple(said.ids),
        logps=tuple(said.logps),
        restart=plan.restart,
        chat=history.chat.fingerprint,
        policy=sampled.policy,
        thread=plan.thread.number,
    )
    return Call(
        id=said.id,
        dialect=dialect,
        text=said.message.written(),
        finish=said.finish,
        usage={"prompt_tokens": len(plan.whole), "completion_tokens": len(said.ids)},
        read_s=read_s,
        waited_s=sampled.waited_s,
        sampled_s=sampled.sampled_s,
        auxiliary=wanted.auxiliary,
        tokens=tokens,
        whole=plan.whole,
        policy=sampled.policy,
        tools=[tool["name"] for tool in wanted.tools],
        drift=plan.drift,
    )


async def _passed_on(
    place: Place, upstream: Upstream, dialect: str, body: Mapping[str, Any], auxiliary: bool, arrived: float
) -> Written:
    """What a model elsewhere says, written down. Its refusals are passed on as they are."""
    place.count()
    path = "chat/completions" if dialect == "chat" else "responses"
    if body.get("stream") is True and dialect == "chat":  # or what it cost is not told
        body = {**body, "stream_options": {**(body.get("stream_options") or {}), "include_usage": True}}
    passed = await upstream.send(path, body)
    if passed.status >= 400:
        if passed.fault:
            place.fault = Unavailable(f"{upstream.base_url} said {passed.status} for model {upstream.model!r}")
        return passed.body, passed.status, dict(passed.headers), passed.kind
    text, finish, usage = upstream.read(passed)
    call = Call(
        id=uuid.uuid4().hex[:24],
        dialect=dialect,
        text=text,
        finish=finish,
        usage=usage,
        read_s=0.0,
        waited_s=0.0,
        sampled_s=time.perf_counter() - arrived,
        auxiliary=auxiliary,
        model=upstream.model,
        request=body,
    )
    place.write(call)
    return passed.body, passed.status, dict(passed.headers), passed.kind
