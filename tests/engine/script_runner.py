"""Runs scripts that import torch, each in a process of its own, forked after that import, which takes seconds.

A program: `python -I -W error script_runner.py`, one job a line on stdin, as JSON: a script and its arguments. Each is
answered by a line: the exit code, and what the script wrote. It knows nothing of this checkout, as the scripts are to.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import tempfile
import traceback
from typing import IO

import torch  # noqa: F401 - so that no child has to load it


def run(arguments: list[str], out: IO[bytes], err: IO[bytes]) -> None:
    """In the child: become that script, and end as it does."""
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.argv, code = arguments, 0
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does with what nobody catches
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Until there are no more jobs."""
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(json.loads(line), out, err)
            _, status = os.waitpid(child, 0)
            told = []
            for file in (out, err):
                file.seek(0)
                told.append(file.read().decode())
            sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(status), *told]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
