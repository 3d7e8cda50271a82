"""The scripts of the folder. Names are quoted for the shell; everything else was checked by `Options.faults`."""

from __future__ import annotations

import re
import shlex
from typing import Final

from engine.elsewhere.needs import PROGRAM
from engine.elsewhere.options import Options
from engine.runplace import PACKED
from engine.wording import plural

_BEGIN: Final = """\
# Python: that of .venv where there is one, else whatever comes first.
if [[ -f .venv/bin/activate ]]; then
    # shellcheck source=/dev/null
    source .venv/bin/activate
fi
{program}\
graph={graph}
run="${{RUN:-{run}}}"

# A training that was interrupted goes on where it was saved last.
more=()
if [[ -e "$run/graph.chainrule" ]]; then
    more+=(--resume)
fi
"""
_PATH: Final = f'export PYTHONPATH="$PWD/{PROGRAM}${{PYTHONPATH:+:$PYTHONPATH}}"\n'
_RESTARTS: Final = 3
"""How often processes are started again when one is lost, or fails: torchrun cannot tell these apart."""
_REST: Final = '${more[@]+"${more[@]}"} "$@"'


def _beginning(graph: str, options: Options) -> str:
    return _BEGIN.format(program=_PATH if options.program else "", graph=shlex.quote(f"./{graph}"), run=PACKED)


def train_sh(graph: str, options: Options) -> str:
    """For one machine, or to be started on each of several.

    Args:
        graph: name of the graph file in the folder.
        options: what was chosen.
    """
    return f"""\
#!/usr/bin/env bash
# Trains the graph in this folder: bash train.sh. Further arguments go to chainrule train (--epochs 20, --device cuda).
# Two processes, or GPUs: PROCESSES=2 bash train.sh. Two machines: NODES=2 HEAD=name-of-the-first bash train.sh on each.
# When a process is lost, all begin again where they saved last, {_RESTARTS} times at most; RESTARTS=0 ends it instead.
set -euo pipefail
cd -- "$(dirname -- "${{BASH_SOURCE[0]}}")"

processes="${{PROCESSES:-{options.processes}}}"
nodes="${{NODES:-{options.nodes}}}"
head="${{HEAD:-localhost}}"
port="${{PORT:-{options.port}}}"
restarts="${{RESTARTS:-{_RESTARTS}}}"

{_beginning(graph, options)}
if [[ "$processes" == 1 && "$nodes" == 1 ]]; then
    exec python -m engine train "$graph" --run "$run" {_REST}
fi
if [[ "$nodes" == 1 ]]; then
    meet=(--standalone)
else
    meet=(--nnodes "$nodes" --rdzv-id chainrule --rdzv-backend c10d --rdzv-endpoint "$head:$port")
fi
exec torchrun --nproc-per-node "$processes" --max-restarts "$restarts" "${{meet[@]}}" \\
    -m engine train "$graph" --run-dir "$run" {_REST}
"""


def train_slurm(graph: str, options: Options) -> str:
    """For `sbatch train.slurm` in the folder. The arguments are those of `train_sh`."""
    return f"""\
#!/usr/bin/env bash
#SBATCH --job-name={_job(graph)}
#SBATCH --nodes={options.nodes}
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task={options.cpus * options.processes}
{_line("gpus-per-node", str(options.gpus or ""), "1")}
#SBATCH --time={options.time}
{_line("mem", options.memory, "32G")}
{_line("partition", options.partition, "NAME")}
{_line("account", options.account, "NAME")}
#SBATCH --output=slurm-%j.log
# Two minutes before the time is up, all processes are asked to save and end.
#SBATCH --signal=TERM@120
# Lines with two signs are not in force: fill them in and take one away.
set -euo pipefail
cd -- "$SLURM_SUBMIT_DIR"

mapfile -t HOSTS < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
MASTER="${{HOSTS[0]}}"
PORT="${{PORT:-{_slurm_port(options)}}}"
export OMP_NUM_THREADS="${{OMP_NUM_THREADS:-{options.cpus}}}"
export SRUN_CPUS_PER_TASK={options.cpus * options.processes}  # srun does not take it from above since SLURM 22.05

{_beginning(graph, options)}
srun torchrun --nnodes "$SLURM_NNODES" --nproc-per-node {options.processes} --rdzv-id "$SLURM_JOB_ID" \\
    --rdzv-backend c10d --rdzv-endpoint "$MASTER:$PORT" --max-restarts "${{RESTARTS:-{_RESTARTS}}}" \\
    -m engine train "$graph" --run-dir "$run" {_REST}
"""


def _slurm_port(options: Options) -> str:
    """The port that was chosen; else one by the number of the job: jobs that share a machine must not meet on one."""
    return str(options.port) if options.port != Options().port else f"$(({options.port} + SLURM_JOB_ID % 1000))"


def _line(name: str, value: str, example: str) -> str:
    """A line of SLURM's, or one that is not in force where nothing was chosen."""
    return f"#SBATCH --{name}={value}" if value else f"##SBATCH --{name}={example}"


def _job(graph: str) -> str:
    stem = graph.removesuffix(".chainrule")
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.")[:40] or "chainrule"


def _crew(options: Options) -> str:
    machines = "one machine" if options.nodes == 1 else f"each of {options.nodes} machines"
    return f"{plural(options.processes, 'process')} on {machines}"


def readme(options: Options) -> str:
    """README.txt."""
    way = "if the machine has SLURM: sbatch train.slurm, which takes its settings from its first lines"
    serve = f"{'PYTHONPATH=program ' if options.program else ''}.venv/bin/python -m engine serve {PACKED}"
    return f"""\
This folder trains the network of a Chainrule graph on another machine.

1. Install, once, in this folder:

   python3 -m venv .venv && .venv/bin/pip install -r requirements.txt

2. Train:

   bash train.sh

   ({way}.)
   As chosen, that is {_crew(options)}. Otherwise: PROCESSES=4 bash train.sh for four processes, or GPUs, of one
   machine; and on each of two machines NODES=2 HEAD=NAME_OF_THE_FIRST bash train.sh.
   Ctrl-C saves and ends it ("Stopped at step …"; what torchrun prints after that is no error of the training).
   Started again, it goes on where it was saved last. When one of several processes is lost, all go on from there by
   themselves, {_RESTARTS} times at most (RESTARTS=0 bash train.sh: never).

3. Bring the weights home, from your own machine:

   rsync -a MACHINE:THIS_FOLDER/{PACKED}/ {PACKED}/

   then in Chainrule: Run > Load weights from a run, and choose {PACKED}/weights.safetensors.

To watch it meanwhile: Run > Watch a run elsewhere, and name {PACKED} on a mounted disk. Or here, in another terminal,

   {serve}

and on your own machine ssh -L 6010:localhost:6010 MACHINE, then paste the address that is printed.
"""
