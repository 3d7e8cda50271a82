"""The views of a moment, in the order of their tabs."""

from __future__ import annotations

from gui.backprop.activation import ActivationLens
from gui.backprop.batch import BatchLens
from gui.backprop.chain import ChainLens
from gui.backprop.convolution.view import ConvolutionLens
from gui.backprop.jacobian import JacobianLens
from gui.backprop.lens import Lens
from gui.backprop.neurons.lens import NeuronLens
from gui.backprop.numbers import NumbersLens
from gui.backprop.numeral_page import NumeralLens
from gui.backprop.softmax import SoftmaxLens
from gui.backprop.update import UpdateLens
from gui.document import Document
from gui.run_feed import RunFeed


def make_lenses(document: Document, feed: RunFeed) -> list[Lens]:
    """One of each. The first fits every moment."""
    kinds: tuple[type[Lens], ...] = (
        NumbersLens,
        NumeralLens,
        ChainLens,
        NeuronLens,
        ConvolutionLens,
        ActivationLens,
        SoftmaxLens,
        JacobianLens,
        UpdateLens,
        BatchLens,
    )
    return [kind(document, feed) for kind in kinds]
