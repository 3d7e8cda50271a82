"""All derivatives of one block's output by one of its inputs, for one sample of a batch, as a matrix."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor

from engine.build import Net
from engine.jacobians import Floats, flat, pulled
from engine.netcode import Batch
from engine.replay import Moment, replay, undisturbed

LARGEST = 1 << 18
"""Numbers of a matrix that is still computed."""
MOST_OUTPUTS = 1024
"""Each output of the sample takes a pass back."""


def sample_jacobian(net: Net, batch: Batch, node: str, port: str, sample: int, phase: int = 0) -> Floats:
    """∂ output / ∂ input of a block in training mode, under torch's present random state, which stays as it is.

    Args:
        net: a network with objectives; it is not changed.
        batch: `input.field` -> (batch, …).
        node: path of the block; it has one output.
        port: its input.
        sample: of the batch, from 0.
        phase: whose objectives.

    Returns:
        (outputs, inputs) of the sample, row by row; an output without samples (a loss) counts as it is.

    Raises:
        KeyError: there is no such block in this step, or no such input.
        ValueError: the matrix would be too large, or the block has several outputs.
    """
    twin = copy.deepcopy(net).train()
    leaves = {name: value.detach().requires_grad_() for name, value in twin.named_parameters()}
    data = {name: value.detach().requires_grad_(value.is_floating_point()) for name, value in batch.items()}
    with undisturbed(net), torch.enable_grad():
        moments = replay(twin, data, net.result.phases[phase].objectives, traced=True, weights=leaves)
    moment = next((each for each in moments if each.plan.path == node), None)
    if moment is None or port not in moment.inputs:
        raise KeyError(f'There is no input "{port}" of "{node}" in this step.')
    if len(moment.outputs) != 1:
        raise ValueError(f'"{node}" has {len(moment.outputs)} outputs; one is needed.')
    return _matrix(moment, port, sample)


def _matrix(moment: Moment, port: str, sample: int) -> Floats:
    (output,), value = moment.outputs.values(), moment.inputs[port]
    samples = int(value.shape[0]) if value.ndim else 1
    if not 0 <= sample < samples:
        raise ValueError(f"The batch has {samples} samples, counted from 0; there is no {sample}.")
    places, columns = _places(output, samples, sample), value.numel() // samples
    if len(places) * columns > LARGEST or len(places) > MOST_OUTPUTS:
        raise ValueError(f"{len(places):,} × {columns:,} derivatives are too many to write out.")
    if not output.requires_grad:
        return np.zeros((len(places), columns))
    return np.stack([_row(output, value, place)[sample * columns : (sample + 1) * columns] for place in places])


def _places(output: Tensor, samples: int, sample: int) -> range:
    """The numbers of an output, counted row by row, that belong to a sample."""
    if output.ndim == 0 or output.shape[0] != samples:
        return range(output.numel())
    size = output.numel() // samples
    return range(sample * size, (sample + 1) * size)


def _row(output: Tensor, value: Tensor, place: int) -> Floats:
    one = torch.zeros_like(output)
    one.view(-1)[place] = 1
    return flat(pulled(output, value, one))
