"""The outputs of graphs, and those that the user of a block takes."""

from __future__ import annotations

from archspec.errors import Note
from archspec.language.checking import Checker
from archspec.language.definition import UNKNOWN_OUTPUTS, OutputStep
from archspec.language.names import output_name_problem
from archspec.language.source import Mapping, Scalar, Sequence, Value, entries, keyed
from archspec.language.spec import Output
from archspec.language.values import kind
from archspec.language.wiring import Wiring, reference

_NAMED = "a mapping names them: `outputs: {low: backbone.c3, high: neck.c3}`"


class OutputReader:
    """Reads outputs."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker

    def named(self, value: Sequence, path: str) -> Mapping:
        """A list of outputs as a mapping: each has the name of its node, ``c3`` for ``backbone.c3``."""
        keys: dict[str, Scalar] = {}
        entries: dict[str, Value] = {}
        for item in value.items:
            if not (isinstance(item, Scalar) and isinstance(item.value, str)):
                message, found = "this output names no node", kind(item.plain())
                details = {"path": path, "expected": "the name of a node", "found": found}
                self.checker.report("invalid-value", message, item.span, **details, help=_NAMED)
                continue
            name = item.value.rpartition(".")[2]
            if name in keys:
                notes = (Note("first here", keys[name].span),)
                message = f"two outputs would be called `{name}`"
                self.checker.report("duplicate-key", message, item.span, path=path, notes=notes, help=_NAMED)
                continue
            keys[name] = Scalar(item.source, item.start, item.end, name)
            entries[name] = item
        return Mapping(value.source, value.start, value.end, keys, entries)

    def outputs(self, owner: Mapping, wiring: Wiring) -> tuple[OutputStep, ...]:
        """The outputs that a graph declares, or its last node."""
        single, several = self._output_values(owner, wiring.path)
        if single is None and several is None:
            return wiring.last()
        if isinstance(single, Scalar) and isinstance(single.value, str):
            return (OutputStep("output", wiring.resolve(single), None, False),)
        outputs = tuple(self._output(name, several, wiring) for name in entries(several))  # type: ignore[arg-type]
        wiring.complete = wiring.complete and bool(outputs) and all(output.reference for output in outputs)
        return outputs or (OutputStep(UNKNOWN_OUTPUTS, None, None, False),)

    def _output_values(self, owner: Mapping, path: str) -> tuple[Value | None, Value | None]:
        keys = [key for key in owner.entries if key in ("output", "outputs")]
        if len(keys) > 1:
            notes = (Note("the other", owner.keys[keys[0]].span),)
            message = "a graph has `output` or `outputs`, not both"
            self.checker.report("conflicting-keys", message, owner.keys[keys[1]].span, path=path, notes=notes)
        return owner.entries.get("output"), owner.entries.get("outputs")

    def _output(self, name: str, several: Mapping, wiring: Wiring) -> OutputStep:
        self.checker.check_name(several.keys[name], output_name_problem)
        value = several.entries[name]
        if isinstance(value, Scalar) and isinstance(value.value, str):
            return OutputStep(name, wiring.resolve(value), None, False)
        if not isinstance(value, Mapping):
            expected = "the name of a node, or a mapping with `from`"
            self._no_output(name, value, expected, wiring.path)
            return OutputStep(name, None, None, False)
        output = self.checker.validated(Output, value)
        origin = value.entries.get("from")
        reference = wiring.resolve(origin) if output and isinstance(origin, Scalar) else None
        return OutputStep(
            name, reference, value.entries.get("when") if output else None, bool(output and output.training_only)
        )

    def _no_output(self, name: str, value: Value, expected: str, path: str) -> None:
        message = f"the output `{name}` names no node"
        found = kind(value.plain())
        self.checker.report("invalid-value", message, value.span, path=path, expected=expected, found=found)

    def taken(self, value: Mapping, path: str) -> tuple[OutputStep, ...]:
        """The inner nodes that the user of a block takes; whether they exist shows when the block is elaborated."""
        single, several = self._output_values(value, path)
        for key in keyed(several).values():
            self.checker.check_name(key.key, output_name_problem, path)
        outputs = []
        for name, inner in ({"output": single} if single is not None else entries(several)).items():
            if isinstance(inner, Scalar) and isinstance(inner.value, str):
                outputs.append(OutputStep(name, reference(inner), None, False))
            else:
                self._no_output(name, inner, "the name of a node of the block", path)
                outputs.append(OutputStep(name, None, None, False))
        return tuple(outputs)
