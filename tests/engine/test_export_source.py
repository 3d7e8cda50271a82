"""Exported code is readable, tidy, and nothing but what the exporter wrote."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from engine import files
from engine.build import build
from engine.export.pytorch import export_pytorch, pytorch_source
from engine.training.loading import load
from tests.engine.export_files import EXAMPLES, GOLDEN, ROOT, assert_same, imported, tidy
from tests.engine.export_projects import GROUPED, PROJECTS, branches, cnn
from tests.engine.nets import batch
from tests.helpers.projects import make_project, planned, rows

# -- how it reads --


@pytest.mark.parametrize("name", PROJECTS)
def test_golden(name, tmp_path):
    """UPDATE_GOLDEN=1 writes the files anew, to be read in the diff."""
    project, facts = PROJECTS[name]()
    result = planned(project, facts)
    wanted = GOLDEN / f"export_{name}.py"
    samples = {"data.x": torch.arange(8.0).reshape(2, 4) / 8, "data.y": torch.ones(2, 4)} if name == "mlp" else {}
    source = pytorch_source(project, result, samples)
    if os.environ.get("UPDATE_GOLDEN"):
        wanted.write_text(source, encoding="utf-8")
    assert source == wanted.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PROJECTS)
def test_golden_code_is_tidy(name):
    tidy(GOLDEN / f"export_{name}.py")


@pytest.mark.parametrize("name", GROUPED)
def test_groups_are_tidy(name, tmp_path):
    project, facts = GROUPED[name]()
    path = tmp_path / "net.py"
    path.write_text(pytorch_source(project, planned(project, facts), {}), encoding="utf-8")
    tidy(path)


def test_each_group_is_a_class():
    """Unless its nodes do not run one after another."""
    for name, make in {**GROUPED, "groups": PROJECTS["groups"], "nested": PROJECTS["nested"]}.items():
        project, facts = make()
        source = pytorch_source(project, planned(project, facts), {})
        classes = re.findall(r"^class (\w+)\(nn.Module\)", source, re.MULTILINE)
        assert ("nn.Module()" in source) == (name == "interrupted"), name
        assert len(classes) > 1 or name == "interrupted", name


def test_examples_are_tidy(tmp_path):
    for path in EXAMPLES:
        loaded = load(files.load(path), path.parent)
        source = pytorch_source(loaded.project, loaded.result, loaded.part("train"))
        (tmp_path / f"{path.stem.replace('-', '_')}.py").write_text(source, encoding="utf-8")
    tidy(tmp_path)


@pytest.mark.parametrize("length", [1, 9, 17, 25, 40])
def test_code_with_long_names_is_tidy(length, tmp_path):
    project, facts = branches()
    for node in list(project.graph.nodes.values()):
        if node.id != "data":
            longer = (node.id[0] + "_" * 40 + node.id)[: max(1, length - 3)].ljust(3, "q") + f"{node.rank:02}"
            project = replace(project, graph=project.graph.rename(node.id, longer)[0])
    renamed = {node.id[-2:]: node.id for node in project.graph.nodes.values()}
    for node in list(project.graph.nodes.values()):
        if node.block == "Regularizer":
            blocks = tuple(renamed[index] for index in ("02", "04", "08"))
            project = replace(project, graph=project.graph.set_params(node.id, {"blocks": blocks})[0])
    result = planned(project, facts)
    path = tmp_path / "net.py"
    path.write_text(pytorch_source(project, result, batch(result)), encoding="utf-8")
    tidy(path)
    assert_same(project, result, batch(result, dtype=torch.float64), tmp_path, torch.float64)


def test_the_same_project_gives_the_same_text():
    program = (
        "from tests.engine.export_projects import PROJECTS\n"
        "from tests.helpers.projects import planned\n"
        "from engine.export.pytorch import pytorch_source\n"
        "for make in PROJECTS.values():\n"
        "    project, facts = make()\n"
        "    print(pytorch_source(project, planned(project, facts), {}))\n"
    )
    texts = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        texts.add(done.stdout)
    assert len(texts) == 1


# -- names and words from a document --


HOSTILE = [
    '"""\nimport os; os.system("true")\n"""',
    "'''; raise SystemExit",
    "line\nraise SystemExit",
    "carriage\rraise SystemExit",
    "form\x0craise SystemExit",
    "next\x85raise SystemExit",
    "separator\u2028raise SystemExit\u2029raise SystemExit",
    "null\x00raise SystemExit",
    "\\",
    "ends in a backslash \\",
    'ends in a quote "',
    "{__import__('os').system('true')}",
    "# type: ignore \ud800 lone surrogate",
    "\u202eright to left",
    "x" * 500,
    "",
]


def bones(source: str) -> str:
    """The syntax tree without the docstring of the file."""
    tree = ast.parse(source)
    assert isinstance(tree.body[0], ast.Expr)
    return ast.dump(ast.Module(tree.body[1:], []))


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_a_document_never_become_code(text):
    project, facts = cnn()
    result = planned(project, facts)
    plain = replace(project, name="", notes="")
    wanted = bones(pytorch_source(plain, result, {}))
    graph = project.graph
    for node_id in ("conv1", "act", "loss"):
        graph, _ = graph.update(node_id, label=text)
    source = pytorch_source(replace(project, name=text, notes=text, graph=graph), result, {})
    source.encode()
    assert bones(source) == wanted
    compile(source, "net.py", "exec")


NAMES = [
    "loss",
    "x",
    "y",
    "f",
    "main",
    "train_",
    "parser",
    "step",
    "hinge_loss",
    "compute_loss",
    "weights",
    "sum",
    "print",
    "values",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_block_may_bear_any_name(name, tmp_path):
    nodes = [
        ("data", "Input"),
        (name, "Dense", {"out_features": 4}),
        ("act", "Activation", {"function": "step"}),
        ("last", "Dense", {"out_features": 3}),
        ("measure", "Loss", {"function": "hinge"}),
    ]
    wires = [
        f"data.x -> {name}",
        f"{name} -> act",
        "act -> last",
        "last -> measure.prediction",
        "data.y -> measure.target",
    ]
    project = make_project(nodes, wires)
    result = planned(project, rows(4, 3))
    net = build(result)
    data = batch(result)
    path, _ = export_pytorch(project, result, net.state_dict(), data, tmp_path)
    renamed = imported(path).Net.load()
    method = re.findall(r"def (\w*)\(self, x: Tensor, y: Tensor\)", path.read_text(encoding="utf-8"))
    assert method == ["compute_loss" if name == "loss" else "loss"]
    assert torch.equal(getattr(renamed, method[0])(data["data.x"], data["data.y"]), net.loss(data))
    tidy(path)
