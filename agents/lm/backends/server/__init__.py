"""The backends ``openai-ids`` and ``vllm``: models at servers. Importing this loads no torch; making one loads none.

``docs/agents/lm.md`` says how a server is started and what it must be able to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanista.errors import LanistaError, UsageError, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lanista.agents.lm.backends.server.ids import IdsBackend
    from lanista.agents.lm.backends.server.transport import Transport
    from lanista.agents.lm.backends.server.vllm import VLLMBackend
    from lanista.agents.lm.chat import Chat
    from lanista.agents.lm.refs import PolicyRef


def make_ids(
    model: str,
    *,
    url: str = "",
    served: str | None = None,
    arena: str | None = None,
    context: int | None = None,
    key_env: str = "OPENAI_API_KEY",
    concurrent: int = 64,
    time_limit_s: float = 300.0,
    max_retries: int = 6,
    retry_budget_s: float = 120.0,
    send_seed: bool = True,
) -> IdsBackend:
    """A model at a server that takes and gives token ids: ``url`` its address, ``served`` what it calls the model.

    ``model``: the same model as it lies here, for its tokenizer. ``context``: tokens of one conversation, by default as
    the server says. ``concurrent``: requests under way at most. ``key_env``, ``time_limit_s`` (of one request),
    ``max_retries``, ``retry_budget_s`` and ``send_seed``: as for the agent ``openai``.
    """
    from lanista.agents.lm.backends.server.ids import IdsBackend

    server = _transport("openai-ids", url, key_env, concurrent, time_limit_s, max_retries, retry_budget_s)
    place, adapter = _place(model, arena)
    if adapter is not None:
        raise UsageError(f"{model} is an adapter, and openai-ids plays whole models: backend=vllm loads adapters")
    there = at_server(server, place, model, served)
    chat = chat_of(place, server)
    return IdsBackend(
        server,
        name=model,
        served=there["id"],
        chat=chat,
        context=context or _context(there, server),
        send_seed=send_seed,
        ref=ref_of(model, there),
    )


def make_vllm(
    model: str,
    *,
    url: str = "",
    served: str | None = None,
    arena: str | None = None,
    context: int | None = None,
    folder: str | None = None,
    max_loras: int | None = None,
    key_env: str = "OPENAI_API_KEY",
    concurrent: int = 64,
    time_limit_s: float = 300.0,
    max_retries: int = 6,
    retry_budget_s: float = 120.0,
    send_seed: bool = True,
) -> VLLMBackend:
    """A model at a vLLM server, or an adapter on it, which the server is told to load.

    ``folder``: where adapters are put for the server to read, by default in the cache folder; for a server on another
    machine, a folder that both see under one path. ``max_loras``: the server's own, where it cannot be asked. The rest
    as for ``openai-ids``.
    """
    from lanista.agents.lm.backends.server.vllm import VLLMBackend
    from lanista.paths import cache_dir

    server = _transport("vllm", url, key_env, concurrent, time_limit_s, max_retries, retry_budget_s)
    place, adapter = _place(model, arena)
    there = at_server(server, place, model, served)
    tokens = adapter if adapter is not None and (adapter / "tokenizer_config.json").exists() else place
    backend = VLLMBackend(
        server,
        name=model,
        served=there["id"],
        chat=chat_of(place, server, tokens),
        context=context or _context(there, server),
        send_seed=send_seed,
        ref=ref_of(model if adapter is None else str(place), there),
        folder=Path(folder) if folder else cache_dir() / "engine-adapters",
        max_loras=max_loras,
    )
    if adapter is not None:
        backend.play(model, adapter)
    return backend


def at_server(server: Transport, place: str | Path, model: str, served: str | None) -> Mapping[str, Any]:
    """What ``/models`` says of the model that is meant. Raises UsageError where the server has another one.

    Without ``served`` it is the one whole model there is, or the one that goes by the model's name.
    """
    listed = server.json(server.get("models"))
    data = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(data, list) or not all(isinstance(one, dict) and "id" in one for one in data):
        raise LanistaError(f"{server.url}/models lists no models: is that an engine's address, with its /v1?")
    whole = {str(one["id"]): one for one in data if not one.get("parent")}
    name = served or (next(iter(whole)) if len(whole) == 1 else model)
    if name not in whole:
        raise UsageError(
            f"the server {server.url} has no model {name!r}{suggest(name, whole)} (it has: {', '.join(whole)}); say "
            "which with served=NAME"
        )
    found: Mapping[str, Any] = whole[name]
    here, root = Path(place), Path(str(found.get("root") or ""))
    if here.is_dir() and root.is_absolute() and root.is_dir():
        from lanista.agents.lm.versions import folder_version

        if folder_version(here) != folder_version(root):
            raise UsageError(
                f"the server {server.url} plays {root}, whose weights are not those of {model!r} ({here}): start it on "
                "that folder, or name the model it plays"
            )
    return found


def chat_of(place: str | Path, server: Transport, tokens: str | Path | None = None) -> Chat:
    """How conversations of the model at ``place`` are written. ``tokens``: where its tokenizer lies, if elsewhere."""
    from transformers import AutoTokenizer

    from lanista.agents.lm import models
    from lanista.agents.lm.chat import Chat

    try:
        with models.quiet():
            tokenizer = AutoTokenizer.from_pretrained(str(tokens or place))
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise LanistaError(
            f"the tokenizer of the model at {server.url} is looked for in {tokens or place}, and cannot be read "
            f"({type(error).__name__}: {said})"
        ) from error
    ends: list[int] = []
    settings = Path(place) / "generation_config.json"
    if settings.is_file():
        said = json.loads(settings.read_text(encoding="utf-8")).get("eos_token_id")
        ends = said if isinstance(said, list) else [] if said is None else [said]
    return Chat(tokenizer, ends)


def ref_of(model: str, there: Mapping[str, Any]) -> PolicyRef:
    """How a model at a server is recorded: by its weights' digest where the server's folder is to be seen from here."""
    from lanista.agents.lm.refs import PolicyRef
    from lanista.agents.lm.versions import folder_version

    root = Path(str(there.get("root") or ""))
    return PolicyRef(model, folder_version(root) if root.is_absolute() and root.is_dir() else "unknown")


def _transport(
    backend: str, url: str, key_env: str, concurrent: int, time_limit_s: float, max_retries: int, retry_budget_s: float
) -> Transport:
    from lanista.agents.lm.backends.server.transport import Transport

    if not url:
        raise UsageError(f"the backend {backend} needs its server's address: url=http://127.0.0.1:8000/v1")
    return Transport(
        url,
        key_env=key_env,
        concurrent=concurrent,
        time_limit_s=time_limit_s,
        max_retries=max_retries,
        retry_budget_s=retry_budget_s,
    )


def _place(model: str, arena: str | None) -> tuple[str | Path, Path | None]:
    """Where the whole model lies, and the adapter's folder where ``model`` is one."""
    from lanista.agents.lm.models import resolve

    place = resolve(model, arena)
    record = Path(place) / "adapter_config.json"
    if not record.is_file() or (Path(place) / "config.json").is_file():
        return place, None
    base = json.loads(record.read_text(encoding="utf-8")).get("base_model_name_or_path")
    if not base:
        raise LanistaError(f"the adapter in {place} does not say which model it belongs to")
    beside = (Path(place) / base).resolve()
    return resolve(beside if beside.is_dir() else base, arena), Path(place)


def _context(there: Mapping[str, Any], server: Transport) -> int:
    length = there.get("max_model_len")
    if not isinstance(length, int) or length < 2:
        raise UsageError(f"{server.url} does not say how long a conversation may be: say context=TOKENS")
    return length
