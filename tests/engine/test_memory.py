"""What a training will take is known before it begins: the estimate against what a step really keeps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine import assets, edits, files
from engine.events import Event
from engine.machineevents import MachineTold, MemoryMeasured
from engine.planning.memory import MemoryParts, estimated
from engine.training.footprint import Counter
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.session_listener import Listener
from tests.engine.training_projects import mlp, run_of, train

FOLDER = assets.folder() / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.chainrule"))
FACTOR = 1.5
LINE = 64
"""Bytes to which each parameter is rounded up: what a small network is more than its numbers."""


def measured(run: Run) -> tuple[MemoryParts, MemoryParts]:
    """Estimate and measurement of a run's first step."""
    train(run, 1)
    before, after = estimated(run.loaded.result), run.trainer.footprint.parts
    assert before is not None
    assert after is not None
    return before, after


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_estimate_is_near_to_what_a_step_keeps(name: str):
    project, _ = edits.set_training(files.load(FOLDER / f"{name}.chainrule"), {"epochs": 1})
    run = Run(load(project, FOLDER), lambda _event: None)
    with run.trainer.drawing():
        run.tick()
    before, after = estimated(run.loaded.result), run.trainer.footprint.parts
    assert before is not None
    assert after is not None
    rounding = LINE * len(list(run.trainer.net.parameters()))
    states = len(run.trainer.updaters[0].rule.names)
    assert after.parameters == before.parameters
    assert 0 < after.gradients <= before.gradients
    assert before.optimizer <= after.optimizer <= before.optimizer + rounding * max(1, states)
    assert before.activations / FACTOR <= after.activations <= before.activations * FACTOR + 16


def test_what_is_counted_is_what_pytorch_keeps():
    """By hand: tanh keeps its result (8 × 5), each linear its input, mse both its inputs; weights are not counted."""
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    x, y = torch.randn(8, 3), torch.randn(8, 1)
    counter = Counter(net.parameters())
    with counter.counting():
        loss = nn.functional.mse_loss(net(x), y)
    loss.backward()
    assert counter.most == 4 * 8 * (3 + 5 + 1 + 1)


def test_what_is_counted_changes_no_number():
    plain, counted = run_of(mlp(6, 1)), run_of(mlp(6, 1))
    plain.trainer.footprint.parts = MemoryParts(0, 0, 0, 0)  # as if it had been measured
    train(plain, 3)
    train(counted, 3)
    for name, value in plain.weights().items():
        assert torch.equal(value, counted.weights()[name])


@pytest.mark.parametrize(("micro", "part"), [(None, 1.0), (16, 0.25)])
def test_micro_batches_take_their_part(micro: int | None, part: float):
    training: dict[str, Any] = {"batch_size": 64, "micro_batch": micro, "epochs": 1}
    made = mlp(40, 40, 1, data={"dataset": "circle", "samples": 400}, **training)
    whole = measured(run_of(mlp(40, 40, 1, data={"dataset": "circle", "samples": 400}, batch_size=64, epochs=1)))
    before, after = measured(run_of(made))
    assert before.activations == pytest.approx(whole[0].activations * part)
    assert after.activations == pytest.approx(whole[1].activations * part, rel=0.05)


def test_sixteen_bits_take_less():
    data = {"dataset": "circle", "samples": 400}
    wide = (256, 256, 1)
    full = measured(run_of(mlp(*wide, data=data, batch_size=200, epochs=1)))
    before, after = measured(run_of(mlp(*wide, data=data, batch_size=200, epochs=1, precision="bf16")))
    assert after.activations < full[1].activations
    assert before.activations / FACTOR <= after.activations <= before.activations * FACTOR


def test_the_session_tells_devices_and_memory():
    with Listener(mlp(4, 1, batch_size=10, epochs=1)) as listener:
        session = listener.session
        session.machine()
        told: list[Event] = []
        listener.until("ready")
        session.play()
        listener.until("finished")
        told = listener.events
    (machine,) = [event for event in told if isinstance(event, MachineTold)]
    assert machine.devices[0].name == "cpu"
    assert machine.devices[0].bytes
    (memory,) = [event for event in told if isinstance(event, MemoryMeasured)]
    assert (memory.device, memory.samples) == ("cpu", 10) or memory.device.startswith(("cuda", "mps"))
    assert memory.parts.parameters == 4 * (2 * 4 + 4 + 4 + 1)
