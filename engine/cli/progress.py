"""Progress of a training on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from engine.cli.output import say
from engine.training.run import Run

_BAR_SECONDS = 0.1
_LINE_SECONDS = 2.0


@final
class Display:
    """Shows epochs, loss and time left."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._next = 0.0
        self._text = ""

    def begin(self, run: Run) -> None:
        """The training begins, or goes on."""
        self._next = time.monotonic() + (_BAR_SECONDS if sys.stderr.isatty() else _LINE_SECONDS)
        if not sys.stderr.isatty():
            return
        columns = (
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}", markup=False),
            TimeRemainingColumn(compact=True),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True, expand=True)
        self._bar.start()
        self._task = self._bar.add_task("", total=run.planned, epoch=run.trainer.epochs, epochs=run.planned, text="")

    def epoch(self, record: Mapping[str, Any]) -> None:
        """An epoch has ended."""
        values = {"loss": record["loss"], "val_loss": record["val_loss"], **record["metrics"]}
        known = {name: value for name, value in values.items() if value is not None}
        judged = {name: value for name, value in known.items() if f"val_{name}" not in known or name == "loss"}
        self._text = " · ".join(f"{name} {value:.3g}" for name, value in judged.items())
        if self._bar is None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_SECONDS
            say(f"epoch {record['epoch']} · {self._text}")

    def progress(self, run: Run) -> None:
        """A unit of work was done."""
        if self._bar is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _BAR_SECONDS
        epoch = run.trainer.epochs + (0 if run.between_epochs else 1)
        self._bar.update(
            self._task,
            completed=run.trainer.position,
            total=run.planned,
            epoch=epoch,
            epochs=run.planned,
            text=self._text,
        )
        self._bar.refresh()

    def end(self) -> None:
        """No more progress."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
