"""Bill of materials: a student and what went into it, as CycloneDX 1.6 describes models.

Written by hand, since no library has classes for model cards; a test holds it against the published schema.

Reference: ECMA-424, *CycloneDX* 1.6; component type `machine-learning-model`.
"""

from __future__ import annotations

from typing import Any

from distill.model_card import NOT_PRIVATE, PURPOSES
from distill.student_facts import StudentFacts
from mde.source_tree import installed_packages

BILL = "bom.cdx.json"
_SPDX = frozenset({"Apache-2.0", "MIT", "GPL-3.0", "BSD-3-Clause", "CC-BY-NC-4.0"})
"""Names among those of teachers that SPDX lists; others are written as plain names."""


def bill_of_materials(facts: StudentFacts, *, timestamp: str) -> dict[str, Any]:
    """The whole document; `timestamp` as `mde.seal.now` writes it."""
    student = f"student:{facts.weights_sha256[:16]}"
    packages = [_package(name, version) for name, version in installed_packages().items()]
    renders = _renders(facts)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": timestamp, "component": _student(facts, student, renders["bom-ref"])},
        "components": [renders, *packages],
        "dependencies": [{"ref": student, "dependsOn": [renders["bom-ref"], *(one["bom-ref"] for one in packages)]}],
    }


def _student(facts: StudentFacts, ref: str, renders: str) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": ref,
        "name": facts.card.name,
        "version": facts.weights_sha256[:16],
        "description": f"student of {facts.card.teacher} for {facts.card.domain} images, metric depth",
        "hashes": [_sha256(facts.weights_sha256)],
        "pedigree": {"ancestors": _ancestors(facts), "notes": "distilled: learned from the answers of its ancestor"},
        "modelCard": _model_card(facts, renders),
        "properties": [
            {"name": "depth-distillation:level", "value": facts.level},
            {"name": "depth-distillation:teacher_licence", "value": facts.card.teacher_licence},
        ],
    }


def _ancestors(facts: StudentFacts) -> list[dict[str, Any]]:
    """The teacher with its licence; what painted its images and what it began from, where there is such."""
    card = facts.card
    teacher = {
        "type": "machine-learning-model",
        "bom-ref": f"teacher:{card.teacher_sha256[:16]}",
        "name": card.teacher,
        "version": card.teacher_sha256[:16],
        "hashes": [_sha256(digest) for digest in dict(facts.teacher_files).values() or (card.teacher_sha256,)],
        "licenses": [_licence(card.teacher_licence)],
    }
    others = {"painter": card.images_painted_by, "backbone": card.backbone_sha256}
    return [teacher] + [
        {
            "type": "machine-learning-model",
            "bom-ref": role,
            "name": role,
            "version": name,
            "description": f"{role} {name}",
        }
        for role, name in others.items()
        if name is not None
    ]


def _model_card(facts: StudentFacts, renders: str) -> dict[str, Any]:
    low, high = facts.card.depth_range_m
    return {
        "modelParameters": {
            "approach": {"type": "self-supervised"},
            "task": "monocular metric depth estimation",
            "architectureFamily": "convolutional neural network",
            "modelArchitecture": facts.card.name,
            "datasets": [{"ref": renders}],
            "inputs": [{"format": "image (B,3,H,W), RGB in [0,1]"}],
            "outputs": [{"format": "depth_m (B,1,H,W), metres along the optical axis"}],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [{"type": name, "value": f"{value:.6g}"} for name, value in facts.figures.items()]
        },
        "considerations": {
            "useCases": [f"{PURPOSES[facts.card.domain]}, {low:g} to {high:g} m"],
            "technicalLimitations": [
                f"metres are right for focal length {facts.camera.f_px[0]:.1f} px at {facts.camera.width}x"
                f"{facts.camera.height} alone",
                "figures compare with the teacher on renders, not with measured depth",
            ],
            "ethicalConsiderations": [{"name": NOT_PRIVATE}],
        },
    }


def _renders(facts: StudentFacts) -> dict[str, Any]:
    contents = [{"name": name, "value": str(value)} for name, value in sorted(facts.renders_config.items())]
    return {
        "type": "data",
        "bom-ref": f"renders:{facts.index_sha256[:16]}",
        "name": "procedural renders",
        "version": facts.index_sha256[:16],
        "hashes": [_sha256(facts.index_sha256)],
        "data": [{"type": "dataset", "name": f"{facts.num_renders} renders", "contents": {"properties": contents}}],
    }


def _package(name: str, version: str) -> dict[str, Any]:
    address = f"pkg:pypi/{name}@{version}"
    return {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}


def _licence(name: str) -> dict[str, Any]:
    return {"license": {"id": name} if name in _SPDX else {"name": name}}


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
