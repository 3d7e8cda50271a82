"""What a screen reader hears of ordinary widgets."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QToolButton, QWidget

from gui.backprop.array_view import ArrayView
from gui.backprop.chain_page import PathRow
from gui.backprop.convolution.plane import PlaneView
from gui.palette import Palette, PaletteEntry
from gui.plots.layer_bars import LayerBars
from gui.plots.plot import make_plot
from gui.screen_reader import complete_descriptions
from gui.widgets import LegendEntry, Section, Segmented, plain_tooltip
from gui.widgets.search_field import SearchField
from tests.helpers.hands import part

ABOUT, NAME = QAccessible.Text.Description, QAccessible.Text.Name
ROLE = QAccessible.Role


@pytest.fixture(autouse=True)
def _complete():
    complete_descriptions()


def face(widget: QWidget):
    return QAccessible.queryAccessibleInterface(widget)


def test_tool_tips_are_read_without_tags(qtbot):
    button = QToolButton()
    qtbot.addWidget(button)
    button.setToolTip(plain_tooltip("Width < 3 & more"))
    assert face(button).text(ABOUT) == "Width < 3 & more"
    assert plain_tooltip("a <b>bold</b> name") == '<p style="white-space: pre-wrap">a &lt;b&gt;bold&lt;/b&gt; name</p>'
    lines = plain_tooltip("head\n  inner\n" + "several words " * 20).split("\n")
    assert lines[:2] == ["head", "  inner"]
    assert len(lines) > 4
    assert max(map(len, lines)) <= 72


def test_a_combo_box_says_what_is_chosen_there_also_where_it_is_described_later(qtbot):
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItem("Adam")
    box.setAccessibleName("optimizer")
    box.setAccessibleDescription("How a gradient becomes an update.")
    qtbot.waitUntil(lambda: face(box).text(ABOUT) == "optimizer. How a gradient becomes an update.")


def test_buttons_of_a_choice_are_radio_buttons_of_a_named_group(qtbot):
    choice = Segmented([("one", "One"), ("two", "Two")])
    qtbot.addWidget(choice)
    choice.setAccessibleName("How many")
    group = face(choice)
    assert (group.role(), group.text(NAME)) == (ROLE.Grouping, "How many")
    buttons = [group.child(index) for index in range(group.childCount())]
    assert [(each.role(), each.text(NAME), bool(each.state().checked)) for each in buttons] == [
        (ROLE.RadioButton, "One", True),
        (ROLE.RadioButton, "Two", False),
    ]
    action = buttons[1].actionInterface()
    action.doAction(action.pressAction())
    assert choice.value() == "two"
    assert not buttons[0].state().checked


def test_blocks_of_the_palette_are_entries_of_a_list_that_can_be_pressed(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.show()
    entry = part(palette, PaletteEntry, "palette_Dense")
    found = face(entry)
    assert (found.role(), found.text(NAME), found.text(ABOUT)) == (ROLE.ListItem, "Dense", entry.block.doc)
    assert (found.parent().role(), found.parent().text(NAME)) == (ROLE.List, "Blocks")
    assert found.state().selectable
    assert not found.state().selected
    assert not found.childCount()  # its labels say the same again
    with qtbot.waitSignal(palette.add_wanted) as added:
        found.actionInterface().doAction(found.actionInterface().pressAction())
    assert added.args[0].block is entry.block


def test_a_section_says_whether_it_is_open(qtbot):
    section = Section("Notes")
    qtbot.addWidget(section)
    found = face(section.header)
    assert (found.role(), found.text(NAME)) == (ROLE.Button, "Notes")
    assert (bool(found.state().expanded), bool(found.state().collapsed)) == (True, False)
    section.set_expanded(False)
    assert (bool(found.state().expanded), bool(found.state().collapsed)) == (False, True)
    assert not found.state().checkable


def test_a_chart_says_what_it_shows_when_it_is_asked(qtbot):
    told = ["loss 0.5"]
    plot = make_plot("Loss", lambda: told[0])
    qtbot.addWidget(plot)
    found = face(plot)
    assert (found.role(), found.text(NAME), found.text(ABOUT)) == (ROLE.Chart, "Loss", "loss 0.5")
    told[0] = "loss 0.25"
    assert found.text(ABOUT) == "loss 0.25"
    entry = LegendEntry("training", "training")
    qtbot.addWidget(entry)
    entry.set_value("0.25")
    assert (face(entry).text(NAME), face(entry).text(ABOUT)) == ("training", "0.25")


def test_the_cross_in_a_search_field_has_a_name(qtbot):
    field = SearchField("Search blocks")
    qtbot.addWidget(field)
    field.setText("x")
    assert all(face(button).text(NAME) for button in field.findChildren(QToolButton))


def test_bars_of_layers_are_walked_and_chosen_with_keys(qtbot, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("gui.plots.layer_bars.say", lambda _, text: said.append(text))
    bars = LayerBars()
    qtbot.addWidget(bars)
    bars.show_norms(("dense1", "dense2"), np.array([0.5, 0.25]))
    assert face(bars).text(ABOUT) == "dense1: 0.5, dense2: 0.25"
    QTest.keyClick(bars, Qt.Key.Key_Down)
    assert said == ["dense2: 0.25"]
    with qtbot.waitSignal(bars.chosen) as chosen:
        QTest.keyClick(bars, Qt.Key.Key_Return)
    assert chosen.args == ["dense2"]


def test_numbers_of_a_tensor_are_walked_and_picked_with_keys(qtbot, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("gui.backprop.array_view.say", lambda _, text: said.append(text))
    view = ArrayView(np.array([[1.0, 2.0], [3.0, 4.0]]), "x")
    qtbot.addWidget(view)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    assert [text.split(" = ")[1] for text in said] == ["1.0", "2.0", "4.0"]
    with qtbot.waitSignal(view.picked) as picked:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert picked.args == [(1, 1)]


def test_a_closed_widget_leaves_nothing_behind(qtbot):
    from gui import screen_reader

    before = len(screen_reader._told)
    choice = Segmented([("one", "One")])
    assert face(choice).role() == ROLE.Grouping
    assert len(screen_reader._told) > before
    choice.deleteLater()
    QApplication.sendPostedEvents(choice, QEvent.Type.DeferredDelete)
    assert len(screen_reader._told) == before


def test_paths_pictures_and_planes_say_what_they_are(qtbot):
    row = PathRow(3, 0.25, "w → y")
    qtbot.addWidget(row)
    found = face(row)
    assert (found.role(), found.text(NAME)) == (ROLE.ListItem, "0.25: w → y")
    with qtbot.waitSignal(row.chosen) as chosen:
        found.actionInterface().doAction(found.actionInterface().pressAction())
    assert chosen.args == [3]
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.set_plane("Kernel", np.array([[-1.0, 0.5]]), 1.0)
    found = face(plane)
    assert (found.role(), found.text(NAME), found.text(ABOUT)) == (ROLE.Chart, "Kernel", "1 × 2: -1 … 0.5")
