"""The settings that a network drawn from nothing begins with: does it learn when its author only presses Play?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine import assets, files
from engine.cli import main
from engine.frozen import FrozenDict
from engine.settings import FRESH


@pytest.mark.parametrize(
    ("name", "metric", "least"), [("circle", "val_accuracy", 0.9), ("quadratic-fit", "val_r2", 0.9)]
)
def test_small_networks_learn_without_a_setting_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, metric: str, least: float
) -> None:
    example = files.load(assets.folder() / "examples" / f"{name}.chainrule")
    training = FrozenDict({**FRESH, "metrics": (metric.removeprefix("val_"),)})
    path = tmp_path / "drawn.chainrule"
    files.save(replace(example, training=training), path)
    assert main(["train", str(path), "--run", str(tmp_path / "run"), "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["metrics"][metric] > least
