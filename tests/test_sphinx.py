"""The Sphinx and the Markdown extension, each in a small project."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

import archspec

ROOT = Path(__file__).parent.parent
LENET = (ROOT / "specs" / "lenet.yaml").read_text(encoding="utf-8")
SPEC = """archspec: 1
name: mine
inputs: {x: [3, 8, 8]}
graph: {a: {op: conv, out_channels: 4, kernel_size: 3}, b: relu}
"""

USED = SPEC.replace("relu}", "relu, c: {block: conv_bn, out_channels: 4, kernel_size: 1}}")

BLOCK = """archspec: 1
block: mine
params: {k: {type: int}}
example: {k: 4}
graph: {c: {op: conv, out_channels: $k, kernel_size: 3}}
"""


class Built(NamedTuple):
    code: int
    errors: str
    site: Path

    def page(self, name: str = "index") -> str:
        return (self.site / f"{name}.html").read_text(encoding="utf-8")


def build(folder: Path, text: str, *, builder: str = "html", theme: str = "basic", conf: str = "") -> Built:
    """A project of one page in reStructuredText, beside LeNet's spec."""
    pytest.importorskip("sphinx")
    extensions = ["archspec.sphinx", *(["myst_parser"] if "archspec_" in conf else [])]
    files = {
        "lenet.yaml": LENET,
        "index.rst": f"Title\n=====\n\n{text}\n",
        "conf.py": f"extensions = {extensions}\nhtml_theme = {theme!r}\nkeep_warnings = True\n{conf}\n",
    }
    for name, written in files.items():
        if not (folder / name).exists():
            (folder / name).write_text(written)
    site = folder / "_build"
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "--no-color", "-b", builder, str(folder), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Built(done.returncode, done.stderr, site)


def images(built: Built, page: str = "index") -> dict[str, str]:
    names = sorted(set(re.findall(r'src="_images/([^"]+\.svg)"', built.page(page))))
    return {name: (built.site / "_images" / name).read_text() for name in names}


MISTAKES = {
    ".. archspec:: broken.yaml": "error[unknown-op]: no op is called `convv`",
    ".. archspec:: missing.yaml": "cannot read",
    ".. archspec::": "takes the path of a spec",
    ".. archspec::\n   :block:": "takes the name or path of a block",
    ".. archspec:: lenet.yaml\n   :theme: drak": "did you mean `dark`",
    ".. archspec:: lenet.yaml\n   :set: clases=7": "no parameter `clases`",
    ".. archspec:: lenet.yaml\n   :table: many": "many",
    ":archspec:op:`convv`": "there is no page on the op convv",
}
OPTIONS = "   :theme: print\n   :detail: ops\n   :show: params macs\n   :set: num_classes=7\n   :table: 0\n   :name: it"


def indented(spec: str) -> str:
    """A spec as the content of a directive."""
    return "".join(f"   {line}\n" for line in spec.splitlines())


PAGES = {
    "picture": ".. archspec:: lenet.yaml\n   :caption: LeNet, *drawn*",
    "options": f".. archspec:: lenet.yaml\n{OPTIONS}\n\nSee `me <it_>`_.",
    "several": f".. archspec::\n\n{indented(SPEC)}\n"
    + "".join(f".. archspec:: {name}\n   :block:\n\n" for name in ("inception", "mine.yaml")),
    "used": f".. archspec::\n   :block: conv_bn\n   :detail: ops\n\n{indented(USED)}",
    "stages": ".. archspec:: lenet.yaml alexnet\n   :style: table\n   :caption: Side by side\n",
    "partial": ".. archspec:: broken.yaml\n   :partial:\n",
    **{f"mistake{number}": text for number, text in enumerate(MISTAKES)},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One project of several pages: most of the time of Sphinx is that of its start."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "mine.yaml").write_text(BLOCK)
    (folder / "broken.yaml").write_text(SPEC.replace("relu", "convv"))
    for name, text in PAGES.items():
        (folder / f"{name}.rst").write_text(f"Title\n=====\n\n{text}\n")
    return build(folder, ".. toctree::\n\n" + "".join(f"   {name}\n" for name in PAGES))


def errors(project: Built, page: str) -> str:
    """What Sphinx says of a page."""
    found = re.split(rf"^(?={re.escape(str(project.site.parent))}/)", project.errors, flags=re.MULTILINE)
    assert found[0] == ""
    return "".join(text for text in found if text.startswith(f"{project.site.parent / page}.rst:"))


def test_a_picture_follows_the_page(project: Built) -> None:
    assert (project.code, errors(project, "picture")) == (0, "")
    (svg,) = images(project, "picture").values()
    assert svg == archspec.draw(ROOT / "specs" / "lenet.yaml", theme="light").svg
    assert "<em>drawn</em>" in project.page("picture")
    assert 'alt="lenet: overview. LeNet as most courses' in project.page("picture")


def test_a_theme_with_a_switch_has_a_light_and_a_dark_one(tmp_path: Path) -> None:
    pytest.importorskip("furo")
    built = build(tmp_path, ".. archspec:: lenet.yaml", theme="furo")
    assert built.errors == ""
    pair = {archspec.draw(ROOT / "specs" / "lenet.yaml", theme=theme).svg for theme in ("light", "dark")}
    assert set(images(built).values()) == pair
    assert built.page().count("only-light") == built.page().count("only-dark") == 1


def test_options_parameters_and_tables(project: Built) -> None:
    assert errors(project, "options") == ""
    (svg,) = images(project, "options").values()
    path = ROOT / "specs" / "lenet.yaml"
    assert svg == archspec.draw(path, theme="print", detail="ops", show=["params", "macs"], num_classes=7).svg
    rows = project.page("options").count("<tr")
    assert rows == 1 + len(archspec.compile(path))
    assert 'id="it"' in project.page("options")


def test_a_spec_in_the_page_and_a_block(project: Built) -> None:
    assert errors(project, "several") == ""
    assert [name.partition("-")[0] for name in images(project, "several")] == ["inception", "mine", "mine"]


def test_of_a_spec_in_the_page_a_block_is_drawn(project: Built) -> None:
    assert errors(project, "used") == ""
    (svg,) = images(project, "used").values()
    network = archspec.compile_text(USED)
    assert svg == archspec.draw(network, block="conv_bn", detail="ops", theme="light").svg


def test_a_table_of_stages_takes_several_networks(project: Built) -> None:
    assert errors(project, "stages") == ""
    (svg,) = images(project, "stages").values()
    assert svg == archspec.draw(["lenet", "alexnet"], style="table").svg


def test_a_wrong_spec_is_drawn_where_that_is_asked(project: Built) -> None:
    (svg,) = images(project, "partial").values()
    drawn = archspec.draw(project.site.parent / "broken.yaml", partial=True).svg
    assert (errors(project, "partial"), svg) == ("", drawn)


def test_paper_gets_vectors(tmp_path: Path) -> None:
    built = build(tmp_path, ".. archspec:: lenet.yaml", builder="latex", theme="furo")
    assert built.errors == ""
    assert len(list(built.site.glob("lenet-*.pdf"))) == 1


def test_a_page_has_a_picture_in_a_font_that_only_its_reader_has(tmp_path: Path) -> None:
    options = "   :style: volumes\n   :width: 85mm\n   :font-size: 6pt\n   :font: Times\n   :title: LeNet, drawn"
    built = build(tmp_path, f".. archspec:: lenet.yaml\n{options}")
    assert built.errors == ""
    (svg,) = images(built).values()
    assert "font-family:Times" in svg
    assert 'alt="LeNet, drawn. ' in built.page()


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistakes_have_a_line(project: Built, number: int) -> None:
    found = errors(project, f"mistake{number}")
    assert f"mistake{number}.rst:4" in found
    assert list(MISTAKES.values())[number] in found


def test_a_changed_spec_is_drawn_again(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SPEC)
    (tmp_path / "mine.yaml").write_text("archspec: 1\nname: other\nextends: base.yaml\n")
    before = build(tmp_path, ".. archspec:: mine.yaml").page()
    page = (tmp_path / "_build" / "index.html").stat().st_mtime_ns
    assert build(tmp_path, ".. archspec:: mine.yaml").page() == before
    assert (tmp_path / "_build" / "index.html").stat().st_mtime_ns == page, "read again without need"
    (tmp_path / "base.yaml").write_text(SPEC.replace("out_channels: 4", "out_channels: 5"))
    assert build(tmp_path, ".. archspec:: mine.yaml").page() != before


CONF = 'archspec_reference = "reference"\narchspec_gallery = "nets"\narchspec_gallery_specs = ["*.yaml"]'

SOME_PAGES = """
from archspec.sphinx import pages
whole = pages.reference
def some():
    known = {"ops": ["conv", "relu"], "blocks": ["inception"], "errors": ["shape-mismatch"]}
    lists = {f"{kind}/index": "\\n".join(["# Some", "```{toctree}", *names, "```"]) for kind, names in known.items()}
    return lists | {f"{kind}/{name}": whole()[f"{kind}/{name}"] for kind, names in known.items() for name in names}
pages.reference = some
"""
"""A few of the pages: `test_docs` builds them all."""


def test_pages_and_links(tmp_path: Path) -> None:
    pytest.importorskip("myst_parser")
    links = ":archspec:op:`conv` :archspec:block:`inception` :archspec:error:`shape-mismatch` :any:`relu`"
    links += " :archspec:network:`lenet`"
    (tmp_path / "mine.yaml").write_text(BLOCK)  # no network: it has no page in the gallery
    trees = "".join(f"   {page}/index\n" for page in ("reference/ops", "reference/blocks", "reference/errors", "nets"))
    conf = f'{CONF}\nmyst_enable_extensions = ["colon_fence"]\n{SOME_PAGES}'
    built = build(tmp_path, f"{links}\n\n.. toctree::\n\n{trees}", conf=conf)
    assert (built.code, built.errors) == (0, "")
    targets = ["ops/conv", "blocks/inception", "errors/shape-mismatch", "ops/relu"]
    assert all(f'href="reference/{target}.html"' in built.page() for target in targets)
    assert 'href="nets/lenet.html"' in built.page()
    assert 'href="lenet-interactive.html"' in built.page("nets/lenet")
    assert archspec.compile(tmp_path / "lenet.yaml").name in built.page("nets/lenet-interactive")
    inventory = subprocess.run(
        [sys.executable, "-m", "sphinx.ext.intersphinx", str(built.site / "objects.inv")],
        capture_output=True,
        text=True,
    ).stdout
    assert all(f"    {name} " in inventory for name in ("conv", "relu", "inception", "shape-mismatch", "lenet"))


def test_pages_are_written_where_they_changed_and_removed_where_they_are_no_longer_made(tmp_path: Path) -> None:
    pages = pytest.importorskip("archspec.sphinx.pages")
    (tmp_path / "mine.md").write_text("# Mine\n")
    pages.write(tmp_path, {"a/one": "# One\n", "two": "# Two\n"})
    written = (tmp_path / "a" / "one.md").stat().st_mtime_ns
    pages.write(tmp_path, {"a/one": "# One\n", "three": "# Three\n"})
    assert sorted(path.name for path in tmp_path.rglob("*.md")) == ["mine.md", "one.md", "three.md"]
    assert (tmp_path / "a" / "one.md").stat().st_mtime_ns == written


# Markdown


def convert(text: str, **options: str) -> str:
    markdown = pytest.importorskip("markdown")
    config = {"archspec.markdown": {"root": str(ROOT), **options}}
    html: str = markdown.markdown(text, extensions=["fenced_code", "archspec.markdown"], extension_configs=config)
    return html


def test_a_fence_becomes_a_picture() -> None:
    html = convert(
        "# A\n\n```archspec\nspecs/lenet.yaml\n:detail: ops\n:caption: It & more\n:set: num_classes=7\n```\n\nafter\n"
    )
    svg = archspec.draw(ROOT / "specs" / "lenet.yaml", detail="ops", num_classes=7).inline
    assert svg in html
    assert "<figcaption>It &amp; more</figcaption>" in html
    assert "<p>after</p>" in html


def test_a_fence_can_hold_a_spec() -> None:
    html = convert(f"~~~ archspec\n:theme: print\n{SPEC}~~~\n")
    assert archspec.draw(archspec.compile_text(SPEC), theme="print").inline in html


def test_a_fence_can_be_a_table_of_several_networks() -> None:
    shown = archspec.draw(["lenet", "alexnet"], style="table").inline
    assert shown in convert("```archspec\nlenet\nalexnet\n:style: table\n```\n")
    assert archspec.draw("lenet", style="volumes").inline in convert("```archspec\nlenet\n:style: volumes\n```\n")


def test_a_fence_can_name_a_block() -> None:
    assert archspec.draw(block="inception").inline in convert("```archspec\ninception\n:block:\n```\n")
    assert archspec.draw(block="bottleneck", stride=2).inline in convert(
        "```archspec\nbottleneck\n:block:\n:set: stride=2\n```\n"
    )
    spec = "```archspec\nspecs/resnet50.yaml\n:block: bottleneck\n```\n"
    assert archspec.draw(ROOT / "specs" / "resnet50.yaml", block="bottleneck").inline in convert(spec)


def test_other_fences_are_left_alone() -> None:
    text = "````markdown\n```archspec\nspecs/lenet.yaml\n```\n````\n\n```python\n1\n```\n"
    html = convert(text)
    assert "<svg" not in html
    assert "specs/lenet.yaml" in html


WRONG_FENCES = {
    "specs/missing.yaml": "cannot read",
    "specs/lenet.yaml\n:them: dark": "did you mean `theme`",
    "specs/lenet.yaml\n:set: num_classes": "num_classes",
    "nothing\n:block:": "no block is called `nothing`",
    f":detail: ops\n{SPEC.replace('relu', 'rleu')}": " --&gt; &lt;markdown&gt;:8:60 (b)",
}


@pytest.mark.parametrize("body", WRONG_FENCES)
def test_a_wrong_fence_is_an_error_in_the_page_and_a_warning(body: str, caplog: pytest.LogCaptureFixture) -> None:
    html = convert(f"# A\n\n```archspec\n{body}\n```\n\nafter\n")
    assert "<p>after</p>" in html
    assert WRONG_FENCES[body] in html
    (warning,) = caplog.records
    assert (warning.name, warning.levelname) == ("archspec.markdown", "WARNING")
    assert warning.getMessage().startswith("<markdown>:3: this fence cannot be drawn\n")
    assert unescape(WRONG_FENCES[body]) in warning.getMessage()


def test_mkdocs_names_the_page_and_its_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """MkDocs keeps the page's file where Markdown can see it, and takes off the lines at its head."""
    markdown = pytest.importorskip("markdown")
    treeprocessors = pytest.importorskip("markdown.treeprocessors")
    wrong = f"```archspec\n{SPEC.replace('relu', 'rleu')}```\n"
    page = tmp_path / "index.md"
    page.write_text(f"---\ntitle: A\n---\n\n{wrong}\ntext\n\n{wrong}", encoding="utf-8")
    converter = markdown.Markdown(extensions=["fenced_code", "archspec.markdown"])
    relpath = treeprocessors.Treeprocessor(converter)
    relpath.file = SimpleNamespace(src_path="index.md", abs_src_path=str(page))
    converter.treeprocessors.register(relpath, "relpath", 0)
    converter.convert(f"{wrong}\ntext\n\n{wrong}")
    assert {warning.name for warning in caplog.records} == {"mkdocs.plugins.archspec"}
    first, second = (warning.getMessage() for warning in caplog.records)
    assert first.startswith("index.md:5: ")
    assert "--> index.md:9:60 (b)" in first
    assert second.startswith("index.md:14: ")
    assert "--> index.md:18:60 (b)" in second
