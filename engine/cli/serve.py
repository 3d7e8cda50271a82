"""`chainrule serve`: a run for watching from another machine, through a forwarded port."""

from __future__ import annotations

import platform
import signal
import threading
from types import FrameType

from engine.cli.arguments import Arguments
from engine.cli.output import say
from engine.diskfile import reason
from engine.problem import FileError
from engine.runplace import GRAPH
from engine.watching.address import run_at
from engine.watching.server import RunServer


def run(arguments: Arguments) -> int:
    """0, when it is asked to end; a run directory that is not there yet may come meanwhile. Raises FileError."""
    folder = run_at(arguments.file).absolute()
    waits = not folder.exists() and folder.parent.is_dir()  # a training that loads its data makes it in a moment
    if not waits and not (folder / GRAPH).is_file():
        raise FileError(f'"{arguments.file}" is no run directory.', code="F02", hint="Train first, or name another.")
    try:
        server = RunServer(folder, arguments.port)
    except OSError as error:
        way = "Choose another with --port."
        raise FileError(f"Port {arguments.port} cannot be used: {reason(error)}.", code="F05", hint=way) from None
    with server:
        print(server.address.url, flush=True)
        port = server.address.port
        say(f'Serving "{folder}", read only, to programs of this machine that know the address. Ctrl-C ends it.')
        say("Runs that begin beside it are offered, and served, as well.")
        say(f"From your own machine: ssh -L {port}:localhost:{port} {platform.node() or 'CLUSTER'}")
        say("Then, in the app there: Run > Watch a run elsewhere..., and paste the address.")
        if waits:
            say("There is no run yet; it can be watched as soon as it begins.")
        _end_on_signal(server)
        server.serve_forever()
    return 0


def _end_on_signal(server: RunServer) -> None:
    """Being asked to terminate ends it in good order, as Ctrl-C does."""

    def end(_signum: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()  # it waits for the loop that is interrupted here

    if threading.current_thread() is threading.main_thread():
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, end)
