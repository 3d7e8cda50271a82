"""The small controls, used with mouse and keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip

from gui import colormaps
from gui.colors import DARK
from gui.theme import theme
from gui.widgets import (
    Card,
    ElidedLabel,
    EmptyState,
    IntEdit,
    LegendEntry,
    NumberEdit,
    ScaleBar,
    SearchField,
    Section,
    Segmented,
    Switch,
    plain_tooltip,
    text_label,
)

Key = Qt.Key


@pytest.fixture
def shown(qtbot):
    theme().set_mode("dark")
    theme().set_reduce_motion(True)

    def show(widget):
        qtbot.addWidget(widget)
        widget.show()
        return widget

    yield show
    theme().set_reduce_motion(None)
    theme().set_mode("system")


# --- choices ---


def test_segments_by_mouse_and_keyboard(shown, qtbot):
    chooser = shown(Segmented([("operation", "operation"), ("sample", "sample"), ("batch", "batch")], "sample"))
    got: list[str] = []
    chooser.changed.connect(got.append)
    assert chooser.value() == "sample"
    qtbot.mouseClick(chooser.button("batch"), Qt.MouseButton.LeftButton)
    for key in (Key.Key_Right, Key.Key_Left, Key.Key_Home, Key.Key_Left, Key.Key_End):
        qtbot.keyClick(chooser, key)
    assert got == ["batch", "sample", "operation", "batch"]
    chooser.set_value("sample")
    assert len(got) == 4
    tab_stops = [
        key for key in ("operation", "sample", "batch") if chooser.button(key).focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert tab_stops == ["sample"]
    with pytest.raises(KeyError):
        chooser.set_value("epoch")


def test_segments_skip_what_is_disabled(shown, qtbot):
    chooser = shown(Segmented([("a", "a"), ("b", "b"), ("c", "c")], "a"))
    chooser.button("b").setEnabled(False)
    qtbot.keyClick(chooser, Key.Key_Right)
    assert chooser.value() == "c"


def test_switch(shown, qtbot):
    switch = shown(Switch("Log axis"))
    off = switch.grab().toImage()
    with qtbot.waitSignal(switch.toggled):
        qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(switch.width() - 3, 5))
    assert switch.isChecked()
    assert switch.grab().toImage() != off
    switch.setFocus()
    qtbot.keyClick(switch, Key.Key_Space)
    assert not switch.isChecked()
    assert switch.sizeHint().height() >= 24


def test_switch_slides_to_the_same_picture(shown, qtbot):
    still, moving = shown(Switch("", True)), shown(Switch(""))
    theme().set_reduce_motion(False)
    moving.setChecked(True)
    qtbot.waitUntil(lambda: moving.grab().toImage() == still.grab().toImage())


# --- the rest ---


def test_section_folds(shown, qtbot):
    section = shown(Section("Function"))
    inner = QLabel("inside")
    section.body.addWidget(inner)
    qtbot.waitUntil(inner.isVisible)
    open_height = section.sizeHint().height()
    with qtbot.waitSignal(section.toggled) as got:
        qtbot.mouseClick(section.header, Qt.MouseButton.LeftButton)
    assert got.args == [False]
    assert not inner.isVisible()
    assert section.sizeHint().height() < open_height
    section.header.setFocus()
    qtbot.keyClick(section.header, Key.Key_Space)
    assert section.expanded
    assert section.header.height() >= 24


def test_search_field(shown, qtbot):
    field = shown(SearchField("Search blocks"))
    texts: list[str] = []
    moves: list[int] = []
    field.searched.connect(texts.append)
    field.moved.connect(moves.append)
    clear = field.actions()[1]
    assert not clear.isVisible()
    qtbot.keyClicks(field, " de")
    assert texts == ["", "d", "de"]
    assert clear.isVisible()
    qtbot.keyClick(field, Key.Key_Down)
    qtbot.keyClick(field, Key.Key_Up)
    assert moves == [1, -1]
    qtbot.keyClick(field, Key.Key_Escape)
    assert field.text() == ""
    clear.trigger()
    assert not clear.isVisible()


def test_empty_state(shown, qtbot):
    pressed = []
    state = shown(EmptyState("chart", "Loss", "Press Play.", ("Play", lambda: pressed.append(1))))
    qtbot.mouseClick(state.findChild(QPushButton), Qt.MouseButton.LeftButton)
    assert pressed == [1]
    mark = next(label for label in state.findChildren(QLabel) if not label.pixmap().isNull())
    before = mark.pixmap().toImage()
    theme().set_mode("light")
    assert mark.pixmap().toImage() != before
    state.set_text("Still nothing")
    assert [label.text() for label in state.findChildren(QLabel) if label.text() and label.isVisible()] == [
        "Still nothing"
    ]
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in state.findChildren(QLabel) if label.text())


def test_elided_label_tells_all_on_hover_only_when_cut(shown, qtbot):
    label = shown(ElidedLabel("a rather long name <b>of</b> a block"))
    label.resize(400, 20)
    assert not label.elided
    label.resize(60, 20)
    assert label.elided
    assert label.minimumSizeHint().width() < 60
    where = QPoint(5, 5)
    QApplication.sendEvent(label, QHelpEvent(QHelpEvent.Type.ToolTip, where, label.mapToGlobal(where)))
    assert "&lt;b&gt;of&lt;/b&gt;" in QToolTip.text()
    QToolTip.hideText()


def test_tool_tips_and_labels_never_take_text_for_markup(qapp):
    assert plain_tooltip("") == ""
    assert "<img" not in plain_tooltip("<img src=x>")
    assert text_label("<b>").textFormat() == Qt.TextFormat.PlainText
    card = Card("warning", "<b>")
    title = card.findChild(QLabel)
    assert title is not None
    assert title.textFormat() == Qt.TextFormat.PlainText


def test_legend_entry(shown, qtbot):
    entry = shown(LegendEntry("validation", "validation", dashed=True, value="0.0573"))
    narrow = entry.sizeHint().width()
    entry.set_value("0.05731")
    assert entry.sizeHint().width() > narrow
    drawn = entry.grab().toImage()
    with qtbot.waitSignal(entry.toggled):
        qtbot.mouseClick(entry, Qt.MouseButton.LeftButton)
    assert entry.grab().toImage() != drawn
    entry.setChecked(True)
    image = entry.grab().toImage()
    row = [image.pixelColor(x, image.height() // 2).name() for x in range(2, 20)]
    assert DARK.validation in row
    assert len({name == DARK.validation for name in row}) == 2  # dashes and gaps


def test_scale_bar_shows_its_table(shown):
    bar = shown(ScaleBar("weight", colormaps.diverging(DARK), "-1", "1"))
    image: QImage = bar.grab().toImage()
    seen = [image.pixelColor(x, image.height() // 2) for x in range(image.width())]
    for wanted in map(QColor, (DARK.negative, DARK.plot, DARK.positive)):
        distances = [abs(it.red() - wanted.red()) + abs(it.blue() - wanted.blue()) for it in seen]
        assert min(distances) < 12
    assert bar.accessibleName() == "weight: -1 … 1"


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_controls_share_a_height_and_are_easily_hit(shown, scale):
    theme().set_text_scale(scale)
    heights = {
        type(widget).__name__: shown(widget).sizeHint().height()
        for widget in (QPushButton("x"), NumberEdit(1.0), IntEdit(1), SearchField("x"), Segmented([("a", "a")]))
    }
    theme().set_text_scale(1.0)
    if scale == 1.0:
        assert set(heights.values()) == {28}
    assert all(22 * scale <= height <= 28 * scale for height in heights.values()), heights
    assert min(shown(widget).sizeHint().height() for widget in (Switch("x"), LegendEntry("x", "text"))) >= 24
