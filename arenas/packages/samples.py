"""The asks, with a few legal replies each, made of what the seat has seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lanista.arenas.coding import quote
from lanista.arenas.core.contract import Ask, Seat
from lanista.arenas.packages.case import DEBUGGER, GENERATOR, TESTER, Case
from lanista.arenas.packages.config import Config
from lanista.arenas.packages.inputs import sample
from lanista.arenas.packages.moves import Calls, Report, Revision
from lanista.arenas.packages.parts import BY_MODULE


@lru_cache(maxsize=256)
def calls(config: Config, case: Case) -> Ask:
    """Which calls the tester makes."""
    made = [(part.where, quote.literal(sample(part))) for part in case.parts()]
    functions = tuple(part.where for part in case.parts())
    choices = (Calls(), *(Calls((call,)) for call in made))
    example = quote.call(*min(made, key=lambda call: len(call[1])))
    return Ask(
        TESTER, "calls", choices, False, (("functions", functions), ("most", config.inputs), ("sample", example))
    )


@lru_cache(maxsize=1)
def report() -> Ask:
    """What the tester writes to whom."""
    notes = [((seat, "look at your files again"),) for seat in (GENERATOR, DEBUGGER)]
    return Ask(TESTER, "report", (Report(), *map(Report, notes)), False, (("keepers", (GENERATOR, DEBUGGER)),))


def revise(seat: Seat, case: Case, files: Sequence[tuple[str, str]]) -> Ask:
    """New files of a keeper."""
    mine = case.kept_by(seat)
    texts = dict(files)
    choices = [Revision()]
    for module in mine:
        part = BY_MODULE[module]
        stub = f"def {part.function}({part.parameters}):\n    return None\n"
        choices += [Revision(((module, text),)) for text in dict.fromkeys((stub, texts[module]))]
    data = (("modules", case.modules), ("mine", mine))
    return Ask(seat, "revise", tuple(choices), False, data)
