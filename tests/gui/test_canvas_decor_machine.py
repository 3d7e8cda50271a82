"""Random work with frames and notes: canvas and document agree at every step, and undoing everything leads back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtWidgets import QApplication

from engine import decorations, files
from engine.graph import Project
from gui.canvas.carrying import Load
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from tests.helpers.canvas import small_net

number = st.integers(0, 10_000)


class Decorating(RuleBasedStateMachine):
    """Through the commands that menus, keys and gestures call."""

    view: CanvasView

    @initialize(empty=st.booleans())
    def begin(self, empty: bool) -> None:
        self.start = Project() if empty else small_net()
        self.document = Document(self.start)
        self.view = CanvasView(self.document, Selection())
        self.view.resize(900, 600)

    @property
    def decor(self):
        return self.view.items_.decor

    def pick(self, index: int) -> str | None:
        names = sorted(self.decor.items)
        return names[index % len(names)] if names else None

    # -- rules --

    @rule(chosen=st.lists(number, max_size=3), blocks=st.lists(number, max_size=3))
    def choose(self, chosen: list[int], blocks: list[int]) -> None:
        self.decor.choose({name for index in chosen if (name := self.pick(index)) is not None})
        nodes = sorted(self.view.items_.blocks)
        self.view.stage.selection.set({nodes[index % len(nodes)] for index in blocks} if nodes else ())

    @rule()
    def frame(self) -> None:
        self.view.decor_commands.frame_selection()
        self.view.decor_editor.leave()

    @rule(x=st.integers(-400, 1200), y=st.integers(-300, 800), text=st.text(max_size=20))
    def note(self, x: int, y: int, text: str) -> None:
        self.view.decor_commands.add_note(QPointF(x, y))
        self.view.decor_editor.page.setPlainText(text)
        self.view.decor_editor.commit()

    @rule(index=number, text=st.text(max_size=12))
    def rewrite(self, index: int, text: str) -> None:
        name = self.pick(index)
        if name is not None:
            self.view.decor_commands.write(name, text)

    @rule(dx=st.integers(-300, 300), dy=st.integers(-300, 300), dropped=st.booleans())
    def carry(self, dx: int, dy: int, dropped: bool) -> None:
        load = Load(self.view.items_, self.view.commands.chosen, self.decor.chosen)
        load.show(QPointF(dx, dy))
        project = load.arrived()
        if dropped and project is not None:
            self.document.edit("carry", project, moved=frozenset(load.blocks))
        else:
            load.settle()

    @rule(index=number, width=st.integers(100, 900), height=st.integers(80, 700))
    def resize(self, index: int, width: int, height: int) -> None:
        name = self.pick(index)
        if name is not None:
            item = self.decor.items[name]
            self.decor.reshape(
                name, QRectF(item.area.topLeft(), QPointF(item.area.x() + width, item.area.y() + height))
            )
            shaped = replace(item.decoration, width=float(width), height=float(height))
            self.document.edit("resize", decorations.put(self.document.project, shaped))

    @rule(color=st.sampled_from(decorations.COLORS))
    def recolor(self, color: str) -> None:
        self.view.decor_commands.color(color)

    @rule(name=st.sampled_from(["delete", "duplicate", "cut", "copy", "paste", "select_all", "select_none"]))
    def command(self, name: str) -> None:
        if len(self.decor.items) < 40 or name not in ("duplicate", "paste"):
            getattr(self.view.commands, name)()

    @rule(columns=st.integers(-1, 1), rows=st.integers(-1, 1))
    def nudge(self, columns: int, rows: int) -> None:
        self.view.commands.nudge(columns, rows)

    @rule()
    def undo(self) -> None:
        self.document.undo_stack.undo()

    @rule()
    def redo(self) -> None:
        self.document.undo_stack.redo()

    # -- what holds at every step --

    @invariant()
    def canvas_and_document_agree(self) -> None:
        if not hasattr(self, "view"):
            return
        wanted = decorations.decorations(self.document.project.layout)
        shown = {name: item.decoration for name, item in self.decor.items.items()}
        assert shown == wanted
        for name, item in wanted.items():
            area = self.decor.items[name].area
            assert (area.x(), area.y(), area.width(), area.height()) == (item.x, item.y, item.width, item.height)
        assert self.decor.chosen <= set(wanted)
        for name, block in self.view.items_.blocks.items():
            place = self.document.project.layout.nodes.get(name)
            assert place is None or (block.x(), block.y()) == place
        assert files.loads(files.dumps(self.document.project)).layout == self.document.project.layout

    def teardown(self) -> None:
        if not hasattr(self, "view"):
            return
        stack = self.document.undo_stack
        while stack.canUndo():
            stack.undo()
        self.canvas_and_document_agree()
        assert self.document.project == self.start
        self.view.close()
        self.view.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_random_work_with_frames_and_notes_can_be_undone(qtbot):
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Decorating,
        settings=settings(
            max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
