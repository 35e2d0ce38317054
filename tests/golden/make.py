"""Make the golden files: the options of every command, and the README's tables from committed results.

python -m tests.golden.make
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import tyro

from adapt.moments import MomentsConfig
from adapt.run import AdaptConfig
from distill.export import ExportConfig
from distill.run import DistillConfig
from eval.calibrate import CalibrateConfig
from eval.compare import CompareConfig
from eval.demo import DemoConfig
from eval.demo_teacher import DemoTeacherConfig
from eval.predict import PredictConfig
from eval.run import EvalConfig
from mde.convert import ConvertConfig
from mde.doctor import DoctorConfig
from mde.verify import VerifyConfig
from synth.generate_config import GenerateConfig
from synth.select import SelectConfig
from tests.golden.tables import readme_with_tables

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = Path(__file__).parent / "options"
COMMANDS = {
    "mde.convert": ConvertConfig,
    "mde.doctor": DoctorConfig,
    "mde.verify": VerifyConfig,
    "synth.generate": GenerateConfig,
    "synth.select": SelectConfig,
    "adapt.moments": MomentsConfig,
    "adapt.run": AdaptConfig,
    "distill.run": DistillConfig,
    "distill.export": ExportConfig,
    "eval.calibrate": CalibrateConfig,
    "eval.predict": PredictConfig,
    "eval.run": EvalConfig,
    "eval.compare": CompareConfig,
    "eval.demo": DemoConfig,
    "eval.demo_teacher": DemoTeacherConfig,
}
"""Every command and its configuration."""


def help_text(command: str) -> str:
    """What `--help` prints, at a width of 100 characters and without colour."""
    before = {name: os.environ.get(name) for name in ("COLUMNS", "NO_COLOR", "TERM")}
    os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")
    stream = io.StringIO()
    try:
        with contextlib.redirect_stdout(stream), contextlib.suppress(SystemExit):
            tyro.cli(COMMANDS[command], prog=f"python -m {command}", args=["--help"])
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()).strip() + "\n"


def golden_files() -> dict[Path, str]:
    """Every golden file and what it must hold."""
    files = {OPTIONS / f"{command}.txt": help_text(command) for command in COMMANDS}
    files[ROOT / "README.md"] = readme_with_tables(ROOT)
    return files


if __name__ == "__main__":
    for path, content in golden_files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        print(path.relative_to(ROOT))
