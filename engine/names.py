"""Which ids a node may bear. They become attribute names of the exported module and are what messages show."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable

_LONGEST = 40
_STEM = 36
"""What is kept of a long name, so that a number fits behind it."""

_PATTERN = re.compile(rf"[a-z][A-Za-z0-9_]{{0,{_LONGEST - 1}}}")

_ATTRIBUTES = """
add_module add_submodule apply bfloat16 buffers call_super_init children code compile cpu cuda
delete_all_unused_submodules delete_submodule double dump_patches eval extra_repr float forward get_buffer
get_extra_state get_parameter get_submodule graph half ipu load_state_dict meta modules mtia named_buffers
named_children named_modules named_parameters parameters print_readable recompile register_backward_hook
register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
set_extra_state set_submodule shape_env share_memory state_dict to to_empty to_folder train training type xpu
zero_grad
"""
_MODULE_ATTRIBUTES = frozenset(_ATTRIBUTES.split())
"""Attributes of nn.Module and GraphModule that match the pattern; a test compares them with torch's own."""

_EXPORT_NAMES = frozenset({"self", "torch", "nn", "math", "json", "struct", "load", "init"})
"""Names the exported code uses itself."""

RESERVED = _MODULE_ATTRIBUTES | _EXPORT_NAMES | frozenset(keyword.kwlist)


def id_error(name: object) -> str | None:
    """Why the name cannot be a node's id, as half a sentence; None when it can."""
    if not isinstance(name, str) or not _PATTERN.fullmatch(name):
        return "must begin with a small letter and hold at most 40 letters, digits and _"
    if name in RESERVED:
        return "is a word that Python or PyTorch uses itself"
    return None


def fresh_id(base: str, taken: Container[str]) -> str:
    """`base` made a valid id, with a number behind it where it is taken: `dense`, `dense2`, `dense3` and so on.

    `conv1` counts on as `conv2`, so a copy of a numbered node gets the next free number.
    """
    return fresh_ids([base], taken)[0]


def fresh_ids(bases: Iterable[str], taken: Container[str]) -> list[str]:
    """A fresh id for each base, all different. Thousands of copies of the same node take no longer each than the first.

    Each is what `fresh_id` gives when the ones before it are taken, too.
    """
    given: dict[str, None] = {}
    full: dict[str, tuple[int, int]] = {}
    """Root -> from which number to which all are taken."""
    for base in bases:
        stem = re.sub(r"[^A-Za-z0-9_]", "", base).lstrip("0123456789_")
        stem = (stem[:1].lower() + stem[1:])[:_STEM] or "block"
        name = stem
        if name in taken or name in given or id_error(name) is not None:
            match = re.fullmatch(r"(.*?[A-Za-z_])(\d+)", stem)
            root, number = (match[1], int(match[2])) if match else (stem, 1)
            first, last = full.get(root, (number, number))
            start = number = last if first <= number <= last else number
            while name in taken or name in given or id_error(name) is not None:
                number += 1
                name = f"{root[: _LONGEST - len(str(number))]}{number}"
            full[root] = (first, number) if start == last else (start, number)
        given[name] = None
    return list(given)
