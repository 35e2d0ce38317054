"""Check what a finished run claims, for an auditor: `python -m mde.verify RUN`.

Derives every digest again, checks log and signature, renders a share of the samples and repeats some training steps.
The one module of `mde` that calls stages, since it does again what they did.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from distill.repetition import repeat_training
from mde.command import run_command
from mde.errors import InputError
from mde.evidence import LEVELS, TITLES
from mde.files import read_json, sha256_file, write_bytes, write_json
from mde.nets.student import STUDENT
from mde.run_directory import REPORT, environment
from mde.seal import SEAL_FILE, now
from mde.shards import ShardReader
from mde.signature import read_public_key
from mde.verification import (
    Check,
    check_inputs,
    check_log,
    check_parents,
    check_seal,
    check_signature,
    check_source,
    check_student,
    inputs_of,
    not_checked,
    place_of,
)
from synth.replay import unlike_samples

COMMAND = "mde.verify"
VERDICT, TEXT = "verdict.json", "verdict.txt"


@dataclass(frozen=True, kw_only=True)
class VerifyConfig:
    """Check a finished run of distill.run against what it claims, and write a verdict that can be filed."""

    run: Annotated[Path, tyro.conf.Positional]
    """Folder of the run; only read."""
    out: Path | None = None
    """Folder for verdict.json and verdict.txt; by default that of the run, whose seal leaves them out."""
    public_key: Path | None = None
    """Key of whoever is said to have signed the run (PEM)."""
    data: Path | None = None
    """Where the renders lie now; by default where they lay."""
    weights: Path | None = None
    """Where the teacher's checkpoint lies now; by default where it lay."""
    render_share: float = 0.01
    """Share of the samples that are rendered again, at least one; 0 for none."""
    steps: int = 8
    """Training steps that are repeated; 0 for none."""
    from_checkpoint: bool = False
    """Repeat those behind the oldest checkpoint of the run instead of the first ones."""
    seed: int = 0
    """Which samples are rendered again. An auditor chooses a number that nobody knew before."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.render_share <= 1.0:
            raise InputError(f"--render-share {self.render_share:g} must be a share between 0 and 1")
        if self.steps < 0 or self.seed < 0:
            raise InputError(f"--steps {self.steps} and --seed {self.seed} must be 0 or more")


def main(config: VerifyConfig) -> None:
    """Check, print, write; leaves with exit status 1 where a check has failed."""
    for name in (REPORT, SEAL_FILE):
        if not (config.run / name).is_file():
            raise InputError(
                f"{config.run / name} does not exist; expected a sealed run of distill.run (earlier versions seal none)"
            )
    checks = verified(config)
    text = verdict_text(config.run, checks)
    out = config.out or config.run
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / VERDICT, verdict(config, checks))
    write_bytes(out / TEXT, text.encode())
    print(text, end="")
    if any(check.outcome == "failed" for check in checks):
        sys.exit(1)


def verified(config: VerifyConfig) -> list[Check]:
    """All checks, the cheap ones first. One that cannot be made says so, and hides no other."""
    run = config.run
    key = None if config.public_key is None else read_public_key(config.public_key)
    return [
        check_seal(run),
        check_signature(run, key),
        check_student(run),
        _caught("inputs", lambda: check_inputs(run, data=config.data, weights=config.weights)),
        _caught("parents", lambda: check_parents(run)),
        _caught("log of reads", lambda: check_log(run)),
        _caught("program", lambda: check_source(run)),
        check_renders(config),
        check_training(config),
    ]


def _caught(name: str, check: Any) -> Check:
    """A check of files so damaged that the question cannot be asked has failed."""
    try:
        made: Check = check()
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        return Check(name=name, outcome="failed", findings=(f"the run's own files cannot be understood: {error}",))
    return made


def check_renders(config: VerifyConfig) -> Check:
    """Some samples rendered again from (configuration, seed, index), byte for byte."""
    name = "renders"
    if config.render_share == 0.0:
        return not_checked(name, "--render-share 0")
    try:
        (index,) = (one for one in inputs_of(config.run) if one.role == "index")
        folder = place_of(index, run=config.run, data=config.data, weights=None).parent
        reader = ShardReader(folder, verify=False)
        keys = [int(reader.files(number)[0]) for number in range(len(reader))]
        num = max(1, round(config.render_share * len(keys)))
        chosen = sorted(np.random.default_rng(config.seed).choice(keys, size=num, replace=False).tolist())
        faults = unlike_samples(folder, chosen)
    except (InputError, ValueError) as error:
        return not_checked(name, f"could not be rendered here: {error}")
    if faults:
        found = tuple(f"sample {index} of {folder} is not what its number makes: {fault}" for index, fault in faults)
        return Check(name=name, outcome="failed", findings=found)
    return Check(
        name=name,
        outcome="passed",
        findings=(f"{num} of {len(keys)} samples rendered again, byte for byte the same: {_listed(chosen)}",),
    )


def check_training(config: VerifyConfig) -> Check:
    """Some training steps repeated, to the same weights."""
    name = "training"
    if config.steps == 0:
        return not_checked(name, "--steps 0")
    try:
        with tempfile.TemporaryDirectory() as work:
            again = repeat_training(
                config.run,
                Path(work),
                num_steps=config.steps,
                from_checkpoint=config.from_checkpoint,
                data=config.data,
                weights=config.weights,
            )
    except InputError as error:
        return not_checked(name, f"could not be repeated here: {error}")
    steps = f"steps {again.first} to {again.last} repeated"
    if again.is_same and again.faults:
        words = f"{steps}: the same but for roundings ({again.worst_loss:.1e} of a loss); {'; '.join(again.unlike)}"
    elif again.is_same:
        words = f"{steps}: every loss and the weights after {_listed(again.compared)} steps are the same, bit for bit"
    else:
        return Check(name=name, outcome="failed", findings=(f"{steps}:", *again.faults))
    return Check(name=name, outcome="passed", findings=(words,))


def _listed(numbers: Any) -> str:
    shown = [str(number) for number in numbers]
    return ", ".join(shown if len(shown) <= 12 else [*shown[:11], f"and {len(shown) - 11} more"])


def level_of(run: Path, checks: list[Check]) -> str:
    """The level that the checks support: the report's own, A3 with a checked signature, A4 with everything repeated."""
    outcome = {check.name: check.outcome for check in checks}
    if "failed" in outcome.values():
        return "none: a check has failed"
    level = read_json(run / REPORT)["evidence"]["level"]
    title = TITLES[level] if level in LEVELS else str(level)
    attested = ", A3 attested" if outcome["signature"] == "passed" else ""
    replayed = ", A4 replayed" if outcome["renders"] == outcome["training"] == "passed" else ""
    return f"{title}{attested}{replayed}"


def verdict(config: VerifyConfig, checks: list[Check]) -> dict[str, Any]:
    """The verdict for programs."""
    return {
        "command": COMMAND,
        "config": asdict(config),
        "verified_on": now(),
        "seal_sha256": sha256_file(config.run / SEAL_FILE),
        "verdict": "failed" if any(check.outcome == "failed" for check in checks) else "passed",
        "level": level_of(config.run, checks),
        "checks": [asdict(check) for check in checks],
        "environment": environment(),
    }


def verdict_text(run: Path, checks: list[Check]) -> str:
    """The verdict for people."""
    failed = [check.name for check in checks if check.outcome == "failed"]
    lines = [f"{run}: {'FAILED in ' + ', '.join(failed) if failed else 'passed'}"]
    lines += [f"seal {sha256_file(run / SEAL_FILE)}", f"level: {level_of(run, checks)}", ""]
    for check in checks:
        lines.append(f"{check.outcome:<12} {check.name:<13} {check.findings[0]}")
        lines += [f"{'':<27}{finding}" for finding in check.findings[1:]]
    lines += ["", f"This says nothing about what the teacher of {run / STUDENT} has seen, or may have memorised."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_command(main, VerifyConfig, COMMAND)
