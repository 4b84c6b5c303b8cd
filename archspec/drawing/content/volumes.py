"""A network as volumes: the tensors behind its layers, with their sizes.

A volume is what a convolution, a pooling, a resampling, a linear layer or a concatenation gives, with the light ops
that finish it: normalisation, activations, dropout, reshapes. A closed block is the volume that it gives. Sums and
products are joins. Equal volumes behind each other are one, with their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from archspec.drawing.content import labels, texts
from archspec.drawing.content.cards import wrapped
from archspec.drawing.content.gathering import OUTPUT, WRAP, gathered, is_stack, packed
from archspec.drawing.content.scene import Box, Detail, Scene
from archspec.drawing.content.stages import channels_last, keeps_size
from archspec.drawing.content.staging import stage
from archspec.drawing.content.summary import is_unit
from archspec.drawing.content.volume import End, Flow, Form, Op, Volume, Volumes
from archspec.errors import UsageError
from archspec.language.patterns import matches
from archspec.network import Block, Network, Node, PartialNetwork, one_op
from archspec.ops.tensor import Places, Shape

MOST_OPENED = 32
"""Where opening every block gives no more volumes than these, an overview does."""
_MOST_LAYERS = 3 * MOST_OPENED
"""Networks of more layers are not tried: so many would not fold."""


def volumes(
    network: Network, detail: Detail = "overview", expand: Sequence[str] = (), collapse: Sequence[str] = ()
) -> Volumes:
    """The volumes of a network.

    Args:
        network: The network.
        detail: ``overview``: of every layer where they are few, else as the overview of cards; ``blocks``: of each
            innermost block; ``ops``: of every layer.
        expand: Paths of blocks to open besides, or patterns.
        collapse: Paths of blocks to close besides, or patterns.

    Raises:
        UsageError: It has no shapes, or an option has a value that it cannot have.
    """
    scene = stage(network, "overview" if detail == "ops" else detail, expand, collapse)
    if scene.symbolic or isinstance(network, PartialNetwork):
        what = "a block by itself" if scene.symbolic else "what does not compile"
        raise UsageError(f"{what} has no sizes to draw volumes of: draw it with `--style cards`")
    if detail == "ops" or (detail == "overview" and _layers(network) <= _MOST_LAYERS):
        opened = _Finder(network, _opened(network, collapse)).volumes()
        if detail == "ops" or (not expand and len(opened.volumes) <= MOST_OPENED):
            return opened
    shown = _Finder(network, scene).volumes()
    return shown if detail == "blocks" or expand else _with_inside(network, shown, collapse)


def _with_inside(network: Network, shown: Volumes, collapse: Sequence[str]) -> Volumes:
    """With blocks open that give several tensors, as long as volumes are few: closed, they are none."""
    expanded: list[str] = []
    tried = set(collapse)
    while path := next(_several(shown.scene, tried), ""):
        tried.add(path)
        inside = _Finder(network, stage(network, "overview", [*expanded, path], collapse)).volumes()
        if len(inside.volumes) <= MOST_OPENED:
            expanded.append(path)
            shown = inside
    return shown


def _several(scene: Scene, but: Collection[str]) -> Iterator[str]:
    """The blocks that give several tensors, take one and stand for themselves alone, but for some."""
    taken = Counter(edge.target for edge in scene.edges)
    for box in scene.boxes:
        alone = box.kind == "block" and box.shape is None and all(_is_in(path, (box.id,)) for path in box.paths)
        if alone and taken[box.id] == 1 and not any(matches(text, box.id) for text in but):
            yield box.id


def _layers(network: Network) -> int:
    return sum(labels.family(node.op) not in labels.LIGHT and not labels.glyph(node.op) for node in network)


def _opened(network: Network, collapse: Sequence[str]) -> Scene:
    """All blocks opened, but for units and those to close."""
    closed = stage(network, "overview", (), collapse) if collapse else None
    kept = {box.id for box in closed.boxes if box.kind == "block"} if closed else set()
    paths = [
        block.path
        for block in network.blocks.walk()
        if block.path and one_op(block) is None and not is_unit(block) and not _is_in(block.path, kept)
    ]
    return stage(network, "overview", paths, collapse)


def _is_in(path: str, blocks: Iterable[str]) -> bool:
    return any(path == block or path.startswith(f"{block}.") for block in blocks)


class _Finder:
    """Makes volumes of boxes."""

    def __init__(self, network: Network, scene: Scene) -> None:
        self.network = network
        self.scene = scene
        self.last = channels_last(network)
        self.sharing = dict(self._sharing())
        self.made: dict[str, str] = {}
        self.flows: dict[str, dict[str, Flow]] = {}
        taken: dict[str, dict[str, Flow]] = {box.id: {} for box in scene.boxes}
        for edge in scene.edges:
            _add(taken[edge.target], Flow(edge.source, edge.target, edge.role, (edge.shape,)))
        for box in scene.boxes:
            self._follow(box, taken[box.id])

    def _follow(self, box: Box, taken: Mapping[str, Flow]) -> None:
        """The volume of a box, or that which it leaves as it is."""
        flows: dict[str, Flow] = {}
        for source, flow in taken.items():
            _add(flows, flow._replace(source=self.made[source]))
        if box.kind == "output" or (len(flows) == 1 and self._is_light(box)):
            self.made[box.id] = next(iter(flows))
            return
        self.made[box.id] = box.id
        self.flows[box.id] = flows

    def _is_light(self, box: Box) -> bool:
        """Whether it is no tensor of its own; a sum of a tensor and what was made of it without a layer is none."""
        if box.kind == "merge":
            return not is_stack(box)
        if box.kind not in ("op", "unit"):
            return False
        head = self.network[box.paths[0]]
        return box.family in labels.LIGHT or (isinstance(head, Node) and keeps_size(head))

    def _sharing(self) -> Iterator[tuple[str, str]]:
        """The first box of each open block that uses the weights of another, and whose."""
        for cluster in self.scene.clusters:
            block = self.network[cluster.path]
            told = texts.shared((block,)) if isinstance(block, Block) else ""
            first = next((box.id for box in self.scene.boxes if _is_in(box.cluster, (cluster.path,))), "")
            if told and first:
                yield first, told

    def volumes(self) -> Volumes:
        """The volumes and what leads from one to another."""
        boxes = self.scene.by_id
        found = {id: self._volume(boxes[id]) for id in self.flows}
        self._name_outputs(found)
        ends = [End(box, self.made[box.id]) for box in self.scene.boxes if box.kind == "output"]
        return gathered(self.scene, found, self.flows, ends)

    def _name_outputs(self, found: dict[str, Volume]) -> None:
        """Write the names of outputs below what gives them, where there are several."""
        if len(self.network.outputs) < 2:
            return
        for edge in self.scene.edges:
            if edge.target.startswith("output ") and found[self.made[edge.source]].form != "join":
                volume = found[self.made[edge.source]]
                name = edge.target.removeprefix("output ")
                found[volume.id] = volume._replace(lines=(*volume.lines, f"{OUTPUT}{name}"))

    def _volume(self, box: Box) -> Volume:
        text = " ".join(filter(None, (box.title, box.arguments)))
        title = text if box.kind == "input" else f"{box.id}: {text}"
        if box.kind == "merge" and not is_stack(box):
            form: Form = "card" if box.arguments else "join"
            return Volume(box.id, form, box.family, (text,), title=title)
        path, shape = self._tensor(box)
        if not shape:
            words = [*wrapped(f"{text} {box.times}".rstrip(), WRAP), *_training(box), _shares(box)]
            return Volume(box.id, "card", box.family, tuple(filter(None, words)), title=title)
        last = path in self.last and len(shape) > 1
        channels, places = (shape[-1], shape[:-1]) if last else (shape[0], shape[1:])
        copies = box.count if self._are_alike(box) else 1
        times = (f"×{box.count}",) if copies < box.count else ()
        told = [*_training(box), *self.sharing.get(box.id, _shares(box)).split()]
        # words still, of which `gathered` makes lines
        lines = (labels.shape_text(shape), *_told(box, channels), *times, *told)
        op, extra = _op(box, channels), (*times, *told)
        family = "resample" if box.kind in ("op", "unit") and self._is_enlarging(path) else box.family
        own = () if last else tuple(shape)
        if all(size == 1 for size in places):
            return Volume(box.id, "bar", family, lines, channels, copies=copies, title=title, shape=own, op=op,
                          extra=extra)  # fmt: skip
        form = "sheet" if len(places) == 1 else "solid"
        width = places[-1] if form == "solid" else 1
        height = places[-2] if form == "solid" else places[0]
        return Volume(box.id, form, family, lines, channels, height, width, copies, title, own, (), op, extra, places)

    def _is_enlarging(self, path: str) -> bool:
        """Whether a tensor is that of a transposed convolution that makes maps larger."""
        node = self.network[path]
        if not isinstance(node, Node) or node.op.name != "conv_transpose":
            return False
        return any(after > before for before, after in zip(node.input_shapes[0][1:], node.shape[1:], strict=True))

    def _are_alike(self, box: Box) -> bool:
        """Whether copies that a box stands for give tensors of one shape."""
        depth = len(_common([path.split(".") for path in box.paths]))
        last = {path.split(".")[depth]: path for path in box.paths} if box.count > 1 else {}
        return len({self.network.shape(path) for path in last.values()}) < 2

    def _tensor(self, box: Box) -> tuple[str, Shape | None]:
        """The tensor of a box: of an op that others finish, what itself gives; of one that gives several, no shape."""
        if box.kind == "input":
            return box.id.removeprefix("input "), box.shape
        if box.kind == "block" or box.shape is None:
            return box.paths[-1], box.shape
        last = box.paths[-(len(box.paths) // box.count) :]
        head = next(node for path in last if isinstance(node := self.network[path], Node) and _is_map(node))
        return head.path, head.shape


def _shares(box: Box) -> str:
    """Whose weights a box uses, or who uses its own."""
    return next((part for part in box.remark.split(" · ") if part.startswith(("weights of", "shared by"))), "")


def _training(box: Box) -> tuple[str, ...]:
    """Whether the weights of a box do not train."""
    return tuple(part for part in box.remark.split(" · ") if part in texts.FROZEN)


def _common(paths: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The names that all begin with."""
    found = []
    for names in zip(*paths, strict=False):
        if len(set(names)) > 1:
            break
        found.append(names[0])
    return tuple(found)


def _is_map(node: Node) -> bool:
    """Whether it gives numbers, not the places of maxima."""
    return not isinstance(node.shape, Places)


def _told(box: Box, channels: int) -> tuple[str, ...]:
    """The words below a shape: what it is, without the channels that the shape says, each a line or part of one."""
    if box.kind == "input":
        return (box.title,)
    arguments = _arguments(box, channels)
    words = (*box.title.split(), *(f"{text}," for text in arguments[:-1]), *arguments[-1:])
    if len(list(packed(words))) > 1 and arguments:
        return (box.title, ", ".join(arguments))
    return words


def _arguments(box: Box, channels: int) -> list[str]:
    """The arguments of what gives a tensor, but for its channels."""
    told = bool(box.arguments) and not box.lines[1:] and box.family != "constant"
    arguments = box.arguments.split(", ") if told else []
    if str(channels) in arguments:
        arguments.remove(str(channels))
    return arguments


def _op(box: Box, channels: int) -> Op:
    """What gives a tensor; of a block its name, since values of its parameters mean nothing without their names."""
    if box.kind == "input":
        return Op()
    return Op(box.title, "" if box.kind == "block" else ", ".join(_arguments(box, channels)))


def _add(flows: dict[str, Flow], flow: Flow) -> None:
    """Add a flow to those from other volumes; from one source they are one, and a shortcut where one of them is."""
    before = flows.get(flow.source)
    if before:
        role = flow.role if flow.role == "skip" else before.role
        flow = flow._replace(role=role, shapes=tuple(dict.fromkeys((*before.shapes, *flow.shapes))))
    flows[flow.source] = flow
