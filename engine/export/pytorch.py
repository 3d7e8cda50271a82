"""`export --to pytorch`: the network as PyTorch source that a person could have written, and its weights beside it.

The source needs torch alone. Names in it are ids, which are identifiers; whatever else a document says stands in
comments or in string literals, and nothing it says can become code.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

import engine.nn
from engine import diskfile, weightfile
from engine.export.embedding import UNPACK, embed
from engine.export.layout import comment, title
from engine.export.methods import own_targets
from engine.export.network import NetworkWriter
from engine.export.parts import Parts, parts_of
from engine.export.preparation import Pipelines, preparation
from engine.export.script import LOAD, main, shown_samples
from engine.export.training import train, why_not
from engine.graph import Project
from engine.problem import GraphError
from engine.result import Result

NOTHING: Pipelines = {}


def export_pytorch(
    project: Project,
    result: Result,
    weights: Mapping[str, Tensor],
    samples: Mapping[str, Tensor],
    out: Path,
    pipelines: Pipelines = NOTHING,
) -> tuple[Path, ...]:
    """Write `net.py` and `net.safetensors`; returns the files written.

    Args:
        project: for its name, notes and labels.
        result: its plan, without errors.
        weights: `block.parameter` -> tensor, parameters and buffers; of `Net.state_dict` or a run.
        samples: `input.field` -> the training data. A few are written into the source, or all where they are few.
        out: the source file, or a folder to put `net.py` in; the weights lie beside it under the same name.
        pipelines: `input.field` -> what was done to its raw numbers; becomes a function `prepare`.

    Raises:
        GraphError: the project has errors, or there is nothing to export.
        FileError: F05 a file cannot be written, F06 a weight is not finite.
    """
    path = out if out.suffix == ".py" else out / "net.py"
    parts = parts_of(result)
    source = pytorch_source(project, result, samples, pipelines)
    beside = path.with_suffix(".safetensors")
    names = exported_names(parts)
    missing = [name for name in names if name not in weights]
    if missing:
        raise GraphError(f'There are no weights for "{missing[0]}".', code="G18", hint="Train or reset the network.")
    path.parent.mkdir(parents=True, exist_ok=True)
    weightfile.write(beside, {name: weights[name] for name in names}, project)
    diskfile.write(path, [source.encode()])
    return (path, beside)


def exported_names(parts: Parts) -> list[str]:
    """The parameters and buffers that the exported network has."""
    found = []
    for path, user in parts.modules.items():
        recipe = parts.result.nodes[user].recipe
        assert recipe is not None
        found += [f"{path}.{spec.name}" for spec in (*recipe.parameters, *recipe.buffers)]
    return found


def pytorch_source(
    project: Project, result: Result, samples: Mapping[str, Tensor], pipelines: Pipelines = NOTHING
) -> str:
    """The source alone; the arguments are those of `export_pytorch`."""
    parts = parts_of(result)
    own = sorted(own_targets(result.nodes[path] for path in parts.nodes))
    writer = NetworkWriter(project, parts, own)
    shown, complete = shown_samples(parts, samples)
    constants = {name: _constant(writer.fields[_source(name)]) for name in shown}
    reason = why_not(parts, complete=complete)
    prepared = _preparations(writer.fields, pipelines)
    *groups, net = writer.source()
    pieces = [*groups, [*net, *LOAD.rstrip("\n").split("\n")], *prepared]
    if not why_not(parts, complete=True):
        pieces.append(train(parts, writer.loss_name, list(writer.fields.values())))
    data = [line for name, value in shown.items() for line in embed(constants[name], value)]
    if any("unpack(" in line for piece in (*prepared, data) for line in piece):
        pieces.insert(len(groups) + 1, UNPACK.rstrip("\n").split("\n"))
    count = max(map(len, shown.values()), default=0)
    pieces.append(main(parts, writer.loss_name, list(constants.values()), count, reason))
    return _assembled(project, own, pieces, data)


def _preparations(fields: Mapping[tuple[str, str], str], pipelines: Pipelines) -> list[list[str]]:
    """Functions that prepare raw inputs, for the fields that have a pipeline."""
    used = {variable: pipelines[".".join(field)] for field, variable in fields.items() if ".".join(field) in pipelines}
    single = len(used) == 1
    return [piece for name, pipeline in used.items() for piece in preparation(name, pipeline, single=single)]


def _source(name: str) -> tuple[str, str]:
    path, _, port = name.rpartition(".")
    return path, port


def _constant(name: str) -> str:
    return f"{name.upper()}_" if name.upper() in ("F", "WEIGHTS") else name.upper()


def _assembled(project: Project, own: Iterable[str], pieces: list[list[str]], data: list[str]) -> str:
    """The whole file: heading, imports, own functions, pieces with two empty lines between, data before the last."""
    copied = [inspect.getsource(getattr(engine.nn, name)).rstrip("\n").split("\n") for name in own]
    *before, last = [*copied, *pieces]
    weights = 'WEIGHTS = Path(__file__).with_suffix(".safetensors")'
    blocks = [line for piece in before for line in (*piece, "", "")]
    body = [weights, "", "", *blocks, *data, *(["", ""] if data else []), *last]
    name = title(project.name)
    heading = f"{name}. Exported by Chainrule; needs PyTorch alone." if name else "A network; needs PyTorch alone."
    notes = comment(project.notes)
    imports = _imports("\n".join(body), "\n".join(line for piece in copied for line in piece))
    found = [f'"""{heading}"""', *(["", *notes] if notes else []), "", *imports, "", *body]
    return "\n".join(found) + "\n"


def _imports(body: str, copied: str) -> list[str]:
    """What the body uses, with the copied functions in it, sorted as isort does."""
    used = {
        "import argparse": True,
        "import base64": "base64." in body,
        "import json": True,
        "import math": re.search(r"\bmath\.", body),
        "import zlib": "zlib." in body,
        "from pathlib import Path": True,
        **dict.fromkeys(_own_imports(copied), True),
    }
    third = {
        "import torch": True,
        "import torch.nn.functional as F": re.search(r"\bF\.", body),
        "from torch import Tensor, nn": True,
    }
    wanted = [line for line, needed in used.items() if needed]
    wanted.sort(key=lambda line: (line.startswith("from"), line))
    return [*wanted, "", *(line for line, needed in third.items() if needed)]


def _own_imports(copied: str) -> list[str]:
    """What the copied functions import from the standard library by name."""
    found = []
    for node in ast.parse(inspect.getsource(engine.nn)).body:
        if isinstance(node, ast.ImportFrom) and node.module not in ("__future__", "torch"):
            names = [name.name for name in node.names if re.search(rf"\b{name.name}\b", copied)]
            if names:
                found.append(f"from {node.module} import {', '.join(sorted(names))}")
    return found
