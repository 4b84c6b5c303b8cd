"""Which tensors the nodes of a graph take and give, without what nothing needs, and how a spec names them."""

from __future__ import annotations

from archspec.errors import UsageError
from archspec.network import Body
from archspec.network.content import Applied, Content, Copies, Origin, Use

INPUT, OUTPUT = "input", "output"
"""The names of an only input, and of an only output, to which nobody gives one."""


class NoFlatError(UsageError):
    """The language has no one file for a network."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this network cannot be written flat: {why}")


class Tensors:
    """The tensors of a network's parts; what is found of one of them is kept."""

    def __init__(self) -> None:
        self._taken: dict[Body, frozenset[Origin]] = {}
        self._outputs: dict[Body, dict[str, Origin]] = {}
        self._inputs: dict[Body, tuple[int, ...]] = {}

    def outputs(self, body: Body) -> dict[str, Origin]:
        """The outputs of a body as it is written; of one that is left of another, those whose nodes are left."""
        if body not in self._outputs:
            given = _last_given(body) or body.outputs
            self._outputs[body] = {name: origin for name, origin in given.items() if body.holds(origin)}
        return self._outputs[body]

    def has_one_output(self, content: Content) -> bool:
        """Whether the name of a node stands for one tensor."""
        return isinstance(content, Applied) or content.kind == "op" or len(self.outputs(content)) == 1

    def taken(self, body: Body) -> frozenset[Origin]:
        """The tensors that something in a body takes, or that it gives."""
        if body not in self._taken:
            operands = {origin for use in body.firsts() for origin in self.operands(use)}
            self._taken[body] = frozenset(operands | {*self.outputs(body).values()})
        return self._taken[body]

    def operands(self, use: Use) -> tuple[Origin, ...]:
        """What a node takes, without what it does not need."""
        content = use.content
        if isinstance(content, Applied):
            return () if content.op.takes_nothing else use.inputs
        if content.kind == "op":
            return use.inputs
        return tuple(use.inputs[number] for number in self.inputs(content))

    def _of_copies(self, body: Body) -> tuple[int, ...]:
        """The numbers of the inputs of a repeat whose copies need them.

        Raises:
            NoFlatError: Some copies need others than the rest, or not what the copy before hands on.
        """
        assert isinstance(body.uses, Copies)
        runs = body.uses.runs
        origins = (*runs[0].first, *body.uses.others)
        needed = {self._places(run.content, len(origins)) for run in runs}
        places = next(iter(needed))
        is_chain = body.uses.runs[-1].stop == 1 or set(range(len(runs[0].first))) <= set(places)
        if len(needed) > 1 or not is_chain:
            raise NoFlatError("copies of a node do not need all that they are given")
        return tuple(origin for place in places if isinstance(origin := origins[place], int))

    def _places(self, content: Content, most: int) -> tuple[int, ...]:
        """The places of the operands that a copy needs."""
        if isinstance(content, Applied) or content.kind == "op":
            return tuple(range(most))
        return self.inputs(content)

    def inputs(self, body: Body) -> tuple[int, ...]:
        """The numbers of the inputs that a body has when it is written: a network all, a block those that it needs."""
        if body.kind == "network":
            return tuple(range(len(body.graph.inputs) if body.graph and body.graph.inputs else 1))
        if body not in self._inputs and body.kind == "repeat":
            self._inputs[body] = self._of_copies(body)
        elif body not in self._inputs:
            self._inputs[body] = tuple(sorted(origin for origin in self.taken(body) if isinstance(origin, int)))
        return self._inputs[body]

    def names(self, body: Body) -> tuple[str, ...]:
        """The names of the inputs of a block or group, those that it needs."""
        names = body.graph.inputs if body.graph and body.graph.inputs else (INPUT,)
        return tuple(names[number] for number in self.inputs(body)) or (INPUT,)

    def refuse_unused(self, body: Body) -> None:
        """Refuse a graph that holds nothing, or in which nothing takes a node or an input: nothing is left of what did.

        Raises:
            NoFlatError: It is such a graph.
        """
        if not body.uses:
            raise NoFlatError("there is a graph without nodes")
        taken = self.taken(body)
        names = {origin.partition(".")[0] for origin in taken if isinstance(origin, str)}
        unused = [use.name for use in body.uses if use.name not in names]
        unused += [path for use in body.uses for path in _beside(use) if path not in taken]
        unused += [f"input {number + 1}" for number in self.inputs(body) if number not in taken]
        if unused:
            raise NoFlatError(f"nothing that is there takes {unused[0]}")

    def named(self, name: str, content: Content, origin: str) -> str:
        """What stands for a tensor of a node, which the node knows by its origin."""
        if isinstance(content, Applied):
            return name
        outputs = self.outputs(content)
        output = next((output for output, given in outputs.items() if given == origin), None)
        if output is not None:
            is_main = len(outputs) == 1 or (content.kind == "op" and output == OUTPUT)
            return name if is_main else f"{name}.{output}"
        copy, _, rest = origin.partition(".")
        use = content.use(copy)
        assert use is not None
        return self.named(f"{name}.{copy}", use.content, rest)


def _last_given(body: Body) -> dict[str, Origin]:
    """What the last copy gives that holds something: those behind it pass tensors on, and are not written."""
    run = body.uses.runs[-1] if isinstance(body.uses, Copies) else None
    if run is None or isinstance(run.content, Applied):
        return {}
    return dict(zip(run.content.outputs, run.given(run.stop - 1), strict=True))


def _beside(use: Use) -> list[str]:
    """What an op of several outputs gives besides what its name stands for: it does so where something takes that."""
    if isinstance(use.content, Applied) or use.content.kind != "op":
        return []
    return [f"{use.name}.{origin}" for name, origin in use.content.outputs.items() if name != OUTPUT]
