"""The loss surface: a plane through the weights with the path of the training on it, growing as it trains."""

from __future__ import annotations

import math
from typing import Final, final

import numpy as np
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from engine.events import Applied
from engine.surfaceevents import LossSurface, PathOnSurface, StartedThere, SurfaceComputed, SurfaceComputing
from engine.weightviews import entry_text
from gui.document import Document
from gui.format import format_number
from gui.notices import notices
from gui.panel import Panel, Table
from gui.plots.contour_view import ContourView, Place
from gui.plots.isolines import Floats
from gui.plots.landscape.choices import Choices
from gui.plots.landscape.mesh import MeshView
from gui.plots.landscape.start_card import StartCard
from gui.plots.levels import prefers_log
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import ElidedLabel

STILL: Final = 1e-4
"""Part of the plane's width that is no move."""
OFF: Final = 0.1
"""Distance of the weights from the plane, in parts of half its diagonal, from which it no longer tells about them."""


@final
class LandscapePanel(Panel):
    """Asks for a surface when told to, draws it coarse first, and follows the training on it."""

    name = "landscapePlot"
    icon_name = "landscape"
    lanes = frozenset({"PathOnSurface"})

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.surface: LossSurface | None = None
        self.path: PathOnSurface | None = None
        self._drawn_surface: LossSurface | None = None
        self._drawn_path: PathOnSurface | None = None
        self._request = self._shown = 0
        """Of the question asked last, and of the one that the surface answers."""
        self._edited = self._log_chosen = False
        self._graph: tuple[object, object] | None = None
        """The graph that the surface was computed of; and that of the question asked last."""
        self._asked_graph: tuple[object, object] | None = None
        self._progress: tuple[int, int] | None = None
        self._error = ""
        self.contours, self.mesh = ContourView(), MeshView()
        self._lay_out()
        self._connect()

    # -- making --

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        self.choices = Choices(self.document, bar, self)
        self.cancel_button = bar.button("close", self.tr("Give it up; what is computed stays"), self.cancel)
        self.cancel_button.setObjectName("surfaceCancel")
        self.compute_button = bar.button("refresh", self.tr("Compute it around the present weights"), self.compute)
        self.compute_button.setObjectName("surfaceCompute")
        self.cancel_button.hide()
        self.solid = bar.toggle(self.tr("3D"), self.tr("Show it in three dimensions"))
        self.solid.setObjectName("surface3D")
        self._words = ElidedLabel(role="caption", tone="secondary")
        self._words.setObjectName("surfaceWords")
        self._warning = ElidedLabel(role="caption", tone="warning")
        self._warning.setObjectName("surfaceWarning")
        self._views = QStackedWidget()
        self._views.addWidget(self.contours)
        self._views.addWidget(self.mesh)
        self.card: StartCard | None = None
        self._empty = EmptyState(
            self.icon_name,
            self.tr("The loss around the weights"),
            self._purpose(),
            (self.tr("Compute the surface"), self.compute),
        )
        self.build(self._empty, bar, self.choices.row, self._words, self._warning, self._views)

    def _purpose(self) -> str:
        return self.tr(
            "Valleys, walls, plateaus: the loss over a plane through the weights, and the way of the training."
        )

    def _connect(self) -> None:
        self.choices.changed.connect(self.compute)
        self.choices.log_changed.connect(self._log_toggled)
        self.choices.log.triggered.connect(self._log_by_hand)
        self.solid.toggled.connect(self._show_view)
        self.contours.clicked.connect(self._ask)
        self.feed.on(SurfaceComputing, self._computing)
        self.feed.on(SurfaceComputed, self._computed)
        self.feed.on(PathOnSurface, self._take_path)
        self.feed.on(StartedThere, self._started)
        self.feed.on(Applied, self._applied)
        self.feed.draw_in_turn(self.refresh)
        self.feed.session_changed.connect(self.clear)

    # -- asking --

    def compute(self) -> None:
        """Ask for the surface that is chosen, around the weights as they are."""
        self._leave()
        self._error = ""
        self._request = self.feed.next_request()
        self._progress = (0, 0)
        if self.surface is None:  # the first time, torch and the data take a moment to load
            self._empty.set_text(self.tr("The loss around the weights"), self.tr("Computing…"))
        self.feed.current_session.surface(self.choices.wanted(), self._request)
        # What is asked is what runs: with edits that wait for Apply, another network than the one drawn.
        self._asked_graph = None if self.feed.stale else self._graph_now()
        self._tell()

    def cancel(self) -> None:
        """Give a surface up that is under way."""
        if self.feed.has_session:
            self.feed.session.cancel_surface(self._request)

    def clear(self) -> None:
        """Another document."""
        self.surface = self.path = self._drawn_surface = self._drawn_path = None
        self._request = self._shown = 0
        self._progress, self._error = None, ""
        self._edited = self._log_chosen = False
        self._leave()
        self.contours.clear()
        self.choices.forget()
        self._empty.set_text(self.tr("The loss around the weights"), self._purpose())
        self.set_filled(False)

    # -- receiving --

    def _computing(self, event: SurfaceComputing) -> None:
        # Of what comes together, the answer is handed out before news of progress.
        if event.request == self._request and self._progress is not None:
            self._progress = (event.made, event.total)
            self._take(event.surface)

    def _computed(self, event: SurfaceComputed) -> None:
        if event.request != self._request:
            return
        self._progress, self._error = None, event.error
        self._take(event.surface)
        if event.error and self.surface is None:
            self._empty.set_text(self.tr("No surface"), event.error)

    def _take(self, surface: LossSurface | None) -> None:
        if surface is not None and surface is not self.surface:
            self.surface, self._edited, self._shown = surface, False, self._request
            self._graph = self._asked_graph
            if surface.wanted.entries is not None:
                self.choices.set_entries(surface.wanted.entries)
        self.refresh()
        self._tell()

    def _take_path(self, event: PathOnSurface) -> None:
        if event.request in (self._shown, self._request):
            self.path = event

    def _known_path(self) -> PathOnSurface | None:
        """The path over the surface that is shown."""
        path = self.path
        return path if path is not None and path.request == self._shown and len(path.x) else None

    def _applied(self, _: Applied) -> None:
        """Another graph runs now; other settings of the training leave the surface as it is."""
        if self.surface is not None:
            self._edited = self._graph_now() != self._graph
            self._tell()

    def _graph_now(self) -> tuple[object, object]:
        project = self.document.project
        return project.graph, project.groups

    # -- drawing --

    def refresh(self) -> bool:
        if not self.seen or self.surface is None:
            return False
        if self.surface is self._drawn_surface and self.path is self._drawn_path:
            return False
        if self.surface is not self._drawn_surface:
            self._draw_surface(self.surface)
        self._draw_path()
        self._tell()
        return True

    def _draw_surface(self, surface: LossSurface) -> None:
        before, self._drawn_surface = self._drawn_surface, surface
        self.set_filled(True)
        if not self._log_chosen and (before is None or before.wanted != surface.wanted):
            self.choices.log.setChecked(prefers_log(surface.loss))
        for view in (self.contours, self.mesh):
            view.set_names(*self.names(surface))
        self.contours.set_grid(surface.xs, surface.ys, surface.loss, log=self.choices.log.isChecked())
        self._draw_mesh(surface)

    def _draw_mesh(self, surface: LossSurface) -> None:
        self.mesh.set_grid(surface.xs, surface.ys, surface.loss, self.contours.levels)

    def names(self, surface: LossSurface) -> tuple[str, str]:
        """Of the axes."""
        if surface.wanted.span == "weights" and surface.wanted.entries is not None:
            first, second = surface.wanted.entries
            return entry_text(first), entry_text(second)
        if surface.explained is not None:
            first_part, second_part = (format_number(100 * part, 3) for part in surface.explained)
            return (
                self.tr("1st direction ({0} %)").format(first_part),
                self.tr("2nd direction ({0} %)").format(second_part),
            )
        return self.tr("1st direction"), self.tr("2nd direction")

    def _draw_path(self) -> None:
        surface, path = self.surface, self._known_path()
        self._drawn_path = self.path
        assert surface is not None
        marks = [self._least(surface)] if np.isfinite(surface.loss).any() else []
        line: Floats = np.empty((0, 2))
        if path is not None:
            line = broken(path)
            marks.append(Place("ring", float(path.x[0]), float(path.y[0])))
            marks.append(Place("dot", float(path.x[-1]), float(path.y[-1])))
        else:
            marks.append(Place("dot", *surface.here))
        self.contours.set_path(line)
        self.mesh.set_path(line)
        self.contours.set_marks(marks)
        self.mesh.set_marks(tuple(marks))

    @staticmethod
    def _least(surface: LossSurface) -> Place:
        row, column = np.unravel_index(int(np.nanargmin(_finite(surface.loss))), surface.loss.shape)
        return Place("cross", float(surface.xs[column]), float(surface.ys[row]))

    def _show_view(self, solid: bool) -> None:
        self._leave()
        self._views.setCurrentWidget(self.mesh if solid else self.contours)

    def _log_by_hand(self) -> None:
        self._log_chosen = True

    def _log_toggled(self, log: bool) -> None:
        if self._drawn_surface is not None:
            self.contours.set_levels(log=log)
            self._draw_mesh(self._drawn_surface)

    # -- what is said --

    def away(self) -> float:
        """How far the weights are from the plane, in parts of half its diagonal."""
        surface, path = self.surface, self._known_path()
        if surface is None or path is None:
            return 0.0
        wide = float(surface.xs[-1] - surface.xs[0]) * surface.lengths[0]
        high = float(surface.ys[-1] - surface.ys[0]) * surface.lengths[1]
        return float(path.distance[-1]) / (0.5 * math.hypot(wide, high))

    def _tell(self) -> None:
        going = self._progress is not None
        self.cancel_button.setVisible(going)
        self.compute_button.setVisible(not going)
        away, warning = self.away(), self._error
        if not warning and self._edited:
            warning = self.tr("The network has been edited since: compute anew.")
        if not warning and away > OFF:
            warning = self.tr("The weights have moved out of this plane: compute anew.")
        self._warning.setText(warning)
        self._warning.setVisible(bool(warning))
        self._words.setText(self.caption())
        for view in (self.contours, self.mesh):
            view.set_faded(self._edited or away > OFF)

    def caption(self) -> str:
        surface, parts = self.surface, []
        if self._progress is not None:
            made, total = self._progress
            parts.append(self.tr("Computing: {0} %").format(100 * made // max(1, total)))
        if surface is None:
            return " · ".join(parts)
        parts.append(self.tr("step {0}: loss {1}").format(surface.at, format_number(surface.value)))
        finite = surface.loss[np.isfinite(surface.loss)]
        if finite.size:
            parts.append(self.tr("× least {0}").format(format_number(float(finite.min()))))
        if surface.explained is not None:
            explained = format_number(100 * sum(surface.explained), 3)
            parts.append(self.tr("the plane holds {0} % of the path").format(explained))
        path = self._known_path()
        if (now := self._loss_now()) is not None:
            parts.insert(1, self.tr("here ≈ {0}").format(format_number(now, 3)))
        if path is not None and self.away() > 1e-6:
            parts.append(self.tr("weights {0} off the plane").format(format_number(float(path.distance[-1]), 3)))
        if path is not None and path.distance.max() > max(1e-6, float(path.distance[-1])):
            parts.append(self.tr("path up to {0} off").format(format_number(float(path.distance.max()), 3)))
        if surface.samples < surface.of:
            parts.append(self.tr("{0} of {1} samples").format(f"{surface.samples:,}", f"{surface.of:,}"))
        if path is not None and path.since > 0:
            parts.append(self.tr("path from step {0} on").format(path.since))
        return " · ".join(parts)

    def _loss_now(self) -> float | None:
        """The height where the weights are, once they have moved on the plane since it was computed; else None."""
        path, surface = self._known_path(), self.surface
        if path is None or surface is None or self.away() > OFF:
            return None
        x, y = float(path.x[-1]), float(path.y[-1])
        gone = max(
            abs(x - surface.here[0]) / float(np.ptp(surface.xs)), abs(y - surface.here[1]) / float(np.ptp(surface.ys))
        )
        value = self.contours.value_at(x, y) if gone > STILL else None
        return value if value is not None and math.isfinite(value) else None

    # -- starting elsewhere --

    def _ask(self, x: float, y: float) -> None:
        if self.surface is None or self._edited:
            return
        card = self._card()
        self.contours.set_cursor((x, y), silent=True)
        undo = self.tr("The weights become those of this place, and training goes on from there. Step back undoes it.")
        if self.feed.steps == 0:
            undo = self.tr("The weights become those of this place, and training begins there. Reset undoes it.")
        at = self.contours.plot.viewport().mapTo(self.window(), self.contours.point_of(x, y))
        card.ask(x, y, self.contours.words_at(x, y), undo, at)

    def _card(self) -> StartCard:
        """It floats over the window, where there is room; a torn-off panel is a window of its own."""
        window = self.window()
        if self.card is None or self.card.parent() is not window:
            self.card = StartCard(window)
            self.card.agreed.connect(self._start_there)
            self.card.closed.connect(self._card_closed)
        return self.card

    def _card_closed(self) -> None:
        self.contours.set_cursor(None)

    def _leave(self) -> None:
        if self.card is not None:
            self.card.leave()

    def _start_there(self, x: float, y: float) -> None:
        self.feed.session.start_there(x, y, self._shown)

    def _started(self, event: StartedThere) -> None:
        if event.error:
            notices().warn(event.error)

    def hideEvent(self, event: QHideEvent) -> None:
        self._leave()
        super().hideEvent(event)

    # -- taking away --

    def picture(self) -> QWidget:
        return self.mesh if self.solid.isChecked() else self.contours

    def table(self) -> Table:
        names = ("x", "y") if self._drawn_surface is None else self.names(self._drawn_surface)
        return [*names, "loss"], self.contours.rows()


def broken(path: PathOnSurface) -> Floats:
    """The places `(n, 2)`, with a row of NaN before each where the line begins anew."""
    places = np.stack([path.x, path.y], axis=1)
    starts = np.flatnonzero(path.begins)
    return np.insert(places, starts[starts > 0], np.nan, axis=0)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
