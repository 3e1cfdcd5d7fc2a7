"""Example turns for models that were never told what a reply looks like.

They come out of practice games of the arena itself, played by random legal replies from seeds of their own: what a
seat of that role is told at the start, the arena's own wording of a kind of ask that it meets, and a legal reply. They
say how to reply, nothing about the game at hand. The start is repeated with every example, because a seat's real first
turn has that shape: shown short asks only, SmolLM2-135M went on to recite the rules.
"""

from __future__ import annotations

from functools import lru_cache

from lanista.arenas import Game
from lanista.arenas.core import chance, registry

Example = tuple[str, str]
"""What is asked, and a reply."""

LEAST = 3
"""Examples at least; fewer did not teach SmolLM2-135M the form of a reply."""

GAMES = 4


def few_shot_examples(arena: str, role: str) -> tuple[Example, ...]:
    """An example of each kind of ask that ``role`` meets, and at least three; the same wherever it is called.

    A role that sits in no game of the arena's default config is shown what every role is asked. () for an arena that
    is not registered here.
    """
    if arena not in registry.names():
        return ()
    met = _practice(arena)
    kinds = met.get(role)
    if kinds is None:
        everywhere = set.intersection(*(set(kinds) for kinds in met.values()))
        kinds = {kind: examples for kind, examples in next(iter(met.values())).items() if kind in everywhere}
    chosen = [examples[0] for examples in kinds.values()]
    spare = [example for examples in kinds.values() for example in examples[1:]]
    return tuple(chosen + spare[: max(0, LEAST - len(chosen))])


@lru_cache(maxsize=16)
def _practice(arena: str) -> dict[str, dict[str, list[Example]]]:
    """Up to three examples per role and kind of ask."""
    met: dict[str, dict[str, list[Example]]] = {}
    for number in range(GAMES):
        seed = chance.key("practice", arena, number)
        game = Game(registry.get(arena), seed)
        rng = chance.stream(seed, "replies")
        opening = {seat: _opening(game, seat) for seat in game.seats}
        while not game.over:
            for seat in game.to_act():
                reply = rng.choice(game.legal(seat))
                ask = game.ask(seat)
                assert ask is not None
                examples = met.setdefault(game.role(seat), {}).setdefault(ask.kind, [])
                if len(examples) < LEAST:
                    examples.append((f"{opening[seat]}{game.arena.words.ask(ask)}", reply))
                game.submit(seat, reply)
    return met


def _opening(game: Game, seat: str) -> str:
    """What a seat is told before it is first asked anything, up to where the ask begins."""
    ask = game.ask(seat)
    text = game.text(seat)
    return f"{text}\n" if ask is None else text.removesuffix(game.arena.words.ask(ask))
