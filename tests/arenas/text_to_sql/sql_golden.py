"""The golden transcript: the average grade for each major. ``python tests/arenas/text_to_sql/sql_golden.py`` writes it.

Read it after every change: would a person in these seats know what happened and what is asked?
"""

from __future__ import annotations

from pathlib import Path

from sql_bank import GOLD, started

FILE = Path(__file__).parent / "golden" / "majors.txt"
REPLIES = (
    "SELECT major, AVG(grade) FROM students GROUP BY major",
    "run",
    "note: there is no column grade in students; enrollments has one",
    "reject: the grade is in enrollments, join them by student_id",
    f"```sql\n{GOLD}\n```",
    "run",
    "note: 2 rows, one for each major, no error",
    "accept",
)


def transcript() -> str:
    """What every seat is shown and replies, what only the view from above shows, and what every step pays."""
    game = started()
    parts: list[str] = []
    for reply in REPLIES:
        seat = game.to_act()[0]
        parts.append(f"=== to {seat}\n{game.text(seat)}\n=== {seat} replies\n{reply}")
        assert game.submit(seat, reply) is None
        parts += [f"=== from above\n{text}" for event, text in game.steps[-1].events if event.to == ()]
        parts += [f"=== {name} of {to}: {amount * game.weights[name]:+g}" for name, to, amount in game.step_terms]
    parts.append(f"=== returns {game.returns}")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(transcript(), encoding="utf-8")
