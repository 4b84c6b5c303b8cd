"""The README's specs compile, its code runs, and its figures are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archspec
from archspec.cli import COMMANDS
from archspec.reports import table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("text", [text for text in fenced("yaml") if "archspec: 1" in text])
def test_specs_compile(text: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    assert len(archspec.compile(tmp_path / "spec.yaml"))


def test_the_variant_changes_what_the_text_says(tmp_path: Path) -> None:
    """A SiLU in place of every ReLU, and dropout."""
    (text,) = (text for text in fenced("yaml") if "extends: resnet50\n" in text)
    (count,) = re.findall(r"a SiLU in place of each of its (\d+) ReLUs", README)
    (tmp_path / "spec.yaml").write_text(text)
    network = archspec.compile(tmp_path / "spec.yaml")
    ops = [node.op.name for node in network]
    assert (ops.count("silu"), ops.count("relu"), ops.count("dropout")) == (int(count), 0, 1)
    assert ops[-2:] == ["dropout", "linear"]
    assert network["fc"].shape == (10,)


def test_the_one_line_variant_holds(tmp_path: Path) -> None:
    (line,) = (text for text in fenced("yaml") if text.startswith("variants:"))
    (tmp_path / "mine.yaml").write_text(f"archspec: 1\nname: mine\nextends: mobilenet_v2\n{line}")
    assert archspec.compile(tmp_path / "mine.yaml", variant="tiny").macs <= 40_000_000


def test_the_code_runs_and_its_comments_are_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code, building = fenced("python")
    names: dict[str, object] = {}
    exec(code, names)
    exec(building, names)
    for expression, figures in re.findall(r"^(net\S.*?) +# ([\d(].*)$", code, flags=re.MULTILINE):
        assert eval(expression, names) == eval(figures)


def test_the_table_shown_is_the_one_printed() -> None:
    printed = [line.split() for line in table.render(archspec.compile(ROOT / "specs" / "googlenet.yaml")).splitlines()]
    shown = next(text for text in fenced("text") if "inception3a" in text).splitlines()
    assert all(line.split() in printed for line in shown if line.strip() not in ("", "…"))


def test_the_error_shown_is_the_one_printed() -> None:
    shown = next(text for text in fenced("text") if text.startswith("error["))
    spec = """archspec: 1
name: my_block
inputs: {image: [32, 56, 56]}
graph:
  conv1: {op: conv, out_channels: 64, kernel_size: 3, stride: 2, padding: 1}
  bn1:   batch_norm
  relu1: relu
  add:   {op: add, from: [relu1, input]}
"""
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(spec, name="my_block.yaml")
    assert str(caught.value) == shown.rstrip()


def test_every_command_named_exists() -> None:
    assert set(re.findall(r"`archspec ([a-z]+)", README)) <= set(COMMANDS)
