"""What a shell completes, asked as a shell asks: by environment variables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Run

from archspec.cli import COMMANDS
from archspec.drawing.content.cards import SHOWN
from archspec.drawing.content.colouring import COLOURS
from archspec.drawing.content.scene import DETAILS
from archspec.drawing.content.typefaces import NAMES
from archspec.drawing.formats.themes import THEMES
from archspec.drawing.layout.forms import DIRECTIONS, LAYOUTS
from archspec.drawing.layout.lengths import NAMED
from archspec.drawing.layout.pages import page_size
from archspec.language import library
from archspec.language.limits import Limits
from archspec.ops import registry
from archspec.reports import explanations

ROOT = Path(__file__).parent.parent
SPEC = """archspec: 1
name: net
params: {width: {default: 1, doc: How wide.}, classes: 10}
inputs: {x: [3, 8, 8]}
graph: {a: {block: conv_bn_relu, out_channels: "$(width * classes)"}, b: {block: own}}
blocks: {own: {graph: {c: relu}}, unused: {graph: {c: relu}}}
variants: {tiny: {width: 1}, wide: {width: 2}}
weights: {torchvision: {}}
"""

Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Complete:
    """The words that complete the last word of a line, in bash."""
    (tmp_path / "net.yaml").write_text(SPEC)

    def call(line: str) -> list[str]:
        monkeypatch.setenv("_ARCHSPEC_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", f"archspec {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" "))))
        done = run()
        assert (done.code, done.err) == (0, "")
        return done.out.split()

    return call


def test_commands_and_their_options(complete: Complete) -> None:
    assert complete("") == COMMANDS
    assert complete("ch") == ["check"]
    assert complete("nothing") == complete("nothing x") == []
    assert complete("draw --th") == ["--theme"]
    assert {"--output", "--variant", "--depth", "--help"} <= set(complete("compile --"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_completes(complete: Complete, command: str) -> None:
    assert "--help" in complete(f"{command} --")


TABLES = {
    "ops": registry.ops(),
    "blocks": library.blocks(),
    "explain": explanations.codes(),
    "draw --block": library.blocks(),
    "draw --detail": DETAILS,
    "draw --theme": THEMES,
    "draw --direction": DIRECTIONS,
    "draw --layout": LAYOUTS,
    "draw --color": COLOURS,
    "draw --width": NAMED,
    "draw --font": [name for name in NAMES if " " not in name],
    "draw net.yaml --show": SHOWN,
    "draw --show params --show": SHOWN,
    "diff --detail": DETAILS,
    "diff --theme": THEMES,
    "diff vgg11 net.yaml --format": ["table", "markdown", "json"],
    "diff --same": ["weights", "network"],
    "check net.yaml --format": ["text", "json", "github"],
    "compile net.yaml --format": ["table", "json", "csv", "markdown"],
    "run --dtype": ["float32", "bfloat16", "float16"],
    "check --limit": [f"{name}=" for name in Limits.__dataclass_fields__],
}


@pytest.mark.parametrize("line", TABLES)
def test_words_of_a_table(complete: Complete, line: str) -> None:
    assert complete(f"{line} ") == list(TABLES[line])


def test_papers_are_those_that_there_are(complete: Complete) -> None:
    papers = complete("draw --paper ")
    assert {"a4", "a4-landscape", "letter"} <= set(papers)
    assert all(page_size(paper) for paper in papers)


def test_what_a_spec_names(complete: Complete) -> None:
    for command in ("compile", "check", "emit", "export", "draw", "report", "run", "weights"):
        assert complete(f"{command} net.yaml --variant ") == ["tiny", "wide"]
    assert complete("compile --root . net.yaml --variant w") == ["wide"]
    assert complete("compile net.yaml --set ") == ["width=", "classes="]
    assert complete("check net.yaml other.yaml --set width=2 --set c") == ["classes="]
    assert complete("weights net.yaml x.pth --source ") == ["torchvision"]
    assert complete("diff net.yaml other.yaml --set-a w") == ["width="]
    assert complete("diff other.yaml net.yaml --set-b w") == ["width="]
    assert complete("diff other.yaml net.yaml --variant-b w") == ["wide"]
    assert complete("diff net.yaml other.yaml --set-b w") == []


def test_blocks_to_draw_are_those_that_the_spec_uses(complete: Complete, tmp_path: Path) -> None:
    assert complete("draw net.yaml --block ") == ["conv_bn_relu", "own"]
    assert complete("draw --block bottleneck --set ch") == ["channels="]
    (tmp_path / "mine.yaml").write_text("archspec: 1\nblock: mine\nparams: {k: {type: int}}\ngraph: {c: relu}\n")
    assert complete("draw --block ./mine.yaml --set ") == ["k="]


def test_specs_are_found_through_folders(complete: Complete, tmp_path: Path) -> None:
    for name in (
        "nets/deep/one.yaml",
        "nets/deep/two.yml",
        "nets/deep/notes.txt",
        "other/.hidden.yaml",
        ".venv/x.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert complete("check ") == ["net.yaml", "nets/", "other/"]
    assert complete("check net.yaml net") == ["net.yaml", "nets/"]
    assert complete("compile nets") == complete("compile nets/d") == ["nets/deep/one.yaml", "nets/deep/two.yml"]
    assert complete("draw ./net") == ["./net.yaml", "./nets/"]
    assert complete("emit other/") == complete("emit nowhere/") == []
    assert complete("emit other/.") == ["other/.hidden.yaml"]


def test_names_that_a_shell_could_not_read_are_left_out(complete: Complete, tmp_path: Path) -> None:
    for name in (b"zz\nb.yaml", b"zz\xff.yaml"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("")
    assert complete("check zz") == []


def test_networks_are_completed_by_name_once_one_is_begun(complete: Complete) -> None:
    assert "resnext50_32x4d" in complete("draw resn")
    assert complete("draw ") == ["net.yaml"]
    assert "num_classes=" in [word.partition(" ")[0] for word in complete("draw resnet50 --set ")]


@pytest.mark.parametrize(
    "text",
    ["", "[", "archspec: 1\n", "a: &a [*a]", "archspec: 1\nname: n\ninputs: {x: [3]}\ngraph: {a: {op: 1}}\n"],
)
def test_a_broken_spec_completes_nothing(complete: Complete, tmp_path: Path, text: str) -> None:
    (tmp_path / "net.yaml").write_text(text)
    for option in ("--variant", "--set"):
        assert complete(f"check net.yaml {option} ") == []
    assert complete("draw net.yaml --block ") == []


@pytest.mark.parametrize("spec", ["missing.yaml", "-", ".", "/dev/null/x"])
def test_what_is_no_file_completes_nothing(complete: Complete, spec: str) -> None:
    assert complete(f"check {spec} --variant ") == []
    assert complete(f"draw {spec} --block ") == []
    assert complete("check --variant ") == []


def test_ops_of_a_package_that_is_broken_complete_nothing(complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(group: str) -> None:
        raise ImportError("no such thing")

    monkeypatch.setattr(registry, "load_plugins", broken)
    assert complete("ops ") == []


def test_zsh_and_fish_are_told_what_words_mean(run: Run, complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    complete("")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "archspec compile net.yaml --set wi")
    monkeypatch.setenv("_ARCHSPEC_COMPLETE", "complete_zsh")
    assert '"width=":"How wide."' in run().out
    monkeypatch.setenv("_ARCHSPEC_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert run().out == "width=\tHow wide.\n"


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_by_the_script_that_is_shown(tmp_path: Path) -> None:
    command = tmp_path / "archspec"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m archspec "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "_ARCHSPEC_COMPLETE": "source_bash"}
    environment |= {"PYTHONPATH": str(ROOT)}
    script = subprocess.run([command], capture_output=True, text=True, env=environment, check=True).stdout
    asked = "COMP_WORDS=(archspec ops glob) COMP_CWORD=2; _archspec_completion archspec; echo ${COMPREPLY[*]}"
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True, env=environment, check=True
    )
    assert (done.stdout, done.stderr) == ("global_avg_pool global_max_pool global_response_norm\n", "")
