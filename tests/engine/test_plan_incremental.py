"""Re-checking after an edit gives exactly what checking from scratch gives."""

from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine import edits
from engine.frozen import DROP
from engine.graph import Project, Wire
from engine.names import fresh_id
from engine.plan import changed_since, check
from engine.planning import layers
from engine.problem import GraphError
from engine.result import Result
from tests.engine.graphs import CLASSIFIER, CLASSIFIER_WIRES, facts, group, project

KINDS = ["Input", "Dense", "Dense", "Activation", "Activation", "Add", "Concat", "Flatten", "Dropout", "Conv2d"]
KINDS += ["Reshape", "BatchNorm1d", "Loss", "Regularizer", "Group", "Group", "Nonsense"]
PORTS = ("in", "in", "a", "b", "prediction", "target", "nowhere")
OUTPUTS = ("out", "out", "out", "x", "y", "side")
PARAMS = st.sampled_from(
    [
        {"out_features": 3},
        {"out_features": 1},
        {"out_features": 4},
        {"out_features": 0},
        {"out_feature": 3},
        {"out_features": DROP},
        {"bias": False},
        {"dataset": "iris"},
        {"dataset": "fashion-mnist"},
        {"dataset": "csv"},
        {"dataset": "npz"},
        {"dataset": "spiral"},
        {"inputs": 3},
        {"inputs": 2},
        {"function": "mse"},
        {"function": "tanh"},
        {"function": "cross_entropy"},
        {"blocks": ["hidden"]},
        {"blocks": ["hidden", "group"]},
        {"blocks": []},
        {"group": "Wide"},
        {"group": "Residual"},
        {"group": "Nested"},
        {"group": "Endless"},
        {"group": "Nowhere"},
        {"repeat": 3},
        {"repeat": 1},
        {"repeat": -1},
        {"share_across_repeats": True},
        {"share_across_repeats": False},
        {"share_with": "group"},
        {"share_with": "group2"},
        {"share_with": None},
    ]
)
TRAINING = st.sampled_from(
    [
        {"lr": 0.1},
        {"lr": -1},
        {"epoch": 3},
        {"optimizer": "adam"},
        {"dtype": "float64"},
        {"dtype": "float32"},
        {"objective": ["hidden.out"]},
        {"objective": ["loss.out", "output.nowhere"]},
        {"objective": DROP},
        {"phases": [{"minimise": [{"from": "loss.out"}], "update": ["hidden", "group.0"], "lr": 0.5}]},
        {"phases": [{"maximise": [{"from": "loss.out", "weight": 2}], "update": ["nobody"]}, {"steps": 0}]},
        {"phases": DROP},
    ]
)
GROUPS = {
    "Residual": group(
        {"lin": ("Dense", {"out_features": 4}), "relu": "Activation", "sum": "Add"},
        ["lin > relu", "relu > sum.a"],
        ["in = lin.in", "in = sum.b"],
        ["out = sum.out"],
    ),
    "Wide": group(
        {"left": "Dense", "right": ("Dense", {"out_features": 4})},
        [],
        ["in = left.in", "side = right.in"],
        ["out = left.out", "side = right.out"],
    ),
    "Nested": group(
        {"inner": ("Group", {"group": "Residual", "repeat": 2}), "l2": ("Regularizer", {"blocks": ["inner"]})},
        [],
        ["in = inner.in"],
        ["out = inner.out", "side = l2.out"],
    ),
    "Endless": group({"again": ("Group", {"group": "Endless"})}, [], ["in = again.in"], ["out = again.out"]),
}


def plain(result: Result) -> Result:
    """What has to be equal: everything but the count of work done."""
    return replace(result, replanned=0)


LIMITS = (layers.LARGE, layers.MOST_CHANGES)


class Editing(RuleBasedStateMachine):
    """Random edits of a small network, each checked anew on top of the last check and from scratch."""

    names = st.integers(0, 10_000)

    @initialize(empty=st.booleans(), large=st.booleans())
    def begin(self, empty, large):
        layers.LARGE, layers.MOST_CHANGES = (0, 3) if large else LIMITS  # as thousands of blocks are kept
        start = project({} if empty else CLASSIFIER, [] if empty else CLASSIFIER_WIRES, groups=GROUPS)
        self.project = start
        self.result = check(start, facts)
        self.past: list[tuple[Project, frozenset[str]]] = []

    def pick(self, number):
        ids = sorted(self.project.graph.nodes)
        return ids[number % len(ids)] if ids else None

    def edited(self, new, touched):
        note(f"touched {sorted(touched)}")
        self.past.append((self.project, touched))
        self.project, before = new, self.result
        self.result = check(new, facts, before, touched)
        told = changed_since(self.result, before)
        mine, others = before.nodes, self.result.nodes
        assert {path for path in {*mine, *others} if mine.get(path) != others.get(path)} <= told

    def teardown(self):
        layers.LARGE, layers.MOST_CHANGES = LIMITS

    @rule(kind=st.sampled_from(KINDS), params=PARAMS)
    def add(self, kind, params):
        values = {key: value for key, value in params.items() if value is not DROP}
        new, touched, _ = edits.add_node(self.project, kind, (0.0, 0.0), params=values)
        self.edited(new, touched)

    @rule(start=names, port=st.sampled_from(OUTPUTS), end=names, into=st.sampled_from(PORTS), replacing=st.booleans())
    def connect(self, start, port, end, into, replacing):
        if self.project.graph.nodes:
            wire = Wire(self.pick(start), port, self.pick(end), into)
            self.edited(*edits.connect(self.project, wire, replacing=replacing))

    @rule(number=names)
    def disconnect(self, number):
        wires = self.project.graph.wires()
        if wires:
            self.edited(*edits.disconnect(self.project, [wires[number % len(wires)]]))

    @rule(number=names, onto=names)
    def insert(self, number, onto):
        wires = self.project.graph.wires()
        if wires:
            with suppress(GraphError):  # the block has no input or no output
                self.edited(*edits.insert_on_wire(self.project, self.pick(onto), wires[number % len(wires)]))

    @rule(number=names, params=PARAMS)
    def set_params(self, number, params):
        if self.project.graph.nodes:
            self.edited(*edits.set_params(self.project, self.pick(number), params))

    @rule(number=names, bypass=st.booleans(), frozen=st.sampled_from([(), ("bias",), ("bias", "nothing")]))
    def set_node(self, number, bypass, frozen):
        if self.project.graph.nodes:
            changes = {"bypass": bypass, "frozen": frozenset(frozen)}
            self.edited(*edits.set_node(self.project, self.pick(number), **changes))

    @rule(number=names)
    def remove(self, number):
        if self.project.graph.nodes:
            self.edited(*edits.remove_nodes(self.project, [self.pick(number)]))

    @rule(number=names, base=st.sampled_from(["hidden", "group", "alpha"]))
    def rename(self, number, base):
        if self.project.graph.nodes:
            new = fresh_id(base, self.project.graph.nodes)
            self.edited(*edits.rename_node(self.project, self.pick(number), new))

    @rule(numbers=st.lists(names, min_size=1, max_size=4))
    def duplicate(self, numbers):
        if self.project.graph.nodes:
            fragment = edits.fragment_of(self.project, {self.pick(number) for number in numbers})
            new, touched, _ = edits.paste(self.project, fragment, (10.0, 10.0))
            self.edited(new, touched)

    @rule(number=names)
    def heal(self, number):
        if self.project.graph.nodes:
            self.edited(*edits.heal(self.project, [self.pick(number)]))

    @rule(changes=TRAINING)
    def train(self, changes):
        self.edited(*edits.set_training(self.project, changes))

    @rule(
        owner=st.sampled_from(["hidden", "group.0.lin", "group.lin", "nobody"]),
        value=st.sampled_from([(0.5,), ((1.0, 2.0),) * 4, "x", DROP]),
    )
    def start_value(self, owner, value):
        self.edited(*edits.set_parameters(self.project, {f"{owner}.weight": value}))

    @rule()
    def undo(self):
        if self.past:
            self.project, touched = self.past.pop()
            self.result = check(self.project, facts, self.result, touched)

    @rule(name=st.sampled_from(sorted(GROUPS)), other=st.sampled_from(sorted(GROUPS)))
    def redefine_group(self, name, other):
        groups = self.project.groups.insert(name, GROUPS[other])
        self.edited(replace(self.project, groups=groups), frozenset())

    @invariant()
    def same_as_from_scratch(self):
        if not hasattr(self, "project"):
            return
        scratch = plain(check(self.project, facts))
        now = plain(self.result)
        for name in ("order", "problems", "nodes", "objectives", "phases", "live"):
            assert getattr(now, name) == getattr(scratch, name), name
        assert now == scratch

    @rule()
    def look_for_differences(self):
        """Without being told what was touched."""
        if self.past:
            before, _ = self.past[0]
            again = check(self.project, facts, check(before, facts))
            assert plain(again) == plain(check(self.project, facts))


TestEditing = Editing.TestCase
TestEditing.settings = settings(stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_a_layered_table_reads_as_a_dict(monkeypatch):
    monkeypatch.setattr(layers, "LARGE", 0)
    monkeypatch.setattr(layers, "MOST_CHANGES", 2)
    plain = {"a": 1, "b": 2, "c": 3}
    table = layers.branched(plain)
    versions = [(table, dict(plain))]
    for step, (key, value) in enumerate(
        [("d", 4), ("b", None), ("a", 7), ("d", None), ("b", 5), ("e", 6), ("a", None)]
    ):
        table, now = layers.branched(table), dict(versions[-1][1])
        for each in (table, now):
            if value is None:
                del each[key]
            else:
                each[key] = value
        versions.append((table, now))
        with pytest.raises(KeyError):
            del table["nobody"]
        assert table.pop("nobody", step) == step
    for table, now in versions:
        assert (dict(table), len(table), set(table.values())) == (now, len(now), set(now.values()))
        assert [table.get(key) for key in "abcde"] == [now.get(key) for key in "abcde"]
        assert [key in table for key in "abcde"] == [key in now for key in "abcde"]
        assert table == now
        assert pickle.loads(pickle.dumps(table)) == now
