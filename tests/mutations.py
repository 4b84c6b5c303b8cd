"""Specs with mistakes, at random: the bundled specs and blocks and the goldens, mutated; and YAML out of nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from archspec.language import library
from archspec.ops import registry

ROOT = Path(__file__).parent.parent
GOLDENS = ROOT / "tests" / "golden" / "errors"
LANGUAGE = ROOT / "tests" / "golden" / "language"

VALUES = (
    "null", "~", "[]", "{}", "''", "0", "-1", "1", "2", "1.5", "-0.0", ".5", "1e308", "1e999", "nan", ".nan", ".inf",
    "9223372036854775807", "-9223372036854775808", "99999999999999999999", "50001", "0x7f", "0o17", "1_000", "1_",
    "1e3", "true", "false", "yes", "no", "True", "None", "same", "valid", "input", "index", "name", "conv", "class",
    "forward", "$", "$$", "$()", "$(1/0)", "$(2**63)", "$(2**64**64)", "$input", "$(input)", "$(input.shape)",
    "$index", "${a}", "$(input.channels // 2)", "$(1 if true else)", "$(not 1)", "$(a.b.c)", "'$([1,2][5])'",
    "'$(round(5, -99999999))'", "[1, 2]", "[3, 8, 8]", "[0]", "[-1]", "[1, [2]]", "[a, b]", "{a: 1}", "{op: relu}",
    "{from: a}", "[null]", "[true]", "../../etc/passwd", "/dev/zero", "./", "./lenet.yaml", "googlenet.yaml", "a.b",
    "a.", ".a", "..", "a.*", "a.0", "a.-1", "a.*.b", "[a.*, b]", "[relu, relu]", "[{op: relu, repeat: 2}]",
    "é", "名前", "_a",
)  # fmt: skip
BREAKERS = (
    "$(", "$(x", "&a", "*a", "<<", "<<: *a", "!!str", "!!python/object:os.system", "!t", "? a", "- a", "[[[[", "{{{{",
    "]", "}", ",", ":", "(3, 3)", "---", "...", "%YAML 1.1", "|", ">-", "#", "@", "`", "'" * 3, '"\\x41"',
    '"\\uD800"', "\t", "\r", "\r\n", "\0", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe", "\ud800",
    "\u202e", "😀", "a" * 200, "1" * 50, "repeat: 3", "when: false", "op: conv", "block: bottleneck",
    "graph: {a: relu}", "output: a", "outputs: {a: a}", "params: {a: 1}", "extends: resnet50.yaml",
    "expect: {params: 1}", "inputs: [a, b]", "after: a", "override: {a: relu}", "freeze: [a]", "reuse: a",
    "reuse: conv.0",
)  # fmt: skip
NASTY = (*VALUES, *BREAKERS)
TOKEN = re.compile(r"[\w.$]+|[^\w\s]|\n[ ]*")
ENTRY = re.compile(r"^( *)([\w.]+): *(.+)$", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])\d[\d_]*(?![\w.])")
EXPRESSION = re.compile(r"\$\([^\n}]*\)|\$\w+")


@dataclass(frozen=True)
class Case:
    """A text to compile, and the folder that its paths start from."""

    text: str
    root: Path


def corpus() -> list[Case]:
    """The bundled specs, each library block in a network of its own, and the goldens."""
    cases = [Case(path.read_text(encoding="utf-8"), path.parent) for path in sorted((ROOT / "specs").glob("*.yaml"))]
    cases += [Case(_in_a_network(name, path), ROOT / "specs") for name, path in library.blocks().items()]
    goldens = sorted([*GOLDENS.glob("*.yaml"), *GOLDENS.glob("*/*.yaml"), *LANGUAGE.glob("*.yaml")])
    return cases + [Case(path.read_bytes().decode("utf-8", "replace"), path.parent) for path in goldens]


def _in_a_network(name: str, path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    body = "\n".join("    " + line for line in lines if not line.startswith(("archspec:", "block:", "example:", "#")))
    example = (yaml.safe_load(path.read_text(encoding="utf-8")).get("example") or {}) | {"block": name}
    head = "archspec: 1\nname: fuzzed\ninputs: {image: [16, 32, 32]}\nblocks:\n"
    return f"{head}  {name}:\n{body}\ngraph:\n  body: {yaml.safe_dump(example, default_flow_style=True).strip()}\n"


def mutated(rng: random.Random, case: Case, others: list[Case]) -> Case:
    """A case with one to a few mistakes."""
    text = case.text
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        text = rng.choice(MUTATIONS)(rng, text, rng.choice(others).text)
    return Case(text, case.root)


def _characters(rng: random.Random, text: str, other: str) -> str:
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + rng.randrange(1, 5) :]
    if kind == 1:
        return text[:at] + rng.choice(NASTY) + text[at:]
    if kind == 2:
        return text[:at] + chr(rng.choice((rng.randrange(128), rng.randrange(0x10FFFF)))) + text[at + 1 :]
    return text[:at]


def _lines(rng: random.Random, text: str, other: str) -> str:
    lines, extra = text.split("\n"), other.split("\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(6)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    elif kind == 2:
        lines[at], lines[to] = lines[to], lines[at]
    elif kind == 3:
        lines[at] = rng.choice(("  ", " ", "\t", "- ", "# ", "")) + lines[at].lstrip(rng.choice((" ", "")))
    elif kind == 4:
        lines.insert(at, rng.choice(extra))
    else:
        lines[at] += rng.choice(NASTY)
    return "\n".join(lines)


def _tokens(rng: random.Random, text: str, other: str) -> str:
    found, foreign = list(TOKEN.finditer(text)), TOKEN.findall(other)
    if not found:
        return text
    match = rng.choice(found)
    replacement = rng.choice((rng.choice(found)[0], rng.choice(foreign or ["x"]), rng.choice(NASTY), "", match[0] * 2))
    return text[: match.start()] + replacement + text[match.end() :]


def _values(rng: random.Random, text: str, other: str) -> str:
    found = list(ENTRY.finditer(text))
    if len(found) < 2:
        return text
    one, two = sorted(rng.sample(found, 2), key=lambda match: match.start())
    if rng.random() < 0.5:
        return text[: one.start(3)] + rng.choice(NASTY) + text[one.end(3) :]
    middle = text[one.end(3) : two.start(3)]
    return text[: one.start(3)] + two[3] + middle + one[3] + text[two.end(3) :]


def _keys(rng: random.Random, text: str, other: str) -> str:
    found, foreign = list(ENTRY.finditer(text)), [match[2] for match in ENTRY.finditer(other)]
    if not found:
        return text
    match = rng.choice(found)
    if rng.random() < 0.5:
        return text[: match.end()] + "\n" + match[0] + text[match.end() :]
    return text[: match.start(2)] + rng.choice([*foreign, *NASTY]) + text[match.end(2) :]


def _numbers(rng: random.Random, text: str, other: str) -> str:
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    match = rng.choice(found)
    numbers = (
        "0",
        "-1",
        "1",
        "2",
        "7",
        "1000003",
        str(rng.randrange(2 ** rng.randrange(1, 70))),
        f"-{match[0]}",
        "0.5",
    )
    return text[: match.start()] + rng.choice((*numbers, rng.choice(NASTY))) + text[match.end() :]


def _expressions(rng: random.Random, text: str, other: str) -> str:
    found = list(EXPRESSION.finditer(text)) or list(NUMBER.finditer(text))
    if not found:
        return text
    match = rng.choice(found)
    names = re.findall(r"[A-Za-z_]\w*", text)
    written = f"$({expression(rng, names, rng.randrange(5))})"
    quoted = f'"{written}"' if rng.random() < 0.7 and '"' not in written else written
    return text[: match.start()] + quoted + text[match.end() :]


def _tree(rng: random.Random, text: str, other: str) -> str:
    """A text that YAML takes: values of its tree replaced, swapped, removed, renamed."""
    try:
        tree, foreign = yaml.safe_load(text), yaml.safe_load(other)
    except (yaml.YAMLError, ValueError):
        return text
    slots, donors = list(_slots(tree)), [parent[key] for parent, key in _slots(foreign)]
    for _ in range(rng.randrange(1, 4)):
        if not slots:
            break
        (parent, key), kind = rng.choice(slots), rng.randrange(6)
        if kind == 0:
            parent[key] = yaml.safe_load(rng.choice(VALUES))
        elif kind == 1:
            parent[key] = _plain(rng, 2)
        elif kind == 2 and donors:
            parent[key] = rng.choice(donors)
        elif kind == 3:
            there, name = rng.choice(slots)
            parent[key], there[name] = there[name], parent[key]
        elif isinstance(parent, dict):
            value = parent.pop(key)
            if kind == 4:
                parent[rng.choice([name for _, name in slots])] = value
            slots = list(_slots(tree))
    try:
        dumped: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, default_flow_style=None)
    except (yaml.YAMLError, RecursionError):
        return text
    return dumped


def _slots(tree: Any, depth: int = 8) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree that a value stands at: the list or mapping, and the index or key."""
    if not isinstance(tree, dict | list) or not depth:
        return
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        yield from _slots(tree[key], depth - 1)


MUTATIONS: tuple[Callable[[random.Random, str, str], str], ...] = (
    _characters, _lines, _tokens, _values, _keys, _numbers, _numbers, _expressions, _expressions, _tree, _tree, _tree,
)  # fmt: skip


def expression(rng: random.Random, names: list[str], depth: int) -> str:
    """An expression, often one that is not of the language."""
    if depth == 0:
        name = rng.choice(names or ["x"])
        size = rng.choice(("shape", "channels", "height", "features", "rank", "__class__"))
        numbers = ("0", "1", "-3", "2.5", "9e99", str(2**62))
        return rng.choice((*numbers, name, f"{name}.{size}", f"input.{size}", "'text'", "true", "null", "index", "[]"))
    one, two, three = (expression(rng, names, depth - 1 - (rng.random() < 0.3) * (depth > 1)) for _ in range(3))
    sign = rng.choice(("+", "-", "*", "/", "//", "%", "**", "<", "==", "in", "and", "or", "is", "@", "&", "="))
    call = rng.choice(("min", "max", "round", "floor", "ceil", "abs", "len", "sum", "make_divisible", "int", "eval"))
    return rng.choice((
        f"{one} {sign} {two}", f"({one} {sign} {two})", f"{call}({one}, {two})", f"{call}({one})", f"not {one}",
        f"-{one}",
        f"{one} if {two} else {three}", f"[{one}, {two}]", f"[{one}, {two}][{three}]", f"{one}.{two}", f"lambda: {one}",
    ))  # fmt: skip


def random_spec(rng: random.Random) -> str:
    """A spec of random structure: right in its outlines, wrong in anything."""
    names = ["a", "b", "c", "d", "e", "f"]
    fuzzed: dict[str, Any] = {
        "archspec": 1,
        "name": "fuzzed",
        "inputs": {"x": [rng.choice((1, 3, 16)), 8, 8]},
        "graph": {},
    }
    if rng.random() < 0.4:
        fuzzed["params"] = {name: _plain(rng, 1) for name in rng.sample(["p", "q", "r", "a"], 2)}
    fuzzed["graph"] = dict(_nodes(rng, names, 2))
    for key in ("expect", "outputs", "output", "variants", "blocks", "extends", "doc"):
        if rng.random() < 0.08:
            fuzzed[key] = _plain(rng, 2)
    if rng.random() < 0.2:
        fuzzed["blocks"] = {"own": {"graph": dict(_nodes(rng, names, 1)), "params": {"p": 1, "channels": 2}}}
    style = rng.choice((None, False, True))
    text: str = yaml.safe_dump(fuzzed, sort_keys=False, allow_unicode=True, default_flow_style=style)
    return text


def _nodes(rng: random.Random, names: list[str], depth: int) -> Iterator[tuple[str, object]]:
    above = ["input", "x"]
    for name in names[: rng.randrange(1, len(names) + 1)]:
        yield name, _node(rng, above, names, depth)
        above.append(name)


def _node(rng: random.Random, above: list[str], names: list[str], depth: int) -> object:
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(["relu", "batch_norm", "flatten", "identity", "add", _plain(rng, 1)])
    node: dict[str, object] = {}
    if kind < 0.25 and depth:
        node["graph"] = dict(_nodes(rng, names, depth - 1))
    elif kind < 0.4:
        node |= {"block": rng.choice([*library.blocks(), "own", "unknown", "./lenet.yaml"]), "channels": 8}
    else:
        cls = rng.choice(list(registry.ops().values()))
        example = yaml.safe_load(cls.example)
        node |= example if isinstance(example, dict) else {"op": example}
        fields = list(cls.model_fields)
        if fields and rng.random() < 0.4:
            node[rng.choice(fields)] = _plain(rng, 1)
    node.pop("from", None)
    if rng.random() < 0.4:
        wanted = [rng.choice(above) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
        node["from"] = wanted if rng.random() < 0.8 else rng.choice(names)
    for key in ("when", "repeat", "inputs", "output", "outputs", "first", "last", "after"):
        if rng.random() < 0.05:
            node[key] = _plain(rng, 1)
    return node


def _plain(rng: random.Random, depth: int) -> object:
    if depth == 0 or rng.random() < 0.6:
        return rng.choice((0, 1, 2, 3, -1, 1.5, 2**40, 10**30, True, False, None, "", "a", "$p", "$(p + 1)", "same"))
    if rng.random() < 0.5:
        return [_plain(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys = ["a", "b", "p", "type", "default", "min", "from", "when", "graph", "params", 1, None, ""]
    return {rng.choice(keys): _plain(rng, depth - 1) for _ in range(rng.randrange(4))}


def cases(seed: int) -> Iterator[Case]:
    """Cases without end."""
    rng = random.Random(seed)
    base = corpus()
    while True:
        if rng.random() < 0.2:
            case = Case(random_spec(rng), ROOT / "specs")
            yield case if rng.random() < 0.5 else mutated(rng, case, base)
        else:
            right = rng.random() < 0.6
            yield mutated(
                rng, rng.choice([case for case in base if case.root == ROOT / "specs"] if right else base), base
            )
