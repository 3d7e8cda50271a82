"""Training and evaluation: the two modes of a network, switched for every block at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch
from torch import nn

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


@final
class Modes:
    """The mode of one network, which is to be trained.

    Attributes:
        dropout_off: whether dropout is switched off while it trains; call `train` after a change.
    """

    def __init__(self, net: nn.Module, *, gathers: bool) -> None:
        """Args: `gathers`, it is one of several processes, each of which may hold a part of the weights."""
        self._modules, self._gathers = tuple(net.modules()), gathers
        self.dropout_off = False

    def train(self) -> None:
        """To training, which it is in but for evaluations."""
        self._switch(training=True)
        if self.dropout_off:
            for module in self._modules:
                if isinstance(module, _DROPOUTS):
                    module.eval()

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """In evaluation mode meanwhile."""
        self._switch(training=False)
        try:
            yield
        finally:
            self.train()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """As `evaluation`, without gradients."""
        # Shards that are gathered in inference mode could not be trained afterwards.
        with self.evaluation(), torch.no_grad() if self._gathers else torch.inference_mode():
            yield

    def _switch(self, *, training: bool) -> None:
        for module in self._modules:  # as Module.train does, which takes as long as a small step
            vars(module)["training"] = training
