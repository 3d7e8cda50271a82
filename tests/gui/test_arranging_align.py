"""Aligning, distributing and reading order, as arithmetic; snapping of drags."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLineF, QRectF

from gui.canvas.arranging.align import Box, Edge, aligned, distributed, on_grid, reading_order
from gui.canvas.snapping import Snapping

LENGTH = st.integers(1, 400).map(float)
PLACE = st.integers(-2000, 2000).map(float)
BOXES = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(PLACE, PLACE, LENGTH, LENGTH), min_size=1)


@given(BOXES)
def test_aligned_boxes_share_their_edge_exactly_and_keep_the_other_axis(boxes: dict[str, Box]) -> None:
    edges: tuple[Edge, ...] = ("left", "right", "top", "bottom", "centre", "middle")
    for edge in edges:
        found = aligned(boxes, edge)
        axis = 0 if edge in {"left", "right", "centre"} else 1
        part = {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0, "centre": 0.5, "middle": 0.5}[edge]
        assert len({found[name][axis] + part * box[axis + 2] for name, box in boxes.items()}) == 1
        assert all(found[name][1 - axis] == box[1 - axis] for name, box in boxes.items())


def test_edges_are_those_of_the_outermost_box() -> None:
    boxes = {"a": (0.0, 0.0, 100.0, 50.0), "b": (300.0, 80.0, 60.0, 20.0)}
    assert aligned(boxes, "right") == {"a": (260.0, 0.0), "b": (300.0, 80.0)}
    assert aligned(boxes, "middle") == {"a": (0.0, 25.0), "b": (300.0, 40.0)}


@given(BOXES)
def test_distributed_boxes_have_equal_gaps_and_never_overlap(boxes: dict[str, Box]) -> None:
    for axis, name_of in ((0, "across"), (1, "down")):
        found = distributed(boxes, "across" if name_of == "across" else "down")
        order = sorted(boxes, key=lambda name: found[name][axis])
        gaps = [found[after][axis] - found[before][axis] - boxes[before][axis + 2] for before, after in pairwise(order)]
        assert all(gap >= -1e-9 for gap in gaps)
        assert all(gap == pytest.approx(gaps[0], abs=1e-6) for gap in gaps)
        assert all(found[name][1 - axis] == box[1 - axis] for name, box in boxes.items())


def test_the_outer_boxes_stay_where_there_is_room() -> None:
    boxes = {"a": (0.0, 0.0, 100.0, 50.0), "b": (120.0, 0.0, 60.0, 50.0), "c": (500.0, 0.0, 100.0, 50.0)}
    assert distributed(boxes, "across") == {"a": (0.0, 0.0), "b": (270.0, 0.0), "c": (500.0, 0.0)}


def test_onto_the_grid() -> None:
    assert on_grid({"a": (3.0, 13.0, 1.0, 1.0)}, 8.0) == {"a": (0.0, 16.0)}


def test_reading_goes_along_rows_that_need_not_be_quite_level() -> None:
    boxes = {
        "d": (0.0, 200.0, 160.0, 56.0),
        "b": (250.0, 12.0, 160.0, 56.0),
        "a": (0.0, 20.0, 160.0, 56.0),
        "c": (500.0, 0.0, 160.0, 104.0),
    }
    assert reading_order(boxes) == ["a", "b", "c", "d"]


# -- snapping --


def snap(others: list[QRectF], area: QRectF, scale: float = 1.0) -> tuple[float, float, tuple[QLineF, ...]]:
    step, guides = Snapping(others, neighbours=True, grid=True).snap(area, scale)
    return step.x(), step.y(), guides


def test_edges_and_centres_of_neighbours_come_before_the_grid() -> None:
    beside = QRectF(100, 3, 160, 56)
    assert snap([beside], QRectF(301, 5, 160, 56))[:2] == (3.0, -2.0)
    _, dy, guides = snap([QRectF(100, 3, 160, 100)], QRectF(301, 21, 160, 56))  # centres at 53 and 49
    assert dy == 4.0
    assert guides[0].y1() == guides[0].y2() == 53.0
    assert guides[0].x1() < 100
    assert guides[0].x2() > 460


def test_equal_gaps_between_two_and_behind_two() -> None:
    left, right = QRectF(0, 0, 100, 50), QRectF(403, 0, 100, 50)
    dx, _, guides = snap([left, right], QRectF(205, 0, 90, 50))
    assert 205 + dx == (100 + 403 - 90) / 2
    spans = [(line.x1(), line.x2()) for line in guides if line.y1() == line.y2() == 25.0 and line.x1() != line.x2()]
    assert {round(end - start, 6) for start, end in spans if start >= 100 and end <= 403} == {106.5}
    dx, _, _ = snap([QRectF(0, 0, 100, 50), QRectF(137, 0, 100, 50)], QRectF(271, 0, 90, 50))
    assert 271 + dx == 237 + 37
    dx, _, _ = snap([QRectF(0, 0, 100, 50), QRectF(137, 0, 100, 50)], QRectF(-130, 0, 90, 50))
    assert -130 + dx + 90 == -37


def test_what_is_switched_off_does_not_snap() -> None:
    other, area = QRectF(100, 3, 160, 56), QRectF(301, 5, 160, 56)
    assert Snapping([other], neighbours=False, grid=True).snap(area, 1.0)[0].y() == 3.0
    assert Snapping([other], neighbours=True, grid=False).snap(area, 1.0)[0].x() == 0.0
    assert Snapping([other], neighbours=False, grid=False).snap(area, 1.0) == (area.topLeft() - area.topLeft(), ())


def test_far_blocks_do_not_count_and_cost_nothing() -> None:
    assert snap([QRectF(5000, 203, 160, 56)], QRectF(300, 201, 160, 56))[2] == ()
    area = QRectF(301, 5, 160, 56)

    def cost(count: int) -> float:
        snapping = Snapping([QRectF(index * 248.0, 0, 160, 56) for index in range(count)], neighbours=True, grid=True)
        times = []
        for _ in range(30):
            start = time.thread_time()
            snapping.snap(area, 1.0)
            times.append(time.thread_time() - start)
        return min(times)

    assert cost(20_000) < 3 * cost(200)
