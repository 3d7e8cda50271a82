"""A run directory read for its curves: the loss of whole epochs, which is what it keeps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import final

from engine import diskfile, files
from engine.graph import Project
from engine.problem import FileError
from engine.runplace import GRAPH, METRICS, run_title
from engine.watching.place import LIMITS
from engine.watching.records import epoch_of
from gui.plots.kept_runs import Frozen, freeze
from gui.plots.loss_history import LossHistory


@final
class OpenedRun:
    """What was read.

    Attributes:
        title: what people call the directory.
        project: what was trained.
        frozen: its epochs.
        ended: when it was written to last.
    """

    def __init__(self, folder: Path) -> None:
        """Read it; may run in any thread.

        Raises:
            FileError: graph or records cannot be read, or there is no epoch.
            OSError: there are no records.
        """
        self.title = run_title(folder)
        self.project: Project = files.load(folder / GRAPH)
        history, metrics = LossHistory(1), folder / METRICS
        last = 0
        try:
            lines = diskfile.open_regular(metrics, LIMITS[METRICS])
        except diskfile.NotReadableError as error:
            raise FileError(f'"{metrics}" {error}.', code="F04") from None
        with lines:
            for line in lines:
                record = epoch_of(line)
                if record is not None and record["epoch"] > last:
                    last = record["epoch"]
                    history.records.append(record)
        if not last:
            raise FileError(f'"{metrics}" holds no epoch: there is nothing to draw.', code="F04")
        self.frozen: Frozen = freeze(history, ())
        self.ended = datetime.fromtimestamp(metrics.stat().st_mtime).astimezone()
