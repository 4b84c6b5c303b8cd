"""A spec that was compiled last is not read again, and nobody can tell but by the time it takes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sampling import few
from told import REPEAT, told

import archspec
from archspec import Limits, SpecError, UsageError
from archspec.compiler import sharing
from archspec.language import loader

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))

NET = """
archspec: 1
extends: ./base.yaml
name: net
params: {width: 8}
blocks: {own: {params: {c: 4}, graph: {c: {op: conv, out_channels: $c, kernel_size: 1}}}}
graph:
  unit: {block: ./unit.yaml, width: $width}
  own: {block: own}
override: {"**.c": {bias: false}}
"""
UNIT = "{archspec: 1, block: unit, params: {width: 8}, graph: {c: {op: conv, out_channels: $width, kernel_size: 1}}}"
BASE = "{archspec: 1, name: base, inputs: {x: [3, 8, 8]}, graph: {stem: {block: conv_bn, out_channels: 6}}}"
FILES = {
    "net.yaml": NET,
    "base.yaml": BASE,
    "base2.yaml": BASE.replace("conv_bn", "conv_bn_relu"),
    "unit.yaml": UNIT,
    "unit2.yaml": UNIT.replace("kernel_size: 1", "kernel_size: 3"),
}


def laid(folder: Path) -> Path:
    """The files of the spec in a folder."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder / "net.yaml"


def outcome(spec: Path, **options: Any) -> Any:
    """All that a compile tells: the network, or what is wrong."""
    try:
        return told(archspec.compile(spec, **options))
    except (SpecError, UsageError) as error:
        return str(error)


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


def linked(name: str, other: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(other)

    return change


CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda folder: None,
    "its own text": replaced("net.yaml", "width: 8", "width: 16"),
    "what it extends": replaced("base.yaml", "out_channels: 6", "out_channels: 12"),
    "a block's file": replaced("unit.yaml", "kernel_size: 1", "kernel_size: 3"),
    "a block's file, which is wrong then": replaced("unit.yaml", "op: conv", "opp: conv"),
    "a block's file, which is no text then": lambda folder: (folder / "unit.yaml").write_bytes(b"\xff\xfe\xff"),
    "a block's file that goes": lambda folder: (folder / "unit.yaml").unlink(),
    "a block's file that is a link to another then": linked("unit.yaml", "unit2.yaml"),
    "what it extends, which is a link to another then": linked("base.yaml", "base2.yaml"),
    "a file that is a folder then": lambda folder: ((folder / "base.yaml").unlink(), (folder / "base.yaml").mkdir())[1],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen(change: Callable[[Path], None], tmp_path: Path) -> None:
    spec = laid(tmp_path / "specs")
    archspec.compile(spec)
    change(spec.parent)
    seen = [outcome(spec), outcome(spec, width=5), outcome(spec, width=0), outcome(spec, widht=5)]
    sharing.forget()
    assert seen == [outcome(spec), outcome(spec, width=5), outcome(spec, width=0), outcome(spec, widht=5)]


def test_the_folder_from_which_files_are_called_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path / "here"), laid(tmp_path / "there")
    replaced("unit.yaml", "kernel_size: 1", "kernel_size: 12")(tmp_path / "there")
    for folder in ("here", "there", "."):
        monkeypatch.chdir(tmp_path / folder)
        spec = Path("net.yaml") if folder != "." else Path("here/net.yaml")
        seen = outcome(spec), outcome(spec, width=0), outcome(spec, limits=Limits(nodes=2))
        sharing.forget()
        assert seen == (outcome(spec), outcome(spec, width=0), outcome(spec, limits=Limits(nodes=2)))
        archspec.compile(tmp_path / "here" / "net.yaml")


@pytest.mark.parametrize("path", few(SPECS, 8), ids=lambda path: path.stem)
def test_a_file_that_has_not_changed_is_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sharing.forget()
    first = archspec.compile(path)
    monkeypatch.setattr(loader, "parse", lambda *_: pytest.fail("it is read again"))
    again = archspec.compile(path)
    assert told(again) == told(first)
    inside = zip(list(first.blocks.walk())[1:], list(again.blocks.walk())[1:], strict=True)
    shared = [one.content is other.content for one, other in inside]
    assert sum(shared) >= len(shared) / 2  # but tables, and repeats that ask for their index


def test_a_process_keeps_few_specs_and_none_that_is_large() -> None:
    sharing.forget()
    for width in range(1, 30):
        archspec.compile_text(REPEAT.replace("channels: 16", f"channels: {width}"))
    assert 0 < len(sharing.RECENT._specs) <= 8
    sharing.forget()
    chain = "".join(f"  c{i}: {{op: conv, out_channels: 8, kernel_size: 1}}\n" for i in range(2_000))
    archspec.compile_text(f"archspec: 1\nname: chain\ninputs: {{x: [8, 8, 8]}}\ngraph:\n{chain}")
    assert not sharing.RECENT._specs


def test_threads_compile_one_file_at_once(tmp_path: Path) -> None:
    spec = laid(tmp_path / "specs")
    widths = [2, 4, 8, 16] * 25
    expected = {width: outcome(spec, width=width) for width in set(widths)}
    with ThreadPoolExecutor(4) as threads:
        for width, found in zip(widths, threads.map(lambda width: outcome(spec, width=width), widths), strict=True):
            assert found == expected[width]
