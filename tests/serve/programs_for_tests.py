"""Programs that the tests seat: good ones and bad ones. Plain Python, so that any interpreter can run them."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.error
import urllib.request


def call(seat, path="chat/completions", headers=(), **body):
    """One request to a seat's gateway with nothing but the standard library. Returns the response's JSON."""
    request = urllib.request.Request(
        f"{seat.base_url}/{path}",
        json.dumps({"model": seat.model, **body}).encode(),
        {"Authorization": f"Bearer {seat.key}", "Content-Type": "application/json", **dict(headers)},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def plain(seat):
    """A conversation that only grows."""
    messages = []

    def reply(text):
        messages.append({"role": "user", "content": text})
        said = call(seat, messages=messages)["choices"][0]["message"]["content"]
        messages.append({"role": "assistant", "content": said})
        return said

    return reply


LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


def streams(seat):
    """The Responses dialect with everything: streams, tools, earlier responses by their id."""
    last = None

    def reply(text):
        nonlocal last
        body = {"model": seat.model, "input": text, "stream": True, "tools": [LOOK], "previous_response_id": last}
        request = urllib.request.Request(
            f"{seat.base_url}/responses", json.dumps(body).encode(), {"Authorization": f"Bearer {seat.key}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            events = [json.loads(line[6:]) for line in answer if line.startswith(b"data: ")]
        said = events[-1]["response"]
        last = said["id"]
        return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")

    return reply


def forgetful(seat):
    """Asks twice in every turn, remembers nothing but the last exchange, and has a title made."""
    last: list = []

    def reply(text):
        nonlocal last
        asked = [*last, {"role": "user", "content": text}]
        first = call(seat, messages=asked)["choices"][0]["message"]["content"]
        asked += [{"role": "assistant", "content": first}, {"role": "user", "content": "Sure?"}]
        call(seat, messages=[{"role": "user", "content": "A title for this."}], headers={"x-lanista-auxiliary": "1"})
        said = call(seat, messages=asked)["choices"][0]["message"]["content"]
        last = [{"role": "user", "content": text}, {"role": "assistant", "content": said}]
        return said

    return reply


def with_tools(seat):
    """Offers the arena's tools to the model, and makes the call that it makes."""

    def reply(text):
        asked = {"messages": [{"role": "user", "content": text}], "tools": list(seat.tools)}
        said = call(seat, **asked)["choices"][0]["message"]
        made = said["tool_calls"][0]["function"] if said.get("tool_calls") else None
        return seat.call(made["name"], made["arguments"]) if made else said["content"]

    return reply


def over_mcp(seat):
    """Calls the arena's tools with the real MCP client."""
    import httpx2
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def reply(text):
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {seat.key}"}) as client,
            streamable_http_client(seat.mcp, http_client=client) as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            unknown = await session.call_tool("teleport", {})
            first = await session.call_tool("say", {"text": "hello"})
            second = await session.call_tool("close", {})
            said = [unknown, first, second]
        wrong = [getattr(each, "is_error", getattr(each, "isError", None)) for each in said]
        assert wrong == [True, False, True], said
        assert {tool["function"]["name"] for tool in seat.tools} == tools
        return "I have called."

    return reply


def team(seats):
    """One program for the roles of a game."""
    for role in ("villager", "villager", "villager", "villager", "werewolf"):
        seats.claim(role)

    def reply(seat, text):
        return call(seat, messages=[{"role": "user", "content": text}])["choices"][0]["message"]["content"]

    return reply


def team_of_wolves(seats):
    """Claims a part of the seats only."""
    seats.claim("werewolf")
    return lambda seat, text: "silent"


def echo(seat):
    """Needs no model."""

    async def reply(text):
        return f"{seat.role}: {text}"

    return reply


def picky(seat):
    """Says what happened to a call that cannot be."""

    def reply(text):
        try:
            call(seat, messages=[{"role": "user", "content": text}], n=8)
        except urllib.error.HTTPError as error:
            return json.loads(error.read())["error"]["message"]
        return "served"

    return reply


def crashes(seat):
    def reply(text):
        raise RuntimeError("no idea")

    return reply


def cannot_be_made(seat):
    raise RuntimeError("no licence")


def dies(seat):
    def reply(text):
        os._exit(3)

    return reply


def hangs(seat):
    async def reply(text):
        await asyncio.sleep(1000)

    return reply


def blocks(seat):
    async def reply(text):
        time.sleep(1000)

    return reply


def loops(seat):
    def reply(text):
        while True:
            call(seat, messages=[{"role": "user", "content": text}])

    return reply


def mute(seat):
    return lambda text: None


def not_callable(seat):
    return "a text"


def takes_nothing():
    return None
