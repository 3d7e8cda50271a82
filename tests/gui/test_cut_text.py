"""No text is cut, elided or written over: in every example, both themes, large type and a small window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStyleOptionGraphicsItem,
    QToolButton,
    QWidget,
)

from engine import assets
from gui.canvas.block_item import BlockItem
from gui.canvas.look import Look
from gui.data_preview import DataPreviewDialog
from gui.main_window import MainWindow
from gui.predictions.panel import PredictionPanel
from gui.theme import Mode, theme
from gui.toasts import ToastArea
from gui.widgets.empty_state import EmptyState
from tests.helpers.cut_text import drawn, drawn_by, faults
from tests.helpers.windows import PATIENCE, open_example, panel_of, play_to_the_end, set_params

EXAMPLES = sorted(path.stem for path in (assets.folder() / "examples").glob("*.chainrule"))
SMALL = (1280, 720)
TITLE = "documentTitle in TransportBar"
"""A document may be named by a whole sentence: its title alone may end in dots, and shows on hover."""


def look_at(window: MainWindow, tabs: int = 0) -> set[str]:
    """What is wrong, with each dock's tab (or so many of them) brought to the front in turn.

    Toasts lie on others, and blocks may.
    """
    skip = [window.canvas.viewport(), *window.findChildren(ToastArea)]
    found: set[str] = set()
    docks = [dock for dock in window.docks.all() if not dock.isHidden()]
    tabs = tabs or max(len(window.tabifiedDockWidgets(dock)) for dock in docks) + 1
    for turn in range(tabs):
        for dock in docks:
            group = sorted([dock, *window.tabifiedDockWidgets(dock)], key=docks.index)
            if group.index(dock) == turn % len(group):
                dock.raise_()
        for _ in range(10):  # data that are read in the background may arrive between layout and look
            settle(window)
            wrong = {fault for fault in faults(window, skip=skip) if TITLE not in fault}
            if not wrong:
                break
        found |= wrong
    return found


def settle(window: MainWindow) -> None:
    """Layouts ask for another round until everything has its place."""
    for _ in range(2):
        QApplication.processEvents()
        window.grab()  # plots measure their axes when they are painted
    QApplication.processEvents()


# -- the checker can fail --


class Painted(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawText(QRectF(0, 0, 40, 20), "painted too wide for its rectangle")


def cut_label(parent: QWidget) -> None:
    QLabel("A label that was given too little", parent).setGeometry(10, 10, 60, 20)


def cut_lines(parent: QWidget) -> None:
    label = QLabel("Several words that need more lines than there are", parent)
    label.setWordWrap(True)
    label.setGeometry(10, 10, 90, 24)


def cut_button(parent: QWidget) -> None:
    QPushButton("Apply it all", parent).setGeometry(10, 10, 50, 28)


def cut_tool(parent: QWidget) -> None:
    button = QToolButton(parent)
    button.setText("Confusion")
    button.setGeometry(10, 10, 40, 28)


def cut_painting(parent: QWidget) -> None:
    Painted(parent).setGeometry(10, 10, 200, 20)


def cut_choice(parent: QWidget) -> None:
    box = QComboBox(parent)
    box.addItem("a_long_name_of_a_loss")
    box.setGeometry(10, 10, 90, 28)


def cut_by_parent(parent: QWidget) -> None:
    QLabel("ok", parent).setGeometry(280, 10, 60, 20)


def over_each_other(parent: QWidget) -> None:
    QLabel("one", parent).setGeometry(10, 10, 60, 20)
    QLabel("two", parent).setGeometry(14, 12, 60, 20)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (cut_label, "is cut"),
        (cut_lines, "is cut"),
        (cut_button, "is cut"),
        (cut_tool, "is elided"),
        (cut_painting, "is cut"),
        (cut_choice, "'a_lo"),
        (cut_by_parent, "is clipped by its parent"),
        (over_each_other, "is written over"),
    ],
)
def test_the_checker_sees(shown, spoil, word):
    theme()
    good = QWidget()
    row = QHBoxLayout(good)
    row.addWidget(QLabel("There is room for this."))
    shown(good, 300, 100)
    assert faults(good) == []
    bad = QWidget()
    spoil(bad)
    shown(bad, 300, 100)
    assert any(word in fault for fault in faults(bad))


def test_the_ink_it_measures_is_the_text_s(shown):
    label = QLabel("Chain")
    shown(label, 200, 40)
    [ink] = drawn_by(label)
    metrics = QFontMetricsF(label.font())
    assert ink.text == "Chain"
    assert ink.place.width() == pytest.approx(metrics.tightBoundingRect("Chain").width())
    assert ink.place.top() == pytest.approx((label.height() - metrics.tightBoundingRect("Chain").height()) / 2, abs=4)


# -- the window --


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_every_example_is_readable(window, mode: Mode):
    theme().set_mode(mode)
    found = {}
    for name in EXAMPLES:
        open_example(window, name)
        found[name] = look_at(window, tabs=2 if mode == "dark" else 1)  # colours do not move what is behind tabs
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(("scale", "size"), [(1.0, (1440, 900)), (1.0, SMALL), (1.6, (1440, 900))])
def test_trained_networks_are_readable(window, qtbot, scale, size):
    window.resize(*size)
    theme().set_text_scale(scale)
    found = {}
    for name in ("spiral", "fashion-cnn", "vanishing-15", "polynomial-fit"):
        open_example(window, name, epochs=1)
        window.document.undo_stack.setClean()
        window.docks.show("lossPlot")
        play_to_the_end(qtbot, window)
        qtbot.waitUntil(lambda: window.panels["lossPlot"].filled, timeout=PATIENCE)
        found[name] = look_at(window)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert (window.width(), window.height()) == size


@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_answers_are_readable(window, qtbot, scale, tmp_path):
    theme().set_text_scale(scale)
    panel = panel_of(window, PredictionPanel)
    picture = QImage(28, 28, QImage.Format.Format_Grayscale8)
    picture.fill(90)
    assert picture.save(str(tmp_path / "grey.png"))
    found = {}
    for name, ask in (
        ("fashion-cnn", lambda: panel.ask_file(str(tmp_path / "grey.png"))),
        ("spiral", lambda: panel.ask_point(-1.234567, 2.0)),
        ("polynomial-fit", panel.ask_row),
    ):
        open_example(window, name)
        window.docks.show("predictions")
        qtbot.waitUntil(lambda: panel.filled, timeout=PATIENCE)
        ask()
        qtbot.waitUntil(lambda: bool(panel.view.rows), timeout=PATIENCE)
        found[name] = look_at(window)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("size", [(1440, 900), SMALL])
@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_an_empty_window_is_readable(window, scale, size):
    theme().set_text_scale(scale)
    window.resize(*size)
    if scale > 1.0 and size == SMALL:  # has no room for everything
        window.docks["inspector"].hide()
    assert look_at(window) == set()


@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_problems_and_long_forms_are_readable(window, scale):
    theme().set_text_scale(scale)
    open_example(window, "fashion-cnn")
    first = next(node.id for node in window.document.project.graph.ordered_nodes() if node.block == "Dense")
    set_params(window, first, out_features=0)
    assert window.document.result.problems
    found = look_at(window)
    for node in window.document.project.graph.ordered_nodes():
        window.selection.show(node.id)
        found |= look_at(window, tabs=1)  # the inspector is in front; what is behind tabs was seen above
    assert found == set()


def test_the_tour_and_the_data_are_readable(window, qtbot):
    open_example(window, "spiral")
    window.tour.begin()
    card = window.findChild(QWidget, "tour")
    for step in range(3):
        settle(window)
        assert window.tour.step == step
        assert [fault for child in card.children() if isinstance(child, QWidget) for fault in faults(child)] == []
        card.show_step(step + 1)
    window.actions_.preview.trigger()
    dialog = window.findChild(DataPreviewDialog)
    qtbot.waitUntil(lambda: dialog.shown is not None, timeout=PATIENCE)
    settle(window)
    assert faults(dialog) == []
    dialog.close()


@pytest.mark.parametrize("size", [(340, 260), (180, 200), (150, 90)])
def test_an_empty_panel_gives_up_its_icon_and_then_scrolls(shown, size):
    words = "While it trains: how much of the error reaches each layer. Pale bars learn next to nothing."
    made = shown(EmptyState("gradient", "Gradients", words), *size)
    QApplication.processEvents()
    assert faults(made) == []


# -- blocks on the canvas --


def block_faults(item: BlockItem) -> list[str]:
    """Texts that leave the body of a block, near or far, and those that touch each other."""
    found = []
    before = item.look.scale
    for scale in (1.0, 0.7, 0.5, 0.36):
        item.look.set_scale(scale)
        inks = drawn(QSize(2000, 2000), lambda painter: item.paint(painter, QStyleOptionGraphicsItem()))
        assert inks
        body = item.body.adjusted(-0.5, -0.5, 0.5, 0.5)
        found += [f"{item.node_id}: {ink.text!r} leaves the block" for ink in inks if not body.contains(ink.place)]
        for index, ink in enumerate(inks):
            over = [other for other in inks[index + 1 :] if ink.place.intersects(other.place)]
            found += [f"{item.node_id}: {ink.text!r} touches {other.text!r}" for other in over]
    item.look.set_scale(before)
    return found


def test_texts_stay_in_their_blocks(window):
    for name in EXAMPLES:
        open_example(window, name)
        settle(window)
        items = [item for item in window.canvas.scene().items() if isinstance(item, BlockItem)]
        assert len(items) == len(window.document.project.graph)
        assert (name, [fault for item in items for fault in block_faults(item)]) == (name, [])


def test_a_block_whose_font_grew_is_noticed(window):
    open_example(window, "xor")
    settle(window)
    item = next(item for item in window.canvas.scene().items() if isinstance(item, BlockItem))
    look = Look()
    look.mono_font = QFont(look.mono_font)
    look.mono_font.setPixelSize(40)
    item.look = look
    assert block_faults(item)
