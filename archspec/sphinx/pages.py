"""The generated pages, as Markdown: one for each op, block, error and network."""

from __future__ import annotations

import inspect
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import archspec
from archspec import files
from archspec.language import library
from archspec.language.loader import library_block
from archspec.network import Network, Node
from archspec.ops import bundled, registry
from archspec.ops.op import Op
from archspec.ops.tensor import Places, Shape, show
from archspec.reports import explanations, table
from archspec.reports import reference as texts

MARK = "% Made by archspec.sphinx at each build."
"""The first line of a generated page."""


def write(folder: Path, pages: Mapping[str, str]) -> None:
    """Write pages that have changed, and remove generated ones that are no longer made."""
    texts = {folder / f"{name}.md": f"{MARK}\n\n{text}" for name, text in pages.items()}
    changed = {path: text for path, text in texts.items() if not path.exists() or files.read(path) != text.encode()}
    files.write_all(changed)
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).with_suffix("").as_posix() not in pages and _is_generated(path):
            path.unlink()


def _is_generated(path: Path) -> bool:
    return files.read(path).startswith(MARK.encode())


def reference() -> dict[str, str]:
    """The pages on ops, blocks and errors, by path without an ending."""
    pages = {"ops/index": _op_index(), "blocks/index": _block_index(), "errors/index": _error_index()}
    pages |= {f"ops/{name}": _op_page(cls) for name, cls in registry.ops().items()}
    pages |= {f"blocks/{name}": _block_page(name) for name in library.blocks()}
    return pages | {f"errors/{code}": f"{explanations.page(code)}\n" for code in explanations.codes()}


# Ops


def _op_index() -> str:
    families: dict[str, list[type[Op]]] = {}
    for cls in registry.ops().values():
        name = bundled.family(cls.__module__) or cls.__module__.rpartition(".")[2]
        families.setdefault(name, []).append(cls)
    lines = ["# Ops", "", "What a node can be: `conv: {op: conv, ...}`. `archspec ops NAME` prints these pages."]
    for family, members in sorted(families.items()):
        rows = [(f"{{archspec:op}}`{cls.name}`", cls.summary()) for cls in members]
        lines += ["", f"## {family.capitalize()}", "", *_table(("op", ""), rows)]
    return "\n".join([*lines, "", *_hidden_toctree(registry.ops())])


def _op_page(cls: type[Op]) -> str:
    text = inspect.cleandoc(cls.__doc__ or "").split("\nArgs:\n")[0].rstrip()
    network = _op_example(cls)
    node = network[f"{cls.name}1"]
    assert isinstance(node, Node)
    on = f"On {' and '.join(map(show, cls.example_inputs))} it gives" if not cls.takes_nothing else "It gives"
    gives = ", ".join(f"{key} {value}" for key, value in _figures(node.params, node.macs, node.other_ops))
    rows = [(_code(name), *map(_code, row), doc) for name, *row, doc in texts.argument_rows(cls)]
    return "\n".join(
        [
            f"# {cls.name}", "", _prose(text), "",
            "## Arguments", "",
            *(_table(("argument", "type", "default", ""), rows) if rows else ["It takes none."]), "",
            "## Example", "",
            *_fence("yaml", f"{node.path}: {cls.example}"), "",
            f"{on} {show(node.shape)}: {gives}.", "",
            "In PyTorch:", "",
            *_fence("python", _class_body(archspec.emit(network))), "",
        ]
    )  # fmt: skip


def _op_example(cls: type[Op]) -> Network:
    """The network of an op's example; what takes no operand is added to the network's input."""
    graph, sizes = f"{cls.name}1: {cls.example}", cls.example_inputs
    if cls.takes_nothing:
        graph, sizes = f"{graph}, sum: {{op: add, from: [x, {cls.name}1]}}", (texts.example_output(cls),)
    named = re.search(r"from: \[(.*?)\]", cls.example)
    names = named[1].split(", ") if named else ["x"]
    inputs = json.dumps(dict(map(_given, names, sizes)))
    graph = ", ".join([*filter(None, map(_pooled, names, sizes)), graph])
    return archspec.compile_text(f"archspec: 1\nname: example\ninputs: {inputs}\ngraph: {{{graph}}}\n")


def _given(name: str, size: Shape) -> tuple[str, Shape]:
    """The input that an operand is, or that it is made of."""
    return ("image", size.pooled) if isinstance(size, Places) else (name, size)


def _pooled(name: str, size: Shape) -> str:
    """What gives the places of an operand."""
    if not isinstance(size, Places):
        return ""
    return f"{name.partition('.')[0]}: {{op: max_pool, from: image, kernel_size: {size.window.kernel[0]}}}"


def _class_body(source: str) -> str:
    """The classes of a file that is emitted."""
    start = min(match.start() for match in re.finditer(r"^class ", source, flags=re.MULTILINE))
    return source[start:].rstrip()


# Blocks


def _block_index() -> str:
    rows = [(f"{{archspec:block}}`{name}`", _prose(library_block(name).doc)) for name in library.blocks()]
    return "\n".join(
        [
            "# Blocks", "",
            "The library: `layer1: {block: bottleneck, ...}`. Each is a YAML file in the language of specs, which",
            "`archspec blocks NAME` prints and `archspec draw --block NAME` draws.", "",
            *_table(("block", ""), rows), "",
            *_hidden_toctree(library.blocks()),
        ]
    )  # fmt: skip


def _block_page(name: str) -> str:
    definition = library_block(name)
    rows = [(_code(key), *map(_code, row), doc) for key, *row, doc in texts.param_rows(definition.params)]
    return "\n".join(
        [
            f"# {name}", "", _prose(definition.doc), "",
            *_fence("{archspec}", ":block:", f" {name}"), "",
            "## Parameters", "",
            *(_table(("parameter", "type", "default", ""), rows) if rows else ["It has none."]), "",
            "## As written", "",
            *_fence("yaml", definition.source.text.rstrip()), "",
        ]
    )  # fmt: skip


# Errors


def _error_index() -> str:
    titles = {code: explanations.page(code).splitlines()[0].partition(": ")[2] for code in explanations.codes()}
    rows = [(f"{{archspec:error}}`{code}`", title) for code, title in titles.items()]
    return "\n".join(
        [
            "# Errors", "",
            "What is in brackets in `error[shape-mismatch]: …`. `archspec explain CODE` prints these pages.", "",
            *_table(("code", ""), rows), "",
            *_hidden_toctree(titles),
        ]
    )  # fmt: skip


# Networks


def gallery(specs: Sequence[Path], folder: Path) -> dict[str, str]:
    """The pages on networks, by name: those of specs of which each stem is another."""
    compiled = {path: archspec.compile(Path(os.path.relpath(path))) for path in specs}
    specs = sorted(specs, key=lambda path: (*_published(compiled[path]), path.stem))
    networks = {path.stem: compiled[path] for path in specs}
    pages = {path.stem: _network_page(path, networks[path.stem], folder) for path in specs}
    return {"index": _gallery_index(specs, networks, folder), **pages}


def _published(network: Network) -> tuple[float, str]:
    """The year and title of a network's paper; one without comes last."""
    return (network.paper.year, network.paper.title) if network.paper else (math.inf, "")


def interactive(path: Path) -> str:
    """The file of a network's page to click on."""
    return f"{path.stem}-interactive.html"


def _gallery_index(specs: Sequence[Path], networks: Mapping[str, Network], folder: Path) -> str:
    lines = ["# Networks", "", "In order of history, with their figures for their default parameters.", ""]
    lines += ["::::{container} archspec-gallery"]
    for path in specs:
        options = f':link: {path.stem}\n:caption: "{{archspec:network}}`{path.stem}`"\n:alt: {path.stem}'
        lines += _fence("{archspec}", options, f" {_relative(path, folder)}")
    rows = [
        (
            f"{{archspec:network}}`{name}`", str(net.paper.year) if net.paper else "",
            *(value for _, value in _figures(net.params, net.macs, net.other_ops)),
        )
        for name, net in networks.items()
    ]  # fmt: skip
    lines += ["::::", "", *_table(("network", "year", "params", "MACs", "other ops"), rows, "lrrrr"), ""]
    return "\n".join([*lines, *_hidden_toctree(networks)])


def _network_page(path: Path, network: Network, folder: Path) -> str:
    spec = _relative(path, folder)
    return "\n".join(
        [
            f"# {path.stem}", "", _prose(network.doc), "", *_paper(network),
            *_fence("{archspec}", "", f" {spec}"), "",
            f'<p><a href="{interactive(path)}">The same to click on: blocks that open, and all figures</a></p>', "",
            *_table(("", ""), table.totals(network)), "",
            *_variants(path, network),
            "## Layers", "",
            *_fence("{archspec}", ":table:\n:detail: blocks", f" {spec}"), "",
            "## Spec", "",
            *_fence("{literalinclude}", ":language: yaml", f" {spec}"), "",
        ]
    )  # fmt: skip


def _paper(network: Network) -> list[str]:
    if network.paper is None:
        return []
    title = f"[{network.paper.title}]({network.paper.url})" if network.paper.url else network.paper.title
    return [f"{title}, {network.paper.year}.", ""]


def _variants(path: Path, network: Network) -> list[str]:
    if not network.variants:
        return []
    found = {name: archspec.compile(Path(os.path.relpath(path)), variant=name) for name in network.variants}
    rows = [(f"`{name}`", f"{net.params:,}", f"{net.macs:,}") for name, net in found.items()]
    return ["## Variants", "", *_table(("variant", "params", "MACs"), rows, "lrr"), ""]


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _figures(params: int, macs: int | None, other_ops: int | None) -> list[tuple[str, str]]:
    return [("params", table.exact(params)), ("MACs", table.exact(macs)), ("other ops", table.exact(other_ops))]


# Markdown


def _prose(text: str) -> str:
    """Text of a docstring or spec, with links to arXiv."""
    return re.sub(r"arXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]], align: str = "") -> list[str]:
    names = list(heading)
    rules = ["---:" if side == "r" else "---" for side in align or "l" * len(names)]
    return [f"| {' | '.join(map(_cell, cells))} |" for cells in (names, rules, *map(list, rows))]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`" if text not in ("", "required") else text


def _fence(language: str, text: str, argument: str = "") -> list[str]:
    return [f"```{language}{argument}", *([text] if text else []), "```"]


def _hidden_toctree(names: Iterable[str]) -> list[str]:
    return [*_fence("{toctree}", "\n".join([":hidden:", "", *names])), ""]
