"""Wheel, touchpad and pinch. A wheel zooms about the pointer; fingers on a touchpad pan, and pinch to zoom."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QWheelEvent

from gui.canvas.camera import Camera

NOTCH: Final = 1.2
"""How much one notch of a wheel (120 eighths of a degree) zooms."""
_PINCH_PIXELS: Final = 160.0
"""So many pixels of Ctrl and two fingers zoom like one notch."""


def turned(camera: Camera, event: QWheelEvent) -> None:
    """A wheel turned, or two fingers moved."""
    keys, pixels, angle = event.modifiers(), event.pixelDelta(), event.angleDelta()
    zooms = bool(keys & Qt.KeyboardModifier.ControlModifier)
    fingers = _is_touchpad(event)
    if fingers and not zooms:
        way = pixels if not pixels.isNull() else angle / 2
        camera.pan(way.x(), way.y())
    elif keys & Qt.KeyboardModifier.ShiftModifier and not zooms:
        camera.pan((angle.y() or angle.x()) / 2, 0.0)
    elif keys & Qt.KeyboardModifier.AltModifier and not zooms:
        camera.pan(0.0, (angle.y() or angle.x()) / 2)  # with Alt, Qt turns the wheel sideways
    elif fingers and not pixels.isNull():
        camera.zoom_by(NOTCH ** (pixels.y() / _PINCH_PIXELS), event.position())
    elif angle.y():
        camera.zoom_by(NOTCH ** (angle.y() / 120.0), event.position())
    else:
        camera.pan(angle.x() / 2, 0.0)
    event.accept()


def _is_touchpad(event: QWheelEvent) -> bool:
    """Whether fingers scroll. By what the system says of the device or of its phases, never by guessing from deltas."""
    if event.phase() != Qt.ScrollPhase.NoScrollPhase:
        return True
    return event.device().type() == QInputDevice.DeviceType.TouchPad


def pinched(camera: Camera, event: QNativeGestureEvent) -> bool:
    """A gesture of the touchpad. False when it is none of ours."""
    if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
        camera.zoom_by(max(0.2, 1.0 + event.value()), event.position())
        return True
    if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
        camera.zoom_by(1.0 / camera.zoom if camera.zoom < 0.95 else 0.5, QPointF(event.position()))
        return True
    return False
