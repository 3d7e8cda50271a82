from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication

from engine.block import registry
from gui.canvas.fuzzy import Offer
from gui.canvas.mime import BLOCK_MIME, PARAMS_MIME, put_block, take_block
from gui.palette import Palette, PaletteEntry
from gui.theme import theme
from tests.helpers.mouse import move_mouse

LEFT = Qt.MouseButton.LeftButton
BEGINNERS = {kind for kind, block in registry().items() if block.beginner}


@pytest.fixture
def palette(shown, qtbot) -> Palette:
    palette = shown(Palette(), 200, 800)
    palette.window().activateWindow()
    qtbot.waitUntil(palette.window().isActiveWindow)
    return palette


def entry(palette, kind: str) -> PaletteEntry:
    return palette.findChild(PaletteEntry, f"palette_{kind}")


def test_beginners_see_a_dozen_blocks_first(palette):
    assert set(palette.shown()) == BEGINNERS
    assert 8 <= len(BEGINNERS) <= 16


def test_all_shows_every_block_and_is_remembered(palette, shown, qtbot):
    qtbot.mouseClick(palette.extent.button("all"), LEFT)
    assert set(palette.shown()) == set(registry())
    assert set(shown(Palette(), 200, 800).shown()) == set(registry())


def test_blocks_stand_under_their_category(palette):
    palette.extent.button("all").click()
    column = palette._area.widget().layout()
    heading, found = "", {}
    for index in range(column.count()):
        widget = column.itemAt(index).widget()
        if isinstance(widget, PaletteEntry):
            found[widget.block.kind] = heading
        elif widget in palette._headings.values():
            heading = next(category for category, label in palette._headings.items() if label is widget)
    assert found == {kind: block.category for kind, block in registry().items()}


@pytest.mark.parametrize(
    ("typed", "first"),
    [("con", "Conv2d"), ("linear", "Dense"), ("batchn", "BatchNorm2d"), ("relu", "Activation – relu")],
)
def test_typing_searches_all_blocks_and_enter_adds_the_best(palette, qtbot, typed, first):
    palette.search.setFocus()
    qtbot.keyClicks(palette.search, typed)
    assert first.split(" ")[0] in palette.shown()
    with qtbot.waitSignal(palette.add_wanted) as wanted:
        qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert wanted.args[0].title == first
    assert palette.search.text() == ""
    assert set(palette.shown()) == BEGINNERS


def test_headings_without_blocks_are_hidden(palette, qtbot):
    qtbot.keyClicks(palette.search, "batchnorm")
    shown_now = {registry()[kind].category for kind in palette.shown()}
    assert {category for category, label in palette._headings.items() if not label.isHidden()} == shown_now
    assert len(shown_now) < 6


def test_what_is_not_there_is_said(palette, qtbot):
    qtbot.keyClicks(palette.search, "zzzz")
    assert palette.shown() == []
    assert palette._nothing.isVisible()
    with qtbot.assertNotEmitted(palette.add_wanted):
        qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    qtbot.keyClick(palette.search, Qt.Key.Key_Escape)
    assert set(palette.shown()) == BEGINNERS


def test_a_double_click_or_enter_adds_a_block(palette, qtbot):
    with qtbot.waitSignal(palette.add_wanted) as wanted:
        qtbot.mouseDClick(entry(palette, "Dense"), LEFT)
    assert wanted.args == [Offer(registry()["Dense"])]
    entry(palette, "Loss").setFocus()
    with qtbot.waitSignal(palette.add_wanted) as wanted:
        qtbot.keyClick(entry(palette, "Loss"), Qt.Key.Key_Return)
    assert wanted.args == [Offer(registry()["Loss"])]


def test_the_arrow_keys_walk_from_the_search_through_what_is_shown(palette, qtbot):
    palette.search.setFocus()
    qtbot.keyClicks(palette.search, "conv")
    shown_now = palette.shown()
    qtbot.keyClick(palette.search, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is entry(palette, shown_now[0])
    qtbot.keyClick(entry(palette, shown_now[0]), Qt.Key.Key_Down)
    assert QApplication.focusWidget() is entry(palette, shown_now[1])
    for kind in (shown_now[1], shown_now[0]):
        qtbot.keyClick(entry(palette, kind), Qt.Key.Key_Up)
    assert QApplication.focusWidget() is palette.search
    qtbot.keyClick(palette.search, Qt.Key.Key_Up)
    assert QApplication.focusWidget() is palette.search


def test_a_drag_begins_after_a_distance_and_carries_the_kind(palette, qtbot, monkeypatch):
    drags: list[QDrag] = []

    def no_loop(drag: QDrag, *_: object) -> Qt.DropAction:
        drags.append(drag)
        return Qt.DropAction.IgnoreAction

    monkeypatch.setattr(QDrag, "exec", no_loop)
    dense = entry(palette, "Dense")
    start = QPoint(40, 12)
    qtbot.mousePress(dense, LEFT, pos=start)
    move_mouse(dense, start + QPoint(2, 0), LEFT)
    assert drags == []
    move_mouse(dense, start + QPoint(QApplication.startDragDistance() + 1, 0), LEFT)
    assert len(drags) == 1
    assert bytes(drags[0].mimeData().data(BLOCK_MIME).data()) == b"Dense"
    assert not drags[0].pixmap().isNull()
    move_mouse(dense, start + QPoint(80, 0), LEFT)
    assert len(drags) == 1
    qtbot.mouseRelease(dense, LEFT)


def test_moving_without_a_button_drags_nothing(palette, monkeypatch):
    monkeypatch.setattr(QDrag, "exec", lambda *_: pytest.fail("a drag began"))
    move_mouse(entry(palette, "Dense"), QPoint(10, 10))
    move_mouse(entry(palette, "Dense"), QPoint(90, 10))


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_strips_have_the_colour_of_their_category(palette, mode):
    theme().set_mode(mode)
    for kind in BEGINNERS:
        image = entry(palette, kind).grab().toImage()
        wanted = theme().color(registry()[kind].category)
        assert image.pixelColor(1, image.height() // 2).name() == wanted.name()


def test_every_entry_explains_itself(palette):
    for found in palette.findChildren(PaletteEntry):
        assert found.block.doc[:10] in found.toolTip().replace("&#x27;", "'")
        assert found.accessibleName() == found.block.kind
        assert found.accessibleDescription() == found.block.doc


def test_what_was_searched_for_is_what_is_added_and_dragged(palette, qtbot):
    qtbot.keyClicks(palette.search, "tanh")
    found = entry(palette, "Activation")
    assert found.accessibleName() == "Activation – tanh"
    with qtbot.waitSignal(palette.add_wanted) as wanted:
        qtbot.mouseDClick(found, LEFT)
    assert (wanted.args[0].block.kind, wanted.args[0].params) == ("Activation", {"function": "tanh"})
    assert take_block(found.drag().mimeData()) == ("Activation", {"function": "tanh"})
    palette.search.clear()
    assert found.accessibleName() == "Activation"
    assert take_block(found.drag().mimeData()) == ("Activation", {})


def test_what_other_programs_offer_is_not_believed():
    data = QMimeData()
    put_block(data, "Activation", {"function": "tanh", "colour": "red", "limit": 3})
    assert take_block(data) == ("Activation", {"function": "tanh"})
    for text in (b"", b"[1]", b"{", b"\xff", b"[" * 100_000):
        data.setData(PARAMS_MIME, text)
        assert take_block(data) == ("Activation", {})
    data.setData(BLOCK_MIME, b"NoSuchBlock")
    assert take_block(data) is None
