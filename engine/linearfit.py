"""Networks that are linear in all that they learn, on one input: seen as data and line, and as points of parameters."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.data.dataset import DataSet
from engine.data.planes import line_grid
from engine.dataspec import SPLITS
from engine.netcode import Batch, execution
from engine.probes.probe import Watcher, watcher
from engine.result import NodePlan, Source
from engine.training.run import Run
from engine.weightviews import Entry, Floats, LinearFit, sealed

PLACES = 200
MOST_POINTS = 2000
MOST_PARAMETERS = 32
_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@final
class NotLinearError(ValueError):
    """A sentence on why a network is no linear fit."""


def linear_fit(run: Run) -> LinearFit:
    """The linear fit that a run trains.

    Raises:
        NotLinearError: it trains something else.
    """
    dense, target, is_mean = _parts_of(run)
    look = _watched(run)
    batch = _training_data(run)
    features = _features(run, dense, batch)
    y = batch[".".join(target)].cpu().double().reshape(-1).numpy()
    _, triangle = np.linalg.qr(np.column_stack([features, y]), mode="reduced")
    entries, symbols = _entries(dense)
    line = line_grid(look.data, PLACES)
    assert line is not None
    along = _features(run, dense, {f"{look.input}.{look.data.x_field.name}": line.x})
    points = _points(run, look.data, dense, target)
    return LinearFit(
        node=dense.path,
        entries=entries,
        symbols=symbols,
        x=points[0],
        y=points[1],
        split=points[2],
        features=points[3],
        at=sealed(line.at),
        along=along,
        triangle=sealed(triangle),
        scale=1 / len(y) if is_mean else 1.0,
        samples=len(y),
        names=(look.data.point_names[0], "y"),
    )


# -- whether it is one --


def _parts_of(run: Run) -> tuple[NodePlan, Source, bool]:
    """The Dense block, where the targets come from, and whether the loss is a mean."""
    result = run.loaded.result
    if len(result.phases) != 1 or len(result.phases[0].objectives) != 1:
        raise NotLinearError("More than one loss is minimised.")
    objective = result.phases[0].objectives[0]
    loss = result.nodes[objective.path]
    if loss.block != "Loss" or loss.params["function"] != "mse" or objective.weight != 1.0:
        raise NotLinearError("What is minimised is no mean squared error.")
    dense = result.nodes[loss.sources["prediction"][0]]
    if dense.block != "Dense" or dense.params["out_features"] != 1:
        raise NotLinearError("The prediction is not that of a Dense block with one output.")
    size = sum(tensor.numel for tensor in dense.recipe.parameters) if dense.recipe is not None else 0
    if not 2 <= size <= MOST_PARAMETERS:
        raise NotLinearError(f"It has {size} parameters; two are needed, and {MOST_PARAMETERS} are the most.")
    before = execution(result, [dense.sources["in"]])
    if any(plan.recipe is not None and plan.recipe.parameters for plan in (result.nodes[path] for path in before)):
        raise NotLinearError(
            "Something is learned before the last block, so that the model is not linear in its weights."
        )
    if any(plan.recipe is not None and plan.recipe.random for plan in (result.nodes[path] for path in before)):
        raise NotLinearError("A block before the last one draws random numbers.")
    target = loss.sources["target"]
    if target[0] not in result.inputs:
        raise NotLinearError("The targets do not come from the data.")
    return dense, target, loss.params["reduction"] == "mean"


def _watched(run: Run) -> Watcher:
    look = watcher(run)
    if look is None or look.data.points is None or len(look.data.point_names) != 1:
        raise NotLinearError("The data have more than one input.")
    return look


def _training_data(run: Run) -> Batch:
    batches = run.trainer.batches
    if batches is None:
        raise NotLinearError("There are no data.")
    return batches.data


# -- its numbers --


def _names(dense: NodePlan) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in dense.recipe.parameters) if dense.recipe is not None else ()


def _entries(dense: NodePlan) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    assert dense.recipe is not None
    count = next(tensor for tensor in dense.recipe.parameters if tensor.name == "weight").shape[1]
    weights: list[Entry] = [(f"{dense.path}.weight", (0, place)) for place in range(count)]
    symbols = ["w"] if count == 1 else [f"w{place + 1}".translate(_DIGITS) for place in range(count)]
    if "bias" in _names(dense):
        weights.append((f"{dense.path}.bias", (0,)))
        symbols.append("b")
    return tuple(weights), tuple(symbols)


def _features(run: Run, dense: NodePlan, batch: Batch) -> Floats:
    """What the Dense block gets, float64 (n, k), with a column of ones for the bias."""
    trainer = run.trainer
    name = ".".join(dense.sources["in"])
    on_device = {key: value.to(run.loaded.device) for key, value in batch.items()}
    with trainer.evaluating():
        found: Tensor = trainer.net.forward_to([name])(on_device)[name]
    rows = found.cpu().double().reshape(len(found), -1).numpy()
    return sealed(np.column_stack([rows, np.ones(len(rows))]) if "bias" in _names(dense) else rows)


def _points(
    run: Run, data: DataSet, dense: NodePlan, target: Source
) -> tuple[Floats, Floats, NDArray[np.int8], Floats]:
    """Samples to draw: x, y, split, features; evenly picked from all parts."""
    assert data.points is not None
    xs, ys, splits, rows = [], [], [], []
    for number, split in enumerate(SPLITS):
        part = run.loaded.part(split)
        if not part or not len(data.points[split]):
            continue
        xs.append(data.points[split][:, 0])
        ys.append(part[".".join(target)].cpu().double().reshape(-1).numpy())
        splits.append(np.full(len(xs[-1]), number, dtype=np.int8))
        rows.append(_features(run, dense, part))
    x, y, split_of, features = (np.concatenate(each) for each in (xs, ys, splits, rows))
    picked = np.linspace(0, len(x) - 1, min(MOST_POINTS, len(x))).astype(np.int64)
    parts = np.array(split_of[picked], dtype=np.int8)
    parts.flags.writeable = False
    return sealed(x[picked]), sealed(y[picked]), parts, sealed(features[picked])
