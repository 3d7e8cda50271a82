"""The ports that light up while a wire is drawn: those it fits."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QElapsedTimer, QObject, QPointF, QTimer

from gui.canvas.face import Side
from gui.canvas.fitting import Fitting
from gui.canvas.hits import PortRef, blocks_in
from gui.canvas.stage import Stage

SLICE_MS: Final = 4
"""How long ports are judged in one go before the window has its turn."""


@final
class Lights(QObject):
    """Judges the ports in view, nearest first, a slice at a time; its timer runs until all are judged."""

    def __init__(self, stage: Stage, fitting: Fitting, side: Side) -> None:
        super().__init__()
        self._stage = stage
        self._fitting = fitting
        self._side: Side = side
        self._waiting: list[PortRef] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._judge_some)

    def start(self, near: QPointF) -> None:
        """Begin with the ports near a place of the scene; what does not fit steps back at once."""
        scene = self._stage.scene
        scene.set_wiring(True)
        found: list[tuple[float, PortRef]] = []
        for item in blocks_in(scene, self._stage.camera.visible()):
            for (side, name), place in item.ports():
                ref = PortRef(item.node_id, side, name)
                if side == self._side and self._fitting.may_end(ref):
                    found.append(((place + item.pos() - near).manhattanLength(), ref))
        found.sort(key=lambda entry: entry[0], reverse=True)
        self._waiting = [ref for _, ref in found]
        self._judge_some()
        if self._waiting:
            self._timer.start()

    def stop(self) -> None:
        """Put all lights out."""
        self._timer.stop()
        self._waiting = []
        self._stage.scene.set_wiring(False)

    def _judge_some(self) -> None:
        clock = QElapsedTimer()
        clock.start()
        while self._waiting and clock.elapsed() < SLICE_MS:
            ref = self._waiting.pop()
            if self._fitting.refusal(ref) is None:
                self._stage.scene.light(ref.node, (ref.side, ref.port))
        if not self._waiting:
            self._timer.stop()
