"""From a file to the text of a spec, which is given only where it says what the file says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path, PurePath
from typing import Any

from typing_extensions import override

from archspec.compiler.pipeline import of_bytes
from archspec.errors import SpecError, UsageError, did_you_mean, shown
from archspec.files import write_all
from archspec.importers import registry
from archspec.importers.draft import LIMITS, Draft, Format, Given, Layer, network_name
from archspec.importers.writing import write as written
from archspec.network import Network


@dataclass(frozen=True, repr=False)
class ImportReport:
    """What was found in a file.

    Attributes:
        source: The file.
        format: What kind of file it is.
        found: Its layers, in a few words.
        params: Numbers that are trained.
        statistics: Numbers that are kept and not trained.
        macs: Multiply-accumulates of one sample.
        remarks: What was left out or changed, and why.
        checked: Whether the spec compiles and agrees with what the source's own rules say.
    """

    source: str
    format: str
    found: str
    params: int
    statistics: int
    macs: int
    remarks: tuple[str, ...] = ()
    checked: bool = True

    @override
    def __repr__(self) -> str:
        name = shown(PurePath(self.source).name[:60])
        return f"<ImportReport of {name} ({self.format}), {self.params:,} params, {len(self.remarks)} remarks>"

    @override
    def __str__(self) -> str:
        figures = f"{self.params:,} params"
        figures += f" and {self.statistics:,} statistics" if self.statistics else ""
        figures += f", {self.macs:,} MACs"
        figures += "" if self.checked else " by the source's own rules; not checked"
        lines = [f"{shown(self.source)} ({self.format}): {self.found}", figures, *map(shown, self.remarks)]
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class Imported:
    """A spec that was made of something else.

    Attributes:
        text: The spec, as YAML.
        report: What was found.
        weights: The tensors of the source by name, as arrays of NumPy, where it is a file that holds some.
    """

    text: str
    report: Any
    weights: Mapping[str, Any] = field(default_factory=dict)

    @override
    def __repr__(self) -> str:
        return f"<Imported of {len(self.text.splitlines())} lines>"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the spec to a file: whole, or not at all.

        Weights go into a file beside it, of the same name with the ending ``.safetensors``.

        Raises:
            UsageError: It cannot be written.
        """
        files: dict[Path, str | bytes] = {Path(path): self.text}
        if self.weights:
            from safetensors.numpy import save

            files[Path(path).with_suffix(".safetensors")] = save(dict(self.weights))
        write_all(files)


def import_file(
    path: str | os.PathLike[str],
    /,
    *,
    format: str | None = None,
    name: str | None = None,
    partial: bool = False,
    **options: str,
) -> Imported:
    """A spec that says what a file of another tool says. Nothing in the file is run.

    Args:
        path: A Darknet `.cfg`, a Caffe `.prototxt`, a Keras `.keras` or `.json`, an Ultralytics `.yaml`, or `.onnx`.
        format: What kind of file it is, where its name does not tell.
        name: The name of the network; that of the file, or the one in it, unless given.
        partial: Go on where something cannot be said: a node in its place says what was left out.
        **options: Those of the format, such as `scale="n"` of Ultralytics.

    Returns:
        The spec and a report. It compiles, and has as many parameters as the source's own rules give.

    Raises:
        SpecError: Something cannot be read or said in a spec; the error holds all of it with its places.
        UsageError: The file cannot be read, or the call is wrong.
    """
    kind = registry.get(format) if format else registry.of_path(os.fspath(path))
    _check_options(kind, options)
    given = Given(kind.load(path), os.fspath(path), options, partial, has_lines=kind.has_lines)
    try:
        draft = kind().read(given)
    except RecursionError:
        raise given.faults.error("it nests too deeply", given.start) from None
    if given.faults.found and not partial:
        raise given.faults.as_error()
    named = [{**spec, "name": network_name(name) if name else spec["name"]} for spec in draft.specs]
    if given.faults.found:
        return _partly(kind, given, draft, named)
    text, network = _agreeing(draft, given, named)
    report = _report(kind, given, draft, network.macs)
    return Imported(text, report, draft.weights)


def _check_options(kind: type[Format], options: Mapping[str, str]) -> None:
    for option in options:
        if option not in kind.options:
            hint = did_you_mean(option, kind.options) or "it has none"
            raise UsageError(f"the format {kind.name} has no option `{option}`; {hint}")


def _report(kind: type[Format], given: Given, draft: Draft, macs: int, *, checked: bool = True) -> ImportReport:
    return ImportReport(
        given.path, kind.name, draft.found, draft.params, draft.statistics, macs, tuple(draft.remarks), checked
    )


def _partly(kind: type[Format], given: Given, draft: Draft, specs: list[dict[str, Any]]) -> Imported:
    """What could be said, where something could not; nothing is promised of it."""
    draft.remarks += [f"left out: {fault.span}: {fault.message}" for fault in given.faults.found]
    spec = {key: value for key, value in specs[-1].items() if key != "expect"}
    return Imported(written(spec), _report(kind, given, draft, draft.macs or 0, checked=False))


def _agreeing(draft: Draft, given: Given, specs: list[dict[str, Any]]) -> tuple[str, Network]:
    """The first spec that compiles and agrees with the source's rules.

    Raises:
        SpecError: None does.
    """
    for spec in specs[:-1]:
        try:
            text = written(spec)
            network = _compiled(text, given)
        except SpecError:
            continue
        if not _differences(draft, network):
            return text, network
    text = written(specs[-1])
    try:
        network = _compiled(text, given)
    except SpecError as error:
        raise _placed(error, draft, given) from None
    if not _of_layers(draft, network, given):
        for difference in _differences(draft, network):
            given.faults.add(difference, given.start)
    if given.faults.found:
        raise given.faults.as_error()
    return text, network


def _compiled(text: str, given: Given) -> Network:
    """The network of a spec, whose variants compile and keep their contracts too.

    Raises:
        SpecError: It does not compile, or is larger than a spec may be.
    """
    loaded = of_bytes(text.encode(), given.path, Path(), LIMITS)
    network = loaded.compile()
    for variant in network.variants:
        loaded.compile(variant=variant)
    return network


def _placed(error: SpecError, draft: Draft, given: Given) -> SpecError:
    """What our rules refuse, at the places of the layers in the source."""
    layers = {layer.name: layer for layer in draft.layers}
    for found in error.diagnostics:
        layer = layers.get(found.path.partition(".")[0])
        span = layer.span if layer and layer.span else given.start
        given.faults.add(found.summary, span, path=_called(layer) if layer else found.path)
    return given.faults.as_error()


def _called(layer: Layer) -> str:
    return layer.source or layer.name


def _of_layers(draft: Draft, network: Network, given: Given) -> bool:
    """Whether a layer differs from what the source's rules say; each that does is a fault."""
    nodes = {node.path: node for node in network}
    for layer in draft.layers:
        node = nodes.get(layer.name)
        if node is None:
            continue
        span = layer.span or given.start
        if node.shape != layer.shape:
            message = f"its output is {_sizes(layer.shape)}, the spec's is {_sizes(node.shape)}"
            given.faults.add(message, span, path=_called(layer))
            return True
        if node.params != layer.params:
            message = f"it has {layer.params:,} parameters, the spec's has {node.params:,}"
            given.faults.add(message, span, path=_called(layer))
    return bool(given.faults.found)


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _differences(draft: Draft, network: Network) -> list[str]:
    """In what a network differs from what the source's rules say."""
    pairs = [("parameters", draft.params, network.params), ("statistics", draft.statistics, statistics(network))]
    if draft.macs is not None:
        pairs.append(("multiply-accumulates", draft.macs, network.macs))
    found = [f"it has {a:,} {what}, the spec has {b:,}" for what, a, b in pairs if a != b]
    theirs, ours = list(draft.outputs.values()), [output.shape for output in network.outputs.values()]
    if theirs != ours:
        found.append(f"its outputs are {', '.join(map(_sizes, theirs))}, the spec's {', '.join(map(_sizes, ours))}")
    return found


def statistics(network: Network) -> int:
    """Numbers that are kept and not trained: running means and variances, without PyTorch's counts of batches."""
    sizes = ((name, shape) for node in network for name, shape in node.buffers.items())
    return sum(prod(shape) for name, shape in sizes if name != "num_batches_tracked")
