"""The command palette and the shortcuts, in a real window."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gui.canvas.menu import context_menu
from gui.commands.by_hand import gestures
from gui.commands.catalog import commands_of, is_rare, matching
from gui.commands.shortcut_dialog import ShortcutDialog
from gui.settings import settings
from tests.helpers.windows import main_window, open_example

LEFT = Qt.MouseButton.LeftButton


def find(window, name):
    return next(command for command in window.shortcuts.commands() if command.id == name)


def test_every_action_of_the_menus_is_listed_once(window):
    found = commands_of(window.transport.menus)
    assert len({id(command.action) for command in found}) == len(found)
    by_id = {command.id: command for command in found if command.id}
    assert {"actionSave", "actionPlay", "actionDuplicate", "theme_dark", "example_spiral"} <= by_id.keys()
    assert by_id["theme_dark"].menu == "View ▸ Theme"
    assert by_id["actionSaveAs"].name == "Save as"
    assert all(command.name and "&" not in command.name for command in by_id.values())


def test_no_letter_leads_to_two_entries_of_one_menu(window):
    """With Alt and letters every menu can be walked: each entry that stays has a letter of its own in its menu."""
    open_example(window, "residual-digits")
    canvas = window.canvas
    menus = [(None, window.transport.menus)]
    for chosen in ({"stem"}, {"res"}, {"stem", "relu"}, ()):
        window.selection.set(chosen)
        menus.append((None, context_menu(canvas.stage, canvas.actions_, window, None)))
    canvas.open_group("res")
    menus.append((None, context_menu(canvas.stage, canvas.actions_, window, None)))
    seen = 0
    for path, menu in menus:
        letters = {}
        for action in menu.actions():
            if action.isSeparator():
                continue
            found = re.search("&(.)", action.text().replace("&&", ""))
            if found is not None:
                assert letters.setdefault(found[1].lower(), action.text()) == action.text(), f"{path}: {action.text()}"
                seen += 1
            elif action.objectName().startswith("action"):
                raise AssertionError(f"{path}: {action.text()} has no letter")
            if isinstance(action.menu(), QMenu):
                menus.append((action.text(), action.menu()))
    assert seen > 80


def test_every_action_can_be_found_and_have_keys(window):
    """But for recent files: which there are changes."""
    commands = [command for command in commands_of(window.transport.menus) if "Open recent" not in command.menu]
    assert [f"{command.menu} {command.name}" for command in commands if not command.id] == []
    assert len({command.id for command in commands}) == len(commands)


def test_what_is_typed_finds_the_nearest_command_first(window):
    commands = commands_of(window.transport.menus)

    def first(query):
        return matching(query, commands)[0].id

    assert first("save as") == "actionSaveAs"
    assert first("dupl") == "actionDuplicate"
    assert first("theme light") == "theme_light"
    assert first("slctall") == "actionSelectAll"
    assert matching("no such thing", commands) == []
    everything = matching("", commands)
    assert everything[0].id == "actionNew"
    assert everything[-1].is_example  # many and alike: last
    assert {id(command.action) for command in everything} == {id(command.action) for command in commands}
    assert matching("", commands, ["actionStop"])[0].id == "actionStop"


def test_the_palette_runs_what_is_typed_and_gives_the_focus_back(window, qtbot):
    open_example(window, "xor")
    window.canvas.setFocus()
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    palette = window.command_palette.popup
    assert palette.isVisible()
    assert palette.field.hasFocus()
    QTest.keyClicks(palette.field, "select all")
    assert palette.shown()[0] == "Select all"
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert window.canvas.hasFocus()
    assert window.selection.ids == frozenset(window.document.project.graph.nodes)
    window.command_palette.open()
    assert palette.shown()[0] == "Select all"  # what was done last comes first


def test_the_palette_is_left_without_effect(window, qtbot):
    window.canvas.setFocus()
    palette = window.command_palette.popup
    window.command_palette.open()
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert window.canvas.hasFocus()
    window.command_palette.open()
    QTest.keyClicks(palette.field, "qqqq")
    assert palette.shown() == []
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    window.inspector.setFocus()
    window.canvas.setFocus()
    assert not palette.isVisible()


def test_a_command_that_cannot_be_done_now_is_shown_and_not_done(window, qtbot):
    palette = window.command_palette.popup
    window.command_palette.open()
    QTest.keyClicks(palette.field, "duplicate")
    assert palette.shown()[0] == "Duplicate"  # nothing is selected
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_other_keys_work_at_once_and_in_the_next_window(window, qtbot):
    open_example(window, "xor")
    command = find(window, "actionSelectAll")
    window.shortcuts.assign(command, QKeySequence("Ctrl+J"))
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert window.selection.ids == frozenset(window.document.project.graph.nodes)
    with main_window(qtbot) as second:
        assert find(second, "actionSelectAll").action.shortcuts() == [QKeySequence("Ctrl+J")]
        second.shortcuts.reset_all()
        assert find(second, "actionSelectAll").action.shortcuts() == [QKeySequence("Ctrl+A")]
    assert not settings().contains("shortcuts/actionSelectAll")


def test_keys_are_taken_from_their_owner_and_come_back(window):
    save, duplicate = find(window, "actionSave"), find(window, "actionDuplicate")
    keys = save.action.shortcut()
    assert window.shortcuts.owner(keys, duplicate).id == "actionSave"
    window.shortcuts.assign(duplicate, keys)
    assert save.action.shortcuts() == []
    assert duplicate.action.shortcuts() == [keys]
    window.shortcuts.reset(save)
    assert save.action.shortcuts() == [keys]
    assert duplicate.action.shortcuts() == []
    window.shortcuts.reset(duplicate)
    assert window.shortcuts.is_usual(duplicate)
    assert window.shortcuts.is_usual(save)


def test_no_two_actions_come_with_the_same_keys(window):
    owners: dict[str, str] = {}
    for command in window.shortcuts.commands():
        for keys in command.action.shortcuts():
            text = keys.toString()
            assert owners.setdefault(text, command.id) == command.id


def test_the_dialog_names_the_owner_and_assigns(window, qtbot):
    dialog = ShortcutDialog(window.shortcuts, window)
    dialog.open()
    QTest.keyClicks(dialog.search, "duplicate")
    assert dialog.command.id == "actionDuplicate"
    assert not dialog.use.isEnabled()
    dialog.keys.setKeySequence(QKeySequence("Ctrl+S"))
    assert dialog.told.text() == '"Save" has these keys now and would lose them.'
    dialog.keys.setKeySequence(QKeySequence("Ctrl+J"))
    assert dialog.told.text() == "These keys are free."
    qtbot.mouseClick(dialog.use, LEFT)
    assert find(window, "actionDuplicate").action.shortcuts() == [QKeySequence("Ctrl+J")]
    assert dialog.tree.currentItem().text(1) == "Ctrl+J"
    qtbot.mouseClick(dialog.usual, LEFT)
    assert dialog.tree.currentItem().text(1) == "Ctrl+D"
    dialog.close()


def test_keys_are_changed_with_keys_alone(window):
    dialog = ShortcutDialog(window.shortcuts, window)
    dialog.show()
    QTest.keyClicks(dialog.search, "select")
    first = dialog.command
    QTest.keyClick(dialog.search, Qt.Key.Key_Down)
    assert dialog.command is not first
    QTest.keyClick(dialog.search, Qt.Key.Key_Up)
    assert dialog.command.id == first.id
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    QTest.keyClick(dialog.tree, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.focusWidget() is dialog.keys
    QTest.keyClick(dialog.keys, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert dialog.told.text() == '"Save" has these keys now and would lose them.'
    QTest.keyClick(dialog.keys, Qt.Key.Key_Escape)  # takes them back
    assert dialog.keys.keySequence().isEmpty()
    assert dialog.focusWidget() is dialog.keys
    QTest.keyClick(dialog.keys, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(dialog.use, Qt.Key.Key_Return)
    assert dialog.told.text() == f'"{first.name}" has Ctrl+S now. "Save" has lost them.'
    assert dialog.focusWidget() is dialog.tree
    QTest.keyClick(dialog.search, Qt.Key.Key_Escape)
    QTest.keyClicks(dialog.search, "save")
    save = next(each for each in window.shortcuts.commands() if each.id == "actionSave")
    dialog.tree.setCurrentItem(
        dialog.tree.findItems("Save", Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)[0]
    )
    QTest.keyClick(dialog.usual, Qt.Key.Key_Return)
    assert dialog.told.text() == f'"Save" has its usual keys again. "{first.name}" has lost them.'
    assert window.shortcuts.is_usual(save)
    assert dialog.all_usual.isEnabled()
    QTest.keyClick(dialog.all_usual, Qt.Key.Key_Return)
    assert not dialog.all_usual.isEnabled()
    QTest.keyClick(dialog.keys, Qt.Key.Key_Escape)  # empty: leaves the field, not the dialog
    assert dialog.isVisible()
    assert dialog.focusWidget() is dialog.tree
    QTest.keyClick(dialog.tree, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_palette_and_the_dialog_can_be_seen(window, qtbot):
    palette = window.command_palette.popup
    window.command_palette.open()
    assert window.rect().contains(palette.geometry())
    assert len(palette.shown()) > 40
    assert not window.grab().isNull()


def test_keys_that_few_keyboards_have_are_not_told(window):
    rare = [QKeySequence(name) for name in ("F14", "F20", "Undo", "Cut", "Paste")]
    usual = [QKeySequence(name) for name in ("F2", "F11", "Ctrl+Z", "Shift+Ins", "Del", "C", "Ctrl+PgUp", "+")]
    assert [is_rare(keys) for keys in (*rare, *usual)] == [True] * len(rare) + [False] * len(usual)
    dialog = ShortcutDialog(window.shortcuts, window)
    undo = next(
        dialog.tree.topLevelItem(top).child(row)
        for top in range(dialog.tree.topLevelItemCount())
        for row in range(dialog.tree.topLevelItem(top).childCount())
        if dialog.tree.topLevelItem(top).child(row).text(0) == "Undo"
    )
    told = undo.text(1).split(",  ")
    assert told[0] == find(window, "actionUndo").keys
    assert not set(told) & {"F14", "Undo"}
    dialog.close()
    dialog.deleteLater()


def test_the_list_of_gestures_is_read_without_widening_anything(window, qtbot):
    dialog = ShortcutDialog(window.shortcuts, window)
    dialog.show()
    qtbot.waitExposed(dialog)
    tree = dialog.tree
    hands = next(
        tree.topLevelItem(at) for at in range(tree.topLevelItemCount()) if "hand" in tree.topLevelItem(at).text(0)
    )
    assert hands.childCount() == len(gestures())
    for row in range(hands.childCount()):
        text = hands.child(row).text(1)
        assert tree.fontMetrics().horizontalAdvance(text) + 8 <= tree.columnWidth(1), text
    dialog.close()
    dialog.deleteLater()
