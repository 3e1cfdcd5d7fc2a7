"""A real engine in vLLM's dialect, small enough for a test: a model of transformers with adapters behind HTTP.

It serves what vLLM serves of it: completions that take and give token ids, the list of models, adapters that are loaded
and unloaded by name, the room for them among the metrics. ``refuse`` is what it says instead, in order.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch

from lanista.agents.lm.backends.base import GenerateRequest
from lanista.agents.lm.backends.hf.backend import HFBackend
from lanista.agents.lm.policy import Policy
from lanista.agents.lm.sampling import Sampling


class EngineServer:
    """What the server is and what it was asked. ``base`` answers in place of an adapter that was named, if set."""

    def __init__(self, folder: Path, max_loras: int = 4) -> None:
        self.folder = folder
        self.policy = Policy.load(folder, device="cpu")
        self.adapters: dict[str, str] = {}
        self.max_loras = max_loras
        self.refuse: list[tuple[str, int, str]] = []
        """(path, status, body) to say once each, in place of an answer."""
        self.serves_base = self.raw = self.no_ids = False
        self.asked: list[tuple[str, Any]] = []
        self.may_go_on = threading.Event()
        """A stream waits for it after its first event."""
        self.may_go_on.set()
        self.breaks_off = False
        """Whether a stream ends after its first event as if the server had died."""
        self.cut = threading.Event()
        """Set once somebody has gone in the middle of a stream."""
        self.loads: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._loaded = 0

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        """The status and the JSON (or text) for one request."""
        with self._lock:
            self.asked.append((path, body))
            if self.refuse and self.refuse[0][0] == path:
                return self.refuse.pop(0)[1:]
            return getattr(self, path.replace("/", "_").replace("v1_", ""))(body)

    def models(self, body: Any) -> tuple[int, Any]:
        """The base and its adapters."""
        base = {"id": "base", "root": str(self.folder), "parent": None, "max_model_len": self.policy.context}
        return 200, {"data": [base, *({"id": name, "root": "", "parent": "base"} for name in self.adapters)]}

    def metrics(self, body: Any) -> tuple[int, Any]:
        """Nothing before the first request, as it is with vLLM."""
        if not any(path == "v1/completions" for path, _ in self.asked):
            return 200, "# nothing yet"
        return 200, f'vllm:lora_requests_info{{max_lora="{self.max_loras}",running_lora_adapters=""}} 1.0\n'

    def load_lora_adapter(self, body: Any) -> tuple[int, Any]:
        """As vLLM: an adapter from a folder, each name once."""
        name, place = body["lora_name"], Path(body["lora_path"])
        if name in self.adapters:
            return 400, {"error": {"message": f"The lora adapter '{name}' has already been loaded."}}
        if not (place / "adapter_model.safetensors").is_file():
            return 404, {"error": {"message": f"No adapter found for {place}"}}
        inner = f"served_{self._loaded}"
        self._loaded += 1
        self.loads[name] += 1
        if hasattr(self.policy.model, "peft_config"):
            self.policy.model.load_adapter(str(place), adapter_name=inner)
        else:
            from peft import PeftModel

            self.policy.model = PeftModel.from_pretrained(self.policy.model, str(place), adapter_name=inner)
        self.policy.model.eval()
        self.adapters[name] = inner
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def unload_lora_adapter(self, body: Any) -> tuple[int, Any]:
        """As vLLM."""
        if self.adapters.pop(body["lora_name"], None) is None:
            return 404, {"error": {"message": "cannot be found"}}
        return 200, "Success"

    def completions(self, body: Any) -> tuple[int, Any]:
        """One completion, or a prompt echoed with how likely it is."""
        name = body["model"]
        if name != "base" and name not in self.adapters:
            return 404, {"error": {"message": f"The model `{name}` does not exist."}}
        adapter = None if self.serves_base else self.adapters.get(name)
        if body.get("echo"):
            logps: list[Any] = [None, *self.policy.logps([body["prompt"]], adapter)[0], -1.0]
            return 200, {"model": name, "choices": [{"token_ids": [0], "logprobs": {"token_logprobs": logps}}]}
        (reply,) = HFBackend(self.policy, cache="none").generate(
            [
                GenerateRequest(
                    ids=body["prompt"],
                    key=body.get("seed", 0),
                    adapter=adapter,
                    sampling=Sampling(
                        temperature=body.get("temperature", 1.0),
                        top_p=body["top_p"],
                        top_k=body["top_k"],
                        max_new_tokens=body["max_tokens"],
                        stop=tuple(body.get("stop", ())),
                    ),
                )
            ]
        )
        ids, logps = list(reply.ids), list(reply.logps)
        if self.raw:
            before = len(body["prompt"]) - 1
            logps = self.policy.logps([[*body["prompt"], *ids]], adapter)[0][before:]
        choice = {
            "token_ids": None if self.no_ids else ids,
            "logprobs": {"token_logprobs": logps},
            "finish_reason": "length" if reply.finish == "length" else "stop",
        }
        return 200, {"model": "base" if self.serves_base else name, "choices": [choice]}


@contextmanager
def serving(engine: EngineServer) -> Iterator[str]:
    """The engine at an address, in threads of this process."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._give(*engine.answer(self.path.strip("/"), None))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with torch.no_grad():
                status, told = engine.answer(self.path.strip("/"), body)
            if status == 200 and body.get("stream"):
                self._stream(told)
            else:
                self._give(status, told)

        def _stream(self, whole: Any) -> None:
            """Token by token, as vLLM: each event has its ids, the last one why it is over."""
            (choice,) = whole["choices"]
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            last = len(choice["token_ids"]) - 1
            for n, (id_, logp) in enumerate(
                zip(choice["token_ids"], choice["logprobs"]["token_logprobs"], strict=True)
            ):
                finish = choice["finish_reason"] if n == last else None
                part = {"token_ids": [id_], "logprobs": {"token_logprobs": [logp]}, "finish_reason": finish}
                try:
                    self.wfile.write(f"data: {json.dumps({**whole, 'choices': [part]})}\n\n".encode())
                    self.wfile.flush()
                    while not engine.may_go_on.wait(0.02):
                        self.wfile.write(b": still here\n\n")
                except OSError:
                    engine.cut.set()
                    return
                if engine.breaks_off:
                    return
            self.wfile.write(b"data: [DONE]\n\n")

        def _give(self, status: int, body: Any) -> None:
            said = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
