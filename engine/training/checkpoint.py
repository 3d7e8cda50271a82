"""A whole state of a training in one safetensors file: tensors as they are, everything else as JSON in its metadata.

Nothing is unpickled, and the file appears at once or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engine import diskfile
from engine.problem import FileError

_KEY = "chainrule.state"
_TENSOR = "tensor:"
VERSION = 1


def save_state(path: Path, state: Mapping[str, Any], about: Mapping[str, str] | None = None) -> None:
    """Write a state: nested dicts with string keys of numbers, strings, None, tensors, and lists of these.

    `about` goes into the metadata, where it can be read without the rest.

    Raises:
        FileError: F05, it cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    plain = _without_tensors(dict(state), "", tensors)
    text = json.dumps({"version": VERSION, "state": plain})
    diskfile.write(path, [save(tensors, metadata={_KEY: text, **(about or {})})])


def load_state(path: Path) -> dict[str, Any]:
    """The state that `save_state` wrote.

    Raises:
        FileError: F01 it is damaged, F02 it is missing, F03 a newer version wrote it.
    """
    if not path.is_file():
        raise FileError(f'There is no checkpoint "{path}".', code="F02", hint="Start the run without --resume.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            content = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no iterator of its own
        version, plain = int(content["version"]), content["state"]
        if version > VERSION:
            raise FileError(f'"{path}" was written by a newer version.', code="F03", hint="Update Chainrule.")
        restored = _with_tensors(plain, tensors)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise FileError(f'The checkpoint "{path}" is damaged ({error}).', code="F01") from None
    assert isinstance(restored, dict)
    return restored


def _without_tensors(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[place] = value.detach().to("cpu", copy=True).contiguous()
        return f"{_TENSOR}{place}"
    if isinstance(value, Mapping):
        return {key: _without_tensors(item, f"{place}/{key}" if place else key, tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_tensors(item, f"{place}/{index}", tensors) for index, item in enumerate(value)]
    if isinstance(value, str) and value.startswith(_TENSOR):
        raise ValueError(f"a string may not begin with {_TENSOR}")
    return value


def _with_tensors(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict):
        return {key: _with_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_tensors(item, tensors) for item in value]
    if isinstance(value, str) and value.startswith(_TENSOR):
        return torch.clone(tensors[value.removeprefix(_TENSOR)])
    return value
