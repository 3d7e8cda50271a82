"""LLVM, behind one door: the text of a module becomes machine code for this processor.

`llvmlite`, which brings LLVM, is optional (`pip install chainrule[fast]`). Whoever asks can do without.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any, final

NAME = "steps"
"""Of the function in the module."""

PACKED = "packed"
"""Of a second function, which may be there: it takes the address of a row of the first one's arguments."""


@cache
def available() -> bool:
    """Whether there is a compiler."""
    return importlib.util.find_spec("llvmlite") is not None


@cache
def _prepare() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@final
class Machine:
    """A compiled function `steps`; calling it lets other threads of Python run.

    Attributes:
        packed: address of the function that takes its arguments in a row; 0: there is none.
        free: whether it works on nothing but its arguments and the stack, so that several threads may call it.
    """

    def __init__(self, text: str, arguments: int) -> None:
        """Compile.

        Args:
            text: of an LLVM module.
            arguments: how many words, numbers or addresses, the function takes; it returns one.

        Raises:
            RuntimeError: the text is no module, or this processor has no compiler.
            ImportError: there is no compiler at all.
        """
        self.free = " global " not in text
        llvm = _prepare()
        module = llvm.parse_assembly(text)
        module.verify()
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
        )
        tuning = llvm.create_pipeline_tuning_options(speed_level=2)
        tuning.slp_vectorization = False  # everything is written as vectors already
        tuning.loop_vectorization = False
        passes = llvm.create_pass_builder(target, tuning)
        passes.getModulePassManager().run(module, passes)
        self._engine = llvm.create_mcjit_compiler(module, target)
        self._engine.finalize_object()
        address = self._engine.get_function_address(NAME)
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *([ctypes.c_int64] * arguments))
        self.call: Callable[..., int] = kind(address)
        self.packed: int = self._engine.get_function_address(PACKED)
