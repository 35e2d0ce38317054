"""Your own student: `--student path/to/file.py:function`, a network that this program has never seen.

`function(bins, depth_range_m)` answers an `nn.Module` that maps image (B,3,H,W), RGB in [0,1], to planar depth in
metres, (B,1,H,W), or to an `Output` (mde.nets.output) that holds it, with `dpm_logits` over `bins` where the network
explains itself by a depth probability map. It takes all sizes whose sides are multiples of 32, from 64 up. What it
must keep is tried out whenever it is built (`mde.nets.student_trial`).

The file is Python and is run, so a finished student does not run it by itself: whoever loads one names the file again,
and its SHA-256 must be that in the student's card. Modules that the file imports are not part of the digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mde.bins import Bins
from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.output import Output
from mde.nets.own_file import call_own, check_file, own_file
from mde.nets.student_net import Student
from mde.nets.student_trial import try_student


class OwnStudent(Student):
    """The user's network behind a student's interface: what it answers is checked and brought into the depth range."""

    def __init__(self, network: nn.Module, bins: Bins, depth_range_m: tuple[float, float], *, name: str) -> None:
        super().__init__(bins, depth_range_m)
        self.network = network
        self.name = name

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """Depth in metres inside the range. Raises InputError for an answer that breaks the contract."""
        output = self.answer(image)
        return Output(depth_m=output.depth_m.float().clamp(*self.depth_range_m), dpm_logits=output.dpm_logits)

    def answer(self, image: Float[Tensor, "batch 3 height width"]) -> Output:
        """What the network itself says, as an `Output`. Raises InputError for another shape or kind of answer."""
        answer = self.network(image)
        fault = None if torch.compiler.is_exporting() else fault_of(answer, image, self.bins)  # sizes are free there
        if fault is not None:
            raise InputError(f"student {self.name} answered {fault}")
        return answer if isinstance(answer, Output) else Output(depth_m=answer)


def fault_of(answer: Any, image: Tensor, bins: Bins) -> str | None:
    """What is wrong with an answer to `image`, and what was expected; None when nothing is."""
    num, height, width = len(image), *image.shape[-2:]
    depth_m = answer.depth_m if isinstance(answer, Output) else answer
    expected = f"expected depth of shape ({num}, 1, {height}, {width}), as a tensor or an Output"
    if not isinstance(depth_m, Tensor):
        return f"a {type(depth_m).__name__}; {expected}"
    if tuple(depth_m.shape) != (num, 1, height, width):
        return f"shape {tuple(depth_m.shape)}; {expected}"
    if not depth_m.is_floating_point():
        return f"numbers of type {depth_m.dtype}; expected real numbers"
    logits = answer.dpm_logits if isinstance(answer, Output) else None
    if logits is not None and (logits.ndim != 4 or logits.shape[:2] != (num, bins.num_bins)):
        return f"dpm_logits of shape {tuple(logits.shape)}; expected ({num}, {bins.num_bins}, height, width)"
    return None


def build_own(file: Path, function: str, bins: Bins, depth_range_m: tuple[float, float]) -> OwnStudent:
    """The student that `function` of `file` builds, tried out.

    Raises InputError when the file or function is absent, raises, or builds what breaks the contract.
    """
    network = call_own("student", file, function, bins, depth_range_m)
    name = own_name(file, function)
    if not isinstance(network, nn.Module):
        raise InputError(f"student {name} is a {type(network).__name__}; expected a torch.nn.Module")
    student = OwnStudent(network, bins, depth_range_m, name=name)
    try_student(student, student.answer, name=name)
    return student


def own_name(file: Path, function: str) -> str:
    """Name of an own student in its card, which does not say where the file lies."""
    return f"{file.name}:{function}"


def code_sha256(file: Path, function: str) -> str:
    """Digest of the file that builds a student. Raises InputError where there is none."""
    check_file("student", file, function)
    return sha256_file(file)


def trusted_file(name: str, sha256: str, own: Sequence[str]) -> tuple[Path, str]:
    """The file among `own`, each FILE.py:FUNCTION, that built the student `name` of a card; no other is run.

    Raises InputError where there is none.
    """
    if not own:
        raise InputError(
            f"student {name} is built by code of its own, which is run to load it; if you trust that file, name it: "
            f"--own-student FILE.py:FUNCTION"
        )
    function = name.rpartition(":")[2]
    for candidate in own:
        found = own_file(candidate)
        if found is None:
            raise InputError(f"--own-student {candidate} is no FILE.py:FUNCTION")
        if found[1] == function and code_sha256(*found) == sha256:
            return found
    raise InputError(
        f"student {name} was built by a file with SHA-256 {sha256} and function {function!r}, which "
        f"{' and '.join(own)} {'is' if len(own) == 1 else 'are'} not; find the file as it was"
    )
