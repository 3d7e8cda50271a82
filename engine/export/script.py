"""The part of exported code that runs: loading weights, `python net.py`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from engine.export.embedding import MOST_NUMBERS
from engine.export.layout import call, lines, quoted
from engine.export.parts import Parts

LOAD = '''
    @classmethod
    def load(cls, path: str | Path = WEIGHTS) -> "Net":
        """The network with the weights of a safetensors file."""
        data = bytearray(Path(path).read_bytes())
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start])
        header.pop("__metadata__", None)
        kinds = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
        state = {}
        for name, entry in header.items():
            begin, end = (start + offset for offset in entry["data_offsets"])
            values = torch.frombuffer(data[begin:end], dtype=kinds[entry["dtype"]])
            state[name] = values.reshape(entry["shape"])
        net = cls()
        net.load_state_dict(state)
        return net
'''

_FEW = 4


def shown_samples(parts: Parts, samples: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], bool]:
    """The samples that are written into the file, by `input.field`, and whether those are all."""
    fields = [".".join(source) for source in (*parts.forward_fields, *parts.loss_fields)]
    given = {name: samples[name] for name in fields if name in samples}
    if len(given) < len(fields):
        return {}, not fields
    if sum(value.numel() for value in given.values()) <= MOST_NUMBERS:
        return {name: value[:] for name, value in given.items()}, True  # also of samples that are on disk
    row = sum(value[:1].numel() for value in given.values())
    return ({name: value[:_FEW] for name, value in given.items()} if row * _FEW <= MOST_NUMBERS else {}), False


def main(parts: Parts, loss: str, constants: list[str], count: int, reason: str) -> list[str]:
    """The function `main` and its call.

    Args:
        parts: the network.
        loss: name of the method that gives the loss.
        constants: of the samples, in the order of the arguments of that method.
        count: of the samples.
        reason: why the file cannot train, "" when it can.
    """
    where = " on the samples above" if constants else ""
    found = [
        "def main() -> None:",
        f'    """Print the network and its loss{where}; --train trains it first."""',
        "    parser = argparse.ArgumentParser(description=main.__doc__)",
        '    parser.add_argument("--train", action="store_true", help="train the network first")',
        "    arguments = parser.parse_args()",
        "    if not WEIGHTS.exists():",
        '        parser.error(f"{WEIGHTS} is missing")',
        "    net = Net.load()",
        "    if arguments.train:",
        *(
            lines(8, "", call("parser.error", [quoted(reason)]))
            if reason
            else lines(8, "", call("train", ["net", *constants]))
        ),
        "    net.eval()",
        "    print(net)",
        '    print(f"{sum(value.numel() for value in net.parameters()):,} parameters")',
    ]
    fields = (*parts.forward_fields, *parts.loss_fields)
    if len(constants) == len(fields):
        found += _figures(parts, loss, constants, count)
    return [*found, "", "", 'if __name__ == "__main__":', "    main()"]


def _figures(parts: Parts, loss: str, constants: list[str], count: int) -> list[str]:
    found = ["    with torch.no_grad():"]
    if not parts.objectives:
        return [*found, *lines(8, "", call("print", [call("net", constants[: len(parts.forward_fields)])]))]
    where = f" on {_counted(count)}" if constants else ""
    if parts.in_phases:
        found += lines(8, "losses = ", call(f"net.{loss}", constants))
        return [*found, f'    print("losses{where}:", *(f"{{loss.item():.6g}}" for loss in losses))']
    found += lines(8, "loss = ", call(f"net.{loss}", constants))
    return [*found, f'    print(f"loss{where}: {{loss.item():.6g}}")']


def _counted(samples: int) -> str:
    return "1 sample" if samples == 1 else f"{samples:,} samples"
