"""The tolerant tree of a text against the parser's, and positions as editors count them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import mutations
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.errors import SpecError
from archspec.language import library
from archspec.language.block_scanner import scan
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.source import Mapping, Scalar, Sequence, Source, Value
from archspec.language.tree import Value as Tree
from archspec.service.edits import applied, carried_out
from archspec.service.lines import Lines

CORPUS = mutations.corpus()
ROOT = Path(__file__).parent.parent
TEXTS = {
    str(path.relative_to(ROOT)): path.read_bytes().decode("utf-8-sig", "replace")
    for path in sorted([*(ROOT / "specs").glob("*.yaml"), *(ROOT / "tests" / "golden").rglob("*.yaml")])
} | {name: path.read_text(encoding="utf-8") for name, path in library.blocks().items()}


def parsed(name: str, text: str) -> Value | None:
    """What the parser makes of a text that it takes without an error."""
    found: list[object] = []
    try:
        value = parse(Source(name, text), Limits(), found)  # type: ignore[arg-type]
    except SpecError:
        return None
    return value if isinstance(value, Mapping) and not found else None


RIGHT = {name: value for name, text in TEXTS.items() if (value := parsed(name, text)) is not None}


def outline(value: Value) -> object:
    """Keys and values with their places."""
    if isinstance(value, Mapping):
        return {name: (key.start, key.end, outline(value.entries[name])) for name, key in value.keys.items()}
    if isinstance(value, Sequence):
        return [outline(item) for item in value.items]
    assert isinstance(value, Scalar)
    return value.start, value.end


def outline_of_tree(tree: Tree | None, value: Value, text: str) -> object:
    """The same of a tree; where it has an alias or an anchor, what the parser has."""
    if tree is None or tree.style == "*" or "<<" in tree.names() or text[value.start : value.start + 1] == "&":
        return outline(value)
    if tree.kind == "mapping":
        assert isinstance(value, Mapping)
        return {
            entry.name: (entry.key.start, entry.key.end, outline_of_tree(entry.value, value.entries[entry.name], text))
            for entry in tree.entries
            if entry.key is not None
        }
    if tree.kind == "sequence":
        assert isinstance(value, Sequence)
        return [outline_of_tree(entry.value, item, text) for entry, item in zip(tree.entries, value.items, strict=True)]
    return tree.start, tree.end


@pytest.mark.parametrize("name", RIGHT)
def test_the_tree_of_a_right_text_is_the_parsers(name: str) -> None:
    value, text = RIGHT[name], TEXTS[name]
    assert outline_of_tree(scan(text), value, text) == outline(value)


def test_most_texts_are_right() -> None:
    assert len(RIGHT) > 600


@given(st.randoms(use_true_random=False))
def test_places_of_a_tree_lie_in_the_text_and_in_each_other(rng) -> None:
    text = mutations.mutated(rng, rng.choice(CORPUS), CORPUS).text
    tree = scan(text)
    for value in tree.walk():
        assert 0 <= value.start <= value.end <= len(text)
        for entry in value.entries:
            assert entry.owner is value
            for part in filter(None, (entry.key, entry.value)):
                assert value.start <= part.start
                assert part.owner is entry


def steps(work: Callable[[], object]) -> int:
    """The lines of Python that are run."""
    count = 0

    def counted(_: object, event: str, __: object) -> object:
        nonlocal count
        count += event == "line"
        return counted

    before = sys.gettrace()
    sys.settrace(counted)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "text",
    [
        lambda n: json.dumps({"graph": {f"a{i}": {"op": "relu"} for i in range(n)}}, indent=1),
        lambda n: "graph: {\n" + "  a: {op: relu},\n" * n + "}\n",
        lambda n: "graph: {" + "a: $(((, " * 4 * n,
        lambda n: "graph:\n" + "  a: [b, {c:\n" * n,
        lambda n: "graph:\n" + "  a: 'b\n" * n,
    ],
    ids=["json", "brackets", "expressions", "open-brackets", "open-quotes"],
)
def test_twice_the_text_takes_about_twice_the_steps(text: Callable[[int], str]) -> None:
    one, other = text(100), text(200)
    assert steps(lambda: scan(other)) < 2.6 * steps(lambda: scan(one))


@pytest.mark.parametrize(
    "text",
    [
        "a:\n" + "- " * 5_000,
        "a:\n" + "- " * 5_000 + "b: c\n",
        "\n".join("  " * depth + "- b:" for depth in range(1_000)),
        "a: " + "[" * 5_000,
        "\n".join(" " * depth + "a:" for depth in range(1_000)),
        "a" + " " * 300_000 + "b",
    ],
    ids=["items", "pairs", "lists", "brackets", "mappings", "spaces"],
)
def test_a_text_that_leads_too_far_has_a_tree(text: str) -> None:
    assert list(scan(text).walk())


ANY_TEXT = st.text(st.sampled_from("ab:\n\r é😀\u2028\ud800"), max_size=40)


@given(ANY_TEXT)
def test_positions_lead_back_to_offsets(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n":  # a place inside of an end of line
            assert lines.offset(lines.position(offset)) == offset or text[offset : offset + 1] in ("", "\r", "\n")


@given(ANY_TEXT)
def test_positions_count_in_utf_16(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        position = lines.position(offset)
        start = lines.starts[position["line"]]
        assert position["character"] * 2 == len(text[start:offset].encode("utf-16-le", "surrogatepass"))


def test_positions_beyond_a_line_or_the_text_are_its_end() -> None:
    lines = Lines("ab\r\ncd")
    assert lines.offset({"line": 0, "character": 99}) == 2
    assert lines.offset({"line": 9, "character": 0}) == 6


@given(ANY_TEXT, st.data())
def test_edits_of_offsets_and_of_positions_are_the_same(text: str, data) -> None:
    lines = Lines(text)
    places = [offset for offset in range(len(text) + 1) if lines.offset(lines.position(offset)) == offset]
    start, end = sorted([data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))])
    edit = {"range": lines.range(start, end), "newText": "new"}
    assert carried_out(text, [edit]) == applied(text, [(start, end, "new")])  # type: ignore[list-item]
