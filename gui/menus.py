"""The menu bar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QDockWidget, QMenu, QMenuBar

from gui.actions import Actions
from gui.assets import asset
from gui.file_actions import FileActions
from gui.settings import settings
from gui.theme import Mode, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

MODES: tuple[Mode, ...] = ("system", "dark", "light")


@final
class Menus(QObject):
    """File, Edit, View, Run and Help; recent files and examples are filled in when their menu opens."""

    def __init__(
        self,
        bar: QMenuBar,
        actions: Actions,
        files: FileActions,
        canvas_actions: Sequence[QAction | None],
        view_actions: Sequence[QAction | None],
        docks: Sequence[QDockWidget],
    ) -> None:
        super().__init__(bar)
        self._files = files
        self._file_menu(bar.addMenu(self.tr("&File")), actions)
        edit = bar.addMenu(self.tr("&Edit"))
        edit.addActions([actions.undo, actions.redo])
        edit.addSeparator()
        _fill(edit, canvas_actions)
        edit.addSeparator()
        edit.addAction(actions.formula)
        edit.addMenu(self.tr("C&ompare")).addActions([actions.compare_file, actions.compare_saved])
        self._view_menu(bar.addMenu(self.tr("&View")), actions, view_actions, docks)
        run = bar.addMenu(self.tr("&Run"))
        run.setToolTipsVisible(True)  # they say why an entry cannot be chosen
        _fill(run, [actions.play, actions.step, actions.stop, actions.reset, actions.fast_forward, None])
        _fill(run, [actions.step_back, actions.timeline, None, actions.backprop, actions.save_step])
        _fill(run, [actions.check_gradients, None])
        _fill(run, [actions.apply, actions.restart, None, actions.preview])
        _fill(run, [None, actions.train_elsewhere, actions.watch])
        _fill(run, [None, actions.resume_run, actions.load_run, actions.show_run, actions.keep_runs])
        help_menu = bar.addMenu(self.tr("&Help"))
        _fill(help_menu, [actions.commands, actions.shortcuts, None])
        _fill(help_menu, [actions.tour, actions.messages, None, actions.about])

    def _file_menu(self, menu: QMenu, actions: Actions) -> None:
        menu.addActions([actions.new, actions.open])
        self.recent = menu.addMenu(self.tr("Open &recent"))
        self.recent.aboutToShow.connect(self._fill_recent)
        self.examples = menu.addMenu(self.tr("&Examples"))
        self.examples.setObjectName("examplesMenu")
        self._fill_examples()
        menu.addAction(actions.import_model)
        menu.addSeparator()
        menu.addActions([actions.save, actions.save_as, actions.save_weights])
        menu.addSeparator()
        export = menu.addMenu(self.tr("E&xport"))
        export.addActions([actions.export_pytorch, actions.export_weights])
        export.addSeparator()
        export.addActions([actions.export_picture, actions.export_mermaid])
        menu.addAction(actions.print_)
        menu.addSeparator()
        menu.addAction(actions.quit)

    def _fill_recent(self) -> None:
        self.recent.clear()
        paths = self._files.recent()
        for path in paths:
            action = self.recent.addAction(path.name.replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _=False, path=path: self._files.open(path))
        if not paths:
            self.recent.addAction(self.tr("No files yet")).setEnabled(False)

    def _fill_examples(self) -> None:
        for group in json.loads(asset("examples/index.json").read_text(encoding="utf-8")):
            if self.examples.actions():
                self.examples.addSeparator()
            self.examples.addAction(self.tr(group["group"])).setEnabled(False)  # styled menus show no section titles
            for entry in group["examples"]:
                action = self.examples.addAction(self.tr(entry["name"]))
                action.setObjectName(f"example_{entry['file'].removesuffix('.chainrule')}")
                action.triggered.connect(lambda _=False, name=entry["file"]: self._files.open_example(name))

    def _view_menu(
        self, menu: QMenu, actions: Actions, view_actions: Sequence[QAction | None], docks: Sequence[QDockWidget]
    ) -> None:
        _fill(menu, view_actions)
        menu.addSeparator()
        panels = menu.addMenu(self.tr("&Panels"))
        for dock in docks:
            shown = dock.toggleViewAction()
            shown.setObjectName(f"panel_{dock.objectName()}")
            panels.addAction(shown)
        modes = menu.addMenu(self.tr("&Theme"))
        group = QActionGroup(self)
        labels = {"system": self.tr("As the system"), "dark": self.tr("Dark"), "light": self.tr("Light")}
        for mode in MODES:
            action = group.addAction(labels[mode])
            action.setCheckable(True)
            action.setChecked(theme().mode == mode)
            action.setObjectName(f"theme_{mode}")
            action.triggered.connect(lambda _=False, mode=mode: choose_mode(mode))
            modes.addAction(action)
        menu.addSeparator()
        menu.addActions([actions.next_part, actions.part_before, actions.presentation])


def choose_mode(mode: Mode) -> None:
    """Set the theme and remember it."""
    theme().set_mode(mode)
    settings().setValue("theme", mode)


def _fill(menu: QMenu, actions: Sequence[QAction | None]) -> None:
    for action in actions:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
