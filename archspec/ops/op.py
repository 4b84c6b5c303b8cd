"""What an op is: one class that states every fact about it."""

import inspect
import keyword
import re
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from archspec.ops.arguments import compact
from archspec.ops.bundled import BUNDLED
from archspec.ops.facts import Cost, Function, Kept, Module, Reach, Saved
from archspec.ops.tensor import Shape, Shapes

NODE_KEYS = frozenset(
    "op block graph reuse from inputs output outputs when each as repeat first last after before doc".split()
)
"""The keys of a node that are not arguments; no op or block can have an argument of such a name."""


class Op(BaseModel):
    """A primitive operation: its arguments are fields, its facts are methods.

    A concrete op names itself in the class statement (``class Conv(Op, name="conv")``), has a
    docstring whose first line describes it, an `example`, and an `infer` rule; without one of them the
    class is rejected where it is defined. Rules raise `ShapeError` or `ArgumentError`.

    Every field is an argument of the op in a spec, with PyTorch's name and default, and described under ``Args:``.
    Rules see the shapes of the operands without the batch. ``dim`` arguments count as PyTorch does,
    with the batch as dimension 0.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, validate_default=True, allow_inf_nan=False
    )

    name: ClassVar[str] = ""
    example: ClassVar[str]
    """A node as a user writes it, such as ``{op: conv, out_channels: 64, kernel_size: 3}``."""
    example_inputs: ClassVar[Shapes] = ((16, 8, 8),)
    """Shapes on which the example compiles."""
    inferred: ClassVar[tuple[str, ...]] = ()
    """Arguments of PyTorch's that follow from the operands, so that a spec leaves them out."""
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """The least and greatest number of operands; None for no bound."""
    takes_places: ClassVar[frozenset[int]] = frozenset()
    """The numbers of the operands that are places of maxima (`Places`), and no numbers to compute with."""
    takes_nothing: ClassVar[bool] = False
    """Whether a node of it takes no tensors. What rules see as its operand only says how many samples there are."""
    spatial_ranks: ClassVar[frozenset[int] | None] = None
    """The numbers of spatial dimensions that the op takes; None for any."""
    functions: ClassVar[tuple[str, ...]] = ()
    """The functions of torch that the op is, and methods of tensors, with the names of their parameters in order, such
    as ``leaky_relu(input, negative_slope, inplace)``: those that the op has for arguments mean the same there. Import
    of modules reads them; functions whose arguments follow from shapes or weights have rules beside it."""
    saved: ClassVar[Saved | None] = None
    """The tensors that autograd keeps for the backward pass (`input`: all operands); None where that is not known."""
    saved_for_weights: ClassVar[bool] = False
    """Whether autograd keeps that for the gradients of the weights alone: nothing where they are frozen."""
    in_place: ClassVar[bool] = False
    """Whether PyTorch's layer takes ``inplace=True`` and autograd keeps no more for it."""
    constants: ClassVar[tuple[str, ...]] = ()
    """Buffers whose numbers follow from the arguments: a checkpoint need not hold them."""
    fresh: ClassVar[bool] = False
    """Whether the output is always memory of its own, never a view of an operand."""

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        """Take the class argument, which `__pydantic_init_subclass__` uses once the fields are known."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if name:
            _register(cls, name)

    def infer(self, inputs: Shapes) -> Shape:
        """The shape of the output.

        Raises:
            ShapeError: The operands do not fit the op.
            ArgumentError: An argument does not fit the operands.
        """
        raise NotImplementedError

    def parts(self, inputs: Shapes) -> "Parts":
        """The ops that it is where a spec takes an output of it by name, in order; none for an op with one output.

        Each takes the operands, and after them what those before it give. The last gives ``output``, which the node's
        name alone stands for. What `torch` says of it is a layer that gives all, the output first.

        Raises:
            ArgumentError: With these arguments there is but one output.
        """
        return {}

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        """Trainable tensors: their names in the state_dict, and their shapes."""
        return {}

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        """Tensors that are saved but not trained."""
        return {}

    @classmethod
    def key(cls, path: str, tensor: str) -> str:
        """What the state_dict calls a tensor of a node: an op that only gives its tensor has it by its own path."""
        return path if cls.takes_nothing else f"{path}.{tensor}"

    def cost(self, inputs: Shapes, output: Shape) -> Cost | None:
        """The work on one sample, or None where the op has no rule (printed as ``?``)."""
        return None

    def gradient_macs(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...], *, trained: bool) -> int:
        """Multiply-accumulates of the gradients on one sample, where some operands need one.

        That of the weights of a product, where they are ``trained``, takes as many as the product, and so does that of
        each operand.
        """
        cost = self.cost(inputs, output) or Cost()
        return cost.macs * ((trained and bool(self.weights(inputs))) + sum(gradients))

    def kept(self, inputs: Shapes, output: Shape) -> Saved | None:
        """The tensors that autograd keeps with these arguments: `saved`, where the arguments change nothing."""
        return self.saved

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """Bytes a sample that autograd keeps besides the tensors of `kept`, such as the indices of a max pooling.

        Counted for float32 in eager training, without weights and what does not grow with the batch.
        """
        return 0

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept | None:
        """What autograd keeps where some operands need a gradient, or a weight: what `kept` and `saved_bytes` say."""
        tensors = self.kept(inputs, output)
        if tensors is None:
            return None
        operands = tuple(range(len(inputs))) if "input" in tensors else ()
        return Kept(operands, "output" in tensors, self.saved_bytes(inputs, output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """The places of the input that one place of the output reads."""
        return "unknown"

    def torch(self, inputs: Shapes) -> Module | Function:
        """The PyTorch counterpart."""
        raise NotImplementedError

    def changed(self, *names: str) -> dict[str, Any]:
        """The arguments that differ from their default, as one writes them: ``(3, 3)`` is ``3``."""
        fields = type(self).model_fields
        written = {name: compact(getattr(self, name)) for name in names or fields}
        return {name: value for name, value in written.items() if value != fields[name].default}

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or "").lstrip().partition("\n")[0].rstrip()

    @classmethod
    def argument_docs(cls) -> dict[str, str]:
        """What the docstring says of each argument under ``Args:``."""
        _, _, section = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:\n")
        section = section.split("\n\n")[0]
        entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
        return {name: " ".join(text.split()) for name, text in entries}


Parts = Mapping[str, Op]
"""Ops that are one layer, by the names of what they give."""

REGISTERED: dict[str, type[Op]] = {}
"""The ops that have been imported; `archspec.ops.registry` finds the others too."""


def _register(cls: type[Op], name: str) -> None:
    """Take a concrete op into the table, or refuse a malformed one."""
    problems = [
        text
        for wrong, text in [
            (not name.isidentifier() or keyword.iskeyword(name), "its name is no identifier"),
            (_is_taken(cls, name), "another op has that name"),
            (not _is_documented(cls), "it has no docstring"),
            (not getattr(cls, "example", ""), "it has no example"),
            (cls.infer is Op.infer, "it has no shape rule (infer)"),
            (cls.torch is Op.torch, "it has no PyTorch counterpart (torch)"),
            (bool(NODE_KEYS & cls.model_fields.keys()), "an argument has the name of a node key"),
        ]
        if wrong
    ]
    if problems:
        raise TypeError(f"op {name!r} ({cls.__module__}.{cls.__qualname__}): {'; '.join(problems)}")
    cls.name = name
    REGISTERED[name] = cls


def _is_documented(cls: type[Op]) -> bool:
    """Whether a class has a docstring of its own, or Python runs without docstrings (``-OO``)."""
    return sys.flags.optimize > 1 or bool((vars(cls).get("__doc__") or "").strip())


def _is_taken(cls: type[Op], name: str) -> bool:
    """Whether another op has the name: one that is imported, or a bundled one that is not yet."""
    if name in BUNDLED and cls.__module__ != BUNDLED[name]:
        return True
    return name in REGISTERED and REGISTERED[name].__qualname__ != cls.__qualname__
