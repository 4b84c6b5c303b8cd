"""Laws of the canonical layout: white space alone changes, and formatting again changes nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from corpus import SOME_SPECS
from hypothesis import given
from hypothesis import strategies as st
from sampling import PROFILE, examples
from spacing import spaced, texts

import archspec
from archspec.errors import SpecError
from archspec.formatting.formatter import formatted, formatted_bytes
from archspec.formatting.parts import Kind, parts
from archspec.importers.writing import write

ROOT = Path(__file__).parent.parent
BUNDLED = [*sorted((ROOT / "specs").glob("*.yaml")), *sorted((ROOT / "archspec").rglob("*.yaml"))]
COUNT = 10_000 if PROFILE == "nightly" else examples(300)


def events(text: str) -> list[tuple[Any, ...]]:
    """What YAML makes of a text: values with their anchors, tags and quotes, in order."""
    told = ("anchor", "tag", "value", "style", "flow_style", "version")
    parsed = yaml.parse(text.removeprefix("\ufeff"), Loader=yaml.CSafeLoader)
    return [(type(event).__name__, *(getattr(event, name, None) for name in told)) for event in parsed]


def comments(text: str) -> list[str]:
    """The comments of a text, in order."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return [part.text for part in parts(plain) if part.kind is Kind.COMMENT]


def check(text: str) -> str:
    """All that holds of a text in its layout."""
    found = formatted(text)
    assert events(found) == events(text)
    assert comments(found) == comments(text)
    assert "".join(found.split()) == "".join(text.split())
    assert formatted(found) == found
    return found


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_the_bundled_specs_and_blocks_have_the_layout(path: Path) -> None:
    assert formatted_bytes(path.read_bytes(), path.name) == path.read_bytes()


def test_only_white_space_changes_and_once() -> None:
    taken = 0
    for text in texts(random.Random(15), COUNT):
        try:
            formatted(text)
        except SpecError:
            continue
        check(text)
        taken += 1
    assert taken > COUNT / 3


@pytest.mark.parametrize("path", SOME_SPECS, ids=lambda path: path.stem)
def test_a_spec_compiles_to_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    rng = random.Random(path.stem)
    for _ in range(5):
        other = spaced(rng, text)
        try:
            network = archspec.compile_text(other, root=path.parent)
        except SpecError:
            continue
        found = archspec.compile_text(formatted(other), root=path.parent)
        assert [(node.path, node.op, node.inputs) for node in found] == [
            (node.path, node.op, node.inputs) for node in network
        ]
        assert (found.init, found.weights, found.doc) == (network.init, network.weights, network.doc)


@given(st.text(st.sampled_from(" \n\t:,-[]{}#&*!|>'\"ab%?\r\x85\u2028é$"), max_size=40))
def test_any_yaml_keeps_what_it_is(text: str) -> None:
    try:
        formatted(f"k:\n  {text}")
    except SpecError:
        return
    check(f"k:\n  {text}")


def test_what_archspec_writes_has_the_layout() -> None:
    goldens = sorted((ROOT / "tests" / "golden" / "imports").glob("*.yaml"))
    goldens += sorted((ROOT / "tests" / "golden" / "modules").glob("*.yaml"))
    assert [path.name for path in goldens if formatted(text := path.read_text(encoding="utf-8")) != text] == []
    structure = {"name": "x", "graph": {"a": "relu", "long": {"op": "conv", "out_channels": 8, "kernel_size": 3}}}
    assert formatted(write(structure)) == write(structure)


LAYOUTS = {
    "spaces": ("a : [ 1,2 ,3 ]\nb:   {x:1 ,y : 2}\n", "a: [1, 2, 3]\nb: {x:1, y: 2}\n"),
    "indents": (
        "a:\n    b:\n     c: 1\nd:\n- 1\n-   e: 2\n    f: 3\n",
        "a:\n  b:\n    c: 1\nd:\n  - 1\n  - e: 2\n    f: 3\n",
    ),
    "empty lines": ("\n\na: 1\n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
    "comments": ("#a\na: 1 # b\n  # c\nb:\n    # d\n    c: 1\n# e\n", "#a\na: 1  # b\n# c\nb:\n  # d\n  c: 1\n# e\n"),
    "comments keep their columns": (
        "a:  1      # x\nbb: 22     # y\nc: 3 # z\n",
        "a:  1      # x\nbb: 22     # y\nc:  3  # z\n",
    ),
    "comments that the text has reached": (
        "a: 1    # x\nbb: [1, 2, 3]# y\n",
        "a: 1           # x\nbb: [1, 2, 3]  # y\n",
    ),
    "comments behind what they speak of": (
        "a:\n  b: 1\n  # of b\n# of c\nc: 2\n",
        "a:\n  b: 1\n  # of b\n# of c\nc: 2\n",
    ),
    "keys that are aligned": (
        "graph:\n  a:       relu\n  flatten: flatten\n  fc: {op: linear}\n",
        "graph:\n  a:       relu\n  flatten: flatten\n  fc:      {op: linear}\n",
    ),
    "a space too many is no alignment": ("a:  1\nbcd: 2\ne: 3\n", "a: 1\nbcd: 2\ne: 3\n"),
    "keys that are not": ("graph:\n  a: relu\n  flatten: flatten\n", "graph:\n  a: relu\n  flatten: flatten\n"),
    "a comment in a table": ("a:   1\nbbb: 1\n# c\ncc: 1\n", "a:   1\nbbb: 1\n# c\ncc:  1\n"),
    "an empty line between tables": ("a:  1\nbb: 1\n\nccc: 1\n", "a:  1\nbb: 1\n\nccc: 1\n"),
    "items that are aligned": (
        "a: {x: 1,  y: 2}\nb: {x: 10, y: 2}\nc: {x: 100, y: 2}\nd: relu\ne: {x: 9,  y: 1}\n",
        "a: {x: 1,   y: 2}\nb: {x: 10,  y: 2}\nc: {x: 100, y: 2}\nd: relu\ne: {x: 9,   y: 1}\n",
    ),
    "rows that are aligned": (
        "a:\n  - [1,  2]\n  - [10, 2]\n  - [100, 3]\n",
        "a:\n  - [1,   2]\n  - [10,  2]\n  - [100, 3]\n",
    ),
    "lines that fit stay broken": (
        "a: {x: 1,\n  y: 2}\nb: {\n x: 1,\n y: 2\n}\n",
        "a: {x: 1,\n    y: 2}\nb: {\n  x: 1,\n  y: 2\n}\n",
    ),
    "a value below its key": ("a:\n    {x: 1}\n", "a:\n  {x: 1}\n"),
    "texts of several lines": (
        'a: >-\n      b\n        c\n\n      d\n\nb: "x\n y"\nc: x\n     y\n',
        'a: >-\n  b\n    c\n\n  d\n\nb: "x\n  y"\nc: x\n  y\n',
    ),
    "texts that say their indent": ("a:\n    b: |2-\n        c\n      d\n", "a:\n  b: |2-\n      c\n    d\n"),
    "texts that keep their end": ("a: |+\n    b\n\n\nc: 1\n", "a: |+\n  b\n\n\nc: 1\n"),
    "anchors and merges": (
        "a: &x {b: 1}\nc: { <<: *x }\nd: &y\n    e: *x\n",
        "a: &x {b: 1}\nc: {<<: *x}\nd: &y\n  e: *x\n",
    ),
    "keys by themselves": ("?   a\n:   b\n", "? a\n: b\n"),
    "quotes": ('a: \'b\'\n"c" : "d"\n', 'a: \'b\'\n"c": "d"\n'),
    "directives": ("%YAML 1.2\n---\na:   1\n...\n", "%YAML 1.2\n---\na: 1\n...\n"),
    "ends of lines": ("a:   1\r\nb: |\r\n    c\r\n", "a: 1\r\nb: |\r\n  c\r\n"),
    "a mark of the order of bytes": ("\ufeffa:   1\n", "\ufeffa: 1\n"),
    "json": ('{\n    "a": 1,\n    "b": [1,2]\n}', '{\n  "a": 1,\n  "b": [1, 2]\n}\n'),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_layout(name: str) -> None:
    written, expected = LAYOUTS[name]
    assert check(written) == expected


def test_a_long_line_is_filled() -> None:
    items = ", ".join(f"argument_{number}: {{value: {number}}}" for number in range(8))
    assert check(f"graph:\n  node: {{{items}}}\n") == (
        "graph:\n"
        "  node: {argument_0: {value: 0}, argument_1: {value: 1}, argument_2: {value: 2}, argument_3: {value: 3},\n"
        "         argument_4: {value: 4}, argument_5: {value: 5}, argument_6: {value: 6}, argument_7: {value: 7}}\n"
    )


def test_an_empty_line_that_goes_keeps_no_long_line() -> None:
    items = [f"argument_{number}: {number}" for number in range(12)]
    broken = ", ".join(items).replace(": 5", ":\n\n    5")
    assert check(f"a: {{{broken}}}\n") == check(f"a: {{{', '.join(items)}}}\n")


def test_what_cannot_be_broken_stays_long() -> None:
    text = f"a: [{'x' * 200}, {{b: {'y' * 200}}}]\n"
    assert check(text) == f"a: [{'x' * 200},\n    {{b: {'y' * 200}}}]\n"
    assert check(f"a: {'x ' * 100}y\n") == f"a: {'x ' * 100}y\n"


def test_a_row_that_alignment_makes_too_long_is_as_it_was() -> None:
    long = f"b: {{x: {'1' * 105}, y: 2}}"
    assert check(f"aaaaaaaa: 1\nbb:       1\n{long}\n") == f"aaaaaaaa: 1\nbb:       1\n{long}\n"


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "", "# nothing\n", "a: 1\n---\nb: 2\n", "a: *b\n", "\ud800"])
def test_what_is_no_mapping_of_yaml_is_an_error(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        formatted_bytes(text.encode("utf-8", "surrogatepass"), "my.yaml")
    assert caught.value.diagnostics[0].span.file == "my.yaml"
