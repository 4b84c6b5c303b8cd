"""What boxes and pictures say besides their kind: names, remarks, figures, notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archspec.drawing.content import labels
from archspec.drawing.content.folding import Part, Run, nodes_of
from archspec.drawing.content.scene import Figures
from archspec.drawing.content.summary import head
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.language.initialisation import has_weights
from archspec.network import Applied, Network, Node, NotCompiled, PartialNetwork, ReceptiveField, kept

FROZEN = ("frozen", "partly frozen")
"""What is said of what does not train, and of that of which a part does."""
_NAMES = 24
"""Characters of names that are written in full."""


def full_name(path: str, name: str, frame: str) -> str:
    """A name with those of groups around it that have no frame; a copy is called by its repeats too."""
    if not name:
        return ""
    around = path.removeprefix(f"{frame}." if frame else "").rpartition(".")[0]
    if name[:1].isdecimal() and not around and frame:
        names = frame.split(".")
        around = ".".join(names[max((index for index, part in enumerate(names) if not part.isdecimal()), default=0) :])
    return f"{around}.{name}" if around else name


class OpTexts(NamedTuple):
    """What is said of an op wherever it stands.

    Attributes:
        family: One of `labels.FAMILIES`.
        glyph: Its sign, where it joins tensors.
        word: What it is called.
        essentials: Its arguments that matter.
        doc: What it does.
    """

    family: str
    glyph: str
    word: str
    essentials: str
    doc: str


@kept
def op_texts(applied: Applied) -> OpTexts:
    """What is said of an op wherever it stands."""
    op, inputs = applied.op, applied.input_shapes
    said = labels.word(op, inputs), labels.essentials(op, inputs), type(op).summary()
    return OpTexts(labels.family(op), labels.glyph(op), *said)


def finisher(part: Part) -> str:
    """What is said of an op that finishes another."""
    node, _ = head(part)
    return f"{labels.word(node.op)} {labels.essentials(node.op)}".rstrip()


def taken_again(node: Node) -> Iterator[str]:
    """What of the operands of a sum or concatenation it takes more than once, and how often."""
    found = Counter(node.operands)
    for path, count in found.items():
        if count > 1:
            often = "twice" if count == 2 else f"{count} times"
            yield often if len(found) == 1 else f"{path} {often}"


def remark(run: Run) -> str:
    """How the first of some copies differs; what one that stands alone has and others lack."""
    if len(run.parts) == 1:
        return run.difference
    return f"first: {run.difference}" if run.difference else ""


def shared(parts: Sequence[Part]) -> str:
    """Whose weights some parts use; empty for their own."""
    if not any(part.shares for part in parts):
        return ""
    shared = [part for part in parts if part.shares and any(has_weights(type(node.op)) for node in nodes_of(part))]
    return f"weights of {listed(list(dict.fromkeys(part.shares for part in shared)))}" if shared else ""


def frozen(network: Network, nodes: Sequence[Node]) -> str:
    """Whether the weights of some nodes do not train; empty where all do."""
    if not network.freeze:
        return ""
    found = {network.is_frozen(node.path) for node in nodes if node.params}
    return FROZEN[len(found) > 1] if True in found else ""


def listed(names: Sequence[str]) -> str:
    """The names of several parts, in full where they are short."""
    text = ", ".join(names)
    return text if len(text) <= _NAMES else f"{names[0]} … {names[-1]}"


def figures(network: Network, parts: Sequence[Part], field: ReceptiveField | None) -> Figures:
    """What some parts cost; ``field``: the receptive field of the last."""
    nodes = costed = params = macs = other = activations = run = 0
    for part in parts:
        totals = part.content.totals
        nodes += totals.nodes
        costed += totals.costed
        params += part.params
        macs += totals.macs
        other += totals.other
        activations += totals.activations
        run += 0 if network.is_training_only(part.path) else totals.macs
    known, whole = bool(costed) or not nodes, network.macs
    return Figures(
        params=params,
        macs=macs if known else None,
        other_ops=other if known else None,
        share=run / whole if whole else 0.0,
        activations=activations,
        receptive_field=field.size if field else (),
    )


def notes(network: Network) -> tuple[str, ...]:
    """What is written below a picture."""
    if isinstance(network, SymbolicNetwork):
        return tuple(f"{name} = {formula}" for name, formula in network.formulas.items())
    if not isinstance(network, PartialNetwork):
        return ()
    left_out = any(isinstance(node.op, NotCompiled) for node in network)
    return (
        *(text.replace("`", "") for text in network.unplaced),
        *(["What takes a node that did not compile is left out."] if left_out else []),
    )
