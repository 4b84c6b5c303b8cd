"""`--style table`: the tables of papers, of one network and of several side by side."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from command import Run
from corpus import SPECS
from drawn import network
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import compiled, networks
from sampling import PROFILE, examples

import archspec
from archspec.drawing.content.stage_table import StageTable, stage_table
from archspec.drawing.content.stages import Entry, stages
from archspec.drawing.formats import latex_table, tabular
from archspec.drawing.formats.tabular import whole_cells
from archspec.drawing.tables import TableDrawing, draw_table

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")


def table(*names: str) -> StageTable:
    return stage_table([network(name) for name in names])


def told(entry: Entry) -> str:
    return f"[{'; '.join(entry.lines)}] x{entry.copies}" if entry.is_block else f"{entry.lines[0]}{entry.times_text}"


def cells(shown: StageTable, column: int = 0) -> dict[str, list[str]]:
    """What a network has at each size; sizes of a chain that comes back are told once."""
    return {row.size: list(map(told, whole_cells(row, len(shown.names))[column])) for row in shown.rows}


# Tables of papers


@pytest.mark.parametrize(
    ("name", "block", "copies"),
    [
        ("resnet18", "[3×3, {0}; 3×3, {0}] x{1}", (2, 2, 2, 2)),
        ("resnet34", "[3×3, {0}; 3×3, {0}] x{1}", (3, 4, 6, 3)),
        ("resnet50", "[1×1, {0}; 3×3, {0}; 1×1, {2}] x{1}", (3, 4, 6, 3)),
        ("resnet101", "[1×1, {0}; 3×3, {0}; 1×1, {2}] x{1}", (3, 4, 23, 3)),
        ("resnet152", "[1×1, {0}; 3×3, {0}; 1×1, {2}] x{1}", (3, 8, 36, 3)),
    ],
)
def test_resnets_are_table_1_of_the_paper(name: str, block: str, copies: tuple[int, ...]) -> None:
    shown = table(*RESNETS)
    blocks = [block.format(64 * 2**i, copies[i], 256 * 2**i) for i in range(4)]
    assert cells(shown, RESNETS.index(name)) == {
        "112×112": ["7×7, 64, stride 2"],
        "56×56": ["3×3 max pool, stride 2", blocks[0]],
        "28×28": [blocks[1]],
        "14×14": [blocks[2]],
        "7×7": [blocks[3]],
        "1×1": ["global avg pool", "1000-d fc"],
    }
    assert [row.name for row in shown.rows] == ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"]
    assert [[len(band) for band in row.bands] for row in shown.rows] == [[1], [1, 5], [5], [5], [5], [1]]


@pytest.mark.parametrize(
    ("name", "convs"),
    [("vgg11", (1, 1, 2, 2, 2)), ("vgg13", (2, 2, 2, 2, 2)), ("vgg16", (2, 2, 3, 3, 3)), ("vgg19", (2, 2, 4, 4, 4))],
)
def test_vggs_are_table_1_of_the_paper(name: str, convs: tuple[int, ...]) -> None:
    sizes, channels = (224, 112, 56, 28, 14), (64, 128, 256, 512, 512)
    found = cells(table(name))
    for number, (size, width, count) in enumerate(zip(sizes, channels, convs, strict=True)):
        pool = ["2×2 max pool, stride 2"] if number else []
        assert found[f"{size}×{size}"] == [*pool, f"3×3, {width}" + (f" ×{count}" if count > 1 else "")]
    assert found["7×7"] == ["2×2 max pool, stride 2"]
    assert found["1×1"] == ["4096-d fc ×2", "1000-d fc"]


def test_mobilenet_is_table_1_of_the_paper() -> None:
    separable = "[3×3 depthwise; 1×1, {}] x{}"
    assert cells(table("mobilenet_v1")) == {
        "112×112": ["3×3, 32, stride 2", separable.format(64, 1)],
        "56×56": [separable.format(128, 2)],
        "28×28": [separable.format(256, 2)],
        "14×14": [separable.format(512, 6)],
        "7×7": [separable.format(1024, 2)],
        "1×1": ["global avg pool", "1000-d fc"],
    }


def test_mobilenet_v2_is_table_2_of_the_paper() -> None:
    bottleneck = "[inverted residual, channels {}, expansion {}] x{}"
    assert cells(table("mobilenet_v2")) == {
        "112×112": ["3×3, 32, stride 2", bottleneck.format(16, 1, 1)],
        "56×56": [bottleneck.format(24, 6, 2)],
        "28×28": [bottleneck.format(32, 6, 3)],
        "14×14": [bottleneck.format(64, 6, 4), bottleneck.format(96, 6, 3)],
        "7×7": [bottleneck.format(160, 6, 3), bottleneck.format(320, 6, 1), "1×1, 1280"],
        "1×1": ["global avg pool", "1000-d fc"],
    }


def test_a_u_net_comes_back_to_its_sizes_and_modules_tell_their_channels() -> None:
    sizes = [row.size for row in table("unet").rows]
    assert sizes == [f"{size}×{size}" for size in (512, 256, 128, 64, 32, 64, 128, 256, 512)]
    assert "[inception, 64 + 128 + 32 + 32] x1" in cells(table("googlenet"))["28×28"]


def test_channels_behind_a_permutation_are_no_size() -> None:
    assert [row.size for row in table("swin").rows][:4] == ["56×56", "28×28", "14×14", "7×7"]
    assert "197" in cells(table("vit"))


# Laws


@pytest.mark.parametrize("name", [path.stem for path in SPECS if "1001" not in path.stem])
def test_a_bundled_network_has_its_table_or_is_refused(name: str) -> None:
    net = network(name)
    outputs = [name for name, output in net.outputs.items() if not output.training_only]
    if len(outputs) > 1:
        with pytest.raises(archspec.UsageError, match=f"has {len(outputs)} outputs, and a table shows a chain"):
            stage_table([net])
        return
    check(net)


@settings(max_examples=2_000 if PROFILE == "nightly" else examples(40))
@given(networks())
def test_any_network_has_its_table_or_is_refused(text: str) -> None:
    net = compiled(text)
    if sum(not output.training_only for output in net.outputs.values()) > 1:
        with pytest.raises(archspec.UsageError, match="outputs, and a table shows a chain"):
            stages(net)
        return
    with contextlib.suppress(archspec.UsageError):  # what is no chain, as the tests below say
        check(net)


def check(net: archspec.Network) -> None:
    """What holds of the table of any chain."""
    found = stages(net)
    assert all(one.size != other.size for one, other in pairwise(found))
    assert all(stage.entries and stage.path in net for stage in found)
    shown = stage_table([net])
    assert dict(shown.totals).keys() == {"params", "MACs", "FLOPs"}
    assert [(row.size, whole_cells(row, 1)[0]) for row in shown.rows] == [(each.size, each.entries) for each in found]
    names = [row.name for row in shown.rows]
    assert len(set(names)) == len(names)
    check_formats(shown)


def check_formats(shown: StageTable) -> None:
    """Every format is well formed, and holds all that the table does."""
    columns = len(shown.names) + 2
    lines = tabular.markdown(shown).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + len(shown.rows) + len(shown.totals)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {columns + 1}
    check_html(shown, columns)
    latex = latex_table.latex(shown)
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    drawing = draw_table_of(shown)
    ElementTree.fromstring(drawing.svg)
    text = tabular.text(shown)
    for row in shown.rows:
        for entry in (entry for band in row.bands for cell in band for entry in cell):
            assert all(line in text for line in entry.lines)


def draw_table_of(shown: StageTable) -> TableDrawing:
    return TableDrawing(table=shown, look=draw_table([network("lenet")]).look)


class Grid(HTMLParser):
    """Columns of each row of a table of HTML, with those that cells span."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[int] = []
        self.spanning: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.spanning = [rows - 1 for rows in self.spanning if rows > 1]
            self.rows.append(len(self.spanning))
        if tag in ("td", "th"):
            given = {name: int(value) for name, value in attrs if name in ("rowspan", "colspan") and value}
            self.rows[-1] += given.get("colspan", 1)
            self.spanning += [given["rowspan"]] if given.get("rowspan", 1) > 1 else []


def check_html(shown: StageTable, columns: int) -> None:
    assert set(Grid(tabular.html_table(shown)).rows) == {columns}


@settings(max_examples=examples(10))
@given(st.lists(st.sampled_from(["resnet18", "vgg16", "lenet", "unet", "googlenet", "swin"]), min_size=1, max_size=4))
def test_side_by_side_each_network_keeps_its_stages(names: list[str]) -> None:
    shown = table(*names)
    for column, name in enumerate(names):
        own = [(row.size, whole_cells(row, len(names))[column]) for row in shown.rows]
        assert [pair for pair in own if pair[1]] == [(stage.size, stage.entries) for stage in stages(network(name))]
    assert len(set(names)) > 1 or len(shown.rows) == len(stages(network(names[0])))
    check_formats(shown)


@pytest.mark.parametrize("names", [RESNETS, ("vgg16",), ("googlenet", "mobilenet_v2"), ("unet", "resnet50")])
@pytest.mark.skipif(PROFILE != "nightly" or not shutil.which("pdflatex"), reason="compiles with LaTeX, by night")
def test_latex_compiles(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "table.tex").write_text(latex_table.latex(table(*names)))
    packages = r"\usepackage[landscape,margin=1cm]{geometry}\usepackage{multirow}"
    document = rf"\documentclass{{article}}{packages}\begin{{document}}\input{{table}}\end{{document}}"
    (tmp_path / "paper.tex").write_text(document)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "paper.pdf").exists()


# The command


def test_it_is_printed_and_written(run: Run, tmp_path: Path) -> None:
    printed = run("draw", "resnet18", "resnet50", "--style", "table").out
    assert "⎡1×1, 64 ⎤" in printed
    assert printed == run("draw", "resnet18", "resnet50", "--style", "table", "-o", "-").out
    drawn = archspec.draw(["resnet18", "resnet50"], style="table")
    assert isinstance(drawn, TableDrawing)
    assert printed == drawn.text
    for ending, text in {"tex": drawn.latex, "md": drawn.markdown, "html": drawn.html, "txt": drawn.text}.items():
        assert run("draw", "resnet18", "resnet50", "--style", "table", "-o", f"t.{ending}").code == 0
        assert (tmp_path / f"t.{ending}").read_text(encoding="utf-8") == text
    assert run("draw", "resnet18", "resnet50", "--style", "table", "--check", "t.tex") == (0, "", "")
    done = run("draw", "resnet18", "--style", "table", "--check", "t.tex")
    assert done.err == "t.tex is stale\nregenerate it: archspec draw resnet18 --style table -o t.tex\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fpn", "--style", "table"], "`fpn` has 5 outputs, and a table shows a chain of stages; draw it with"),
        (["lenet", "alexnet"], "several networks side by side are a table: give --style table"),
        (["lenet", "--style", "tabel"], "there is no style `tabel`; did you mean `table`?"),
        (
            ["lenet", "--style", "table", "--detail", "ops"],
            "have no option `detail`; they have `font`, `font_size`, `paper`,",
        ),
        (["lenet", "--style", "table", "-o", "x.dot"], "this picture is not saved as `.dot`"),
        (["lenet", "-o", "x.md"], "this picture is not saved as `.md`"),
        (["--block", "inception", "--style", "table"], "a block by itself is no table of stages"),
    ],
)
def test_what_it_cannot_do_it_says(run: Run, arguments: list[str], message: str) -> None:
    done = run("draw", *arguments)
    assert done.code == 2
    assert message in done.err


def test_ways_beside_each_other_are_no_chain() -> None:
    text = (
        "archspec: 1\nname: fork\ninputs: {x: [4, 8, 8]}\ngraph:\n"
        "  a: {op: conv, out_channels: 4, kernel_size: 1}\n  b: {op: conv, from: x, out_channels: 4, kernel_size: 1}\n"
        "  c: {op: add, from: [a, b]}\n"
    )
    with pytest.raises(archspec.UsageError, match="no chain of stages: `b` does not take what `a`, before it, gives"):
        archspec.draw(archspec.compile_text(text), style="table")


def test_a_shortcut_at_the_top_level_says_from_where() -> None:
    text = (
        "archspec: 1\nname: skip\ninputs: {x: [4, 8, 8]}\ngraph:\n  a: {op: conv, out_channels: 4, kernel_size: 1}\n"
        "  b: {op: conv, out_channels: 4, kernel_size: 1}\n  c: {op: concat, from: [a, b]}\n"
    )
    (stage,) = stages(archspec.compile_text(text))
    assert list(map(told, stage.entries)) == ["1×1, 4 ×2", "concat a"]
