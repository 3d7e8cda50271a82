"""Batches: every sample once an epoch, the same order for the same seed, and a state that goes on to the bit."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.training.batching import Batches, channels_last


def batches(total: int, size: int, *, shuffle: bool = True, drop: int = 0, seed: int = 0) -> Batches:
    rows = torch.arange(total)
    return Batches(
        {"d.x": rows.double()[:, None] * torch.ones(3), "d.y": rows}, size, shuffle=shuffle, drop=drop, seed=seed
    )


def rows_of(source: Batches) -> list[list[int]]:
    """One epoch: the sample numbers of its batches, checked to be the same in both fields."""
    found = []
    while not source.at_end:
        batch = source.next()
        assert torch.equal(batch["d.x"][:, 0].long(), batch["d.y"])
        found.append(batch["d.y"].tolist())
    return found


@given(total=st.integers(1, 200), size=st.integers(1, 60), shuffle=st.booleans())
def test_an_epoch_has_every_sample_once(total: int, size: int, shuffle: bool):
    source = batches(total, size, shuffle=shuffle)
    for _ in range(3):
        epoch = rows_of(source)
        assert sorted(itertools.chain(*epoch)) == list(range(total))
        assert all(len(batch) == size for batch in epoch[:-1])
        assert len(epoch) == source.steps_per_epoch
        source.next_epoch()


def test_without_shuffle_the_order_is_the_datas():
    assert rows_of(batches(7, 3, shuffle=False)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_orders_differ_by_epoch_and_seed_and_repeat_for_the_same_seed():
    first, same, other = batches(50, 8), batches(50, 8), batches(50, 8, seed=1)
    one = rows_of(first)
    assert one == rows_of(same)
    assert one != rows_of(other)
    first.next_epoch()
    same.next_epoch()
    two = rows_of(first)
    assert two != one
    assert two == rows_of(same)


@pytest.mark.parametrize(
    ("total", "drop", "last"), [(9, 1, 4), (9, 0, 1), (10, 1, 2), (10, 3, 4), (1, 1, 1), (3, 3, 3)]
)
def test_last_batches_that_are_too_small_are_dropped(total: int, drop: int, last: int):
    assert len(rows_of(batches(total, 4, drop=drop))[-1]) == last


def test_peeking_moves_nothing():
    source, other = batches(20, 6), batches(20, 6)
    whole = rows_of(other)
    assert [source.peek(number)["d.y"].tolist() for number in (3, 0, 1)] == [whole[3], whole[0], whole[1]]
    assert source.position == 0
    with pytest.raises(IndexError, match="4 batches, counted from 0; there is no 4"):
        source.peek(4)


def test_steps_of_one_sample_move_by_one():
    source, other = batches(20, 6), batches(20, 6)
    order = list(itertools.chain(*rows_of(other)))
    assert source.next(1)["d.y"].tolist() == order[:1]
    assert source.next()["d.y"].tolist() == order[1:7]
    assert source.next(50)["d.y"].tolist() == order[7:]
    with pytest.raises(IndexError):
        source.next()


@given(total=st.integers(1, 80), size=st.integers(1, 30), steps=st.integers(0, 40), shuffle=st.booleans())
def test_a_restored_state_goes_on_where_it_was(total: int, size: int, steps: int, shuffle: bool):
    source = batches(total, size, shuffle=shuffle, seed=5)
    for _ in range(steps):
        if source.at_end:
            source.next_epoch()
        source.next()
    state = source.state()
    rest = rows_of(source)
    source.next_epoch()
    following = rows_of(source)
    resumed = batches(total, size, shuffle=shuffle, seed=99)
    resumed.restore(state)
    assert rows_of(resumed) == rest
    resumed.next_epoch()
    assert rows_of(resumed) == following


def test_large_batches_are_picked_alike():
    """Rows so large that each batch is picked alone, and so small that one pick serves many batches."""
    for width in (1, 100_000):
        rows = torch.arange(64)
        source = Batches({"x": rows[:, None].float().expand(64, width)}, 16, shuffle=True, drop=0, seed=2)
        order = torch.cat([source.next()["x"][:, 0] for _ in range(4)]).long().tolist()
        assert sorted(order) == list(range(64))
        if width == 1:
            first = order
    assert order == first


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shuffle", [True, False])
def test_pictures_keep_the_layout_that_convolutions_like(channels: int, shuffle: bool):
    """The same numbers, pixel by pixel in memory; without that a convolution is half as fast."""
    pictures = torch.rand(10, channels, 4, 5)
    source = Batches({"x": pictures, "y": torch.arange(10)}, 3, shuffle=shuffle, drop=0, seed=0)
    while not source.at_end:
        batch = source.next()
        assert torch.equal(batch["x"], pictures[batch["y"]])
        assert batch["x"].stride() == (20 * channels, 1, 5 * channels, channels)
    assert torch.equal(channels_last(pictures), pictures)
    assert channels_last(torch.ones(3, 4)).stride() == (4, 1)
