"""A finished run verifies; every planted tampering is found, in the check and by the name where it was planted."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import distill.run as run_module
from adapt.fitting import FitConfig
from distill.run import DistillConfig, distill
from distill.training import TrainConfig
from mde.checkpoint import MANIFEST, SIDECAR, TENSORS
from mde.errors import InputError
from mde.files import read_json, sha256_file, write_json
from mde.nets.demo import WEIGHTS
from mde.record import decode_record, encode_record
from mde.seal import SEAL_FILE, SIGNED, seal_run
from mde.shards import INDEX, read_index, read_parts, write_index, write_shard
from mde.verify import VERDICT, VerifyConfig, main, verified
from synth.generate import generate
from synth.generate_config import GenerateConfig
from tests.distill.test_run import EXPORT
from tests.mde.keys import write_keys


@dataclass(frozen=True)
class Case:
    """A folder with a signed run, its renders, its teacher and the keys."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def renders(self) -> Path:
        return self.folder / "renders"

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS.name

    @property
    def config(self) -> VerifyConfig:
        """Every check but those that render and train."""
        return VerifyConfig(
            run=self.run,
            public_key=self.folder / "key0.pub",
            data=self.renders,
            weights=self.weights,
            render_share=0.0,
            steps=0,
        )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Case:
    case = Case(tmp_path_factory.mktemp("verify"))
    private, _ = write_keys(case.folder)
    shutil.copy(WEIGHTS, case.weights)
    generate(GenerateConfig(n=6, domain="indoor", out=case.renders, size="48x64", workers=1))
    config = DistillConfig(
        teacher="demo",
        weights=case.weights,
        data=case.renders,
        out=case.run,
        student="plain",
        no_real_data=True,
        signing_key=private,
        train=TrainConfig(num_steps=6, batch_size=4, checkpoint_every=4),
        fit=FitConfig(num_steps=2, batch_size=4, num_measured=4),
    )
    with pytest.MonkeyPatch.context() as patch:  # the export takes seconds and has tests of its own
        patch.setattr(run_module, "export_student", lambda reader, out, own: EXPORT)
        distill(config)
    return case


@pytest.fixture
def case(finished: Case, tmp_path: Path) -> Case:
    """A copy to tamper with."""
    return Case(shutil.copytree(finished.folder, tmp_path / "case"))


def failures(config: VerifyConfig) -> dict[str, str]:
    return {check.name: "; ".join(check.findings) for check in verified(config) if check.outcome == "failed"}


def test_an_untouched_run_passes_every_check(finished: Case, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    main(replace(finished.config, render_share=0.3, steps=3, out=tmp_path))
    verdict = read_json(tmp_path / VERDICT)
    assert verdict["verdict"] == "passed" and verdict["level"] == "A1 observed, A3 attested, A4 replayed"
    assert {check["outcome"] for check in verdict["checks"]} == {"passed"}
    assert verdict["seal_sha256"] == sha256_file(finished.run / SEAL_FILE)
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "verdict.txt").read_text()
    assert "2 of 6 samples rendered again" in printed and "the weights after 1, 2 steps are the same" in printed


def test_steps_behind_a_checkpoint_are_repeated_to_the_finished_student(finished: Case) -> None:
    checks = {check.name: check for check in verified(replace(finished.config, steps=9, from_checkpoint=True))}
    assert checks["training"].outcome == "passed"
    assert "steps 4 to 6 repeated: every loss and the weights after 5, 6" in checks["training"].findings[0]


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    content = read_json(path)
    change(content)
    write_json(path, content)


def edit_line(path: Path, number: int, line: str | None) -> None:
    lines = path.read_text().splitlines()
    lines[number : number + 1] = [] if line is None else [lines[number].replace(lines[number][70:74], line, 1)]
    path.write_text("".join(f"{one}\n" for one in lines))


def seal_again(case: Case) -> None:
    seal = read_json(case.run / SEAL_FILE)["predicate"]
    seal_run(
        case.run,
        level=seal["level"],
        open_files=frozenset({"reads.txt", "tensorboard"}),
        sealed_on="2026-01-02T03:04:05Z",
    )


def change_manifest(folder: Path) -> None:
    write_json(folder / MANIFEST, {name: sha256_file(folder / name) for name in (TENSORS, SIDECAR)})


def change_depth(case: Case) -> None:
    """One pixel of sample 2 is a metre nearer; shard, side file and index agree again."""
    (shard,) = read_index(case.renders).shards
    path = case.renders / shard.name
    parts = dict(read_parts(path))
    record = decode_record("000002", parts["000002"])
    depth_m = record.depth_m.copy()
    row, column = np.unravel_index(depth_m.argmax(), depth_m.shape)
    depth_m[row, column] -= 1.0
    made = encode_record(replace(record, depth_m=depth_m))
    parts["000002"] = {**parts["000002"], "depth.png": made["depth.png"]}
    written = write_shard(path, parts.items())
    write_index(case.renders, replace(read_index(case.renders), shards=(written,)))


TAMPERINGS: dict[str, tuple[Callable[[Case], object], str, str]] = {
    "one bit in the student's weights": (
        lambda case: flip_bit(case.run / "student" / TENSORS),
        "seal",
        "student/tensors.safetensors has changed",
    ),
    "one bit in a checkpoint": (
        lambda case: flip_bit(case.run / "checkpoints" / "step_00000004" / TENSORS),
        "checkpoints",
        "step_00000004/tensors.safetensors is missing or damaged",
    ),
    "one bit in a shard": (
        lambda case: flip_bit(next(case.renders.glob("*.tar"))),
        "inputs",
        "shard-00000.tar has changed",
    ),
    "the seed in the index": (
        lambda case: edit(case.renders / INDEX, lambda index: index["config"].update(seed=1)),
        "inputs",
        "index.json has changed",
    ),
    "an option in config.json": (
        lambda case: edit(case.run / "config.json", lambda config: config["config"].update(seed=1)),
        "seal",
        "config.json has changed",
    ),
    "a line of the log left out": (
        lambda case: edit_line(case.run / "reads.txt", 1, None),
        "log of reads",
        "lines have been taken away",
    ),
    "the last lines of the log cut off": (
        lambda case: (case.run / "reads.txt").write_text((case.run / "reads.txt").read_text()[:1000]),
        "log of reads",
        "lines have been taken away",
    ),
    "a line of the log edited": (
        lambda case: edit_line(case.run / "reads.txt", 1, "????"),
        "log of reads",
        "was changed at or before line 2",
    ),
    "the level in report.json": (
        lambda case: edit(case.run / "report.json", lambda report: report["evidence"].update(level="enforced")),
        "seal",
        "report.json is not the one that was sealed",
    ),
    "another teacher": (lambda case: flip_bit(case.weights), "inputs", f"teacher .*{WEIGHTS.name} has changed"),
    "an input left out of the provenance": (
        lambda case: edit(
            case.run / "provenance.json",
            lambda one: one["predicate"]["buildDefinition"]["resolvedDependencies"].pop(0),
        ),
        "signature",
        "provenance.json is not the one that was signed",
    ),
    "a transformation fitted elsewhere": (
        lambda case: flip_bit(case.run / "adapt" / "transformation" / TENSORS),
        "inputs",
        "transformation .*tensors.safetensors has changed",
    ),
    "a seal made again without the key": (seal_again, "signature", "seal.json is not the one that was signed"),
    "signatures taken away": (lambda case: (case.run / SIGNED).unlink(), "signature", "nobody has signed this run"),
    "signatures of another key": (
        lambda case: shutil.copy(write_keys(case.folder, seed=1)[1], case.folder / "key0.pub"),
        "signature",
        "not signed by the key",
    ),
    "a sample's depth, with shard and index fixed up": (change_depth, "inputs", "index.json has changed"),
    "a file added to the student": (
        lambda case: (case.run / "student" / "more.bin").write_bytes(b"x"),
        "seal",
        "student/more.bin was added after the seal",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampering_is_found_by_name(case: Case, name: str) -> None:
    tamper, check, words = TAMPERINGS[name]
    tamper(case)
    found = failures(case.config)
    assert check in found, f"found only {found}"
    assert re.search(words, found[check]), found[check]


def fix_up(case: Case) -> None:
    """What a forger who can write everything but the signature would do after changing the renders."""
    index, shard = sha256_file(case.renders / INDEX), sha256_file(next(case.renders.glob("*.tar")))

    def in_provenance(statement: Any) -> None:
        for one in statement["predicate"]["buildDefinition"]["resolvedDependencies"]:
            if one["name"].startswith(("index:", "shard:")):
                one["digest"]["sha256"] = index if one["name"].startswith("index:") else shard

    edit(case.run / "provenance.json", in_provenance)
    edit(case.run / "parents.json", lambda parents: parents.update(data=index))
    edit(case.run / "report.json", lambda report: report["parents"].update(data=index))
    (case.run / SIGNED).unlink()
    seal_again(case)


def test_a_forgery_without_signature_is_found_by_rendering_again(case: Case) -> None:
    change_depth(case)
    fix_up(case)
    unsigned = replace(case.config, public_key=None)
    assert failures(unsigned) == {}  # the forger was careful
    found = failures(replace(unsigned, render_share=1.0))
    assert list(found) == ["renders"]
    assert "sample 2 of" in found["renders"] and "depth in" in found["renders"]


def test_weights_that_were_not_learned_are_found_by_training_again(case: Case) -> None:
    """A student tuned afterwards, everything sealed anew."""
    folder = case.run / "student"
    flip_bit(folder / TENSORS)
    change_manifest(folder)
    (case.run / SIGNED).unlink()
    seal_again(case)
    unsigned = replace(case.config, public_key=None)
    assert failures(unsigned) == {}
    found = failures(replace(unsigned, steps=6, from_checkpoint=True))
    assert list(found) == ["training"] and "the finished student has other weights" in found["training"]


def test_losses_that_were_made_up_are_found_by_training_again(case: Case) -> None:
    path = case.run / "metrics.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[1]["loss"] *= 0.9
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (case.run / SIGNED).unlink()
    seal_again(case)
    found = failures(replace(case.config, public_key=None, steps=2))
    assert list(found) == ["training"] and "step 1: loss" in found["training"]


def test_a_failed_check_ends_with_status_one_and_a_verdict(case: Case) -> None:
    flip_bit(case.run / "student" / TENSORS)
    with pytest.raises(SystemExit) as left:
        main(case.config)
    assert left.value.code == 1
    verdict = read_json(case.run / VERDICT)
    assert verdict["verdict"] == "failed" and verdict["level"] == "none: a check has failed"
    assert (case.run / "verdict.txt").read_text().startswith(f"{case.run}: FAILED in seal, checkpoints")


def test_a_verdict_in_the_folder_of_the_run_does_not_break_its_seal(case: Case) -> None:
    main(case.config)
    main(case.config)
    assert read_json(case.run / VERDICT)["verdict"] == "passed"


def test_without_a_public_key_the_signature_counts_for_nothing(finished: Case) -> None:
    checks = {check.name: check for check in verified(replace(finished.config, public_key=None))}
    assert checks["signature"].outcome == "not checked"
    assert "give --public-key" in checks["signature"].findings[0]


def test_a_run_without_seal_is_refused_in_one_line(case: Case) -> None:
    (case.run / SEAL_FILE).unlink()
    with pytest.raises(InputError, match=r"seal.json does not exist; expected a sealed run .*\(earlier versions"):
        main(case.config)


def test_impossible_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--render-share 2 must be a share"):
        VerifyConfig(run=tmp_path, render_share=2.0)
    with pytest.raises(InputError, match="--steps -1"):
        VerifyConfig(run=tmp_path, steps=-1)
