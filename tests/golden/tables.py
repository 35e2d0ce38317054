"""The README's tables, made from the committed result files and from nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from eval.demo import ADAPTED, PLAIN, UPPER


def readme_with_tables(root: Path) -> str:
    """The README with every block `<!-- table:NAME --> ... <!-- /table -->` made again."""

    def block(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"<!-- table:{name} -->\n{TABLES[name](root / 'eval' / 'results')}\n<!-- /table -->"

    return re.sub(r"<!-- table:(\w+) -->.*?<!-- /table -->", block, (root / "README.md").read_text(), flags=re.DOTALL)


def spread(values: list[float], digits: int = 3) -> str:
    """Mean and sample standard deviation; the bare number where there is one."""
    text = f"{mean(values):.{digits}f}"
    return f"{text} ± {stdev(values):.{digits}f}" if len(values) > 1 else text


def demo_table(results: Path) -> str:
    """Arms of the sealed world: test error over seeds beside training error, and the gap closed."""
    demo = read(results / "demo.json")
    lines = [
        "| student saw | abs_rel | delta1 | rmse (m) | training abs_rel | gap closed |",
        "|---|---|---|---|---|---|",
        f"| (teacher) | {demo['teacher']['abs_rel']:.3f} | {demo['teacher']['delta1']:.3f} |"
        f" {demo['teacher']['rmse']:.3f} | | |",
    ]
    closed = demo["gap_closed"]["abs_rel"]
    gaps = {PLAIN: "0 %", ADAPTED: "–" if closed is None else f"{100 * closed:.0f} %", UPPER: "100 %"}
    for name, gap in gaps.items():
        arm = demo["arms"][name]
        seeds = arm["seeds"]
        cells = [spread([seed[metric] for seed in seeds]) for metric in ("abs_rel", "delta1", "rmse")]
        lines.append(f"| {name} | {' | '.join(cells)} | {spread(arm['training_abs_rel_to_teacher'])} | {gap} |")
    return "\n".join(lines)


def meter_table(results: Path) -> str:
    """METER and its students on real frames, median-aligned and metric, over seeds."""
    longer = [row for row in read(results / "meter_long.json")["rows"] if "num_steps" in row]
    named = [{**row, "network": f"{row['network']}, {row['num_steps']:,} steps"} for row in longer]
    rows = [*read(results / "meter.json")["rows"], *named]
    lines = [
        "| domain | network | seeds | abs_rel, median-aligned | delta1 | abs_rel, metric | delta1 | training abs_rel |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        aligned, metric = row["median"], row["none"]
        cells = [
            spread(aligned["abs_rel"]),
            spread(aligned["delta1"]),
            spread(metric["abs_rel"]),
            spread(metric["delta1"]),
        ]
        training = spread(row["training_abs_rel_to_teacher"]) if row["training_abs_rel_to_teacher"] else ""
        lines.append(
            f"| {row['domain']} | {row['network']} | {len(aligned['abs_rel'])} | {' | '.join(cells)} | {training} |"
        )
    return "\n".join(lines)


def ladder_table(results: Path) -> str:
    """Students behind every transformation on the sealed world, over seeds."""
    lines = [
        "| renders through | loss, layers | abs_rel | gap closed | distance | proxy | training abs_rel |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in read(results / "ladder.json")["arms"].items():
        rung, _, fit = name.partition(", ")
        free = {key: spread([student[key] for student in row["label_free"]]) for key in row["label_free"][0]}
        lines.append(
            f"| {rung} | {fit} | {spread(row['abs_rel'], 4)} | {100 * row['gap_closed']:.0f} % | {free['distance']}"
            f" | {free['proxy']} | {free['training error']} |"
        )
    return "\n".join(lines)


def ablation_table(results: Path) -> str:
    """What each part of the method gives on the sealed world, over seeds."""
    lines = ["| student | abs_rel | delta1 | rmse (m) | training abs_rel | gap closed |", "|---|---|---|---|---|---|"]
    for name, row in read(results / "ablation.json")["arms"].items():
        cells = [spread(row["abs_rel"], 4), spread(row["delta1"]), spread(row["rmse"])]
        training = spread(row["training_abs_rel_to_teacher"])
        lines.append(f"| {name} | {' | '.join(cells)} | {training} | {100 * row['gap_closed']:.0f} % |")
    return "\n".join(lines)


def sixth_table(results: Path) -> str:
    """Students of a sixth of the renders against plain distillation on all of them."""
    lines = ["| student | abs_rel minus that of plain renders | 95 % interval |", "|---|---|---|"]
    for name, found in read(results / "ablation.json")["one_sixth"].items():
        low, high = found["interval"]
        lines.append(f"| {name} | {found['difference']:+.4f} | {low:+.4f} to {high:+.4f} |")
    return "\n".join(lines)


def features_table(results: Path) -> str:
    """What DisDepth's parts give on the sealed world, by teacher, over seeds."""
    lines = [
        "| teacher | student | abs_rel | delta1 | training abs_rel | gap closed | MMAC | gain |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in read(results / "features.json")["rows"]:
        cells = [spread(row["abs_rel"], 4), spread(row["delta1"])]
        if row["student"] == "(teacher)":
            lines.append(f"| {row['teacher']} | (teacher) | {' | '.join(cells)} | | | | |")
            continue
        gain = f"{mean(row['gain']):.1f}x" if row["gain"] else ""
        training = spread(row["training_abs_rel_to_teacher"])
        lines.append(
            f"| {row['teacher']} | {row['student']} | {' | '.join(cells)} | {training} "
            f"| {100 * row['gap_closed']:.0f} % | {row['num_macs'] / 1e6:.1f} | {gain} |"
        )
    return "\n".join(lines)


def feature_cost_table(results: Path) -> str:
    """Seconds and memory of a training step with features, against depth alone."""
    lines = [
        "| teacher, size, batch | student | features | seconds per step | times | peak memory | times |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in read(results / "feature_cost.json")["rows"]:
        lines.append(
            f"| {row['teacher']} {row['size']}, {row['batch_size']} | {row['student']} | {row['features']} "
            f"| {row['seconds_per_step']:.3f} | {row['times_seconds_per_step']:.2f} | {row['peak_gigabytes']:.2f} GB "
            f"| {row['times_peak_gigabytes']:.2f} |"
        )
    return "\n".join(lines)


def meter_features_table(results: Path) -> str:
    """METER's indoor students on real frames, by what they imitate."""
    lines = ["| network | abs_rel, median-aligned | delta1 | training abs_rel | gain |", "|---|---|---|---|---|"]
    for row in read(results / "meter_features.json")["rows"]:
        training = spread(row["training_abs_rel_to_teacher"]) if "training_abs_rel_to_teacher" in row else ""
        gain = f"{row['features']['gain']:.1f}x" if row.get("features") else ""
        lines.append(
            f"| {row['network']} | {spread(row['median']['abs_rel'])} | {spread(row['median']['delta1'])} | {training} "
            f"| {gain} |"
        )
    return "\n".join(lines)


def cost_table(results: Path) -> str:
    """What students cost beside AdaBins, one image of 480x640 on one thread."""
    lines = [
        "| network | M parameters | GMAC | fewer MACs | seconds | faster | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in read(results / "edge_cost.json")["rows"]:
        lines.append(
            f"| {row['network']} | {row['num_parameters'] / 1e6:.2f} | {row['num_macs'] / 1e9:.2f} "
            f"| {row['times_fewer_macs']:.1f}x | {row['cpu_s']:.2f} | {row['times_fewer_cpu_s']:.1f}x "
            f"| {row['peak_memory_bytes'] / 1e6:.0f} MB |"
        )
    return "\n".join(lines)


def bench_table(results: Path) -> str:
    """Speed as ratios of one run."""
    bench = read(results / "bench.json")
    lines = ["| what | rate | against | ratio |", "|---|---|---|---|"]
    for row in bench["rows"]:
        lines.append(
            f"| {row['what']} | {row['rate']:.3g} {row['unit']} | {row['baseline']},"
            f" {row['baseline_rate']:.3g} {row['unit']} | {row['rate'] / row['baseline_rate']:.2f} |"
        )
    return "\n".join(lines)


def rendering_table(results: Path) -> str:
    """End-to-end speed of the back ends against stock pyrender, processor time of one run."""
    rows = read(results / "rendering.json")["rows"]
    lines = ["| domain, size | back end | images/s of one core | times stock | memory |", "|---|---|---|---|---|"]
    for row in rows:
        height, width = row["size"]
        lines.append(
            f"| {row['domain']} {height}x{width} | {row['drawer']} | {row['images_per_cpu_s']:.2f} "
            f"| {row['ratio_to_stock']:.1f} | {row['resident_last_bytes'] / 1e6:.0f} MB |"
        )
    return "\n".join(lines)


def read(path: Path) -> dict[str, Any]:
    """A committed result file."""
    return json.loads(path.read_text())


TABLES: dict[str, Callable[[Path], str]] = {
    "demo": demo_table,
    "meter": meter_table,
    "ladder": ladder_table,
    "ablation": ablation_table,
    "sixth": sixth_table,
    "features": features_table,
    "feature_cost": feature_cost_table,
    "meter_features": meter_features_table,
    "cost": cost_table,
    "bench": bench_table,
    "rendering": rendering_table,
}
