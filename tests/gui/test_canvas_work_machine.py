"""Random work with mouse and keys, also inside groups: canvas and document agree, and undo leads all the way back."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from engine import decorations, edits, files
from engine.block import registry
from engine.facts import FactsCache
from engine.graph import Project
from engine.plan import check
from gui.canvas.frames import FrameItem
from gui.canvas.swapping import replace_block
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from gui.theme import theme
from tests.gui.test_groups import network
from tests.helpers.agreement import assert_agree, assert_at_rest, living
from tests.helpers.canvas import MIDDLE, Easel, make_easel
from tests.helpers.choosing import NO_KEYS, AtACanvas

KEY, CTRL, SHIFT, ALT = (
    Qt.Key,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE", "") in ("nightly", "thorough")
KINDS = ("Dense", "Activation", "Add", "Dropout", "Conv2d", "Loss", "Input", "Flatten", "Concat")
ALIGNING = (
    *((key, CTRL | SHIFT) for key in (KEY.Key_Left, KEY.Key_Right, KEY.Key_Up, KEY.Key_Down)),
    *((key, CTRL | ALT) for key in (KEY.Key_C, KEY.Key_M, KEY.Key_H, KEY.Key_V, KEY.Key_G)),
)
number = st.integers(0, 10_000)
way = st.tuples(st.integers(-160, 160), st.integers(-160, 160))


class Working(AtACanvas):
    """Someone at a canvas. Numbers choose among what is there."""

    @initialize(empty=st.booleans())
    def begin(self, empty: bool) -> None:
        self.start = Project() if empty else network()
        document, selection = Document(self.start), Selection()
        self.view = CanvasView(document, selection)
        self.view.resize(1280, 720)
        self.view.show()
        self.view.activateWindow()
        QApplication.processEvents()
        self.view.setFocus()
        self.easel = Easel(self.view, document, selection)

    # -- selecting --

    @rule(chosen=st.lists(number, max_size=4), frames=st.lists(number, max_size=2))
    def choose(self, chosen: Sequence[int], frames: Sequence[int]) -> None:
        blocks, decor = self.inner(), sorted(self.view.items_.decor.items)
        self.view.items_.decor.choose({decor[index % len(decor)] for index in frames} if decor else ())
        self.easel.selection.set({blocks[index % len(blocks)] for index in chosen} if blocks else ())

    @rule(index=number, more=st.booleans())
    def click(self, index: int, more: bool) -> None:
        if blocks := sorted(self.view.items_.blocks):
            place = self.view.items_.blocks[blocks[index % len(blocks)]].title_rect().center()
            self.easel.click(self.spot(place), SHIFT if more else NO_KEYS)
            self.leave_fields()

    @rule(x=st.integers(0, 900), y=st.integers(0, 500), size=st.integers(50, 500))
    def band(self, x: int, y: int, size: int) -> None:
        """Or whatever a drag from there does."""
        self.drag(QPoint(x, y), QPoint(x + size, y + size // 2))

    @rule()
    def everything(self) -> None:
        self.key(KEY.Key_A, CTRL)

    # -- blocks --

    @rule(kind=st.sampled_from(KINDS), x=st.integers(0, 1279), y=st.integers(0, 719))
    def drop(self, kind: str, x: int, y: int) -> None:
        if self.room:
            self.easel.drop(kind, QPoint(x, y))

    @rule(query=st.sampled_from(("tanh", "den", "loss mse", "conv", "no such block")))
    def search(self, query: str) -> None:
        if self.room:
            self.view.setFocus()
            self.easel.key(KEY.Key_Tab)
            self.easel.type(query)
            QTest.keyClick(QApplication.focusWidget() or QWidget(), KEY.Key_Return)
            self.leave_fields()

    @rule(index=number, by=way, keys=st.sampled_from((NO_KEYS, CTRL, ALT)), onto=st.none() | number)
    def carry(self, index: int, by: tuple[int, int], keys: Qt.KeyboardModifier, onto: int | None) -> None:
        blocks = sorted(self.view.items_.blocks)
        if not blocks:
            return
        item = self.view.items_.blocks[blocks[index % len(blocks)]]
        at = self.spot(item.title_rect().center())
        target = self.wire(onto) if onto is not None else None
        goal = self.easel.spot(target.middle.x(), target.middle.y()) if target is not None else at + QPoint(*by)
        self.drag(at, goal, keys)

    @rule(index=number, kind=st.sampled_from(sorted(registry())))
    def swap(self, index: int, kind: str) -> None:
        if blocks := self.inner():
            replace_block(self.view.stage, blocks[index % len(blocks)], kind)

    @rule(index=number, value=st.integers(1, 30))
    def set_params(self, index: int, value: int) -> None:
        graph = self.view.level.project.graph
        sized = [name for name in self.inner() if graph.node(name).block in ("Dense", "Conv2d")]
        if sized:
            name = sized[index % len(sized)]
            param = "out_features" if graph.node(name).block == "Dense" else "out_channels"
            self.view.level.edit("set", *edits.set_params(self.view.level.project, name, {param: value}))

    @rule(name=st.sampled_from(("alpha", "beta", "gamma", "not a name")))
    def rename(self, name: str) -> None:
        self.view.setFocus()
        self.easel.key(KEY.Key_F2)
        focus = QApplication.focusWidget()
        if focus is not None and focus is not self.view:
            QTest.keyClick(focus, KEY.Key_A, CTRL)
            QTest.keyClicks(focus, name)
            QTest.keyClick(focus, KEY.Key_Return)
        self.leave_fields()

    @rule(key=st.sampled_from((KEY.Key_Delete, KEY.Key_Backspace)), healing=st.booleans())
    def delete(self, key: Qt.Key, healing: bool) -> None:
        self.key(KEY.Key_Delete if healing else key, CTRL if healing else NO_KEYS)

    @rule(keys=st.sampled_from(((KEY.Key_D, CTRL), (KEY.Key_D, SHIFT))))
    def duplicate(self, keys: tuple[Qt.Key, Qt.KeyboardModifier]) -> None:
        if self.room:
            self.key(*keys)

    @rule(cut=st.booleans())
    def copy(self, cut: bool) -> None:
        self.key(KEY.Key_X if cut else KEY.Key_C, CTRL)

    @rule()
    def paste(self) -> None:
        if self.room:
            self.key(KEY.Key_V, CTRL)

    @rule()
    def mute(self) -> None:
        self.key(KEY.Key_B, CTRL)

    @rule(key=st.sampled_from((KEY.Key_Left, KEY.Key_Right, KEY.Key_Up, KEY.Key_Down)), far=st.booleans())
    def nudge(self, key: Qt.Key, far: bool) -> None:
        self.key(key, SHIFT if far else NO_KEYS)

    # -- wires --

    @rule(one=number, other=number, leave=st.booleans())
    def connect(self, one: int, other: int, leave: bool) -> None:
        start = self.port(one, "out")
        if start is not None:
            # Not brought into view: the first port would move off.
            ends = [
                self.easel.port(name, "in", key[1])
                for name, item in sorted(self.view.items_.blocks.items())
                for key, _ in item.ports()
                if key[0] == "in"
            ]
            if ends:
                self.easel.press(start)
                self.easel.carry(start, ends[other % len(ends)])
                if leave:
                    self.easel.key(KEY.Key_Escape)
                self.easel.release(ends[other % len(ends)])
                self.leave_fields()

    @rule()
    def connect_in_order(self) -> None:
        self.key(KEY.Key_C, SHIFT)

    @rule(index=number, part=st.integers(1, 9))
    def dot(self, index: int, part: int) -> None:
        item = self.wire(index)
        if item is not None:
            self.easel.double_click(self.spot(item.path.pointAtPercent(part / 10)))
            self.leave_fields()

    @rule(index=number, by=way)
    def drag_dot(self, index: int, by: tuple[int, int]) -> None:
        bent = [item for _, item in sorted(self.view.items_.wires.items.items()) if item.dots]
        if bent:
            dots = bent[index % len(bent)].dots
            at = self.spot(QPointF(*dots[index % len(dots)]))
            self.drag(at, at + QPoint(*by))

    @rule(index=number, by=way)
    def pull_end(self, index: int, by: tuple[int, int]) -> None:
        item = self.wire(index)
        if item is not None:
            at = self.spot(item.path.pointAtPercent(0.85))
            self.drag(at, at + QPoint(*by))
            self.leave_fields()

    @rule(index=number, length=st.integers(20, 300))
    def cut_across(self, index: int, length: int) -> None:
        item = self.wire(index)
        if item is not None:
            at = self.spot(item.middle)
            self.drag(at - QPoint(0, length), at + QPoint(0, length), CTRL | SHIFT)

    # -- groups --

    @rule()
    def group(self) -> None:
        self.key(KEY.Key_G, CTRL)

    def uses(self) -> list[str]:
        graph = self.view.level.project.graph
        return [name for name in self.inner() if graph.node(name).block == "Group"]

    @rule(index=number, times=st.integers(1, 3))
    def repeat(self, index: int, times: int) -> None:
        if (uses := self.uses()) and self.room:
            edit = edits.set_params(self.view.level.project, uses[index % len(uses)], {"repeat": times})
            self.view.level.edit("repeat", *edit)

    @rule(index=number)
    def ungroup(self, index: int) -> None:
        if uses := self.uses():
            self.easel.selection.set({uses[index % len(uses)]})
            self.key(KEY.Key_G, CTRL | SHIFT)

    @rule(index=number)
    def open(self, index: int) -> None:
        if uses := self.uses():
            self.easel.selection.set({uses[index % len(uses)]})
            self.key(KEY.Key_Return)

    @rule()
    def leave(self) -> None:
        for _ in range(2):  # what is selected first
            self.key(KEY.Key_Escape)

    @rule(index=number)
    def make_independent(self, index: int) -> None:
        if uses := self.uses():
            self.view.groups.make_independent(uses[index % len(uses)])

    # -- frames, notes, order --

    @rule(title=st.sampled_from(("", "A frame")))
    def frame(self, title: str) -> None:
        if len(self.view.items_.decor.items) < 12:
            self.view.setFocus()
            self.easel.key(KEY.Key_F, CTRL | SHIFT)
            self.easel.type(title)
            self.view.decor_editor.commit()

    @rule(text=st.sampled_from(("", "**A note**")))
    def note(self, text: str) -> None:
        if len(self.view.items_.decor.items) < 12:
            self.view.setFocus()
            self.easel.key(KEY.Key_N, CTRL | SHIFT)
            self.easel.type(text)
            self.view.decor_editor.commit()

    @rule(index=number, by=way, resizing=st.booleans())
    def drag_frame(self, index: int, by: tuple[int, int], resizing: bool) -> None:
        frames = [item for _, item in sorted(self.view.items_.decor.items.items()) if isinstance(item, FrameItem)]
        if frames:
            area = frames[index % len(frames)].area
            title = QRectF(area.topLeft(), frames[index % len(frames)].bar().size()).center()
            at = self.spot(area.bottomRight() if resizing else title)
            self.drag(at, at + QPoint(*by))

    @rule(down=st.booleans())
    def arrange(self, down: bool) -> None:
        self.key(KEY.Key_L, CTRL | SHIFT if down else CTRL)

    @rule(keys=st.sampled_from(ALIGNING))
    def align(self, keys: tuple[Qt.Key, Qt.KeyboardModifier]) -> None:
        self.key(*keys)

    # -- looking, which is not in the history --

    @rule(notches=st.integers(-3, 3), x=st.integers(0, 1279), y=st.integers(0, 719), by=way)
    def look_elsewhere(self, notches: int, x: int, y: int, by: tuple[int, int]) -> None:
        before = self.easel.document.undo_stack.index()
        self.easel.scroll(QPoint(x, y), notches)
        self.easel.drag(QPoint(x, y), QPoint(x, y) + QPoint(*by), button=MIDDLE)
        assert self.easel.document.undo_stack.index() == before

    @rule()
    def fit(self) -> None:
        self.key(KEY.Key_Home)

    # -- time --

    @rule(times=st.integers(1, 6))
    def undo(self, times: int) -> None:
        for _ in range(times):
            self.easel.document.undo_stack.undo()

    @rule(times=st.integers(1, 6))
    def redo(self, times: int) -> None:
        for _ in range(times):
            self.easel.document.undo_stack.redo()

    # -- what always holds --

    @invariant()
    def canvas_and_document_agree(self) -> None:
        if hasattr(self, "easel"):
            assert_agree(self.view)
            assert_at_rest(self.view)

    def teardown(self) -> None:
        if not hasattr(self, "easel"):
            return
        document = self.easel.document
        end, steps = document.project, document.undo_stack.index()
        scratch = check(end, FactsCache(None).lookup)
        assert document.result.problems == scratch.problems
        assert document.result.nodes == scratch.nodes
        assert files.loads(files.dumps(end)).graph == end.graph
        assert decorations.decorations(files.loads(files.dumps(end)).layout) == decorations.decorations(end.layout)
        while document.undo_stack.canUndo():
            document.undo_stack.undo()
            if document.undo_stack.index() % 5 == 0:
                assert_agree(self.view)
        assert document.project == self.start
        assert self.view.level.path == ()
        for _ in range(steps):
            document.undo_stack.redo()
        assert document.project == end
        assert_agree(self.view)
        self.view.close()
        for each in (self.view, document, self.easel.selection):
            each.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def still(qapp):
    theme().set_reduce_motion(True)
    yield
    theme().set_reduce_motion(None)


def test_whatever_is_done_can_be_undone(still, qtbot):
    before = living()
    examples, steps = (200, 100) if THOROUGH else (50, 70)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Working,
        settings=settings(
            max_examples=examples, deadline=None, stateful_step_count=steps, suppress_health_check=list(HealthCheck)
        ),
    )
    assert living() <= before


def test_blocks_that_a_group_does_not_let_go_return_to_their_places(qtbot, said):
    easel = make_easel(qtbot, network())
    easel.selection.set({"lin"})
    easel.key(KEY.Key_G, CTRL)
    easel.key(KEY.Key_Return)
    assert easel.view.level.path
    before, place = easel.document.project, easel.view.items_.blocks["lin"].pos()
    start = easel.block("lin")
    easel.drag(start, start + QPoint(60, 240), ALT)
    assert easel.document.project is before
    assert easel.view.items_.blocks["lin"].pos() == place
    assert len(said()) == 1
