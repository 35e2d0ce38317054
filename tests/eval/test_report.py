"""What a report leaves on disk."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval.cost import Cost
from eval.memory import PeakMemory
from eval.metrics import METRICS
from eval.protocol import PROTOCOLS
from eval.report import tables, write_report
from eval.score import Scores, score
from eval.table import HEADINGS, cells, markdown_table, table_rows

PLAIN = replace(PROTOCOLS["pairs_driving"], name="plain", crop="none")


def cost(**changes) -> Cost:
    figures = {
        "num_parameters": 2_000_000,
        "num_macs": 3_000_000_000,
        "height": 24,
        "width": 40,
        "latency_s": 0.02,
        "latency_quartiles_s": (0.019, 0.023),
        "num_repeats": 5,
        "num_threads": 1,
        "memory": PeakMemory(weights_bytes=8_000_000, passes_bytes=22_000_000),
    }
    return Cost(**{**figures, **changes})


@pytest.fixture
def scores(red_net, make_frames) -> Scores:
    nets = {"teacher": red_net(1.1, role="teacher"), "run <1>": red_net(1.2, offset_m=0.5, num_bins=16)}
    frames = make_frames(5)
    frames[1] = replace(frames[1], depth_m=None)
    return score(nets, frames, PLAIN, alignments=("none", "median"), is_quiet=True, num_panels=2, num_worst=3)


COSTS = {"teacher": cost(num_macs=12_000_000_000, latency_s=0.1), "run <1>": cost()}


def written(tmp_path: Path, scores: Scores, **options) -> dict[str, str]:
    settings = {"title": "A <title>", "command": "python -m eval.run --out x", "remarks": ("a & b",), **options}
    write_report(tmp_path, scores, COSTS, **settings)
    return {path.name: path.read_text() for path in tmp_path.iterdir()}


def test_the_mean_of_a_column_of_the_csv_is_the_figure_of_the_table(tmp_path: Path, scores: Scores) -> None:
    files = written(tmp_path, scores)
    lines = list(csv.DictReader(files["per_image.csv"].splitlines()))
    assert len(lines) == 4 * 2 * 2
    report = json.loads(files["report.json"])
    for row in report["rows"]:
        mine = [line for line in lines if (line["net"], line["alignment"]) == (row["net"], row["alignment"])]
        for name in METRICS:
            assert sum(float(line[name]) for line in mine) / len(mine) == pytest.approx(row["metrics"][name], rel=1e-6)


def test_the_report_states_what_its_figures_depend_on(tmp_path: Path, scores: Scores) -> None:
    report = json.loads(written(tmp_path, scores, extra={"sealed_seed": 3})["report.json"])
    assert report["kind"] == "eval"
    assert report["sealed_seed"] == 3
    assert report["num_frames"] == 4 and [item["name"] for item in report["skipped"]] == ["f_001"]
    assert {row["protocol_sha256"] for row in report["rows"]} == {item["sha256"] for item in report["protocols"]}
    assert report["nets"]["teacher"]["weights_sha256"] == "0" * 64
    assert len(report["data_sha256"]) == 64
    assert {row["cost"]["num_macs"] for row in report["rows"]} == {3_000_000_000, 12_000_000_000}
    assert report["environment"]["packages"]["torch"]
    assert {item["alignment"] for item in report["comparisons"]} == {"none", "median"}


def test_the_same_scores_give_the_same_files(tmp_path: Path, scores: Scores) -> None:
    first = written(tmp_path / "a", scores) if (tmp_path / "a").mkdir() is None else {}
    second = written(tmp_path / "b", scores) if (tmp_path / "b").mkdir() is None else {}
    assert first == second


class Page(HTMLParser):
    """Tags must close in order; every address that the page names is collected."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.alternatives: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img", "br"):  # every other one is closed, those of SVG by their slash
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "srcset")]
        self.names += [value or "" for name, value in attributes if name == "id"]
        self.alternatives += [value or "" for name, value in attributes if name == "alt"]

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_one_whole_file_that_asks_nothing_of_a_network(tmp_path: Path, scores: Scores) -> None:
    content = written(tmp_path, scores)["report.html"]
    page = Page()
    page.feed(content)
    page.close()
    assert page.open == []
    inside = {f"#{name}" for name in page.names}
    assert page.addresses and all(address.startswith("data:image/") or address in inside for address in page.addresses)
    assert "http://" not in content and "https://" not in content
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "url(" not in content and "@import" not in content
    assert 'name="viewport"' in content


def test_the_page_shows_every_kind_of_picture_and_escapes_names(tmp_path: Path, scores: Scores) -> None:
    content = written(tmp_path, scores)["report.html"]
    page = Page()
    page.feed(content)
    first = [text for text in page.alternatives if text.startswith("f_000")]
    kinds = [re.sub(r"(, (scaled|abs_rel).*)?$", "", text.partition(": ")[2]) for text in first]
    assert kinds == [
        "image",
        "ground truth",
        "teacher: depth",
        "teacher: error",
        "run <1>: depth",
        "run <1>: error",
        "run <1>: DPM entropy",
    ]
    assert "run <1>" not in content.replace("run &lt;1&gt;", "")
    assert "A &lt;title&gt;" in content and "a &amp; b" in content


def test_the_page_leads_with_the_verdict_and_the_savings(tmp_path: Path, scores: Scores) -> None:
    content = written(tmp_path, scores)["report.html"]
    verdict = content[content.index('class="verdict') : content.index("</div>", content.index('class="verdict'))]
    assert content.index("<h1>") < content.index('class="verdict') < content.index('class="facts"')
    assert "No: run &lt;1&gt; is not good enough to take the place of teacher" in verdict
    assert "3 scenes are fewer than a handful" in verdict
    assert "run &lt;1&gt; is less accurate than teacher" in verdict
    assert "4.0× fewer operations" in verdict and "5.0× less time" in verdict and "about the same parameters" in verdict


def test_the_accepted_loss_decides_the_answer(tmp_path: Path, scores: Scores) -> None:
    answers = [
        write_report(tmp_path, scores, COSTS, title="t", command="c", accepted_loss=loss).shipping[0].answer
        for loss in (0.1, 1e12)
    ]
    assert answers == ["no", "undecided"]  # never yes with three scenes
    report = json.loads((tmp_path / "report.json").read_text())
    assert [(item["net"], item["accepted_loss"]) for item in report["shipping"]] == [("run <1>", 1e12)]


def test_the_page_has_every_section(tmp_path: Path, scores: Scores) -> None:
    content = written(tmp_path, scores)["report.html"]
    headings = [heading for heading in re.findall("<h2>(.*?)</h2>", content)]
    assert headings == [
        "Figures, median-aligned",
        "Figures, metric",
        "Differences from teacher",
        "Cost",
        "Accuracy against cost",
        "How many pixels are how wrong",
        "Error by distance",
        "Error by image region",
        "The worst 4 of 4 frames",
        "Pictures",
        "Frames spread over the set",
        "The worst frames, but for those above",
        "Skipped frames",
        "Provenance",
        "Make this report again",
    ]
    assert "python -m eval.run --out x" in content and scores.data_sha256 in content
    assert "weights 8.0, image 22.0" in content and "30.0 MB" in content


def test_a_network_without_operations_divides_nothing(tmp_path: Path, scores: Scores) -> None:
    report = write_report(tmp_path, scores, {**COSTS, "run <1>": cost(num_macs=0)}, title="t", command="c")
    assert "0 against 1.2e+10 operations" in report.page.read_text()


def test_a_network_alone_has_a_report_without_verdict(tmp_path: Path, red_net, make_frames) -> None:
    alone = score({"run": red_net(1.1)}, make_frames(2), PLAIN, is_quiet=True, num_panels=0)
    write_report(tmp_path, alone, {}, title="t", command="c")
    content = (tmp_path / "report.html").read_text()
    assert "No teacher to compare with" in content and "<h2>Cost</h2>" not in content
    assert json.loads((tmp_path / "report.json").read_text())["comparisons"] == []


def test_rows_carry_their_alignment_and_their_cost(scores: Scores) -> None:
    rows = table_rows(scores, COSTS)
    assert [row.label for row in rows] == [
        "teacher, median-aligned",
        "run <1>, median-aligned",
        "teacher, metric",
        "run <1>, metric",
    ]
    named = dict(zip(HEADINGS, cells(rows[1]), strict=True))
    assert (named["M param."], named["GMAC"], named["CPU ms"]) == ("2.000", "3.000", "20.0 ±2.0")
    assert named["abs_rel to ref."] != "–" and named["peak MB"] == "30.0"
    assert dict(zip(HEADINGS, cells(rows[0]), strict=True))["abs_rel to ref."] == "–"


def test_rows_carry_intervals_over_scenes_and_say_what_they_are_worth(scores: Scores) -> None:
    row = table_rows(scores, {})[1]
    low, high = row.intervals["abs_rel"]
    assert low <= row.metrics["abs_rel"] <= high
    assert (row.resampled, row.num_resampled) == ("scenes", 3)
    assert row.caution.startswith("3 scenes are fewer than a handful")
    assert set(row.intervals) == set(METRICS)
    assert table_rows(scores, {}) == table_rows(scores, {})


def test_rows_of_two_protocols_do_not_share_a_table(scores: Scores) -> None:
    rows = table_rows(scores, COSTS)
    with pytest.raises(ValueError, match="one protocol"):
        markdown_table(rows)
    text = tables(rows, scores)
    assert text.count("| network |") == 2
    assert rows[0].protocol_sha256[:12] in text and rows[2].protocol_sha256[:12] in text
