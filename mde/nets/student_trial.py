"""Trial of a student: a network of the user's own is tried out on a few images before it learns."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mde.errors import InputError
from mde.nets.output import Output
from mde.nets.own_file import in_one_line
from mde.nets.student_net import Student
from mde.nets.trial import steady_depth, trial_images

SIZES = ((64, 96), (96, 64))
"""(height, width) of the images: a network that knows one size alone fails at the other."""

Answer = Callable[[Tensor], Output]


def try_student(student: Student, answer: Answer, *, name: str) -> None:
    """Refuse a student that would fail later, and leave it as it was, in training mode.

    `answer` is its network's word before it is brought into the depth range, with shapes checked. Raises InputError, in
    one line, for weights that cannot be kept, a forward pass that fails, depth that is not positive and finite, answers
    that change from call to call or with the other images of a batch, and parameters that no gradient reaches.
    """
    name = f"student {name}"
    check_state(student, name=name)
    before = {key: tensor.clone() for key, tensor in student.state_dict().items()}
    with torch.random.fork_rng(devices=[]):  # dropout's draws are not those of the training to come
        student.eval()
        for size in SIZES:
            steady_depth(lambda images: _depth(answer, images, name), trial_images(*size), name=name)
        student.train()
        check_learning(student, name=name)
    student.load_state_dict(before)  # BatchNorm has seen the images
    student.zero_grad(set_to_none=True)


def check_state(student: nn.Module, *, name: str) -> None:
    """Raise InputError where the state cannot be written to a file of tensors and read back."""
    owners: dict[int, str] = {}
    for key, value in student.state_dict().items():
        if not isinstance(value, Tensor):
            raise InputError(f"{name} keeps {key}, a {type(value).__name__}, in its state_dict; expected tensors alone")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise InputError(f"{name} has NaN or infinity in {key}; expected finite weights")
        other = owners.setdefault(value.untyped_storage().data_ptr(), key) if value.numel() else key
        if other != key:
            raise InputError(f"{name} keeps {other} and {key} in the same memory; expected each to have its own")


def check_learning(student: Student, *, name: str) -> None:
    """Raise InputError where a parameter that asks for gradients gets none."""
    asking = {key: parameter for key, parameter in student.named_parameters() if parameter.requires_grad}
    if not asking:
        raise InputError(f"{name} has no parameter that asks for gradients; expected a network that can learn")
    output = _forward(student, trial_images(*SIZES[0]), name, "in training mode")
    # Weights that differ from pixel to pixel: BatchNorm takes the gradient of a plain mean away.
    noise = torch.rand(output.depth_m.shape, generator=torch.Generator().manual_seed(0))
    objective = (output.depth_m.log() * noise).mean()
    if output.dpm_logits is not None:
        objective = objective + output.dpm_logits.float().log_softmax(dim=1)[:, 0].mean()
    if not objective.requires_grad:
        raise InputError(f"{name} answers depth that no gradient flows through; is it detached, or under no_grad?")
    objective.backward()
    gradients = {key: parameter.grad for key, parameter in asking.items()}
    left_out = [key for key, gradient in gradients.items() if gradient is None]
    if left_out:
        raise InputError(
            f"{name}: no gradient reaches {len(left_out)} of {len(asking)} parameters (first: {left_out[0]}); use "
            "them, or switch them off with requires_grad_(False)"
        )
    found = torch.cat([gradient.flatten() for gradient in gradients.values() if gradient is not None])
    if not bool(torch.isfinite(found).all()):
        raise InputError(f"{name} has gradients that are NaN or infinite")
    if not bool(found.any()):
        raise InputError(
            f"{name} has gradients of 0 alone; is all of its depth outside {student.depth_range_m[0]:g} to "
            f"{student.depth_range_m[1]:g} m?"
        )


@torch.no_grad()
def _depth(answer: Answer, images: Tensor, name: str) -> Tensor:
    depth_m = _forward(answer, images, name, "in eval mode").depth_m
    if not bool(torch.isfinite(depth_m).all()):
        raise InputError(f"{name} answered NaN or infinity; expected finite depth")
    if not bool((depth_m > 0.0).all()):
        raise InputError(f"{name} answered depth of 0 or less; expected metres, as exp or softplus of the last layer")
    return depth_m


def _forward(answer: Answer, images: Tensor, name: str, when: str) -> Output:
    try:
        return answer(images)
    except InputError:
        raise
    except Exception as error:  # code of others raises anything
        size = "x".join(map(str, images.shape[-2:]))
        raise InputError(
            f"{name} raised {type(error).__name__} for {len(images)} images of {size} {when}: {in_one_line(error)}"
        ) from error
