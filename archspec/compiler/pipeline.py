"""From a file to a network: specs that are read once and compiled as often as one likes."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from typing_extensions import override

from archspec.compiler.compilation import compiled
from archspec.compiler.findings import sorted_error, with_partial
from archspec.compiler.sharing import RECENT, Key, Memory
from archspec.compiler.trace import Trace
from archspec.errors import Diagnostic, Findings, Span, SpecError, shown
from archspec.files import NO_FILE, reason, start
from archspec.language import networks
from archspec.language.definition import Definition
from archspec.language.limits import Limits
from archspec.language.loader import Loader, Reading, no_network_help
from archspec.language.networks import Known
from archspec.language.places import is_path, located, nearby
from archspec.language.source import Source, decode
from archspec.language.work import Left, bounded_lists
from archspec.network import Network

_DEFAULT_LIMITS = Limits()
_LARGEST_KEPT = 50_000
"""Characters of the own files of a spec that is kept for the next compile, and nodes inside of its graphs."""
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
        spec: The path of a YAML file, with a ``/`` or ending in ``.yaml``, or the name of a bundled network.
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
    return _compiled_again(opened(spec, root, limits), variant, params)


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
    return _compiled_again(of_bytes(data, name, Path(root), limits), variant, params)


def _compiled_again(spec: LoadedSpec, variant: str | None, params: Mapping[str, Any]) -> Network:
    """What a spec gives that may be one of those that were compiled last: its files are not read again then."""
    known = RECENT.take(spec.key)
    if known is None or not known.is_current():
        known = spec
    network = known.compile(variant=variant, **params)
    if known.is_small:
        RECENT.put(spec.key, known)
    return network


def load(
    spec: str | os.PathLike[str],
    /,
    *,
    root: str | os.PathLike[str] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> LoadedSpec:
    """Read and check a spec file once, to compile it again and again.

    Args:
        spec: The path of a YAML file, with a ``/`` or ending in ``.yaml``, or the name of a bundled network.
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
    if isinstance(spec, str) and not is_path(spec):
        return _named(spec, limits)
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


def _named(name: str, limits: Limits) -> LoadedSpec:
    known = networks.find(name)
    if known is None:
        message = f"no network is called `{shown(name)}`"
        help = nearby(Path(name), whole=True) or no_network_help(name)
        raise SpecError([Diagnostic("unknown-network", message, Span(name, 1, 1, 1, 1), help=help)])
    return LoadedSpec(known, networks.FOLDER, limits)


def of_bytes(data: bytes, name: str, root: Path, limits: Limits) -> LoadedSpec:
    """A spec that is no file.

    Raises:
        SpecError: It holds no text.
    """
    return LoadedSpec(Source(name, decode(data, name, limits)), root, limits)


class LoadedSpec:
    """A spec of which each file is read and checked once, however often it is compiled (`load`)."""

    def __init__(
        self,
        source: Source | Known,
        root: Path,
        limits: Limits,
        *,
        read: Callable[[Path, int], bytes] = start,
        shown_as: tuple[Path, str] | None = None,
    ) -> None:
        self._source = source
        self._limits = limits
        self._loader = Loader(root, limits, Findings(_MOST_FOUND * limits.errors), read, shown_as=shown_as)
        self._memory = Memory()
        self._main: Reading | None = None
        self._lock = RLock()  # files are read one after another, also where threads compile at once

    @override
    def __repr__(self) -> str:
        return f"<LoadedSpec {self._source.name}>"

    @property
    def definition(self) -> Definition | None:
        """What its file says, once it has been compiled or checked; None before, and where errors leave nothing."""
        return self._main.definition if self._main else None

    @property
    def sources(self) -> Mapping[str, Source]:
        """The files that have been read for it so far, those of the library too, by their names in messages."""
        return self._loader.sources

    @property
    def key(self) -> Key:
        """What decides what is compiled, the files aside that its own file draws in."""
        source = self._source
        if not isinstance(source, Known):
            return source.name, source.text, source.path, self._loader.root, self._limits
        return source, self._limits

    @property
    def is_small(self) -> bool:
        """Whether what it keeps takes little memory."""
        own = sum(len(source.text) for source in self.sources.values() if not source.bundled)
        return max(own, self._memory.steps) <= _LARGEST_KEPT

    def is_current(self) -> bool:
        """Whether the files that its own file draws in are still as they were read."""
        return self._loader.is_current()

    def __getstate__(self) -> dict[str, Any]:
        """What was read; what was compiled of it is found again."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_memory")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, _lock=RLock(), _memory=Memory())

    def check(self) -> Definition:
        """What its file holds.

        Raises:
            SpecError: The file, or one that it extends, is wrong whatever its parameters are.
        """
        with self._lock, collection_paused():
            reading = self._reading()
        if reading.definition is None or reading.found:
            raise sorted_error(reading.found, self._loader, self._limits)
        return reading.definition

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
            with collection_paused(), bounded_lists(Left(self._limits)):
                network = compiled(self._reading(), self._loader, self._memory, trace, variant, params)
        except SpecError as error:
            raise self._error(trace, error.diagnostics) from None
        finally:
            self._loader.found.clear()
        if network is None or trace.found:
            raise with_partial(self._error(trace), network)
        return network

    def base(self) -> LoadedSpec | None:
        """The spec that it extends, or of a bundled variant that of its family; None for none.

        Raises:
            SpecError: Its file cannot be read.
        """
        source = self._source
        if isinstance(source, Known):
            if source.variant and source.name != source.path.stem:
                return LoadedSpec(Known(source.path.stem, source.path), networks.FOLDER, self._limits)
            source = networks.source(source.path)
        with self._lock:
            found = self._loader.base(source)
        if found is None:
            return None
        root = networks.FOLDER if isinstance(found, Known) else self._loader.root
        return LoadedSpec(found, root, self._limits)

    def _reading(self) -> Reading:
        if self._main is None:
            source = self._source
            self._main = self._loader.network(source) if isinstance(source, Known) else self._loader.main(source)
        return self._main

    def _error(self, trace: Trace, others: Iterable[Diagnostic] = ()) -> SpecError:
        return sorted_error([*trace.found, *self._loader.found, *others], self._loader, self._limits)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Compiling makes many objects and no cycles: the cycle collector would walk them all, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
