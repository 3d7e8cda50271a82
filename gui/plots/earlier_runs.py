"""Earlier runs of the document in the loss panel: kept when a run is over, drawn behind the present one, named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLocale, QObject, QRectF, QTime, Signal
from PySide6.QtWidgets import QMenu, QWidget
from shiboken6 import isValid

from engine.events import Applied, HyperChanged, RunFailed, StateChanged
from engine.problem import ChainruleError
from engine.runplace import GRAPH, latest_run
from gui.background import run_in_background
from gui.document import Document
from gui.file_dialogs import ask_folder
from gui.format import format_integer, format_number
from gui.notices import notices
from gui.plots.corner_legend import CornerLegend
from gui.plots.earlier_curves import EarlierCurves, EarlierNumbers, Trace
from gui.plots.earlier_legend import EarlierLegend, RunEntry
from gui.plots.history import Floats
from gui.plots.kept_runs import SAID, Frozen, KeptRun, KeptRuns, Ongoing, freeze
from gui.plots.loss_history import LossHistory
from gui.plots.opened_run import OpenedRun
from gui.run_feed import RunFeed
from gui.theme import theme
from gui.widgets.legend import LegendEntry

NOT_FINITE: Final = ("T01", "T02")
HEADROOM: Final = 10.0
"""A run that diverged lets the axis grow to so many times where it began, no further."""
BRIEF: Final = 24
"""Letters of a name beside the mouse."""


@final
@dataclass(frozen=True, slots=True)
class View:
    """What is drawn of runs: the loss or a metric, smoothed over so many steps, on such an axis, of which data."""

    what: str = "loss"
    window: int = 1
    logarithmic: bool = False
    training: bool = True
    validation: bool = True


@final
class EarlierRuns(QObject):
    """Keeps them, and shows them in a plot and in the legend above it.

    Attributes:
        metrics: names of what else than the loss there is to be drawn of any of them.
        validated: whether any that is drawn has a validation curve of what is shown.

    Signals:
        changed(): others are there, or shown: draw anew.
    """

    changed = Signal()
    metrics: tuple[str, ...] = ()
    validated = False

    def __init__(
        self,
        document: Document,
        feed: RunFeed,
        item: pg.PlotItem,
        corner: CornerLegend,
        own: Sequence[LegendEntry],
        owner: QWidget,
    ) -> None:
        """Shows none yet.

        Args:
            document: what is drawn on the canvas.
            feed: what is trained.
            item: the plot.
            corner: its legend of the present run.
            own: the entries there.
            owner: the panel.
        """
        super().__init__(owner)
        self.kept = KeptRuns()
        self.legend = EarlierLegend(corner, own, owner)
        self._document, self._feed = document, feed
        self._ongoing, self._here = Ongoing(), True
        self._view, self._round = View(), 0
        self.curves = EarlierCurves(lambda: QRectF() if corner.isHidden() else QRectF(corner.geometry()))
        self.numbers = EarlierNumbers(self.curves)
        item.addItem(self.curves)
        item.addItem(self.numbers, ignoreBounds=True)
        feed.on(StateChanged, self._follow)
        feed.on(Applied, lambda _: self._ongoing.edited())
        feed.on(HyperChanged, lambda _: self._ongoing.edited())
        feed.on(RunFailed, self._note_failure)
        theme().changed.connect(self._trace)

    # -- following the present run --

    def _follow(self, event: StateChanged) -> None:
        if event.state in ("loading", "running"):
            self._ongoing.starts(self._feed.running_project)

    def _note_failure(self, event: RunFailed) -> None:
        if event.code in NOT_FINITE:
            self._ongoing.fails()

    def take_steps(self) -> None:
        """Some more steps of the present run have come."""
        before = self._ongoing.project if self._ongoing.any else None
        self._ongoing.steps(self._feed.running_project)
        if self.kept.runs and self._ongoing.project is not before:
            self._name_all()

    def end(self, history: LossHistory, windows: tuple[int, ...]) -> None:
        """The present run is over, and another may begin: keep it, unless it was one that is watched elsewhere."""
        if self._here and len(history.steps):
            self.kept.keep(freeze(history, windows), datetime.now().astimezone(), self._ongoing)
        self._ongoing, self._here = Ongoing(), self._feed.away is None
        self._name_all()

    def forget(self) -> None:
        """Another document."""
        self._round += 1
        self._ongoing, self._here = Ongoing(), True
        self.kept.forget()
        self._name_all()

    # -- naming --

    def _name_all(self) -> None:
        present = self._ongoing.project if self._ongoing.any else None
        self.kept.compare_with(present or self._feed.running_project or self._document.project)
        entries = {entry.number: entry for entry in self.legend.entries}
        names = (name.removeprefix("val_") for run in self.kept.runs for name in run.frozen.metrics)
        self.metrics = tuple(dict.fromkeys(names))
        self.legend.set_entries([entries.get(run.number) or self._make_entry(run) for run in self.kept.runs])
        self._tell_all()
        self._trace()
        self.changed.emit()

    def title(self, run: KeptRun) -> str:
        """What a run is called."""
        if run.name:
            return run.name
        clock = QLocale.system().toString(QTime(run.ended.hour, run.ended.minute), QLocale.FormatType.ShortFormat)
        return self.tr("Run {0}, {1}").format(run.number, clock)

    def about(self, run: KeptRun) -> str:
        """Its last values, steps, and what else there is to be said of it, in lines."""
        what = self._view.what
        values = [
            words.format(format_number(float(column[-1])))
            for words, (_, column) in (
                (self.tr("training {0}"), run.frozen.training(what, self._view.window)),
                (self.tr("validation {0}"), run.frozen.validation(what)),
            )
            if column.size
        ]
        lines = [", ".join(values)] if values else []
        lines.append(self.tr("{0} steps").format(format_integer(run.frozen.count)))
        if run.source:
            lines.append(self.tr("Opened from {0}: whole epochs.").format(run.source))
        if run.diverged:
            lines.append(self.tr("Diverged: its loss was no longer a finite number."))
        if run.earlier_words:
            lines.append(self.tr("Changed on the way; it began with {0}.").format(", ".join(run.earlier_words)))
        if run.words and (run.given or len(run.words) > SAID):
            lines.append(self.tr("Differs in {0}.").format(", ".join(run.words)))
        return "\n".join(lines)

    def _tell_all(self) -> None:
        for entry, run in zip(self.legend.entries, self.kept.runs, strict=True):
            entry.tell(self.title(run), self.about(run), run.shown)
        self.legend.fit()

    def summary(self) -> list[str]:
        """A phrase for each run that is drawn, for those who do not see it."""
        told = ((run.number, self.title(run), self.about(run).split("\n")[0]) for run in self.kept.shown)
        return [self.tr("earlier run {0}, {1}: {2}").format(*each) for each in told]

    def caption(self) -> str:
        """What the numbers in a picture mean."""
        return " · ".join(f"{run.number}: {self.title(run)}" for run in self.kept.shown)

    # -- choosing --

    def _make_entry(self, run: KeptRun) -> RunEntry:
        entry = RunEntry(run.number, self.legend)
        entry.clicked.connect(lambda on: self._show(run, on=on))
        entry.pointed.connect(lambda on: self.curves.strengthen(run.number if on and run.shown else 0))
        entry.rename_wanted.connect(lambda: self._ask_name(entry, run))
        entry.removed.connect(lambda: self.remove(run))
        entry.cleared.connect(self.clear)
        return entry

    def _show(self, run: KeptRun, *, on: bool) -> None:
        run.shown = on
        self.curves.strengthen(run.number if on else 0)
        self._trace()
        self.changed.emit()

    def _ask_name(self, entry: RunEntry, run: KeptRun) -> None:
        self.legend.rename(entry, self.title(run)).taken.connect(lambda name: self.rename(run, name))

    def rename(self, run: KeptRun, name: str) -> None:
        """Call a run so; "": by its differences."""
        if name != self.title(run):
            run.given = name
            self._tell_all()

    def remove(self, run: KeptRun) -> None:
        """Forget a run."""
        self.kept.remove(run)
        self.curves.strengthen(0)
        self._name_all()

    def clear(self) -> None:
        """Forget all of them; the numbers go on."""
        self.kept.runs = []
        self.curves.strengthen(0)
        self._name_all()

    def menu(self, parent: QWidget) -> QMenu:
        """What can be done with all of them."""
        menu = QMenu(parent)
        menu.setObjectName("earlierRunsActions")
        keep = menu.addAction(self.tr("Keep earlier runs"))
        keep.setCheckable(True)
        keep.setChecked(self.kept.keeping)
        keep.toggled.connect(lambda on: setattr(self.kept, "keeping", on))
        clear = menu.addAction(self.tr("Clear earlier runs"))
        clear.triggered.connect(self.clear)
        menu.addAction(self.tr("Open an earlier run…")).triggered.connect(self.ask_open)
        menu.aboutToShow.connect(lambda: clear.setEnabled(bool(self.kept.runs)))
        return menu

    def ask_open(self) -> None:
        """Choose a run directory, and show its curves as those of an earlier run."""
        place = self._feed.runs_place
        start = Path.home() if place is None else latest_run(place.folder) or place.folder
        path = ask_folder(self.legend, self.tr("Open an earlier run"), start)
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Show the curves of a run directory, which is read off the GUI thread."""
        if not (path / GRAPH).is_file():
            words = self.tr("{0} is no run: choose a folder that holds {1}.")
            notices().warn(words.format(path.name, GRAPH))
            return
        document = self._round

        def done(run: OpenedRun) -> None:
            if isValid(self) and self._round == document:
                self.kept.add(run.frozen, run.ended, run.project, run.title)
                self._name_all()

        def failed(error: BaseException) -> None:
            if not isinstance(error, ChainruleError | OSError):
                raise error
            notices().failure(error, self.tr("No run was opened."))

        run_in_background(lambda: OpenedRun(path), done, failed)

    # -- drawing --

    @property
    def negative(self) -> bool:
        """Whether a loss that is drawn is below zero anywhere, and so has no logarithm."""
        return any(run.frozen.negative for run in self.kept.shown)

    def draw(self, view: View) -> None:
        """Show this of them."""
        if view != self._view:
            self._view = view
            self._tell_all()
            self._trace()

    def _trace(self) -> None:
        self.validated = any(run.frozen.validation(self._view.what)[1].size for run in self.kept.shown)
        self.curves.show_traces(tuple(self._trace_of(run) for run in self.kept.shown))

    def _trace_of(self, run: KeptRun) -> Trace:
        view = self._view
        pairs = [(run.frozen.training(view.what, view.window), False)] if view.training else []
        pairs += [(run.frozen.validation(view.what), True)] if view.validation else []
        curves = [(x, _on_axis(y, logarithmic=view.logarithmic), dashed) for (x, y), dashed in pairs if y.size]
        begins = [float(y[known[0]]) for _, y, _ in curves if (known := np.flatnonzero(np.isfinite(y))).size]
        ceiling = np.inf
        if run.diverged and begins:
            ceiling = begins[0] + np.log10(HEADROOM) if view.logarithmic else begins[0] * HEADROOM
        return Trace(run.number, tuple(curves), run.diverged, ceiling)

    # -- reading --

    def words_at(self, x: float) -> list[str]:
        """A line for each run that is drawn: its values at a place on the epoch axis."""
        lines = []
        for run in self.kept.shown:
            pairs = run.frozen.training(self._view.what, self._view.window), run.frozen.validation(self._view.what)
            values = [_at(epochs, column, x) for epochs, column in pairs]
            told = ", ".join(format_number(value) for value in values if value is not None)
            title = self.title(run)
            short = title if len(title) <= BRIEF else f"{title[: BRIEF - 1]}…"
            if told:
                lines.append(f"{run.number} {short}: {told}")
        return lines

    def frozen(self) -> list[tuple[int, str, Frozen]]:
        """Number, name and curves of each run that is drawn."""
        return [(run.number, self.title(run), run.frozen) for run in self.kept.shown]


def _on_axis(values: Floats, *, logarithmic: bool) -> Floats:
    if not logarithmic:
        return np.where(np.isfinite(values), values, np.nan)
    return np.log10(values, where=np.isfinite(values) & (values > 0), out=np.full(values.size, np.nan))


def _at(epochs: Floats, values: Floats, x: float) -> float | None:
    """The value nearest to a place; None beyond the last one."""
    if not values.size or x > epochs[-1] + 1:
        return None
    after = min(int(np.searchsorted(epochs, x)), values.size - 1)
    before = max(0, after - 1)
    return float(values[before if x - epochs[before] < epochs[after] - x else after])
