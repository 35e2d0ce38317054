"""Offline: no library that this program uses asks a network or reports to anybody.

What makes them do so is read when they are imported, so it is set when the first module of ours is. A variable that the
user has set stays as it is.
"""

from __future__ import annotations

import os

VARIABLES = {
    "HF_HUB_OFFLINE": "1",  # huggingface_hub, and timm, diffusers and transformers through it
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime 1.31 sends events from native code, on Linux too
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""Environment variables by what heeds them."""


def stay_offline() -> None:
    """Set what is not set."""
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
