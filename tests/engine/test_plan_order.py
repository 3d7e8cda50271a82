"""Order, loops and counts against plain reckonings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine import edits
from engine.graph import Wire
from engine.plan import check
from engine.planning.order import (
    components,
    first_order,
    loop_through,
    loops,
    merged_order,
    shortest_loop,
    with_all_after,
)
from engine.result import Result
from tests.engine.graphs import chain, checked, diamonds, facts


@st.composite
def digraphs(draw, acyclic=False):
    count = draw(st.integers(1, 9))
    names = [f"n{number}" for number in draw(st.permutations(range(count)))]
    pairs = [(one, other) for at, one in enumerate(names) for other in (names[at + 1 :] if acyclic else names)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=18, unique=True)) if pairs else []
    return names, edges


def ends(names, edges):
    before = {name: [one for one, other in edges if other == name] for name in names}
    after = {name: [other for one, other in edges if one == name] for name in names}
    return before, after


def reach(name, after):
    """Everything that can be reached from a node, itself only around a loop."""
    seen, waiting = set(), [*after[name]]
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += after[other]
    return seen


@given(digraphs(acyclic=True), st.data())
def test_the_smallest_possible_name_comes_first(made, data):
    names, edges = made
    before, after = ends(names, edges)
    keys = {name: (number,) for number, name in enumerate(sorted(names))}
    late = frozenset(data.draw(st.sampled_from([(), names[-1:]])))
    left, expected = set(names), []
    while left:
        possible = [name for name in left if not left & set(before[name])]
        expected.append(min(possible, key=lambda name: (name in late, keys[name])))
        left.discard(expected[-1])
    assert first_order(keys, before, after, late) == expected


@given(digraphs(acyclic=True), st.data())
def test_the_loop_that_new_wires_into_one_block_close(made, data):
    names, edges = made
    name = data.draw(st.sampled_from(names))
    sources = data.draw(st.lists(st.sampled_from(names), max_size=4))
    before, after = ends(names, list({*edges, *((source, name) for source in sources)}))
    done = first_order(dict.fromkeys(names, ()), before, after, frozenset())
    left = set(names).difference(done)
    expected = [sorted(loop) for loop in loops(names, after)]
    assert expected == ([sorted(loop_through(name, left, before))] if left else [])


@given(digraphs(), st.data())
def test_names_taken_out_hold_up_nothing(made, data):
    names, edges = made
    before, after = ends(names, edges)
    without = frozenset(data.draw(st.sets(st.sampled_from(names))))
    keys = {name: (number,) for number, name in enumerate(names)}
    rest = [name for name in names if name not in without]
    fewer, readers = ends(rest, [(one, other) for one, other in edges if not {one, other} & without])
    assert first_order(keys, before, after, frozenset(), without) == first_order(keys, fewer, readers, frozenset())


@given(digraphs(), st.data())
def test_loose_names_come_where_the_whole_order_has_them(made, data):
    names, edges = made
    before, after = ends(names, edges)
    keys = {name: (number,) for number, name in enumerate(data.draw(st.permutations(names)))}
    late = frozenset(with_all_after(data.draw(st.sampled_from([(), names[-1:]])), after))
    looped = {name for loop in loops(names, after) for name in loop}
    loose = with_all_after({*data.draw(st.sets(st.sampled_from(names))), *looped}, after)
    kept = [name for name in names if name not in loose]
    rest_before, rest_after = ends(kept, [(one, other) for one, other in edges if not {one, other} & loose])
    rest = first_order({name: keys[name] for name in kept}, rest_before, rest_after, late)
    place = {name: index for index, name in enumerate(rest)}
    whole = merged_order(rest, place, loose, lambda name: (name in late, keys[name], name), before, after)
    assert whole == first_order(keys, before, after, late)


@given(digraphs())
def test_components_are_what_reaches_each_other(made):
    names, edges = made
    _, after = ends(names, edges)
    found = components(names, after)
    assert sorted(name for part in found for name in part) == sorted(names)
    for part in found:
        for name in part:
            assert {other for other in reach(name, after) if name in reach(other, after)} | {name} == set(part)
    for at, part in enumerate(found):
        assert not any(reach(name, after) & {n for later in found[at + 1 :] for n in later} for name in part)


@given(digraphs())
def test_loops_are_all_that_reach_themselves(made):
    names, edges = made
    _, after = ends(names, edges)
    found = loops(names, after)
    assert {name for part in found for name in part} == {name for name in names if name in reach(name, after)}
    for part in found:
        for start in part:
            way = shortest_loop(start, part, after)
            assert way[0] == start
            assert len(set(way)) == len(way)
            assert all(other in after[one] for one, other in zip(way, [*way[1:], start], strict=True))


def counts(result: Result) -> tuple[int, int | None, int | None]:
    return result.parameters, result.macs, result.activation_bytes


def test_counts_of_a_network_from_the_literature():
    """LeNet-5 (LeCun et al., 1998) with 28×28 digits: 61,706 parameters, 416,520 multiply-adds."""
    result = checked(
        {
            "data": ("Input", {"dataset": "mnist"}),
            "c1": ("Conv2d", {"out_channels": 6, "kernel_size": 5, "padding": 2}),
            "a1": ("Activation", {"function": "tanh"}),
            "s2": ("AvgPool2d", {"kernel_size": 2}),
            "c3": ("Conv2d", {"out_channels": 16, "kernel_size": 5}),
            "s4": ("AvgPool2d", {"kernel_size": 2}),
            "flat": "Flatten",
            "f5": ("Dense", {"out_features": 120}),
            "f6": ("Dense", {"out_features": 84}),
            "out": ("Dense", {"out_features": 10}),
        },
        ["data.x > c1", "c1 > a1", "a1 > s2", "s2 > c3", "c3 > s4", "s4 > flat", "flat > f5", "f5 > f6", "f6 > out"],
    )
    layers = {name: result.nodes[name].parameters for name in ("c1", "c3", "f5", "f6", "out")}
    assert layers == {"c1": 156, "c3": 2416, "f5": 48_120, "f6": 10_164, "out": 850}
    assert result.parameters == 61_706
    macs = {name: result.nodes[name].macs for name in layers}
    assert macs == {"c1": 117_600, "c3": 240_000, "f5": 48_000, "f6": 10_080, "out": 840}
    assert result.nodes["c1"].activation_bytes == 6 * 28 * 28 * 4
    assert result.macs == sum(plan.macs or 0 for plan in result.nodes.values())
    assert result.activation_bytes == sum(plan.activation_bytes or 0 for plan in result.nodes.values())


def test_activations_take_the_bytes_of_the_dtype_of_the_training():
    nodes: dict[str, Any] = {"data": "Input", "d": "Dense", "act": "Activation"}
    wires = ["data.x > d", "d > act"]
    single, double = (checked(nodes, wires, training={"dtype": dtype}) for dtype in ("float32", "float64"))
    assert [single.nodes[name].activation_bytes for name in ("d", "act")] == [32, 32]
    assert [double.nodes[name].activation_bytes for name in ("d", "act")] == [64, 64]


def test_totals_are_unknown_while_anything_is():
    known, unknown = checked({"d": "Dense"}), checked({"data": "Input", "d": "Dense"}, ["data.x > d"])
    assert counts(known) == (0, None, None)
    assert counts(unknown) == (24, 16, (2 + 1 + 8) * 4)


def test_long_chains_and_many_diamonds_are_planned_node_by_node():
    """No recursion, and each node once."""
    for made in (chain(10_000), diamonds(50), diamonds(1000)):
        result = check(made, facts)
        assert result.problems == ()
        assert result.replanned == len(made.graph) == len(result.order)


def test_a_wire_that_closes_a_long_loop_plans_each_block_once_at_most():
    """One of 9,000 blocks, found as a check from scratch finds it."""
    made = chain(10_000)
    closed, touched = edits.connect(made, Wire("n9499", "out", "n500", "in"))
    again = check(closed, facts, check(made, facts), touched)
    assert again == replace(check(closed, facts), replanned=again.replanned)
    assert again.replanned <= len(made.graph)
    assert len(again.nodes) - len(again.order) == 9000


def test_an_edit_is_planned_as_far_as_it_reaches():
    made = chain(1000)
    result = check(made, facts)
    graph, touched = made.graph.set_params("n500", {"weight_init": "zeros"})
    again = check(replace(made, graph=graph), facts, result, touched)
    assert again.replanned == 1, "the shape stays the same"
    graph, touched = made.graph.set_params("first", {"out_features": 9})
    again = check(replace(made, graph=graph), facts, result, touched)
    assert again.replanned == 3, "the layer, its activation, and the next layer, which puts out the same as before"


def test_planning_the_same_again_plans_nothing():
    made = diamonds(20)
    result = check(made, facts)
    again = check(made, facts, result, frozenset())
    assert again == replace(result, replanned=0)
