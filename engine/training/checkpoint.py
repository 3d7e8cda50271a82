"""A whole state of a training in one safetensors file: tensors as they are, everything else as JSON in its metadata.

Nothing is unpickled, and the file appears at once or not at all. What several processes wrote together lies in a
directory of such files (`shards`), and is read here as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from engine import diskfile
from engine.problem import FileError
from engine.training import shards
from engine.training.stateparts import put_together, take_apart

_KEY = "chainrule.state"
VERSION = 1


def save_state(path: Path, state: Mapping[str, Any], about: Mapping[str, str] | None = None) -> None:
    """Write a state: nested dicts with string keys of numbers, strings, None, tensors, and lists of these.

    `about` goes into the metadata, where it can be read without the rest.

    Raises:
        FileError: F05, it cannot be written.
    """
    plain, tensors = take_apart(state)
    copies = {name: tensor.to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"version": VERSION, "state": plain})
    diskfile.write(path, [save(copies, metadata={_KEY: text, **(about or {})})])


def load_state(path: Path) -> dict[str, Any]:
    """The state that `save_state` wrote, or several processes together.

    Raises:
        FileError: F01 it is damaged, F02 it is missing, F03 a newer version wrote it.
    """
    if path.is_dir():
        return shards.load_state(path)
    if not path.is_file():
        raise FileError(f'There is no checkpoint "{path}".', code="F02", hint="Start the run without --resume.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            content = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no iterator of its own
        version, plain = int(content["version"]), content["state"]
        if version > VERSION:
            raise FileError(f'"{path}" was written by a newer version.', code="F03", hint="Update Chainrule.")
        return put_together(plain, tensors)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise shards.damaged(path, error) from None
