"""One seat's conversation as ids: what was said in it, how it is cut where it outgrows the context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lanista.agents.contract import Exchange
from lanista.agents.lm.tokens import KEY, TokenTurn


@dataclass(slots=True)
class Said:
    """One exchange as ids: what was appended before the reply, and the reply."""

    prompt: list[int]
    ids: list[int]
    ended: bool


@dataclass(slots=True)
class Conversation:
    """One seat's conversation. ``broken``: something in it was never reported as tokens since the last restart."""

    exchanges: list[Said] = field(default_factory=list)
    seen: list[tuple[str, list[int] | None]] = field(default_factory=list)
    broken: bool = False
    dropped: int = 0

    @property
    def length(self) -> int:
        """Tokens so far, prompts and replies."""
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

    def add(self, said: Said, entry: Exchange, told: bool = False) -> None:
        """Grow by one exchange. ``told``: it was put into ids here, from its text."""
        self.exchanges.append(said)
        self.seen.append((entry.reply, _reported(entry)))
        if told or _reported(entry) is None:
            self.broken = True
        elif entry.meta[KEY].get("restart"):
            self.broken = False
        self.dropped = 0

    def excess(self, prompt: int, room: int, end_id: int) -> int | None:
        """How many exchanges after the first go where ``prompt`` more tokens do not fit ``room``; None: none suffice.

        Of the room that the first exchange and the prompt leave, the newest exchanges keep at most half, so that the
        turns after this one fit without another restart.
        """
        must = len(self.exchanges[0].prompt) + len(self.exchanges[0].ids) + prompt if self.exchanges else prompt
        aim = must + (room - must) // 2
        least = None
        for count in range(1, len(self.exchanges)):
            rest = Conversation(list(self.exchanges))
            rest.drop(count, end_id)
            if rest.length + prompt <= room:
                least = count
            if rest.length + prompt <= aim:
                break
        return least

    def drop(self, count: int, end_id: int) -> None:
        """Leave out ``count`` exchanges after the first."""
        first, after = self.exchanges[0], self.exchanges[1 + count :]
        if after and first.ended != self.exchanges[count].ended:
            # A prompt begins by ending the reply before it, where that reply did not end itself.
            prompt = after[0].prompt[1:] if first.ended else [end_id, *after[0].prompt]
            after = [Said(prompt, after[0].ids, after[0].ended), *after[1:]]
        self.exchanges = [first, *after]
        self.dropped = count


def _reported(entry: Exchange) -> list[int] | None:
    report = entry.meta.get(KEY)
    return list(report["ids"]) if isinstance(report, Mapping) else None


def tokens(entry: Exchange, fingerprint: str) -> TokenTurn | None:
    """What an exchange reports as tokens, if they are of this way of writing conversations."""
    report = entry.meta.get(KEY)
    if not isinstance(report, Mapping) or report.get("chat") != fingerprint:
        return None
    return TokenTurn.from_meta(entry.meta)
