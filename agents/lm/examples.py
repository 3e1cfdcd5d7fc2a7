"""Example turns for models that were never told what a reply looks like.

They come out of practice games of the arena itself, played by random legal replies from seeds of their own: the
arena's own wording of each kind of ask that the role meets, and a legal reply to it. They say how to reply, nothing
about the game at hand.
"""

from __future__ import annotations

from functools import lru_cache

from lanista.arenas import Game, chance, registry

Example = tuple[str, str]
"""What is asked, and a reply."""

LEAST = 3
GAMES = 8


@lru_cache(maxsize=256)
def few_shot_examples(arena: str, role: str) -> tuple[Example, ...]:
    """At least one example for each kind of ask that ``role`` met in practice, and at least three where it met any.

    The same wherever it is called; () for an arena that is not registered here, or a role never met in it.
    """
    if arena not in registry.names():
        return ()
    met: dict[str, list[Example]] = {}
    for number in range(GAMES):
        _practise(arena, role, number, met)
        if sum(map(len, met.values())) >= LEAST and number > 1:
            break
    chosen = [examples[0] for examples in met.values()]
    spare = [example for examples in met.values() for example in examples[1:]]
    return tuple(chosen + spare[: max(0, LEAST - len(chosen))])


def _practise(arena: str, role: str, number: int, met: dict[str, list[Example]]) -> None:
    seed = chance.key("practice", arena, number)
    game = Game(registry.get(arena), seed)
    rng = chance.stream(seed, "replies")
    while not game.over:
        for seat in game.owed():
            reply = rng.choice(game.legal(seat))
            ask = game.ask(seat)
            if ask is not None and game.role(seat) == role and game.decisions[seat] < 40:
                examples = met.setdefault(ask.kind, [])
                if len(examples) < LEAST:
                    examples.append((game.arena.words.ask(ask), reply))
            game.submit(seat, reply)
