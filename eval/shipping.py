"""Shipping: whether a student is near enough to its teacher to take its place, judged by these frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eval.alignment import LABELS, Alignment
from eval.bootstrap import Interval
from eval.comparison import Comparison

ACCEPTED_LOSS = 0.1

Answer = Literal["yes", "no", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Shipping:
    """Answer to the question that the whole report is made for."""

    net: str
    reference: str
    alignment: Alignment
    accepted_loss: float
    loss: float
    """Mean abs_rel of the student over that of the teacher, less 1."""
    interval: Interval
    answer: Answer
    caution: str

    def sentence(self) -> str:
        """The answer and its grounds."""
        return f"{self.head()}. {self.grounds()}"

    def head(self) -> str:
        """The answer alone."""
        heads = {
            "yes": f"Yes: {self.net} may take the place of {self.reference}",
            "no": f"No: {self.net} is not good enough to take the place of {self.reference}",
            "undecided": f"Not decided by these frames: whether {self.net} may take the place of {self.reference}",
        }
        return heads[self.answer]

    def grounds(self) -> str:
        """What the answer rests on."""
        low, high = self.interval
        caution = f"; {self.caution}" if self.caution else ""
        side = "below" if self.loss < 0.0 else "above"
        return (
            f"Its abs_rel is {abs(self.loss):.0%} {side} that of {self.reference} ({LABELS[self.alignment]}; 95 % "
            f"interval {low:+z.0%} to {high:+z.0%}{caution}), accepted is {self.accepted_loss:+.0%}."
        )


def judge_shipping(comparison: Comparison, accepted_loss: float = ACCEPTED_LOSS) -> Shipping:
    """Yes where the whole interval of the relative loss lies at or below what is accepted, no where it lies above.

    Shipping needs the evidence: with fewer than a handful of scenes the answer is never yes.
    """
    low, high = comparison.relative_interval
    answer: Answer = "undecided"
    if low > accepted_loss:
        answer = "no"
    elif high <= accepted_loss and not comparison.caution:
        answer = "yes"
    return Shipping(
        net=comparison.net,
        reference=comparison.reference,
        alignment=comparison.alignment,
        accepted_loss=accepted_loss,
        loss=comparison.relative,
        interval=comparison.relative_interval,
        answer=answer,
        caution=comparison.caution,
    )
