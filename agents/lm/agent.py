"""A language model in any number of seats, of one game or of many: one append-only conversation per seat."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.lm import backends
from lanista.agents.lm.backends.base import Backend, GenerateRequest, GenerateResult, ScoreRequest
from lanista.agents.lm.conversation import Conversation, Said, tokens
from lanista.agents.lm.examples import Example, few_shot_examples
from lanista.agents.lm.refs import PolicyRef
from lanista.agents.lm.sampling import DEFAULT, Sampling
from lanista.agents.lm.settings import PlaySettings, load_settings
from lanista.agents.lm.tokens import TokenTurn
from lanista.agents.lm.uniforms import uniforms
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Forfeit
from lanista.errors import LanistaError, UsageError, suggest

if TYPE_CHECKING:
    from lanista.agents.lm.policy import Policy

SMOLLM2 = PlaySettings(sampling=Sampling(temperature=0.3), few_shot=True)
"""Without examples it never replies in form, and at temperature 1.0 only in five of eight votes."""

_PLAYED = frozenset(f.name for f in fields(PlaySettings))
_OWN = frozenset({"mode", "overflow", "ref", *_PLAYED})


def build(argument: str, *, backend: str = backends.DEFAULT, adapter: str | None = None, **options: Any) -> LMAgent:
    """What ``lanista.agents.lm.make`` returns: options by name, before how the model's folder says it is played.

    Options are those of ``LMAgent``, of ``Sampling`` (which change the folder's one by one) and of the backend. An
    adapter's folder plays as that adapter.
    """
    changed = {f.name: options.pop(f.name) for f in fields(Sampling) if f.name in options}
    own = {name: options.pop(name) for name in _OWN & options.keys()}
    settings = _settings(argument, options.get("arena"))
    played = {name: getattr(settings, name) for name in _PLAYED} | own
    played["sampling"] = replace(played["sampling"], **changed)
    model = backends.make(backend, argument, options)
    try:
        agent = LMAgent(model, name=f"lm:{argument}", adapter=adapter or model.adapter, **played)
    except BaseException:
        model.close()
        raise
    agent.closes = True
    return agent


def _settings(argument: str, arena: str | None) -> PlaySettings:
    """How a model is played where nobody says otherwise: as its folder has it."""
    if argument == "smollm2":
        return SMOLLM2
    folder = Path(argument).expanduser()
    if argument == "tiny":
        from lanista.agents.lm.models import resolve

        folder = Path(resolve(argument, arena))
    return load_settings(folder) or PlaySettings()


class LMAgent:
    """A policy in seats.

    ``played``: a backend, or a policy in this process. ``sampling``: how replies are drawn. ``adapter``: which of the
    policy's adapters plays; None is the base model. ``ref``: what the weights are recorded as (the trainer's step,
    say), where the backend's own name of them is not meant. ``mode``: ``generate`` free text, or ``score`` the legal
    replies and choose among them, for evaluation only: such turns carry no tokens to train on. ``overflow``, where a
    conversation and ``max_new_tokens`` do not fit the context: ``truncate`` keeps the first exchange and newest ones,
    ``forfeit`` gives the turn up. ``system``: a system text. ``examples``: turns placed before the first; ``few_shot``
    makes some out of the arena's own asks (see ``examples.py``). ``thinking``: the chat template's switch for thinking,
    None as the template has it.
    """

    batched = True
    learner = True
    time_limit_s: float | None = None

    _made = count()

    def __init__(
        self,
        played: Policy | Backend,
        *,
        sampling: Sampling = DEFAULT,
        name: str = "lm",
        adapter: str | None = None,
        ref: PolicyRef | None = None,
        mode: Literal["generate", "score"] = "generate",
        overflow: Literal["truncate", "forfeit"] = "truncate",
        system: str | None = None,
        examples: Sequence[Example] = (),
        few_shot: bool = False,
        thinking: bool | None = None,
    ) -> None:
        _one_of("mode", mode, ("generate", "score"))
        _one_of("overflow", overflow, ("truncate", "forfeit"))
        backend = _backend(played)
        if sampling.max_new_tokens >= backend.context:
            raise UsageError(
                f"max_new_tokens is {sampling.max_new_tokens}, and the whole context of {backend.name!r} holds "
                f"{backend.context} tokens: take fewer"
            )
        if adapter is not None and adapter not in backend.adapters:
            raise UsageError(
                f"the policy {backend.name!r} has no adapter {adapter!r}{suggest(adapter, backend.adapters)} "
                f"(it has: {', '.join(backend.adapters) or 'none'})"
            )
        self.backend = backend
        self.chat = backend.chat.thinking(thinking)
        self.name = name
        self.sampling = sampling
        self.adapter = adapter
        self.ref = ref
        self.mode = mode
        self.overflow = overflow
        self.system = system
        self.examples = tuple(examples)
        self.few_shot = few_shot
        self.thinking = thinking
        self.batch_matters = bool(getattr(backend, "batch_matters", True))
        self.concurrent = int(getattr(backend, "concurrent", 0))
        self.closes = False
        """Whether closing the agent closes its backend: so where nobody else has it."""
        self._number = next(self._made)
        self._seats: OrderedDict[tuple[str, str], Conversation] = OrderedDict()

    @property
    def settings(self) -> PlaySettings:
        """How it plays, to be kept beside the policy's weights (``save_settings``)."""
        return PlaySettings(
            sampling=self.sampling,
            few_shot=self.few_shot,
            examples=self.examples,
            system=self.system,
            thinking=self.thinking,
        )

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        """One answer per question, all of them asked of the backend together."""
        answers: list[Answer | Forfeit | None] = [None] * len(questions)
        turns: list[_Turn] = []
        for place, question in enumerate(questions):
            turn = self._turn(place, question)
            if isinstance(turn, Forfeit):
                answers[place] = turn
            else:
                turns.append(turn)
        give = self._generate if self.mode == "generate" else self._score
        try:
            for turn, reply in zip(turns, give(turns) if turns else (), strict=True):
                answers[turn.place] = reply
        except BaseException:  # half-played conversations are rebuilt from what the game makes of this
            self._drop([(turn.question.game, turn.question.seat) for turn in turns])
            raise
        return [answer for answer in answers if answer is not None]

    def forget(self, game: str) -> None:
        """Drop the conversations of a game."""
        self._drop([key for key in list(self._seats) if key[0] == game])  # other threads may be asking

    def reset(self) -> None:
        """Drop every conversation; those that go on are rebuilt from their history."""
        self._drop(list(self._seats))

    def close(self) -> None:
        """Drop every conversation, and close the backend where ``closes`` says that it is the agent's own."""
        self.reset()
        if self.closes:
            self.backend.close()

    # One turn

    def _turn(self, place: int, question: Question) -> _Turn | Forfeit:
        if self.mode == "score" and not question.legal:
            return Forfeit("no legal replies are listed that could be scored")
        key = (question.game, question.seat)
        conversation = self._seats.get(key)
        if conversation is None or not conversation.follows(question.history):
            conversation = self._rebuilt(question)
            self._seats[key] = conversation
        self._seats.move_to_end(key)
        restart = conversation.broken
        prompt = self._prompt(conversation, question)
        dropped_tokens = 0
        length = conversation.length + len(prompt)
        room = self.backend.context - self.sampling.max_new_tokens
        if length > room:
            if self.overflow == "forfeit":
                self._drop([key])
                return Forfeit(f"conversation of {length} tokens leaves no room in a context of {self.backend.context}")
            dropped = conversation.excess(len(prompt), room, self.chat.end_ids[0])
            if dropped is None:
                self._drop([key])
                return Forfeit(
                    f"conversation of {length} tokens leaves no room in a context of {self.backend.context}, "
                    "even without its middle"
                )
            conversation.drop(dropped, self.chat.end_ids[0])
            prompt = self._prompt(conversation, question)
            dropped_tokens = length - conversation.length - len(prompt)
            restart = True
        return _Turn(place, question, conversation, prompt, restart, dropped_tokens)

    def _prompt(self, conversation: Conversation, question: Question) -> list[int]:
        return self._ids_of(conversation, question.text, question)

    def _ids_of(self, conversation: Conversation, text: str, question: Question) -> list[int]:
        chat = self.chat
        if conversation.exchanges:
            return chat.next(text, ended=conversation.exchanges[-1].ended)
        examples = list(self.examples)
        if self.few_shot:
            examples += few_shot_examples(question.arena, question.role)
        if not examples:
            return chat.first(text, self.system)
        ids = [*chat.first(examples[0][0], self.system), *chat.reply(examples[0][1])]
        for asked, replied in examples[1:]:
            ids += [*chat.next(asked), *chat.reply(replied)]
        return [*ids, *chat.next(text)]

    def _rebuilt(self, question: Question) -> Conversation:
        """The conversation that a question's history tells of: by token ids where they were kept, else by text."""
        chat = self.chat
        conversation = Conversation()
        for entry in question.history:
            report = tokens(entry, chat.fingerprint)
            if report is None:
                prompt = self._ids_of(conversation, entry.text, question)
                conversation.add(Said(prompt, chat.reply(entry.reply), True), entry, told=True)
                continue
            ids, prompt = list(report.ids), list(report.prompt_ids)
            if report.restart:
                if report.dropped:
                    conversation.drop(report.dropped, chat.end_ids[0])
                whole = conversation.ids()
                if prompt[: len(whole)] == whole:
                    prompt = prompt[len(whole) :]
                else:  # another overflow rule cut what is kept: the prompt is taken as it is
                    conversation.exchanges.clear()
            conversation.add(Said(prompt, ids, ids[-1] in chat.end_ids), entry)
        return conversation

    # Many turns

    def _generate(self, turns: Sequence[_Turn]) -> list[Answer]:
        ref = self.ref or self.backend.policy_ref(self.adapter)
        results = self.backend.generate(
            [
                GenerateRequest(
                    ids=[*turn.conversation.ids(), *turn.prompt],
                    key=self._key(turn.question),
                    sampling=self.sampling,
                    handle=self._handle(turn.question.game, turn.question.seat),
                    adapter=self.adapter,
                )
                for turn in turns
            ]
        )
        self._check(turns, results)
        return [self._said(turn, result, ref) for turn, result in zip(turns, results, strict=True)]

    def _said(self, turn: _Turn, result: GenerateResult, ref: PolicyRef) -> Answer:
        conversation, ids = turn.conversation, list(result.ids)
        report = TokenTurn(
            prompt_ids=tuple([*conversation.ids(), *turn.prompt] if turn.restart else turn.prompt),
            ids=tuple(ids),
            logps=tuple(result.logps),
            restart=turn.restart,
            dropped=conversation.dropped if turn.restart else 0,
            chat=self.chat.fingerprint,
            policy=ref,
        )
        text = self.chat.decode(ids)
        if result.finish == "stop":
            text = text[: min((at for word in self.sampling.stop if (at := text.find(word)) >= 0), default=len(text))]
        meta: dict[str, Any] = {"tokens": report.to_meta(), "usage": _usage(turn, len(ids))}
        if result.finish == "length":
            meta["cut"] = True
        if turn.dropped_tokens:
            meta["truncated_tokens"] = turn.dropped_tokens
        ended = ids[-1] in self.chat.end_ids
        conversation.add(Said(turn.prompt, ids, ended), Exchange(turn.question.text, text, meta))
        return Answer(text, meta)

    def _score(self, turns: Sequence[_Turn]) -> list[Answer]:
        ref = self.ref or self.backend.policy_ref(self.adapter)
        requests = [
            ScoreRequest(
                ids=[*turn.conversation.ids(), *turn.prompt],
                replies=[self.chat.reply(text) for text in turn.question.legal],
                handle=self._handle(turn.question.game, turn.question.seat),
                adapter=self.adapter,
            )
            for turn in turns
        ]
        scores = self.backend.score(requests)
        self._check(turns, scores)
        answers = []
        for turn, request, totals in zip(turns, requests, scores, strict=True):
            best = self._choose(totals, self._key(turn.question))
            text, ids = turn.question.legal[best], list(request.replies[best])
            meta: dict[str, Any] = {"scored": True, "policy": ref.to_json(), "usage": _usage(turn, len(ids))}
            if turn.dropped_tokens:
                meta["truncated_tokens"] = turn.dropped_tokens
            turn.conversation.add(Said(turn.prompt, ids, True), Exchange(turn.question.text, text, meta))
            answers.append(Answer(text, meta))
        return answers

    def _choose(self, totals: Sequence[float], key: int) -> int:
        if self.sampling.temperature == 0:
            return max(range(len(totals)), key=totals.__getitem__)
        top = max(totals)
        weights = [math.exp((total - top) / self.sampling.temperature) for total in totals]
        aim = float(uniforms([key], 1)[0, 0]) * sum(weights)
        for place, weight in enumerate(weights):
            aim -= weight
            if aim < 0:
                return place
        return len(totals) - 1

    def _key(self, question: Question) -> int:
        """The chance of a turn: the seat's own seed and turn, mixed with the sampling's seed where there is one."""
        more = () if self.sampling.seed is None else (self.sampling.seed,)
        return chance.key("lm", question.seed, question.turn, *more)

    def _check(self, turns: Sequence[_Turn], results: Sequence[Any]) -> None:
        """Raises LanistaError where a backend did not keep to its contract."""
        wrong = None
        if len(results) != len(turns):
            wrong = f"{len(results)} results for {len(turns)} requests"
        for result in results:
            if isinstance(result, GenerateResult) and not 0 < len(result.ids) == len(result.logps):
                wrong = f"a reply of {len(result.ids)} ids with {len(result.logps)} log-probabilities"
        if wrong:
            raise LanistaError(f"the backend {type(self.backend).__name__} of {self.name} gave {wrong}")

    def _handle(self, game: str, seat: str) -> Hashable:
        return self._number, game, seat

    def _drop(self, keys: Iterable[tuple[str, str]]) -> None:
        keys = list(keys)
        for key in keys:
            self._seats.pop(key, None)
        self.backend.release([self._handle(*key) for key in keys])


@dataclass(slots=True)
class _Turn:
    place: int
    question: Question
    conversation: Conversation
    prompt: list[int]
    restart: bool
    dropped_tokens: int

    @property
    def length(self) -> int:
        return self.conversation.length + len(self.prompt)


def _backend(played: Policy | Backend) -> Backend:
    if hasattr(played, "generate"):
        return cast(Backend, played)
    from lanista.agents.lm.backends.hf.backend import HFBackend

    return HFBackend(played)


def _usage(turn: _Turn, completion: int) -> dict[str, int]:
    return {"prompt_tokens": turn.length, "completion_tokens": completion}


def _one_of(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"unknown {option} {value!r}{suggest(value, known)} (it is one of: {', '.join(known)})")
