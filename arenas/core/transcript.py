"""What has happened in a game and in what words, and what of it each seat was told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lanista.arenas.core.contract import Event, Seat
from lanista.errors import LanistaError


class Transcript:
    """The events of one game with their texts, in order. ``show`` puts an event into words (``Words.show``)."""

    __slots__ = ("_events", "_notes", "_read", "_seen", "_show", "_sorted", "texts")

    def __init__(self, seats: Iterable[Seat], show: Callable[[Event], str]) -> None:
        self._show = show
        self._events: list[Event] = []
        self.texts: list[str] = []
        """The text of every event, seen from above."""
        self._read: dict[Seat, int] = dict.fromkeys(seats, 0)
        """How many events there were when each seat's last action was accepted."""
        self._notes: dict[Seat, str] = {}
        """What the referee told a seat of its last action, until its next one."""
        self._seen: dict[Seat, list[int]] = {seat: [] for seat in self._read}
        """Indices of the events each seat was in the audience of, as far as they were sorted out: see ``to``."""
        self._sorted: dict[Seat, int] = dict.fromkeys(self._read, 0)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, events: Sequence[Event]) -> None:
        """Put events into words and append them. Raises LanistaError where the words cannot tell one."""
        show = self._show
        self._events += events
        for event in events:
            try:
                self.texts.append(show(event))
            except Exception as error:
                raise LanistaError(
                    f"its words cannot tell an event {event.kind!r}: {type(error).__name__}: {error}"
                ) from error

    def since(self, first: int, end: int | None = None) -> tuple[tuple[Event, str], ...]:
        """The events from number ``first`` on (up to ``end``), each with its text."""
        return tuple(zip(self._events[first:end], self.texts[first:end], strict=True))

    def to(self, seat: Seat, since: int = 0) -> list[Event]:
        """Every event the seat was in the audience of, in order, without the first ``since`` of them."""
        seen, first = self._seen[seat], self._sorted[seat]
        fresh = self._events[first:]
        seen += [i for i, (_, _, to) in enumerate(fresh, first) if to is None or seat in to]
        self._sorted[seat] = len(self._events)
        return [self._events[i] for i in seen[since:]]

    def unread(self, seat: Seat) -> list[str]:
        """The texts that were addressed to the seat since its last accepted action."""
        first = self._read[seat]
        fresh = zip(self._events[first:], self.texts[first:], strict=True)
        news = [text for (_, _, to), text in fresh if to is None or seat in to]
        return [self._notes[seat], *news] if seat in self._notes else news

    def mark_read(self, seat: Seat, note: str | None = None) -> None:
        """An action of the seat was accepted: what it was told up to now is no news any more.

        ``note`` is what the referee tells the seat of that action: the first of its next news.
        """
        self._read[seat] = len(self._events)
        if note is not None:
            self._notes[seat] = note
        elif self._notes:
            self._notes.pop(seat, None)

    def copy(self) -> Transcript:
        """Another with the same events that goes on by itself."""
        twin = object.__new__(Transcript)
        twin._show = self._show
        twin._events, twin.texts = list(self._events), list(self.texts)
        twin._read, twin._sorted, twin._notes = dict(self._read), dict(self._sorted), dict(self._notes)
        twin._seen = {seat: list(seen) for seat, seen in self._seen.items()}
        return twin
