"""Trainings on a device that is not the processor, where this machine has none: see `tests.helpers.other_device`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from engine.distributed.launch import Launch, join
from engine.graph import Project
from engine.probes.histograms import HistogramProbe
from engine.probes.responses import ResponseProbe
from engine.problem import ChainruleError
from engine.replay import undisturbed
from engine.training import randomness
from engine.training.checkpoint import load_state, save_state
from engine.training.errors import is_out_of_memory
from engine.training.randomness import Randomness
from tests.engine.training_projects import mlp, run_of, train
from tests.helpers.other_device import other_device

CLASSES = mlp(5, 1, data={"dataset": "circle", "samples": 60}, batch_size=8, epochs=2, dtype="float32")
NUMBERS = mlp(
    5, 1, data={"dataset": "reg-plane", "samples": 60}, last="", batch_size=8, epochs=2, metrics=["mae", "r2"]
)


def in_two_parts(project: Project, path: Path) -> tuple[list[dict[str, Any]], dict[str, torch.Tensor]]:
    """Stopped in the middle of the first epoch, and gone on with from a file: the records and weights."""
    save_state(path, train(run_of(project), 3).state())
    run = run_of(project)
    run.restore(load_state(path))
    train(run)
    records = [{name: value for name, value in each.items() if name != "samples_per_s"} for each in run.records]
    return records, {name: value.detach().cpu() for name, value in run.weights().items()}


@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")  # it copies all the same
@pytest.mark.parametrize("double", [True, False], ids=["float64 is there", "as on Apple's GPU"])
@pytest.mark.parametrize("project", [CLASSES, NUMBERS], ids=["classes", "numbers"])
def test_a_training_goes_on_in_the_middle_of_an_epoch_as_on_the_processor(
    project: Project, double: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, weights = in_two_parts(project, tmp_path / "here.safetensors")
    with other_device(monkeypatch, double=double):
        theirs, there = in_two_parts(project, tmp_path / "there.safetensors")
    assert len(records) == len(theirs) == 2
    for one, other in zip(records, theirs, strict=True):
        assert other["metrics"] == pytest.approx(one["metrics"], rel=1e-5)
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(there[name], value)


def test_panels_show_a_network_on_a_device_without_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    with other_device(monkeypatch, double=False):
        run = train(run_of(CLASSES), 3)
        responses, histograms = ResponseProbe(run, side=4), HistogramProbe(run)
        responses.look_at(frozenset({"data", "d0"}), 0)
        assert responses.take() is not None
        assert histograms.take() is not None


class Graphics:
    """Keeps the random numbers of a graphics processor that is not there."""

    def __init__(self) -> None:
        self.at = torch.zeros(16, dtype=torch.uint8)

    def get_rng_state(self, _device: torch.device) -> torch.Tensor:
        return self.at.clone()

    def set_rng_state(self, state: torch.Tensor, _device: torch.device) -> None:
        assert len(state) == len(self.at)
        self.at = state.clone()


def test_random_numbers_of_any_graphics_processor_are_the_trainings_own(monkeypatch: pytest.MonkeyPatch) -> None:
    graphics = Graphics()
    monkeypatch.setattr(randomness, "_GRAPHICS", {"mps": graphics})
    first = torch.full((16,), 7, dtype=torch.uint8)
    monkeypatch.setattr(randomness, "_first", lambda _device, _seed: first)
    own = Randomness(0, torch.device("mps"))
    with own.drawing():
        assert torch.equal(graphics.at, first)
        graphics.at += 1
    assert not graphics.at.any(), "outside, nothing has changed"
    assert torch.equal(own.state()["cuda"], first + 1)
    own.restore({"cpu": torch.get_rng_state(), "cuda": torch.empty(0, dtype=torch.uint8)})  # begun on the processor
    assert torch.equal(own.state()["cuda"], first + 1)


def test_a_replay_leaves_the_random_numbers_of_apples_gpu_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    graphics = Graphics()
    monkeypatch.setattr(torch.mps, "get_rng_state", graphics.get_rng_state)
    monkeypatch.setattr(torch.mps, "set_rng_state", graphics.set_rng_state)
    weight = SimpleNamespace(device=torch.device("mps", 0))
    net: Any = SimpleNamespace(parameters=lambda: [weight], buffers=list)
    with undisturbed(net):
        graphics.at += 1
    assert not graphics.at.any()


def test_several_processes_are_told_that_they_cannot_share_apples_gpu() -> None:
    with pytest.raises(ChainruleError, match="not on mps"):
        join(Launch.of({}), "mps")


@pytest.mark.parametrize(
    "words",
    [
        "MPS backend out of memory (MPS allocated: 9.05 GiB, other allocations: 1.29 MiB, max allowed: 9.07 GiB).",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4.",
    ],
)
def test_memory_that_runs_out_is_known_by_what_each_device_says(words: str) -> None:
    assert is_out_of_memory(RuntimeError(words))
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
