"""The specs of ``large.py`` at small sizes: every command answers, and twice the size takes about twice the calls.

No time is asserted: ``bounds.py`` measures the full sizes.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from math import gcd
from pathlib import Path

import pytest
from large import (
    KINDS,
    different_nodes,
    doubled_lists,
    many_inputs,
    many_operands,
    many_outputs,
    nodes,
    repeats,
    variants,
    wide_adds,
)
from rich.console import Console

import archspec
from archspec.compiler.lint import Warned
from archspec.drawing import drawing, pictures
from archspec.language.parentheses import closings
from archspec.ops.pool.adaptive import _read
from archspec.pytorch import emission
from archspec.reports import json_report, table
from archspec.reports.diagnostics import render_github, render_json
from archspec.reports.json_text import pieces, text

SMALL = archspec.Limits(
    nodes=400, values=5_000, list_values=5_000, boxes=60, edges=200, source_nodes=200, variants=20, file_bytes=200_000
)
TOLD: dict[str, Callable[[archspec.Network], object]] = {
    "table": lambda network: table.render(network, None),
    "json": json_report.render,
    "csv": table.render_csv,
    "markdown": table.render_markdown,
    "source": emission.emit,
    "overview": lambda network: drawing.draw(network).svg,
    "blocks": lambda network: drawing.draw(network, detail="blocks").svg,
    "ops": lambda network: drawing.draw(network, detail="ops").svg,
    "mermaid": lambda network: drawing.draw(network).mermaid,
    "page": pictures.page,
}
SIZES = {
    "forked_blocks": 5, "chained_blocks": 5, "aliases": 6, "nested_groups": 5, "large_window": 9, "dense": 8,
    "aliased_text": 2_000, "long_op": 2_000,
}  # fmt: skip


def answer(work: Callable[[], archspec.Network]) -> archspec.Network | archspec.SpecError:
    """What comes of it: an error too is an answer."""
    try:
        return work()
    except archspec.SpecError as error:
        return error


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_of_a_large_spec_is_told_or_refused(kind):
    text = KINDS[kind].spec(SIZES.get(kind, 30))
    network = answer(lambda: archspec.compile_text(text, limits=SMALL))
    if isinstance(network, archspec.SpecError):
        assert str(network)
        assert render_github(network)
        assert render_json({"spec": (network, Warned((), {}))})
        assert all(len(each.message) < 1_100 for each in network.diagnostics)
        return
    for tell in TOLD.values():
        told = answer(lambda tell=tell: tell(network))
        assert not isinstance(told, archspec.SpecError) or limit_of(told) in limits()


def limits() -> list[str]:
    """The names of all limits."""
    return list(archspec.Limits.__dataclass_fields__)


def calls(work: Callable[[], object]) -> int:
    """How many functions are called."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        work()
    except archspec.SpecError:
        pass
    finally:
        sys.setprofile(None)
    return count


LINEAR = (
    "cut_lists", "cut_expressions", "long_output_size", "repeats", "different_repeats", "nodes", "different_nodes",
    "chained_params", "wide_adds", "many_operands", "many_branches", "many_outputs", "many_inputs", "unused_inputs",
    "unknown_arguments", "ones", "own_blocks", "params_and_groups", "after",
)  # fmt: skip


@pytest.mark.parametrize("kind", LINEAR)
def test_twice_the_spec_takes_about_twice_the_calls_to_compile(kind):
    spec, few = KINDS[kind].spec, 150
    one, other = spec(few), spec(2 * few)
    archspec.compile_text(nodes(2))
    first, second = (calls(lambda text=text: archspec.compile_text(text)) for text in (one, other))
    assert second < 2.6 * first


def branches_of_a_block(n):
    """A block of many nodes beside each other and their sum: a class, and not the network's own."""
    lines = "".join(f"      a{i}: {{op: linear, out_features: 4, from: input}}\n" for i in range(n))
    total = f"      sum: {{op: add, from: [{', '.join(f'a{i}' for i in range(n))}]}}\n"
    head = "archspec: 1\nname: large\ninputs: {x: [4]}\ngraph: {a: {block: part}, b: {block: part}}\n"
    return f"{head}blocks:\n  part:\n    graph:\n{lines}{total}"


@pytest.mark.parametrize("what", ["table", "json", "csv", "source", "ops", "page"])
@pytest.mark.parametrize("spec", [different_nodes, repeats, many_outputs, branches_of_a_block])
def test_twice_the_network_takes_about_twice_the_calls_to_tell(spec, what):
    TOLD[what](archspec.compile_text(spec(3)))
    one, other = (archspec.compile_text(spec(few)) for few in (60, 120))
    first, second = (calls(lambda network=network: TOLD[what](network)) for network in (one, other))
    assert second < (3 if what == "ops" else 2.6) * first


def limit_of(error: archspec.SpecError) -> str:
    """The name of the limit that an error says how to raise."""
    (diagnostic,) = error.diagnostics
    assert diagnostic.code == "limit-exceeded"
    return diagnostic.help.rpartition("Limits(")[2].partition("=")[0]


@pytest.mark.parametrize(
    ("text", "limits", "name"),
    [
        (doubled_lists(40), {}, "list_values"),
        (repeats(249_999), {}, "nodes"),
        (wide_adds(300), {"nodes": 299}, "nodes"),
        (many_operands(10_000), {"nodes": 100}, "nodes"),
    ],
)
def test_what_compiles_too_large_is_refused_by_the_limit_that_says_so(text, limits, name):
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(text, limits=archspec.Limits(**limits))
    assert limit_of(caught.value) == name


@pytest.mark.parametrize(
    ("text", "what", "name"),
    [
        (many_outputs(40), "overview", "boxes"),
        (nodes(61), "page", "boxes"),
        (nodes(61), "ops", "boxes"),
        (wide_adds(60), "overview", "edges"),
        (different_nodes(201), "source", "source_nodes"),
    ],
)
def test_what_is_too_large_to_show_is_refused_by_the_limit_that_says_so(text, what, name):
    limits = archspec.Limits(boxes=60 if name == "boxes" else 1_000, edges=200, source_nodes=200)
    with pytest.raises(archspec.SpecError) as caught:
        TOLD[what](archspec.compile_text(text, limits=limits))
    assert limit_of(caught.value) == name
    assert "graph" in str(caught.value)


def test_adaptive_windows_are_those_that_a_walk_over_them_finds():
    for size in range(1, 30):
        for count in range(1, 40):
            windows = [-(-(i + 1) * size // count) - i * size // count for i in range(count)]
            assert _read(size, count) == sum(windows), (size, count)
    assert _read(8, 2**31 - 1) == 8 + 2**31 - 1 - gcd(8, 2**31 - 1)


@pytest.mark.parametrize("text", ["(a,b),c", "a,(b,(c,d),e),f", "(,(,(", "),(a,),b", "(a,(b,c", "((a),b),(c,d)"])
def test_parentheses_close_where_a_walk_over_the_pieces_finds_it(text):
    pieces, start = [], 0
    for part in text.split(","):
        pieces.append((start, start + len(part)))
        start += len(part) + 1
    for number, (begin, _) in enumerate(pieces):
        ends = [end for end in range(number + 1, len(pieces)) if _is_closed(text[begin : pieces[end][1]])]
        assert closings(text, pieces)[number] == (ends[0] if ends else None)


def _is_closed(text: str) -> bool:
    return text.count("(") <= text.count(")")


def test_the_page_on_reliability_lists_the_limits():
    page = (Path(__file__).parent.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", page, flags=re.MULTILINE)
    stated = {name: int(default.replace(",", "")) for name, default in rows}
    assert stated == {name: getattr(archspec.Limits(), name) for name in limits()}


@pytest.mark.parametrize(
    ("limit", "what", "file"), [("boxes=10", "picture", "large.svg"), ("source_nodes=5", "source", "large.py")]
)
def test_compile_says_what_is_left_out(run, tmp_path, limit, what, file):
    (tmp_path / "net.yaml").write_text(many_outputs(8), encoding="utf-8")
    done = run("compile", "net.yaml", "--limit", limit)
    assert done.code == 0
    assert f"no {what}" in done.err
    assert f"--limit {limit.partition('=')[0]}" in done.err
    others = {"report.json", "large.py", "large.svg"} - {file}
    assert {path.name for path in (tmp_path / "build" / "large").iterdir()} == others


def test_check_refuses_variants_that_are_too_many_nodes_together(run, tmp_path):
    (tmp_path / "net.yaml").write_text(variants(5), encoding="utf-8")
    assert run("check", "net.yaml").code == 0
    done = run("check", "net.yaml", "--limit", "variant_nodes=3")
    assert done.code == 1
    assert "--limit variant_nodes=N" in done.err


def test_equal_copies_of_variants_count_once(run, tmp_path):
    text = variants(5).replace("$a}", "$a, repeat: 500}")
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    assert run("check", "net.yaml", "--limit", "variant_nodes=100").code == 0


def test_many_inputs_are_listed_by_the_first():
    told = table.render(archspec.compile_text(many_inputs(50)))
    assert "x19 4, and 30 more" in told
    assert "x20" not in told


def test_json_is_as_the_standard_library_writes_it():
    value = {"a": [], "b": {}, "c": [1, True, None, "é\n", 1e-7, float("inf"), (1, [2])], "d": {"e": {"f": [[]]}}}
    assert "".join(pieces(value)) == text(value) == json.dumps(value, indent=1, ensure_ascii=False)
    assert "".join(pieces({"a": iter([1, {}]), "b": iter([])})) == json.dumps({"a": [1, {}], "b": []}, indent=1)


@pytest.mark.parametrize("depth", [1, 2, None])
def test_the_plain_table_is_as_rich_prints_it(depth):
    network = archspec.compile(Path(__file__).parent.parent / "specs" / "googlenet.yaml")
    plain, stream = table.render(network, depth), io.StringIO()
    width = max(100, 3 + max(map(len, plain.splitlines()[2:])))
    Console(file=stream, width=width, color_system=None).print(table.rich_table(network, depth))
    rich = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert rich[: len(network.blocks.children)] == plain.splitlines()[: len(network.blocks.children)]
