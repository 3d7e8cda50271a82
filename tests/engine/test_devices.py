"""The same training on a graphics processor: same numbers as on the processor, and every question is answered there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine import assets, edits, files
from engine.graph import Project
from engine.session import Until
from engine.stepevents import (
    ChainTaken,
    GradientsChecked,
    JacobianTaken,
    LossCurveTaken,
    NumeralsTaken,
    Timeline,
    Unfolded,
)
from engine.surfaceevents import SPANS, Span, SurfaceComputed, SurfaceWanted
from engine.training import devices
from engine.training.checkpoint import load_state, save_state
from engine.training.errors import StepError
from engine.training.failure import told
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.session_listener import Listener, weights_of

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")

FOLDER = assets.folder() / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.chainrule"))
DRAWING = ("overfitting-cured",)
"""Examples with dropout: another device draws other numbers."""


def example(name: str, device: str, **training: object) -> Project:
    project = files.load(FOLDER / f"{name}.chainrule")
    return edits.set_training(project, {"device": device, "dtype": "float64", **training})[0]


def made(project: Project, steps: int) -> Run:
    """A run of so many steps, in this thread."""
    run = Run(load(project, FOLDER), lambda _event: None)
    with run.trainer.drawing():
        while run.trainer.steps < steps:
            run.tick()
    return run


def trained(project: Project, steps: int) -> dict[str, np.ndarray]:
    """The weights after so many steps."""
    with Listener(project, FOLDER) as listener:
        listener.session.play(Until(steps=steps))
        state = listener.until("paused", "finished", "failed")
        assert state.state != "failed", state.message
        return weights_of(listener)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in DRAWING])
def test_ten_steps_give_the_weights_that_the_processor_gives(name: str) -> None:
    there, here = trained(example(name, "cuda"), 10), trained(example(name, "cpu"), 10)
    assert there.keys() == here.keys()
    for key, value in here.items():
        np.testing.assert_allclose(there[key], value, rtol=1e-8, atol=1e-10, err_msg=key)


@pytest.mark.parametrize("name", [*DRAWING, "fashion-cnn", "residual-digits"])
def test_the_same_seed_gives_the_same_losses_again(name: str) -> None:
    first, second = (trained(example(name, "cuda"), 5) for _ in range(2))
    for key, value in first.items():
        np.testing.assert_allclose(second[key], value, rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_step_is_taken_apart_there(name: str) -> None:
    with Listener(example(name, "cuda"), FOLDER) as listener:
        told = listener.ask(lambda: listener.session.unfold(None, 1), Unfolded)
        assert told.error == ""
        assert told.step is not None
        assert told.step.errors == ()
        numerals = listener.ask(lambda: listener.session.numerals("weight", 2, count=20), NumeralsTaken)
        assert numerals.error == ""
        assert numerals.numerals


@pytest.mark.parametrize("name", ["mazur", "spiral", "residual-digits"])
def test_questions_about_weights_are_answered_there(name: str) -> None:
    with Listener(example(name, "cuda"), FOLDER) as listener:
        session = listener.session
        weight = next(key for key, value in weights_of(listener).items() if key.endswith(".weight") and value.ndim > 1)
        index = (0,) * weights_of(listener)[weight].ndim
        chain = listener.ask(lambda: session.chain(weight, index, 1, sample=0), ChainTaken)
        assert chain.error == ""
        checked = listener.ask(lambda: session.check_gradients(2, entries=3), GradientsChecked)
        assert checked.error == ""
        assert checked.report is not None
        assert checked.report.wrong == 0
        curve = listener.ask(lambda: session.loss_curve((weight, index), -1, 1, 3, count=11), LossCurveTaken)
        assert curve.error == ""
        session.play(Until(steps=5))
        listener.until("paused", "finished")
        for span in SPANS:
            assert surface_error(listener, span) == ""
        told = listener.ask(lambda: session.unfold(None, 4), Unfolded)
        assert told.step is not None
        dense = next(moment for moment in told.step.moments if moment.block == "Dense")
        jacobian = listener.ask(lambda: session.jacobian(dense.node, "in", 5), JacobianTaken)
        assert jacobian.error == ""


def surface_error(listener: Listener, span: Span) -> str:
    wanted = SurfaceWanted(span, side=11, most=200)
    return listener.ask(lambda: listener.session.surface(wanted, 9), SurfaceComputed).error


def test_the_past_comes_back_there() -> None:
    with Listener(example("spiral", "cuda"), FOLDER) as listener:
        listener.session.play(Until(steps=20))
        listener.until("paused", "finished")
        before = weights_of(listener)
        for place in (5, 20):
            told = listener.ask(lambda place=place: listener.session.goto(place), Timeline)  # type: ignore[misc]
            assert (told.at, told.error) == (place, "")
        for key, value in weights_of(listener).items():
            np.testing.assert_array_equal(value, before[key], err_msg=key)


@pytest.mark.parametrize("name", ["spiral", "overfitting-cured", "linear-fit"])
def test_a_training_goes_on_there_in_the_middle_of_an_epoch(name: str, tmp_path: Path) -> None:
    project = example(name, "cuda", batch_size=7, epochs=50)
    whole = made(project, 12)
    save_state(tmp_path / "state.safetensors", made(project, 4).state())
    again = Run(load(project, FOLDER), lambda _event: None)
    again.restore(load_state(tmp_path / "state.safetensors"))
    with again.trainer.drawing():
        while again.trainer.steps < 12:
            again.tick()
    assert again.evaluate("train").metrics == pytest.approx(whole.evaluate("train").metrics, rel=1e-9)
    for key, value in whole.weights().items():
        torch.testing.assert_close(again.weights()[key], value, rtol=1e-9, atol=1e-12, msg=key)


def test_every_card_is_listed_and_can_be_chosen() -> None:
    names = [facts.name for facts in devices.there()]
    count = torch.cuda.device_count()
    assert names[: 1 + count] == ["cpu", *(f"cuda:{number}" for number in range(count))]
    assert all(facts.bytes for facts in devices.there()[1 : 1 + count])
    last = f"cuda:{count - 1}"
    run = made(example("spiral", last), 3)
    assert all(str(value.device) == last for value in run.weights().values())
    device, remarks = devices.choose(f"cuda:{count}", torch.float32)
    assert str(device) == "cpu"
    assert last in remarks[0]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("name", ["fashion-cnn", "fashion-dense"])
def test_mixed_precision_stays_near_to_float32(name: str, precision: str) -> None:
    """After thirty steps; 16 bits have two or three digits, and differences of steps add up."""
    full = made(example(name, "cuda", dtype="float32"), 30)
    short = made(example(name, "cuda", dtype="float32", precision=precision), 30)
    assert all(value.dtype == torch.float32 for value in short.weights().values() if value.is_floating_point())
    assert short.trainer.loss_sum == pytest.approx(full.trainer.loss_sum, rel=0.05)
    assert short.trainer.loss_sum != full.trainer.loss_sum
    scale = short.trainer.sliced.precision.scale
    assert (scale is not None) == (precision == "fp16")
    assert scale is None or scale.factor >= 1.0


@pytest.mark.parametrize("name", ["spiral", "fashion-dense"])
def test_micro_batches_are_the_whole_batch_there(name: str) -> None:
    whole, parts = made(example(name, "cuda"), 5), made(example(name, "cuda", micro_batch=7), 5)
    for key, value in whole.weights().items():
        torch.testing.assert_close(parts.weights()[key], value, rtol=1e-9, atol=1e-11, msg=key)


def test_memory_is_measured_as_the_card_tells_it() -> None:
    run = made(example("fashion-cnn", "cuda", dtype="float32"), 1)
    parts = run.trainer.footprint.parts
    assert parts is not None
    assert run.trainer.footprint.how == "peak"
    assert parts.parameters == sum(value.numel() * value.element_size() for value in run.trainer.net.parameters())
    assert parts.activations > 0
    assert parts.total <= torch.cuda.max_memory_allocated(run.loaded.device)


def test_memory_that_runs_out_there_can_be_gone_on_from() -> None:
    """A card of which all but a little is forbidden: the step is taken back, and a smaller micro-batch is offered."""
    run = made(example("fashion-cnn", "cuda", dtype="float32", batch_size=4096), 1)
    before = {name: value.clone() for name, value in run.weights().items()}
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(run.loaded.device).total_memory
    kept = torch.cuda.memory_allocated(run.loaded.device)
    torch.cuda.set_per_process_memory_fraction((kept + (8 << 20)) / total, run.loaded.device)
    try:
        with pytest.raises(StepError) as failed, run.trainer.drawing():
            run.tick()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, run.loaded.device)
    event = told(failed.value, run.trainer)
    assert (event.code, event.suggested_micro_batch) == ("T03", 2048)
    for name, value in run.weights().items():
        assert torch.equal(value, before[name])
    with run.trainer.drawing():
        run.tick()
    assert run.trainer.steps == 2
