"""The backend ``vllm``: one base model at a vLLM server, and any number of adapters on it that come and go.

An adapter's name holds its version and a digest of its weights, as in ``billing-v17-3f2a9c41``. A changed adapter under
its old name would be answered out of the prefix cache of the old one; under these names there is no such thing. What
the server is to load is written as a whole before it is told, and stays until it has unloaded it: an engine that runs
out of room reads it again. An adapter is unloaded after its last request (vLLM hangs otherwise), and a load that fails
raises, for the base would play in its stead.

Whole models are not handed over: a server is started on one and plays it as it is.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from lanista import files
from lanista.agents.lm.backends.base import Follower, GenerateRequest, GenerateResult, ScoreRequest, Writer
from lanista.agents.lm.backends.server.ids import IdsBackend
from lanista.agents.lm.backends.server.transport import Refused, Transport
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.versions import folder_version
from lanista.errors import LanistaError, UsageError, suggest

SWITCH = "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1"
"""Without it a server has no runtime API for adapters."""

DIGITS = 8

T = TypeVar("T")


class VLLMBackend(IdsBackend):
    """See the module. ``folder``: where adapters are written; the server must see it under the same path."""

    def __init__(
        self,
        server: Transport,
        *,
        name: str,
        served: str,
        chat: Writer,
        context: int,
        folder: Path,
        ref: PolicyRef | None = None,
        max_loras: int | None = None,
        send_seed: bool = True,
    ) -> None:
        super().__init__(server, name=name, served=served, chat=chat, context=context, ref=ref, send_seed=send_seed)
        if max_loras is not None and max_loras < 1:
            raise UsageError(f"max_loras is at least 1, not {max_loras}")
        self.folder = folder.expanduser().resolve()
        self._most = max_loras
        self._mark = secrets.token_hex(2)
        """In the names of what this backend gives up itself: nobody else's requests are under way there."""
        self._own: str | None = None
        self._refs: dict[str, PolicyRef] = {}
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        """Requests that were sent and not answered, by adapter."""
        self._leaving: set[str] = set()

    @property
    def adapters(self) -> tuple[str, ...]:
        """Every adapter that the server was told to load from here, under the name it goes by there."""
        return tuple(self._refs)

    @property
    def adapter(self) -> str | None:
        """The adapter the model came as."""
        return self._own

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        """The weights that play as ``adapter``."""
        return self._ref if adapter is None else self._refs[self._known(adapter)]

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """As ``IdsBackend``; an adapter that a restarted server has lost is loaded again."""
        with self._held(requests):
            return self._again(lambda: super(VLLMBackend, self).generate(requests), requests)

    def follow(self, requests: Sequence[GenerateRequest], follower: Follower) -> list[GenerateResult | None]:
        """As ``IdsBackend``, and ``generate``."""
        with self._held(requests):
            return self._again(lambda: super(VLLMBackend, self).follow(requests, follower), requests)

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[float]]:
        """As ``IdsBackend``."""
        with self._held(requests):
            return self._again(lambda: super(VLLMBackend, self).score(requests), requests)

    # Adapters

    def play(self, model: str, adapter: Path) -> str:
        """Load a saved adapter, to play where none is named; it stays at the server for whoever else plays it."""
        name = Path(model).name or "adapter"
        self._own = self._put(name, "saved", lambda new: _copied(adapter, new), "")
        self._refs[self._own] = PolicyRef(model, folder_version(adapter), str(self._ref), self._own)
        return self._own

    def publish(self, name: str, version: str, write: Callable[[Path], None], ref: PolicyRef | None = None) -> str:
        """Write an adapter, have the server load it, and return what it goes by there.

        ``write(folder)`` writes what PEFT reads into a folder that exists. Raises LanistaError where the server does
        not load it, with what it said; Unavailable while it is away.
        """
        served = self._put(name, version, write, self._mark)
        self._refs[served] = ref or PolicyRef(name, version, str(self._ref), served)
        return served

    def _put(self, name: str, version: str, write: Callable[[Path], None], mark: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:60]
        waiting = self.folder / f"{plain}-v{version}"
        with files.making_folder(waiting) as new:
            write(new)
        served = f"{waiting.name}-{_digest(waiting)}{mark}"
        place = self.folder / served
        if place.exists():  # the same weights, written before
            shutil.rmtree(waiting, ignore_errors=True)
        else:
            waiting.replace(place)
        self._load(served)
        return served

    def retire(self, adapter: str) -> None:
        """Nobody will ask for this adapter again: after its last request it is unloaded and its folder deleted."""
        with self._lock:
            self._leaving.add(self._known(adapter))
        self._unload_idle()

    def check_room(self, live: int) -> None:
        """Raises UsageError where the server holds fewer adapters at once than ``live``: it would drop some silently.

        Where it does not tell how many it holds, that has to be said.
        """
        most = self._asked_for_room() or self._most
        if most is None:
            raise UsageError(
                f"{self.server.url} does not tell its --max-loras: say how many adapters it holds (max_loras in a "
                "spec, --engine-max-loras in training)"
            )
        if most < live:
            raise UsageError(
                f"{self.server.url} holds {most} adapters at once and {live} are to be live (policies × versions): "
                f"start it with --max-loras {live}"
            )

    def _load(self, served: str) -> None:
        body = {"lora_name": served, "lora_path": str(self.folder / served)}
        try:
            self.server.post("load_lora_adapter", body, final=(500,))  # what vLLM says of files it cannot use
        except Refused as no:
            if "already been loaded" in str(no):
                return  # under a name that holds the digest: these very weights
            if no.status == 404 and str(no).endswith("Not Found"):  # the path itself is unknown
                raise LanistaError(
                    f"{self.server.url} loads no adapters while it runs: start vLLM with --enable-lora and {SWITCH}"
                ) from no
            raise LanistaError(
                f"the adapter {served} was not loaded, and nothing is played by the base in its stead: {no}"
            ) from no
        if served not in self._listed():
            raise LanistaError(
                f"{self.server.url} says that it loaded the adapter {served} and does not list it: nothing is played "
                "by the base in its stead"
            )

    def _listed(self) -> set[str]:
        return {str(one["id"]) for one in self.server.json(self.server.get("models"))["data"]}

    def _asked_for_room(self) -> int | None:
        """The server's ``--max-loras``, as its metrics tell it."""
        root = self.server.url.removesuffix("/v1")  # beside the API, not in it
        for _ in range(3):
            try:
                told = self.server.get("metrics", root).text
            except Refused:
                return None
            found = re.search(r'^vllm:lora_requests_info\{.*max_lora="(\d+)"', told, re.MULTILINE)
            if found:
                return int(found[1])
            # Told from the first request on.
            self._complete([self._plain(None) | {"prompt": list(self.chat.end_ids[:1]), "max_tokens": 1}])
            time.sleep(0.2)
        return None

    # Requests under way

    def _model(self, adapter: str | None) -> str:
        return self.served if adapter is None else self._known(adapter)

    def _known(self, adapter: str) -> str:
        if adapter not in self._refs:
            raise UsageError(
                f"{self.name!r} at {self.server.url} has no adapter {adapter!r}{suggest(adapter, self._refs)} "
                f"(loaded from here: {', '.join(self._refs) or 'none'})"
            )
        return adapter

    def _again(self, ask: Callable[[], T], requests: Sequence[GenerateRequest] | Sequence[ScoreRequest]) -> T:
        """What ``ask`` gives. Where the server does not know an adapter any more, it is told to load it once again."""
        try:
            return ask()
        except Refused as no:
            asked = {request.adapter for request in requests if request.adapter is not None}
            if no.status != 404 or not asked:
                raise
            for adapter in asked - self._listed():
                self._load(adapter)
            return ask()

    @contextmanager
    def _held(self, requests: Sequence[GenerateRequest] | Sequence[ScoreRequest]) -> Iterator[None]:
        names = [request.adapter for request in requests if request.adapter is not None]
        with self._lock:
            gone = self._leaving.intersection(names)
            if gone:
                raise LanistaError(f"the adapter {', '.join(sorted(gone))} was given up, and cannot be asked any more")
            self._under_way.update(names)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.subtract(names)
            self._unload_idle()

    def _unload_idle(self) -> None:
        with self._lock:
            idle = [name for name in self._leaving if not self._under_way[name]]
            self._leaving.difference_update(idle)
            for name in idle:
                del self._refs[name]
        for name in idle:
            try:
                self.server.post("unload_lora_adapter", {"lora_name": name})
            except Refused as no:
                if no.status != 404:  # a server that was started anew has none to unload
                    raise
            shutil.rmtree(self.folder / name, ignore_errors=True)


def _copied(adapter: Path, new: Path) -> None:
    for path in (*adapter.glob("adapter_config.json"), *adapter.glob("adapter_model.*")):
        shutil.copy2(path, new / path.name)


def _digest(folder: Path) -> str:
    """Of every file in a folder of an adapter: two adapters of one digest are the same adapter."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:DIGITS]
