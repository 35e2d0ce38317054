"""Pretrained backbone: a student that begins from published weights of its backbone, read from a local file.

Such weights were learned from real images (ImageNet), and a student that begins from them knows what they show; so its
card and the report of its run name the file by digest.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from mde.errors import InputError
from mde.files import sha256_file
from mde.nets.local_global import names_without_branches
from mde.nets.student_net import Student
from mde.nets.weights import check_finite, check_layout
from mde.nets.weights_file import read_weights

CLASSIFIER = ("conv_head.", "norm_head.", "bn2.", "classifier.", "fc.")
"""Beginnings of the names of what timm's networks have beyond their last features: head convolution, its BatchNorm, and
the classifier. Nothing else may be left over."""
_COUNTER = "num_batches_tracked"


def load_backbone(student: Student, path: Path) -> str:
    """Give `student`'s backbone the weights of `path` and answer the file's SHA-256.

    The file is a state_dict of timm's network, as safetensors or as torch writes it; torchvision's ResNets have the
    same names. Files from before BatchNorm counted its batches lack these counts, which nothing here reads.
    Branches beside its convolutions (`mde.nets.local_global`) stay as they are.
    A variance of 0, of a channel that died in pretraining, is fine: training goes on from there.

    Raises InputError, leaving the student as it was, for a student without such a backbone, and when the file is
    missing, damaged, of another network, or holds NaN, infinity or negative variances.
    """
    backbone = getattr(student, "backbone", None)
    if not isinstance(backbone, nn.Module):
        raise InputError(
            f"--backbone {path}: the student has no backbone of published weights; leave the option out, or load "
            "them in your own function"
        )
    names, own = names_without_branches(backbone), backbone.state_dict()
    expected = {published: own[name] for published, name in names.items()}
    state = {key: value for key, value in read_weights(path).items() if not key.startswith(CLASSIFIER)}
    counters = {key: value for key, value in expected.items() if key.endswith(_COUNTER) and key not in state}
    state = {**state, **counters}
    check_layout(expected, state, path=path)
    check_finite(state, path=path)
    _check_variances(state, path)
    backbone.load_state_dict({**own, **{names[key]: value for key, value in state.items()}}, strict=True)
    return sha256_file(path)


def _check_variances(state: dict[str, Tensor], path: Path) -> None:
    for key, tensor in state.items():
        if key.endswith("running_var") and bool((tensor < 0).any()):
            raise InputError(f"{path} has a negative variance in {key}; expected those of a trained network")
