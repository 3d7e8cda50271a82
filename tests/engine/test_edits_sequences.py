"""Any sequence of edits keeps a document in order."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine import edits, files
from engine.block import registry
from engine.graph import Wire
from engine.names import fresh_id
from engine.param import Refs
from engine.problem import GraphError
from tests.helpers.random_projects import projects


class Sequences(RuleBasedStateMachine):
    """Any sequence of edits keeps the document in order and can be undone by going back."""

    @initialize(project=projects())
    def begin(self, project):
        self.project = self.first = project
        self.history = [project]

    def take(self, edited) -> None:
        self.project = edited[0]
        self.history.append(self.project)

    def some(self, data) -> str:
        return data.draw(st.sampled_from(sorted(self.project.graph.nodes)))

    @rule(kind=st.sampled_from(sorted(registry())))
    def add(self, kind):
        self.take(edits.add_node(self.project, kind, (0.0, 0.0)))

    @rule(data=st.data(), base=st.text(max_size=5))
    def rename(self, data, base):
        if len(self.project.graph):
            old = self.some(data)
            self.take(edits.rename_node(self.project, old, fresh_id(base, self.project.graph.nodes)))

    @rule(data=st.data())
    def remove(self, data):
        if len(self.project.graph):
            self.take(edits.remove_nodes(self.project, {self.some(data), self.some(data)}))

    @rule(data=st.data(), replacing=st.booleans())
    def connect(self, data, replacing):
        if len(self.project.graph):
            wire = Wire(self.some(data), "out", self.some(data), data.draw(st.sampled_from(["in", "a", "target"])))
            self.take(edits.connect(self.project, wire, replacing=replacing))

    @rule(data=st.data())
    def heal(self, data):
        if len(self.project.graph):
            self.take(edits.heal(self.project, [self.some(data)]))

    @rule(data=st.data())
    def insert(self, data):
        wires = self.project.graph.wires()
        if wires:
            try:
                self.take(edits.insert_on_wire(self.project, self.some(data), data.draw(st.sampled_from(wires))))
            except GraphError as error:
                assert error.code == "G23"  # noqa: PT017 - refusing is lawful, too

    @rule(data=st.data())
    def duplicate(self, data):
        if 0 < len(self.project.graph) < 20:
            self.take(edits.duplicate(self.project, {self.some(data), self.some(data)}, (10.0, 10.0)))

    @rule(lr=st.floats(1e-9, 1.0), schedule=st.sampled_from(["step", "cosine"]))
    def train(self, lr, schedule):
        self.take(edits.set_training(self.project, {"lr": lr, "schedule": schedule}))

    @invariant()
    def is_in_order(self):
        graph = self.project.graph
        for wire in graph.iter_wires():
            assert wire.from_node in graph
            assert wire.to_node in graph
        for node in graph.nodes.values():
            block = registry().get(node.block)
            for key, param in block.params.items() if block else ():
                assert not isinstance(param, Refs) or isinstance(
                    node.params.get(key, ()), tuple | str | int | float | None
                )
        assert files.loads(files.dumps(self.project)) == self.project

    def teardown(self):
        if hasattr(self, "history"):
            assert self.history[0] == self.first  # no edit changed the values it began with
            assert files.dumps(self.history[0]) == files.dumps(self.first)


TestSequences = Sequences.TestCase
