"""How the convolution view calls what it shows, and where it begins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from engine.shapes import times
from gui.backprop.convolution.scenes import Scene, Scenes, Way
from gui.backprop.sliding import Pair


def _tr(text: str) -> str:
    return QCoreApplication.translate("Convolution", text)


def settings(block: str, scenes: Scenes) -> str:
    """`Conv2d · kernel 3×3 · stride 1 · padding 1`, whatever is not plain."""
    slide = scenes.slide

    def size(pair: Pair) -> str:
        return times(pair[1:] if slide.flat else pair)

    parts = [block, _tr("window {0}").format(size(slide.kernel)), _tr("stride {0}").format(size(slide.stride))]
    _, _, below, right = slide.margins()
    if any(slide.pads):
        word = _tr("cuts {0} off around the output") if scenes.transposed else _tr("padding {0}")
        parts.append(word.format(size(slide.pads)))
    elif not scenes.transposed and (below or right):
        parts.append(_tr("padding below and right"))
    if slide.dilation != (1, 1):
        parts.append(_tr("dilation {0}").format(size(slide.dilation)))
    if slide.groups > 1:
        parts.append(_tr("{0} groups").format(slide.groups))
    if slide.kind == "average" and not slide.counts_pads:
        parts.append(_tr("the mean leaves padding out"))
    return " · ".join(parts)


def explanation(scenes: Scenes, way: Way) -> str:
    """What is seen, in a sentence or two."""
    kind = scenes.slide.kind
    if way == "update":
        return _tr("The optimizer moves every number of the kernel: before, the gradient it was given, after.")
    if kind == "max":
        if way == "forward":
            return _tr("Of the numbers in the window only the largest is kept; the frame marks where it was.")
        return _tr("A gradient goes to the place alone that was the largest of its window: times 1, else times 0.")
    if kind == "average":
        if way == "forward":
            return _tr("Every number in the window counts the same: their mean.")
        return _tr("Each window shares its gradient out evenly to all numbers that it saw.")
    if way == "kernel":
        return _tr(
            "A correlation: the arriving gradient, as large as the output, lies on the picture where this entry of the "
            "kernel met it; all products are added up, over all samples of the batch. Point at an entry on the right."
        )
    if (way == "forward") == (kind == "transposed"):
        return _tr(
            "Each number on the left stamped the kernel onto the result. Those whose stamp reached the chosen place "
            "are outlined: a full convolution with the kernel turned by 180°."
        )
    return _tr("The numbers under the window are multiplied by those of the kernel, and all products added up.")


def titles(scenes: Scenes, scene: Scene) -> tuple[str, str, str, str]:
    """Of picture, window, products and result."""
    choice, kind, way = scene.choice, scenes.slide.kind, scene.way
    given = _tr("Input x, channel {0}").format(choice.input + 1)
    made = _tr("Output y, channel {0}").format(choice.output + 1)
    arriving = _tr("Arriving δ, channel {0}").format(choice.output + 1)
    passed = _tr("∂L/∂x, channel {0}").format(choice.input + 1)
    kernel = _tr("Kernel W, {0}→{1}").format(choice.input + 1, choice.output + 1)
    turned = _tr("W {0}→{1}, turned 180°").format(choice.input + 1, choice.output + 1)
    if way == "update":
        return (
            _tr("W before, {0}→{1}").format(choice.input + 1, choice.output + 1),
            _tr("Gradient g"),
            "",
            _tr("W after"),
        )
    if scenes.slide.is_pool:
        given, passed = (
            text.format(choice.output + 1) for text in (_tr("Input x, channel {0}"), _tr("∂L/∂x, channel {0}"))
        )
        if way == "forward":
            return (given, "", _tr("The window") if kind == "max" else _tr("x · share"), made)
        return (arriving, "", _tr("δ · 1 or 0") if kind == "max" else _tr("δ · share"), passed)
    if way == "kernel":
        planes = (arriving, given) if scenes.transposed else (given, arriving)
        return (
            planes[0],
            planes[1],
            _tr("Products x · δ"),
            _tr("∂L/∂W, {0}→{1}").format(choice.input + 1, choice.output + 1),
        )
    if way == "forward":
        return (given, turned if scenes.transposed else kernel, _tr("Products x · W"), made)
    return (arriving, kernel if scenes.transposed else turned, _tr("Products δ · W"), passed)


def strip_title(name: str, way: Way) -> str:
    """What a row of small pictures holds."""
    if name == "filter":
        return {
            "kernel": _tr("Gradients of the kernels, one for each output channel"),
            "update": _tr("Kernels after, one for each output channel"),
        }.get(way, _tr("Kernels, one for each output channel"))
    if name == "input":
        return _tr("∂L/∂x by input channel") if way == "input" else _tr("Input channels")
    return _tr("Output channels") if way == "forward" else _tr("Arriving gradient by output channel")


def limit_of(planes: NDArray[Any]) -> float:
    """The largest size of a number, at which colours are full."""
    finite = np.abs(planes[np.isfinite(planes)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def limits(scenes: Scenes, scene: Scene) -> tuple[float, float, float, float]:
    """For the colours of picture, window, products and result: those of all channels, so that they compare."""
    sample, way = scene.choice.sample, scene.way
    if way == "update":
        assert scenes.before is not None
        assert scenes.applied is not None
        both = limit_of(scenes.before)
        return (both, limit_of(scenes.applied), 1.0, both)
    x = limit_of(scenes.x[sample])
    arriving = 1.0 if scenes.delta is None else limit_of(scenes.delta[sample])
    weights = 1.0 if scenes.weight is None else limit_of(scenes.weight)
    if way == "kernel":
        assert scenes.by_weight is not None
        first, second = (arriving, x) if scenes.transposed else (x, arriving)
        return (first, second, 1.0, limit_of(scenes.by_weight))
    if way == "forward":
        return (x, weights, 1.0, limit_of(scenes.y[sample]))
    assert scenes.by_input is not None
    return (arriving, weights, 1.0, limit_of(scenes.by_input[sample]))


def first_place(scenes: Scenes, way: Way) -> Pair:
    """Where it begins: in the middle, where there is most to see."""
    height, width = scenes.shape(way)
    return (height // 2, width // 2)


def place_under(scenes: Scenes, scene: Scene, cell: Pair) -> Pair:
    """The place of the result whose window has its middle at a cell of the picture."""
    slide = scenes.slide
    gathers = (scene.way == "forward") != scenes.transposed
    if gathers:
        return slide.centred(cell)
    found = [
        min(
            max(
                0, slide.stride[axis] * cell[axis] + slide.dilation[axis] * (slide.kernel[axis] // 2) - slide.pads[axis]
            ),
            slide.fine[1 + axis] - 1,
        )
        for axis in (0, 1)
    ]
    return (found[0], found[1])
