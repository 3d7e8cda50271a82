"""The loss over planes through the weights, against direct evaluation; and a training that does not notice."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch

from engine import assets, edits, files
from engine.events import Scalars
from engine.landscape.planes import DirectionPlane, make_plane, random_plane, two_that_moved
from engine.landscape.surface import Landscape, SurfaceWork, parts_of
from engine.surfaceevents import (
    SPANS,
    PathOnSurface,
    Span,
    StartedThere,
    SurfaceComputed,
    SurfaceComputing,
    SurfaceWanted,
)
from engine.training.loading import load
from engine.training.run import Run
from engine.training.trail import MOST, Trail, split
from tests.engine.session_listener import Listener, weights_of
from tests.helpers.projects import chain, make_project

EXAMPLES = ("linear-fit", "mazur", "spiral", "two-two-one", "expression", "polynomial-fit", "overfitting-cured")


def run_of(example, steps=0, **training):
    file = assets.folder() / "examples" / f"{example}.chainrule"
    project = edits.set_training(files.load(file), {"dtype": "float64", **training})[0]
    run = Run(load(project, file.parent), lambda _event: None)
    run.trail = Trail(run.trainer.net)
    with run.trainer.drawing():
        while run.trainer.steps < steps:
            run.tick()
            run.trail.note(run.trainer.steps)
    return run


def surface_of(run, side=11, zoom=1.0, most=10_000, **wanted):
    """The finished work, and its plane."""
    trainer = run.trainer
    plane = make_plane(run.trail, SurfaceWanted(**wanted))
    path = [place for _, place in run.trail.projected(plane, trainer.steps)]
    data = {} if trainer.batches is None else trainer.batches.data
    work = SurfaceWork(trainer.net, plane, plane.limits(path, zoom), side, data, most, trainer.turn)
    for _ in range(100_000):
        if work.done:
            return work, plane
        work.advance()
    raise AssertionError("it does not end")


def direct(run, weights):
    """The loss with these weights on all training data, by the network itself."""
    twin = copy.deepcopy(run.trainer.net)
    twin.eval()
    with torch.no_grad():
        for name, value in weights.items():
            twin.get_parameter(name).copy_(value)
        data = {} if run.trainer.batches is None else run.trainer.batches.data
        return twin.loss(data, run.trainer.turn).item()


def present(run):
    return {name: run.trainer.net.get_parameter(name).detach().clone() for name in run.trail.names}


# -- right numbers --


@pytest.mark.parametrize("example", EXAMPLES)
def test_two_weights_give_the_loss_of_the_module_with_them(example):
    run = run_of(example, 5)
    entries = two_that_moved(run.trail)
    work, _ = surface_of(run, entries=entries)
    xs, ys, loss = work.grid()
    for row, column in ((0, 0), (3, 7), (10, 4), (5, 5)):
        weights = present(run)
        for (name, index), value in zip(entries, (xs[column], ys[row]), strict=True):
            weights[name][index] = value
        assert loss[row, column] == pytest.approx(direct(run, weights), rel=1e-12)
    assert work.value == pytest.approx(direct(run, present(run)), rel=1e-12)


@pytest.mark.parametrize("span", ["random", "path"])
@pytest.mark.parametrize("example", ["mazur", "spiral", "overfitting-cured"])
def test_directions_give_the_loss_of_the_module_along_them(example, span):
    run = run_of(example, 12)
    work, plane = surface_of(run, span=span, seed=3)
    assert isinstance(plane, DirectionPlane)
    xs, ys, loss = work.grid()
    first, second = (split(row, plane.names, plane.shapes) for row in plane.directions)
    for row, column in ((0, 0), (2, 9), (10, 10)):
        weights = {
            name: value + xs[column] * first[name] + ys[row] * second[name] for name, value in present(run).items()
        }
        assert loss[row, column] == pytest.approx(direct(run, weights), rel=1e-12)


def test_the_linear_fit_is_the_quadratic_bowl_of_its_closed_form():
    run = run_of("linear-fit", 20)
    data = run.trainer.batches.data
    x, y = data["data.x"].numpy().ravel(), data["data.y"].numpy().ravel()
    work, _ = surface_of(run, side=21, entries=(("line.weight", (0, 0)), ("line.bias", (0,))))
    ws, bs, loss = work.grid()
    features = np.stack([x, np.ones_like(x)], 1)
    solution, *_ = np.linalg.lstsq(features, y, rcond=None)
    hessian = features.T @ features / len(x)
    least = np.mean((features @ solution - y) ** 2)
    off = np.stack(np.meshgrid(ws, bs), -1) - solution
    wanted = least + np.einsum("...i,ij,...j->...", off, hessian, off)
    assert np.allclose(loss, wanted, rtol=1e-12)


def conv_net(**extra):
    """A convolution with batch norm and dropout on random pictures, whose running statistics have moved."""
    project = make_project(
        [
            ("data", "Input", {"dataset": "digits", "val_fraction": 0.2, "seed": 1}),
            ("conv", "Conv2d", {"out_channels": 3, "kernel_size": 3}),
            ("bn", "BatchNorm2d"),
            ("act", "Activation", {"function": "relu"}),
            ("drop", "Dropout", {"p": 0.5}),
            ("flat", "Flatten"),
            ("dense", "Dense", {"out_features": 10}),
            ("loss", "Loss", {"function": "cross_entropy"}),
        ],
        [
            "data.x -> conv",
            *chain("conv", "bn", "act", "drop", "flat", "dense"),
            "dense -> loss.prediction",
            "data.y -> loss.target",
        ],
    )
    project = edits.set_training(project, {"dtype": "float64", "batch_size": 32, "optimizer": "adam", **extra})[0]
    run = Run(load(project), lambda _event: None)
    run.trail = Trail(run.trainer.net)
    with run.trainer.drawing():
        for step in range(1, 9):
            run.tick()
            run.trail.note(step)
    return run


@pytest.mark.parametrize("span", ["weights", "random", "path"])
def test_dropout_and_batch_norm_are_evaluated_as_in_evaluation_mode(span):
    run = conv_net()
    work, plane = surface_of(run, span=span, side=6, zoom=0.5)
    xs, ys, loss = work.grid()
    for row, column in ((0, 5), (4, 1)):
        there = plane.weights(torch.tensor([xs[column]]).double(), torch.tensor([ys[row]]).double())
        wanted = direct(run, {name: value[0] for name, value in there.items()})
        assert loss[row, column] == pytest.approx(wanted, rel=1e-12)
    assert work.value == pytest.approx(run.evaluate("train").loss, rel=1e-12)


@pytest.mark.parametrize("make", [lambda: run_of("spiral", 3), lambda: run_of("two-two-one", 3), conv_net])
def test_many_points_at_once_are_what_a_plain_loop_gives(make):
    run = make()
    plane = make_plane(run.trail, SurfaceWanted("random", seed=1))
    landscape = Landscape(run.trainer.net, plane.names, 0)
    places = torch.rand(5, 2, generator=torch.Generator().manual_seed(0)).double() - 0.5
    batch = {name: tensor[:40] for name, tensor in run.trainer.batches.data.items()}
    weights = plane.weights(places[:, 0], places[:, 1])
    with torch.no_grad():
        together = landscape.many(weights, batch)
        alone = [landscape.one({name: value[at] for name, value in weights.items()}, batch) for at in range(5)]
    assert torch.allclose(together, torch.stack(alone), rtol=1e-12)
    assert together.std() > 0


def test_the_grid_comes_coarse_first_and_the_finer_ones_contain_it():
    run = run_of("spiral", 3)
    plane = make_plane(run.trail, SurfaceWanted("random"))
    work = SurfaceWork(run.trainer.net, plane, (-1, 1, -1, 1), 21, run.trainer.batches.data, 1000, 0)
    work.batched = 1
    seen: list[tuple[np.ndarray, ...]] = []
    while not work.done:
        work.advance()
        grid = work.grid()
        if grid is not None and (not seen or len(seen[-1][0]) != len(grid[0])):
            seen.append(grid)
    assert [len(xs) for xs, _, _ in seen] == [6, 11, 21]
    for coarse, fine in pairwise(seen):
        assert np.array_equal(coarse[2], fine[2][::2, ::2])
        assert np.array_equal(coarse[0], fine[0][::2])
    assert np.isfinite(seen[-1][2]).all()
    assert work.made == work.total


def test_what_is_not_finite_stays_so_and_hinders_nothing():
    run = run_of("expression")
    work, _ = surface_of(run, zoom=1e6, entries=(("x.value", ()), ("z.value", ())))
    loss = work.grid()[2]
    assert np.isposinf(loss).any()  # e to the power of z
    assert np.isfinite(loss).any()
    assert work.made == work.total


def test_of_large_data_a_fixed_sample_is_taken():
    data = {"a.x": torch.arange(1000.0).reshape(-1, 1), "a.y": torch.arange(1000.0)}
    first, count = parts_of(data, 64, 100)
    again, _ = parts_of(data, 64, 100)
    assert count == 100
    assert [len(part["a.x"]) for part in first] == [64, 36]
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one["a.y"], other["a.y"])
        assert torch.equal(one["a.x"].ravel(), one["a.y"])
    assert len(torch.unique(torch.cat([part["a.y"] for part in first]))) == 100
    every, count = parts_of(data, 300, 1000)
    assert count == 1000
    assert torch.equal(torch.cat([part["a.y"] for part in every]), data["a.y"])


# -- planes --


def test_random_directions_are_as_long_as_the_weights_filter_by_filter():
    run = conv_net()
    plane = random_plane(run.trail, 5)
    other = random_plane(run.trail, 6)
    weights = present(run)
    assert not torch.equal(plane.directions, other.directions)
    assert torch.equal(plane.directions, random_plane(run.trail, 5).directions)
    for direction in plane.directions:
        parts = split(direction, plane.names, plane.shapes)
        for name, value in weights.items():
            if value.ndim < 2:
                assert not parts[name].any(), name
                continue
            for mine, own in zip(parts[name], value, strict=True):
                assert mine.norm().item() == pytest.approx(own.norm().item(), rel=1e-12)
    cosine = (plane.directions[0] @ plane.directions[1]) / plane.directions[0].norm() / plane.directions[1].norm()
    assert abs(cosine.item()) < 0.3


def test_the_main_directions_are_those_of_a_principal_component_analysis():
    from sklearn.decomposition import PCA

    run = run_of("spiral", 40)
    plane = make_plane(run.trail, SurfaceWanted("path"))
    assert isinstance(plane, DirectionPlane)
    places = np.stack([row.weights.numpy() for row in run.trail.until(40)])
    assert len(places) == 41
    found = PCA(2).fit(places)
    for mine, wanted in zip(plane.directions.numpy(), found.components_, strict=True):
        assert abs(mine @ wanted) == pytest.approx(1, rel=1e-9)
    assert plane.explained == pytest.approx(found.explained_variance_ratio_, rel=1e-9)
    # The rest of each place is its distance from the plane.
    for row, (x, y, distance) in run.trail.projected(plane, 40):
        off = row.weights - plane.centre
        assert off.norm().item() ** 2 == pytest.approx(x**2 + y**2 + distance**2, rel=1e-8, abs=1e-16)
        basis = plane.directions.numpy()
        assert (x, y) == pytest.approx(tuple(basis @ off.numpy()), abs=1e-9)


def test_a_place_on_a_plane_is_projected_onto_itself():
    run = run_of("mazur", 10)
    for span in ("weights", "random", "path"):
        plane = make_plane(run.trail, SurfaceWanted(span))
        row = plane.row(torch.tensor([0.3]).double(), torch.tensor([-0.2]).double())[0]
        assert plane.project(row) == pytest.approx((0.3, -0.2, 0.0), abs=1e-7)
        assert plane.project(run.trail.now()) == pytest.approx((*plane.here, 0.0), abs=1e-12)


def test_a_plane_that_does_not_exist_is_refused_in_a_sentence():
    mazur = run_of("mazur").trail
    known = ("hidden.weight", (0, 0))
    for entries, words in (
        ((known, known), "Choose two weights"),
        ((known, ("hidden.weight", (2, 0))), "counted from 1"),
        ((known, ("nowhere.weight", (0,))), "no trained parameter"),
    ):
        with pytest.raises(ValueError, match=words):
            make_plane(mazur, SurfaceWanted(entries=entries))
    with pytest.raises(ValueError, match="no path yet"):
        make_plane(mazur, SurfaceWanted("path"))
    with pytest.raises(ValueError, match="One weight"):
        make_plane(run_of("descent").trail, SurfaceWanted())
    with pytest.raises(ValueError, match="span no plane"):
        make_plane(run_of("linear-fit").trail, SurfaceWanted("random"))


# -- the path --


def tiny():
    net = torch.nn.Linear(2, 1)
    return net, Trail(net)


def test_the_trail_is_bounded_and_covers_a_long_training_evenly():
    net, trail = tiny()
    for step in range(1, 5001):
        with torch.no_grad():
            net.weight.fill_(float(step))
        trail.note(step)
    steps = [row.step for row in trail.rows]
    assert MOST / 2 <= len(steps) <= MOST + 1
    assert steps[0] == 0
    assert set(np.diff(steps)) == {16}
    assert all(row.step == 0 or row.weights[0].item() == row.step for row in trail.rows)
    assert trail.until(5000)[-1].step == 5000


def test_going_back_and_on_another_way_takes_the_old_one_away():
    net, trail = tiny()
    for step in range(1, 11):
        trail.note(step)
    assert [row.step for row in trail.until(4)] == [0, 1, 2, 3, 4]
    assert len(trail.rows) == 11  # one could still go forth again
    with torch.no_grad():
        net.weight.fill_(9.0)
    trail.note(5)
    assert [row.step for row in trail.rows] == [0, 1, 2, 3, 4, 5]
    assert trail.rows[-1].weights[0].item() == 9.0
    trail.jumped(5)
    trail.jumped(5)
    assert [(row.step, row.begins) for row in trail.rows[-2:]] == [(5, False), (5, True)]


def test_a_network_too_large_is_followed_on_the_plane_alone():
    net = torch.nn.Linear(50, 50)
    trail = Trail(net, limit=2550 * 4 * 10)
    assert not trail.whole
    with pytest.raises(ValueError, match="too many to keep its path"):
        make_plane(trail, SurfaceWanted("path"))
    for step in range(1, 4):
        trail.note(step)
    assert trail.bytes == 0
    plane = trail.plane = make_plane(trail, SurfaceWanted("random"))
    with torch.no_grad():
        net.weight.add_(0.1)
    trail.note(4)
    assert [row.step for row, _ in trail.projected(plane, 4)] == [4]
    assert trail.bytes == 0


# -- the session --


def project_of(example, **training):
    file = assets.folder() / "examples" / f"{example}.chainrule"
    return edits.set_training(files.load(file), training)[0], file.parent


def ask(listener, wanted, request=1):
    return listener.ask(lambda: listener.session.surface(wanted, request), SurfaceComputed)


def same(one, other):
    """Two states, to the bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("span", ["weights", "random", "path"])
def test_weights_buffers_optimizer_and_random_states_are_the_same_bits_after_it(span):
    run = conv_net()
    outside = torch.get_rng_state()
    before = copy.deepcopy(run.state())
    assert not same(before, conv_net(seed=3).state())
    surface_of(run, span=span, side=6)
    assert same(before, run.state())
    assert torch.equal(outside, torch.get_rng_state())


def test_a_training_with_surfaces_beside_it_ends_in_the_same_bits():
    project, folder = project_of("overfitting-cured", epochs=8)
    found = []
    every: tuple[tuple[Span, ...], ...] = ((), SPANS)
    for spans in every:
        with Listener(project, folder) as listener:
            session = listener.session
            session.watch(frozenset({"PathOnSurface"}))
            session.step("batch")
            session.step("batch")
            session.step("batch")
            since = len(listener.events)
            session.play()
            for number, span in enumerate(spans, 1):
                answer = ask(listener, SurfaceWanted(span, side=21), number)
                assert answer.error == ""
                assert answer.surface.loss.shape == (21, 21)
            listener.until("finished", since=since)
            found.append(weights_of(listener))
            losses = np.concatenate([event.loss for event in listener.of(Scalars)])
            found.append({"losses": losses})
            if spans:
                assert listener.of(PathOnSurface)
    for one, other in zip(found[:2], found[2:], strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert np.array_equal(one[name], other[name]), name


def test_a_surface_is_told_with_its_progress_and_the_path_over_it():
    project, folder = project_of("spiral", epochs=3)
    with Listener(project, folder) as listener:
        listener.session.watch(frozenset({"PathOnSurface"}))
        listener.play_to_the_end()
        answer = ask(listener, SurfaceWanted("path", side=41), 7)
        surface = answer.surface
        assert (answer.request, answer.cancelled, answer.error) == (7, False, "")
        assert surface.loss.shape == (41, 41)
        assert sum(surface.explained) <= 1
        assert surface.samples == surface.of
        assert answer.seconds > 0
        path = listener.wait(PathOnSurface, lambda event: event.request == 7)
        assert path.steps[0] == 0
        assert path.steps[-1] == path.step == surface.at
        # The present weights are the centre; the path lies in the picture.
        assert (path.x[-1], path.y[-1], path.distance[-1]) == pytest.approx((0, 0, 0), abs=1e-6)
        assert surface.xs[0] < path.x.min() <= path.x.max() < surface.xs[-1]
        assert surface.ys[0] < path.y.min() <= path.y.max() < surface.ys[-1]


def test_a_surface_can_be_given_up_and_questions_are_answered_meanwhile():
    project, folder = project_of("fashion-dense")
    with Listener(project, folder) as listener:
        session = listener.session
        session.surface(SurfaceWanted("random", side=81), 3)
        listener.wait(SurfaceComputing)
        assert "dense1.weight" in weights_of(listener)
        assert not listener.of(SurfaceComputed)
        session.cancel_surface(3)
        answer = listener.wait(SurfaceComputed)
        assert answer.cancelled
        assert answer.surface is None or answer.surface.loss.shape < (81, 81)
        # A new one takes the place of one under way.
        session.surface(SurfaceWanted("random", side=81), 4)
        session.surface(SurfaceWanted("path"), 5)
        assert listener.wait(SurfaceComputed, lambda event: event.request == 4).cancelled
        assert "no path yet" in listener.wait(SurfaceComputed, lambda event: event.request == 5).error


def test_one_can_start_from_a_place_and_step_back_undoes_it():
    project, folder = project_of("linear-fit", dtype="float64", epochs=2)
    entries = (("line.weight", (0, 0)), ("line.bias", (0,)))
    with Listener(project, folder) as listener:
        session = listener.session
        session.watch(frozenset({"PathOnSurface"}))
        listener.play_to_the_end()
        before = weights_of(listener)
        session.step_back()
        earlier = weights_of(listener)
        session.goto(10)
        assert ask(listener, SurfaceWanted(entries=entries), 1).error == ""
        since = len(listener.events)
        session.start_there(0.25, -0.5, 1)
        assert listener.wait(StartedThere, since=since).error == ""
        now = weights_of(listener)
        assert (now["line.weight"].item(), now["line.bias"].item()) == (0.25, -0.5)
        path = listener.wait(PathOnSurface, lambda event: event.x[-1] == 0.25, since)
        assert path.begins[-1]
        assert path.distance.max() == 0  # two numbers are the whole space
        since = len(listener.events)
        session.step()
        listener.until("paused", "finished", since=since)
        assert weights_of(listener)["line.weight"].item() != 0.25
        session.goto(10)
        assert weights_of(listener)["line.weight"].item() == 0.25
        session.step_back()
        assert np.array_equal(weights_of(listener)["line.weight"], earlier["line.weight"])
        assert not np.array_equal(before["line.weight"], earlier["line.weight"])
        session.start_there(0.0, 0.0, 99)
        assert "anew" in listener.wait(StartedThere, lambda event: event.request == 99).error


def test_after_a_reset_the_surface_of_the_same_network_still_has_a_path():
    project, folder = project_of("linear-fit", epochs=2)
    with Listener(project, folder) as listener:
        listener.session.watch(frozenset({"PathOnSurface"}))
        listener.play_to_the_end()
        ask(listener, SurfaceWanted(), 1)
        listener.session.reset()
        path = listener.wait(PathOnSurface, lambda event: event.step == 0)
        assert path.steps.tolist() == [0]


def test_a_network_that_cannot_be_trained_is_told():
    with Listener(make_project([("data", "Input")], [])) as listener:
        assert ask(listener, SurfaceWanted()).error
