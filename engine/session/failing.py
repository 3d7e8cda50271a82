"""What went wrong in the session's thread, as an event."""

from __future__ import annotations

import traceback

from engine.events import RunFailed, RunState
from engine.problem import ChainruleError
from engine.training.errors import StepError, is_out_of_memory
from engine.training.failure import told
from engine.training.run import Run


def failed(error: Exception, run: Run | None) -> tuple[RunFailed, RunState]:
    """The event, and the state the session is in then."""
    if isinstance(error, StepError) and run is not None:
        return told(error, run.trainer), "paused" if error.code in ("T01", "T02") else "failed"
    if isinstance(error, ChainruleError):
        return RunFailed(error.code, error.message, error.hint), "failed"
    code = "T03" if is_out_of_memory(error) else "T04"
    what = "Memory ran out." if code == "T03" else f"{type(error).__name__}: {error}"
    hint = "Make the network or the batch smaller." if code == "T03" else ""
    details = "".join(traceback.format_exception(error))
    return RunFailed(code, what, hint, details=details), "failed"
