"""my_arena: the higher card wins the round, and who doubts its own may swap it once.

| seat | sees | replies |
|---|---|---|
| `player_0`, `player_1` | its own card, who won each round | `keep`, `swap` |

Version 1: the first.
"""

from lanista.arenas import Arena

from .rewards import TEAM_TERMS, WEIGHTS, Rewards
from .rules import Config, Rules, counterfactual, turns_bound
from .words import Words

arena = Arena(
    name="my_arena",
    version="1",
    summary="two players, a card each: keep it or swap it, the higher one wins",
    rules=Rules(),
    words=Words(),
    rewards=Rewards(),
    config=Config,
    presets={"default": WEIGHTS},
    team_terms=TEAM_TERMS,
    turns_bound=turns_bound,
    counterfactual=counterfactual,
    baseline="random",
    degenerate_bound=0.65,
)
