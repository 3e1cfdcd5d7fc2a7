"""Examples out of practice games: in form, of the role's own asks, and about no game at hand."""

from __future__ import annotations

import pytest

from lanista.agents.lm.examples import LEAST, _practice, few_shot_examples


@pytest.mark.parametrize("role", ["villager", "werewolf", "seer", "doctor", "witch", "hunter"])
def test_examples_show_the_votes_and_the_roles_own_asks(role: str) -> None:
    examples = few_shot_examples("werewolf", role)
    assert len(examples) >= LEAST
    verbs = {reply.split(":")[0] for _, reply in examples}
    assert "vote" in verbs
    own = {"werewolf": "kill", "seer": "inspect", "doctor": "protect"}
    for other, verb in own.items():
        assert (verb in verbs) == (other == role)


def test_examples_are_the_same_everywhere() -> None:
    first = few_shot_examples("werewolf", "seer")
    _practice.cache_clear()
    assert few_shot_examples("werewolf", "seer") == first


def test_there_are_none_where_there_is_nothing_to_practise() -> None:
    assert few_shot_examples("nowhere", "seer") == ()


def test_a_role_that_was_never_met_is_shown_what_everybody_is_asked() -> None:
    verbs = {reply.split(":")[0] for _, reply in few_shot_examples("werewolf", "dragon")}
    assert "vote" in verbs
    assert verbs.isdisjoint({"kill", "inspect", "protect", "target"})


def test_the_replies_are_legal_as_the_arena_reads_them() -> None:
    """Each example's reply is one that its own wording names the form of."""
    for role in ("villager", "werewolf", "seer", "doctor"):
        for asked, reply in few_shot_examples("werewolf", role):
            verb, colon, target = reply.partition(": ")
            assert f"`{verb}{colon}" in asked
            if verb in ("vote", "kill", "inspect", "protect"):
                assert target in asked
