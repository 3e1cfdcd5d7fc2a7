"""Policies in training, sampled at a server: each version of an adapter is handed over under a name of its own.

The trainer keeps the weights; the engine gets a copy of every version that plays. Sampler and trainer then agree only
nearly (other kernels, often another dtype), which the metrics ``sampler/gap`` and ``sampler/beyond_cap`` show and
``--sampler-correction weight`` makes up for. Importing this loads no torch.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lanista.errors import UsageError

if TYPE_CHECKING:
    from lanista.agents.lm.backends.server.vllm import VLLMBackend
    from lanista.agents.lm.policy import Policy
    from lanista.training.config import TrainConfig
    from lanista.training.policies import Policies

T = TypeVar("T")


def check(config: TrainConfig) -> None:
    """Raises UsageError for a sampler that a run cannot have, or options of one that it has not got."""
    run = config.run
    if run.sampler == "hf":
        if run.engine_url is not None:
            raise UsageError("--engine-url is the address of another sampler than this process: say --sampler vllm too")
        if not run.engine_send_seed:
            raise UsageError("--no-engine-send-seed is for a server that samples: say --sampler vllm too")
        if run.staleness:
            raise UsageError(
                f"--staleness {run.staleness} plays while the weights change, which takes a copy of them elsewhere: "
                "say --sampler vllm --engine-url URL, or leave it at 0"
            )
        return
    if run.engine_url is None:
        raise UsageError("--sampler vllm needs the server's address: --engine-url http://127.0.0.1:8000/v1")
    if not config.players.lora_r:
        raise UsageError(
            "--sampler vllm is handed adapters, never whole models: train with --lora-r 16 or --policies per-role, or "
            "sample with --sampler hf"
        )
    if run.staleness > 1:
        raise UsageError(
            f"--staleness is 0 or 1, not {run.staleness}: while one step trains, only the next can be played"
        )
    if run.staleness and "past" in config.players.opponents:
        raise UsageError(
            "--staleness 1 plays while the weights change, and frozen past policies sit on those: leave "
            "past out of --opponents, or --staleness at 0"
        )
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("--sampler vllm is for a trainer of one process: leave it out under accelerate")


class Engine:
    """A run's sampler at a server. Raises UsageError where the server does not fit the run."""

    def __init__(self, config: TrainConfig, policy: Policy, names: int, folder: Path) -> None:
        from lanista.agents.lm.backends.server import at_server, ref_of
        from lanista.agents.lm.backends.server.transport import Transport
        from lanista.agents.lm.backends.server.vllm import VLLMBackend

        run = config.run
        assert run.engine_url is not None
        if (Path(config.players.model).expanduser() / "adapter_config.json").is_file():
            raise UsageError(
                f"{config.players.model} is an adapter, and training goes on from it merged with its base, which no "
                "server plays: start from a whole model, or sample with --sampler hf"
            )
        server = Transport(run.engine_url)
        place = str(policy.model.name_or_path)
        there = at_server(server, place, place, None)
        known = there.get("max_model_len")
        context = min(policy.context, known) if isinstance(known, int) else policy.context
        self.backend: VLLMBackend = VLLMBackend(
            server,
            name=policy.ref,
            served=there["id"],
            chat=policy.chat,
            context=context,
            ref=ref_of(policy.ref, there),
            folder=Path(run.engine_folder) if run.engine_folder else folder,
            max_loras=run.engine_max_loras or None,
            send_seed=run.engine_send_seed,
        )
        self.staleness = run.staleness
        self.backend.check_room(names * (1 + self.staleness))
        self._live: dict[str, list[tuple[Any, str]]] = {}

    def seat(self, policies: Policies, name: str) -> str:
        """What the policy ``name`` as it is now goes by at the server; handed over if it is not there yet.

        Versions older than the staleness allows are given up first, so that the server never holds more than it was
        asked for.
        """
        from lanista.agents.lm.refs import PolicyRef
        from lanista.training.adapters import save_adapter

        live, now = self._live.setdefault(name, []), policies.policy.version
        if live and live[-1][0] == now:
            return live[-1][1]
        while len(live) > self.staleness:
            self.backend.retire(live.pop(0)[1])
        adapter = policies.adapters.adapter(name)
        assert adapter is not None
        policies.check_finite()
        served = self.backend.publish(
            name,
            str(policies.step),
            lambda new: save_adapter(policies.model, adapter, new),
            PolicyRef(name, str(policies.step), policies.base, adapter),
        )
        live.append((now, served))
        return served

    def close(self) -> None:
        """Have every adapter unloaded, and close the connections."""
        for live in self._live.values():
            while live:
                self.backend.retire(live.pop()[1])
        self.backend.close()


class Ahead(Generic[T]):
    """Work on a thread, one step ahead of whoever takes it."""

    def __init__(self) -> None:
        self._step: int | None = None
        self._found: list[T | BaseException] = []
        self._thread: threading.Thread | None = None

    def start(self, step: int, work: Callable[[], T]) -> None:
        """Begin the work of a step."""

        def run() -> None:
            try:
                self._found.append(work())
            except BaseException as error:  # handed to whoever takes it
                self._found.append(error)

        self._step, self._found = step, []
        self._thread = threading.Thread(target=run, name=f"step {step}", daemon=True)
        self._thread.start()

    def take(self, step: int, work: Callable[[], T]) -> T:
        """What the work of ``step`` gave or raised; ``work`` is done here and now where it was not begun."""
        if self._thread is None or self._step != step:
            return work()
        self._thread.join()
        self._thread = None
        (found,) = self._found
        if isinstance(found, BaseException):
            raise found
        return found
