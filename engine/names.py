"""Which ids a node may bear. They become attribute names of the exported module and are what messages show."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container

_PATTERN = re.compile(r"[a-z][A-Za-z0-9_]{0,39}")

_MODULE_ATTRIBUTES = frozenset(
    """
    add_module add_submodule apply bfloat16 buffers call_super_init children code compile cpu cuda
    delete_all_unused_submodules delete_submodule double dump_patches eval extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule graph half ipu load_state_dict meta modules mtia named_buffers
    named_children named_modules named_parameters parameters print_readable recompile register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule shape_env share_memory state_dict to to_empty to_folder train training type xpu
    zero_grad
    """.split()
)
"""Attributes of nn.Module and GraphModule that match the pattern; a test compares them with torch's own."""

_EXPORT_NAMES = frozenset({"self", "torch", "nn", "math", "json", "struct", "load", "init"})
"""Names the exported code uses itself."""

RESERVED = _MODULE_ATTRIBUTES | _EXPORT_NAMES | frozenset(keyword.kwlist)


def id_error(name: str) -> str | None:
    """Why the name cannot be a node's id, as half a sentence; None when it can."""
    if not isinstance(name, str) or not _PATTERN.fullmatch(name):
        return "must begin with a small letter and hold at most 40 letters, digits and _"
    if name in RESERVED:
        return "is a word that Python or PyTorch uses itself"
    return None


def fresh_id(base: str, taken: Container[str]) -> str:
    """`base` made a valid id, with a number behind it where it is taken: `dense`, `dense2`, `dense3`, …

    `conv1` counts on as `conv2`, so a copy of a numbered node gets the next free number.
    """
    stem = re.sub(r"[^A-Za-z0-9_]", "", base).lstrip("0123456789_")
    stem = (stem[:1].lower() + stem[1:])[:36] or "block"
    if stem not in taken and id_error(stem) is None:
        return stem
    match = re.fullmatch(r"(.*?[A-Za-z_])(\d+)", stem)
    root, number = (match[1], int(match[2])) if match else (stem, 1)
    while True:
        number += 1
        name = f"{root}{number}"
        if name not in taken and id_error(name) is None:
            return name
