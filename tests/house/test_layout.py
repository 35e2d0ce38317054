"""The laws of the layout: who may import whom, where chance comes from, and what an import may do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("synth", "adapt", "distill", "eval")
PACKAGES = ("mde", *STAGES)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
COMMANDS = {
    "mde/convert.py",
    "mde/doctor.py",
    "mde/verify.py",
    "synth/generate.py",
    "synth/select.py",
    "adapt/moments.py",
    "adapt/run.py",
    "distill/run.py",
    "distill/export.py",
    "eval/calibrate.py",
    "eval/predict.py",
    "eval/run.py",
    "eval/compare.py",
    "eval/demo.py",
    "eval/demo_teacher.py",
}
"""Files that are run with `python -m`. A new one is a decision: README and golden options follow it."""
REPEATS_STAGES = {"mde/verify.py"}
"""The one module of `mde` that calls stages: a verifier does again what they did. Nobody imports it."""
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "base", "misc", "temp", "new", "v2", "custom", "tools"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            modules.add(node.module or "")
    return modules


def imported_stages(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imported_modules(path)} & set(STAGES)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_mde_and_its_own_stage_only(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    others = imported_stages(path) - {package}
    if name_of(path) in REPEATS_STAGES:
        assert others <= {"synth", "distill"}
    elif package == "mde":
        assert not others
    elif name_of(path) in COMMANDS:
        earlier = STAGES[: STAGES.index(package)]
        assert others <= set(earlier), f"a command may call earlier stages only, not {others - set(earlier)}"
    else:
        assert not others


def test_nobody_imports_eval_but_eval() -> None:
    importers = {name_of(path) for path in SOURCES if "eval" in imported_stages(path)}
    assert all(name.startswith("eval/") for name in importers)


def test_nobody_imports_what_repeats_stages() -> None:
    modules = {name.removesuffix(".py").replace("/", ".") for name in REPEATS_STAGES}
    assert [name_of(path) for path in SOURCES if imported_modules(path) & modules] == []


READERS_OF_REAL_IMAGES = {"adapt.moments", "eval.datasets", "eval.own_image"}
"""Modules through which an image comes in that no scene of ours made."""


def imported_within(module: str) -> set[str]:
    """The module and what it imports of its own stage, and so on."""
    seen, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        path = ROOT / f"{name.replace('.', '/')}.py"
        if name not in seen and path.is_file() and name.split(".")[0] == module.split(".")[0]:
            seen.add(name)
            waiting += imported_modules(path)
    return seen


def test_the_conventions_name_every_command_that_opens_real_images() -> None:
    commands = {name.removesuffix(".py").replace("/", ".") for name in COMMANDS}
    opening = {command for command in commands if imported_within(command) & READERS_OF_REAL_IMAGES}
    documented = re.search(
        r"\*\*Real images\*\*(.*?)\n\*", ast.get_docstring(tree_of(ROOT / "mde/__init__.py")) or "", re.S
    )
    assert documented is not None
    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", documented[1])) == opening


def test_the_builtin_eval_is_never_hidden() -> None:
    hiding = [name_of(path) for path in SOURCES if "eval" in imported_modules(path)]
    assert hiding == []


def test_commands_are_exactly_the_files_that_can_be_run() -> None:
    runnable = {name_of(path) for path in SOURCES if '__name__ == "__main__"' in path.read_text()}
    assert runnable == COMMANDS


BANNED_CALLS = {
    "random": "chance is an argument: take a numpy or torch generator",
    "uuid": "names come from (seed, index)",
    "secrets": "chance is an argument",
}
BANNED_ATTRIBUTES = {
    "np.random.seed": "no global generator",
    "np.random.rand": "no global generator",
    "np.random.randn": "no global generator",
    "np.random.uniform": "no global generator",
    "np.random.normal": "no global generator",
    "np.random.choice": "no global generator",
    "np.random.randint": "no global generator",
    "np.random.shuffle": "no global generator",
    "np.random.permutation": "no global generator",
    "time.time": "the clock decides nothing; durations come from time.monotonic",
    "datetime.now": "the clock decides nothing",
}
READS_CLOCK = {"mde/seal.py"}
"""A seal says when it was made; nothing depends on it."""
SEEDS_TORCH = {
    "distill/acclimation_fit.py",
    "distill/beginning.py",
    "eval/demo_teacher.py",
    "mde/nets/transformation.py",
}
"""torch's initialisers know one generator only; these seed it from a seed of their own, once."""


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_chance_is_an_argument(path: Path) -> None:
    tree = tree_of(path)
    for module in imported_modules(path):
        assert module.split(".")[0] not in BANNED_CALLS, f"{module}: {BANNED_CALLS[module.split('.')[0]]}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            is_dated = dotted == "datetime.now" and name_of(path) in READS_CLOCK
            assert is_dated or dotted not in BANNED_ATTRIBUTES, (
                f"line {node.lineno}: {dotted}: {BANNED_ATTRIBUTES[dotted]}"
            )
            if dotted in ("torch.manual_seed", "torch.random.manual_seed"):
                assert name_of(path) in SEEDS_TORCH, f"line {node.lineno}: {dotted}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
            assert node.args, f"line {node.lineno}: a generator without seed"


@pytest.mark.slow
def test_importing_everything_prints_reads_and_starts_nothing() -> None:
    """In a fresh process: every module is imported, and only Python's own files are opened."""
    modules = [name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in SOURCES]
    code = f"""
import sys, importlib
import numpy, torch, torchvision, timm, trimesh, scipy, PIL, onnxruntime, onnx, tqdm, tyro, safetensors.torch
import torch.utils.tensorboard, torch.utils.flop_counter
import matplotlib.figure, matplotlib.backends.backend_agg, matplotlib.font_manager
opened = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith({str(ROOT)!r}):
        if not any(part in arguments[0] for part in (".venv", "__pycache__")) and not arguments[0].endswith(".py"):
            opened.append(arguments[0])
    if event == "socket.connect":
        opened.append("socket")
sys.addaudithook(hook)
for name in {modules!r}:
    importlib.import_module(name)
assert not opened, opened
assert not torch.cuda.is_initialized()
assert "OpenGL" not in sys.modules and "pyrender" not in sys.modules, "OpenGL is for the renderer's process"
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_named_after_a_noun_and_has_one_idea(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES
    num_lines = len(path.read_text().splitlines())
    assert num_lines <= 400, f"{num_lines} lines: look for the second noun"


def test_no_path_of_a_machine_and_no_registry_stands_in_the_project() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    texts = [
        ROOT / name for name in tracked if name.endswith((".py", ".md", ".toml", ".txt", ".lock", ".json", "Makefile"))
    ]
    assert texts or not (ROOT / ".git").exists()
    for path in texts:
        content = path.read_text(errors="replace") if path.is_file() else ""
        for bad in ("/" + "work/", "/" + "farm/", "files." + "pythonhosted", "registry." + "npmjs"):
            assert bad not in content, f"{path.name} holds {bad}"
