"""The golden transcript: three Fibonacci attempts in one game. ``python tests/arenas/coding/golden.py`` writes it.

Read it after every change: would a person in these seats know what happened and what is asked?
"""

from __future__ import annotations

from pathlib import Path

from bank import FIBONACCI, ITERATIVE, LEAKY, NAIVE, started

FILE = Path(__file__).parent / "golden" / "fibonacci.txt"
REPLIES = (
    NAIVE,
    "fib(1)\nfib(60)\nfib(-1)",
    "fail: fib(60) ran out of time",
    f"cause: every call makes two more\n{LEAKY}",
    "fib(3)\nfib(9)\nfib(4)",
    "fail: fib(4) gives 34, not 3",
    f"It leaks.\ncause: the list of one call is found by the next\n```python\n{ITERATIVE}\n```",
)


def transcript() -> str:
    """What every seat is shown and replies, what only the view from above shows, and what every step pays."""
    game = started(FIBONACCI)
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
