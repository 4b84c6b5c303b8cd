"""An op applied to the shapes of its operands: arguments validated, the output inferred, each combination once."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from archspec.compiler.binding import evaluate
from archspec.compiler.leftovers import leftovers
from archspec.compiler.mending import at_node, operand_help, places_help
from archspec.compiler.sharing import OPS, BoundKey
from archspec.compiler.trace import Failed
from archspec.compiler.walk import CHARACTERS_OF_A_VALUE, Site, Walk
from archspec.errors import ArgumentError, Change, Help, OperandError, RuleError, ShapeError, listed, removable
from archspec.language.definition import Reference
from archspec.language.limits import VALUES_OF_A_STEP
from archspec.language.source import Scalar, Value
from archspec.language.values import Unknown
from archspec.language.wording import expectation, found, hint
from archspec.network import Applied
from archspec.ops.op import NODE_KEYS, Op
from archspec.ops.tensor import MAX_ELEMENTS, MAX_RANK, Places, Shape, Shapes, elements, show, spatial_rank

_LONG = CHARACTERS_OF_A_VALUE * VALUES_OF_A_STEP


class Application:
    """Applies ops to shapes. Equal uses share the outcome (`OPS`)."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.trace = walk.trace
        OPS.make_room()

    def apply(self, cls: type[Op], site: Site) -> Applied | None:
        """The op with its arguments and what follows from the shapes, or None where an error left that unknown."""
        values, failed = self._evaluated(site)
        written, shapes = repr(values) if values else "", site.shapes
        if len(written) >= _LONG:
            self.walk.weigh(site.step, len(written) // CHARACTERS_OF_A_VALUE)
        known = OPS.applied.get((cls, written, shapes))
        if known is not None and not failed:
            return known
        if not self._operands_fit(cls, site, shapes):
            return None
        inputs = tuple([shape for shape in shapes if shape is not None])
        rank = spatial_rank(shapes[0]) if shapes and shapes[0] is not None else None
        bound = self._bound(cls, site, values, failed, (cls, written, rank))
        if bound is None or failed or not 0 < len(inputs) == len(shapes):
            return None
        try:
            OPS.applied[cls, written, inputs] = applied = _applied(bound, inputs)
        except RuleError as error:
            self._rule_error(error, site, cls)
            return None
        return applied

    def parts(self, applied: Applied, site: Site) -> dict[str, Applied] | None:
        """The ops that an op is of which an output is taken by name, by that; None where an error left it unknown."""
        found: dict[str, Applied] = {}
        try:
            for name, op in applied.op.parts(applied.input_shapes).items():
                found[name] = _applied(op, (*applied.input_shapes, *(each.shape for each in found.values())))
        except RuleError as error:
            self._rule_error(error, site, type(applied.op))
            return None
        return found

    def _operands_fit(self, cls: type[Op], site: Site, shapes: tuple[Shape | None, ...]) -> bool:
        least, most = cls.arity
        count = len(shapes)
        if site.step.operands is not None and not least <= count <= (most or count):
            wanted = f"{least}" if least == most else f"{least} to {most}" if most else f"{least} or more"
            message = f"{cls.name} takes {wanted} operand{'s' * (wanted != '1')}, not {count}"
            few = (
                places_help(site) or f"for example `{cls.example}`" if cls.takes_places else "name them: `from: [a, b]`"
            )
            help = few if count < least else "join them first, with `add` or `concat`"
            self._report("operand-count", message, site.key, site, label=_operand_shapes(site), help=help)
            return False
        misplaced = next(
            (n for n, shape in enumerate(shapes) if isinstance(shape, Places) and n not in cls.takes_places), -1
        )
        if misplaced >= 0:
            taken = site.scope.expanded(site.step.operands or ())[misplaced]
            message = f"{cls.name} computes with numbers, and `{_written(taken)}` is places of maxima"
            help = Help(
                f"take the maxima, `{taken.name}`; their places are for `max_unpool`",
                Change("replace", taken.name, taken.value.span),
            )
            self._report("shape-mismatch", message, site.key, site, help=help)
            return False
        shape = shapes[0] if shapes else None
        if shape is None or cls.spatial_ranks is None or spatial_rank(shape) in cls.spatial_ranks:
            return True
        ranks = " or ".join(", ".join(map(str, sorted(cls.spatial_ranks))).rsplit(", ", 1))
        dimensions = f"{ranks} spatial dimension{'s' * (ranks != '1')}"
        message = f"{cls.name} needs {dimensions}, its input has {spatial_rank(shape)}"
        help = "" if spatial_rank(shape) else "does it belong above the `flatten`?"
        self._report("shape-mismatch", message, site.key, site, label=_operand_shapes(site), help=help)
        return False

    def _evaluated(self, site: Site) -> tuple[dict[str, Any], set[str]]:
        """The values of the arguments, and the names of those that have none."""
        values, failed = {}, set()
        for name, entry in site.arguments.items():
            try:
                values[name] = evaluate(entry.value, site.scope.names, self.trace, site.path)
            except (Failed, Unknown):
                failed.add(name)
        return values, failed

    def _bound(self, cls: type[Op], site: Site, values: dict[str, Any], failed: set[str], key: BoundKey) -> Op | None:
        """The op with its arguments, or None where one is wrong."""
        known = OPS.bound.get(key)
        if known is not None:
            return known
        _, _, rank = key
        context = {} if rank is None else {"spatial_rank": rank}
        try:
            OPS.bound[key] = bound = cls.model_validate(values, context=context)
            return bound
        except ValidationError as error:
            problems = [
                problem
                for problem in error.errors(include_url=False, include_input=False)
                if problem["loc"][0] not in failed
            ]
        for problem in problems:
            if problem["type"] not in ("missing", "extra_forbidden"):
                self._wrong_argument(cls, problem, site, values)
        self._unknown_arguments(cls, site)
        missing = [str(problem["loc"][0]) for problem in problems if problem["type"] == "missing"]
        self._missing_arguments(cls, missing, site)
        return None

    def _wrong_argument(self, cls: type[Op], problem: Any, site: Site, values: dict[str, Any]) -> None:
        name = str(problem["loc"][0])
        message = f"`{name}` of {cls.name} has the wrong value"
        place, expected, value = site.arguments[name].value, expectation(problem), values[name]
        help = hint(place, value, expected, site.scope.names)
        help = help if cls.model_fields[name].is_required() else removable(help)
        self._report("invalid-argument", message, place, site, expected=expected, found=found(value), help=help)

    def _unknown_arguments(self, cls: type[Op], site: Site) -> None:
        from archspec.ops.foreign import argument_hint

        fields = list(cls.model_fields)
        unknown = {name: entry.key for name, entry in site.arguments.items() if name not in cls.model_fields}
        for left in leftovers(unknown, site.step):
            message = left.message(cls.name, "argument")
            self._report("unknown-argument", message, site.target, site, help=left.help)
            unknown = {name: key for name, key in unknown.items() if name not in left.names}
        for name, key in unknown.items():
            none = Help.removal(f"{cls.name} takes no arguments")
            help = argument_hint(name, fields, NODE_KEYS) if fields else none
            if name in cls.inferred:
                help = Help.removal(f"leave it out: `{name}` follows from the input")
            self._report("unknown-argument", f"{cls.name} has no argument `{name}`", key, site, help=help)

    def _missing_arguments(self, cls: type[Op], missing: list[str], site: Site) -> None:
        """Report arguments that are missing, but for those that are only misspelt."""
        from archspec.ops.foreign import argument

        meant = {argument(name, cls.model_fields) for name in site.arguments.keys() - cls.model_fields.keys()}
        names = [name for name in missing if name not in meant]
        if names:
            message = f"{cls.name} needs the argument{'s' * (len(names) > 1)} {listed(names)}"
            values = _example(cls)
            given = "\n".join(f"{name}: {values[name]}" for name in names if name in values)
            help = Help(f"for example `{cls.example}`", Change("set", given))
            self._report("missing-argument", message, site.key, site, help=help)

    def _rule_error(self, error: RuleError, site: Site, cls: type[Op]) -> None:
        place: Value = site.key
        label, help = error.label, error.help
        if isinstance(error, ArgumentError) and error.argument in site.arguments:
            place = site.arguments[error.argument].value
            help = help if cls.model_fields[error.argument].is_required() else removable(help)
            help = at_node(help, site.key.span)
        elif isinstance(error, ShapeError | OperandError) and not label:
            from archspec.compiler.shortcuts import shortcut_help
            from archspec.compiler.shrinkage import padding_help

            label = _operand_shapes(site)
            help = padding_help(site) or operand_help(site) or shortcut_help(site, help)
        self._report(error.code, error.message, place, site, label=label, help=help)

    def _report(self, code: str, message: str, place: Value, site: Site, **details: str) -> None:
        self.trace.report(code, message, place, path=site.path, **details)


def _example(cls: type[Op]) -> dict[str, str]:
    """The arguments of an op's example, as they are written."""
    from archspec.language.block_scanner import scan

    text = f"node: {cls.example}"
    node = scan(text).get("node")
    entries = node.entries if node is not None else []
    return {each.name: text[each.value.start : each.value.end] for each in entries if each.value is not None}


def _applied(bound: Op, inputs: Shapes) -> Applied:
    shape = bound.infer(inputs)
    if len(shape) > MAX_RANK:
        raise ShapeError(f"the output has {len(shape):,} dimensions; PyTorch's reductions take {MAX_RANK} at most")
    if elements(shape) > MAX_ELEMENTS:
        raise ShapeError(f"the output, {show(shape)}, has more elements than PyTorch can count")
    return Applied(bound, inputs, shape, bound.weights(inputs), bound.buffers(inputs), bound.cost(inputs, shape))


def _operand_shapes(site: Site) -> str:
    """``bn3 (line 11) is 512x28x28, input is 256x56x56``."""
    keys = {step.name: step.key for step in site.scope.graph.steps}
    words = []
    for reference, shape in zip(site.scope.expanded(site.step.operands or ()), site.shapes, strict=True):
        if shape is not None:
            place = _line(keys.get(reference.name), site.step.key)
            words.append(f"{_written(reference)}{place} is {show(shape)}")
    return ", ".join(words)


def _written(reference: Reference) -> str:
    """What a node takes, as written."""
    return reference.name + (f".{reference.port}" if reference.port else "") or "input"


def _line(key: Scalar | None, near: Scalar) -> str:
    """`` (line 11)``; with the file where it is not that of the node at fault."""
    if key is None:
        return ""
    return f" (line {key.span.line})" if key.source is near.source else f" ({key.span.file}:{key.span.line})"
