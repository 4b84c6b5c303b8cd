"""`archspec draw`, `archspec.draw`, and where else pictures are shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import Run

import archspec
from archspec.drawing import pictures
from archspec.language import library

ROOT = Path(__file__).parent.parent
LENET = str(ROOT / "specs" / "lenet.yaml")
RESNET = str(ROOT / "specs" / "resnet50.yaml")
UNET = str(ROOT / "specs" / "unet.yaml")

STARTS = {
    "svg": b"<svg",
    "png": b"\x89PNG",
    "pdf": b"%PDF",
    "dot": b"digraph",
    "gv": b"digraph",
    "mmd": b"%%{init: ",
    "tex": b"% lenet",
    "html": b"<!doctype html>",
}


def test_every_format_has_a_known_beginning() -> None:
    assert set(STARTS) == set(pictures.FORMATS)


@pytest.mark.parametrize("ending", pictures.FORMATS)
def test_a_file_is_what_its_ending_says(run: Run, tmp_path: Path, ending: str) -> None:
    file = f"out/lenet.{ending}"
    assert run("draw", LENET, "-o", file) == (0, f"wrote {Path(file)}\n", "")
    data = (tmp_path / file).read_bytes()
    assert data.lower().startswith(STARTS[ending].lower())
    assert run("draw", LENET, "--check", file) == (0, "", "")
    archspec.draw(LENET, tmp_path / f"again.{ending}")
    assert (tmp_path / f"again.{ending}").read_bytes() == data


def test_without_a_file_it_is_the_overview_in_the_folder(run: Run, tmp_path: Path) -> None:
    assert run("draw", RESNET).out == "wrote resnet50.svg\n"
    svg = (tmp_path / "resnet50.svg").read_text()
    assert svg == archspec.draw(RESNET).svg == archspec.draw(archspec.compile(RESNET)).svg
    run("compile", RESNET)
    assert (tmp_path / "build" / "resnet50" / "resnet50.svg").read_text() == svg
    run("draw", "-", stdin=Path(LENET).read_text())
    assert (tmp_path / "lenet.svg").exists()
    assert run("draw", RESNET, "-o", "-") == (0, svg, "")


OPTIONS = {
    "style": "volumes",
    "detail": "ops",
    "expand": "layer2.0",
    "collapse": "layer1",
    "theme": "dark",
    "direction": "right",
    "paper": "a4",
    "layout": "flow",
    "color": "cost",
    "show": "params",
    "width": "85mm",
    "size": "16:9",
    "font_size": "8pt",
    "font": "Times",
    "title": "A title",
    "highlight": "layer3",
    "note": 'layer3="the longest stage"',
}
"""A value for each option that changes the picture."""


@pytest.mark.parametrize("name", pictures.OPTIONS)
def test_every_option_reaches_the_picture(run: Run, tmp_path: Path, name: str) -> None:
    others = {"detail": "blocks"} if name == "collapse" else {}
    asked = others | {name: OPTIONS[name]}
    words = [
        word for option, value in asked.items() for word in (f"--{option.replace('_', '-')}", value.replace('"', ""))
    ]
    spec = UNET if name == "layout" else RESNET  # which has one resolution after another
    run("draw", spec, *words, "-o", "x.svg")
    svg = (tmp_path / "x.svg").read_text()
    assert svg == archspec.draw(spec, **pictures.options(asked)).svg
    assert svg != archspec.draw(spec, **pictures.options(others)).svg


def test_a_stale_picture_is_1_and_says_how_to_mend_it(run: Run, tmp_path: Path) -> None:
    run("draw", LENET, "-o", "lenet.svg")
    options = ("--theme", "dark", "--show", "macs", "--show", "params", "--set", "num_classes=7")
    done = run("draw", LENET, *options, "--check", "lenet.svg")
    command = f"archspec draw {LENET} {' '.join(options)} -o lenet.svg"
    assert done == (1, "", f"lenet.svg is stale\nregenerate it: {command}\n")
    assert run(*command.split()[1:]).code == 0
    assert run("draw", LENET, *options, "--check", "lenet.svg").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a SPEC is drawn, or a --block"),
        ([LENET, "--block", "inception"], "lenet uses no block `inception`"),
        ([RESNET, "--block", "botleneck"], "did you mean `bottleneck`"),
        (["--block", "fire", "--show", "params"], "no figures to show"),
        (["--block", "fire", "--color", "cost"], "not coloured by `cost`"),
        (["--block", "fire", "-o", "x.html"], "is no page"),
        (["--block", "fire", "--variant", "x"], "no variants"),
        (["--block", "fire", "--set", "squeeze_channel=3"], "did you mean `squeeze_channels`"),
        (["--block", "./missing.yaml"], "cannot read missing.yaml"),
        (["--block", LENET], "holds a network"),
        ([LENET, "-o", "x.jpg"], "`x.jpg` has no ending of a picture: .svg"),
        ([LENET, "-o", "x"], "no ending"),
        ([LENET, "-o", "x.svg", "--check", "y.svg"], "one of them"),
        ([LENET, "--check", "missing.svg"], "cannot read missing.svg"),
        ([LENET, "-o", "/dev/null/x.svg"], "cannot write"),
        ([LENET, "-o", "/dev/null/x.html"], "cannot write"),
        ([LENET, "-o", "x.html", "--theme", "dark"], "takes no `theme`"),
        ([LENET, "--detail", "block"], "did you mean `blocks`"),
        ([LENET, "--theme", "drak"], "did you mean `dark`"),
        ([LENET, "--direction", "up"], "no direction `up`"),
        ([LENET, "--expand", "layer9"], "`layer9` is no block"),
        ([LENET, "--color", "red"], "red"),
        ([LENET, "--show", "parms"], "params"),
        ([LENET, "--paper", "a9"], "a9"),
        ([LENET, "--width", "85"], "did you mean `85mm`?"),
        ([LENET, "--size", "0:9"], "no shape `0:9`"),
        ([LENET, "--note", "nowhere=x"], "nothing in the picture of lenet is `nowhere`"),
        ([RESNET, "--highlight", "layr3"], "did you mean `layer3`?"),
        ([LENET, "--dpi", "300"], "ends in `.png`"),
        ([LENET, "--dpi", "0", "-o", "x.png"], "more than 0"),
        ([LENET, "--dpi", "1e-9", "-o", "x.png"], "has no pixel at 1e-09 dpi"),
        ([LENET, "--size", "2x100pt", "--dpi", "30", "-o", "x.png"], "has no pixel at 30 dpi"),
        ([LENET, "--fragment", "-o", "x.svg"], "ends in `.tex`"),
        ([LENET, "--font", "Times", "-o", "x.pdf"], "font's file"),
        (["--block", "botleneck"], "did you mean `bottleneck`"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_2(run: Run, arguments: list[str], message: str) -> None:
    done = run("draw", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_wrong_spec_is_1(run: Run) -> None:
    done = run("draw", "-", stdin="archspec: 1\nname: broken\ninputs: {x: [3, 8, 8]}\ngraph: {a: convv}\n")
    assert done.code == 1
    assert "error[unknown-op]" in done.err


@pytest.mark.parametrize("name", library.blocks())
def test_every_block_is_drawn_by_itself(run: Run, tmp_path: Path, name: str) -> None:
    assert run("draw", "--block", name).out == f"wrote {name}.svg\n"
    assert (tmp_path / f"{name}.svg").read_text() == archspec.draw(block=name).svg


def test_a_block_of_a_file_or_of_a_spec_is_drawn_by_itself(run: Run, tmp_path: Path) -> None:
    text = "archspec: 1\nblock: mine\nparams: {k: {type: int}}\n"
    text += "graph: {c: {op: conv, out_channels: $k, kernel_size: 3}}\n"
    (tmp_path / "mine.yaml").write_text(text)
    assert (
        "`k`; state some in its `example:`, or to draw it here: `--set k=64`" in run("draw", "--block", "mine.yaml").err
    )
    assert run("draw", "--block", "mine.yaml", "--set", "k=8").code == 0
    alone = (tmp_path / "mine.svg").read_text()
    assert "3×3, k" in alone
    spec = "archspec: 1\nname: net\ninputs: {x: [3, 8, 8]}\ngraph: {a: {block: mine.yaml, k: 5}}\n"
    (tmp_path / "net.yaml").write_text(spec)
    assert run("draw", "net.yaml", "--block", "mine", "-o", "used.svg").code == 0
    assert (tmp_path / "used.svg").read_text() == alone


def test_options_written_in_documents() -> None:
    assert pictures.options({"show": "params, macs", "paper": "a4"}) == {"show": ["params", "macs"], "paper": "a4"}
    notes = pictures.options({"font-size": "8pt", "note": 'a="two words" b.c=one'})
    assert notes == {"font_size": "8pt", "note": ["a=two words", "b.c=one"]}
    with pytest.raises(archspec.UsageError, match="a quote in"):
        pictures.options({"note": 'a="two words'})
    with pytest.raises(archspec.UsageError, match="did you mean `theme`"):
        pictures.options({"them": "dark"})


def test_parameters_of_a_spec() -> None:
    assert "1×28×28" in archspec.draw(LENET).svg
    assert "1×32×32" in archspec.draw(LENET, image_size=32).svg
    with pytest.raises(archspec.UsageError, match="compiled already"):
        archspec.draw(archspec.compile(LENET), image_size=32)


def test_a_notebook_shows_the_picture_and_the_table() -> None:
    html = archspec.compile(RESNET)._repr_html_()
    assert archspec.draw(RESNET, theme="auto").inline in html
    assert "<td>layer2.0</td>" in html
    assert archspec.draw(RESNET)._repr_svg_().startswith("<svg")


def test_a_picture_too_small_to_read_on_its_page_is_noted(run: Run) -> None:
    done = run("draw", RESNET, "--detail", "ops", "--paper", "a4", "-o", "x.svg")
    assert done.code == 0
    assert re.fullmatch(
        r"note: on a4 the smallest text is [1-5]\.\d pt; fewer boxes .* would make it larger\n", done.err
    )
    assert run("draw", RESNET, "--paper", "a4", "-o", "x.svg").err == ""


def test_what_a_picture_could_not_be_is_noted(run: Run) -> None:
    done = run("draw", "fpn", "--width", "85mm", "--font-size", "8pt", "-o", "x.svg")
    assert done.code == 0
    assert re.match(r"note: on 85mm the smallest text is \d\.\d pt, not 8 pt; ", done.err)
    assert "`Unheard`" in run("draw", LENET, "--font", "Unheard", "-o", "x.svg").err


def test_a_file_with_pixels_and_a_fragment_are_as_asked(run: Run, tmp_path: Path) -> None:
    options = ("--width", "85mm", "--dpi", "300", "--title", "Two words")
    run("draw", LENET, *options, "-o", "x.png")
    assert (tmp_path / "x.png").read_bytes() == archspec.draw(LENET, width="85mm", title="Two words").png(300)
    assert run("draw", LENET, *options, "--check", "x.png").code == 0
    run("draw", LENET, "--fragment", "-o", "x.tex")
    assert (tmp_path / "x.tex").read_text() == archspec.draw(LENET).tikz_fragment
    stale = run("draw", LENET, "--fragment", "--font-size", "8pt", "--check", "x.tex")
    assert "--fragment --font-size 8pt -o x.tex" in stale.err


def test_a_parameter_called_width_is_told_from_the_width_of_the_picture() -> None:
    with pytest.raises(archspec.UsageError, match=r"archspec\.compile\(spec, width=0\.5\)"):
        archspec.draw(str(ROOT / "specs" / "mobilenet_v2.yaml"), width=0.5)  # type: ignore[arg-type]


def test_documents_take_the_options_of_the_command(tmp_path: Path) -> None:
    markdown = pytest.importorskip("markdown")
    pytest.importorskip("sphinx")
    from archspec.sphinx.directive import DiagramDirective

    assert {name.replace("_", "-") for name in pictures.OPTIONS} <= DiagramDirective.option_spec.keys()
    fence = '```archspec\nlenet\n:width: 85mm\n:font-size: 8pt\n:note: conv1="two words"\n:highlight: fc1 fc2\n```\n'
    page = markdown.markdown(fence, extensions=["archspec.markdown"])
    wish = {"width": "85mm", "font_size": "8pt", "note": {"conv1": "two words"}, "highlight": ["fc1", "fc2"]}
    assert archspec.draw("lenet", **wish).inline in page
