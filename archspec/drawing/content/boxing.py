"""What the boxes of a scene say: one for an op, for several that belong together, for a block, or for copies of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from archspec.analysis.receptive_field import receptive_fields
from archspec.drawing.content import labels, texts
from archspec.drawing.content.folding import Part, Run, Structure, nodes_of, outputs_of, runs
from archspec.drawing.content.grouping import Group, counts_copies, difference_of_first, holds_nodes, is_framed
from archspec.drawing.content.scene import Box, Detail, Kind
from archspec.drawing.content.summary import (
    block_lines,
    branch_lines,
    has_shortcut,
    has_streams,
    head,
    held_lines,
    is_unit,
    kind_lines,
)
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.language.initialisation import has_weights
from archspec.network import Block, Network, Node, PartialNetwork, one_op
from archspec.ops.tensor import Shape


class _Said(NamedTuple):
    """What a box says of what it shows, wherever that stands; `Box` says what each is, and of ``copies`` as a count."""

    id: str
    kind: Kind
    family: str
    title: str
    arguments: str
    name: str
    lines: tuple[str, ...] = ()
    remark: str = ""
    copies: int = 1
    doc: str = ""


class Boxing:
    """Makes the boxes of a network.

    Args:
        structure: The network's.
        is_open: Whether what a block holds is shown, and not the block as one box; it is around all boxes unless given.
    """

    def __init__(self, structure: Structure, is_open: Callable[[Block], bool] | None = None) -> None:
        self.network = structure.network
        self.structure = structure
        self.is_open = is_open
        known = self.network.problems if isinstance(self.network, PartialNetwork) else {}
        self.problems = {path: text.replace("`", "") for path, text in known.items()}
        self.symbolic = isinstance(self.network, SymbolicNetwork)
        self._fields = receptive_fields(self.network) if type(self.network) is Network else {}

    def box(self, group: Group, detail: Detail, *, in_sharing: bool = False) -> Box:
        """The box of a group of parts.

        Args:
            group: The parts.
            detail: The level of detail.
            in_sharing: Whether a frame around it says whose weights all in it use.
        """
        if len(group.runs) > 1:
            said = self._unit(group)
        else:
            (run,) = group.runs
            node = one_op(run.typical)
            said = self._op(run, node) if node is not None else self._block(run, run.typical, detail)
        own = group.parts
        said = _of_all_uses(said, (own, *group.again)) if group.again else said
        parts = (*own, *chain.from_iterable(group.again))
        nodes = nodes_of(parts[0]) if len(parts) == 1 else tuple([node for part in parts for node in nodes_of(part)])
        last = outputs_of(own[-1])
        remarks = (said.remark, "" if in_sharing else texts.shared(own), texts.frozen(self.network, nodes))
        return Box(
            id=said.id,
            kind=said.kind,
            family=said.family,
            title=said.title,
            arguments=said.arguments,
            name=texts.full_name(said.id, said.name, group.cluster),
            lines=said.lines,
            remark=" · ".join(filter(None, remarks)),
            problem=self._problem(group, nodes) if self.problems else "",
            count=said.copies,
            counted=self.counted(said.id) if self.symbolic else "",
            paths=tuple([node.path for node in nodes]),
            cluster=group.cluster,
            shape=None if group.again else self._shape(own[-1], last),
            figures=texts.figures(self.network, parts, self._fields.get(last[-1]) if last else None),
            doc=said.doc,
            uses=1 + len(group.again),
        )

    def _shape(self, part: Part, outputs: Sequence[str]) -> Shape | None:
        """The shape of a part's output; None where it has several."""
        if isinstance(part, Node):
            return part.shape
        return self.network.shape(outputs[0]) if len(outputs) == 1 or one_op(part) else None

    def counted(self, path: str) -> str:
        """What the number of a repeat's copies is called, in a block that is drawn by itself."""
        return self.network.counts.get(path, "") if isinstance(self.network, SymbolicNetwork) else ""

    def _problem(self, group: Group, nodes: Iterable[Node]) -> str:
        """What is wrong with the parts of a box, or with the repeat that they are the copies of."""
        paths = [part.path for part in group.parts] + [node.path for node in nodes]
        around = {path.rpartition(".")[0] for path in paths[: len(group.parts)]} & self.problems.keys()
        blocks = [block for block in self.network.blocks.walk() if block.path in around]
        paths += [block.path for block in blocks if self.is_open and not self.is_open(block)]
        return next((self.problems[path] for path in paths if self.problems.get(path)), "")

    def _id(self, run: Run) -> str:
        """The path of a part; of all copies of a repeat, that of the repeat."""
        first = run.parts[0].path
        if len(run.parts) == 1 or "." not in first:
            return first
        parent = self.network[first.rpartition(".")[0]]
        copies = isinstance(parent, Block) and parent.kind == "repeat" and len(parent.children) == len(run.parts)
        return parent.path if copies else first

    def _name(self, run: Run, id: str) -> str:
        """What a run is called; copies of a repeat by its name and their numbers."""
        first, *others = run.parts
        if id != first.path or not others:
            return id.rpartition(".")[2]
        number = first.name
        if number.isdecimal():
            return f"{number}–{others[-1].name}"
        return texts.listed([part.name for part in run.parts])

    def _op(self, run: Run, node: Node) -> _Said:
        said, id = texts.op_texts(node.applied), self._id(run)
        joined = said.glyph if len(run.parts) == 1 else ""
        return _Said(
            id=id,
            kind="merge" if joined else "op",
            family=said.family,
            title=joined or said.word,
            arguments=", ".join(filter(None, (said.essentials, *texts.taken_again(node))))
            if joined
            else said.essentials,
            name=self._name(run, id),
            remark=texts.remark(run),
            copies=len(run.parts),
            doc=said.doc,
        )

    def _unit(self, group: Group) -> _Said:
        first = group.runs[0].parts[0]
        node, finishing = head(first)
        said = texts.op_texts(node.applied)
        words = [*finishing, *(texts.finisher(part) for part in group.parts[1:])]
        return _Said(
            id=first.path,
            kind="unit",
            family=said.family,
            title=said.word,
            arguments=said.essentials,
            name=texts.listed([part.name for part in group.parts]),
            lines=(", ".join(words),) if words else (),
            doc=said.doc,
        )

    def _block(self, run: Run, block: Part, detail: Detail) -> _Said:
        assert isinstance(block, Block)
        id = self._id(run)
        if detail != "ops" and is_unit(block):
            unit = self._unit(Group((Run((block,)),), ""))
            return unit._replace(id=id, name=self._name(run, id), copies=len(run.parts), remark=texts.remark(run))
        inner = _copied(block)
        lines = self._lines(inner, detail) if isinstance(inner, Block) else ()
        given = _given(inner, run.parts[1:] if inner is block else block.children[1:], detail)
        if detail == "overview" and len(given) > 3:
            given = []
        if detail == "overview" and not lines and not given and isinstance(inner, Block):
            lines = (*kind_lines(inner), *_shortcut(inner))
        title = labels.definition_word(block)
        group = block.step.name if block.step else block.name
        return _Said(
            id=id,
            kind="block",
            family="block",
            title=title or labels.group_word(group),
            arguments="" if lines else ", ".join(given),
            name=self._name(run, id) if title or group != block.name else "",  # a copy of a group has its number
            lines=lines,
            remark=texts.remark(run) or self._copies(block),
            copies=len(run.parts) * block.content.copies,
            doc=block.template.doc if block.kind == "block" else "",
        )

    def _copies(self, block: Block) -> str:
        """How the copies of a repeat that is shown as one box differ."""
        if block.kind != "repeat":
            return ""
        first, *more = runs(self.structure, block.children, copies=counts_copies(block))
        return "copies differ" if more else texts.remark(first)

    def _lines(self, block: Block, detail: Detail) -> tuple[str, ...]:
        if detail == "blocks":
            return ()
        channels = labels.branch_channels(block)
        lines = () if has_streams(block) else block_lines(block)
        if not lines and len(outputs_of(block)) > 1:
            lines = branch_lines(block) or held_lines(block)
        lines = lines or ((f"{channels} channels",) if channels else ())
        flags = [labels.argument(name, value) for name, value in labels.sized(block).items() if value is True]
        flags += _shortcut(block)
        return (*lines, ", ".join(flags)) if lines and flags else lines


def _shortcut(block: Block) -> Sequence[str]:
    return ("+ shortcut",) if has_shortcut(block) else ()


def _of_all_uses(said: _Said, uses: Sequence[Sequence[Part]]) -> _Said:
    """What the box of a part says that stands for all uses of it, each with those that finish it.

    A group is called by its name without a number.
    """
    first, names = uses[0][0], [use[0].name for use in uses]
    group = isinstance(first, Block) and first.kind == "group"
    word = labels.without_number(names[0]) if group else ""
    own = [texts.finisher(parts[0]) for parts in zip(*uses, strict=True) if _have_own_weights(parts[1:])]
    but = f" but for {' and '.join(own)}" if own else ""
    remark = " · ".join(filter(None, (said.remark, f"shared by {len(uses)}{but}")))
    return said._replace(title=word or said.title, name=texts.listed(names), remark=remark)


def _have_own_weights(parts: Iterable[Part]) -> bool:
    """Whether some of the parts in the place of one have weights that are not its."""
    return any(not part.shares and any(has_weights(type(node.op)) for node in nodes_of(part)) for part in parts)


def _given(part: Part, copies: Iterable[Part], detail: Detail) -> list[str]:
    """The arguments of a part that copies of it have too; ops that finish layers are untold where these are told."""
    if not isinstance(part, Block):
        return [texts.op_texts(part.applied).essentials]
    others = [labels.written(labels.sized(copy)) for copy in copies if isinstance(copy, Block) and copy.kind == "block"]
    told = labels.sized(part)
    if detail == "overview":
        told = {name: value for name, value in told.items() if not labels.finishes(part, name)}
    return [text for text in labels.written(told) if all(text in other for other in others)]


def _copied(block: Block) -> Part:
    """What a repeat is made of; another block itself."""
    part: Part = block
    while isinstance(part, Block) and part.kind == "repeat":
        part = part.children[-1]
    return part


def box_alone(network: Network, part: Part) -> Box:
    """The box of one node or block of a network, in no frame."""
    return Boxing(Structure(network)).box(Group((Run((part,)),), ""), "blocks")


def boxes_alone(structure: Structure) -> Mapping[str, Box]:
    """The box of each part of a network by its path: of an op, and of a block as it is where all around it is open.

    A block at the top is drawn for its arguments, one inside of another for what it holds, as pictures have them that
    show the one or the other.
    """
    boxing = Boxing(structure)
    return {box.id: box for box in _inside(boxing, structure.network.blocks, "", in_sharing=False)}


def _inside(boxing: Boxing, block: Block, frame: str, *, in_sharing: bool) -> Iterator[Box]:
    for child in filter(holds_nodes, block.children):
        group = Group((Run((child,), difference_of_first(block, child)),), frame)
        if isinstance(child, Node) or one_op(child) is not None:
            yield boxing.box(group, "ops", in_sharing=in_sharing)
            continue
        yield boxing.box(group, "overview" if block.path else "blocks", in_sharing=in_sharing)
        if is_framed(child, boxing.network):
            says = bool(texts.shared((child,)))
            yield from _inside(boxing, child, child.path, in_sharing=in_sharing or says)
        else:
            yield from _inside(boxing, child, frame, in_sharing=in_sharing)
