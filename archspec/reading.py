"""Located values to definitions: each level checked by its model, each error at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from archspec.definition import Definition, GraphSteps, OutputStep, Step
from archspec.errors import Diagnostic, Note, Span, did_you_mean
from archspec.expr import kind
from archspec.merge import node_mapping
from archspec.names import node_name_problem, parameter_name_problem, spec_name_problem
from archspec.op import NODE_KEYS
from archspec.source import Entry, Mapping, Scalar, Sequence, Value, locate
from archspec.spec import VERSION, BlockFile, Expect, InlineBlock, NetworkFile, Node, Output, Param
from archspec.wiring import Wiring, reference, start

M = TypeVar("M", bound=BaseModel)
_CHECKED_NODE_KEYS = NODE_KEYS - {"after", "before"}


def read_file(value: Value, found: list[Diagnostic]) -> Definition | None:
    """The definition that a file holds, or None where it has no graph to go on with."""
    reader = _Reader(found)
    if not isinstance(value, Mapping):
        reader.report("wrong-type", "a spec is a mapping", value.span, help="it begins with `archspec: 1`")
        return None
    if not reader.version(value):
        return None
    return reader.definition(value, BlockFile if "block" in value.entries else NetworkFile)


def read_block(name: str, value: Mapping, enclosing: Definition, found: list[Diagnostic]) -> Definition | None:
    """A block of a file's own, which sees the other blocks of that file."""
    return _Reader(found).definition(value, InlineBlock, name=name, blocks=enclosing.blocks)


def read_expect(value: Mapping, found: list[Diagnostic]) -> Expect | None:
    """A contract."""
    return _Reader(found).validated(Expect, value)


class _Reader:
    """Reads one definition. Errors are collected; what is wrong is left out, so that the rest can be checked."""

    def __init__(self, found: list[Diagnostic]) -> None:
        self.found = found

    def report(self, code: str, message: str, span: Span, **details: Any) -> None:
        self.found.append(Diagnostic(code, message, span, **details))

    def version(self, value: Mapping) -> bool:
        """Whether the file is of a version that this package reads; other versions are not looked into."""
        stated = value.entries.get("archspec")
        if stated is None:
            help = f"write `archspec: {VERSION}` as the first key"
            self.report(
                "missing-key", "the file does not say its version of the spec language", start(value), help=help
            )
            return True
        plain = stated.plain()
        if type(plain) is int and plain == VERSION:
            return True
        newer = type(plain) is int and plain > VERSION
        help = "a newer archspec reads it" if newer else f"write `archspec: {VERSION}`"
        found = kind(plain)
        message = f"this archspec reads version {VERSION} of the spec language"
        self.report("unsupported-version", message, stated.span, expected=str(VERSION), found=found, help=help)
        return not newer

    def definition(
        self, value: Mapping, model: type[BaseModel], name: str = "", blocks: dict[str, Value] | None = None
    ) -> Definition | None:
        self.validated(model, value)
        graph = value.entries.get("graph")
        if not isinstance(graph, Mapping):
            return None
        is_network = model is NetworkFile
        name_value = value.entries.get("name" if is_network else "block")
        if isinstance(name_value, Scalar) and isinstance(name_value.value, str):
            name = name_value.value
            self._check_name(name_value, spec_name_problem)
        inputs = self._input_names(value.entries.get("inputs"))
        doc = value.entries.get("doc")
        return Definition(
            name=name,
            doc=str(doc.plain()) if doc else "",
            is_network=is_network,
            value=value,
            params=self._params(value.entries.get("params")),
            graph=self.graph(value, graph, inputs, {}),
            blocks=self._blocks(value.entries.get("blocks")) if blocks is None else blocks,
            shapes=_entries(value.entries.get("inputs")) if is_network else {},
            variants={k: v for k, v in _entries(value.entries.get("variants")).items() if isinstance(v, Mapping)},
            expect=expect if isinstance(expect := value.entries.get("expect"), Mapping) else None,
            example=example if isinstance(example := value.entries.get("example"), Mapping) else None,
        )

    def validated(self, model: type[M], value: Mapping) -> M | None:
        """One mapping, checked by its model; errors are placed at the keys and values at fault."""
        try:
            return model.model_validate(value.plain())
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                self._model_error(model, value, problem)
            return None

    def _node(self, name: str, key: Scalar, value: Mapping) -> Node | None:
        """The keys of a node besides its arguments, checked."""
        try:
            return Node.model_validate({k: v.plain() for k, v in value.entries.items() if k in _CHECKED_NODE_KEYS})
        except ValidationError as error:
            before = len(self.found)
            for problem in error.errors(include_url=False, include_input=False):
                if problem["type"] == "node":
                    kinds = [
                        hint for k in value.entries if "mean" in (hint := did_you_mean(k, ("op", "block", "graph")))
                    ]
                    self.report("missing-key", problem["msg"], key.span, help=kinds[0] if kinds else "")
                else:
                    self._model_error(Node, value, problem)
            self.found[before:] = [replace(diagnostic, path=name) for diagnostic in self.found[before:]]
            return None

    def _model_error(self, model: type[BaseModel], value: Mapping, problem: Any) -> None:
        place, loc = problem["type"], problem["loc"]
        where = locate(value, loc)
        if place == "extra_forbidden":
            self._unknown_key(str(loc[-1]), value, _keys(model))
        elif place == "missing":
            self.report("missing-key", f"the key `{loc[-1]}` is missing", start(value))
        else:
            keys = [step for step in loc if isinstance(step, str) and step in _keys(model)]
            subject = f"`{keys[0]}`" if keys else "this value"
            expected = problem["msg"].removeprefix("Input should be ")
            found = kind(where.plain()) if where is not value else ""
            message = f"{subject} has the wrong kind of value"
            self.report("wrong-type", message, where.span, expected=_worded(expected), found=found)

    def _unknown_key(self, key: str, value: Mapping, known: Iterable[str]) -> None:
        name, colon, rest = key.partition(":")
        help = f"write a space after the colon: `{name}: {rest}`" if colon and rest else did_you_mean(key, known)
        self.report("unknown-key", f"the key `{key}` is not known here", value.keys[key].span, help=help)

    def _check_name(self, name: Scalar, problem: Callable[[str], str]) -> bool:
        text = problem(str(name.value))
        if text:
            self.report("invalid-name", f"`{name.value}` cannot be a name here: {text}", name.span)
        return not text

    def _params(self, value: Value | None) -> dict[str, Param]:
        params = {}
        for name, entry in _entries(value).items():
            assert isinstance(value, Mapping)
            self._check_name(value.keys[name], parameter_name_problem)
            param: Param | None = (
                Param.model_construct(default=entry.plain()) if not isinstance(entry, Mapping) else None
            )
            param = param or self.validated(Param, entry)  # type: ignore[arg-type]
            params[name] = param or Param(default=None)
        return params

    def _blocks(self, value: Value | None) -> dict[str, Value]:
        blocks: dict[str, Value] = {}
        for name, entry in _entries(value).items():
            assert isinstance(value, Mapping)
            self._check_name(value.keys[name], spec_name_problem)
            if isinstance(entry, Mapping) or (isinstance(entry, Scalar) and isinstance(entry.value, str)):
                blocks[name] = entry
            else:
                self.report(
                    "wrong-type", f"the block `{name}` is neither a definition nor the path of a file", entry.span,
                    expected="a mapping or a path", found=kind(entry.plain()),
                )  # fmt: skip
        return blocks

    def _input_names(self, value: Value | None) -> tuple[str, ...]:
        if isinstance(value, Mapping):
            names = list(value.keys.values())
        elif isinstance(value, Sequence):
            names = [item for item in value.items if isinstance(item, Scalar) and isinstance(item.value, str)]
        else:
            names = [value] if isinstance(value, Scalar) and isinstance(value.value, str) else []
        seen: dict[str, Scalar] = {}
        for name in names:
            if name.value == "input" and len(names) == 1:
                continue
            if self._check_name(name, node_name_problem) and str(name.value) in seen:
                notes = (Note("first here", seen[str(name.value)].span),)
                self.report("duplicate-key", f"the input `{name.value}` stands twice", name.span, notes=notes)
            seen[str(name.value)] = name
        return tuple(seen)

    def graph(
        self,
        owner: Mapping,
        value: Mapping,
        inputs: tuple[str, ...],
        around: dict[str, Any],
        passed: tuple[str, ...] = (),
    ) -> GraphSteps:
        """A graph and its wiring.

        ``around`` holds the names of enclosing graphs, for hints; ``passed`` the inputs that are used though no node
        takes them.
        """
        wiring = Wiring(self.found, inputs, around, passed)
        steps = tuple(
            step for name in value.entries if (step := self._step(value.keys[name], value.entries[name], wiring))
        )
        outputs = self._outputs(owner, wiring)
        if not value.entries:
            self.report("empty-graph", "the graph has no nodes", value.span)
        elif outputs is None:
            outputs = wiring.last()
        wiring.report_unused(owner)
        return GraphSteps(inputs, steps, outputs or ())

    def _step(self, key: Scalar, value: Value, wiring: Wiring) -> Step | None:
        name = str(key.value)
        if name in wiring.inputs:
            self.report("invalid-name", f"`{name}` is the name of an input of this graph", key.span)
        else:
            self._check_name(key, node_name_problem)
        mapping = node_mapping(value)
        if mapping is None:
            help = "for example `relu: relu` or `conv: {op: conv, out_channels: 64, kernel_size: 3}`"
            self.report(
                "wrong-type", f"the node `{name}` is no node", value.span, path=name,
                expected="the name of an op, or a mapping", found=kind(value.plain()), help=help,
            )  # fmt: skip
        step = self._mapping_step(name, key, mapping, wiring) if mapping else None
        wiring.add(name, step)
        return step

    def _mapping_step(self, name: str, key: Scalar, value: Mapping, wiring: Wiring) -> Step | None:
        entries = value.entries
        for misplaced in entries.keys() & {"after", "before"}:
            message = f"`{misplaced}` places a node that is added to another file"
            help = "only a file with `extends` adds nodes; here, write the node where it belongs"
            self.report("unknown-key", message, value.keys[misplaced].span, path=name, help=help)
        operands = wiring.operands(value)
        if self._node(name, key, value) is None:
            return None
        kind_ = next(kind for kind in ("op", "block", "graph") if kind in entries)
        arguments = {k: Entry(value.keys[k], v) for k, v in entries.items() if k not in NODE_KEYS}
        for problem in self._misplaced(kind_, arguments, entries):
            help = did_you_mean(problem, NODE_KEYS) if problem in arguments else ""
            message = f"`{problem}` is no key of a {_KIND_WORDS[kind_]} node"
            self.report("unknown-key", message, value.keys[problem].span, path=name, help=help)
        target = entries[kind_]
        return Step(
            name=name,
            key=key,
            kind=kind_,
            target=target if isinstance(target, Scalar) else None,
            group=self._group(value, wiring) if kind_ == "graph" else None,
            operands=operands,
            arguments=arguments,
            first=_keyed(entries.get("first")),
            last=_keyed(entries.get("last")),
            when=entries.get("when"),
            repeat=entries.get("repeat"),
            outputs=self._taken_outputs(value) if kind_ == "block" else (),
        )

    @staticmethod
    def _misplaced(kind_: str, arguments: dict[str, Entry], entries: dict[str, Value]) -> list[str]:
        misplaced = list(arguments) if kind_ == "graph" else []
        if kind_ != "graph":
            misplaced += [key for key in ("inputs",) if key in entries]
        if kind_ == "graph":
            misplaced += [key for key in ("first", "last") if key in entries]
        if kind_ == "op":
            misplaced += [key for key in ("output", "outputs") if key in entries]
        if "repeat" not in entries and kind_ != "graph":
            misplaced += [key for key in ("first", "last") if key in entries]
        return misplaced

    def _group(self, value: Mapping, wiring: Wiring) -> GraphSteps | None:
        inner = value.entries["graph"]
        if not isinstance(inner, Mapping):
            return None
        inputs = self._input_names(value.entries.get("inputs"))
        # A group whose condition is false passes its first input through, so that is used.
        passed = inputs[:1] if "when" in value.entries else ()
        return self.graph(value, inner, inputs, {**wiring.around, **wiring.steps}, passed)

    def _outputs(self, owner: Mapping, wiring: Wiring) -> tuple[OutputStep, ...] | None:
        """The outputs that a graph declares, or None where it declares none."""
        if "output" in owner.entries and "outputs" in owner.entries:
            message = "a graph has `output` or `outputs`, not both"
            self.report("wrong-type", message, owner.keys["output"].span)
        single, several = owner.entries.get("output"), owner.entries.get("outputs")
        if isinstance(single, Scalar) and isinstance(single.value, str):
            return (OutputStep("output", wiring.resolve(single), None, False),)
        if isinstance(several, Mapping):
            return tuple(self._output(name, several, wiring) for name in several.entries)
        return None

    def _output(self, name: str, several: Mapping, wiring: Wiring) -> OutputStep:
        self._check_name(several.keys[name], node_name_problem)
        value = several.entries[name]
        if isinstance(value, Scalar) and isinstance(value.value, str):
            return OutputStep(name, wiring.resolve(value), None, False)
        if not isinstance(value, Mapping):
            expected = "the name of a node, or a mapping with `from`"
            message = f"the output `{name}` names no node"
            self.report("wrong-type", message, value.span, expected=expected, found=kind(value.plain()))
            return OutputStep(name, None, None, False)
        output = self.validated(Output, value)
        origin = value.entries.get("from")
        reference = wiring.resolve(origin) if output and isinstance(origin, Scalar) else None
        return OutputStep(name, reference, value.entries.get("when"), bool(output and output.training_only))

    @staticmethod
    def _taken_outputs(value: Mapping) -> tuple[OutputStep, ...]:
        """The inner nodes that the user of a block takes; whether they exist shows when the block is elaborated."""
        single, several = value.entries.get("output"), value.entries.get("outputs")
        named = {"output": single} if single is not None else _entries(several)
        return tuple(
            OutputStep(name, reference(inner), None, False)
            for name, inner in named.items()
            if isinstance(inner, Scalar) and isinstance(inner.value, str)
        )


def _entries(value: Value | None) -> dict[str, Value]:
    return value.entries if isinstance(value, Mapping) else {}


def _keyed(value: Value | None) -> dict[str, Entry]:
    if not isinstance(value, Mapping):
        return {}
    return {name: Entry(value.keys[name], entry) for name, entry in value.entries.items()}


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


_KIND_WORDS = {"op": "op", "block": "block", "graph": "group"}


def _worded(expected: str) -> str:
    words = {
        "a valid string": "text",
        "a valid integer": "an integer",
        "a valid dictionary": "a mapping",
        "a valid list": "a list",
        "a valid boolean": "true or false",
    }
    return words.get(expected, expected[:1].lower() + expected[1:])
