"""Which modules the nodes of a file belong to: by what `torch.onnx` writes beside them, else by their names."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from archspec.importers.onnx import tensors
from archspec.importers.onnx.model import Model, Step

SEQUENTIAL = "Sequential"
Chain = list[tuple[str, str]]
"""The paths of modules and their classes, from the outside."""


@dataclass(eq=False)
class Visit:
    """A call of a module.

    Attributes:
        path: Its path; empty for the network.
        kind: The name of its class.
        items: What it does, in order.
    """

    path: str
    kind: str
    items: list[Step | Visit] = field(default_factory=list)

    def walk(self) -> Iterator[Visit]:
        """It, and the calls inside."""
        yield self
        for item in self.items:
            if isinstance(item, Visit):
                yield from item.walk()


def flat(model: Model) -> Visit:
    """All nodes as those of one module."""
    return Visit("", "Network", list(model.steps))


def found(model: Model) -> Visit | None:
    """The calls of modules that the nodes are; None where nothing tells."""
    told = [step for step in model.steps if step.scopes is not None]
    if 2 * len(told) >= len(model.steps):
        chains = {id(step): _chain(step) for step in told}
        _complete(model, chains)
        kind = next((step.scopes[0][1].rpartition(".")[2] for step in told if step.scopes), "Network")
    else:
        chains = _of_names(model)
        kind = "Network"
        if not chains:
            return None
    for step in model.steps:
        if own := tensors.owner(model, step):
            chains[id(step)] = _inside(chains[id(step)], own, step)
    root = Visit("", kind)
    _fill(root, list(model.steps), chains, 0, model)
    return root if len(list(root.walk())) > 1 else None


def paths(root: Visit) -> dict[int, str]:
    """The path of the module that each step belongs to, by its `id`."""
    return {id(item): visit.path for visit in root.walk() for item in visit.items if isinstance(item, Step)}


def _chain(step: Step) -> Chain:
    """The modules around a node, the network itself left out."""
    chain: Chain = []
    for path, kind in (step.scopes or [])[1:]:
        path = re.sub(r"@\d+", "", path)
        above = chain[-1][0] if chain else ""
        if re.fullmatch(r"\w+(\.\w+)*", path, re.ASCII) and path.startswith(f"{above}." if above else ""):
            chain.append((path, kind.rpartition(".")[2]))
    return chain


def _complete(model: Model, chains: dict[int, Chain]) -> None:
    """Give nodes that the file says nothing of the modules that all who take what they give have in common."""
    takers = model.takers()
    for step in reversed(model.steps):
        if id(step) not in chains:
            found = [
                chains[id(taker)] for name in step.outputs for taker in takers.get(name, ()) if id(taker) in chains
            ]
            chains[id(step)] = [
                levels[0] for levels in takewhile(lambda levels: len(set(levels)) == 1, zip(*found, strict=False))
            ]


def _inside(chain: Chain, own: str, step: Step) -> Chain:
    """The modules around a node whose weights are those of a module."""
    if chain and chain[-1][0] == own:
        return chain
    around = [(path, kind) for path, kind in chain if own.startswith(f"{path}.")]
    return [*around, (own, step.op)]


# Names


def _of_names(model: Model) -> dict[int, Chain]:
    """The modules by the names of nodes, ``/layer1/layer1.0/conv1/Conv``; empty where most have no such."""
    found = {id(step): _path_of_name(step.name) for step in model.steps}
    if 2 * sum(path is not None for path in found.values()) < len(found):
        return {}
    known: dict[int, list[str]] = {}
    before: list[str] = []
    for step in model.steps:
        before = known[id(step)] = found[id(step)] if found[id(step)] is not None else before  # type: ignore[assignment]
    kinds = _kinds({path for each in known.values() for path in each})
    return {key: [(path, kinds[path]) for path in each] for key, each in known.items()}


def _path_of_name(name: str) -> list[str] | None:
    """The paths of the modules in a node's name; None for a name without."""
    parts = name.split("/")
    if parts[0] or len(parts) < 2:
        return None
    chunks: list[str] = []
    for part in parts[1:-1]:
        part = re.sub(r"_\d+$", "", part) if not re.fullmatch(r"\w+(\.\w+)*", part, re.ASCII) else part
        if not re.fullmatch(r"\w+(\.\w+)*", part, re.ASCII):
            return None
        if chunks and part.startswith(f"{chunks[-1]}."):
            chunks.append(part.removeprefix(f"{chunks[-1]}."))
        else:
            chunks.append(part)
    return [".".join(chunks[: i + 1]) for i in range(len(chunks))]


def _kinds(paths: set[str]) -> dict[str, str]:
    """Names of classes: modules whose paths differ in numbers alone are of one, and lists are lists."""
    children: dict[str, set[str]] = {}
    for path in paths:
        parent, _, last = path.rpartition(".")
        children.setdefault(parent, set()).add(last)
    kinds = {}
    for path in paths:
        inside = children.get(path, set())
        words = [word for part in path.split(".") if (word := re.sub(r"[\d_]+$", "", part)) and not part.isdecimal()]
        depth = sum(not part.isdecimal() for part in path.split("."))
        name = f"{words[-1] if words else 'part'}".title().replace("_", "")
        kinds[path] = (
            SEQUENTIAL if inside and all(map(str.isdecimal, inside)) else f"{name}{depth if depth > 2 else ''}"
        )
    return kinds


# Calls


def _fill(visit: Visit, steps: Sequence[Step], chains: Mapping[int, Chain], depth: int, model: Model) -> None:
    """Put steps into the calls of the modules inside."""
    runs: list[tuple[str, list[Step]]] = []
    for step in steps:
        chain = chains[id(step)]
        path = chain[depth][0] if len(chain) > depth else ""
        if path and runs and runs[-1][0] == path and not _is_again(runs[-1][1], step, model):
            runs[-1][1].append(step)
        else:
            runs.append((path, [step]))
    for path, run in _gathered(runs, steps, model):
        if not path:
            visit.items += run
            continue
        inner = Visit(path, chains[id(run[0])][depth][1])
        _fill(inner, run, chains, depth + 1, model)
        visit.items.append(inner)


def _weights(model: Model, steps: Sequence[Step]) -> set[str]:
    """The weights of steps, by what they are in the file."""
    return {
        model.origins.get(name, name)
        for step in steps
        for number in tensors.ROLES.get(step.op, ())
        if (name := step.input(number)) in model.numbers and model.numbers[name].ndim > 1
    }


def _is_again(run: Sequence[Step], step: Step, model: Model) -> bool:
    """Whether a step uses a matrix that steps before use: it belongs to another call of the module."""
    own = _weights(model, [step])
    return bool(own) and not own.isdisjoint(_weights(model, run))


def _gathered(runs: list[tuple[str, list[Step]]], steps: Sequence[Step], model: Model) -> list[tuple[str, list[Step]]]:
    """Runs of one module that are one call, though other nodes stand between them, as one run.

    Where they cannot stand together, since what stands between takes what one gives, and another takes that, they are
    no module: their steps belong to the one around.
    """
    for path in dict.fromkeys(path for path, _ in runs if path):
        mine = [run for own, run in runs if own == path]
        if len(mine) < 2 or sum(bool(_has_weights(run)) for run in mine) < 1:
            continue
        if any(not _weights(model, one).isdisjoint(_weights(model, other)) for one, other in pairwise(mine)):
            continue  # a second call
        others = [(own, run) for own, run in runs if own != path]
        joined = _ordered([*others, (path, [step for run in mine for step in run])], steps)
        runs = joined or [("", run) if own == path else (own, run) for own, run in runs]
    return runs


def _has_weights(run: Sequence[Step]) -> bool:
    return any(step.op in tensors.ROLES for step in run)


def _ordered(runs: list[tuple[str, list[Step]]], steps: Sequence[Step]) -> list[tuple[str, list[Step]]]:
    """Runs in an order in which each takes what is given before; empty where there is none."""
    makers = {name: i for i, (_, run) in enumerate(runs) for step in run for name in step.outputs if name}
    needs = [
        {makers[name] for step in run for name in step.inputs if name in makers} - {i}
        for i, (_, run) in enumerate(runs)
    ]
    takers: dict[int, list[int]] = {}
    for i, needed in enumerate(needs):
        for maker in needed:
            takers.setdefault(maker, []).append(i)
    place = {id(step): i for i, step in enumerate(steps)}
    ready = [(place[id(run[0])], i) for i, (_, run) in enumerate(runs) if not needs[i]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, first = heapq.heappop(ready)
        order.append(runs[first])
        for i in takers.get(first, ()):
            needs[i].discard(first)
            if not needs[i]:
                heapq.heappush(ready, (place[id(runs[i][1][0])], i))
    return order if len(order) == len(runs) else []
