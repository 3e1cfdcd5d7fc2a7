"""The backend ``openai-ids``: any server whose completions take token ids and give token ids with log-probabilities.

Nothing is put into words on the way: the ids that were sampled are the ids that are trained on. Every option of the
draw is sent, for servers fill in what is left out from files of their own (``generation_config.json``), and then the
distribution is not the one that was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from lanista.agents.lm.backends.base import Follower, GenerateRequest, GenerateResult, ScoreRequest, Writer
from lanista.agents.lm.backends.server.transport import Transport
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.sampling import Sampling
from lanista.errors import LanistaError, UsageError

SURE = 1e-4
"""Nats. A log-probability nearer to 0 than this is that of a token which had to come."""


def _part(event: Mapping[str, Any]) -> tuple[list[int], list[float], Any]:
    """Of one event of a stream: ids, log-probabilities, and why the reply is over, if it is."""
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    logps = (choice.get("logprobs") or {}).get("token_logprobs") or []
    return choice.get("token_ids") or [], logps, choice.get("finish_reason")


def _joined(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The events of a stream as the reply that they are parts of."""
    ids: list[int] = []
    logps: list[float] = []
    finish = None
    for event in events:
        new, theirs, over = _part(event)
        ids += new
        logps += theirs
        finish = over or finish
    choice = {"token_ids": ids, "logprobs": {"token_logprobs": logps}, "finish_reason": finish}
    return {"model": events[0].get("model") if events else None, "choices": [choice] if finish else []}


class IdsBackend:
    """A model at a server. ``served`` is what the server calls it; ``ref`` what it is recorded as.

    Requests are sent side by side, and the server makes its own batches: answers do not depend on who else asks, as far
    as the engine keeps to that.
    """

    batch_matters = False

    def __init__(
        self,
        server: Transport,
        *,
        name: str,
        served: str,
        chat: Writer,
        context: int,
        ref: PolicyRef | None = None,
        send_seed: bool = True,
    ) -> None:
        self.server = server
        self.served = served
        self._name, self._chat, self._context = name, chat, context
        self._ref = ref or PolicyRef(name, "unknown")
        self._send_seed = send_seed
        self._told: bool | None = None
        """Whether log-probabilities are those of the distribution drawn from; None until somebody needs to know."""

    @property
    def concurrent(self) -> int:
        """How many questions may wait for the server at once."""
        return self.server.concurrent

    @property
    def name(self) -> str:
        """The model as messages name it."""
        return self._name

    @property
    def chat(self) -> Writer:
        """How conversations are written: by the tokenizer of the model as it lies here."""
        return self._chat

    @property
    def context(self) -> int:
        """Tokens that one conversation and its reply may hold together."""
        return self._context

    @property
    def adapters(self) -> tuple[str, ...]:
        """None: a server of this kind plays one model."""
        return ()

    @property
    def adapter(self) -> str | None:
        """None."""
        return None

    def policy_ref(self, adapter: str | None) -> PolicyRef:
        """The weights at the server, as far as they can be told from here."""
        return self._ref

    def generate(self, requests: Sequence[GenerateRequest]) -> list[GenerateResult]:
        """A reply to each request, in order. Raises Unavailable while the server is away, LanistaError as it says no.

        Raises LanistaError too where the server gives no ids, another model's words, or log-probabilities of another
        distribution than was drawn from.
        """
        for sampling in {request.sampling for request in requests}:
            self._check_told(sampling, requests[0])
        bodies = [self._body(request) for request in requests]
        replies = self._complete(bodies)
        return [
            self._read(request, reply, body) for request, reply, body in zip(requests, replies, bodies, strict=True)
        ]

    def follow(self, requests: Sequence[GenerateRequest], follower: Follower) -> list[GenerateResult | None]:
        """As ``generate``: streams where somebody listens, and connections closed that nobody waits for."""
        for sampling in {request.sampling for request in requests}:
            self._check_told(sampling, requests[0])

        def hear(place: int, event: Mapping[str, Any]) -> None:
            ids, logps, _ = _part(event)
            if ids and len(ids) == len(logps) and None not in logps:
                sure = requests[place].sampling.temperature == 0
                follower.told(place, ids, [0.0] * len(ids) if sure else logps)

        bodies = [self._body(request) for request in requests]
        came = self.server.post_followed("completions", bodies, hear, follower.listens, follower.left)
        replies = [_joined(reply) if isinstance(reply, list) else reply for reply in came]
        self._check_models([(b, r) for b, r in zip(bodies, replies, strict=True) if r is not None])
        return [
            None if reply is None else self._read(request, reply, body)
            for request, reply, body in zip(requests, replies, bodies, strict=True)
        ]

    def score(self, requests: Sequence[ScoreRequest]) -> list[list[float]]:
        """The log-probability in nats of every reply of each request; the server is made to read each of them."""
        bodies = [
            {
                **self._plain(request.adapter),
                "prompt": [*request.ids, *reply],
                "max_tokens": 1,
                "temperature": 1.0,
                "echo": True,
            }
            for request in requests
            for reply in request.replies
        ]
        replies = iter(self._complete(bodies))
        return [
            [math.fsum(self._echoed(next(replies), len(request.ids), len(reply))) for reply in request.replies]
            for request in requests
        ]

    def release(self, handles: Iterable[Hashable]) -> None:
        """Nothing is kept here; the server has a prefix cache of its own."""

    def close(self) -> None:
        """Close the connections."""
        self.server.close()

    # One request

    def _model(self, adapter: str | None) -> str:
        """What the server calls the weights that play as ``adapter``. Raises UsageError where there are none such."""
        if adapter is not None:
            raise UsageError(f"{self.name!r} at {self.server.url} is played without adapters: there is no {adapter!r}")
        return self.served

    def _complete(self, bodies: Sequence[Mapping[str, Any]]) -> list[Any]:
        replies = self.server.post_all("completions", bodies)
        self._check_models(list(zip(bodies, replies, strict=True)))
        return replies

    def _check_models(self, answered: Sequence[tuple[Mapping[str, Any], Any]]) -> None:
        for body, reply in answered:
            model = reply.get("model") if isinstance(reply, Mapping) else None
            if model != body["model"]:
                raise LanistaError(
                    f"{self.server.url} was asked for the model {body['model']!r} and answered as {model!r}: nothing "
                    "is played by weights that nobody asked for"
                )

    def _plain(self, adapter: str | None) -> dict[str, Any]:
        return {
            "model": self._model(adapter),
            "n": 1,
            "logprobs": 0,
            "return_token_ids": True,
            "top_p": 1.0,
            "top_k": 0,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
        }

    def _body(self, request: GenerateRequest) -> dict[str, Any]:
        drawn = request.sampling
        body = self._plain(request.adapter) | {
            "prompt": list(request.ids),
            "max_tokens": drawn.max_new_tokens,
            "temperature": drawn.temperature,
            "top_p": drawn.top_p,
            "top_k": drawn.top_k,
            "stop_token_ids": list(self.chat.end_ids),
        }
        if self._send_seed:
            body["seed"] = request.key % 2**31
        if drawn.stop:
            body |= {"stop": list(drawn.stop), "include_stop_str_in_output": True}
        return body

    def _read(self, request: GenerateRequest, reply: Mapping[str, Any], body: Mapping[str, Any]) -> GenerateResult:
        choice = self._choice(reply)
        ids = choice.get("token_ids")
        if not isinstance(ids, list):
            raise LanistaError(
                f"{self.server.url} gives no token ids: a server of this kind answers return_token_ids (vLLM does from "
                "0.10.2 on); a model at any other server plays as openai:MODEL@URL, and is not trained"
            )
        logps = (choice.get("logprobs") or {}).get("token_logprobs")
        if not ids or not isinstance(logps, list) or len(logps) != len(ids) or None in logps:
            found = f"{len(logps)} log-probabilities" if isinstance(logps, list) else "no log-probabilities"
            raise LanistaError(f"{self.server.url} gave a reply of {len(ids)} tokens with {found}")
        if request.sampling.temperature == 0:
            logps = [0.0] * len(ids)
        if choice.get("finish_reason") == "length":
            return GenerateResult(ids=ids, logps=logps, finish="length")
        return GenerateResult(ids=ids, logps=logps, finish="end" if ids[-1] in self.chat.end_ids else "stop")

    def _choice(self, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        choices = reply.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
            raise LanistaError(f"{self.server.url} sent no completion: is that an engine's address?")
        found: Mapping[str, Any] = choices[0]
        return found

    def _echoed(self, reply: Mapping[str, Any], before: int, count: int) -> list[float]:
        logps = (self._choice(reply).get("logprobs") or {}).get("token_logprobs")
        part = logps[before : before + count] if isinstance(logps, list) else []
        if len(part) != count or None in part:
            raise LanistaError(f"{self.server.url} does not say how likely a given reply is: leave mode=score away")
        return [float(logp) for logp in part]

    def _check_told(self, sampling: Sampling, request: GenerateRequest) -> None:
        """Raises LanistaError where the draw is not the model's own and the server's numbers are: asked for once.

        Servers may report the model's own log-probabilities whatever is drawn from (vLLM's default). Where only the
        likeliest token may be drawn its log-probability is 0, unless they do.
        """
        if sampling.temperature in (0.0, 1.0) and (not sampling.cut or sampling.temperature == 0):
            return
        if self._told is None:
            body = self._plain(request.adapter) | {"prompt": list(request.ids[:1]), "max_tokens": 1, "top_k": 1}
            (reply,) = self._complete([body | {"temperature": 1.0}])
            logps = (self._choice(reply).get("logprobs") or {}).get("token_logprobs")
            self._told = isinstance(logps, list) and bool(logps) and abs(logps[0]) < SURE
        if not self._told:
            raise LanistaError(
                f"{self.server.url} reports log-probabilities of the model's own distribution, and this draw is from "
                f"another (temperature {sampling.temperature:g}, top_p {sampling.top_p:g}, top_k {sampling.top_k}): "
                "start vLLM with --logprobs-mode processed_logprobs, or sample at temperature 1"
            )
