"""Located values to definitions: each level checked by its model, each error at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from archspec.errors import Diagnostic, Note, Span, did_you_mean, listed, nearest
from archspec.language.definition import Definition, GraphSteps, OutputStep, Step
from archspec.language.merge import KINDS, node_mapping
from archspec.language.names import (
    node_name_problem,
    output_name_problem,
    parameter_name_problem,
    similar_name,
    spec_name_problem,
)
from archspec.language.source import Entry, Mapping, Scalar, Sequence, Value, locate
from archspec.language.spec import (
    UNKNOWN_PARAM,
    VERSION,
    BlockFile,
    Bound,
    Expect,
    InlineBlock,
    NetworkFile,
    Node,
    Output,
    Param,
)
from archspec.language.values import kind
from archspec.language.wiring import Wiring, reference, start
from archspec.language.wording import expectation, hint
from archspec.ops.op import NODE_KEYS

M = TypeVar("M", bound=BaseModel)
_PARTS = ("expect", "init", "weights", "example")
_CHECKED_NODE_KEYS = NODE_KEYS - {"after", "before"}


def read_file(value: Mapping, found: list[Diagnostic]) -> Definition | None:
    """The definition that a file holds, or None where it has no graph to go on with."""
    reader = _Reader(found)
    if not reader.version(value):
        return None
    return reader.definition(value, BlockFile if "block" in value.entries else NetworkFile)


def read_block(name: str, value: Mapping, enclosing: Definition, found: list[Diagnostic]) -> Definition | None:
    """A block of a file's own, which sees the other blocks of that file."""
    return _Reader(found).definition(value, InlineBlock, name=name, blocks=enclosing.blocks)


def read_expect(value: Mapping) -> Expect:
    """A contract, which has been checked with its file."""
    return Expect.model_validate(value.plain())


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
        for contract in self._contracts(value):
            self.validated(Expect, contract)
        doc = value.entries.get("doc")
        return Definition(
            name=name,
            doc=str(doc.plain()) if doc else "",
            is_network=is_network,
            value=value,
            params=self._params(value.entries.get("params")),
            graph=self.graph(value, graph, Wiring(self.found, inputs, graph.entries)),
            blocks=self._blocks(value.entries.get("blocks")) if blocks is None else blocks,
            shapes=_entries(value.entries.get("inputs")) if is_network else {},
            variants={k: v for k, v in _entries(value.entries.get("variants")).items() if isinstance(v, Mapping)},
            **{key: part for key in _PARTS if isinstance(part := value.entries.get(key), Mapping)},
        )

    def _contracts(self, value: Mapping) -> Iterator[Mapping]:
        """The contract of a file, and those of its variants."""
        for stated in (value, *_entries(value.entries.get("variants")).values()):
            contract = _entries(stated).get("expect")
            if isinstance(contract, Mapping):
                yield contract
            elif contract is not None and stated is not value:
                message, expected = "`expect` has the wrong kind of value", "a mapping"
                found = kind(contract.plain())
                self.report("invalid-value", message, contract.span, expected=expected, found=found)

    def validated(self, model: type[M], value: Mapping) -> M | None:
        """One mapping, checked by its model; errors are placed at the keys and values at fault."""
        return self._checked(model, value, value.plain())

    def _checked(self, model: type[M], value: Mapping, plain: Any) -> M | None:
        try:
            return model.model_validate(plain)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        unknown = [str(problem["loc"][-1]) for problem in problems if problem["type"] == "extra_forbidden"]
        meant = {nearest(key, _keys(model)) for key in unknown}
        for problem in problems:
            if problem["type"] == "missing" and problem["loc"][0] in meant:
                continue  # it stands there, misspelt
            if problem["loc"] == ("archspec",) and problem["type"] != "extra_forbidden":
                continue  # `version` has spoken of it
            self._model_error(model, value, problem)
        return None

    def _node(self, value: Mapping, path: str) -> bool:
        """Whether the keys of a node are right, besides its arguments."""
        before = len(self.found)
        plain = {k: v.plain() for k, v in value.entries.items() if k in _CHECKED_NODE_KEYS}
        node = self._checked(Node, value, plain)
        self.found[before:] = [diagnostic._replace(path=path) for diagnostic in self.found[before:]]
        return node is not None

    def _model_error(self, model: type[BaseModel], value: Mapping, problem: Any) -> None:
        loc = _existing(value, problem["loc"])
        where = locate(value, loc)
        if problem["type"] == "extra_forbidden":
            parent = locate(value, loc[:-1])
            assert isinstance(parent, Mapping)
            self._unknown_key(str(loc[-1]), parent, _keys(model if parent is value else Bound))
        elif problem["type"] == "missing":
            missing = str(problem["loc"][-1])
            help = _KEY_EXAMPLES.get(missing, "")
            self.report("missing-key", f"the key `{missing}` is missing", start(value), help=help)
        else:
            keys = [step for step in loc if isinstance(step, str)]
            expected, plain = expectation(problem), where.plain()
            message = f"`{keys[-1]}` has the wrong kind of value"
            help = hint(where, plain, expected)
            self.report("invalid-value", message, where.span, expected=expected, found=kind(plain), help=help)

    def _unknown_key(self, key: str, value: Mapping, known: Iterable[str], path: str = "") -> None:
        known = sorted(known)
        help = did_you_mean(key, known) or f"known here: {listed(known)}"
        self.report("unknown-key", f"the key `{key}` is not known here", value.keys[key].span, path=path, help=help)

    def _check_name(self, name: Scalar, problem: Callable[[str], str], path: str = "") -> bool:
        text = problem(str(name.value))
        if text:
            message = f"`{name.value}` cannot be a name here: {text}"
            similar = similar_name(str(name.value), problem)
            help = f"for example `{similar}`" if similar else ""
            self.report("invalid-name", message, name.span, path=path, help=help)
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
            params[name] = param or UNKNOWN_PARAM
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
                    "invalid-value", f"the block `{name}` is neither a definition nor the path of a file", entry.span,
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
        if [name.value for name in names] == ["input"]:
            return ()
        seen: dict[str, Scalar] = {}
        for name in names:
            if self._check_name(name, node_name_problem) and str(name.value) in seen:
                notes = (Note("first here", seen[str(name.value)].span),)
                self.report("duplicate-key", f"the input `{name.value}` stands twice", name.span, notes=notes)
            seen[str(name.value)] = name
        return tuple(str(name.value) for name in names)

    def graph(
        self,
        owner: Mapping,
        value: Mapping,
        wiring: Wiring,
        passed: tuple[str, ...] = (),
    ) -> GraphSteps:
        """A graph and its wiring. ``passed`` are the inputs that are used though no node takes them."""
        wiring.used.update(passed)
        steps = tuple(self._step(value.keys[name], entry, wiring) for name, entry in value.entries.items())
        if not value.entries:
            self.report("empty-graph", "the graph has no nodes", value.span, path=wiring.path)
            return GraphSteps(wiring.inputs, (), ())
        outputs = self._outputs(owner, wiring)
        wiring.report_unused(owner)
        return GraphSteps(wiring.inputs, steps, outputs)

    def _step(self, key: Scalar, value: Value, wiring: Wiring) -> Step:
        path = wiring.child(str(key.value))
        if key.value in wiring.inputs:
            self.report("invalid-name", f"`{key.value}` is the name of an input of this graph", key.span, path=path)
        else:
            self._check_name(key, node_name_problem, path)
        mapping = node_mapping(value)
        step = None
        if mapping is not None:
            step = self._mapping_step(key, mapping, wiring, path)
        else:
            self.report(
                "invalid-value", f"`{key.value}` is no node", value.span, path=path, found=kind(value.plain()),
                expected="the name of an op, or a mapping", help=_NODE_EXAMPLE,
            )  # fmt: skip
        step = step or Step(str(key.value), key, resolved=wiring.resolved)
        wiring.add(step)
        return step

    def _mapping_step(self, key: Scalar, value: Mapping, wiring: Wiring, path: str) -> Step | None:
        entries = value.entries
        for misplaced in [word for word in entries if word in ("after", "before")]:
            message = f"`{misplaced}` places a node that is added to another file"
            help = "only a file with `extends` adds nodes; here, write the node where it belongs"
            self.report("unknown-key", message, value.keys[misplaced].span, path=path, help=help)
        operands = wiring.operands(key, value)
        kind_ = self._kind(key, value, path)
        if not self._node(value, path) or not kind_:
            return None
        arguments = {k: Entry(value.keys[k], v) for k, v in entries.items() if k not in NODE_KEYS}
        for problem in self._misplaced(kind_, arguments, entries):
            near = did_you_mean(problem, NODE_KEYS) or "the nodes of a group see the parameters around it"
            help = _KEY_HELP.get(problem, near)
            message = f"`{problem}` is no key of {_KIND_WORDS[kind_]}"
            self.report("unknown-key", message, value.keys[problem].span, path=path, help=help)
        target = entries[kind_]
        return Step(
            name=str(key.value),
            key=key,
            kind=kind_,
            target=target if isinstance(target, Scalar) else None,
            group=self._group(value, wiring, path) if kind_ == "graph" else None,
            operands=operands,
            resolved=wiring.resolved,
            arguments=arguments,
            first=_keyed(entries.get("first")),
            last=_keyed(entries.get("last")),
            when=entries.get("when"),
            repeat=entries.get("repeat"),
            outputs=self._taken_outputs(value, path) if kind_ == "block" else (),
        )

    def _kind(self, key: Scalar, value: Mapping, path: str) -> str:
        """What a node is; empty where it does not say one thing."""
        kinds = [word for word in value.entries if word in KINDS]
        if len(kinds) == 1:
            return kinds[0]
        near = next((word for word in value.entries if nearest(word, KINDS)), "")
        if kinds:
            message = f"a node is one thing, and `{key.value}` says `{kinds[0]}` and `{kinds[1]}`"
            notes = (Note("the other", value.keys[kinds[0]].span),)
            self.report("conflicting-keys", message, value.keys[kinds[1]].span, path=path, notes=notes)
        elif near:
            self._unknown_key(near, value, KINDS, path)
        else:
            message = f"`{key.value}` does not say what it is: `op`, `block` or `graph`"
            self.report("missing-key", message, key.span, path=path, help=_NODE_EXAMPLE)
        return ""

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

    def _group(self, value: Mapping, wiring: Wiring, path: str) -> GraphSteps | None:
        inner = value.entries["graph"]
        if not isinstance(inner, Mapping):
            return None
        inputs = self._input_names(value.entries.get("inputs"))
        # A group whose condition is false passes its first input through, so that is used.
        passed = inputs[:1] if "when" in value.entries else ()
        around = wiring.around | wiring.steps.keys()
        return self.graph(value, inner, Wiring(self.found, inputs, inner.entries, around, path), passed)

    def _outputs(self, owner: Mapping, wiring: Wiring) -> tuple[OutputStep, ...]:
        """The outputs that a graph declares, or its last node."""
        single, several = self._output_values(owner, wiring.path)
        if single is None and several is None:
            return wiring.last()
        if isinstance(single, Scalar) and isinstance(single.value, str):
            return (OutputStep("output", wiring.resolve(single), None, False),)
        outputs = tuple(self._output(name, several, wiring) for name in _entries(several))  # type: ignore[arg-type]
        wiring.complete = wiring.complete and bool(outputs) and all(output.reference for output in outputs)
        return outputs or (OutputStep("output", None, None, False),)

    def _output_values(self, owner: Mapping, path: str) -> tuple[Value | None, Value | None]:
        keys = [key for key in owner.entries if key in ("output", "outputs")]
        if len(keys) > 1:
            notes = (Note("the other", owner.keys[keys[0]].span),)
            message = "a graph has `output` or `outputs`, not both"
            self.report("conflicting-keys", message, owner.keys[keys[1]].span, path=path, notes=notes)
        return owner.entries.get("output"), owner.entries.get("outputs")

    def _output(self, name: str, several: Mapping, wiring: Wiring) -> OutputStep:
        self._check_name(several.keys[name], output_name_problem)
        value = several.entries[name]
        if isinstance(value, Scalar) and isinstance(value.value, str):
            return OutputStep(name, wiring.resolve(value), None, False)
        if not isinstance(value, Mapping):
            expected = "the name of a node, or a mapping with `from`"
            self._no_output(name, value, expected, wiring.path)
            return OutputStep(name, None, None, False)
        output = self.validated(Output, value)
        origin = value.entries.get("from")
        reference = wiring.resolve(origin) if output and isinstance(origin, Scalar) else None
        return OutputStep(
            name, reference, value.entries.get("when") if output else None, bool(output and output.training_only)
        )

    def _no_output(self, name: str, value: Value, expected: str, path: str) -> None:
        message = f"the output `{name}` names no node"
        self.report("invalid-value", message, value.span, path=path, expected=expected, found=kind(value.plain()))

    def _taken_outputs(self, value: Mapping, path: str) -> tuple[OutputStep, ...]:
        """The inner nodes that the user of a block takes; whether they exist shows when the block is elaborated."""
        single, several = self._output_values(value, path)
        for key in _keyed(several).values():
            self._check_name(key.key, output_name_problem, path)
        outputs = []
        for name, inner in ({"output": single} if single is not None else _entries(several)).items():
            if isinstance(inner, Scalar) and isinstance(inner.value, str):
                outputs.append(OutputStep(name, reference(inner), None, False))
            else:
                self._no_output(name, inner, "the name of a node of the block", path)
                outputs.append(OutputStep(name, None, None, False))
        return tuple(outputs)


def _entries(value: Value | None) -> dict[str, Value]:
    return value.entries if isinstance(value, Mapping) else {}


def _existing(value: Value, loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The steps of a path of pydantic's that are keys and indices of the value; others are tags of unions."""
    path: list[str | int] = []
    for step in loc:
        inner = locate(value, (step,))
        if inner is not value:
            path.append(step)
            value = inner
    return tuple(path)


def _keyed(value: Value | None) -> dict[str, Entry]:
    if not isinstance(value, Mapping):
        return {}
    return {name: Entry(value.keys[name], entry) for name, entry in value.entries.items()}


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


_KIND_WORDS = {"op": "an op", "block": "a block", "graph": "a group"}
_KEY_HELP = {
    "first": "it changes the first copy of a block or op with `repeat`",
    "last": "it changes the last copy of a block or op with `repeat`",
    "inputs": "only a group (`graph:`) names its inputs",
    "output": "an op has one output",
    "outputs": "an op has one output",
}
_KEY_EXAMPLES = {
    "name": "for example `name: my_network`; a block says `block: my_block` instead",
    "inputs": "for example `inputs: {image: [3, 224, 224]}`; a block's file says `block: my_block` instead of `name`",
    "graph": "the nodes stand in `graph:`, indented",
    "from": "for example `{from: conv, training_only: true}`",
}
_NODE_EXAMPLE = "for example `relu: relu` or `conv: {op: conv, out_channels: 64, kernel_size: 3}`"
