"""What a board shows, in a sentence, and what its reader should know, in notes."""

from __future__ import annotations

from collections.abc import Sequence

from lanista import ratings
from lanista.leaderboards.shapes import Line, PairLine
from lanista.leaderboards.tables import number

NAMED = 6
"""Agents that a verdict names; of more it gives the number."""


def verdict(lines: Sequence[Line], pairs: Sequence[PairLine], rated: ratings.Ratings | None, level: float) -> str:
    """What the board shows about its lead, in a sentence that claims no more than the intervals do."""
    if len(lines) == 1:
        return f"Only {lines[0].agent} played: there is nothing to compare it with."
    if rated is not None and len(rated.groups) > 1:
        return (
            "These agents cannot all be compared, as the schedule never tied them together: "
            f"{ratings.describe_groups(rated.groups)}."
        )
    best = lines[0]
    rivals = [line.agent for line in lines if line.rank_low == 1]
    unit = "rating points" if rated is not None else "of score"
    second = next(pair for pair in pairs if pair.one == best.agent and pair.other == lines[1].agent)
    gap = ""
    if second.difference is not None:
        form = "{:.0f}" if rated is not None else "{:.3f}"
        value = number(second.difference.value, form)
        low, high = (number(end, form.replace(":", ":+")) for end in second.difference[1:])
        gap = f"{best.agent} stands {value} {unit} above {second.other}, {level:.0%} interval {low} to {high}"
    else:
        gap = f"{best.agent} and {second.other} share no seeds"
    if best.rank_high == 1 and len(rivals) == 1:
        return f"{best.agent} leads, beyond what chance explains: {gap}."
    named = f"each of {and_(rivals)}" if len(rivals) <= NAMED else f"any of {len(rivals)} agents"
    if len(rivals) == len(lines):
        return f"No difference in the lead is shown: {named} may be first ({gap})."
    return f"No single leader is shown: {named} may be first ({gap}); the others are behind."


def rating_notes(rated: ratings.Ratings, lines: Sequence[Line], level: float) -> list[str]:
    """What a reader of these ratings should know: groups, weights, what is not identified, separation."""
    notes = []
    if len(rated.groups) > 1:
        notes.append(
            f"The schedule falls apart into groups that cannot be compared: {ratings.describe_groups(rated.groups)}. "
            "Ratings and ranks hold within a group."
        )
    if rated.weights != (0.5, 0.5):
        weights = ", ".join(f"{side} {weight:.2f}" for side, weight in zip(rated.sides, rated.weights, strict=True))
        notes.append(
            "Every agent sits in every game, so strengths per side cannot be told apart; a rating weighs the sides by "
            f"one over their seats ({weights})."
        )
    elif not any(s for r in rated.ratings for s in r.sides.values()):
        notes.append("This schedule identifies an agent's rating but not its strength on each side apart.")
    known = {role for r in rated.ratings for role, strength in r.roles.items() if strength is not None}
    unknown = sorted({role for r in rated.ratings for role in r.roles} - known)
    if unknown:
        notes.append(
            f"This schedule does not tell the strength of {and_(unknown)} apart from the roles beside it (as where one "
            "agent holds a whole team): the table per role shows the team's win rates there, and no strength."
        )
    for line in lines:
        if line.rating is not None and line.score.value in (0.0, 1.0):
            won = "won" if line.score.value == 1.0 else "lost"
            notes.append(
                f"{line.agent} {won} every game: its rating is held finite only by the prior "
                f"(Normal(0, {ratings.PRIOR_SD:g}) logits), so read the interval as open at that end."
            )
    return notes


def and_(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
