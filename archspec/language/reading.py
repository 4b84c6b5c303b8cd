"""Located values to definitions: each level checked by its model, each error at its place."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from archspec.errors import Change, Diagnostic, Help
from archspec.language.checking import Checker, as_meant
from archspec.language.choice import is_choice
from archspec.language.definition import Definition
from archspec.language.graphs import GraphReader
from archspec.language.names import block_name_problem, parameter_name_problem, spec_name_problem
from archspec.language.source import Mapping, Scalar, Sequence, Value, entries, keyed
from archspec.language.spec import (
    TYPES,
    UNKNOWN_PARAM,
    VERSION,
    BlockFile,
    Expect,
    InlineBlock,
    NetworkFile,
    Paper,
    Param,
)
from archspec.language.values import kind
from archspec.language.wiring import Wiring, start
from archspec.ops.op import NODE_KEYS

_PARTS = ("expect", "init", "weights", "override", "example")


def read_file(value: Mapping, found: list[Diagnostic]) -> Definition | None:
    """The definition that a file holds, or None where it has no graph to go on with."""
    reader = _Reader(found)
    if not reader.version(value):
        return None
    is_block = "block" in value.entries and not isinstance(value.entries["block"], Mapping)
    return reader.definition(value, BlockFile if is_block else NetworkFile)


def read_block(name: str, value: Mapping, enclosing: Definition, found: list[Diagnostic]) -> Definition | None:
    """A block of a file's own, which sees the other blocks of that file."""
    reader = _Reader(found)
    if "extends" in value.entries:  # what it adds to the other block is no graph by itself
        message, help = (
            "only a file extends another",
            f"write `{name}` as a file, and here its path: `{name}: {name}.yaml`",
        )
        reader.checker.report("unknown-key", message, value.keys["extends"].span, help=help)
        return None
    reader.graphs.unusable.update(enclosing.unusable)
    return reader.definition(value, InlineBlock, name=name, blocks=enclosing.blocks)


def read_expect(value: Mapping) -> Expect:
    """A contract, which has been checked with its file."""
    return Expect.model_validate(value.plain())


class _Reader:
    """Reads one definition. Errors are collected; what is wrong is left out, so that the rest can be checked."""

    def __init__(self, found: list[Diagnostic]) -> None:
        self.checker = Checker(found)
        self.graphs = GraphReader(self.checker)
        self.found = found

    def version(self, value: Mapping) -> bool:
        """Whether the file is of a version that this package reads; other versions are not looked into."""
        stated = value.entries.get("archspec")
        if stated is None:
            help = f"write `archspec: {VERSION}` as the first key"
            help = Help(help, Change("insert", f"archspec: {VERSION}"))
            self.checker.report(
                "missing-key", "the file does not say its version of the spec language", start(value), help=help
            )
            return True
        plain = stated.plain()
        if type(plain) is int and plain == VERSION:
            return True
        newer = type(plain) is int and plain > VERSION
        help = "a newer archspec reads it" if newer else Help.instead(f"write `archspec: {VERSION}`", str(VERSION))
        found = kind(plain)
        message = f"this archspec reads version {VERSION} of the spec language"
        self.checker.report("unsupported-version", message, stated.span, expected=str(VERSION), found=found, help=help)
        return not newer

    def definition(
        self, value: Mapping, model: type[BaseModel], name: str = "", blocks: dict[str, Value] | None = None
    ) -> Definition | None:
        value = self.graphs.mapped(value)
        if self.checker.validated(model, value) is None:
            value = as_meant(model, value)
        graph = value.entries.get("graph")
        if not isinstance(graph, Mapping):
            return None
        is_network = model is NetworkFile
        name_value = value.entries.get("name" if is_network else "block")
        if isinstance(name_value, Scalar) and isinstance(name_value.value, str):
            name = name_value.value
            self.checker.check_name(name_value, spec_name_problem)
        inputs = self.graphs.input_names(value.entries.get("inputs"))
        for contract in self._contracts(value):
            self.checker.validated(Expect, contract)
        doc = value.entries.get("doc")
        paper = value.entries.get("paper") if is_network else None
        params = self._params(value.entries.get("params"))
        wiring = Wiring(self.found, inputs, graph, params=params)
        wiring.is_network = is_network
        freeze = value.entries.get("freeze")
        own = self._blocks(value.entries.get("blocks")) if blocks is None else blocks
        return Definition(
            name=name,
            doc=str(doc.plain()) if doc else "",
            paper=self.checker.validated(Paper, paper) if isinstance(paper, Mapping) else None,
            is_network=is_network,
            value=value,
            params=params,
            graph=self.graphs.graph(value, graph, wiring),
            blocks=own,
            unusable=frozenset(self.graphs.unusable),
            doubtful=tuple(self.graphs.doubtful),
            shapes=entries(value.entries.get("inputs")) if is_network else {},
            variants={k: v for k, v in entries(value.entries.get("variants")).items() if isinstance(v, Mapping)},
            freeze=freeze if isinstance(freeze, Sequence) else None,
            **{key: part for key in _PARTS if isinstance(part := value.entries.get(key), Mapping)},
        )

    def _contracts(self, value: Mapping) -> Iterator[Mapping]:
        """The contract of a file, and those of its variants."""
        for stated in (value, *entries(value.entries.get("variants")).values()):
            contract = entries(stated).get("expect")
            if isinstance(contract, Mapping):
                yield contract
            elif contract is not None and stated is not value:
                message, expected = "`expect` has the wrong kind of value", "a mapping"
                found = kind(contract.plain())
                self.checker.report("invalid-value", message, contract.span, expected=expected, found=found)

    def _params(self, value: Value | None) -> dict[str, Param]:
        params = {}
        for name, (key, declared) in keyed(value).items():
            self.checker.check_name(key, parameter_name_problem)
            params[name] = self._param(name, declared)
        return params

    def _param(self, name: str, declared: Value) -> Param:
        if isinstance(declared, Mapping) and not is_choice(declared):
            return self.checker.validated(Param, declared) or UNKNOWN_PARAM
        default = declared.plain()
        if isinstance(default, str) and default in TYPES:
            message = f"`{name}: {default}` gives `{name}` the text `{default}` as its default"
            self.checker.report(
                "invalid-value",
                message,
                declared.span,
                help=Help.instead(f"write `{name}: {{type: {default}}}`", f"{{type: {default}}}"),
            )
            return UNKNOWN_PARAM
        return Param.model_construct(default=default)

    def _check_reserved(self, name: str, block: Value) -> None:
        """Refuse parameters that no node could give, here and once: each use of the block stumbles over them."""
        for key, _ in keyed(entries(block).get("params")).values():
            if key.value in NODE_KEYS:
                self.checker.check_name(key, parameter_name_problem)
                self.graphs.unusable.add(name)

    def _blocks(self, value: Value | None) -> dict[str, Value]:
        blocks: dict[str, Value] = {}
        for name, (key, entry) in keyed(value).items():
            self.checker.check_name(key, block_name_problem)
            if isinstance(entry, Mapping) or (isinstance(entry, Scalar) and isinstance(entry.value, str)):
                blocks[name] = entry
                self._check_reserved(name, entry)
                continue
            message, expected = (
                f"the block `{name}` is neither a definition nor the path of a file",
                "a mapping or a path",
            )
            help, written = "", entry.source.text[entry.start : entry.end]
            if isinstance(entry, Sequence) and written.startswith("["):
                help = Help.instead("its nodes stand in `graph:`", f"{{graph: {written}}}")
            found = kind(entry.plain())
            self.checker.report("invalid-value", message, entry.span, expected=expected, found=found, help=help)
        return blocks
