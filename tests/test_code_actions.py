"""Laws of code actions: what they do is written in their titles, mends what it says, and makes nothing worse."""

from __future__ import annotations

from pathlib import Path

import pytest
from sampling import QUICK, few

from archspec import service
from archspec.service import Analysis, Document, analyse
from archspec.service.edits import carried_out
from archspec.service.protocol import CodeAction
from archspec.service.workspace import uri_of

ROOT = Path(__file__).parent.parent
GOLDENS = ROOT / "tests" / "golden" / "errors"


def analysed(path: Path, text: str) -> Analysis:
    """What is known of a text, what is wrong in its variants too."""
    known = analyse(Document(uri_of(path.resolve()), path.resolve(), text))
    return [known, *service.with_variants(known)][-1]


def golden_specs() -> list[Path]:
    return few(sorted([*GOLDENS.glob("*.yaml"), *GOLDENS.glob("*/main.yaml")]), 100)


def test_actions_mend_what_they_say_and_most_goldens_have_one(monkeypatch) -> None:
    monkeypatch.chdir(GOLDENS)
    with_actions = 0
    for path in golden_specs():
        known = analysed(path, path.read_bytes().decode("utf-8-sig", "replace"))
        actions = service.code_actions(known, known.lines.range(0, len(known.document.text)))
        with_actions += bool(actions)
        for action in actions:
            hold(known, action)
    assert QUICK or with_actions / len(golden_specs()) > 0.65  # of all


def hold(known: Analysis, action: CodeAction) -> None:
    """An action removes its diagnostic and adds none, but for what that hid: all else in a text that is no YAML, and
    what nothing asks for, which is told where nothing else is wrong."""
    (mended,) = action["diagnostics"]
    changes = action["edit"]["changes"]
    document = known.document
    text = carried_out(document.text, changes.get(document.uri, []))
    others = {
        service.path_of(uri): carried_out(service.path_of(uri).read_text(encoding="utf-8"), edits)
        for uri, edits in changes.items()
        if uri != document.uri
    }
    after = analyse(document._replace(text=text), others=others)
    after = [after, *service.with_variants(after)][-1]
    before, left = told(known), told(after)
    of_it = mended["code"], mended["message"].split("\n")[0]
    assert left.count(of_it) < before.count(of_it)
    new = {each for each in left if each not in before}
    if mended["code"] != "yaml-syntax":
        assert {code for code, _ in new} <= {"unused-parameter", "unused-node"}


def told(known: Analysis) -> list[tuple[str, str]]:
    """What is wrong with a text; a help may name another word after an edit."""
    return [(each["code"], each["message"].split("\n")[0]) for each in service.diagnostics(known)]


CONV = "c: {op: conv, out_channels: 8, kernel_size: 3"
STRIDED = f"{CONV}, stride: 2, padding: 1}}"
PROJECTED = "shortcut: {op: conv, from: input, out_channels: 8, kernel_size: 1, stride: 2}"
SAME = "c: {op: conv, out_channels: 3, kernel_size: 3"
ADD = "a: {op: add, from: [c, input]}"
POOL = "p: {op: max_pool, kernel_size: 2}"
MENDED = {
    "argument": (f"{CONV}, stirde: 2}}", f"{CONV}, stride: 2}}"),
    "op": (CONV.replace("op: conv", "op: cnov") + "}", f"{CONV}}}"),
    "comma": ("c: {op: relu, when: $(max(3, 8) == 8)}", 'c: {op: relu, when: "$(max(3, 8) == 8)"}'),
    "unused": ("c: {op: relu}\n  d: {op: relu, from: input}", "d: {op: relu, from: input}"),
    "padding": (f"{SAME}}}\n  {ADD}", f"{SAME}, padding: 1}}\n  {ADD}"),
    "kernel": (
        "c: {op: conv, out_channels: 3, kernel_size: 9}",
        "c: {op: conv, out_channels: 3, kernel_size: 9, padding: 4}",
    ),
    "name": ("class: relu\n  d: {op: relu, from: class}", "class1: relu\n  d: {op: relu, from: class1}"),
    "flatten": (
        "p: global_avg_pool\n  l: {op: linear, out_features: 4}",
        "p: global_avg_pool\n  flat: flatten\n  l: {op: linear, out_features: 4}",
    ),
    "shortcut": (f"{STRIDED}\n  {ADD}", f"{STRIDED}\n  {PROJECTED}\n  {ADD.replace('input', 'shortcut')}"),
    "below": (
        "r: {op: relu, from: t}\n  t: {op: tanh, from: input}",
        "t: {op: tanh, from: input}\n  r: {op: relu, from: t}",
    ),
    "itself": ("r: {op: relu, from: r}", "r: {op: relu}"),
    "no-node": ('r: {op: relu, from: ""}', "r: {op: relu}"),
    "empty": ("relu:", "relu: relu"),
    "null": ("relu1: null", "relu1: relu"),
    "list": ("c: [conv, 8, 3]", "c: {op: conv, out_channels: 8, kernel_size: 3}"),
    "ops": ("c: [relu, batch_norm]", "c: {graph: [relu, batch_norm]}"),
    "kind": ("conv: {out_channels: 8, kernel_size: 3}", "conv: {op: conv, out_channels: 8, kernel_size: 3}"),
    "kind-as-key": ("c: {Conv2d: {out_channels: 8, kernel_size: 3}}", f"{CONV}}}"),
    "two-kinds": (
        "c: {op: conv, block: conv_bn_relu, out_channels: 8, act: relu}",
        "c: {block: conv_bn_relu, out_channels: 8, act: relu}",
    ),
    "places": (f"{POOL}\n  u: max_unpool", f"{POOL}\n  u: {{op: max_unpool, from: [p, p.indices]}}"),
    "no-places": (
        f"{POOL}\n  u: {{op: max_unpool, from: [p, p]}}", f"{POOL}\n  u: {{op: max_unpool, from: [p, p.indices]}}",
    ),
    "maxima": (
        f"{POOL}\n  r: {{op: relu, from: p.indices}}", f"{POOL}\n  r: {{op: relu, from: p}}",
    ),
    "stack": (
        f"{CONV}, padding: 1}}\n  s: {{op: stack, from: [c, input]}}",
        f"{CONV}, padding: 1}}\n  s: {{op: concat, from: [c, input]}}",
    ),
    "gain": (
        "g: {op: parameter, shape: [3]}\n  m: {op: mul, from: [input, g]}",
        "g: {op: parameter, shape: [3, 1, 1]}\n  m: {op: mul, from: [input, g]}",
    ),
    "reshape": ("r: {op: reshape, shape: [3, 60]}", "r: {op: reshape, shape: [3, -1]}"),
    "constant": (
        "k: {op: constant, value: 2}\n  m: {op: stack, from: k}",
        "k: {op: constant, value: [2]}\n  m: {op: stack, from: k}",
    ),
    "parenthesis": ("r: {op: relu, when: $((1 + 2) * (3 - 1) == 6}", "r: {op: relu, when: $((1 + 2) * (3 - 1) == 6)}"),
    "choice": ('r: {op: relu, when: "$(1 < 2 ? true : false)"}', 'r: {op: relu, when: "$(true if 1 < 2 else false)"}'),
    "int": ("r: {op: relu, when: $(int(5 / 2) == 2)}", "r: {op: relu, when: $(floor(5 / 2) == 2)}"),
    "no-copies": ("r: relu\n  t: {op: tanh, from: r.0}", "r: relu\n  t: {op: tanh, from: r}"),
    "output": (
        "b: {block: bottleneck, channels: 2, outputs: {a: {from: conv2}}}",
        "b: {block: bottleneck, channels: 2, outputs: {a: conv2}}",
    ),
}  # fmt: skip
"""Nodes with a mistake, and mended."""

HEAD = "archspec: 1\nname: a\ninputs: {x: [3, 8, 8]}\n"
PLACES = {
    "network": (2, "graph:\n  {}\n"),
    "block": (6, "blocks:\n  unit:\n    graph:\n      {}\ngraph:\n  body: {{block: unit}}\n"),
    "group": (6, "graph:\n  body:\n    graph:\n      {}\n"),
    "row": (6, "graph:\n  body:\n    each: [true]\n    as: row\n    when: $row\n    graph:\n      {}\n"),
    "copy": (8, "graph:\n  body:\n    graph:\n      inner:\n       repeat: 1\n       graph:\n        {}\n"),
}
"""Where nodes can stand: the indentation, and what is around them."""


@pytest.mark.parametrize("around", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(("wrong", "right"), MENDED.values(), ids=MENDED)
def test_an_action_writes_what_the_help_says(wrong: str, right: str, around: tuple[int, str]) -> None:
    indentation, text = around
    before, after = (HEAD + text.format(nodes.replace("\n  ", "\n" + " " * indentation)) for nodes in (wrong, right))
    assert first_mended(before) == after


def first_mended(text: str) -> str:
    """A text after the first of its actions."""
    known = analysed(ROOT / "specs" / "a.yaml", text)
    actions = service.code_actions(known, known.lines.range(0, len(text)))
    assert actions, known.found
    hold(known, actions[0])
    return carried_out(text, actions[0]["edit"]["changes"][known.document.uri])


NODES = "graph: {c: relu}\n"
FILES = {
    "expect": ("expect: {params: 1}\n", "expect: {params: 0}\n", HEAD + NODES),
    "input": ("inputs: [3, 8, 8]\n", "inputs: {x: [3, 8, 8]}\n", f"archspec: 1\nname: a\n{NODES}"),
    "input-sizes": (
        "inputs: {x: {height: 8, width: 9, channels: 3}}\n",
        "inputs: {x: [3, 8, 9]}\n",
        f"archspec: 1\nname: a\n{NODES}",
    ),
    "half-a-pixel": ("inputs: {x: [3, $(9 / 2)]}\n", "inputs: {x: [3, $(9 // 2)]}\n", f"archspec: 1\nname: a\n{NODES}"),
    "output": ("outputs: {d: null}\n", "outputs: {d: c}\n", HEAD + NODES),
    "base": ("extends: [lenet]\n", "extends: lenet\n", "archspec: 1\nname: a\n"),
    "block": (
        "blocks: {b: [relu]}\ngraph: {c: {block: b}}\n", "blocks: {b: {graph: [relu]}}\ngraph: {c: {block: b}}\n", HEAD,
    ),
    "inputs-of-a-sum": (
        "graph: {a: add}\n",
        "graph: {a: {op: add, from: [x, y]}}\n",
        HEAD.replace("]}", "], y: [3, 8, 8]}"),
    ),
    "anchor": (
        "params: {p: &p {default: 8}, q: {<<: p}}\ngraph: {c: {block: conv_bn, out_channels: $p, kernel_size: $q}}\n",
        "params: {p: &p {default: 8}, q: {<<: *p}}\ngraph: {c: {block: conv_bn, out_channels: $p, kernel_size: $q}}\n",
        HEAD,
    ),
    "let": (
        "let: {c: 3}\ngraph: {c: {op: conv, out_channels: $c, kernel_size: 1}}\n",
        "let: {c1: 3}\ngraph: {c: {op: conv, out_channels: $c1, kernel_size: 1}}\n", HEAD,
    ),
    "let-name": (
        "let: {2h: 3}\ngraph: {c: {op: conv, out_channels: 3, kernel_size: 1}}\n",
        "let: {n2h: 3}\ngraph: {c: {op: conv, out_channels: 3, kernel_size: 1}}\n", HEAD,
    ),
    "choice": (
        "params: {act: {type: op, default: {name: relu}}}\ngraph: {c: $act}\n",
        "params: {act: {type: op, default: {op: relu}}}\ngraph: {c: $act}\n", HEAD,
    ),
}  # fmt: skip
"""Entries of a file that are wrong, mended, and what stands above them."""


@pytest.mark.parametrize(("wrong", "right", "above"), FILES.values(), ids=FILES)
def test_an_action_mends_an_entry_of_a_file(wrong: str, right: str, above: str) -> None:
    assert first_mended(above + wrong) == above + right
