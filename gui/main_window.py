"""The main window: makes the parts and wires them together, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import final

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from engine.graph import Project
from gui.actions import make_actions
from gui.afar import Afar
from gui.autosave import Autosave
from gui.backprop.bar import BackpropBar
from gui.backprop.lenses import make_lenses
from gui.backprop.mode import Backprop
from gui.backprop.panel import BackpropPanel
from gui.backprop.place import BackpropPlace
from gui.canvas.view import CanvasView
from gui.commands.palette import CommandPalette
from gui.commands.shortcuts import Shortcuts
from gui.comparison.banner import ComparisonBanner
from gui.comparison.comparer import Comparer
from gui.dialogs import Dialogs
from gui.docks import Docks
from gui.document import Document
from gui.dropping import Dropping
from gui.file_actions import FileActions
from gui.group_shelf import GroupShelf
from gui.history import History
from gui.icons import app_icon
from gui.inspector.panel import Inspector
from gui.level import LevelView
from gui.menus import Menus
from gui.palette import Palette
from gui.panel_links import PanelLinks
from gui.panels import Panels
from gui.pictures.actions import Pictures
from gui.presentation import Presentation
from gui.problems import ProblemList
from gui.relink import Relink
from gui.report.saving import StepReports
from gui.room import Room
from gui.run_actions import RunActions
from gui.run_feed import RunFeed
from gui.run_keeping import RunKeeping
from gui.run_resuming import RunResuming
from gui.selection import Selection
from gui.stale_banner import StaleBanner
from gui.status import StatusBar
from gui.theme import theme
from gui.time_strip import TimeStrip
from gui.timeline import TimeTravel
from gui.toasts import ToastArea
from gui.tour import Tour
from gui.transport import TransportBar
from gui.unit_pictures.live import NeuronPictures
from gui.walk_window import next_part, tab
from gui.widgets.focus_rim import FocusRim
from gui.window_state import WindowState


@final
class MainWindow(QMainWindow):
    """One document in one window. Can be built wherever a QApplication runs.

    Attributes:
        document: the document; `document.project` is the current Project.
        level: which graph the canvas shows: the top, or the inside of a group.
        feed: the door to the running training.
    """

    def __init__(self, project: Project | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.document = Document(project, self)
        self.level = LevelView(self.document, self)
        self.selection = Selection(self)
        self.feed = RunFeed(self.document, self)
        self.actions_ = make_actions(self, self.document.undo_stack)
        self.canvas = CanvasView(self.level, self.selection, self)
        self.palette_panel = Palette(self)
        self.shelf = GroupShelf(self.level, self.palette_panel)
        self.palette_panel.add_shelf(self.shelf)
        self.inspector = Inspector(self.level, self.selection, self.feed, self)
        self.problems = ProblemList(self.document, self.selection, self)
        self.panels = Panels(self.document, self.feed)
        self.transport = TransportBar(self.actions_, self.document, self.feed, self)
        self.runs = RunKeeping(self.actions_, self.document, self.feed, self)
        self.resuming = RunResuming(self.actions_, self.document, self.feed, self.runs, self)
        self.files = FileActions(self.actions_, self.document, self.feed, self.runs, self)
        self.run_actions = RunActions(self.actions_, self.document, self.feed, self.selection, self.transport)
        self.comparer = Comparer(self.document, self.canvas, self)
        self.history = History(self.document, self.comparer, self)
        bar = BackpropBar(self)
        panel = BackpropPanel(make_lenses(self.document, self.feed), self)
        self.backprop = Backprop(self.document, self.feed, self.canvas, panel, bar)
        self.neuron_pictures = NeuronPictures(self.feed, self.canvas, self)
        self.travel = TimeTravel(self.actions_, self.feed, self)
        self.time_strip = TimeStrip(self.travel, self)
        self._arrange()
        self._connect()
        self._state = WindowState(self, self.docks)
        self._state.restore()
        self._autosave = Autosave(self.document, self)
        self._follow_title()

    def _arrange(self) -> None:
        options = QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
        if not theme().reduce_motion:
            options |= QMainWindow.DockOption.AnimatedDocks
        self.setDockOptions(options)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(StaleBanner(self.actions_, self.document, self.feed, centre))
        column.addWidget(ComparisonBanner(self.comparer, self.selection, centre))
        column.addWidget(self.canvas, 1)
        column.addWidget(self.time_strip)
        column.addWidget(self.backprop.bar)
        FocusRim(self.canvas)
        self.setCentralWidget(centre)
        self.afar = Afar(self.actions_, self.document, self.feed, self.files, self, centre)
        aside = (self.history, self.backprop.panel)
        self.docks = Docks(self, self.palette_panel, self.inspector, self.problems, self.panels.places, *aside)
        Room(self, self.docks, self.panels.places)
        self.menus = Menus(
            self.transport.menus,
            self.actions_,
            self.files,
            self.canvas.edit_actions(),
            [*self.canvas.view_actions(), self.neuron_pictures.action],
            self.docks.all(),
        )
        self.setMenuWidget(self.transport)
        self.status = StatusBar(self.document, self.feed, self.problems, self.docks, self)
        self.setStatusBar(self.status)
        self.presentation = Presentation(self.actions_.presentation, self, self.docks, self.canvas)
        panels = [self.docks[place.name] for place in self.panels.places]
        self.tour = Tour(self, [self.canvas, self.docks["palette"]], self.transport, panels)
        self.toasts = ToastArea(self)
        self.toasts.all_wanted.connect(self.actions_.messages.trigger)
        self.toasts.left.connect(lambda: self.canvas.setFocus(Qt.FocusReason.OtherFocusReason))
        self.shortcuts = Shortcuts(self.transport.menus, self)
        self.command_palette = CommandPalette(self.transport.menus, self)

    def _connect(self) -> None:
        self.dialogs = Dialogs(self, self.actions_, self.document, self.feed, self.level, self.selection, self.canvas)
        self.palette_panel.add_wanted.connect(lambda offer: self.canvas.add_block(offer.block.kind, offer.params))
        self.inspector.preview_wanted.connect(self.dialogs.preview_data)
        self.inspector.left.connect(lambda: self.canvas.setFocus(Qt.FocusReason.OtherFocusReason))
        self.inspector.settings.fast.tie(self.actions_.fast_forward)
        self.canvas.parameters_wanted.connect(self._edit_parameters)
        self.inspector.group_wanted.connect(self.canvas.groups.do)
        self.shelf.use_wanted.connect(self.canvas.groups.add_use)
        self.shelf.file_wanted.connect(lambda path: self.canvas.groups.add_file(Path(path)))
        self.dropping = Dropping(self.document, self.files, self.canvas, self.panels, self.docks, self)
        self._links = PanelLinks(self.panels, self.files, self.backprop, self.feed, self.canvas, self.docks)
        self._backprop_place = BackpropPlace(self.backprop, self.actions_.backprop, self.docks, self)
        self.run_actions.operation_wanted.connect(self.backprop.operation)
        self.backprop.changed.connect(self.comparer.end)
        self.backprop.changed.connect(self.neuron_pictures.set_hidden)
        self.actions_.timeline.toggled.connect(self.time_strip.set_shown)
        self.time_strip.left.connect(lambda: self.actions_.timeline.setChecked(False))
        self.backprop.panel.weights_set.connect(self.travel.ask)
        self.relink = Relink(self.document, self)
        self.run_actions.data_missed.connect(self.relink.ask)
        self.reports = StepReports(self.actions_, self.document, self.feed, self.backprop, self)
        self.pictures = Pictures(self.actions_, self.document, self.canvas, self)
        self.problems.fix_wanted.connect(self.canvas.hover.fix)
        self.actions_.quit.triggered.connect(self.close)
        self.actions_.compare_file.triggered.connect(self.comparer.ask_file)
        self.actions_.compare_saved.triggered.connect(self.comparer.with_saved)
        self.actions_.commands.triggered.connect(self.command_palette.open)
        self.actions_.shortcuts.triggered.connect(lambda: self.dialogs.show_shortcuts(self.shortcuts))
        self.actions_.next_part.triggered.connect(lambda: next_part(self._parts, 1))
        self.actions_.part_before.triggered.connect(lambda: next_part(self._parts, -1))
        self.actions_.tour.triggered.connect(self.tour.begin)
        self.document.path_changed.connect(self._follow_title)
        self.document.clean_changed.connect(self._follow_title)
        self.document.changed.connect(self._follow_title)
        self.document.replaced.connect(self._follow_title)

    # -- what other programs call --

    def open(self, path: str | Path) -> bool:
        """Open a graph file. False when it could not be opened (a notice says why) or the user stayed."""
        return self.files.open(Path(path))

    def save(self, path: str | Path) -> bool:
        """Save to a path. False when it could not be done (a notice says why)."""
        return self.files.save(Path(path))

    # -- the rest --

    def _edit_parameters(self) -> None:
        self.docks.show("inspector")
        self.inspector.focus_parameters()

    def _parts(self) -> list[QWidget]:
        """From the top left to the bottom right, for F6."""
        left, *others = self.docks.all()
        column = self.canvas.parentWidget()
        assert column is not None
        centre = column.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return [self.transport, left, *centre, *others, self.toasts, self.status]

    def focusNextPrevChild(self, forward: bool) -> bool:
        return tab(self, forward)

    def _follow_title(self) -> None:
        self.setWindowTitle(f"{self.document.title}[*]")
        self.setWindowModified(not self.document.is_clean)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.dropping.accepts(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()
        self.dropping.hover(event.mimeData(), event.position().toPoint())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.dropping.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropping.take(event.mimeData(), event.position().toPoint())

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_leave(self.close):
            event.ignore()
            return
        self.files.imports.stop()
        self.afar.stop()
        self.backprop.leave()  # the docks of the next start are those of work, with the inspector in front
        self._state.store()
        self._autosave.forget()
        self.tour.end()
        event.accept()
        self.hide()  # the training may take a moment to end its last step
        self.feed.close()
