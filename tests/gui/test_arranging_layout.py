"""Automatic layout: order along the wires, no overlaps, few crossings, lanes for passing wires, calm after edits."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF

from engine.graph import Graph, Node, Point, Wire
from gui.canvas.layout.layered import layered
from gui.canvas.layout.sheet import Direction

Pairs = list[tuple[int, int]]
DIRECTIONS: tuple[Direction, ...] = ("right", "down")


def graph_of(count: int, wires: Pairs) -> Graph:
    return Graph.of(
        (Node(f"n{index}", "Add") for index in range(count)),
        (Wire(f"n{start}", "out", f"n{end}", "in") for start, end in wires),
    )


def size(name: str) -> Point:
    """Different for different blocks, on the grid as the canvas has it."""
    number = int(name[1:])
    return (160.0 + number * 5 % 12 * 8, 56.0 + number * 7 % 5 * 24)


def boxes(places: Mapping[str, Point]) -> dict[str, QRectF]:
    return {name: QRectF(*place, *size(name)) for name, place in places.items()}


def diamonds(count: int) -> Graph:
    """Residual blocks in a row: two blocks on the way, and a wire past them."""
    ends = ((0, 1), (1, 2), (2, 3), (0, 3))
    return graph_of(3 * count + 1, [(3 * k + a, 3 * k + b) for k in range(count) for a, b in ends])


def tangle(count: int, seed: int) -> Pairs:
    rand = random.Random(seed)
    return sorted(
        {(max(0, end - rand.randint(1, 9)), end) for end in range(1, count) for _ in range(rand.choice((1, 2)))}
    )


def crossings(places: Mapping[str, Point], wires: Pairs) -> int:
    """Straight lines between neighbouring columns that cross, by comparing every pair: a second way of counting."""
    lines = [(places[f"n{a}"], places[f"n{b}"]) for a, b in wires]
    columns = sorted({place[0] for place in places.values()})
    short = [(a, b) for a, b in lines if columns.index(b[0]) - columns.index(a[0]) == 1]
    return sum((a[1] - c[1]) * (b[1] - d[1]) < 0 for (a, b), (c, d) in itertools.combinations(short, 2) if a[0] == c[0])


def way(before: Mapping[str, Point], after: Mapping[str, Point]) -> float:
    """How far blocks moved, on average."""
    return sum(abs(after[name][0] - x) + abs(after[name][1] - y) for name, (x, y) in before.items()) / len(before)


@given(st.integers(1, 24), st.randoms(use_true_random=False), st.sampled_from(DIRECTIONS), st.booleans())
def test_every_wire_goes_forward_and_nothing_overlaps(
    count: int, rand: random.Random, direction: Direction, placed: bool
) -> None:
    wires = [(a, b) for a, b in itertools.combinations(range(count), 2) if rand.random() < 0.15]
    graph = graph_of(count, wires)
    now = {f"n{index}": (rand.uniform(-900, 900), rand.uniform(-900, 900)) for index in range(count) if placed}
    places = layered(graph, size, None, now, direction)
    assert set(places) == set(graph.nodes)
    found = boxes(places)
    for start, end in wires:
        before, after = found[f"n{start}"], found[f"n{end}"]
        assert before.right() < after.left() if direction == "right" else before.bottom() < after.top()
    for one, other in itertools.combinations(found.values(), 2):
        assert not one.intersects(other)
    assert all(x % 8 == 0 and y % 8 == 0 for x, y in places.values())
    assert places == layered(graph, size, None, now, direction)


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_loops_are_laid_out_too(count: int, wires: Pairs) -> None:
    found = boxes(layered(graph_of(count, [(a, b) for a, b in wires if a < count and b < count]), size))
    for one, other in itertools.combinations(found.values(), 2):
        assert not one.intersects(other)


def test_a_chain_is_one_straight_line() -> None:
    places = layered(graph_of(6, list(itertools.pairwise(range(6)))), size)
    assert len({y for _, y in places.values()}) == 1


def test_the_way_through_residual_blocks_is_straight_and_wires_pass_in_free_lanes() -> None:
    graph = diamonds(8)
    places = layered(graph, lambda _: (160.0, 56.0))
    assert len({y for _, y in places.values()}) == 1
    wide = graph_of(8, [(0, 1), (1, 2), (2, 3), (0, 3), (0, 4), (4, 5), (5, 3), (3, 6), (6, 7)])
    found = boxes(layered(wide, size))
    above, below = sorted((found["n1"], found["n4"]), key=QRectF.top)
    # The wire from n0 to n3 passes between the two branches, or outside both: there is room for it.
    assert below.top() - above.bottom() >= 40


def test_very_long_chains_go_on_in_further_rows_within_what_can_be_shown() -> None:
    count = 10_000
    places = layered(graph_of(count, list(itertools.pairwise(range(count)))), size)
    assert max(abs(value) for place in places.values() for value in place) < 100_000
    assert len(set(places.values())) == count
    rows: dict[float, list[float]] = {}
    for index in range(count):
        x, y = places[f"n{index}"]
        rows.setdefault(y, []).append(x)
    assert all(row == sorted(row) for row in rows.values())


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_long_network_is_folded_so_that_it_fills_a_screen(direction: Direction) -> None:
    graph = graph_of(150, list(itertools.pairwise(range(150))))
    places = layered(graph, size, None, None, direction)
    found = boxes(places)
    wide = max(box.right() for box in found.values()) - min(box.left() for box in found.values())
    high = max(box.bottom() for box in found.values()) - min(box.top() for box in found.values())
    assert 0.4 < wide / high < 4.0
    axis = 0 if direction == "right" else 1
    back = [index for index in range(1, 150) if places[f"n{index}"][axis] <= places[f"n{index - 1}"][axis]]
    assert 4 < len(back) < 20
    assert not any(one.intersects(other) for one, other in itertools.combinations(found.values(), 2))
    assert layered(graph, size, None, places, direction) == places


def test_rows_of_a_folded_network_break_between_its_residual_blocks() -> None:
    """Sixteen blocks of six, with a wire around each: no row begins where one of these is under way."""
    wires = list(itertools.pairwise(range(96))) + [(6 * block, 6 * block + 5) for block in range(16)]
    places = layered(graph_of(96, wires), size)
    back = [index for index in range(1, 96) if places[f"n{index}"][0] < places[f"n{index - 1}"][0]]
    assert back
    assert all(index % 6 == 0 for index in back)


ROOM = (1400.0, 900.0)


def rows_of(count: int, now: dict[str, Point] | None = None, room: Point | None = ROOM) -> tuple[int, dict[str, Point]]:
    """How many rows a chain stands in, each from left to right, and its places."""
    places = layered(graph_of(count, list(itertools.pairwise(range(count)))), size, None, now, "right", room)
    assert layered(graph_of(count, list(itertools.pairwise(range(count)))), size, None, places, "right", room) == places
    return 1 + sum(places[f"n{at}"][0] < places[f"n{at - 1}"][0] for at in range(1, count)), places


def test_a_chain_goes_on_in_the_next_row_where_that_makes_it_readable() -> None:
    assert rows_of(4)[0] == 1
    assert rows_of(12, room=None)[0] == 1
    count, places = rows_of(12)
    assert 2 <= count <= 4
    found = boxes(places).values()
    assert max(box.right() for box in found) - min(box.left() for box in found) <= ROOM[0]
    assert max(box.bottom() for box in found) - min(box.top() for box in found) <= ROOM[1]
    assert not any(one.intersects(other) for one, other in itertools.combinations(found, 2))


def test_one_block_more_or_less_turns_no_rows_over() -> None:
    for count in range(4, 24):
        rows, places = rows_of(count)
        more, longer = rows_of(count + 1, places)
        assert more in (rows, rows + 1)
        assert rows_of(count, longer)[0] == more  # what a block changed its absence does not change back at once


def test_what_this_laid_out_stays_as_it_is() -> None:
    for seed in range(20):
        graph = graph_of(60, tangle(60, seed))
        places = layered(graph, size)
        assert layered(graph, size, None, places) == places


def test_a_new_block_moves_the_others_little() -> None:
    """One block on a wire's end, anywhere in 100 blocks: the others move by less than a tenth of a block on average."""
    total, rounds = 0.0, 0
    for seed in range(10):
        wires = tangle(100, seed)
        before = layered(graph_of(100, wires), size)
        for reader_of in (5, 35, 65, 95):
            after = layered(graph_of(101, [*wires, (reader_of, 100)]), size, None, before)
            total += way(before, after)
            rounds += 1
    assert total / rounds < 16.0


def test_a_block_put_into_a_chain_moves_only_what_follows_it() -> None:
    before = layered(graph_of(100, list(itertools.pairwise(range(100)))), size)
    wires = [pair for pair in itertools.pairwise(range(100)) if pair != (79, 80)]
    after = layered(graph_of(101, [*wires, (79, 100), (100, 80)]), size, None, before)
    assert all(after[f"n{index}"] == before[f"n{index}"] for index in range(80))
    assert all(after[f"n{index}"][1] == before[f"n{index}"][1] for index in range(80, 100))


def test_the_order_that_people_gave_is_kept_where_it_costs_no_crossings() -> None:
    graph = graph_of(4, [(0, 1), (0, 2), (0, 3)])
    now = {"n0": (0.0, 0.0), "n3": (300.0, -200.0), "n1": (300.0, 0.0), "n2": (300.0, 200.0)}
    places = layered(graph, size, None, now)
    assert places["n3"][1] < places["n1"][1] < places["n2"][1]


def test_wires_that_need_not_cross_do_not() -> None:
    rand = random.Random(4)
    for _ in range(10):
        order = rand.sample(range(8), 8)
        wires = [(a, 8 + b) for a, b in enumerate(order)]
        graph = graph_of(17, [*wires, *((index, 16) for index in range(8, 16))])
        assert crossings(layered(graph, size), wires) == 0


@pytest.mark.parametrize("seed", range(5))
def test_sweeps_take_crossings_away(seed: int) -> None:
    wires = tangle(60, seed)
    graph = graph_of(60, wires)
    places = layered(graph, size)
    rand, columns = random.Random(seed), dict[float, list[str]]()
    for name, (x, _) in places.items():
        columns.setdefault(x, []).append(name)
    chance = dict(places)
    for names in columns.values():
        tops = [places[name][1] for name in names]
        rand.shuffle(tops)
        chance.update({name: (places[name][0], top) for name, top in zip(names, tops, strict=True)})
    assert crossings(places, wires) < crossings(chance, wires) / 2


def test_ports_decide_which_block_comes_above() -> None:
    graph = Graph.of(
        (Node(name, "Add") for name in ("n0", "n1", "n2", "n3")),
        (
            Wire("n0", "y", "n1", "in"),
            Wire("n0", "x", "n2", "in"),
            Wire("n1", "out", "n3", "b"),
            Wire("n2", "out", "n3", "a"),
        ),
    )
    heights = {"x": 66.0, "y": 86.0, "a": 66.0, "b": 86.0}
    places = layered(graph, size, lambda _node, _side, port: heights.get(port, 28.0))
    assert places["n2"][1] < places["n1"][1]


def test_parts_that_do_not_hang_together_stand_below_each_other() -> None:
    graph = graph_of(8, [(0, 1), (1, 2), (3, 4), (4, 5)])
    found = boxes(layered(graph, size))
    assert max(found[f"n{index}"].bottom() for index in (0, 1, 2)) < min(
        found[f"n{index}"].top() for index in (3, 4, 5)
    )
    assert found["n6"].top() == found["n7"].top() > max(found[f"n{index}"].bottom() for index in range(6))
