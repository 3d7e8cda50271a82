"""Whatever stands in a project, `check` answers; nothing is raised and no block falls over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.block import registry
from engine.facts import FactsCache
from engine.frozen import FrozenDict
from engine.graph import Graph, Node, Project, Wire
from engine.plan import check
from engine.settings import TRAINING
from tests.engine.graphs import project

KINDS = sorted(registry())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 40)
    | st.sampled_from([10**12, -(10**12), 2**63, 10**400, -(10**400)])
    | st.floats()
    | st.sampled_from(["same", "mean", "none", "mse", "tanh", "iris", "inline", "data", "a", ""])
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def nodes(draw, node_id):
    kind = draw(st.sampled_from([*KINDS, "Group", "Nothing"]))
    names = (
        [*registry()[kind].params] if kind in registry() else ["group", "repeat", "share_with", "share_across_repeats"]
    )
    params = draw(st.dictionaries(st.sampled_from([*names, "unknown"]), VALUES, max_size=4))
    frozen = draw(st.frozensets(st.sampled_from(["weight", "bias", "nothing"]), max_size=2))
    return Node(node_id, kind, FrozenDict(params), frozen, bypass=draw(st.integers(0, 5)) == 0)


@st.composite
def projects(draw):
    ids = ["data", "a", "b", "c", "d", "e"][: draw(st.integers(1, 6))]
    graph = Graph().add(
        Node(
            "data", "Input", FrozenDict(draw(st.sampled_from([{}, {"dataset": "fashion-mnist"}, {"dataset": "iris"}])))
        )
    )[0]
    graph = graph.add(*(draw(nodes(name)) for name in ids[1:]))[0]
    ports = st.sampled_from(["in", "a", "b", "prediction", "target"])
    for name in ids[1:]:
        source = draw(st.sampled_from(ids))
        port = "x" if source == "data" else "out"
        graph = graph.connect(Wire(source, port, name, draw(ports)))[0]
    for _ in range(draw(st.integers(0, 3))):
        wire = Wire(
            draw(st.sampled_from(ids)),
            draw(st.sampled_from(["out", "x", "y"])),
            draw(st.sampled_from(ids)),
            draw(ports),
        )
        graph = graph.connect(wire)[0]
    parameters = draw(
        st.dictionaries(st.sampled_from(["a.weight", "b.bias", "z.weight", "weight", "", "."]), VALUES, max_size=3)
    )
    training = draw(
        st.dictionaries(
            st.sampled_from([*TRAINING, "schedule", "early_stopping", "betas", "objective", "phases", "more"]),
            VALUES,
            max_size=4,
        )
    )
    shell = project(
        {}, parameters={key: FrozenDict({"": value})[""] for key, value in parameters.items()}, training=training
    )
    return Project(graph=graph, parameters=shell.parameters, training=shell.training)


@given(projects())
def test_check_answers_whatever_the_project(made):
    result = check(made, FactsCache().lookup)
    assert set(result.nodes) == set(made.graph.nodes)
    assert len(result.order) == len(made.graph) or any(problem.code == "G02" for problem in result.problems)
    for problem in result.problems:
        assert problem.message.endswith((".", "?", "…")), problem
        assert problem.code != "G19", problem
        assert problem.node is None or problem.node in result.nodes
    unknown = [path for path in result.order if result.nodes[path].recipe is None]
    blamed = any(problem.severity == "error" or problem.code == "D00" for problem in result.problems)
    assert blamed or not unknown, "something is unknown, but nothing says why"
    if result.trainable:
        assert not unknown
        assert result.phases


@given(st.lists(VALUES, max_size=3), VALUES)
def test_phases_are_read_whatever_they_are(phases, objective):
    made = project({"l": "Loss"}, training={"phases": phases, "objective": objective})
    for problem in check(made, FactsCache().lookup).problems:
        assert problem.code != "G19"
