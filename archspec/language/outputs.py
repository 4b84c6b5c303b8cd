"""The outputs of graphs, and those that the user of a block takes."""

from __future__ import annotations

from typing import Any

from archspec.errors import Change, Help, Note
from archspec.language.checking import Checker
from archspec.language.definition import ALL_COPIES, UNKNOWN_OUTPUTS, OutputStep
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
        self.flawed: list[Mapping] = []
        """Those that a list stands for of which something is wrong."""

    def named(self, value: Sequence, path: str) -> Mapping:
        """A list of outputs as a mapping: each has the name of its node, ``c3`` for ``backbone.c3``."""
        keys: dict[str, Scalar] = {}
        entries: dict[str, Value] = {}
        named = Mapping(value.source, value.start, value.end, keys, entries)
        for item in value.items:
            name = item.value.rpartition(".")[2] if isinstance(item, Scalar) and isinstance(item.value, str) else ""
            details: dict[str, Any] = {"path": path, "help": Help.removal(_NAMED)}
            if not name:
                details |= {"expected": "the name of a node", "found": kind(item.plain())}
                self.checker.report("invalid-value", "this output names no node", item.span, **details)
            elif name == ALL_COPIES or name.lstrip("-").isdecimal():
                self.checker.report("invalid-name", f"an output cannot be called `{name}`", item.span, **details)
            elif name in keys:
                details["notes"] = (Note("first here", keys[name].span),)
                self.checker.report("duplicate-key", f"two outputs would be called `{name}`", item.span, **details)
            else:
                keys[name] = Scalar(item.source, item.start, item.end, name)
                entries[name] = item
                continue
            self.flawed.append(named)
        return named

    def outputs(self, owner: Mapping, wiring: Wiring) -> tuple[OutputStep, ...]:
        """The outputs that a graph declares, or its last node."""
        single, several = self._output_values(owner, wiring.path)
        if single is None and several is None:
            return wiring.last()
        if isinstance(single, Scalar) and isinstance(single.value, str):
            return (OutputStep("output", wiring.resolve(single)),)
        outputs = tuple(self._output(name, several, wiring) for name in entries(several))  # type: ignore[arg-type]
        flawed = not outputs or any(several is each for each in self.flawed)
        wiring.complete = wiring.complete and not flawed and all(output.reference for output in outputs)
        return outputs or (OutputStep(UNKNOWN_OUTPUTS, None),)

    def _output_values(self, owner: Mapping, path: str) -> tuple[Value | None, Value | None]:
        keys = [key for key in owner.entries if key in ("output", "outputs")]
        if len(keys) > 1:
            notes = (Note("the other", owner.keys[keys[0]].span),)
            message = "a graph has `output` or `outputs`, not both"
            self.checker.report(
                "conflicting-keys", message, owner.keys[keys[1]].span, path=path, notes=notes, help=Help.removal("")
            )
        return owner.entries.get("output"), owner.entries.get("outputs")

    def _output(self, name: str, several: Mapping, wiring: Wiring) -> OutputStep:
        self.checker.check_name(several.keys[name], output_name_problem)
        value = several.entries[name]
        if isinstance(value, Scalar) and isinstance(value.value, str):
            return OutputStep(name, wiring.resolve(value))
        if not isinstance(value, Mapping):
            expected, help = "the name of a node, or a mapping with `from`", ""
            if wiring.previous and value.plain() is None:
                written = f"{name}: {name if name in wiring.steps else wiring.previous}"
                help = Help(f"for example `{written}`", Change("state", written, several.keys[name].span))
            self._no_output(name, value, expected, wiring.path, help)
            return OutputStep(name, None)
        output = self.checker.validated(Output, value)
        origin = value.entries.get("from")
        reference = wiring.resolve(origin) if output and isinstance(origin, Scalar) else None
        training = value.entries.get("training_only") if output and output.training_only else None
        if training is not None and not wiring.is_network:
            self._no_training(value.keys["training_only"], wiring.path)
        return OutputStep(name, reference, value.entries.get("when") if output else None, training)

    def _no_training(self, key: Scalar, path: str) -> None:
        message = "`training_only` is for the outputs of a network: a block gives its outputs in evaluation too"
        help = Help.removal("say it of the network's output that takes this one")
        self.checker.report("unknown-key", message, key.span, path=path, help=help)

    def _no_output(self, name: str, value: Value, expected: str, path: str, help: str = "") -> None:
        message = f"the output `{name}` names no node"
        found = kind(value.plain())
        self.checker.report("invalid-value", message, value.span, path=path, expected=expected, found=found, help=help)

    def taken(self, value: Mapping, path: str) -> tuple[OutputStep, ...]:
        """The inner nodes that the user of a block takes; whether they exist shows when the block is elaborated."""
        single, several = self._output_values(value, path)
        for key in keyed(several).values():
            self.checker.check_name(key.key, output_name_problem, path)
        outputs = []
        for name, inner in ({"output": single} if single is not None else entries(several)).items():
            if isinstance(inner, Scalar) and isinstance(inner.value, str):
                outputs.append(OutputStep(name, reference(inner)))
            else:
                origin = inner.entries.get("from") if isinstance(inner, Mapping) and len(inner.entries) == 1 else None
                help = Help.instead(f"write `{name}: {origin.plain()}`", str(origin.plain())) if origin else ""
                self._no_output(name, inner, "the name of a node of the block", path, help)
                outputs.append(OutputStep(name, None))
        return tuple(outputs)
