"""The pipeline, from a file to a network: read, elaborate, check the contract."""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

from typing_extensions import override

from archspec.compiler.assembly import partial
from archspec.compiler.binding import Argument, bind, check_values, has_too_many
from archspec.compiler.contract import check_contract
from archspec.compiler.elaborate import elaborate
from archspec.compiler.sharing import Memory
from archspec.compiler.tensor_rules import with_tensor_rules
from archspec.compiler.trace import Trace
from archspec.errors import Diagnostic, Findings, Note, Span, SpecError, UsageError, did_you_mean, shown
from archspec.files import NO_FILE, reason, start
from archspec.language.definition import Definition
from archspec.language.limits import Limits
from archspec.language.loader import Loader, Reading, located, nearby
from archspec.language.removal import explained
from archspec.language.source import Entry, Scalar, Source, Value, decode
from archspec.language.source import Mapping as MappingValue
from archspec.language.values import kind
from archspec.language.work import bounded_lists
from archspec.network import Block, Network, Node

_DEFAULT_LIMITS = Limits()
_MOST_FOUND = 5
"""The search for errors ends at this many times the number that is reported."""


def compile(
    spec: str | os.PathLike[str],
    /,
    *,
    variant: str | None = None,
    root: str | os.PathLike[str] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    **params: Any,
) -> Network:
    """Compile a spec file.

    Args:
        spec: The path of a YAML file.
        variant: One of the sets of parameters that the spec names.
        root: The folder that the spec's references to other files may not leave; that of the spec unless given.
        limits: Bounds on what the spec may ask for.
        **params: Values of the spec's parameters, over those of the variant.

    Returns:
        The network. Nothing is imported from torch.

    Raises:
        SpecError: The spec is wrong; the error holds every diagnostic.
        UsageError: There is no such variant or parameter, or a parameter does not take the value.

    >>> net = compile("specs/lenet.yaml", num_classes=26)
    >>> net["fc3"].shape
    (26,)
    """
    return opened(spec, root, limits).compile(variant=variant, **params)


def compile_text(
    text: str,
    /,
    *,
    name: str = "<text>",
    variant: str | None = None,
    root: str | os.PathLike[str] = ".",
    limits: Limits = _DEFAULT_LIMITS,
    **params: Any,
) -> Network:
    """Compile a spec given as text; see `compile`.

    Args:
        text: YAML.
        name: What messages call it.
        variant: One of the sets of parameters that the spec names.
        root: The folder that relative paths start from, and that they may not leave.
        limits: Bounds on what the spec may ask for.
        **params: Values of the spec's parameters.
    """
    data = text.encode("utf-8", "surrogatepass")[: limits.file_bytes + 1]
    return of_bytes(data, name, Path(root), limits).compile(variant=variant, **params)


def load(
    spec: str | os.PathLike[str],
    /,
    *,
    root: str | os.PathLike[str] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> LoadedSpec:
    """Read and check a spec file once, to compile it again and again.

    Args:
        spec: The path of a YAML file.
        root: The folder that the spec's references to other files may not leave; that of the spec unless given.
        limits: Bounds on what the spec may ask for.

    Raises:
        SpecError: The file, or one that it extends, is wrong whatever its parameters are.

    >>> spec = load("specs/mobilenet_v2.yaml")
    >>> [spec.compile(width=width).params for width in (0.5, 1.0)]
    [1968680, 3504872]
    """
    loaded = opened(spec, root, limits)
    loaded.check()
    return loaded


def opened(spec: str | os.PathLike[str], root: str | os.PathLike[str] | None, limits: Limits) -> LoadedSpec:
    """A spec file that is there; it is looked into when it is compiled.

    Raises:
        SpecError: It cannot be read, holds no text, or is a link out of its folder that ``root`` does not allow.
    """
    path = Path(spec)
    name = str(path)
    place, folder = located(path, Path(root) if root else None)
    try:
        text = decode(start(place, limits.file_bytes), name, limits)
    except (OSError, ValueError) as error:
        message, why = f"cannot read `{shown(name)}`: {reason(error)}", reason(error)
        stdin = "a command reads standard input where `-` stands for the spec"
        help = stdin if why == NO_FILE else nearby(path, whole=True)
        raise SpecError([Diagnostic("unreadable-file", message, Span(name, 1, 1, 1, 1), help=help)]) from None
    return LoadedSpec(Source(name, text, place), folder, limits)


def of_bytes(data: bytes, name: str, root: Path, limits: Limits) -> LoadedSpec:
    """A spec that is no file.

    Raises:
        SpecError: It holds no text.
    """
    return LoadedSpec(Source(name, decode(data, name, limits)), root, limits)


class LoadedSpec:
    """A spec of which each file is read and checked once, however often it is compiled (`load`)."""

    def __init__(self, source: Source, root: Path, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._loader = Loader(root, limits, Findings(_MOST_FOUND * limits.errors))
        self._memory = Memory()
        self._main: Reading | None = None
        self._lock = RLock()  # files are read one after another, also where threads compile at once

    @override
    def __repr__(self) -> str:
        return f"<LoadedSpec {self._source.name}>"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _lock=RLock())

    def check(self) -> None:
        """Refuse a spec that is wrong whatever its parameters are.

        Raises:
            SpecError: Its file, or one that it extends, is wrong.
        """
        with self._lock, _collection_paused():
            reading = self._reading()
        if reading.definition is None or reading.found:
            raise _sorted_error(reading.found, self._loader, self._limits)

    def compile(self, *, variant: str | None = None, **params: Any) -> Network:
        """Compile it.

        Args:
            variant: One of the sets of parameters that it names.
            **params: Values of its parameters, over those of the variant.

        Raises:
            SpecError: It is wrong; the error holds every diagnostic.
            UsageError: There is no such variant or parameter, or a parameter does not take the value.
        """
        with self._lock:
            return self._compiled(variant, params)

    def _compiled(self, variant: str | None, params: Mapping[str, Any]) -> Network:
        trace = Trace(Findings(_MOST_FOUND * self._limits.errors))
        network = None
        try:
            with _collection_paused(), bounded_lists(self._limits):
                network = _pipeline(self._reading(), self._loader, self._memory, trace, variant, params)
        except SpecError as error:
            raise self._error(trace, error.diagnostics) from None
        finally:
            self._loader.found.clear()
        if network is None or trace.found:
            raise _with_partial(self._error(trace), network)
        return network

    def _reading(self) -> Reading:
        if self._main is None:
            self._main = self._loader.main(self._source)
        return self._main

    def _error(self, trace: Trace, others: Iterable[Diagnostic] = ()) -> SpecError:
        return _sorted_error([*trace.found, *self._loader.found, *others], self._loader, self._limits)


def _with_partial(error: SpecError, network: Network | None) -> SpecError:
    if network is not None and (network.nodes or network.inputs):
        places = [(_places(network, each), each) for each in reversed(error.diagnostics)]
        problems = {path: each.summary for paths, each in places for path in paths}
        unplaced = tuple(each.summary for paths, each in reversed(places) if not paths)
        error.partial = partial(network, problems, unplaced)
    return error


def _places(network: Network, diagnostic: Diagnostic) -> list[str]:
    """The nodes and blocks at fault; for what is wrong in the file of a block, those of each use."""
    if diagnostic.path in network:
        return [diagnostic.path]
    if not diagnostic.path:
        return []
    parts: list[Block | Node] = [*network.blocks.walk(), *network.nodes]
    inside = f".{diagnostic.path}"
    return [part.path for part in parts if part.path.endswith(inside) and part.span.file == diagnostic.span.file]


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Compiling makes many objects and no cycles: the cycle collector would walk them all, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _pipeline(
    reading: Reading, loader: Loader, memory: Memory, trace: Trace, variant: str | None, params: Mapping[str, Any]
) -> Network | None:
    definition = reading.definition
    trace.take(reading.found)
    if definition is None:
        return None
    if not definition.is_network:
        help = "a network has a `name:` and `inputs:`; `archspec draw --block FILE` draws a block by itself"
        message = f"`{definition.name}` is a block, and only a network can be compiled"
        trace.report("not-a-network", message, definition.value.entries["block"], help=help)
        return None
    if has_too_many(definition, loader.limits, trace):
        return None
    variants = {name: _variant(definition, name, trace) for name in definition.variants}
    arguments = _arguments(definition, variant, variants, params, trace)
    usual = (variant is None and not params) or bind(definition, {}, {}, Trace(), "") == arguments
    network, blocks = elaborate(definition, arguments, loader, memory, trace)
    whole = with_tensor_rules(definition, arguments, None if trace.found else network, trace, usual)
    if whole is None:
        return network
    sources = [source for each in (reading, *blocks) for source in each.sources]
    network = replace(whole, variants=tuple(variants), digest=_digest(sources, arguments))
    for contract in _contracts(definition, variants, arguments, usual):
        check_contract(network, contract, trace)
    if not trace.found:  # one that is misspelt where it is asked for is not unused
        trace.take(_unused_parameters(each.definition for each in (reading, *blocks)))
    return network


def _unused_parameters(definitions: Iterable[Definition | None]) -> Iterator[Diagnostic]:
    """Errors in the files of users; nobody mends a file of the library."""
    for definition in definitions:
        if definition is not None and not definition.source.bundled:
            yield from definition.unused


def _variant(definition: Definition, name: str, trace: Trace) -> dict[str, Argument]:
    """The values that a variant gives; those that no parameter takes are errors."""
    value = definition.variants[name]
    given = {
        key: Argument(entry.plain(), Entry(value.keys[key], entry))
        for key, entry in value.entries.items()
        if key not in ("expect", "doc")
    }
    check_values(definition, given, trace)
    return given


def _listed(value: Any, known: dict[int, Any]) -> Any:
    """A value of Python's with lists in place of tuples, as a file has it; ``known`` are parts that it has already."""
    if not isinstance(value, list | tuple | dict) or id(value) in known:
        return known.get(id(value), value)
    if isinstance(value, dict):
        known[id(value)] = mapping = dict[Any, Any]()
        mapping.update((key, _listed(item, known)) for key, item in value.items())
        return mapping
    known[id(value)] = made = list[Any]()
    made.extend(_listed(item, known) for item in value)
    return made


def _arguments(
    definition: Definition,
    variant: str | None,
    variants: Mapping[str, dict[str, Argument]],
    params: Mapping[str, Any],
    trace: Trace,
) -> dict[str, Any]:
    """The values of the network's parameters."""
    if variant is not None and variant not in variants:
        hint = did_you_mean(variant, variants) or "it names none"
        raise UsageError(f"`{definition.name}` has no variant `{variant}`; {hint}")
    given = dict(variants[variant]) if variant is not None else {}
    place = Entry(Scalar(definition.source, 0, 0, ""), definition.value)
    for name, value in params.items():
        if name not in definition.params:
            hint = did_you_mean(name, definition.params) or "it has none"
            raise UsageError(f"`{definition.name}` has no parameter `{name}`; {hint}")
        value = _listed(value, {})
        expected = definition.params[name].problem(value)
        if expected:
            raise UsageError(f"the parameter `{name}` of `{definition.name}` expects {expected}, found {kind(value)}")
        given[name] = Argument(deepcopy(value), place)  # the network's own, whatever becomes of the caller's list
    for name, param in definition.params.items():
        if param.required and name not in given:
            message = f"`{definition.name}` needs the parameter `{name}`"
            help = f"give it a `default`, or a value: `--set {name}=...`"
            trace.report("missing-argument", message, definition.param_key(name), help=help)
    return bind(definition, given, {}, trace, "")


def _contracts(
    definition: Definition, variants: Mapping[str, dict[str, Argument]], arguments: Mapping[str, Any], default: bool
) -> Iterator[MappingValue]:
    """The contracts of a spec that hold for these values of the parameters; ``default`` where they are its own."""
    stated: list[tuple[dict[str, Argument], Value | None]] = [({}, definition.expect)]
    stated += [(given, definition.variants[name].entries.get("expect")) for name, given in variants.items()]
    for given, contract in stated:
        if not isinstance(contract, MappingValue) or any(arguments.get(k) != given[k].value for k in given):
            continue
        if default or bind(definition, given, {}, Trace(), "") == arguments:
            yield contract


def _digest(sources: Iterable[Source], arguments: Mapping[str, Any]) -> str:
    """SHA-256 of the files read and the arguments, in hexadecimal."""
    digest = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode())
    for source in {source.name: source for source in sources}.values():
        digest.update(source.text.encode())
    return digest.hexdigest()


def _sorted_error(found: Iterable[Diagnostic], loader: Loader, limits: Limits) -> SpecError:
    """One error with every diagnostic once, in order of place, and the texts they speak of."""
    main = next(iter(loader.sources), "")
    unique = sorted(set(found), key=lambda d: (d.span.file != main, d.span, d.code, d.message))
    shown = [_traced(explained(diagnostic, loader.removals), loader) for diagnostic in unique[: limits.errors]]
    sources = {name: source.text for name, source in loader.sources.items()}
    return SpecError(shown, sources, left_out=max(0, len(unique) - limits.errors))


def _traced(diagnostic: Diagnostic, loader: Loader) -> Diagnostic:
    """A diagnostic with notes on why its file is read, where that is not the spec itself."""
    notes, source = list(diagnostic.notes), loader.sources.get(diagnostic.span.file)
    files = {diagnostic.span.file, *(note.span.file for note in notes)}
    while source and source.origin and source.origin.file not in files:
        notes.append(Note("named here", source.origin))
        files.add(source.origin.file)
        source = loader.sources.get(source.origin.file)
    return diagnostic._replace(notes=tuple(notes))
