"""The tensors of a graph that several instances have: found by their paths, or as the spec refers to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from archspec.language.definition import ALL_COPIES, Reference
from archspec.ops.facts import Function
from archspec.pytorch.emitter.functions import spread
from archspec.pytorch.emitter.model import Key
from archspec.pytorch.emitter.scope import Local, Mismatch


class Tensors:
    """What is known of a graph's tensors, as its steps are followed.

    Attributes:
        known: The tensors, and the lists of what copies give.
        lists: The paths in a list, by instance.
    """

    def __init__(self) -> None:
        self.known: dict[Key, Local] = {}
        self.lists: dict[Key, dict[int, list[str]]] = {}
        self._keys: dict[tuple[int, str], list[Key]] = {}
        self._aliases: dict[str, Key] = {}

    def __getitem__(self, key: Key) -> Local:
        return self.known[key]

    def add(self, key: Key, tensor: Local) -> None:
        """Know a tensor more."""
        self.known[key] = tensor
        for place in tensor.paths.items():
            self._keys.setdefault(place, []).append(key)

    def alias(self, step: str, key: Key) -> None:
        """Let a step's name mean a tensor that is there already."""
        self._aliases[step] = key

    def key(self, reference: Reference) -> Key | None:
        """The tensor that a reference of the spec means, where that is plain."""
        if reference.name in self._aliases:
            return self._aliases[reference.name]
        candidates = [(reference.name, reference.port), (reference.name, "output"), ("", reference.name)]
        return next((key for key in candidates if key in self.known), None)

    def found(self, paths: Mapping[int, str], wanted: Iterable[Key]) -> Key:
        """The tensor that has these paths in the instances; the ``wanted`` ones are looked at first.

        Raises:
            Mismatch: None has.
        """
        for key in chain(wanted, reversed(self._keys.get(next(iter(paths.items())), ()))):
            if all(self.known[key].paths.get(number) == path for number, path in paths.items()):
                return key
        raise Mismatch

    def joined(
        self, taken: Mapping[int, list[str]], calls: Mapping[int, Function], operands: tuple[Reference, ...]
    ) -> tuple[tuple[Key, ...], dict[int, Function]] | None:
        """What a function takes where some of it are lists of what copies give; None where none is.

        The calls know a list as one operand: there may be other copies in other instances.

        Args:
            taken: The paths that the function takes, by instance.
            calls: Its calls, by instance.
            operands: What it takes, as written.
        """
        pairs = [pair for each in operands for pair in self._each(each)]
        keys = [key for key, _ in pairs]
        if self.lists.keys().isdisjoint(keys):
            return None
        columns: list[dict[int, str]] = [{} for _ in keys]
        changed: dict[int, Function] = {}
        for number, paths in taken.items():
            places: list[int] = []
            for column, key in zip(columns, keys, strict=True):
                start = sum(places)
                places.append(len(self.lists[key][number]) if key in self.lists else 1)
                found = paths[start : start + places[-1]]
                if key in self.lists and found != self.lists[key][number]:
                    return None
                column[number] = "" if key in self.lists else found[0]
            if sum(places) != len(paths):  # a copy that passes on what it takes is in no list
                return None
            call = spread(calls[number], places, [key in self.lists for key in keys])
            if call is None:
                return None
            changed[number] = call
        found_keys = [
            key if key in self.lists else self.found(column, [other] if other else [])
            for (key, other), column in zip(pairs, columns, strict=True)
        ]
        return tuple(found_keys), changed

    def _each(self, reference: Reference) -> Iterator[tuple[Key, Key | None]]:
        """A tensor or list as written, and the tensor that it is where that is plain; each copy that is in no list."""
        key = reference.name, reference.port
        if reference.copy != ALL_COPIES or key in self.lists:
            yield key, self.key(reference)
            return
        port = reference.of_copy or "output"
        for key in self.known:
            if key[1] == port and key[0].startswith(f"{reference.name}."):
                yield key, key
