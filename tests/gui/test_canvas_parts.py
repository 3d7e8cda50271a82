"""The parts of the canvas that need no window: layout, search, faces, fitting, curves, snapping."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF

from engine.block import registry
from engine.facts import FactsCache
from engine.graph import Graph, Node, Project, Wire
from engine.plan import check
from gui.canvas.face import make_face, problems_by_node
from gui.canvas.fitting import path_back, reached
from gui.canvas.fuzzy import offers
from gui.canvas.geometry import block_height, corners_of, distance_from, port_heights, wire_path
from gui.canvas.placing import free_place
from gui.canvas.snapping import Snapping
from gui.canvas.synonyms import MEANT, elsewhere
from gui.fixes import fix_label
from tests.helpers.canvas import small_net

Size = tuple[float, float]


def same_size(_: str) -> Size:
    return (160.0, 56.0)


def graph_of(count: int, wires: list[tuple[int, int]]) -> Graph:
    graph, _ = Graph().add(*(Node(f"n{index}", "Add") for index in range(count)))
    return graph.connect(*(Wire(f"n{start}", "out", f"n{end}", "in") for start, end in wires))[0]


def boxes(places: dict[str, tuple[float, float]]) -> list[QRectF]:
    return [QRectF(x, y, *same_size("")) for x, y in places.values()]


# -- search --


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("dense", "Dense"),
        ("linear", "Dense"),
        ("cnv2", "Conv2d"),
        ("conv2", "Conv2d"),
        ("relu", "Activation"),
        ("sigm", "Activation"),
        ("max pool", "MaxPool2d"),
        ("bn", "BatchNorm2d"),
        ("residual", "Add"),
        ("mnist", "Input"),
        ("cross entropy", "Loss"),
        ("DROP", "Dropout"),
    ],
)
def test_people_find_blocks_by_the_words_they_know(query: str, kind: str) -> None:
    assert offers(query, registry().values())[0].block.kind == kind


@pytest.mark.parametrize(
    ("query", "title", "params"),
    [
        ("tanh", "Activation – tanh", {"function": "tanh"}),
        ("sigmoid", "Activation – sigmoid", {"function": "sigmoid"}),
        ("leaky relu", "Activation – leaky_relu", {"function": "leaky_relu"}),
        ("LeakyReLU", "Activation – leaky_relu", {"function": "leaky_relu"}),
        ("relu", "Activation – relu", {}),
        ("activation tanh", "Activation – tanh", {"function": "tanh"}),
        ("cross entropy", "Loss – cross_entropy", {"function": "cross_entropy"}),
        ("cross_entropy", "Loss – cross_entropy", {"function": "cross_entropy"}),
        ("mse", "Loss – mse", {}),
        ("spiral", "Input – Spiral", {}),
        ("fashion", "Input – Fashion-MNIST", {"dataset": "fashion-mnist"}),
        ("xavier?", "Conv2d – Xavier uniform", {"weight_init": "xavier_uniform"}),
        ("dense xavier normal", "Dense – Xavier normal", {"weight_init": "xavier_normal"}),
        ("dense", "Dense", {}),
        ("x", "Input", {}),
    ],
)
def test_a_choice_that_is_typed_is_offered_with_its_block(query: str, title: str, params: dict[str, str]) -> None:
    best = offers(query, registry().values())[0]
    assert (best.title, dict(best.params)) == (title, params)


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("den", {"Dense"}),
        ("po", {"MaxPool2d", "AvgPool2d", "GlobalAvgPool", "Power"}),
        ("norm", {"BatchNorm1d", "BatchNorm2d", "GroupNorm", "LayerNorm"}),
        ("drop", {"Dropout", "Dropout2d"}),
        ("tanh", {"Activation"}),
    ],
)
def test_nothing_far_fetched_stands_among_what_is_obvious(query: str, kinds: set[str]) -> None:
    assert {offer.block.kind for offer in offers(query, registry().values())} == kinds


def test_an_empty_search_lists_everything_beginners_first() -> None:
    found = [offer.block for offer in offers("", registry().values())]
    assert {block.kind for block in found} == set(registry())
    flags = [block.beginner for block in found]
    assert flags == sorted(flags, reverse=True)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("dnese", "Dense"),
        ("cnov", "Conv2d"),
        ("inptu", "Input"),
        ("batchnrom", "BatchNorm2d"),
        ("relo", "Activation – relu"),
        ("sofmtax", "Activation – softmax"),
        ("dense xaveir", "Dense – Xavier uniform"),
        ("ｄｅｎｓｅ", "Dense"),  # as an input method for Chinese or Japanese writes it
    ],
)
def test_a_slip_of_the_finger_is_forgiven_where_nothing_else_matches(query: str, title: str) -> None:
    assert title in [offer.title for offer in offers(query, registry().values())][:2]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("fc", "Dense"),
        ("nn.Linear", "Dense"),
        ("bn", "BatchNorm2d"),
        ("torch.nn.BatchNorm1d", "BatchNorm1d"),
        ("conv2d", "Conv2d"),
        ("maxpool", "MaxPool2d"),
        ("ce", "Loss – cross_entropy"),
        ("xent", "Loss – cross_entropy"),
        ("CrossEntropyLoss", "Loss – cross_entropy"),
        ("bce", "Loss – bce_with_logits"),
        ("mae", "Loss – l1"),
        ("smooth_l1", "Loss – huber"),
        ("lrelu", "Activation – leaky_relu"),
        ("swish", "Activation – silu"),
        ("logistic", "Activation – sigmoid"),
    ],
)
def test_usual_abbreviations_find_what_they_stand_for(query: str, title: str) -> None:
    assert offers(query, registry().values())[0].title == title


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sgd", "inspector"),
        ("Adam", "inspector"),
        ("learning_rate", "inspector"),
        ("batch size", "inspector"),
        ("lstm", "Conv1d"),
        ("gru", "Conv1d"),
        ("embedding", "no block"),
    ],
)
def test_what_is_no_block_is_told_instead_of_something_far_fetched(query: str, told: str) -> None:
    assert offers(query, registry().values()) == []
    assert told in elsewhere(query)


def test_every_synonym_finds_something() -> None:
    for query in MEANT:
        assert offers(query, registry().values()), query


def test_nonsense_finds_nothing() -> None:
    for query in ("qqqq", "xq", "xyzzy", "dzzse", "dense qqqq"):
        assert offers(query, registry().values()) == []


# -- faces --


def test_equal_plans_make_equal_faces() -> None:
    project = small_net()
    facts = FactsCache(None)
    one, other = check(project, facts.lookup), check(project, facts.lookup)
    for node in project.graph.ordered_nodes():
        faces = [
            make_face(project.graph, node, result.nodes.get(node.id), problems_by_node(result).get(node.id, ()))
            for result in (one, other)
        ]
        assert faces[0] == faces[1]


def test_a_face_can_be_made_without_a_plan() -> None:
    project = small_net()
    face = make_face(project.graph, project.graph.node("loss"), None, ())
    assert [port.name for port in face.inputs] == ["prediction", "target"]


def test_problems_inside_groups_are_shown_at_the_group() -> None:
    from dataclasses import replace

    from engine.problem import Problem

    result = check(Project(), FactsCache(None).lookup)
    inner = Problem("error", "G03", "res.0.conv", "in", "wrong")
    told = replace(result, problems=(inner, Problem("info", "D00", "res", None, "reading")))
    assert problems_by_node(told) == {"res": (inner,)}
    assert fix_label(replace(inner, fix=("insert", "Flatten", ()))) == ""
    assert fix_label(replace(inner, node="res", fix=("insert", "Flatten", ()))) == "Insert Flatten"
    assert fix_label(replace(inner, node="conv", fix=("set", "kernel_size", (3, 3)))) == "Set kernel_size to 3 × 3"


# -- wires --


def test_what_is_reached_has_a_way_back() -> None:
    graph = graph_of(5, [(0, 1), (1, 2), (2, 3), (0, 4)])
    cause = reached(graph, "n1", "out")
    assert set(cause) == {"n1", "n2", "n3"}
    assert path_back(cause, "n3") == ["n1", "n2", "n3"]
    assert set(reached(graph, "n2", "in")) == {"n2", "n1", "n0"}


@given(*(st.floats(-2000, 2000) for _ in range(4)))
def test_wires_begin_and_end_at_their_ports_level(x1: float, y1: float, x2: float, y2: float) -> None:
    path = wire_path(QPointF(x1, y1), QPointF(x2, y2))
    assert path.pointAtPercent(0) == QPointF(x1, y1)
    assert path.pointAtPercent(1) == QPointF(x2, y2)
    first, last = path.elementAt(1), path.elementAt(path.elementCount() - 2)
    assert (first.y, last.y) == (y1, y2)
    assert first.x > x1
    assert last.x < x2
    assert distance_from(corners_of(path), path.pointAtPercent(0.5)) < 1.0


def test_a_wire_runs_through_its_bends() -> None:
    path = wire_path(QPointF(0, 0), QPointF(300, 0), ((100.0, 80.0), (200.0, -80.0)))
    assert distance_from(corners_of(path), QPointF(100, 80)) < 0.5
    assert distance_from(corners_of(path), QPointF(200, -80)) < 0.5


def test_distance_is_that_of_the_nearest_point() -> None:
    path = wire_path(QPointF(0, 0), QPointF(400, 0))
    assert distance_from(corners_of(path), QPointF(200, 30)) == pytest.approx(30, abs=0.1)
    assert distance_from(corners_of(path), QPointF(-30, 40)) == pytest.approx(50, abs=0.1)


# -- places --


@pytest.mark.parametrize("ports", range(27))
def test_ports_lie_within_their_block(ports: int) -> None:
    height = block_height(ports, 1, thumbnail=False)
    assert height % 8 == 0
    rows = port_heights(ports)
    assert len(rows) == ports
    assert all(0 < y < height - 8 for y in rows)
    assert all(later - earlier >= 20 for earlier, later in itertools.pairwise(rows))


def test_a_free_place_is_free() -> None:
    taken = [QRectF(0, 0, 160, 56), QRectF(0, 80, 160, 56)]
    place = free_place(QPointF(4, 4), (160, 56), lambda area: any(area.intersects(box) for box in taken))
    assert not any(QRectF(place.x(), place.y(), 160, 56).intersects(box) for box in taken)
    assert (place.x() % 8, place.y() % 8) == (0, 0)


def test_snapping_prefers_a_neighbours_edge_to_the_grid() -> None:
    snapping = Snapping([QRectF(100, 3, 160, 56), QRectF(5000, 203, 160, 56)])
    shift, guides = snapping.snap(QRectF(300, 5, 160, 56), 1.0)
    assert shift == QPointF(4, -2)
    assert len(guides) == 1
    shift, guides = snapping.snap(QRectF(300, 30, 160, 56), 1.0)
    assert shift == QPointF(4, 2)
    assert guides == ()
    shift, guides = snapping.snap(QRectF(300, 201, 160, 56), 1.0)
    assert shift == QPointF(4, -1)
    assert guides == ()
    shift, guides = snapping.snap(QRectF(300, 33, 160, 56), 0.2)
    assert shift == QPointF(4, -30)
    assert len(guides) == 1
