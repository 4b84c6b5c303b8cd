"""What a format finds in a file: layers with what the file's own rules say of them, faults, and remarks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, ClassVar

from archspec.errors import Diagnostic, Span, SpecError, shown
from archspec.files import read
from archspec.language.limits import Limits
from archspec.language.names import node_name_problem, similar_name, spec_name_problem
from archspec.language.source import Source, decode

CODE = "not-importable"
MOST_LAYERS = 5_000
"""Layers of a file that is imported; a person edits what comes out."""
MOST_OPERANDS = 50_000
"""Operands of all layers of a file together."""
MOST_NUMBER = 2**31 - 1
"""The greatest size, count or stride that a file may state."""

LIMITS = Limits()

Shape = tuple[int, ...]


class Faults:
    """What cannot be said in a spec, with the places in the file."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.sources: dict[str, str] = {}

    def add(self, message: str, span: Span, *, path: str = "", help: str = "") -> None:
        """Note a fault; reading goes on."""
        fault = Diagnostic(CODE, shown(message), span, path=shown(path), help=help)
        if fault not in self.found:
            self.found.append(fault)

    def error(self, message: str, span: Span, *, path: str = "", help: str = "") -> SpecError:
        """The error of a fault after which reading cannot go on, with all that were found before."""
        self.add(message, span, path=path, help=help)
        return self.as_error()

    def check_operands(self, layers: Sequence[Layer], span: Span) -> None:
        """Refuse a file whose layers take more than a person can follow.

        Raises:
            SpecError: They do.
        """
        if sum(len(layer.inputs) for layer in layers) > MOST_OPERANDS:
            raise self.error(f"its layers take more than {MOST_OPERANDS:,} operands", span)

    def as_error(self) -> SpecError:
        """The error of all faults."""
        ordered = sorted(self.found, key=lambda fault: (fault.span.line, fault.span.column))
        most = LIMITS.errors
        return SpecError(ordered[:most], self.sources, left_out=max(0, len(ordered) - most))


class UnsaidError(Exception):
    """A layer of a text that cannot be said in a spec.

    Attributes:
        span: What of it cannot.
        help: How it can.
    """

    def __init__(self, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.help = help


@dataclass
class Given:
    """A file that is to be imported, and how.

    Attributes:
        data: Its bytes.
        path: Its name, as messages have it.
        options: What was asked for, by the names that the format has in `Format.options`.
        partial: Whether to go on where something cannot be said.
        faults: What cannot be said.
        has_lines: Whether it is a text.
    """

    data: bytes
    path: str
    options: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    faults: Faults = field(default_factory=Faults)
    has_lines: bool = True

    @property
    def stem(self) -> str:
        """The name of the file without its ending."""
        return PurePath(self.path).stem

    @property
    def start(self) -> Span:
        """The place of what has no place of its own."""
        line = 1 if self.has_lines else 0
        return Span(self.path, line, line, line, line)

    def source(self) -> Source:
        """The text of the file, which knows its places.

        Raises:
            SpecError: It is too large, or no UTF-8.
        """
        source = Source(self.path, decode(self.data, self.path, LIMITS))
        self.faults.sources[self.path] = source.text
        return source


@dataclass
class Layer:
    """A node of the network with what the source's own rules say of it.

    Attributes:
        name: What the node is called.
        node: What it is: an op and its arguments, as in a spec, without `from`.
        inputs: The layers and inputs that it takes.
        shape: What it gives, without the batch.
        params: Numbers that are trained.
        statistics: Numbers that are kept and not trained.
        macs: Multiply-accumulates.
        span: Where it stands in the file.
        source: What the file calls it.
    """

    name: str
    node: dict[str, Any]
    inputs: list[str]
    shape: Shape
    params: int = 0
    statistics: int = 0
    macs: int = 0
    span: Span | None = None
    source: str = ""


@dataclass
class Draft:
    """A network as a file has it.

    Attributes:
        specs: The same network as specs, the one to be edited first and the plainest last.
        params: Numbers that are trained, by the source's rules.
        statistics: Numbers that are kept and not trained, such as running means.
        macs: Multiply-accumulates; None where the source's rules were not asked.
        outputs: The shapes of the outputs, by name.
        found: What was found, in a few words.
        remarks: What was left out or changed, and why.
        layers: The layers of the plainest spec, where it has one node for each.
        weights: The tensors of the file by name, as arrays of NumPy, where it holds some.
    """

    specs: Sequence[dict[str, Any]]
    params: int
    statistics: int
    macs: int | None
    outputs: Mapping[str, Shape]
    found: str
    remarks: list[str] = field(default_factory=list)
    layers: Sequence[Layer] = ()
    weights: Mapping[str, Any] = field(default_factory=dict)


class Format:
    """A kind of file. A concrete one names itself in the class statement, as ops do: ``class Caffe(Format, name=…)``.

    Attributes:
        name: What `--format` calls it.
        endings: How the names of its files end.
        options: What may be asked for besides, and what it does.
        has_lines: Whether its files are texts, whose lines are places.
    """

    name: ClassVar[str] = ""
    endings: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, str]] = {}
    has_lines: ClassVar[bool] = True

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.name = name
            REGISTERED[name] = cls

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> bytes:
        """What of a file says what the network is: all of it, unless it holds more than that.

        Raises:
            UsageError: It cannot be read.
        """
        return read(path, LIMITS.file_bytes)

    def read(self, given: Given) -> Draft:
        """The network that a file holds. Nothing in the file is run.

        Raises:
            SpecError: It cannot be read.
        """
        raise NotImplementedError


REGISTERED: dict[str, type[Format]] = {}
"""The formats that have been imported; `archspec.importers.registry` finds the others too."""


def network_name(name: str) -> str:
    """A name that a network can have, near to another."""
    return similar_name(name.lower(), spec_name_problem)[:60] or "network"


class Names:
    """Names of nodes: near to those of the source, and each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)

    def take(self, name: str, kind: str = "layer") -> str:
        """A free name near to one of the source; one that begins with a digit gets its kind before."""
        plain = name.lower() if name.isupper() else name
        plain = f"{kind}{plain}" if plain[:1].isdigit() else plain
        plain = (similar_name(plain, node_name_problem) or kind)[:60]
        number, free = 2, plain
        while free in self.taken or node_name_problem(free):
            free = f"{plain}_{number}"
            number += 1
        self.taken.add(free)
        return free
