"""The site builds, its links lead somewhere, and what its pages say can be run."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from corpus import SOME_SPECS, SPECS
from sampling import few

import archspec
from archspec.cli import COMMANDS, main
from archspec.language import evaluation, initialisation, library, spec, values
from archspec.ops import op, registry
from archspec.reports import explanations

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "figures").glob("*.md"))]
GENERATED = ("reference", "gallery", "_build")

OTHER_COMMANDS = ("pip", "python3")
"""Commands of console blocks that set up an environment; `make` is checked for its targets."""


# What pages say


def fences(page: Path) -> list[tuple[str, str]]:
    """The language and the text of each block of code."""
    text = page.read_text(encoding="utf-8")
    return [
        (found[2], found[3]) for found in re.finditer(r"^(`{3,})(\S*)[^\n]*\n(.*?)^\1$", text, re.DOTALL | re.MULTILINE)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a page's blocks run: beside the specs, and with the files that pages name but do not make."""
    (tmp_path / "specs").mkdir()
    for path in SPECS:
        (tmp_path / "specs" / path.name).write_bytes(path.read_bytes())
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_weights(folder: Path) -> None:
    """A checkpoint and a photo, where PyTorch is installed."""
    torch = pytest.importorskip("torch")
    state = archspec.build("specs/resnet50.yaml").state_dict()
    theirs = {
        re.sub(r"downsample\.conv", "downsample.0", re.sub(r"downsample\.bn", "downsample.1", k)): v
        for k, v in state.items()
    }
    for name in ("resnet50.pth", "resnet50-11ad3fa6.pth"):
        torch.save(theirs, folder / name)
    pytest.importorskip("PIL.Image").new("RGB", (40, 30)).save(folder / "cat.png")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_and_commands_run(page: Path, folder: Path, monkeypatch: Any, capsys: Any) -> None:
    blocks = fences(page)
    text = "\n".join(body for language, body in blocks if language in ("python", "console"))
    if ".pth" in text:
        make_weights(folder)
    if re.search(r"import torch|\bnn\.|archspec\.build|archspec run", text):
        pytest.importorskip("torch")
    monkeypatch.setattr(op, "REGISTERED", dict(registry.ops()))  # an op that a page defines is of that page alone
    names: dict[str, Any] = {}
    for language, body in blocks:
        if language == "yaml" and body.startswith("archspec: 1"):
            save_spec(body, folder)
        elif language == "console":
            run_console(body, monkeypatch, capsys)
        elif language == "python":
            run_python(body, names)


def save_spec(text: str, folder: Path) -> None:
    """A page's spec stands beside its commands, under its name, and compiles."""
    name = re.search(r"^name: (\S+)", text, re.MULTILINE)
    path = folder / f"{name[1] if name else 'spec'}.yaml"
    path.write_text(text, encoding="utf-8")
    assert len(archspec.compile(path))


def run_python(body: str, names: dict[str, Any]) -> None:
    if "nn." in body and "import torch" not in body:
        from torch import nn

        names["nn"] = nn
    exec(on_this_device(body), names)


def on_this_device(text: str) -> str:
    """Code and commands for a GPU, for the CPU where there is none."""
    if "cuda" not in text or pytest.importorskip("torch").cuda.is_available():
        return text
    text = text.replace('device="cuda"', 'device="cpu"').replace("--device cuda --dtype bfloat16", "--device cpu")
    return text.replace(" --compile", "")


def run_console(body: str, monkeypatch: Any, capsys: Any) -> None:
    """Run the commands of a block; lines below a command are lines that it prints, in order."""
    printed: list[str] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            printed = run_command(line[2:], monkeypatch, capsys)
        elif line.strip() not in ("", "…"):
            assert line.rstrip() in printed, line
            printed = printed[printed.index(line.rstrip()) + 1 :]


def run_command(line: str, monkeypatch: Any, capsys: Any) -> list[str]:
    command, *arguments = shlex.split(on_this_device(line), comments=True)
    if command == "make":
        assert f"\n{arguments[0]}:" in (ROOT / "Makefile").read_text()
    if command != "archspec":
        assert command in ("make", *OTHER_COMMANDS)
        return []
    if arguments[0] == "run":
        arguments += ["--seconds", "0.01", "--set", "image_size=64"]
    monkeypatch.setattr(sys, "argv", ["archspec", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code = 0
    try:
        main()
    except SystemExit as exit:
        code = int(exit.code or 0)
    done = capsys.readouterr()
    assert code == 0, done.err
    return [text.rstrip() for text in done.out.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_in_the_text_exist(page: Path) -> None:
    assert set(re.findall(r"`archspec ([a-z]+)", page.read_text(encoding="utf-8"))) <= set(COMMANDS)


def test_the_error_of_the_tutorial_is_the_one_printed(folder: Path) -> None:
    blocks = fences(ROOT / "docs" / "tutorial.md")
    spec = next(body for language, body in blocks if language == "yaml")
    shown = next(body for language, body in blocks if language == "text")
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(spec.replace("channels: 32", "chanels: 32"), name="small_resnet.yaml")
    assert str(caught.value) == shown.rstrip()


def test_the_page_of_the_language_has_all_its_words() -> None:
    """Keys, functions, attributes of tensors, initialisers, types of parameters, ops without operands."""
    models = (spec.NetworkFile, spec.BlockFile, spec.Param, spec.Output, spec.Expect, spec.Bound, spec.Paper)
    words = {*op.NODE_KEYS, *(key for model in models for key in model.keys())}  # noqa: SIM118 - no mapping
    words |= {
        *evaluation.FUNCTIONS,
        *values.ATTRIBUTES,
        *initialisation.FUNCTIONS,
        *initialisation.FAMILIES,
        *spec.TYPES,
    }
    words |= {name for name, kind in registry.ops().items() if kind.takes_nothing}
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    code = re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL)
    assert not words - set(re.findall(r"\w+", " ".join(code)))


def test_the_decisions_name_files_that_exist_and_all_of_the_layout() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]+(?:\.(?:py|mjs|md|yaml)|/))`", text))
    found = [
        each
        for folder in ("archspec", "docs", "specs", "tests")
        for each in (ROOT / folder, *(ROOT / folder).rglob("*"))
    ]
    paths = [f"{path.as_posix()}{'/' * path.is_dir()}" for path in found]
    assert not [name for name in named if not any(path.endswith(f"/{name}") for path in paths)]
    assert {path.name for path in (ROOT / "archspec" / "drawing" / "layout").glob("[a-z]*.py")} <= named


def test_the_plugin_shown_is_the_one_tested() -> None:
    shown = next(body for language, body in fences(ROOT / "docs" / "extending.md") if "class Softsign" in body)
    assert shown in (ROOT / "tests" / "plugin" / "archspec_plugin_example" / "ops.py").read_text()


def test_the_figures_of_the_costs_page() -> None:
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    resnet, paper = (archspec.compile(ROOT / "specs" / "resnet50.yaml", variant=name) for name in (None, "paper"))
    training = archspec.compile(ROOT / "specs" / "googlenet.yaml", variant="training")
    deepface = archspec.compile(ROOT / "specs" / "deepface.yaml")
    figures = [resnet.params, resnet.buffer_elements, resnet.macs, paper.macs, training.params, deepface.params]
    assert all(f"{figure:,}" in text for figure in figures)


def test_the_fields_and_tiles_of_the_costs_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for language, body in fences(ROOT / "docs" / "costs.md"):
        names: dict[str, object] = {}
        if language == "python":
            exec(body, names)
            for expression, shown in re.findall(r"^(\S.*?)  # (\(.*?)(?:: .*)?$", body, flags=re.MULTILINE):
                assert eval(expression, names) == eval(shown), expression


# The site


class Links(HTMLParser):
    """The ids of a page, and what it points at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.targets.add(value)


def broken_links(site: Path) -> Iterator[str]:
    pages = {path.resolve(): Links(path) for path in site.rglob("*.html")}
    for path, page in pages.items():
        for target in sorted(page.targets):
            parts = urlsplit(target)
            if (
                parts.scheme or parts.netloc or parts.path.startswith("playground/")
            ):  # which docs/playground/build.py makes
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not file.exists() or (parts.fragment and file in pages and parts.fragment not in pages[file].ids):
                yield f"{path.name}: {target}"


def test_the_site_builds_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("furo")
    pytest.importorskip("myst_parser")
    for name in ("docs", "specs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(*GENERATED))
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "docs", str(site)]
    shown = few(SOME_SPECS[::3], 4)
    if shown != SPECS:
        command += ["-D", "archspec_gallery_specs=" + ",".join(f"../specs/{path.name}" for path in shown)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ}, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(broken_links(site)) == []
    made = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {f"reference/ops/{name}.html" for name in registry.ops()} <= made
    assert {f"reference/blocks/{name}.html" for name in library.blocks()} <= made
    assert {f"reference/errors/{code}.html" for code in explanations.codes()} <= made
    assert {f"gallery/{path.stem}.html" for path in shown} <= made
    inventory = [sys.executable, "-m", "sphinx.ext.intersphinx", str(site / "objects.inv")]
    listed = subprocess.run(inventory, capture_output=True, text=True, check=True).stdout
    assert all(f"    {name} " in listed for name in (*registry.ops(), *library.blocks(), *explanations.codes()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_files_hold_on_github_too(page: Path) -> None:
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)]+)\)|src(?:set)?=\"([^\"]+)\"", text):
        path, _, anchor = next(filter(None, target)).partition("#")
        if "://" in path:
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "images").glob("*.svg")), ids=lambda path: path.stem)
def test_committed_pictures_are_current(path: Path) -> None:
    name, _, theme = path.stem.partition("-")
    assert (
        path.read_text(encoding="utf-8") == archspec.draw(ROOT / "specs" / f"{name}.yaml", theme=theme or "light").svg
    ), f"archspec draw specs/{name}.yaml --theme {theme or 'light'} -o docs/images/{path.name}"
