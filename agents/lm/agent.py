"""A language model in any number of seats, of one game or of many: one append-only conversation per seat."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from lanista.agents.contract import Answer, Exchange, Question
from lanista.agents.lm import sampler
from lanista.agents.lm.examples import Example, few_shot_examples
from lanista.agents.lm.policy import Policy, shared
from lanista.agents.lm.sampler import Kept, Row
from lanista.arenas.core import chance
from lanista.arenas.core.contract import Forfeit
from lanista.errors import UsageError, suggest

CACHE_BYTES = 2 << 30
"""Key-value caches kept between turns, per agent; the longest unused go first and are computed again when needed."""


def build(
    argument: str,
    *,
    dtype: str = "auto",
    device: str = "auto",
    arena: str | None = None,
    context: int | None = None,
    adapter: str | None = None,
    few_shot: bool | None = None,
    **options: Any,
) -> LMAgent:
    """What ``lanista.agents.lm.make`` returns. An adapter's folder plays as that adapter.

    smollm2 is shown examples and sampled at temperature 0.3: without the one it never replies in form, and at 1.0
    only in five of eight votes.
    """
    if argument == "smollm2":
        options.setdefault("temperature", 0.3)
    policy = shared(argument, dtype, device, arena, context)
    return LMAgent(
        policy,
        name=f"lm:{argument}",
        adapter=adapter or policy.adapter,
        few_shot=argument == "smollm2" if few_shot is None else few_shot,
        **options,
    )


class LMAgent:
    """A policy in seats.

    ``adapter``: which of the policy's adapters plays; None is the base model. ``mode``: ``generate`` free text, or
    ``score`` the legal replies and choose among them, for evaluation only: such turns carry no tokens to train on.
    ``temperature``: 1 samples the model's own distribution; 0 takes the likeliest. ``overflow``, where a conversation
    and ``max_new_tokens`` do not fit the context: ``truncate`` keeps the first exchange and as many of the newest as
    fit, ``forfeit`` gives the turn up. ``system``: a system text. ``examples``: turns placed before the first;
    ``few_shot`` makes some out of the arena's own asks (see ``examples.py``). ``cache``: ``kept`` key-value caches
    between turns where the model allows it, or ``none``.
    """

    batched = True
    learner = True
    time_limit_s: float | None = None

    def __init__(
        self,
        policy: Policy,
        *,
        name: str = "lm",
        adapter: str | None = None,
        temperature: float = 1.0,
        max_new_tokens: int = 64,
        mode: Literal["generate", "score"] = "generate",
        overflow: Literal["truncate", "forfeit"] = "truncate",
        system: str | None = None,
        examples: Sequence[Example] = (),
        few_shot: bool = False,
        batch_size: int = 64,
        cache: Literal["kept", "none"] = "kept",
    ) -> None:
        _one_of("mode", mode, ("generate", "score"))
        _one_of("overflow", overflow, ("truncate", "forfeit"))
        _one_of("cache", cache, ("kept", "none"))
        if not (temperature >= 0 and math.isfinite(temperature)):
            raise UsageError(f"a temperature is 0 or more, not {temperature!r}")
        if max_new_tokens < 1 or batch_size < 1:
            raise UsageError(f"max_new_tokens and batch_size are at least 1, not {max_new_tokens} and {batch_size}")
        if max_new_tokens >= policy.context:
            raise UsageError(
                f"max_new_tokens is {max_new_tokens}, and the whole context of {policy.ref or 'this model'!r} holds "
                f"{policy.context} tokens: take fewer"
            )
        if adapter is not None and adapter not in policy.adapters:
            raise UsageError(
                f"the policy {policy.ref!r} has no adapter {adapter!r}{suggest(adapter, policy.adapters)} "
                f"(it has: {', '.join(policy.adapters) or 'none'})"
            )
        self.policy = policy
        self.name = name
        self.adapter = adapter
        self.temperature = float(temperature)
        self.max_new_tokens = max_new_tokens
        self.mode = mode
        self.overflow = overflow
        self.system = system
        self.examples = tuple(examples)
        self.few_shot = few_shot
        self.batch_size = batch_size
        self.cache = cache
        self._seats: OrderedDict[tuple[str, str], _Conversation] = OrderedDict()
        self._shape: tuple[Any, sampler.Geometry | None] | None = None

    def answer(self, questions: Sequence[Question]) -> list[Answer | Forfeit]:
        """One answer per question, all of them sampled together."""
        answers: list[Answer | Forfeit | None] = [None] * len(questions)
        turns: list[_Turn] = []
        stamp = (id(self.policy.model), self.policy.version, self.adapter)
        for place, question in enumerate(questions):
            turn = self._turn(place, question)
            if isinstance(turn, Forfeit):
                answers[place] = turn
            else:
                kept = turn.conversation.kept
                if kept is not None and kept.stamp != stamp:
                    turn.conversation.kept = None
                turns.append(turn)
        # Like with like: a batch is as wide as its widest row, and a first prompt is read in full beside caches as wide
        # as the longest conversation if the two share a batch.
        turns.sort(key=lambda turn: (turn.conversation.kept is not None, turn.length, turn.place))
        give = self._generate if self.mode == "generate" else self._score
        try:
            with self.policy.playing(self.adapter) as model:
                shape = self._geometry(model)
                for batch in _batches(turns, self.batch_size):
                    for turn, reply in zip(batch, give(model, batch, shape, stamp), strict=True):
                        answers[turn.place] = reply
        except BaseException:  # half-played conversations are rebuilt from what the game makes of this
            for turn in turns:
                self._seats.pop((turn.question.game, turn.question.seat), None)
            raise
        self._trim()
        return [answer for answer in answers if answer is not None]

    def forget(self, game: str) -> None:
        """Drop the conversations of a game."""
        for key in [key for key in self._seats if key[0] == game]:
            del self._seats[key]

    def reset(self) -> None:
        """Drop every conversation; those that go on are rebuilt from their history."""
        self._seats.clear()

    def close(self) -> None:
        self.reset()

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
        room = self.policy.context - self.max_new_tokens
        if length > room:
            if self.overflow == "forfeit":
                del self._seats[key]
                return Forfeit(f"conversation of {length} tokens leaves no room in a context of {self.policy.context}")
            dropped = conversation.excess(len(prompt), room, self.policy.chat.end_ids[0])
            if dropped is None:
                del self._seats[key]
                return Forfeit(
                    f"conversation of {length} tokens leaves no room in a context of {self.policy.context}, "
                    "even without its middle"
                )
            conversation.drop(dropped, self.policy.chat.end_ids[0])
            prompt = self._prompt(conversation, question)
            dropped_tokens = length - conversation.length - len(prompt)
            restart = True
        return _Turn(place, question, conversation, prompt, restart, dropped_tokens)

    def _prompt(self, conversation: _Conversation, question: Question) -> list[int]:
        return self._ids_of(conversation, question.text, question)

    def _ids_of(self, conversation: _Conversation, text: str, question: Question) -> list[int]:
        chat = self.policy.chat
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

    def _rebuilt(self, question: Question) -> _Conversation:
        """The conversation that a question's history tells of: by token ids where they were kept, else by text."""
        chat = self.policy.chat
        conversation = _Conversation()
        for entry in question.history:
            tokens = _tokens(entry, chat.fingerprint)
            if tokens is None:
                prompt = self._ids_of(conversation, entry.text, question)
                conversation.add(_Said(prompt, chat.reply(entry.reply), True), entry, told=True)
                continue
            ids = list(tokens["ids"])
            prompt = list(tokens["prompt_ids"])
            if tokens.get("restart"):
                dropped = int(tokens.get("dropped", 0))
                if dropped:
                    conversation.drop(dropped, chat.end_ids[0])
                whole = conversation.ids()
                if prompt[: len(whole)] == whole:
                    prompt = prompt[len(whole) :]
                else:  # it was cut by another law: what stands is what was seen
                    conversation.exchanges.clear()
            conversation.add(_Said(prompt, ids, ids[-1] in chat.end_ids), entry)
        return conversation

    # Many turns

    def _generate(self, model: Any, turns: Sequence[_Turn], shape: Any, stamp: Any) -> list[Answer]:
        chat = self.policy.chat
        rows = []
        for turn in turns:
            whole = [*turn.conversation.ids(), *turn.prompt]
            kept = turn.conversation.kept if shape is not None else None
            key = chance.key("lm", turn.question.seed, turn.question.turn)
            rows.append(Row(whole[kept.length if kept is not None else 0 :], key, kept))
        replies = sampler.sample(
            model,
            rows,
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            end_ids=chat.end_ids,
            shape=shape,
            stamp=stamp,
        )
        answers = []
        for turn, reply in zip(turns, replies, strict=True):
            conversation = turn.conversation
            ended = reply.ids[-1] in chat.end_ids
            tokens: dict[str, Any] = {"prompt_ids": turn.prompt, "ids": reply.ids, "logps": reply.logps}
            if turn.restart:
                tokens |= {"prompt_ids": [*conversation.ids(), *turn.prompt], "restart": True}
                if conversation.dropped:
                    tokens["dropped"] = conversation.dropped
            tokens["chat"] = chat.fingerprint
            text = chat.decode(reply.ids)
            meta: dict[str, Any] = {"tokens": tokens, "usage": _usage(turn, len(reply.ids))}
            if not ended:
                meta["cut"] = True
            if turn.dropped_tokens:
                meta["truncated_tokens"] = turn.dropped_tokens
            conversation.kept = reply.kept
            conversation.add(_Said(turn.prompt, reply.ids, ended), Exchange(turn.question.text, text, meta))
            answers.append(Answer(text, meta))
        return answers

    def _score(self, model: Any, turns: Sequence[_Turn], shape: Any, stamp: Any) -> list[Answer]:
        chat = self.policy.chat
        rows: list[Row] = []
        options: list[list[int]] = []
        if shape is not None:
            fresh = []
            for turn in turns:
                whole = [*turn.conversation.ids(), *turn.prompt]
                kept = turn.conversation.kept
                fresh.append(Row(whole[kept.length if kept is not None else 0 : -1], 0, kept))
            caches = sampler.prefill(model, fresh, shape=shape, stamp=stamp)
            for turn, kept in zip(turns, caches, strict=True):
                turn.conversation.kept = kept
        for turn in turns:
            for reply in turn.question.legal:
                options.append(chat.reply(reply))
                if shape is not None:
                    rows.append(Row(turn.prompt[-1:], 0, turn.conversation.kept))
                else:
                    rows.append(Row([*turn.conversation.ids(), *turn.prompt], 0))
        totals: list[float] = []
        for first in range(0, len(rows), self.batch_size):
            last = first + self.batch_size
            totals += sampler.score(model, rows[first:last], options[first:last], shape=shape)
        answers = []
        at = 0
        for turn in turns:
            count = len(turn.question.legal)
            mine = totals[at : at + count]
            best = self._choose(mine, chance.key("lm", turn.question.seed, turn.question.turn))
            text, ids = turn.question.legal[best], options[at + best]
            meta: dict[str, Any] = {"scored": True, "usage": _usage(turn, len(ids))}
            if turn.dropped_tokens:
                meta["truncated_tokens"] = turn.dropped_tokens
            turn.conversation.add(_Said(turn.prompt, ids, True), Exchange(turn.question.text, text, meta))
            answers.append(Answer(text, meta))
            at += count
        return answers

    def _choose(self, totals: Sequence[float], key: int) -> int:
        if self.temperature == 0:
            return max(range(len(totals)), key=totals.__getitem__)
        top = max(totals)
        weights = [math.exp((total - top) / self.temperature) for total in totals]
        aim = float(sampler.uniforms([key], 1)[0, 0]) * sum(weights)
        for place, weight in enumerate(weights):
            aim -= weight
            if aim < 0:
                return place
        return len(totals) - 1

    def _geometry(self, model: Any) -> sampler.Geometry | None:
        if self.cache == "none":
            return None
        if self._shape is None or self._shape[0] is not model:
            self._shape = model, sampler.geometry(model, self.policy.chat.end_ids[0])
        return self._shape[1]

    def _trim(self) -> None:
        total = sum(c.kept.bytes for c in self._seats.values() if c.kept is not None)
        for conversation in self._seats.values():
            if total <= CACHE_BYTES:
                return
            if conversation.kept is not None:
                total -= conversation.kept.bytes
                conversation.kept = None


@dataclass(slots=True)
class _Said:
    """One exchange as ids: what was appended before the reply, and the reply."""

    prompt: list[int]
    ids: list[int]
    ended: bool


@dataclass(slots=True)
class _Conversation:
    """One seat's conversation. ``broken``: something in it was never reported as tokens since the last restart."""

    exchanges: list[_Said] = field(default_factory=list)
    seen: list[tuple[str, list[int] | None]] = field(default_factory=list)
    kept: Kept | None = None
    broken: bool = False
    dropped: int = 0

    @property
    def length(self) -> int:
        return sum(len(said.prompt) + len(said.ids) for said in self.exchanges)

    def ids(self) -> list[int]:
        """Every id, in order."""
        return [id_ for said in self.exchanges for part in (said.prompt, said.ids) for id_ in part]

    def follows(self, history: Sequence[Exchange]) -> bool:
        """Whether this is the conversation that a history tells of."""
        if len(history) != len(self.seen):
            return False
        return all(
            _reported(entry) == ids and (ids is not None or entry.reply == reply)
            for entry, (reply, ids) in zip(history, self.seen, strict=True)
        )

    def add(self, said: _Said, entry: Exchange, told: bool = False) -> None:
        """Grow by one exchange. ``told``: it was put into ids here, from its text."""
        self.exchanges.append(said)
        self.seen.append((entry.reply, _reported(entry)))
        if told or _reported(entry) is None:
            self.broken = True
        elif entry.meta["tokens"].get("restart"):
            self.broken = False
        self.dropped = 0

    def excess(self, prompt: int, room: int, end_id: int) -> int | None:
        """How many exchanges after the first must go for ``prompt`` more tokens to fit; None where none suffice."""
        for count in range(1, len(self.exchanges)):
            rest = _Conversation(list(self.exchanges))
            rest.drop(count, end_id)
            if rest.length + prompt <= room:
                return count
        return None

    def drop(self, count: int, end_id: int) -> None:
        """Leave out ``count`` exchanges after the first."""
        first, after = self.exchanges[0], self.exchanges[1 + count :]
        if after and first.ended != self.exchanges[count].ended:
            # A prompt begins by ending the reply before it, where that reply did not end itself.
            prompt = after[0].prompt[1:] if first.ended else [end_id, *after[0].prompt]
            after = [_Said(prompt, after[0].ids, after[0].ended), *after[1:]]
        self.exchanges = [first, *after]
        self.dropped = count
        self.kept = None


@dataclass(slots=True)
class _Turn:
    place: int
    question: Question
    conversation: _Conversation
    prompt: list[int]
    restart: bool
    dropped_tokens: int

    @property
    def length(self) -> int:
        return self.conversation.length + len(self.prompt)


def _reported(entry: Exchange) -> list[int] | None:
    tokens = entry.meta.get("tokens")
    return list(tokens["ids"]) if isinstance(tokens, Mapping) else None


def _tokens(entry: Exchange, fingerprint: str) -> Mapping[str, Any] | None:
    """What an exchange reports as tokens, if they are of this way of writing conversations."""
    tokens = entry.meta.get("tokens")
    return tokens if isinstance(tokens, Mapping) and tokens.get("chat") == fingerprint else None


def _batches(turns: Sequence[_Turn], size: int) -> Iterator[list[_Turn]]:
    """At most ``size`` turns at once, and turns without caches never beside turns with them."""
    for _, alike in groupby(turns, key=lambda turn: turn.conversation.kept is not None):
        waiting = list(alike)
        for first in range(0, len(waiting), size):
            yield waiting[first : first + size]


def _usage(turn: _Turn, completion: int) -> dict[str, int]:
    return {"prompt_tokens": turn.length, "completion_tokens": completion}


def _one_of(option: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"unknown {option} {value!r}{suggest(value, known)} (it is one of: {', '.join(known)})")
