"""The commands ``diff`` and ``report``: what they print, their exit codes, and revisions of git."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from command import Run

import archspec
from archspec.comparison.revisions import is_of_revision
from archspec.drawing.changes import draw

BASE = """\
archspec: 1
name: base
inputs: {image: [3, 32, 32]}
graph:
  conv: {op: conv, out_channels: 16, kernel_size: 3, padding: 1}
  body: {block: ./unit.yaml, repeat: 3}
  pool: global_avg_pool
"""
UNIT = "archspec: 1\nblock: unit\ngraph: {norm: batch_norm, relu: relu}\n"
WIDE = "archspec: 1\nname: wide\nextends: base.yaml\ngraph: {conv: {out_channels: 32}}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a spec, what extends it and a block, whose block has changed since its first commit."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    folder = tmp_path / "specs"
    folder.mkdir()
    for name, text in {"base.yaml": BASE, "unit.yaml": UNIT, "wide.yaml": WIDE}.items():
        (folder / name).write_text(text)
    (tmp_path / "other.yaml").write_text("a: 1\n")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    (folder / "unit.yaml").write_text(UNIT.replace("relu: relu", "relu: silu"))
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    person = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *person, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")


# Two specs


def test_two_networks(run: Run) -> None:
    done = run("diff", "resnet50", "resnet101")
    assert done.code == 0
    assert done.out.splitlines()[0] == "resnet50 → resnet101"
    assert "layer3: bottleneck ×6 → ×23" in done.out


def test_parameters_and_variants_of_each_side(run: Run) -> None:
    done = run("diff", "resnet50", "resnet50", "--set-a", "num_classes=5", "--variant-b", "paper")
    assert done.out.splitlines()[0] == "resnet50 num_classes=5 → resnet50 paper"
    assert "num_classes 5 → 1000" in done.out


def test_nothing_differs(run: Run) -> None:
    assert "No difference" in run("diff", "vgg11", "vgg11").out
    assert "No difference" in run("diff", "vgg11", "vgg11", "--format", "markdown").out
    assert json.loads(run("diff", "vgg11", "vgg11", "--format", "json").out)["edits"] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--max-params", "45M"], 0),
        (["--max-params", "44_549_160"], 0),
        (["--max-params", "44_549_159"], 1),
        (["--max-params", "+75%"], 0),
        (["--max-params", "+74%"], 1),
        (["--max-macs", "+3.8G"], 0),
        (["--max-macs", "+3.7G"], 1),
        (["--max-macs", "-5%"], 1),
        (["--same", "network"], 1),
        (["--same", "weights"], 1),
    ],
)
def test_budgets(run: Run, options: list[str], code: int) -> None:
    done = run("diff", "resnet50", "resnet101", *options)
    assert (done.code, "error:" in done.err) == (code, bool(code))


def test_weights_are_the_same_with_another_activation(run: Run) -> None:
    sides = ("diff", "resnet50", "resnet50", "--set-b", "act=gelu")
    assert run(*sides, "--same", "weights").code == 0
    assert run(*sides, "--same", "network").code == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["resnet50"], "two specs are compared"),
        (["-", "-"], "standard input holds one spec"),
        (["vgg11", "vgg13", "--max-params", "many"], "is no budget"),
        (["vgg11", "vgg13", "-o", "x.gif"], "not saved as `.gif`"),
        (["vgg11", "--git", "HEAD"], "takes no SPEC"),
    ],
)
def test_a_wrong_call(run: Run, arguments: list[str], text: str) -> None:
    done = run("diff", *arguments)
    assert done.code == 2
    assert text in done.err


def test_standard_input(run: Run) -> None:
    done = run("diff", "resnet50", "-", stdin="archspec: 1\nname: mine\nextends: resnet50\ngraph: {layer4: null}\n")
    assert done.code == 0
    assert "- layer4: bottleneck ×3" in done.out


# Pictures


def test_a_picture_marks_what_changed(run: Run, tmp_path: Path) -> None:
    assert run("diff", "googlenet", "googlenet_bn", "-o", "x.svg").code == 0
    text = (tmp_path / "x.svg").read_text()
    ET.fromstring(text)
    for mark in ("- removed", "~ inception -&gt; inception_bn", "~ kernel_size 3 -&gt; 2"):
        assert mark in text


@pytest.mark.parametrize(
    ("one", "other"), [("mobilenet_v2", "mobilenet_v3"), ("vgg11", "vgg13_bn"), ("unet", "segnet")]
)
@pytest.mark.parametrize("detail", ["overview", "blocks"])
def test_a_picture_has_all_that_was_removed_and_added(one: str, other: str, detail: str) -> None:
    comparison = archspec.diff(one, other)
    scene = draw(comparison, detail=detail).placing.scene  # type: ignore[arg-type]
    boxes = scene.by_id
    assert all(edge.source in boxes and edge.target in boxes for edge in scene.edges)
    shown = {path for box in scene.boxes for path in box.paths}
    assert {node.path for node in comparison.after} <= shown
    families = {box.family for box in scene.boxes}
    kinds = {edit.kind for edit in comparison.edits}
    assert ("removed" in families) == ("removed" in kinds)


# Revisions


def test_what_is_a_revision() -> None:
    assert is_of_revision("HEAD~1:specs/x.yaml")
    assert not any(map(is_of_revision, ["resnet50", "specs/x.yaml", "C:\\x.yaml", ":x.yaml", "-"]))


def test_a_revision_has_its_own_files(run: Run, repository: Path) -> None:
    done = run("diff", "HEAD:specs/wide.yaml", "specs/wide.yaml")
    assert done.code == 0, done.err
    assert "body.*.relu (3×): relu → silu" in done.out
    from_folder = archspec.diff("HEAD:./specs/wide.yaml", "specs/wide.yaml")
    assert [edit.path for edit in from_folder.edits] == ["body.*.relu"]


def test_all_specs_that_changed(run: Run, repository: Path) -> None:
    (repository / "specs" / "new.yaml").write_text("archspec: 1\nname: new\nextends: base.yaml\n")
    (repository / "specs" / "base.yaml").write_text(BASE + "  flat: flatten\n")
    (repository / "specs" / "wide.yaml").unlink()
    done = run("diff", "--git", "HEAD")
    assert done.code == 0, done.err
    assert "HEAD:specs/base.yaml → specs/base.yaml" in done.out
    assert "specs/new.yaml: new" in done.out
    assert "specs/wide.yaml: removed" in done.out
    assert "other.yaml" not in done.out
    found = json.loads(run("diff", "--git", "HEAD", "--format", "json").out)["specs"]
    assert found.keys() == {"specs/base.yaml", "specs/new.yaml", "specs/wide.yaml"}
    assert run("diff", "--git", "HEAD", "--same", "network").code == 1


def test_nothing_changed(run: Run, repository: Path) -> None:
    commit(repository)
    assert run("diff", "--git", "HEAD").out == "no spec changed since HEAD\n"


def test_an_error_in_a_revision_has_its_place(run: Run, repository: Path) -> None:
    (repository / "specs" / "base.yaml").write_text(BASE.replace("global_avg_pool", "global_avgpool"))
    commit(repository)
    (repository / "specs" / "base.yaml").write_text(BASE)
    done = run("diff", "HEAD:specs/wide.yaml", "specs/wide.yaml")
    assert done.code == 1
    assert "HEAD:specs/base.yaml:7:" in done.err
    assert run("diff", "--git", "HEAD").code == 1


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("HEAD~9:specs/base.yaml", "has no revision `HEAD~9`"),
        ("HEAD:specs/none.yaml", "has no YAML file"),
        ("HEAD:../base.yaml", "is no file of the repository"),
        ("HEAD:", "is no file of the repository"),
        ("--help:specs/base.yaml", "is no revision"),
    ],
)
def test_a_wrong_revision(run: Run, repository: Path, spec: str, text: str) -> None:
    done = run("diff", "--", spec, "specs/base.yaml")
    assert done.code == 2
    assert text in done.err


def test_a_revision_is_no_option_of_git(run: Run, repository: Path) -> None:
    assert "is no revision" in run("diff", "--git=--output=x").err
    assert not (repository / "x").exists()


def test_no_repository(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    done = run("diff", "HEAD:x.yaml", "vgg11")
    assert (done.code, "is in no git repository" in done.err) == (2, True)


def test_no_git(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = run("diff", "HEAD:specs/base.yaml", "vgg11")
    assert (done.code, "needs the `git` command" in done.err) == (2, True)


def test_links_of_a_revision_are_not_followed(run: Run, repository: Path) -> None:
    (repository / "specs" / "link.yaml").symlink_to("/etc/hostname")
    commit(repository)
    assert "has no YAML file" in run("diff", "HEAD:specs/link.yaml", "vgg11").err


# Reports


def test_a_report_as_markdown_has_its_picture_beside_it(run: Run, tmp_path: Path) -> None:
    assert run("report", "resnet101", "-o", "card.md").code == 0
    text = (tmp_path / "card.md").read_text()
    assert "![resnet101](<card.svg>)" in text
    ET.fromstring((tmp_path / "card.svg").read_text())
    for part in ("| MACs | 7,801,405,440 |", "| 32 | 294.0 MiB |", "## Compared with resnet50", "MACs: multiply-acc"):
        assert part in text


def test_a_report_as_html_is_one_file(run: Run, tmp_path: Path) -> None:
    assert run("report", "vgg11", "-o", "card.html").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["card.html"]
    text = (tmp_path / "card.html").read_text()
    assert "<svg" in text
    assert "src=" not in text
    assert "Compared with" not in text


def test_a_variant_is_compared_with_its_family(run: Run, tmp_path: Path) -> None:
    assert run("report", "efficientnet_b3").code == 0
    assert "## Compared with efficientnet" in (tmp_path / "efficientnet_b3.md").read_text()


def test_a_report_of_a_file_is_compared_with_what_it_extends(run: Run, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "unit.yaml").write_text(UNIT)
    (tmp_path / "wide.yaml").write_text(WIDE.replace("name: wide", 'name: wide\ndoc: "a <b> | *c*"'))
    assert run("report", "wide.yaml", "-o", "x.html").code == 0
    assert run("report", "wide.yaml", "-o", "x.md").code == 0
    page, markdown = (tmp_path / "x.html").read_text(), (tmp_path / "x.md").read_text()
    assert "conv: out_channels 16 → 32" in page
    assert "a &lt;b&gt; | *c*" in page
    assert r"a \<b\> \| \*c\*" in markdown


def test_a_report_is_markdown_or_html(run: Run) -> None:
    done = run("report", "vgg11", "-o", "x.pdf")
    assert (done.code, "`x.pdf`" in done.err) == (2, True)
