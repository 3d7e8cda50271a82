"""What the convolution view shows of a moment: a picture, a window on it, their products, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Update
from gui.backprop import products as adding
from gui.backprop.lens import Shown
from gui.backprop.products import Terms
from gui.backprop.sliding import Bools, Ints, Pair, Sliding, pictures, sliding_of

Array = NDArray[Any]
Way = Literal["forward", "kernel", "input", "update"]


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at: a sample, an input and an output channel, and a place of the result; all from 0."""

    sample: int = 0
    input: int = 0
    output: int = 0
    place: Pair = (0, 0)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """The numbers that meet in the chosen place, laid out as the window lies on the picture.

    Attributes:
        terms: of the whole number; `part`: which part of it is laid out.
        rows, columns: where the numbers lie in the picture; places outside of it are padding.
        here: which numbers there are.
        entries: flat indices into the window; -1 without one.
        turned: the window lies turned by 180°.
        chosen: of a maximum, the place that was taken, in this layout.
    """

    terms: Terms
    part: int
    rows: Ints
    columns: Ints
    here: Bools
    entries: Ints
    turned: bool = False
    chosen: Pair | None = None

    def laid_out(self, factors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factors or products of this part."""
        part: NDArray[np.float64] = factors[self.part]
        return part[::-1, ::-1] if self.turned else part


@final
@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One state of the view.

    Attributes:
        picture, window, result: planes; no window for a pooling. `margins` of the picture are padding.
        meeting: None for an update, where the three are before, gradient and after.
        traced: the number at the chosen place.
    """

    way: Way
    choice: Choice
    picture: Array
    margins: tuple[int, int, int, int]
    window: Array | None
    result: Array
    meeting: Meeting | None
    traced: float


@final
class Scenes:
    """The tensors of one moment of a sliding window, as pictures of any sample and channel.

    Attributes:
        slide: how the window slides.
        ways: what there is to see of the moment.
        x, y, weight, delta, by_input, by_weight: `(samples or kernels, channels, height, width)`, or None.
        before, applied, after: of an update, as the weight.
    """

    def __init__(self, shown: Shown, forward: Forward, slide: Sliding) -> None:
        moment = shown.moment
        self.slide, self.moment = slide, moment
        self.x, self.y = (pictures(shown.array(values)) for values in (forward.inputs[0], forward.outputs[0]))
        held = {values.name: shown.array(values) for values in forward.weights}
        self.bias = held.get("bias")
        self.weight = pictures(held["weight"]) if "weight" in held else None
        self.indices = next((shown.array(values) for values in forward.saved if values.name == "indices"), None)
        self.delta: Array | None = None
        self.by_input: Array | None = None
        self.by_weight: Array | None = None
        self.before: Array | None = None
        self.applied: Array | None = None
        self.after: Array | None = None
        self.ways: tuple[Way, ...] = ("forward",)
        if isinstance(moment, Backward):
            self._take_backward(shown, moment)
        elif isinstance(moment, Update):
            self._take_update(shown, moment)

    def _take_backward(self, shown: Shown, moment: Backward) -> None:
        self.delta = pictures(shown.array(moment.upstream[0].total))
        found: list[Way] = []
        for values in moment.weights:
            if values.name == "weight":
                self.by_weight = pictures(shown.array(values))
                found.append("kernel")
        for values in moment.inputs:
            self.by_input = pictures(shown.array(values))
            found.append("input")
        self.ways = tuple(found)

    def _take_update(self, shown: Shown, moment: Update) -> None:
        assert moment.applied is not None
        self.before, self.applied, self.after = (
            pictures(shown.array(values)) for values in (moment.before, moment.applied, moment.after)
        )
        self.ways = ("update",)

    # -- channels --

    @property
    def transposed(self) -> bool:
        """Whether the input is the coarse plane."""
        return self.slide.kind == "transposed"

    def partners(self, output: int) -> range:
        """The input channels that an output channel is made of."""
        return self.slide.coarse_of(output) if self.transposed else self.slide.fine_of(output)

    def settled(self, choice: Choice, way: Way) -> Choice:
        """The nearest choice that there is."""
        samples, outputs = self.y.shape[:2]
        output = min(max(0, choice.output), outputs - 1)
        partners = self.partners(output)
        given = choice.input if choice.input in partners else partners.start
        sample = min(max(0, choice.sample), samples - 1)
        height, width = self.shape(way)
        row, column = choice.place
        return Choice(sample, given, output, (min(max(0, row), height - 1), min(max(0, column), width - 1)))

    def shape(self, way: Way) -> Pair:
        """Height and width of the result."""
        plane = {"forward": self.y, "input": self.x}.get(way, self.weight)
        assert plane is not None
        return (plane.shape[-2], plane.shape[-1])

    def kernel(self, weights: Array, choice: Choice) -> Array:
        """The kernel between the two chosen channels."""
        if self.transposed:
            return weights[choice.input, self.slide.row_of(choice.output)]  # type: ignore[no-any-return]
        return weights[choice.output, self.slide.row_of(choice.input)]  # type: ignore[no-any-return]

    def kernels(self, weights: Array, choice: Choice) -> Array:
        """The kernels from the chosen input channel to every output channel that it reaches, as pictures."""
        count = self.y.shape[1]
        found = np.full((count, *weights.shape[-2:]), np.nan)
        for output in range(count):
            if choice.input in self.partners(output):
                found[output] = self.kernel(weights, Choice(0, choice.input, output))
        return found

    # -- scenes --

    def scene(self, way: Way, choice: Choice) -> Scene:
        """The view of a choice that is settled."""
        if way == "update":
            return self._update(choice)
        if way == "kernel":
            return self._kernel(choice)
        return self._sliding(way, choice)

    def _update(self, choice: Choice) -> Scene:
        assert self.before is not None
        assert self.applied is not None
        assert self.after is not None
        planes = [self.kernel(each, choice) for each in (self.before, self.applied, self.after)]
        return Scene(
            "update", choice, planes[0], (0, 0, 0, 0), planes[1], planes[2], None, float(planes[2][choice.place])
        )

    def _kernel(self, choice: Choice) -> Scene:
        """∂L/∂W as a correlation: what arrives at the output slides over the input (transposed: the reverse)."""
        assert self.delta is not None
        assert self.by_weight is not None
        slide, place = self.slide, choice.place
        fine, coarse = (self.delta, self.x) if self.transposed else (self.x, self.delta)
        inner, outer = (choice.output, choice.input) if self.transposed else (choice.input, choice.output)
        found = adding.correlated(slide, fine, coarse, (outer, inner), place)
        rows, columns = slide.met(place)
        window = coarse[choice.sample, outer]
        everywhere = np.ones(rows.shape, dtype=bool)
        meeting = Meeting(found, choice.sample, rows, columns, everywhere, np.arange(window.size).reshape(window.shape))
        result = self.kernel(self.by_weight, choice)
        picture = fine[choice.sample, inner]
        return Scene("kernel", choice, picture, slide.margins(), window, result, meeting, float(result[place]))

    def _sliding(self, way: Way, choice: Choice) -> Scene:
        forward = way == "forward"
        source = self.x if forward else self.delta
        result = self.y if forward else self.by_input
        assert source is not None
        assert result is not None
        asked = choice.output if forward or self.slide.is_pool else choice.input
        shown = choice.input if forward or self.slide.is_pool else choice.output
        gathers = forward != self.transposed
        meeting = self._meeting(forward, gathers, source[choice.sample], asked, shown, choice)
        plane = result[choice.sample, asked]
        return Scene(
            way,
            choice,
            source[choice.sample, shown],
            self.slide.margins() if gathers else (0, 0, 0, 0),
            None if self.weight is None else self.kernel(self.weight, choice),
            plane,
            meeting,
            float(plane[choice.place]),
        )

    def _meeting(self, forward: bool, gathers: bool, source: Array, asked: int, shown: int, choice: Choice) -> Meeting:
        slide, place = self.slide, choice.place
        found = self._terms(forward, gathers, source, asked, choice)
        part = found.of.index(shown)
        entries = np.arange(slide.kernel[0] * slide.kernel[1]).reshape(slide.kernel)
        if gathers:
            rows, columns = slide.under(place)
            chosen = None
            if self.indices is not None and forward:
                at = int(pictures(self.indices)[choice.sample, asked][place])
                (where,) = np.nonzero(((rows * slide.fine[2] + columns) == at).ravel() & found.here[part].ravel())
                chosen = (int(where[0]) // slide.kernel[1], int(where[0]) % slide.kernel[1])
            return Meeting(found, part, rows, columns, found.here[part], entries, chosen=chosen)
        rows, columns, here = slide.over(place)
        back = (slice(None, None, -1), slice(None, None, -1))
        return Meeting(found, part, rows[back], columns[back], here[back], entries[back], turned=True)

    def _terms(self, forward: bool, gathers: bool, source: Array, asked: int, choice: Choice) -> Terms:
        slide, place = self.slide, choice.place
        if slide.is_pool:
            if forward:
                kind = adding.largest if slide.kind == "max" else adding.averaged
                return kind(slide, source, asked, place)
            chosen = None if self.indices is None else pictures(self.indices)[choice.sample]
            return adding.returned(slide, source, chosen, asked, place)
        assert self.weight is not None
        added = float(self.bias[asked]) if forward and self.bias is not None else None
        join = adding.gathered if gathers else adding.scattered
        return join(slide, source, self.weight, asked, place, added)


def scenes_of(shown: Shown) -> Scenes | None:
    """The pictures of a moment; None where no window slides."""
    forward = forward_of(shown)
    slide = sliding_of(forward) if forward is not None else None
    if forward is None or slide is None or not _fits(shown):
        return None
    found = Scenes(shown, forward, slide)
    return found if found.ways else None


def forward_of(shown: Shown) -> Forward | None:
    """Forward through the block of a moment."""
    moment = shown.step.at(Forward, shown.moment.node)
    return moment if isinstance(moment, Forward) else None


def _fits(shown: Shown) -> bool:
    moment = shown.moment
    if isinstance(moment, Update):
        return moment.applied is not None and moment.parameter.rpartition(".")[2] == "weight"
    if isinstance(moment, Backward):
        return len(moment.upstream) == 1
    return isinstance(moment, Forward)
