"""Put figures of earlier runs side by side: `python -m eval.compare RUN RUN ...`.

Reads what eval.run has written; no network is run and no image opened.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import tyro

from eval.alignment import LABELS
from eval.compare_page import pair_sentence, render_compare_page, summary
from eval.earlier_run import EarlierRun, read_run
from eval.side_by_side import SideBySide, side_by_side
from eval.table import markdown_table
from mde.command import run_command
from mde.errors import InputError
from mde.files import write_bytes, write_json
from mde.run_directory import CONFIG, environment, open_run, write_run_report

COMMAND = "eval.compare"


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """Put figures of earlier runs of eval.run side by side, with the differences that are more than chance.

    Each pair of networks is compared on the same images by a paired bootstrap over scenes. A network that stands in
    several runs (the teacher) is shown once. Runs of other frames or protocols are refused.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Folders that eval.run has written, two or more; only read."""
    out: Path | None = None
    """Folder for report.html and report.json; without it the table is only printed. An earlier comparison in it is
    replaced."""

    def __post_init__(self) -> None:
        if len(self.runs) < 2:
            raise InputError(f"{len(self.runs)} run named; a comparison takes two folders of eval.run or more")
        if len({run.resolve() for run in self.runs}) != len(self.runs):
            raise InputError(f"one run is named twice: {', '.join(map(str, self.runs))}")


def main(config: CompareConfig) -> None:
    """Read, compare, print, write."""
    runs = [read_run(folder) for folder in config.runs]
    found = side_by_side(runs)
    print(text(found), end="")
    if config.out is not None:
        open_run(config.out, COMMAND, config, free=tuple(field.name for field in fields(config)))
        write_json(config.out / CONFIG, {"command": COMMAND, "config": config})
        print(f"page: {_write(config.out, found, runs)}")


def text(found: SideBySide) -> str:
    """The tables, and every difference in a sentence."""
    blocks = []
    for alignment in found.alignments:
        rows = found.rows_of(alignment)
        heading = (
            f"{rows[0].protocol}, {LABELS[alignment]} ({rows[0].protocol_sha256[:12]}), {rows[0].num_frames} frames"
        )
        pairs = "".join(f"{pair_sentence(pair)}\n" for pair in found.pairs_of(alignment))
        blocks.append(f"{heading}\n\n{markdown_table(rows)}\n{pairs}")
    caution = found.rows[0].caution
    last = f"{summary(found)}{f' Mind that {caution}.' if caution else ''}\n"
    return "\n".join((*blocks, last))


def _write(out: Path, found: SideBySide, runs: Sequence[EarlierRun]) -> Path:
    command = f"python -m {COMMAND} {shlex.join(sys.argv[1:])}"
    page = render_compare_page(found, runs, command=command, environment=environment())
    write_bytes(out / "report.html", page.encode())
    write_run_report(
        out,
        {
            "kind": "compare",
            "command": command,
            "runs": [str(run.folder) for run in runs],
            "data_sha256": runs[0].data_sha256,
            "rows": [asdict(row) for row in found.rows],
            "pairs": [asdict(pair) for pair in found.pairs],
        },
    )
    return out / "report.html"


if __name__ == "__main__":
    run_command(main, CompareConfig, COMMAND)
