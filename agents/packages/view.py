"""What one seat knows of a game of packages, and what it makes of files and letters. docs/arenas/packages.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lanista.agents.contract import Question
from lanista.arenas.packages.parts import BY_MODULE, END, PARTS, bodies


class Wish(NamedTuple):
    """One decision somebody asks for."""

    module: str
    dim: str
    option: str

    def told(self) -> str:
        """It in words that another keeper of such packages understands."""
        return BY_MODULE[self.module].dims_by_name[self.dim].option(self.option).doc


_ASKED: Mapping[str, Wish] = {
    asked: Wish(part.module, dim.name, option.key)
    for part in PARTS
    for dim in part.dims
    for option in dim.options
    for asked in option.asked
}
_DOCS: Mapping[str, Wish] = {
    option.doc: Wish(part.module, dim.name, option.key) for part in PARTS for dim in part.dims for option in dim.options
}


@dataclass(slots=True)
class View:
    """A game from one seat."""

    seat: str = ""
    keepers: dict[str, str] = field(default_factory=dict)
    """Who keeps a file, by module."""
    files: dict[str, str] = field(default_factory=dict)
    """The seat's own, as they are now."""
    letters: Sequence[Mapping[str, Any]] = ()
    notes: list[tuple[str, ...]] = field(default_factory=list)
    """What the tester wrote to this seat, or this tester wrote, round by round."""
    reports: int = 0

    def wishes(self) -> list[tuple[Wish, bool]]:
        """What each letter asks for, in their order, and whether it is from the one who decides."""
        known = [(_ASKED.get(letter["text"]), bool(letter["decides"])) for letter in self.letters]
        return [(wish, decides) for wish, decides in known if wish is not None and wish.module in self.keepers]

    def noted(self) -> list[Wish]:
        """What was written to this seat, of its own files, oldest first."""
        return [wish for text in self.notes for part in text for wish in heard(part, self.files)]


def view(question: Question) -> View:
    """What the question's seat has seen so far."""
    seen = View(seat=question.seat)
    for event in question.events:
        data = event.data
        if event.kind == "table":
            seen.keepers = {file["module"]: file["keeper"] for file in data["files"]}
        elif event.kind == "files":
            seen.files.update(data["files"])
        elif event.kind == "letters":
            seen.letters = data["letters"]
        elif event.kind == "report":
            seen.reports += 1
        elif event.kind == "note":
            seen.notes.append((data["text"],))
    return seen


def settled(wishes: Iterable[tuple[Wish, bool]]) -> list[Wish]:
    """One wish for each decision: that of the one who decides, else the first."""
    found: dict[tuple[str, str], tuple[Wish, bool]] = {}
    for wish, decides in wishes:
        known = found.get((wish.module, wish.dim))
        if known is None or (decides and not known[1]):
            found[wish.module, wish.dim] = (wish, decides)
    return [wish for wish, _ in found.values()]


def heard(text: str, modules: Iterable[str]) -> list[Wish]:
    """The decisions about ``modules`` that a text tells in the words of documentation, in their order in it."""
    mine = frozenset(modules)
    found = [(text.find(doc), wish) for doc, wish in _DOCS.items() if wish.module in mine and doc in text]
    return [wish for _, wish in sorted(found)]


def documented(module: str, text: str) -> list[Wish]:
    """The decisions that a file's documentation tells."""
    return heard(text[: text.find(END)], (module,))


def done(module: str, text: str) -> dict[str, str] | None:
    """The decisions that a file's code takes; None where it is nothing a keeper of such packages knows."""
    present = frozenset(part.module for part in PARTS if f"from {part.module} import" in text)
    body = text[text.find(END) + len(END) :]
    known = bodies(module, present).get(body)
    return None if known is None else dict(known)


def rewritten(module: str, text: str, wishes: Iterable[Wish]) -> str:
    """The file with these decisions taken in its code; where the code is unknown, all others as its documentation
    tells, or as they usually are."""
    part = BY_MODULE[module]
    now = done(module, text)
    if now is None:
        now = {dim.name: (dim.right or (dim.options[0].key,))[0] for dim in part.dims}
        now |= {wish.dim: wish.option for wish in documented(module, text)}
    now |= {wish.dim: wish.option for wish in wishes if wish.module == module}
    present = frozenset(other.module for other in PARTS if f"from {other.module} import" in text)
    return text[: text.find(END) + len(END)] + part.body(now, present)


def discrepancies(seen: View) -> list[Wish]:
    """What the documentation of the seat's files tells and their code does not do."""
    found = []
    for module, text in seen.files.items():
        now = done(module, text) or {}
        found += [wish for wish in documented(module, text) if now.get(wish.dim) != wish.option]
    return found


def notes_of(seen: View, wishes: Iterable[Wish]) -> str:
    """Notes to the keepers, a line each; ``pass`` where there is nothing to tell."""
    told: dict[str, list[str]] = {}
    for wish in wishes:
        told.setdefault(seen.keepers[wish.module], []).append(f"{wish.module}: {wish.told()}")
    return "\n".join(f"to {keeper}: {' '.join(parts)}" for keeper, parts in sorted(told.items())) or "pass"


def revision_of(seen: View, wishes: Sequence[Wish]) -> str:
    """The files that these wishes change; ``keep`` where none does."""
    texts = {module: rewritten(module, text, wishes) for module, text in seen.files.items()}
    changed = {module: text for module, text in texts.items() if text != seen.files[module]}
    return "".join(f"file {module}.py\n{text}" for module, text in changed.items()) or "keep"
