"""A residual network in groups, trained through the session, edited while it runs, exported, traced and predicted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import assets, edits, files
from engine.events import Applied, Exported, Predicted, Scalars, Traced
from engine.graph import Project
from engine.groupedits import set_use
from engine.grouping import collapse, ungroup
from engine.levels import focus, put
from tests.engine.session_listener import Listener, weights_of


def residual(*, shared: bool) -> Project:
    """The example, with or without weights shared across its three repetitions."""
    project = files.load(assets.example("residual-digits.chainrule"))
    return set_use(project, "res", "share_across_repeats", shared)[0]


def trained(listener: Listener, batches: int = 2) -> dict[str, np.ndarray]:
    for _ in range(batches):
        listener.ask(lambda: listener.session.step("batch"), Scalars)
        listener.until("paused")
    return weights_of(listener)


@pytest.mark.parametrize("shared", [False, True])
def test_it_learns_through_the_session(shared: bool) -> None:
    with Listener(residual(shared=shared)) as listener:
        weights = trained(listener, 3)
        convs = {name for name in weights if name.endswith("conv1.weight")}
        assert convs == ({"res.0.conv1.weight"} if shared else {f"res.{turn}.conv1.weight" for turn in range(3)})
        traced = listener.ask(lambda: listener.session.trace(0, 1), Traced)
        moments = [moment["node"] for moment in traced.trace["forward"]]
        assert moments.index("res.0.conv1") < moments.index("res.1.conv1") < moments.index("res.2.relu2")
        image = np.zeros((2, 1, 8, 8))
        predicted = listener.ask(lambda: listener.session.predict(image, 7), Predicted)
        assert predicted.request == 7


@pytest.mark.parametrize("shared", [False, True])
def test_it_is_exported_with_a_class_for_the_group(shared: bool, tmp_path: Path) -> None:
    with Listener(residual(shared=shared)) as listener:
        trained(listener)
        listener.ask(lambda: listener.session.export("pytorch", tmp_path / "net.py", 1), Exported)
    source = (tmp_path / "net.py").read_text(encoding="utf-8")
    assert "class Residual(nn.Module):" in source
    done = subprocess.run(
        [sys.executable, str(tmp_path / "net.py")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "loss" in done.stdout.lower()


def test_a_muted_group_hands_on_what_comes_in() -> None:
    project, _ = edits.set_node(residual(shared=False), "res", bypass=True)
    with Listener(project) as listener:
        assert set(trained(listener)) == {"stem.weight", "stem.bias", "output.weight", "output.bias"}


def test_grouping_what_runs_keeps_all_that_was_learned() -> None:
    project = residual(shared=False)
    with Listener(project) as listener:
        before = trained(listener)
        made = collapse(project, {"stem", "relu"}, "Front")
        applied = listener.ask(lambda: listener.session.apply(made.project, dict(made.paths)), Applied)
        assert (applied.drawn, applied.gone) == ((), ())
        after = weights_of(listener)
        assert np.array_equal(after["front.stem.weight"], before["stem.weight"])
        apart = ungroup(made.project, "res")
        applied = listener.ask(lambda: listener.session.apply(apart.project, dict(apart.paths)), Applied)
        assert (applied.drawn, applied.gone) == ((), ())
        after = weights_of(listener)
        names = dict(apart.paths)
        for turn in range(3):
            assert np.array_equal(after[f"{names[f'res.{turn}.conv2']}.weight"], before[f"res.{turn}.conv2.weight"])


def test_editing_a_definition_while_it_runs_keeps_the_rest() -> None:
    project = residual(shared=False)
    with Listener(project) as listener:
        before = trained(listener)
        view, _ = edits.rename_node(focus(project, ("res",), "res.0."), "conv1", "first")
        edited, paths = put(project, ("res",), "res.0.", view, (("conv1", "first"),))
        applied = listener.ask(lambda: listener.session.apply(edited, dict(paths)), Applied)
        assert (applied.drawn, applied.gone) == ((), ())
        assert np.array_equal(weights_of(listener)["res.2.first.weight"], before["res.2.conv1.weight"])


def test_more_repetitions_keep_what_the_first_ones_learned() -> None:
    project = set_use(residual(shared=False), "res", "repeat", 1)[0]
    with Listener(project) as listener:
        before = trained(listener)
        more, _, paths = set_use(project, "res", "repeat", 3)
        applied = listener.ask(lambda: listener.session.apply(more, dict(paths)), Applied)
        assert applied.gone == ()
        assert {name.split(".")[1] for name in applied.drawn} == {"1", "2"}
        assert np.array_equal(weights_of(listener)["res.0.conv1.weight"], before["res.conv1.weight"])


def test_it_is_saved_with_its_weights_and_renamed_groups_find_them_again(tmp_path: Path) -> None:
    project = residual(shared=False)
    with Listener(project) as listener:
        learned = trained(listener)
    path = tmp_path / "net.chainrule"
    saved = files.save(project, path, learned)
    assert saved.weights
    made = collapse(saved, {"res", "pool"}, "Body")
    again = files.save(made.project, path)
    with Listener(again, tmp_path) as listener:
        found = weights_of(listener)
    assert np.array_equal(found["body.res.1.conv2.weight"], learned["res.1.conv2.weight"])
    assert np.array_equal(found["stem.weight"], learned["stem.weight"])
