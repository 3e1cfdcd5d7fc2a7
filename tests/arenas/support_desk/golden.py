"""Golden transcripts: the slow internet, seen from each seat; ``python tests/arenas/support_desk/golden.py``
writes them.

The conversation everybody has had: "my internet has been slow for three days", "I already rebooted twice", "all
devices, 5 of 100 Mbps". The desk asks for the reboot all the same, and pays for it; three diagnostics find the line.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from lanista.arenas import Game, get
from lanista.arenas.support_desk import cases
from lanista.arenas.support_desk.faults import BIT, CLAIMS

FOLDER = Path(__file__).parent / "golden"
REPLIES = (
    'route {"to": "technical"}',
    'instruct {"step": "reboot"}',
    'ask {"question": "devices"}',
    'ask {"question": "speed"}',
    "line_test {}",
    'explain {"cause": "line_noise"}',
    'escalate {"to": "technician"}',
    'ticket {"causes": ["line_noise"], "end": "technician", "identity": false, "changes": []}',
)
DIAGNOSTICS = REPLIES[2:5]


def opened() -> Game:
    """The first seed whose case is that conversation."""
    arena = get("support_desk")
    config = arena.configure(cooperation="mixed", topic="technical")
    for seed in itertools.count():
        case, _ = cases.deal(seed, config)
        context = case.context
        if (
            case.truth == BIT["line_noise"] | CLAIMS
            and case.mentions_reboot
            and (context.plan, context.days, context.times) == ("M", 3, 2)
            and not case.params.map_first
        ):
            return Game(arena, seed, config)
    raise AssertionError("unreachable")


def transcripts() -> dict[str, str]:
    """Role → that seat's whole view, and ``above``: everything that happened, with what each step paid whom."""
    game = opened()
    log = list(game.log()[len(game.episode().opening) - 2 :])
    for reply in REPLIES:
        (seat,) = game.to_act()
        before = len(game.log())
        game.submit(seat, reply)
        paid = {**game.step_rewards(seat)["individual"], **game.step_rewards(seat)["team"]}
        told = ", ".join(f"{name} {worth:+.2f}" for name, worth in paid.items() if worth)
        log += [f"{seat} > {reply}" + (f"   [{told}]" if told else ""), *game.log()[before:]]
    views = {game.role(seat): game.history(seat) + "\n" for seat in game.seats}
    return {**views, "above": "\n".join(log) + "\n"}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for role, text in transcripts().items():
        (FOLDER / f"{role}.txt").write_text(text, encoding="utf-8")
