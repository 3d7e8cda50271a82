"""`chainrule import` in a process of its own, which can be stopped at any moment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final, final

from PySide6.QtCore import QObject, QProcess, Signal

_KILLED_MS: Final = 2000


@final
class ImportProcess(QObject):
    """Reads one model and writes it as a graph file.

    Signals:
        progressed(int, int): so many of so many nodes are blocks now.
        done(list): the graph file is written; sentences worth saying.
        failed(str): why it was not, in one line.
    """

    progressed = Signal(int, int)
    done = Signal(object)
    failed = Signal(str)

    def __init__(self, model: Path, graph: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._remarks: list[str] | None = None
        self._is_over = False
        self._process = QProcess(self)
        self._process.setProgram(sys.executable)
        # -P: the folder that the window was started from holds no modules of ours.
        self._process.setArguments(["-P", "-m", "engine", "import", str(model), "-o", str(graph), "--json"])
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._could_not_start)

    def start(self) -> None:
        """Begin; one of the signals tells the end."""
        self._process.start(QProcess.OpenModeFlag.ReadOnly)

    def stop(self) -> None:
        """End it now; no signal tells of it."""
        self._is_over = True
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(_KILLED_MS)

    def _read(self) -> None:
        while self._process.canReadLine():
            found = _object(bytes(self._process.readLine().data()))
            if "total" in found:
                self.progressed.emit(found.get("done", 0), found["total"])
            elif "file" in found:
                self._remarks = [str(remark) for remark in found.get("remarks", [])]

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._read()
        if code == 0 and status == QProcess.ExitStatus.NormalExit and self._remarks is not None:
            self.done.emit(self._remarks)
            return
        said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").strip()
        last = said.splitlines()[-1].removeprefix("chainrule: ") if said else ""
        if status == QProcess.ExitStatus.CrashExit or not last:
            last = self.tr("The import ended unexpectedly; the model may be too large for the memory.")
        self.failed.emit(last)

    def _could_not_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self._is_over:
            self._is_over = True
            self.failed.emit(self.tr("The import could not be started: {0}.").format(self._process.errorString()))


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # a line of something else
        return {}
    return found if isinstance(found, dict) else {}
