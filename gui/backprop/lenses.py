"""The views of a moment, in the order of their tabs. Each is imported when it is made."""

from __future__ import annotations

from collections.abc import Iterator

from gui.backprop.lens import Lens
from gui.document import Document
from gui.run_feed import RunFeed


def make_lenses(document: Document, feed: RunFeed) -> Iterator[Lens]:
    """One of each, one by one. The first fits every moment."""
    from gui.backprop.numbers import NumbersLens

    yield NumbersLens(document, feed)
    from gui.backprop.numeral_page import NumeralLens

    yield NumeralLens(document, feed)
    from gui.backprop.chain import ChainLens

    yield ChainLens(document, feed)
    from gui.backprop.neurons.lens import NeuronLens

    yield NeuronLens(document, feed)
    from gui.backprop.convolution.view import ConvolutionLens

    yield ConvolutionLens(document, feed)
    from gui.backprop.activation import ActivationLens

    yield ActivationLens(document, feed)
    from gui.backprop.softmax import SoftmaxLens

    yield SoftmaxLens(document, feed)
    from gui.backprop.jacobian import JacobianLens

    yield JacobianLens(document, feed)
    from gui.backprop.update import UpdateLens

    yield UpdateLens(document, feed)
    from gui.backprop.batch import BatchLens

    yield BatchLens(document, feed)
