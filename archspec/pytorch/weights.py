"""A checkpoint's tensors and a network's, matched by name and shape before anything is built or read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from typing_extensions import override

from archspec.errors import UsageError, did_you_mean, nearest
from archspec.language import patterns
from archspec.ops.tensor import Shape, show

Rules = Mapping[str, str | None]
"""Names of a checkpoint, or patterns of them, to those of a network; None for what is left out."""
_WRAPPERS = ("module.", "_orig_mod.")
"""What torch's DistributedDataParallel and torch.compile put before every name."""
_COUNTER = "num_batches_tracked"
"""The buffer of batch normalisation that checkpoints of PyTorch before 0.4.1 lack."""
_MOST_COMPARED = 20
"""Names for which a similar one is searched; comparing takes time."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A tensor of the network that the checkpoint does not have."""

    name: str
    shape: Shape
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A tensor of the checkpoint, under its own name, that the network does not have."""

    key: str
    shape: Shape
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Misshapen:
    """A tensor whose shape in the checkpoint is another one: ``name`` in the network, ``key`` in the checkpoint."""

    name: str
    key: str
    expected: Shape
    found: Shape
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Matching:
    """What of a checkpoint fits a network.

    Attributes:
        source: The rules it was matched by, such as ``torchvision``; empty for the network's own names.
        names: For each tensor of the network that fits, its name in the checkpoint.
        reshaped: Those of them whose shapes differ by sizes of 1 at the end, such as a 1x1 convolution's and a linear
            layer's: reshape the checkpoint's tensor to the network's shape.
        missing: Tensors that the checkpoint does not have.
        unexpected: Tensors that the network does not have.
        misshapen: Tensors of another shape.
        left_out: Names in the checkpoint that a rule leaves out.
        untouched: Counters of batches that the checkpoint lacks, which is no fault: they keep their value.
    """

    source: str
    names: Mapping[str, str]
    reshaped: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    unexpected: tuple[Unexpected, ...] = ()
    misshapen: tuple[Misshapen, ...] = ()
    left_out: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()

    @property
    def problems(self) -> int:
        """The number of tensors that do not match."""
        return len(self.missing) + len(self.unexpected) + len(self.misshapen)

    @property
    def ok(self) -> bool:
        """Whether every tensor of the network, and of the checkpoint but what rules leave out, has its counterpart."""
        return not self.problems

    @override
    def __str__(self) -> str:
        return "\n".join(_report(self))


def match(
    expected: Mapping[str, Shape],
    found: Mapping[str, Shape],
    sources: Mapping[str, Rules],
    source: str | None = None,
) -> Matching:
    """Match a checkpoint's tensors with a network's.

    Args:
        expected: Shapes of the network's weights and buffers by name.
        found: Shapes of the checkpoint's tensors by name. A ``module.`` or ``_orig_mod.`` before all of them counts
            for nothing.
        sources: Rules by source (`Network.weights`).
        source: The source of the checkpoint; empty for the network's own names. Unless given, it is the one that
            leaves the fewest problems.

    Raises:
        UsageError: There are no rules for the source.

    >>> rules = {"other": {"head": "fc"}}
    >>> matching = match({"fc.weight": (10, 4)}, {"head.weight": (10, 4)}, rules)
    >>> matching.ok, matching.source, matching.names
    (True, 'other', {'fc.weight': 'head.weight'})
    """
    if source is not None and source not in ("", *sources):
        hint = did_you_mean(source, sources) or "the network states none"
        raise UsageError(f"no rules for the checkpoints of `{source}`; {hint}")
    stated = {"": {}, **sources}
    candidates = list(stated) if source is None else [source]
    stripped = _stripped(found, expected)
    matchings = [_matching(name, stated[name], expected, found, stripped) for name in candidates]
    return _with_suggestions(min(matchings, key=lambda matching: matching.problems))


def _stripped(found: Iterable[str], expected: Iterable[str]) -> dict[str, str]:
    """Names without what wraps all of them, to the names as they are."""
    names = {key: key for key in found}
    own = tuple(expected)
    for _ in range(2 * len(_WRAPPERS)):
        wrapper = next((word for word in _WRAPPERS if names and all(name.startswith(word) for name in names)), "")
        if not wrapper or (own and all(name.startswith(wrapper) for name in own)):
            break
        names = {name.removeprefix(wrapper): key for name, key in names.items()}
    return names


def _matching(
    source: str, rules: Rules, expected: Mapping[str, Shape], found: Mapping[str, Shape], stripped: Mapping[str, str]
) -> Matching:
    names: dict[str, str] = {}
    unexpected: list[Unexpected] = []
    left_out: list[str] = []
    for name, ours in _Renaming(rules, expected).of(stripped, found).items():
        key = stripped[name]
        if ours is None:
            left_out.append(key)
        elif ours in names:
            unexpected.append(Unexpected(key, found[key], f"`{names[ours]}` is taken for `{ours}`"))
        elif ours in expected:
            names[ours] = key
        else:
            renamed = f"it would be `{ours}` here" if ours and ours != name else ""
            unexpected.append(Unexpected(key, found[key], renamed))
    fitting = {ours: key for ours, key in names.items() if _fits(expected[ours], found[key])}
    absent = [ours for ours in expected if ours not in names]
    untouched = [ours for ours in absent if _is_counter(ours)]
    return Matching(
        source=source,
        names=fitting,
        reshaped=tuple(ours for ours, key in fitting.items() if expected[ours] != found[key]),
        missing=tuple(Missing(ours, expected[ours]) for ours in absent if ours not in untouched),
        unexpected=tuple(unexpected),
        misshapen=tuple(
            Misshapen(ours, key, expected[ours], found[key]) for ours, key in names.items() if ours not in fitting
        ),
        left_out=tuple(left_out),
        untouched=tuple(untouched),
    )


def _is_counter(name: str) -> bool:
    return name.rpartition(".")[2] == _COUNTER


def _fits(expected: Shape, found: Shape) -> bool:
    """Whether a tensor can take another's place: sizes of 1 at the end do not move an element."""
    return _core(expected) == _core(found)


def _core(shape: Shape) -> Shape:
    while shape and shape[-1] == 1:
        shape = shape[:-1]
    return shape


class _Renaming:
    """The rules of one source, made ready.

    A rule applies to a name that begins with its left side; the first that does holds. One whose left side has ``**``
    pairs modules in order, after the others have taken theirs.
    """

    def __init__(self, rules: Rules, expected: Mapping[str, Shape]) -> None:
        self.rules = list(rules.items())
        self.expected = expected
        self.literal = {left: i for i, (left, _) in enumerate(self.rules) if not patterns.is_pattern(left)}
        self.patterns = [i for i, (left, _) in enumerate(self.rules) if patterns.is_pattern(left)]

    def of(self, names: Mapping[str, str], found: Mapping[str, Shape]) -> dict[str, str | None]:
        """What each name is in the network; None for one that is left out, empty for one without a counterpart."""
        renamed: dict[str, str | None] = {}
        ordered: dict[int, list[str]] = defaultdict(list)
        for name in names:
            rule, parts, rest = self._first(name)
            if rule is None:
                renamed[name] = name
                continue
            left, right = self.rules[rule]
            if right is None:
                renamed[name] = None
            elif "**" in left:
                renamed[name] = ""
                ordered[rule].append(name)
            else:
                renamed[name] = patterns.filled(right, parts) + rest
        for rule, members in sorted(ordered.items()):
            shapes = {name: found[names[name]] for name in members}
            renamed |= self._in_order(shapes, self.rules[rule][1] or "", renamed.values())
        return renamed

    def _first(self, name: str) -> tuple[int | None, tuple[str, ...], str]:
        """The rule that holds for a name, what its ``*`` stand for, and the rest of the name."""
        best = min((self.literal.get(start, len(self.rules)) for start in _starts(name)), default=len(self.rules))
        for i in self.patterns:
            if i > best:
                break
            left = self.rules[i][0]
            match = None if "**" in left else patterns.begins(left, name)
            if match:
                return i, match.groups(), name[match.end() :]
            if "**" in left and patterns.matches(left, _module(name)):
                return i, (), ""
        if best == len(self.rules):
            return None, (), ""
        return best, (), name[len(self.rules[best][0]) :]

    def _in_order(self, members: Mapping[str, Shape], right: str, taken: Iterable[str | None]) -> dict[str, str | None]:
        """The modules of some tensors paired with the network's, the first of a kind with the first of that kind."""
        used = {_module(name) for name in taken if name and name in self.expected}
        free = {
            name: shape
            for name, shape in self.expected.items()
            if _module(name) not in used and patterns.matches(right, _module(name))
        }
        ours, theirs = _kinds(free), _kinds(members)
        pairs: dict[str, str] = {}
        for kind, modules in theirs.items():
            ordered = sorted(modules, key=patterns.natural_order)
            pairs.update(zip(ordered, ours.get(kind, ()), strict=False))
        return {name: f"{pairs[_module(name)]}.{_tensor(name)}" for name in members if _module(name) in pairs}


def _starts(name: str) -> Iterator[str]:
    """A name, and those of the modules around it."""
    while name:
        yield name
        name = _module(name)


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def _tensor(name: str) -> str:
    return name.rpartition(".")[2]


Kind = tuple[tuple[str, int], ...]
"""Names and numbers of dimensions of a module's tensors, those of its counter left out."""


def _kinds(tensors: Mapping[str, Shape]) -> dict[Kind, list[str]]:
    """Modules by kind, in order."""
    parts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, shape in tensors.items():
        parts[_module(name)] += [] if _is_counter(name) else [(_tensor(name), len(shape))]
    kinds: dict[Kind, list[str]] = defaultdict(list)
    for module, kind in parts.items():
        kinds[tuple(sorted(kind))].append(module)
    return kinds


# Suggestions


def _with_suggestions(matching: Matching) -> Matching:
    """The matching, with what its problems may come from."""
    if matching.ok:
        return matching
    pairs = _pairs(matching.missing, matching.unexpected)
    back = {key: name for name, key in pairs.items()}
    shapes = {tensor.key: tensor.shape for tensor in matching.unexpected}
    return replace(
        matching,
        missing=tuple(replace(m, suggestion=_same(pairs.get(m.name), m.shape, shapes)) for m in matching.missing),
        unexpected=tuple(
            replace(u, suggestion=f"is it `{back[u.key]}`?" if u.key in back else u.suggestion)
            for u in matching.unexpected
        ),
        misshapen=tuple(_misshapen(matching.misshapen)),
    )


def _same(key: str | None, shape: Shape, shapes: Mapping[str, Shape]) -> str:
    if key is None:
        return ""
    return f"is it `{key}`" + ("?" if _fits(shape, shapes[key]) else f", which is {show(shapes[key])}?")


def _pairs(missing: Iterable[Missing], unexpected: Iterable[Unexpected]) -> dict[str, str]:
    """Missing tensors and unexpected ones that may be the same: of one shape and in one order, or of similar names."""
    wanted, offered = defaultdict(list), defaultdict(list)
    for tensor in missing:
        wanted[_tensor(tensor.name), _core(tensor.shape)].append(tensor.name)
    for other in unexpected:
        offered[_tensor(other.key), _core(other.shape)].append(other.key)
    pairs: dict[str, str] = {}
    for kind, names in wanted.items():
        if len(names) == len(offered[kind]):
            pairs.update(zip(names, offered[kind], strict=True))
    rest = {other.key for other in unexpected} - set(pairs.values())
    for tensor in [tensor for tensor in missing if tensor.name not in pairs][:_MOST_COMPARED]:
        near = nearest(tensor.name, rest)
        if near:
            pairs[tensor.name] = near
            rest.remove(near)
    return pairs


def _misshapen(tensors: tuple[Misshapen, ...]) -> Iterator[Misshapen]:
    shapes = {(tensor.expected, tensor.found): tensor for tensor in reversed(tensors)}
    classifier = _classifier(tensors)
    for tensor in tensors:
        other = shapes.get((tensor.found, tensor.expected))
        if other:
            yield replace(
                tensor, suggestion=f"the shapes of this and `{other.key}` are each other's: are they swapped?"
            )
        else:
            yield replace(tensor, suggestion=classifier)


def _classifier(tensors: tuple[Misshapen, ...]) -> str:
    """What to do where one layer alone has another number of outputs."""
    sizes = {(tensor.expected[:1], tensor.found[:1]) for tensor in tensors if tensor.expected[1:] == tensor.found[1:]}
    if len({_module(tensor.name) for tensor in tensors}) > 1 or len(sizes) != 1:
        return ""
    ((_, found),) = sizes
    return f"the checkpoint has {show(found)} outputs here: a network with as many takes it (`--set num_classes=...`)"


# The report


def _report(matching: Matching) -> Iterator[str]:
    total = len(matching.names) + len(matching.missing) + len(matching.misshapen)
    by = f", by the rules for {matching.source}" if matching.source else ""
    yield f"{len(matching.names)} of {total} tensors match{by}"
    if matching.missing:
        yield f"missing from the checkpoint: {len(matching.missing)}"
        yield from (_line(f"{m.name} ({show(m.shape)})", m.suggestion) for m in matching.missing)
    if matching.unexpected:
        yield f"unknown to the network: {len(matching.unexpected)}"
        yield from (_line(f"{u.key} ({show(u.shape)})", u.suggestion) for u in matching.unexpected)
    if matching.misshapen:
        yield f"of another shape: {len(matching.misshapen)}"
        yield from (_line(_shapes(m), m.suggestion) for m in matching.misshapen)
    if matching.left_out:
        yield f"left out by the rules: {len(matching.left_out)}"
    rule = _rule(matching)
    if rule:
        yield f"help: the spec can rename them, for example with `weights: {{checkpoint: {{{rule}}}}}`"


def _line(text: str, suggestion: str) -> str:
    return f"  {text}" + (f": {suggestion}" if suggestion else "")


def _shapes(tensor: Misshapen) -> str:
    named = "" if tensor.key == tensor.name else f", here `{tensor.name}`,"
    return f"{tensor.key}{named} is {show(tensor.found)}, and not {show(tensor.expected)}"


def _rule(matching: Matching) -> str:
    """A rule that renames a tensor as suggested; empty where none is."""
    pairs = _pairs(matching.missing, matching.unexpected)
    if not pairs:
        return ""
    name, key = next(iter(pairs.items()))
    while "." in name and "." in key and _tensor(name) == _tensor(key):
        name, key = _module(name), _module(key)
    return f'"{key}": "{name}"'
