"""The match of a checkpoint's tensors with a network's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from archspec.errors import UsageError, did_you_mean
from archspec.ops.tensor import Shape
from archspec.pytorch.weights.matching import Matching
from archspec.pytorch.weights.mismatches import Misshapen, Missing, Unexpected
from archspec.pytorch.weights.renaming import Renaming, Rules
from archspec.pytorch.weights.suggestions import with_suggestions
from archspec.pytorch.weights.tensors import fits, is_counter

_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "ema_model.")
"""What torch's DistributedDataParallel, torch.compile and the training loops of many put before every name."""


def match(
    expected: Mapping[str, Shape],
    found: Mapping[str, Shape],
    sources: Mapping[str, Rules],
    source: str | None = None,
    constants: Collection[str] = (),
) -> Matching:
    """Match a checkpoint's tensors with a network's.

    Args:
        expected: Shapes of the network's weights and buffers by name.
        found: Shapes of the checkpoint's tensors by name. What a wrapper puts before all of them counts for nothing:
            ``module.``, ``_orig_mod.``, ``model.``, ``net.`` or ``ema_model.``, unless rules name it.
        sources: Rules by source (`Network.weights`).
        source: The source of the checkpoint; empty for the network's own names. Unless given, it is the one that
            leaves the fewest problems.
        constants: Buffers of the network that a checkpoint need not have, since they are always the same.

    Raises:
        UsageError: There are no rules for the source.

    >>> rules = {"other": {"head": "fc"}}
    >>> matching = match({"fc.weight": (10, 4)}, {"head.weight": (10, 4)}, rules)
    >>> matching.ok, matching.source, matching.names
    (True, 'other', {'fc.weight': 'head.weight'})
    """
    return with_suggestions(closest(expected, found, sources, source, constants=constants))


def closest(
    expected: Mapping[str, Shape],
    found: Mapping[str, Shape],
    sources: Mapping[str, Rules],
    source: str | None = None,
    *,
    constants: Collection[str],
) -> Matching:
    """The same without suggestions, which take longer than the match.

    Raises:
        UsageError: There are no rules for the source.
    """
    if source is not None and source not in ("", *sources):
        hint = did_you_mean(source, sources) or "the network states none"
        raise UsageError(f"no rules for the checkpoints of `{source}`; {hint}")
    stated = {"": {}, **sources}
    candidates = list(stated) if source is None else [source]
    stripped = _stripped(found, expected, [left for rules in stated.values() for left in rules])
    matchings = [_matching(name, stated[name], expected, found, stripped, constants) for name in candidates]
    return min(matchings, key=lambda matching: matching.problems)


def _stripped(found: Iterable[str], expected: Iterable[str], rules: Iterable[str]) -> dict[str, str]:
    """Names without what wraps all of them, to the names as they are."""
    names = {key: key for key in found}
    own, ruled = dict.fromkeys(expected), tuple(rules)
    for _ in range(2 * len(_WRAPPERS)):
        wrapper = next((word for word in _WRAPPERS if names and all(name.startswith(word) for name in names)), "")
        if not wrapper or any(left.startswith(wrapper) for left in ruled):
            break
        inner = {name.removeprefix(wrapper): key for name, key in names.items()}
        if own and (all(name.startswith(wrapper) for name in own) or _known(names, own) > _known(inner, own)):
            break
        names = inner
    return names


def _known(names: Iterable[str], own: Mapping[str, object]) -> int:
    return sum(name in own for name in names)


def _matching(
    source: str,
    rules: Rules,
    expected: Mapping[str, Shape],
    found: Mapping[str, Shape],
    stripped: Mapping[str, str],
    constants: Collection[str],
) -> Matching:
    names: dict[str, str] = {}
    unexpected: list[Unexpected] = []
    left_out: list[str] = []
    for name, ours in Renaming(rules, expected).of(stripped, found).items():
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
    fitting = {ours: key for ours, key in names.items() if fits(expected[ours], found[key])}
    absent = [ours for ours in expected if ours not in names]
    untouched = [ours for ours in absent if is_counter(ours) or ours in constants]
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
