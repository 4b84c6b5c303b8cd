"""Sweeps: rows are what single compiles give, whatever the order, the processes, and how often a sweep is ended."""

from __future__ import annotations

import csv
import json
import math
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import PROFILE, examples, few

import archspec
from archspec.exploration import engines, knobs, points, provenance, sweeping, tables, timing
from archspec.exploration.figures import FIGURES
from archspec.exploration.knobs import Interval
from archspec.exploration.rows import Row, front

NET = """archspec: 1
name: net
params: {width: {default: 8, min: 1}, unit: {type: block, default: narrow}, act: {type: op, default: relu}}
inputs: {image: [3, 8, 8]}
blocks: {narrow: {graph: {c: {op: conv, out_channels: 4, kernel_size: 1}}}, wide: ./wide.yaml}
graph: {stem: {op: conv, out_channels: $width, kernel_size: 3}, act: $act, unit: {block: $unit}}
"""
WIDE = "archspec: 1\nblock: wide\ngraph: {c: {op: conv, out_channels: 64, kernel_size: 1}}\n"
KNOBS = {"width": [4, 8, 0, 16], "unit": ["narrow", "wide", "none"], "act": ["relu", {"op": "elu", "alpha": 0.5}]}


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wide.yaml").write_text(WIDE)
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    return path


# Values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.35,0.5, 1", (0.35, 0.5, 1)),
        ("96:225:32", (96, 128, 160, 192, 224)),
        ("3:6", (3, 4, 5)),
        ("5:0:-2", (5, 3, 1)),
        ("0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4)),
        ("9_223_372_036_854_775_804:9223372036854775807:2", (2**63 - 4, 2**63 - 2)),
        ("0:1e300:3e299", (0.0, 3e299, 6e299, 9e299)),
        ("1,4:6,0.25..1.5", (1, 4, 5, Interval(0.25, 1.5))),
        ("-2..3", (Interval(-2, 3),)),
        (
            "relu,{op: leaky_relu, negative_slope: 0.1},null",
            ("relu", {"op": "leaky_relu", "negative_slope": 0.1}, None),
        ),
        ("[3, 4, 6, 3],[2, 2, 2, 2]", ([3, 4, 6, 3], [2, 2, 2, 2])),
        ("true,false,1,1.0,1", (True, False, 1, 1.0)),
        ('"1:3","a,b",a:b', ("1:3", "a,b", "a:b")),
    ],
)
def test_values_as_a_command_has_them(text: str, values: tuple[Any, ...]) -> None:
    assert repr(knobs.written(f"w={text}", "--set").values) == repr(values)
    assert repr(knobs.given("w", text).values) == repr(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("width", "takes NAME=VALUES, not `width`"),
        ("w=", "has no values"),
        ("w=[1", "write values as"),
        ("w=1],[2", "write values as"),
        ("w=5:1", "`5:1:1` is an empty range"),
        ("w=1:5:0", "is an empty range"),
        ("w=0:1:1e-9", "1,000,000,000 values, more than 1,000,000"),
        ("w=2..1", "2 is not below 1"),
        ("w=0:1e999999999:1", "the number 1e999999999 is out of range"),
        ("w=0:1:1e-999999999", "the number 1e-999999999 is out of range"),
        ("w=0:9223372036854775808", "the number 9223372036854775808 is out of range"),
        ("w=0.1..1e999", "the number 1e999 is out of range"),
        ("w=-1e308..1e308", "are too far apart"),
        ("w=0:1e30:1", "values, more than 1,000,000"),
    ],
)
def test_values_that_are_none(text: str, message: str) -> None:
    with pytest.raises(archspec.UsageError, match=message.replace(".", r"\.")):
        knobs.written(text, "--set")


def test_values_of_a_program() -> None:
    numpy = pytest.importorskip("numpy")
    assert knobs.given("w", numpy.linspace(0.5, 1, 3)).values == (0.5, 0.75, 1.0)
    assert knobs.given("w", range(2, 5)).values == (2, 3, 4)
    assert knobs.given("w", {"op": "elu"}).values == ({"op": "elu"},)
    assert knobs.given("w", 3).values == (3,)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 300), st.integers())
def test_points_drawn_from_a_grid_are_different_points_of_it(sizes: list[int], count: int, seed: int) -> None:
    turned = [knobs.given(f"k{number}", range(size)) for number, size in enumerate(sizes)]
    drawn, grid = points.drawn(turned, count, seed), points.grid(turned)
    assert len(grid) == math.prod(sizes)
    assert len({repr(each) for each in drawn}) == len(drawn) == min(count, len(grid))
    assert all(each in grid for each in drawn)
    assert drawn == points.drawn(turned, count, seed)


@given(st.integers(0, 9), st.integers(1, 50), st.integers(1, 20), st.integers())
def test_points_drawn_from_intervals_lie_in_them(low: int, length: int, count: int, seed: int) -> None:
    turned = [knobs.Knob("n", (Interval(low, low + length),)), knobs.Knob("x", (Interval(low / 7, low / 7 + 0.1), -1))]
    drawn = points.drawn(turned, count, seed)
    assert len({repr(each) for each in drawn}) == len(drawn) == count
    for each in drawn:
        assert type(each["n"]) is int
        assert low <= each["n"] <= low + length
        assert each["x"] == -1 or low / 7 <= each["x"] <= low / 7 + 0.1


# Rows


def single(spec: str, values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    network = archspec.compile(spec, **values)
    return {name: FIGURES[name].of(network) for name in names}


def test_rows_are_what_single_compiles_give(net: Path) -> None:
    figures = tuple(FIGURES)
    found = archspec.sweep(str(net), KNOBS, figures=figures)
    assert [row.values for row in found] == points.grid(knobs.knobs(KNOBS))
    for row in found:
        if row.values["width"] == 0 or row.values["unit"] == "none":
            assert (row.error != "", set(row.figures.values())) == (True, {None})
        else:
            assert (row.error, row.figures) == ("", single(str(net), row.values, figures))


def test_an_invalid_point_says_what_a_compile_says(net: Path) -> None:
    found = {repr(row.values): row.error for row in archspec.sweep(net, KNOBS)}
    assert found[repr({"width": 0, "unit": "wide", "act": "relu"})].startswith("the parameter `width` of `net` expects")
    error = found[repr({"width": 4, "unit": "none", "act": "relu"})]
    assert error.startswith(f"{net}:3:")
    assert "error[unknown-block]: no block is called `none`" in error


def test_several_specs_are_swept_over_what_each_has() -> None:
    found = archspec.sweep(["mobilenet_v2", "lenet"], {"width": [0.5, 1], "num_classes": "10,20"})
    assert [(row.spec, *row.values.values()) for row in found] == [
        ("mobilenet_v2", 0.5, 10), ("mobilenet_v2", 0.5, 20), ("mobilenet_v2", 1, 10), ("mobilenet_v2", 1, 20),
        ("lenet", 10), ("lenet", 20),
    ]  # fmt: skip
    assert found.records()[-1]["width"] is None
    assert archspec.sweep(["mobilenet_v2"], {"width": [1]}, variant="width_050").rows[0].figures["params"] == 3_504_872


def test_a_path_is_a_file_and_a_text_may_be_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lenet").write_text(NET)
    assert archspec.sweep(Path("lenet"), {"width": [4]}).rows[0].spec == "./lenet"
    assert archspec.sweep("lenet", {"num_classes": [4]}).rows[0].spec == "lenet"


def test_other_processes_give_the_same(net: Path) -> None:
    one = archspec.sweep(str(net), KNOBS)
    seen: list[tuple[str, int, int]] = []
    two = archspec.sweep(str(net), KNOBS, jobs=2, progress=lambda *told: seen.append(told))
    assert tables.json_text(two) == tables.json_text(one)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1] == ("compiling", len(one), len(one))


# Files


def test_the_formats_hold_the_same(net: Path, tmp_path: Path) -> None:
    found = archspec.sweep(net, KNOBS, output=tmp_path / "s.json")
    told = json.loads((tmp_path / "s.json").read_text())
    assert [Row(**row) for row in told["rows"]] == list(found.rows)
    found.save(tmp_path / "s.csv")
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["macs"] for row in rows] == [str(row.figures["macs"] or "") for row in found]
    assert {row["act"] for row in rows} == {"relu", "{op: elu, alpha: 0.5}"}
    parquet = pytest.importorskip("pyarrow.parquet")
    found.save(tmp_path / "s.parquet")
    table = parquet.read_table(tmp_path / "s.parquet").to_pylist()
    assert [row["params"] for row in table] == [row.figures["params"] for row in found]
    assert [row["error"] for row in table] == [row.error for row in found]
    assert str(found).count("\n") == len(found) + 1


def stopped(net: Path, output: Path, keep: int) -> bytes:
    """The journal of a sweep that is ended behind some points."""

    def stop(stage: str, done: int, total: int) -> None:
        if done >= keep:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archspec.sweep(str(net), KNOBS, output=output, progress=stop)
    return output.with_name(f"{output.name}.rows").read_bytes()


def _noted(counts: list[int], stage: str, done: int, total: int) -> None:
    counts.append(done)


@pytest.fixture
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_MOST_TOGETHER", 2)


@pytest.mark.usefixtures("few_together")
def test_a_sweep_goes_on_from_every_byte_of_its_journal(net: Path, tmp_path: Path) -> None:
    archspec.sweep(str(net), KNOBS, output=tmp_path / "whole.csv")
    whole = (tmp_path / "whole.csv").read_bytes()
    journal = stopped(net, tmp_path / "s.csv", 20)
    assert not (tmp_path / "s.csv").exists()
    lines = journal.count(b"\n")
    ends = [number + 1 for number, byte in enumerate(journal) if byte == ord("\n")]
    cuts = sorted({*range(0, len(journal), 97), *ends, *(end - 1 for end in ends), len(journal)})
    for length in few(cuts, 20):
        (tmp_path / "s.csv.rows").write_bytes(journal[:length])
        counts: list[int] = []
        note = partial(_noted, counts)
        archspec.sweep(str(net), KNOBS, output=tmp_path / "s.csv", progress=note)
        assert (tmp_path / "s.csv").read_bytes() == whole
        assert journal[:length].count(b"\n") <= counts[0] <= journal[:length].count(b"\n") + 1
        assert counts[0] <= lines
        assert not (tmp_path / "s.csv.rows").exists()


@pytest.mark.usefixtures("few_together")
@pytest.mark.parametrize("changed", ["nothing", "spec", "block", "package", "figures", "missing"])
def test_only_rows_of_what_did_not_change_are_used(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    stopped(net, tmp_path / "s.csv", 20)
    figures = ["params", "macs", "activations"]
    if changed == "spec":
        net.write_text(NET.replace("kernel_size: 3", "kernel_size: 1"))
    elif changed == "block":
        (tmp_path / "wide.yaml").write_text(WIDE.replace("64", "65"))
    elif changed == "package":
        monkeypatch.setattr(provenance, "of_package", lambda: "another")
    elif changed == "figures":
        figures = ["params"]
    elif changed == "missing":
        (tmp_path / "none.yaml").write_text("")  # a block that is not there is looked for each time
    counts: list[int] = []
    found = archspec.sweep(
        str(net), KNOBS, figures=figures, output=tmp_path / "s.csv", progress=partial(_noted, counts)
    )
    assert counts[0] == {"nothing": 16, "missing": 16, "block": 2}.get(changed, 0)
    assert found == archspec.sweep(str(net), KNOBS, figures=figures)
    assert (tmp_path / "s.csv").read_text() == tables.csv_text(found)


@pytest.mark.parametrize("data", [b"spec,width\nnet,1\n", b'[{"key":"a"}]', b"\0" * 9, b'{"rows": []}'])
def test_a_file_of_somebody_else_is_no_journal(net: Path, tmp_path: Path, data: bytes) -> None:
    other = tmp_path / "s.csv.rows"
    other.write_bytes(data)
    with pytest.raises(archspec.UsageError, match="is not what a sweep left"):
        archspec.sweep(str(net), KNOBS, output=tmp_path / "s.csv")
    assert other.read_bytes() == data
    assert not (tmp_path / "s.csv").exists()


def test_a_sweep_is_not_written_over_its_spec(run: Run, tmp_path: Path) -> None:
    spec = {"archspec": 1, "name": "net", "params": {"n": 4}, "inputs": {"x": [3]}}
    spec["graph"] = {"fc": {"op": "linear", "out_features": "$n"}}
    texts = {"net.json": json.dumps(spec), "more.json": '{"archspec": 1, "name": "more", "extends": "./net.json"}'}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    for name in texts:
        done = run("sweep", "./more.json", "--set", "n=1,2", "-o", name)
        assert (done.code, done.out, done.err) == (2, "", f"error: {name} is a file of the spec\n")
    assert {name: (tmp_path / name).read_text() for name in texts} == texts


def test_files_that_change_meanwhile_end_a_sweep(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_MOST_TOGETHER", 2)
    digests = iter("abcdefghijklmnop")
    monkeypatch.setattr(provenance, "of_files", lambda sources: {"wide.yaml": next(digests)})
    with pytest.raises(archspec.UsageError, match=r"wide\.yaml changed while the sweep ran"):
        archspec.sweep(str(net), KNOBS)


def test_a_sweep_that_is_killed_goes_on(tmp_path: Path) -> None:
    spec = ["lenet", "--set", "num_classes=1:1001"]
    command = [sys.executable, "-m", "archspec", "sweep", *spec, "-j", "1", "-o"]
    subprocess.run([*command, "whole.csv"], cwd=tmp_path, check=True, capture_output=True)
    for _ in range(10 if PROFILE == "nightly" else 2):
        running = subprocess.Popen([*command, "s.csv"], cwd=tmp_path, stdout=subprocess.DEVNULL)
        journal, before = tmp_path / "s.csv.rows", (tmp_path / "s.csv.rows").exists() and lines_of(tmp_path)
        while running.poll() is None and lines_of(tmp_path) <= before:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert journal.exists() or (tmp_path / "s.csv").exists()
    subprocess.run([*command, "s.csv"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"s.csv", "whole.csv"}


def lines_of(folder: Path) -> int:
    """Lines of the journal there is in a folder."""
    path = folder / "s.csv.rows"
    return path.read_bytes().count(b"\n") if path.exists() else 0


# Fronts and plots


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=25), st.booleans())
def test_a_front_holds_what_nothing_beats(places: list[tuple[int, int]], minimize: bool) -> None:
    sign = -1 if minimize else 1
    rows = [Row("s", {"n": number}, {"x": x, "y": y}) for number, (x, y) in enumerate(places)]
    best = {
        (x, y)
        for x, y in places
        if not any((a, sign * b) != (x, sign * y) and a <= x and sign * b >= sign * y for a, b in places)
    }
    found = [(row.figures["x"], row.figures["y"]) for row in front(rows, "x", "y", minimize=minimize)]
    assert found == sorted(best)  # type: ignore[comparison-overlap]


def test_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = archspec.sweep("mobilenet_v2", {"width": [0.35, 0.5, 1], "image_size": [96, 128]})
    for name, start in {"a.svg": b"<?xml", "a.png": b"\x89PNG", "a.pdf": b"%PDF"}.items():
        for x, y in ((None, None), ("macs", "params")):
            found.plot(tmp_path / name, x, y)
            first = (tmp_path / name).read_bytes()
            assert first.startswith(start)
            found.plot(tmp_path / name, x, y)
            assert (tmp_path / name).read_bytes() == first
    found.plot(tmp_path / "front.svg", "macs", "params")
    text = (tmp_path / "front.svg").read_text()
    assert [label in text for label in ("0.35, 96", "0.5, 96", "1, 96", "1, 128")] == [True, True, True, False]
    found.plot(tmp_path / "line.svg", "width")
    assert "image_size 128" in (tmp_path / "line.svg").read_text()
    assert [row.values["width"] for row in found.front("macs", "params")] == [0.35, 0.5, 1]


@settings(max_examples=examples(25))
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=40, unique=True))
def test_names_of_points_cover_nothing(places: list[tuple[int, int]]) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from archspec.exploration.labels import place_labels

    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.scatter(*zip(*places, strict=True))
    place_labels(axes, [(place, f"{place}") for place in places], places, [], below=len(places) % 2 == 0)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(not one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])
    dots = axes.transData.transform(places)
    assert not any(box.x0 < x < box.x1 and box.y0 < y < box.y1 for box in boxes for x, y in dots)
    assert len(places) > 8 or boxes


# Measured


def test_latency_is_measured_in_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    asked: list[int] = []

    def measured(point: timing.Point) -> tuple[float | None, str]:
        size = point.values["num_classes"]
        asked.append(size)
        return (None, "too large") if size == 30 else (size + len(asked), "")

    monkeypatch.setattr(timing, "_measured", measured)
    found = archspec.sweep("lenet", {"num_classes": [10, 20, 30, 0]}, measure="latency", batch=2)
    assert asked == [10, 20, 30, 10, 20, 10, 20]
    assert [row.figures["latency"] for row in found] == [14, 25, None, None]
    assert [row.figures["latency_most"] for row in found][:2] == [16, 27]
    assert [row.error for row in found][:3] == ["", "", "too large"]
    assert found.rows[2].figures["params"] is not None


def test_a_point_is_measured_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(timing, "_ROUNDS", 1)
    monkeypatch.setattr(timing, "_SECONDS", 0.01)
    row = archspec.sweep("lenet", {"num_classes": [10]}, measure="latency").rows[0]
    assert row.error == ""
    assert row.figures["latency"] == row.figures["latency_least"] == row.figures["latency_most"]
    assert 0 < (row.figures["latency"] or 0) < 10


# The command


def test_the_command(run: Run, tmp_path: Path) -> None:
    done = run("sweep", "lenet", "--set", "num_classes=10,0,20", "--figure", "params", "--format", "csv")
    assert done.out.splitlines()[:2] == ["spec,num_classes,params,error", "lenet,10,61706,"]
    assert (done.code, done.out.count("\n"), "expects at least 1" in done.out) == (0, 4, True)
    done = run("sweep", "lenet", "mobilenet_v2", "--set", "width=0.5,1", "--set", "num_classes=10", "-o", "s.json")
    assert (done.code, done.out) == (0, "wrote s.json\n")
    assert done.err == "note: lenet has no parameter `width`, and is swept over the others\n"
    assert [row["spec"] for row in json.loads((tmp_path / "s.json").read_text())["rows"]].count("lenet") == 1
    assert run("sweep", "lenet", "--set", "num_classes=0,-1").code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("lenet", "a sweep is over the parameters of a spec: none is given"),
        ("- --set width=1", "standard input is read once"),
        ("lenet --set width=1", "`lenet` has no parameter `width`"),
        ("lenet nin --set width=1", "none of `lenet`, `nin` has a parameter `width`"),
        ("lenet --set num_classes=1 --set num_classes=2", "--set num_classes is given twice"),
        ("lenet --set num_classes=1..5", "`num_classes=1..5` has endless values"),
        ("lenet --set num_classes=1 --variant big", "`lenet` has no variant `big`"),
        ("lenet --set num_classes=1 --figure mac", "there is no figure `mac`; did you mean `macs`?"),
        ("lenet --set num_classes=1 -o s.txt", "s.txt ends in none of `.csv`, `.json`, `.parquet`"),
        ("lenet --set num_classes=1 --plot s.txt", "s.txt ends in none of `.svg`, `.png`, `.pdf`"),
        ("lenet --set num_classes=1 --x macs", "name its file with --plot"),
        ("lenet --set num_classes=1,2 --plot s.svg --y acc", "the sweep has no column `acc`"),
        ("lenet --set num_classes=1,2 --plot s.svg --x macs --y macs", "both axes would be `macs`"),
        ("lenet --set num_classes=1 --plot s.svg", "no knob of the sweep has several numbers"),
        ("lenet --set num_classes=1 -j 0", "at least one process works, not 0"),
        ("lenet --set num_classes=1 --scheduler a:1", "give the backend `dask` or `ray` too"),
        ("lenet --set num_classes=1 --batch 2", "nothing is measured"),
        ("lenet --set num_classes=1:2000 --set image_size=1:2000", "more than 1,000,000; `--random N` draws some"),
    ],
)
def test_what_cannot_be_swept_is_said(run: Run, arguments: str, message: str) -> None:
    done = run("sweep", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert message in done.err


MIXED = """
archspec: 1
name: mixed
params: {kernel: {type: size, default: 3}, act: {type: op, default: relu, nullable: true}}
inputs: {image: [3, 8, 8]}
graph:
  conv: {op: conv, out_channels: 4, kernel_size: $kernel}
  act: {op: $act, when: $(act != null)}
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--set kernel=3,[3,5],5 --plot s.svg", "the column `kernel` holds more than numbers: `[3, 5]`"),
        ("lenet --set kernel=3,5 --set num_classes=1,2 --plot s.svg --y num_classes", "no point has values of all of"),
    ],
)
def test_what_has_no_place_along_an_axis_is_said(run: Run, tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "mixed.yaml").write_text(MIXED)
    done = run("sweep", "mixed.yaml", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "s.svg").exists()


def test_invalid_points_keep_no_others_from_a_plot(run: Run, tmp_path: Path) -> None:
    assert run("sweep", "lenet", "--set", "num_classes=1,2,x,0", "--plot", "s.svg").code == 0
    assert (tmp_path / "s.svg").exists()


def test_a_spec_that_is_wrong_is_no_row(run: Run, net: Path) -> None:
    net.write_text(NET.replace("op: conv", "opp: conv"))
    done = run("sweep", "net.yaml", "--set", "width=1,2")
    assert (done.code, done.out) == (1, "")
    assert "error[unknown-key]" in done.err


# Workers


def test_workers_that_die_again_and_again_end_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dies(engines._Workers):
        def results(self, tasks: Any) -> Any:
            raise OSError("killed")

    from contextlib import nullcontext

    monkeypatch.setattr(engines, "_of_loky", lambda engine: nullcontext(Dies(None, (OSError,))))  # type: ignore[arg-type]
    with pytest.raises(archspec.UsageError, match="3 times in a row a worker died before it had done anything: killed"):
        archspec.sweep("lenet", {"num_classes": [1]}, jobs=2)


def test_a_worker_with_another_archspec_ends_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["here", "there"])
    monkeypatch.setattr(provenance, "of_package", lambda: next(answers, "here"))
    with pytest.raises(archspec.UsageError, match="a worker has another archspec"):
        archspec.sweep("lenet", {"num_classes": [1]})


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_cluster_gives_the_same_where_a_worker_is_killed(backend: str) -> None:
    """In a process of its own: clusters leave threads and files open, which are errors here."""
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[backend])
    script = Path(__file__).with_name("sweep_cluster.py")
    done = subprocess.run([sys.executable, script, backend], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[-2:]) == (0, ["killed", "equal"]), done.stderr


def test_a_cluster_that_is_not_there_is_said() -> None:
    pytest.importorskip("distributed")
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(engines, "_SECONDS_TO_CONNECT", 0.2)
        with pytest.raises(archspec.UsageError, match="cannot reach the scheduler"):
            archspec.sweep("lenet", {"num_classes": [1]}, backend="dask", scheduler="tcp://127.0.0.1:9")
