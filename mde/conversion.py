"""Conversion: a confined process that reads a foreign checkpoint and writes its tensors as safetensors.

It is started by `mde.convert`, gives up network, programs and files before the checkpoint is opened, and answers one
line of JSON: {"problem": the reason} or what was kept and what was dropped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mde.confinement import close_doors, leave_network, limit

if TYPE_CHECKING:  # torch is loaded behind the walls
    from mde.nets.weights import Allowed

ENTRIES = ("model", "state_dict", "model_state_dict")
"""Where training programs keep the network's tensors beside the optimiser's, in the order in which they are tried."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the confined process is asked for; travels as JSON in its arguments."""

    weights: str
    out: str
    entry: str | None
    source_sha256: str
    memory_bytes: int
    seconds: int


def main() -> None:
    """Answer the request of the command line."""
    request = Request(**json.loads(sys.argv[1]))
    has_network = not leave_network()  # first: importing torch may start threads
    limit(memory_bytes=request.memory_bytes, seconds=request.seconds)
    import safetensors.torch  # noqa: F401  # all code is loaded before the doors are closed
    import torch

    import mde.nets.weights_file  # noqa: F401

    torch.set_num_threads(1)
    close_doors()
    print(json.dumps({**answer(request), "has_network": has_network}))


def answer(request: Request) -> dict[str, Any]:
    """Convert one file; the answer has `problem`, or `num_tensors`, `num_bytes` and `dropped`."""
    from mde.errors import InputError

    try:
        return convert(request)
    except InputError as error:
        return {"problem": str(error)}
    except (MemoryError, RuntimeError) as error:  # torch has no exception of its own for too little memory
        reason = " ".join(str(error).split())[:120]
        return {
            "problem": f"{request.weights} cannot be converted within {request.memory_bytes / 1e9:.0f} GB "
            f"({type(error).__name__}{': ' if reason else ''}{reason}); expected weights, or give more --max-memory-gb"
        }


def convert(request: Request) -> dict[str, Any]:
    """Read, pick the network's tensors, check their values, write them. Raises InputError for what is no checkpoint."""
    import torch
    from safetensors.torch import save_file

    from mde.errors import InputError
    from mde.nets.weights import check_values, read_torch_content
    from mde.nets.weights_file import SOURCE

    path = Path(request.weights)
    content = read_torch_content(path, allowed=numpy_values())
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds a {type(content).__name__}; expected tensors by name, or a checkpoint of them")
    name, state = network_entry(content, request.entry, path)
    kept = {key: value for key, value in state.items() if isinstance(key, str) and is_tensor(value)}
    for key, tensor in kept.items():
        num_bytes = tensor.numel() * tensor.element_size()
        if tensor.layout is not torch.strided or num_bytes > tensor.untyped_storage().nbytes():
            raise InputError(f"{path} has {key} of shape {tuple(tensor.shape)} without so many numbers; fetch it again")
    check_values(kept, path=path)
    plain = {key: tensor.detach().clone(memory_format=torch.contiguous_format) for key, tensor in kept.items()}
    save_file(plain, request.out, metadata={"format": "pt", SOURCE: request.source_sha256})
    beside = {} if name is None else {str(key): kind_of(value) for key, value in content.items() if key != name}
    inside = {str(key): kind_of(value) for key, value in state.items() if key not in kept}
    return {
        "problem": None,
        "entry": name,
        "num_tensors": len(plain),
        "num_bytes": sum(tensor.numel() * tensor.element_size() for tensor in plain.values()),
        "dropped": {**beside, **inside},
    }


def network_entry(content: Mapping[Any, Any], entry: str | None, path: Path) -> tuple[str | None, Mapping[Any, Any]]:
    """Name and content of the entry that holds the network; None for a file of tensors alone."""
    from mde.errors import InputError

    for name in ENTRIES if entry is None else (entry,):
        if isinstance(content.get(name), Mapping) and any(map(is_tensor, content[name].values())):
            return name, content[name]
    if entry is None and any(map(is_tensor, content.values())):
        return None, content
    mappings = {str(key): value for key, value in content.items() if isinstance(value, Mapping)}
    sets = [key for key, value in mappings.items() if any(map(is_tensor, value.values()))]
    found = f"give --entry with one of {', '.join(sets[:5])}" if sets else "expected a checkpoint of a network"
    wanted = f"no tensors in its entry {entry!r}" if entry else f"no tensors by name, alone or in {', '.join(ENTRIES)}"
    raise InputError(f"{path} has {wanted}; {found}")


def numpy_values() -> list[Allowed]:
    """numpy's numbers and arrays, which training programs keep beside their weights, under old and new names."""
    import numpy as np
    from numpy._core import multiarray

    plain = ("Bool", "Int8", "UInt8", "Int16", "Int32", "Int64", "Float16", "Float32", "Float64")
    return [
        *((getattr(multiarray, name), f"numpy.core.multiarray.{name}") for name in ("scalar", "_reconstruct")),
        *((getattr(multiarray, name), f"numpy._core.multiarray.{name}") for name in ("scalar", "_reconstruct")),
        np.ndarray,
        np.dtype,
        *(getattr(np.dtypes, f"{name}DType") for name in plain),
    ]


def is_tensor(value: object) -> bool:
    """Whether `value` is a tensor."""
    import torch

    return isinstance(value, torch.Tensor)


def kind_of(value: object) -> str:
    """What a dropped entry is, in a few words."""
    size = f" of {len(value)}" if isinstance(value, Mapping | list | tuple) else ""
    return f"{type(value).__name__}{size}"


def command_of(request: Request, executable: str) -> list[str]:
    """The command line that starts this process."""
    return [executable, "-c", "from mde.conversion import main; main()", json.dumps(asdict(request))]
