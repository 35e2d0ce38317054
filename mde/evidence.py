"""Evidence: how sure it is that a run read no real data, in levels, each of which says why it is not the next.

| level | what is known |
|---|---|
| A0 declared | training stops at records that are not synthetic |
| A1 observed | Python's audit hook noted every file, and refused those beyond the list and every connection |
| A2 enforced | the kernel refused them, to native code and child programs too, in a network without a way out |
| A3 attested | others can check who states this (`mde.verify`) |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mde.allowance import Allowance
from mde.chained_log import ChainEnd
from mde.enclosure import enclosed, kernel, reached
from mde.errors import InputError
from mde.files import read_json
from mde.landlock import landlock_abi
from mde.provenance import CONNECTION, DENIED, PROGRAM, noted
from mde.run_directory import REPORT

READS = "reads.txt"
"""Name of a run's log, a chained one, in its folder."""
Level = Literal["declared", "observed", "enforced"]
LEVELS: tuple[Level, ...] = ("declared", "observed", "enforced")
"""From the weakest to the strongest that a run can reach by itself."""
TITLES: dict[Level, str] = {"declared": "A0 declared", "observed": "A1 observed", "enforced": "A2 enforced"}
"""Levels as people read them."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """The chained log of a run, which stands in its folder."""

    file: str
    end: ChainEnd


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a report says about it; in `report.json` under "evidence"."""

    level: Level
    why_not_next: str
    """Why the level is not the next one."""
    allowed: Allowance | None = None
    """What this run's own list permits beside Python, its packages and the system's libraries and settings."""
    system: Allowance | None = None
    """Python, its packages, this program, the system's libraries, settings and devices."""
    added: tuple[str, ...] = ()
    """Paths that `--allow` added, which are part of `allowed`."""
    denied: tuple[str, ...] = ()
    """Files beyond the list that Python code tried to read; what the kernel denied to native code is not known."""
    connections: tuple[str, ...] = ()
    """Addresses that Python code tried to reach."""
    programs: tuple[str, ...] = ()
    """Programs that Python code started; level enforced confines them, level observed does not see what they read."""
    log: Log | None = None
    kernel: str = field(default_factory=kernel)
    landlock_abi: int = field(default_factory=landlock_abi)
    """Version of Landlock in the kernel; 0 for none."""
    network_closed_by: str | None = None
    """A network of the run's own without a way out, or seccomp, which refuses sockets; None where it was open."""


def level_now(*, is_watched: bool) -> tuple[Level, str]:
    """The level of this process, tried out, and why it is not the next."""
    if not is_watched:
        return "declared", "the run was not watched; --no-real-data does"
    open_way = reached()
    if open_way is not None:
        return "observed", open_way
    return "enforced", "whether it is signed, python -m mde.verify checks"


def check_level(level: Level, why: str, required: Level | None) -> None:
    """Raise InputError where a level that was made a condition is not reached."""
    if required is not None and LEVELS.index(level) < LEVELS.index(required):
        raise InputError(f"--require {required} cannot be met here: level {level} is reached, since {why}")


def evidence_of(level: Level, why: str, log: Path) -> Evidence:
    """The evidence of a run on that level, from its log where it was watched."""
    if level == "declared":
        return Evidence(level=level, why_not_next=why)
    kinds, end = noted(log)
    enclosure = enclosed()
    return Evidence(
        level=level,
        why_not_next=why,
        allowed=None if enclosure is None else enclosure.own,
        system=None if enclosure is None else enclosure.allowance,
        added=() if enclosure is None else enclosure.added,
        denied=tuple(kinds[DENIED]),
        connections=tuple(kinds[CONNECTION]),
        programs=tuple(kinds[PROGRAM]),
        log=Log(file=log.name, end=end),
        network_closed_by=None if enclosure is None else enclosure.closed_by,
    )


def sentence(evidence: Evidence) -> str:
    """The evidence in one line, for a terminal or a page."""
    next_level = {"declared": "A1", "observed": "A2", "enforced": "A3"}[evidence.level]
    return (
        f"evidence of no real data: {walls(evidence)}; not {next_level}: {evidence.why_not_next}; {kept_out(evidence)}"
    )


def walls(evidence: Evidence) -> str:
    """The level and what stood behind it."""
    landlock = f"Landlock {evidence.landlock_abi}" if evidence.landlock_abi else "no Landlock"
    closed = f", network closed by {evidence.network_closed_by}" if evidence.network_closed_by else ""
    return f"level {TITLES[evidence.level]} ({evidence.kernel}, {landlock}{closed})"


def kept_out(evidence: Evidence) -> str:
    """What was denied, and what the user added to the list."""
    added = f"; added by --allow: {', '.join(evidence.added)}" if evidence.added else ""
    return f"denied {len(evidence.denied)} files and {len(evidence.connections)} connections{added}"


def read_evidence(run: Path) -> Evidence | None:
    """The evidence in the report of a finished run; None where it has none. Raises InputError for a damaged report."""
    path = run / REPORT
    raw = read_json(path).get("evidence") if path.is_file() else None
    if raw is None:
        return None
    try:
        lists = {name: None if raw[name] is None else _allowance(raw[name]) for name in ("allowed", "system")}
        log = None if raw["log"] is None else Log(file=raw["log"]["file"], end=ChainEnd(**raw["log"]["end"]))
        words = {name: tuple(raw[name]) for name in ("added", "denied", "connections", "programs")}
        return Evidence(**{**raw, **lists, **words, "log": log})
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} has no evidence that this program wrote ({error!r})") from error


def _allowance(raw: dict[str, list[str]]) -> Allowance:
    return Allowance(**{name: tuple(paths) for name, paths in raw.items()})
