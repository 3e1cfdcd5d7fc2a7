"""The golden transcript: lithium-metal anodes in solid-state batteries, 2023 to 2025, in two iterations.

``python tests/arenas/research/research_golden.py`` writes it. Read it after every change: would a person in these seats
know what happened and what is asked?
"""

from __future__ import annotations

from pathlib import Path

from research_bank import RIGHT, started

FILE = Path(__file__).parent / "golden" / "batteries.txt"
REPLIES = (
    # The first iteration: one wide sub-task, a number out of an abstract, an old paper and a retracted one.
    'plan {"tasks": ["critical current density with lithium-metal anodes: argyrodite, garnet, polymer electrolyte; '
    'peer-reviewed, 2023 to 2025"]}',
    'search {"query": "critical current density lithium-metal anodes"}',
    'open {"papers": ["P0001", "P0002", "P0004"]}',
    'report {"text": "argyrodite P0001: 2.7 mA/cm2; P0002: 1.4 mA/cm2; garnet P0004: 4.0 mA/cm2"}',
    'open {"papers": ["P0001", "P0002", "P0004"]}',
    'drop {"papers": ["P0001"], "reason": "support"}',
    'drop {"papers": ["P0002"], "reason": "date"}',
    'drop {"papers": ["P0004"], "reason": "retracted"}',
    'done {"note": "P0001 says 2.7 in its abstract only; nothing on garnet or polymer yet"}',
    # The second: narrower sub-tasks, and what the first one taught.
    'plan {"tasks": ["argyrodite: what do the results of P0001 say?", '
    '"garnet, also called LLZO: published since 2023, with lithium-metal anodes, also called metallic lithium '
    'electrodes", "polymer electrolyte, also called PEO membrane: since 2023"]}',
    'report {"text": "P0001: 2.1 mA/cm2 in its table"}',
    'search {"query": "garnet LLZO lithium-metal anodes metallic lithium electrodes", "since": 2023}',
    'open {"papers": ["P0006", "P0007", "P0009"]}',
    'report {"text": "garnet P0006: 1.8 mA/cm2; P0007: 1.6 mA/cm2; P0009: 2.4 mA/cm2"}',
    'search {"query": "polymer electrolyte PEO membrane", "since": 2023}',
    'report {"text": "no paper on polymer electrolyte since 2023"}',
    'open {"papers": ["P0006", "P0007", "P0009"]}',
    'keep {"papers": ["P0001", "P0007", "P0009"]}',
    'drop {"papers": ["P0006"], "reason": "replaced"}',
    "done {}",
    'write {"note": "argyrodite, garnet with both values, no polymer electrolyte"}',
    f"Progress is real and contested.\n{RIGHT}",
)


def transcript() -> str:
    """What every seat is shown and replies, what only the view from above shows, and what every step pays."""
    game = started()
    parts: list[str] = []
    for reply in REPLIES:
        seat = game.to_act()[0]
        parts.append(f"=== to {seat}\n{game.text(seat)}\n=== {seat} replies\n{reply}")
        refused = game.submit(seat, reply)
        assert refused is None, refused
        parts += [f"=== from above\n{text}" for event, text in game.steps[-1].events if event.to == ()]
        parts += [f"=== {name} of {to}: {amount * game.weights[name]:+g}" for name, to, amount in game.step_terms]
    parts.append(f"=== returns {game.returns}")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(transcript(), encoding="utf-8")
