"""Small projects for tests, made by the same edits as a person's."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from engine import edits
from engine.graph import Project, Wire

Step = tuple[str, str, Mapping[str, Any]]
"""Kind, id and parameters of a block."""


def chain(name: str, steps: Iterable[Step], **training: Any) -> Project:
    """Blocks one after another, the first an Input and the last a Loss that also gets the target."""
    project = Project(name=name)
    ids: list[str] = []
    kinds: dict[str, str] = {}
    for place, (kind, node_id, params) in enumerate(steps):
        project, _, new = edits.add_node(project, kind, (place * 200.0, 0.0), node_id=node_id, params=params)
        ids.append(new)
        kinds[new] = kind
    for source, sink in itertools.pairwise(ids):
        port = "prediction" if kinds[sink] == "Loss" else "in"
        project, _ = edits.connect(project, Wire(source, "x" if source == ids[0] else "out", sink, port))
    if kinds[ids[-1]] == "Loss":
        project, _ = edits.connect(project, Wire(ids[0], "y", ids[-1], "target"))
    return edits.set_training(project, training)[0] if training else project


def spiral(width: int = 8, layers: int = 2) -> Project:
    """A tanh network on the spiral, as drawn in the tour."""
    steps: list[Step] = [("Input", "data", {"dataset": "spiral", "samples": 500})]
    for layer in range(1, layers):
        steps += [
            ("Dense", f"dense{layer}", {"out_features": width}),
            ("Activation", f"tanh{layer}", {"function": "tanh"}),
        ]
    steps += [
        ("Dense", f"dense{layers}", {"out_features": 1}),
        ("Loss", "loss", {"function": "half_squared_error"}),
    ]
    return chain("Spiral", steps, lr=0.03, batch_size=10, epochs=300)


def digits() -> Project:
    """A dense network that tells ten digits apart."""
    return chain(
        "Digits",
        [
            ("Input", "data", {"dataset": "digits"}),
            ("Flatten", "flat", {}),
            ("Dense", "hidden", {"out_features": 32}),
            ("Activation", "relu", {"function": "relu"}),
            ("Dense", "output", {"out_features": 10}),
            ("Loss", "loss", {"function": "cross_entropy"}),
        ],
        optimizer="adam",
        epochs=20,
    )


def broken() -> Project:
    """A convolution fed with numbers: one error that names it."""
    return chain(
        "Broken",
        [
            ("Input", "data", {"dataset": "spiral"}),
            ("Conv2d", "conv1", {"out_channels": 4, "kernel_size": 3}),
            ("Dense", "dense1", {"out_features": 1}),
            ("Loss", "loss", {"function": "half_squared_error"}),
        ],
    )
