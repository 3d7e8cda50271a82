"""Fast-forward: PyTorch's numbers to rounding, the same ones whatever the pieces, and PyTorch whenever in doubt."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import assets, edits, files
from engine.activation_functions import FUNCTIONS
from engine.cli import main
from engine.events import EpochEnd, RunKept, Said, Scalars, StateChanged
from engine.fastforward import kernel, nests
from engine.fastforward.kernel import Kernel
from engine.graph import Project
from engine.history import History
from engine.loss_functions import LOSSES
from engine.runplace import RunPlace
from engine.session.commands import Until
from engine.settings import OPTIMIZERS
from engine.snapshots import Progress
from engine.stepevents import Timeline
from engine.training import forwarding, forwardonly, run_disk
from engine.training.checkpoint import load_state, save_state
from engine.training.errors import StepError
from engine.training.evaluation import evaluate
from engine.training.forwardonly import ForwardOnly
from engine.training.loading import load
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from tests.engine.cli_helpers import Out, saved, weights_in
from tests.engine.cli_helpers import assert_same as assert_holds
from tests.engine.graphs import project
from tests.engine.session_listener import Listener
from tests.engine.training_projects import TINY, Ignore, mlp, run_of, train

FOLDER = assets.folder() / "examples"
DONE = (
    "circle", "spiral", "xor", "linear-xor", "linear-fit", "quadratic-fit", "polynomial-fit", "mazur", "trask",
    "two-two-one", "vanishing-10", "vanishing-15",
)  # fmt: skip
LARGER = ("deep-relu", "deep-sigmoid", "overfitting")
LEFT = ("descent", "overfitting-cured", "expression", "fashion-cnn", "fashion-dense", "residual-digits")
MANY = 1 << 20


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """So that PyTorch's own sums have one order."""
    torch.set_num_threads(1)


def example(name: str, dtype: str) -> Callable[[], Run]:
    path = FOLDER / f"{name}.chainrule"
    made = edits.set_training(files.load(path), {"dtype": dtype})[0]
    return lambda: Run(load(made, folder=path.parent), Ignore)


def eager(run: Run) -> Run:
    run.trainer.choice.allowed = False
    return run


def fast(run: Run) -> Run:
    run.set_hyper("fast_forward", True)
    return run


def forward(run: Run, steps: int, most: int = MANY) -> Run:
    """So many steps, up to `most` at once."""
    with run.trainer.drawing():
        while run.trainer.steps < steps or run.epoch_waits:
            run.tick(most=min(most, max(1, steps - run.trainer.steps)))
    return run


def assert_near(run: Run, other: Run, within: float) -> None:
    """Weights, optimizer and gradients, relative to the largest number of each; losses and outputs, too."""

    def compare(one: Any, two: Any, where: str) -> None:
        if isinstance(one, torch.Tensor):
            assert one.shape == two.shape, where
            if one.is_floating_point() and one.numel():
                largest = float(two.abs().max())
                assert float((one - two).abs().max()) <= within * largest, where
            else:
                assert torch.equal(one, two), where
        elif isinstance(one, Mapping):
            assert one.keys() == two.keys(), where
            for key in one:
                compare(one[key], two[key], f"{where}.{key}")
        elif isinstance(one, list | tuple):
            for number, (left, right) in enumerate(zip(one, two, strict=True)):
                compare(left, right, f"{where}[{number}]")
        elif isinstance(one, float):
            assert one == pytest.approx(two, rel=within, abs=0), where
        else:
            assert one == two, where

    ours, theirs = ({**each.state()["trainer"], "fast": None} for each in (run, other))
    compare(ours, theirs, "state")
    compare(run.trainer.gradients(), other.trainer.gradients(), "gradients")
    told, expected = run.scalars(), other.scalars()
    assert told is not None
    assert expected is not None
    assert told.steps.tolist() == expected.steps.tolist()
    assert told.loss == pytest.approx(expected.loss, rel=within, abs=0)
    assert told.epochs == pytest.approx(expected.epochs)


def assert_same(run: Run, other: Run) -> None:
    """Weights and optimizers, to the bit."""
    for name, value in run.weights().items():
        assert torch.equal(value, other.weights()[name]), name
    for mine, theirs in zip(run.trainer.updaters, other.trainer.updaters, strict=True):
        for name, entry in mine.memory().items():
            for kind, value in entry.items():
                before = theirs.memory()[name][kind]
                assert torch.equal(value, before) if isinstance(value, torch.Tensor) else value == before, (name, kind)


def both(new: Callable[[], Run], steps: int, within: float) -> Run:
    run = forward(fast(new()), steps)
    assert run.trainer.fast.running, run.trainer.fast.refused
    assert_near(run, forward(eager(new()), steps), within)
    return run


# -- the same numbers as PyTorch --


@pytest.mark.parametrize("name", DONE)
@pytest.mark.parametrize(("dtype", "steps", "within"), [("float32", 1, 1e-5), ("float64", 10, 1e-12)])
def test_examples_step_as_in_pytorch(name: str, dtype: str, steps: int, within: float):
    both(example(name, dtype), steps, within)


@pytest.mark.parametrize("name", LARGER)
def test_larger_examples_step_as_in_pytorch(name: str, monkeypatch: pytest.MonkeyPatch):
    """In loops; without unrolling any, for compiling takes its time."""
    monkeypatch.setattr(nests, "_UNROLLED", ((1 << 30, 1),))
    both(example(name, "float64" if name == "overfitting" else "float32"), 1, 1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_loops_and_lines_are_the_same(optimizer: str, monkeypatch: pytest.MonkeyPatch):
    """Batches beyond whole vectors, widths beyond a line, classes: all that is written out elsewhere."""
    monkeypatch.setattr(nests, "_UNROLLED", ((1 << 30, 1),))
    made = mlp(37, 3, data={"dataset": "iris"}, last="", loss="cross_entropy", batch_size=70, optimizer=optimizer,
               dtype="float64", clip_norm=0.1)  # fmt: skip
    both(lambda: run_of(made), 3, 1e-12)


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.chainrule")} == {*DONE, *LARGER, *LEFT}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_activations_near_and_far_from_zero(function: str):
    data = {"dataset": "spiral", "samples": 32}
    made = mlp(4, 1, data=data, hidden=function, batch_size=16, dtype="float64", lr=1e-6)

    def new() -> Run:
        run = run_of(made)
        with torch.no_grad():
            run.weights()["d0.weight"].mul_(torch.tensor([[0.01], [1.0], [10.0], [400.0]]))
        return run

    both(new, 2, 1e-12)


@pytest.mark.parametrize("function", [name for name in LOSSES if name != "nll"])
def test_losses(function: str):
    if function == "cross_entropy":
        made = mlp(4, 3, data={"dataset": "iris"}, last="", loss=function, batch_size=20, dtype="float64")
        both(lambda: run_of(made), 3, 1e-12)
        return
    data = {**TINY, "labels": "01"} if function.startswith("b") else TINY
    last = "sigmoid" if function == "binary_cross_entropy" else ""
    both(lambda: run_of(mlp(4, 1, data=data, last=last, loss=function, batch_size=12, dtype="float64")), 3, 1e-12)


def test_labels_of_classes():
    made = mlp(4, 3, data={"dataset": "iris"}, last="log_softmax", loss="nll", batch_size=20, dtype="float64")
    both(lambda: run_of(made), 3, 1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"clip_norm": 0.05, "clip_value": 0.02, "schedule": "cosine", "warmup_steps": 5},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "schedule": "step"},
    ],
    ids=["plain", "clipped", "decayed"],
)
def test_optimizers_with_last_batches_of_another_size(optimizer: str, more: dict[str, Any]):
    data = {"dataset": "circle", "samples": 56}
    settings = {"batch_size": 8, "epochs": 3, "lr": 0.05, "optimizer": optimizer, "dtype": "float64", **more}
    run = both(lambda: run_of(mlp(3, 1, data=data, **settings)), 14, 1e-12)
    assert set(run.trainer.fast._made) == {8, 4}


def test_frozen_parameters_stay():
    made = edits.set_training(files.load(FOLDER / "mazur.chainrule"), {"epochs": 60})[0]
    before = {name: value.clone() for name, value in run_of(made).weights().items()}
    run = forward(fast(run_of(made)), 20)
    assert run.trainer.fast.running
    for name, value in run.weights().items():
        assert torch.equal(value, before[name]) == name.endswith("bias")


def test_records_of_epochs():
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=4, dtype="float64", metrics=["accuracy", "mae"])
    run, other = train(fast(run_of(made))), train(eager(run_of(made)))
    for mine, theirs in zip(run.records, other.records, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-12)
        assert mine["metrics"] == pytest.approx(theirs["metrics"], rel=1e-12)
        assert mine["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-12)


# -- whatever the pieces --

ADAM = mlp(4, 1, data=TINY, batch_size=6, epochs=40, optimizer="adam", schedule="cosine")


def test_a_training_that_begins_again_finds_its_kernels(monkeypatch: pytest.MonkeyPatch):
    """As many as there were; a network that differs in one number gets another."""
    run = forward(fast(run_of(ADAM)), 20)
    monkeypatch.setattr(kernel, "Machine", None)
    again = forward(fast(run_of(ADAM)), 20)
    assert again.trainer.fast.running
    assert_same(run, again)
    assert not forward(fast(run_of(edits.set_training(ADAM, {"beta2": 0.99})[0])), 20).trainer.fast.running


def test_pieces_make_no_difference():
    assert_same(forward(fast(run_of(ADAM)), 60), forward(fast(run_of(ADAM)), 60, most=1))


def test_the_goal_is_not_overshot():
    run = fast(run_of(mlp(4, 1, data={"dataset": "circle", "samples": 500}, batch_size=2, epochs=4)))
    for goal in (3, 40, 41, 97):
        assert forward(run, goal).trainer.steps == goal
    assert run.trainer.fast.running


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path):
    whole = forward(fast(run_of(ADAM)), 50)
    save_state(tmp_path / "state", forward(fast(run_of(ADAM)), 23).state())
    resumed = run_of(ADAM)
    resumed.restore(load_state(tmp_path / "state"))
    forward(resumed, 50)
    assert resumed.trainer.fast.running
    assert_same(whole, resumed)


@pytest.mark.parametrize(("lr", "at"), [(0.03, 200), (0.01, 800)])
def test_a_resumed_run_knows_how_large_a_rounding_error_may_be(lr: float, at: int, tmp_path: Path):
    """Where the loss has become nothing but rounding, its first check would else find that the kernel is wrong."""
    made = mlp(1, data={"dataset": "reg-plane", "samples": 40}, last="", batch_size=5, epochs=600, lr=lr)
    whole = forward(fast(run_of(made)), at)
    assert whole.records[-1]["val_loss"] < 1e-11, "otherwise nothing is tested"
    save_state(tmp_path / "state", whole.state())
    resumed = run_of(made)
    resumed.restore(load_state(tmp_path / "state"))
    for run in (forward(whole, at + 100), forward(resumed, at + 100)):
        assert run.trainer.fast.running, run.trainer.fast.left
    assert_same(whole, resumed)
    assert whole.records[-1]["val_loss"] == resumed.records[-1]["val_loss"]


def test_the_past_is_the_same_to_the_bit():
    """Through steps of single samples, and with fast-forward switched on and off again."""
    run = run_of(ADAM)
    history, path = History(run), {}

    def go(to: int, size: int | None = None) -> None:
        with run.trainer.drawing():
            while run.trainer.steps < to or run.epoch_waits:
                run.tick(size, 1 if size else 7)
                history.note(size)
                path[run.trainer.steps] = {name: value.clone() for name, value in run.weights().items()}

    go(5)
    for to, on in ((30, True), (34, False), (70, True)):
        run.set_hyper("fast_forward", on)
        history.changed()
        go(to)
    go(72, 1)
    go(80)
    assert run.trainer.fast.running
    for wanted in (79, 72, 71, 50, 32, 31, 30, 12, 3, 80):
        step = min(known for known in path if known >= wanted)
        assert history.goto(step) == step
        for name, value in run.weights().items():
            assert torch.equal(value, path[step][name]), (step, name)


@pytest.mark.parametrize(("name", "value"), [("lr", 0.02), ("momentum", 0.5), ("clip_norm", 0.01)])
def test_changes_while_it_trains(name: str, value: float):
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=20, momentum=0.9, dtype="float64")
    runs = []
    for new in (fast(run_of(made)), eager(run_of(made))):
        forward(new, 9)
        new.set_hyper(name, value)
        runs.append(forward(new, 20))
    assert runs[0].trainer.fast.running
    assert_near(runs[0], runs[1], 1e-12)


# -- in doubt, PyTorch --


def failing(break_it: Callable[[Run], None], made: Project, code: str, node: str) -> None:
    run = forward(fast(run_of(made)), 12)
    assert run.trainer.fast.running
    break_it(run)
    before = {name: value.clone() for name, value in run.weights().items()}
    memory = run.trainer.updaters[0].memory()
    position = run.trainer.position
    with pytest.raises(StepError) as raised, run.trainer.drawing():
        run.trainer.advance(5)
    assert (raised.value.code, raised.value.node) == (code, node)
    assert (run.trainer.steps, run.trainer.position) == (12, position)
    for name, value in run.weights().items():
        assert torch.equal(value.nan_to_num(), before[name].nan_to_num()), name
    for name, entry in run.trainer.updaters[0].memory().items():
        assert entry["step"] == memory[name]["step"]
        assert torch.equal(entry["exp_avg"], memory[name]["exp_avg"])


@pytest.mark.parametrize(("value", "code"), [(math.nan, "T01"), (math.inf, "T02")])
def test_a_bad_number_is_traced_to_its_block(value: float, code: str):
    """The tangent of an infinite number is 1, its slope times infinity no number."""

    def break_it(run: Run) -> None:
        run.weights()["d1.weight"].view(-1)[0] = value

    failing(break_it, mlp(4, 4, 1, data=TINY, batch_size=6, last="", optimizer="adam"), code, "d1")


def test_a_bad_gradient_is_traced_to_its_block():
    """The root of 0 is fine, its slope is not."""

    def break_it(run: Run) -> None:
        run.weights()["d0.bias"].fill_(-1e9)

    between: dict[str, tuple[str, dict[str, Any]]] = {"a0": ("Sqrt", {})}
    made = mlp(4, 1, data=TINY, hidden="sigmoid", between=between, batch_size=6, optimizer="adam")
    failing(break_it, made, "T02", "sqrt0")


def numbers_at(address: int, count: int) -> Any:
    return (ctypes.c_float * count).from_address(address)


def spoiled(what: str) -> Callable[..., int]:
    """The kernel, with one of its results off by a thousandth."""
    run = Kernel.run

    def wrong(self: Kernel, steps: int, addresses: Mapping[str, int]) -> int:
        done = run(self, steps, addresses)
        if what == "losses":
            losses = (ctypes.c_double * steps).from_address(addresses[what])
            losses[0] *= 1.001
        elif what in addresses:
            numbers = numbers_at(addresses[what], 1)
            numbers[0] = numbers[0] * 1.001 + 1e-3
        return done

    return wrong


@pytest.mark.parametrize("what", ["losses", "shown", "G0", "W0"])
def test_a_kernel_that_computes_otherwise_is_left_at_once(what: str, monkeypatch: pytest.MonkeyPatch):
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=6)
    said: list[str] = []
    monkeypatch.setattr(Kernel, "run", spoiled(what))
    run = fast(run_of(made, lambda event: said.append(event.message) if isinstance(event, Said) else None))
    train(run)
    assert run.trainer.fast.left
    assert not run.trainer.fast.running
    assert [sentence.split(":")[0] for sentence in said] == ["Fast-forward was left"]
    assert_same(run, train(eager(run_of(made))))


def judged(made: Project, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A whole run, each of whose validations must have been a kernel's."""
    calls: list[int] = []
    judge = ForwardOnly._run

    def counted(self: ForwardOnly, *given: Any) -> Any:
        calls.append(1)
        return judge(self, *given)

    monkeypatch.setattr(ForwardOnly, "_run", counted)
    run = train(fast(run_of(made)))
    assert len(calls) >= len(run.records)
    assert not run.trainer.fast.left
    return run


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["yes or no", "classes", "numbers", "labels"])
def test_validations_are_as_those_of_pytorch(kind: str, dtype: str, monkeypatch: pytest.MonkeyPatch):
    given: dict[str, Any] = {
        "yes or no": {"data": TINY, "metrics": ["accuracy", "mae"]},
        "numbers": {"data": {"dataset": "reg-plane", "samples": 40}, "metrics": ["mae", "r2"], "loss": "huber"},
        "classes": {"data": {"dataset": "iris"}, "last": "", "loss": "cross_entropy", "metrics": ["accuracy", "top5"]},
        "labels": {"data": {"dataset": "iris"}, "last": "log_softmax", "loss": "nll"},
    }[kind]
    made = mlp(4, 3 if "iris" in str(given) else 1, batch_size=20, epochs=3, dtype=dtype, **given)
    run, other = judged(made, monkeypatch), train(eager(run_of(made)))
    within = {"float32": 1e-6, "float64": 1e-13}[dtype]
    for mine, theirs in zip(run.records, other.records, strict=True):
        assert mine.keys() == theirs.keys()
        for name in ("loss", "val_loss", "step", "epoch", "lr"):
            assert mine[name] == pytest.approx(theirs[name], rel=within), name
        assert mine["metrics"] == pytest.approx(theirs["metrics"], rel=within)


def test_validations_of_several_batches(monkeypatch: pytest.MonkeyPatch):
    """A loss that adds up is measured in batches as large as those of the training; the last one is smaller."""
    made = mlp(4, 1, data=TINY, batch_size=9, epochs=3, dtype="float64", loss="half_squared_error")
    settings = edits.set_params(made, "loss", {"reduction": "sum"})[0]
    run, other = judged(settings, monkeypatch), train(eager(run_of(settings)))
    for mine, theirs in zip(run.records, other.records, strict=True):
        assert mine["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-12)


@pytest.mark.parametrize(("what", "good"), [("losses", 0), ("shown", 0), ("losses", 4), ("shown", 4)])
def test_a_validation_that_is_otherwise_is_left_at_once(what: str, good: int, monkeypatch: pytest.MonkeyPatch):
    """At its first use, and at the next check: what was found otherwise then is not in the records."""
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=12)
    run_kernel, wrong, uses, said = Kernel.run, spoiled(what), [0], list[str]()

    def one_day(self: Kernel, steps: int, addresses: Mapping[str, int]) -> int:
        if self.step.slots:
            return run_kernel(self, steps, addresses)
        uses[0] += 1
        return (wrong if uses[0] > good else run_kernel)(self, steps, addresses)

    monkeypatch.setattr(forwardonly, "_APART", 4)
    monkeypatch.setattr(Kernel, "run", one_day)
    run = fast(run_of(made, lambda event: said.append(event.message) if isinstance(event, Said) else None))
    train(run)
    assert uses[0] == good + 1
    assert "evaluation" in run.trainer.fast.left
    assert [sentence.split(":")[0] for sentence in said] == ["Fast-forward was left"]
    for mine, theirs in zip(run.records, train(eager(run_of(made))).records, strict=True):
        assert mine["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-5)
        assert mine["metrics"] == theirs["metrics"]


def test_a_loss_that_is_not_finite_is_pytorchs():
    run = fast(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=2)))
    found = evaluate(run.trainer, run.validation_data, often=True)
    assert found.loss is not None
    with torch.no_grad():
        run.weights()["d1.bias"].fill_(math.nan)
    found = evaluate(run.trainer, run.validation_data, often=True)
    assert found.loss is not None
    assert math.isnan(found.loss)
    assert not run.trainer.fast.left


def test_a_target_that_is_computed_is_left_to_pytorch():
    nodes: dict[str, Any] = {"data": ("Input", {"dataset": "circle", "samples": 24}), "flat": "Flatten",
                             "d": ("Dense", {"out_features": 1}), "loss": "Loss"}  # fmt: skip
    wires = ["data.x > d", "data.y > flat", "d > loss.prediction", "flat > loss.target"]
    made = project(nodes, wires, training={"batch_size": 6, "epochs": 3})
    run, other = train(fast(run_of(made))), train(eager(run_of(made)))
    assert "computed" in run.trainer.fast.refused
    assert_same(run, other)
    assert run.records[-1]["metrics"] == other.records[-1]["metrics"]


def test_a_kernel_that_goes_wrong_later_is_left_at_the_next_check(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(forwarding, "APART", 16)
    run = forward(fast(run_of(ADAM)), 20)
    assert run.trainer.fast.running
    monkeypatch.setattr(Kernel, "run", spoiled("G0"))
    forward(run, 40)
    assert "step 33" in run.trainer.fast.left


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_that_cancel_are_no_disagreement(dtype: str):
    """Where all samples make one batch, and it has been learned: rounding errors are those of single samples then."""
    data = {"dataset": "inline", "x": [[0.1], [0.2], [0.3], [0.4]], "y": [[1.2], [1.9], [3.1], [4.3]]}
    made = mlp(1, data=data, last="", batch_size=4, epochs=600, lr=0.5, momentum=0.8, dtype=dtype)
    run = train(run_of(made), 500, many=True)
    assert max(float(grad.abs().max()) for grad in run.trainer.gradients().values()) < 1e-5
    run.set_hyper("fast_forward", True)
    train(run, many=True)
    assert run.trainer.fast.running
    assert not run.trainer.fast.left


@pytest.mark.parametrize("name", LEFT[:3])
def test_what_is_not_supported_is_left_to_pytorch(name: str):
    new = example(name, "float32")
    run, other = forward(fast(new()), 3), forward(eager(new()), 3)
    assert not run.trainer.fast.running
    assert_same(run, other)


def test_without_a_compiler_pytorch_trains(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(forwarding, "available", lambda: False)
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=3)
    said: list[str] = []
    run = fast(run_of(made, lambda event: said.append(event.message) if isinstance(event, Said) else None))
    assert_same(train(run), train(eager(run_of(made))))
    assert any("chainrule[fast]" in sentence for sentence in said)


def test_it_is_off_unless_it_is_asked_for():
    run = forward(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=6)), 30)
    assert not run.trainer.fast._made


# -- in the session, and on the command line --


def test_the_session_switches_it_on_and_tells_of_it():
    made = mlp(4, 1, data={"dataset": "circle", "samples": 500}, batch_size=10, epochs=100_000)
    with Listener(made) as listener:
        session = listener.session
        session.set_hyper("fast_forward", True)
        session.play(Until(epochs=3))
        listener.wait(StateChanged, lambda event: event.state == "paused" and event.epoch == 3)
        assert listener.wait(Progress, lambda event: event.engine == "fast").lr == made.training.get("lr", 0.01)
        told = [step for event in listener.of(Scalars) for step in event.steps.tolist()]
        assert told == list(range(1, 76)), "the loss of every step, once"
        session.play(Until(steps=80))
        stopped = listener.wait(StateChanged, lambda event: event.state == "paused" and event.step >= 80)
        assert stopped.step == 80
        session.play()
        listener.wait(Progress, lambda event: event.step > 5000)
        session.set_hyper("lr", 0.001)
        assert listener.wait(Progress, lambda event: event.lr == 0.001).engine == "fast"
        session.pause()
        at = listener.wait(StateChanged, lambda event: event.state == "paused" and event.step > 5000).step
        session.goto(at - 1)
        assert listener.wait(Timeline, lambda event: event.moved).at == at - 1


def epochs_in(run: str) -> list[dict[str, Any]]:
    """What is the same for all who train the same."""
    return [{**record, "samples_per_s": None} for record in RunFolder.existing(Path(run)).records()]


def test_the_application_and_the_command_line_record_the_same(tmp_path: Path, capsys: Out):
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=40, early_stopping=True, patience=9, metrics=["accuracy", "mae"])
    path = saved(tmp_path, made)
    assert main(["train", str(path), "--run", str(tmp_path / "run"), "--fast"]) == 0
    with Listener(files.load(path), runs=RunPlace(tmp_path / "place")) as listener:
        listener.session.set_hyper("fast_forward", True)
        assert listener.play_to_the_end().state == "finished"
        told = [{**event.record, "samples_per_s": None} for event in listener.of(EpochEnd)]
        kept = listener.of(RunKept)[-1].path
    assert epochs_in(str(tmp_path / "run")) == told == epochs_in(kept)


def test_lines_that_wait_for_others_are_written_when_it_is_saved_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run_disk, "_TOGETHER", 3600.0)
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=40)
    run = fast(run_of(made, folder=RunFolder.create(tmp_path / "run", made)))
    lines = tmp_path / "run" / "metrics.jsonl"

    def written() -> list[int]:
        return [record["epoch"] for record in RunFolder.existing(tmp_path / "run").records()]

    forward(run, 40)
    assert len(run.records) > 2
    assert written() == [1], "the first waits for nobody"
    run.save()
    assert written() == [record["epoch"] for record in run.records]
    assert not run.unsaved
    forward(run, 60)
    before, count = lines.read_text("utf-8"), len(run.records)
    with torch.no_grad():
        run.weights()["d0.weight"].fill_(math.nan)
    with pytest.raises(StepError), run.trainer.drawing():
        run.tick(most=5)
    assert written() == list(range(1, count + 1))
    assert lines.read_text("utf-8").startswith(before)
    assert count > 6


def test_the_command_line_resumes_it(tmp_path: Path, capsys: Out):
    path = saved(tmp_path, mlp(4, 1, data=TINY, batch_size=6, epochs=9, optimizer="adam"))
    whole, parts = str(tmp_path / "whole"), str(tmp_path / "parts")
    assert main(["train", str(path), "--run", whole, "--fast"]) == 0
    assert main(["train", str(path), "--run", parts, "--fast", "--steps", "17"]) == 0
    assert main(["train", str(path), "--run", parts, "--resume"]) == 0
    assert_holds(Path(parts), weights_in(Path(whole)))
    assert epochs_in(parts) == epochs_in(whole)
    plain = str(tmp_path / "plain")
    assert main(["train", str(path), "--run", plain]) == 0
    assert any(
        not torch.equal(value, weights_in(Path(plain))[name]) for name, value in weights_in(Path(whole)).items()
    ), "it was not fast, so nothing was tested"
