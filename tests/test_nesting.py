"""What nests deeper than Python's stack holds is refused in words, in specs and in the files of other tools."""

from __future__ import annotations

from pathlib import Path

import pytest

import archspec
from archspec.errors import ArchspecError, UsageError
from archspec.language.limits import _MOST

HEAD = "archspec: 1\nname: a\ninputs: {x: [3, 8, 8]}\n"
DEEP = 400
FILES = {
    "net.yaml": "nc: 3\nbackbone:\n  - [-1, 1, Conv, " + "[" * DEEP + "]" * DEEP + "]\nhead: []\n",
    "net.json": '{"class_name":"Sequential","config":{"layers":[' * DEEP + "]}}" * DEEP,
    "net.prototxt": "layer { " * DEEP + "}" * DEEP,
}
"""Files of other tools that nest deep."""


def groups(depth: int) -> str:
    return f"{HEAD}graph: {{a: {'{graph: {a: ' * depth}relu{'}}' * depth}}}\n"


@pytest.mark.parametrize("limits", [archspec.Limits(), archspec.Limits(**_MOST)])
def test_a_spec_that_nests_too_deep_is_refused(limits: archspec.Limits) -> None:
    """What the limits allow compiles."""
    lists = f"{HEAD}graph: {{c: {{op: constant, value: {'[' * DEEP}1{']' * DEEP}}}}}\n"
    for text in (groups(DEEP), groups(limits.nesting + 1), lists):
        with pytest.raises(archspec.SpecError, match="nest deeper than"):
            archspec.compile_text(text, limits=limits)
    network = archspec.compile_text(groups(limits.nesting - 2), limits=limits)
    assert archspec.emit(network)
    assert archspec.draw(network)


@pytest.mark.parametrize("name", _MOST)
def test_limits_that_the_stack_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"`{name}` is {_MOST[name]} at most"):
        archspec.Limits(**{name: _MOST[name] + 1})


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_tool_that_nests_too_deep_is_refused(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath(name).write_text(FILES[name])
    with pytest.raises(ArchspecError, match="nest"):
        archspec.import_file(tmp_path / name)


@pytest.mark.parametrize("depth", [60, DEEP, 2_000])
def test_modules_that_nest_too_deep_are_refused(depth: int) -> None:
    nn = pytest.importorskip("torch.nn")
    module = nn.ReLU()
    for _ in range(depth):
        module = nn.Sequential(module)
    with pytest.raises(UsageError, match=r"Sequential cannot be imported.*nest deeper than"):
        archspec.from_module(module, [3, 8, 8])
