"""Whether all processes train the same: each reads the files of its own machine, which may be others."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from engine import files
from engine.data.sketch import alike, sketch
from engine.dataspec import SPLITS
from engine.distributed.group import Group
from engine.elsewhere.needs import chainrule_version
from engine.graph import Layout, Project
from engine.problem import ChainruleError
from engine.training.loading import Loaded

_MOST_NUMBERS = 1 << 24


def agree(group: Group, loaded: Loaded, options: Mapping[str, Any]) -> None:
    """See that every process has the leader's graph, data, options and program.

    Args:
        group: of all.
        loaded: what this one is to train.
        options: of the command line, as text by name, that all need to have in common.

    Raises:
        ChainruleError: in all processes: T05, one of them has others; or its data cannot be read.
    """
    told = group.gathered([platform.node(), group.agreed(lambda: _described(loaded, options))])
    (_, wanted), *others = told
    for rank, (host, found) in enumerate(others, 1):
        theirs = {name: value for name, _, value in found}
        for name, hint, value in wanted:
            if not alike(value, theirs.get(name)):
                message = f"Process {rank}, on {host}, has {name} than process 0."
                raise group.common(ChainruleError(message, code="T05", hint=hint))


def _described(loaded: Loaded, options: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """All that is compared: what a difference is called, what to do then, and plain values."""
    install, bring = "Install the same one everywhere.", "Bring the same files to all machines."
    rows: list[tuple[str, str, Any]] = [
        ("another version of Chainrule", install, chainrule_version()),
        ("another version of PyTorch", install, torch.__version__.partition("+")[0]),
    ]
    rows += [(f"another --{name}", "Start all with the same command.", value) for name, value in options.items()]
    rows.append(("another graph", bring, _digest(_essence(loaded.project).encode())))
    for path, data in loaded.data.items():
        for split in SPLITS:
            rows += [
                (f'other data in "{path}.{field}" ({split})', bring, sketch(samples, _MOST_NUMBERS))
                for field, samples in data.part(split).items()
            ]
    return rows


def _essence(project: Project) -> str:
    """All of a project but looks, and on what it computes."""
    free = ("device", "threads")
    training = {name: value for name, value in sorted(project.training.items()) if name not in free}
    return files.dumps(replace(project, name="", notes="", layout=Layout(), training=type(project.training)(training)))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
