"""Packing loses nothing, keeps its budget, and gives every rank the same shape of work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from lanista.training.batching import ScoredRow, agree, buckets, chunks, micro_batch
from lanista.training.trajectories import TokenRow


def scored(length: int, first_own: int = 1, advantage: float = 1.0, mark: int = 5) -> ScoredRow:
    own = tuple(i >= first_own for i in range(length))
    row = TokenRow(ids=(mark,) * length, own=own, logps=(-1.0,) * length, turns=tuple(0 if o else -1 for o in own))
    return ScoredRow(row, tuple(advantage if o else 0.0 for o in own))


lengths = st.lists(st.integers(2, 40), max_size=30)


@given(lengths, st.integers(1, 7), st.integers(0, 2**62))
def test_no_row_is_dropped_however_many_steps_share_a_rollout(sizes: list[int], count: int, seed: int) -> None:
    """TRL's split_tensor_dict gives every chunk rows // count rows and forgets the rest: 7 in 2 chunks lose one."""
    rows = [scored(size, mark=i) for i, size in enumerate(sizes)]
    dealt = chunks(rows, count, seed)
    assert len(dealt) == count
    assert sorted(row.row.ids[0] for chunk in dealt for row in chunk) == list(range(len(sizes)))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
    assert dealt == chunks(rows, count, seed)


@given(lengths, st.integers(1, 120))
def test_buckets_hold_every_row_once_within_the_budget(sizes: list[int], budget: int) -> None:
    rows = [scored(size, mark=i) for i, size in enumerate(sizes)]
    found = buckets(rows, budget)
    assert sorted(row.row.ids[0] for bucket in found for row in bucket) == list(range(len(sizes)))
    for bucket in found:
        longest = max(len(row.row.ids) for row in bucket)
        assert len(bucket) == 1 or len(bucket) * longest <= budget


def test_a_micro_batch_by_hand() -> None:
    a = ScoredRow(TokenRow(ids=(1, 2, 3), own=(False, False, True), logps=(0, 0, -0.1), turns=(-1, -1, 0)), (0, 0, 0.5))
    b = ScoredRow(
        TokenRow(ids=(4, 5, 6, 7), own=(False, True, False, True), logps=(0, -0.2, 0, -0.3), turns=(-1, 0, -1, 1)),
        (0, -1.0, 0, 2.0),
    )
    batch = micro_batch([a, b], pad_id=9)
    found = {name: tensor.tolist() for name, tensor in batch.tensors.items()}
    assert (batch.rows, batch.tokens) == (2, 3)
    # b's prompt is one token, so every row is cut after its first: nothing is padded on the left.
    assert found["prompt_ids"] == [[1], [4]]
    assert found["prompt_mask"] == [[1], [1]]
    assert found["completion_ids"] == [[2, 3, 9], [5, 6, 7]]
    assert found["completion_mask"] == [[1, 1, 0], [1, 1, 1]]
    assert found["tool_mask"] == [[0, 1, 0], [1, 0, 1]]
    assert found["advantages"] == [[0, 0.5, 0], [-1, 0, 2]]
    assert found["old_per_token_logps"][1] == pytest.approx([-0.2, 0, -0.3])


def test_a_row_must_begin_with_something_to_predict_from() -> None:
    with pytest.raises(ValueError, match="nothing it was predicted from"):
        micro_batch([scored(3, first_own=0)], 0)


def test_ranks_do_the_same_work_in_the_same_order() -> None:
    """Trap: a collective operation that one rank does not take part in, or in another shape, hangs all the others."""
    first = {"wolves": [3, 2], "village": [4], "nobody": []}
    second = {"village": [1, 5], "wolves": [4], "nobody": []}
    assert list(agree([first, second]).items()) == [("village", [4, 5]), ("wolves", [4, 2])]
    assert agree([second, first]) == agree([first, second])
    assert agree([first]) == {"wolves": [3, 2], "village": [4]}


def test_rows_that_fill_up_have_no_part_in_the_loss() -> None:
    batch = micro_batch([scored(4), scored(3)], 0, size=5)
    assert (batch.rows, batch.tokens) == (2, 5)
    assert batch.tensors["tool_mask"].sum(1).tolist() == [3, 2, 0, 0, 0]
    assert batch.tensors["prompt_mask"].sum(1).tolist() == [1] * 5
    with pytest.raises(ValueError, match="2 rows do not fit"):
        micro_batch([scored(4), scored(3)], 0, size=1)


def test_a_micro_batch_of_nothing_counts_for_nothing() -> None:
    """It has one own token, so that TRL's means are not 0/0, and no advantage."""
    batch = micro_batch([], 0, size=2)
    assert (batch.rows, batch.tokens) == (0, 0)
    assert batch.tensors["tool_mask"].sum() == 1
    assert not batch.tensors["advantages"].any()
