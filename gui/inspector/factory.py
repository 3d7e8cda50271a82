"""The editor that goes with each kind of parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.param import Array, Bool, Choice, Choices, Device, Float, Int, Names, Param, Refs, Shape, Size, Text
from gui.inspector.array_editor import ArrayEditor
from gui.inspector.device_editor import DeviceEditor
from gui.inspector.editors import BoolEditor, ChoiceEditor, ChoicesEditor, Editor, FloatEditor, IntEditor
from gui.inspector.text_editors import NamesEditor, RefsEditor, ShapeEditor, SizeEditor, TextEditor

MAKERS: Final[Mapping[type[Param], Callable[[Any], Editor]]] = {
    Int: IntEditor,
    Float: FloatEditor,
    Bool: BoolEditor,
    Choice: ChoiceEditor,
    Choices: ChoicesEditor,
    Size: SizeEditor,
    Shape: ShapeEditor,
    Text: TextEditor,
    Device: DeviceEditor,
    Names: NamesEditor,
    Array: ArrayEditor,
    Refs: RefsEditor,
}


def make_editor(param: Param) -> Editor:
    """The editor for a parameter.

    Raises:
        KeyError: a new kind of parameter has no editor yet.
    """
    return MAKERS[type(param)](param)
