"""One run of a module: which modules were called, which functions of torch, and with what.

Every size is a plain integer on the device ``meta``, Python's control flow has happened, and functions, methods and
in-place calls are seen alike, by a `torch.overrides.TorchFunctionMode`; hooks say which module calls.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.nn.utils.parametrize import ParametrizationList
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from archspec.importers.module.computed import kind_of
from archspec.importers.module.made import join
from archspec.importers.module.runs import Call, Held, Run, UnrecordableError, Value, Visit, leaves

place_of: ContextVar[str] = ContextVar("place_of", default="")
"""What is told as the place of a call, where it is a line of another file than Python's."""

_TORCH = f"{Path(torch.__file__).parent}{os.sep}"


def record(module: nn.Module, inputs: Sequence[Tensor], buffers: Mapping[str, Tensor] | None = None) -> Run:
    """Run a module, whose tensors and inputs lie on the device ``meta``.

    Args:
        module: The module.
        inputs: Its inputs.
        buffers: The numbers of its buffers, by their names.

    Raises:
        UnrecordableError: It does what cannot be followed.
    """
    recorder = _Recorder(module, buffers or {})
    values = [recorder.value(tensor) for tensor in inputs]
    with ExitStack() as stack:
        stack.callback(hooks.register_module_forward_pre_hook(recorder.entered).remove)
        handle = hooks.register_module_forward_hook(recorder.left, with_kwargs=True)
        # PyTorch 2.13 forgets to: `torch.compile` would warn of the hook ever after.
        stack.callback(hooks._global_forward_hooks_with_kwargs.pop, handle.id, None)
        stack.callback(handle.remove)
        stack.enter_context(torch.no_grad())
        stack.enter_context(recorder.counter)
        stack.enter_context(torch.device("meta"))
        stack.enter_context(recorder)
        module(*inputs)
    assert recorder.root is not None
    flops = recorder.counter.get_total_flops() - recorder.flops_of_numbers
    return Run(recorder.root, values, flops, recorder.dropping)


class _Recorder(TorchFunctionMode):
    def __init__(self, module: nn.Module, buffers: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.paths = {id(part): path for path, part in module.named_modules()}
        self.alive: list[Tensor] = []
        self.held: dict[int, Held] = {}
        self.fixed: dict[int, Tensor] = {}
        self.views: dict[int, tuple[Tensor, Any]] = {}
        for name, parameter in module.named_parameters():
            self.held[id(parameter)] = Held(name, tuple(parameter.shape), True)
        for name, tensor in module.named_buffers():
            numbers = buffers[name].detach().clone() if name in buffers else None
            self.alive.append(tensor)  # which the module may replace
            self.held[id(tensor)] = Held(name, tuple(tensor.shape), False, numbers)
            if numbers is not None:
                self.fixed[id(tensor)] = numbers
        self.counter = FlopCounterMode(display=False)
        self.flops_of_numbers = 0
        self.computing = 0
        self.dropping: list[str] = []
        self.root: Visit | None = None
        self.stack: list[Visit] = []
        self.values: dict[int, Value] = {}
        self.storages: dict[int, list[Value]] = {}

    def value(self, tensor: Tensor) -> Value:
        """The value that a tensor is now."""
        if id(tensor) in self.fixed:
            return self._fixed_value(tensor)
        if id(tensor) not in self.values:
            self._add(tensor)
        value = self.values[id(tensor)]
        if value.stale:
            raise UnrecordableError(value.stale)
        return value

    def _add(self, tensor: Tensor) -> Value:
        self.alive.append(tensor)  # so that no other tensor has its id
        value = Value(len(self.alive), tuple(tensor.shape), tensor.dtype)
        self.values[id(tensor)] = value
        self.storages.setdefault(tensor.untyped_storage()._cdata, []).append(value)
        return value

    def _fixed_value(self, tensor: Tensor) -> Value:
        """The value of a tensor whose numbers are known, as they are now."""
        known = self.values.get(id(tensor))
        numbers = self.fixed[id(tensor)]
        with torch._C.DisableTorchFunction():
            if known is None or known.fixed is None or not torch.equal(known.fixed, numbers):
                known = self._add(tensor)
                known.fixed = numbers.clone()
        return known

    def entered(self, module: nn.Module, args: Any) -> None:
        """A module is called."""
        self.computing += isinstance(module, ParametrizationList)
        if self.computing:
            return
        path = self.paths.get(id(module))
        if path is None:
            if join(module, self.stack[-1].module.training):
                self.dropping.append(f"{type(module).__name__} ({_place()})")
            return
        visit = Visit(path, module, self._seen(args) if self.stack else (), place=_place())
        if self.stack:
            self.stack[-1].steps.append(visit)
        else:
            self.root = visit
        self.stack.append(visit)

    def left(self, module: nn.Module, _args: Any, keywords: dict[str, Any], outputs: Any) -> None:
        """A module has returned."""
        if self.computing:
            self.computing -= isinstance(module, ParametrizationList)
            if isinstance(module, ParametrizationList):
                self.alive.append(outputs)
                self.held[id(outputs)] = self._computed(module, outputs)
            return
        if id(module) not in self.paths:
            return
        visit = self.stack.pop()
        visit.keywords = self._seen(keywords)
        visit.outputs = self._seen(outputs)

    def _computed(self, computing: ParametrizationList, tensor: Tensor) -> Held:
        """A tensor that is computed of others, which the network holds."""
        path, kind = self.paths[id(computing)], kind_of(computing)
        owner, _, name = f".{path}".rpartition(".parametrizations.")
        name = f"{owner}.{name}"[1:]
        if not kind or not name.endswith("weight"):
            names = " and ".join(type(each).__name__.removeprefix("_") for each in computing)
            raise UnrecordableError(f"`{name}` is computed by {names} ({_place()})")
        trained = dict(computing.named_parameters())
        parts = {
            f"parametrizations.weight.{own}": Held(f"{path}.{own}", tuple(part.shape), own in trained)
            for own, part in computing.state_dict().items()
        }
        return Held(name, tuple(tensor.shape), True, computed={"parametrize": kind}, parts=parts)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """A function of torch is called."""
        kwargs = kwargs or {}
        name = _name_of(func)
        if name in _UNSEEN or not self.stack or self.computing:
            return func(*args, **kwargs)
        operands = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if all(id(tensor) in self.fixed for tensor in operands) or name in _OF_SHAPES:
            return self._settled(func, args, kwargs)
        if name in _DEPENDING:
            raise UnrecordableError(f"{_place()} asks for numbers in a tensor ({name}): what follows depends on data")
        if name == "__setitem__" and isinstance(args[0], Tensor):
            return self._write(args[0], args[1], args[2])
        if name in _RANDOM and not self.stack[0].module.training and _draws(name, args, kwargs):
            how = "training=self.training" if name != _ATTENTION else "dropout_p=p if self.training else 0.0"
            raise UnrecordableError(f"{_place()} draws random numbers in evaluation too: {name} takes {how}")
        given, named = self._seen(args), self._seen(kwargs)
        outputs = func(*args, **kwargs)
        tensors = [leaf for leaf in leaves(outputs) if isinstance(leaf, Tensor)]
        if not tensors:
            return outputs
        first = args[0] if args else None
        changed = any(tensor is first for tensor in tensors) and _changes(name, args, kwargs)
        if changed:
            assert isinstance(first, Tensor)
            self._age(first)
        made = [self._add(tensor) if changed or id(tensor) not in self.values else self.values[id(tensor)]
                for tensor in tensors]  # fmt: skip
        self.stack[-1].steps.append(Call(name, given, named, made, _place()))
        if name == "__getitem__" and not isinstance(given[0], Held):
            self.views[id(outputs)] = (args[0], args[1])
        elif changed and first is not None and id(first) in self.views:
            mine = self.values[id(first)]
            self._written(*self.views[id(first)], mine)
            mine.stale = ""
        return outputs

    def _write(self, tensor: Tensor, index: Any, value: Any) -> None:
        """A part of a tensor is written, so that it is another value."""
        if id(tensor) in self.held:
            raise UnrecordableError(f"{_place()} writes into the module's `{self.held[id(tensor)].name}`")
        seen = self._seen(value)
        tensor[index] = value
        if id(tensor) in self.views:
            raise UnrecordableError(f"{_place()} writes into a part of a part of a tensor")
        self._written(tensor, index, seen)

    def _written(self, tensor: Tensor, index: Any, value: Any) -> None:
        before = self.values.get(id(tensor)) or self.value(tensor)
        self._age(tensor)
        after = self._add(tensor)
        self.stack[-1].steps.append(Call("__setitem__", (before, self._seen(index), value), {}, [after], _place()))

    def _settled(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function gives whose operands are known: numbers are computed, and nothing is recorded."""
        before = self.counter.get_total_flops()
        given, named = self._seen(args), self._seen(kwargs)
        with torch._C.DisableTorchFunction():
            numbers = func(*self._numbers(args), **{key: self._numbers(each) for key, each in kwargs.items()})
        if func.__name__ in _DEPENDING:
            return numbers
        outputs = func(*args, **kwargs)
        self.flops_of_numbers += self.counter.get_total_flops() - before
        call = Call(func.__name__, given, named, [], _place())
        if func.__name__ == "__setitem__" and id(args[0]) in self.fixed:
            call.outputs.append(self._fixed_value(args[0]))
            call.outputs[0].origin = call if call.outputs[0] is not given[0] else call.outputs[0].origin
        for tensor, known in zip(leaves(outputs), leaves(numbers), strict=True):
            if isinstance(tensor, Tensor) and isinstance(known, Tensor):
                self.alive.append(tensor)
                self.fixed[id(tensor)] = known
                value = self._fixed_value(tensor)
                if func.__name__ not in _OF_SHAPES and value not in call.operands:
                    value.origin = value.origin or call
                call.outputs.append(value)
        return outputs

    def _numbers(self, given: Any) -> Any:
        """What was given, with the numbers of tensors in place of them."""
        if isinstance(given, Tensor):
            known = self.fixed.get(id(given))
            return torch.zeros((), dtype=given.dtype).expand(given.shape) if known is None else known
        if isinstance(given, torch.device):
            return torch.device("cpu")
        if isinstance(given, slice):
            return slice(*map(self._numbers, (given.start, given.stop, given.step)))
        if isinstance(given, list | tuple) and not hasattr(given, "_fields"):
            return type(given)(map(self._numbers, given))
        return given

    def _age(self, tensor: Tensor) -> None:
        """A tensor is changed in place: values that share its memory are no longer what they were."""
        mine = self.values.get(id(tensor))
        for value in self.storages.get(tensor.untyped_storage()._cdata, []):
            if value is not mine:
                value.stale = f"{_place()} changes a tensor in place that is also seen through a view"

    def _seen(self, given: Any) -> Any:
        """What was given, with values in place of tensors."""
        if isinstance(given, Tensor):
            return self.held.get(id(given)) or self.value(given)
        if isinstance(given, Mapping):
            return {key: self._seen(item) for key, item in given.items()}
        if isinstance(given, list | tuple):
            return (
                type(given)(*map(self._seen, given))
                if hasattr(given, "_fields")
                else type(given)(map(self._seen, given))
            )
        return given


_UNSEEN = frozenset(
    "__get__ __set__ dim size _set_grad_enabled stride numel is_contiguous data_ptr is_floating_point element_size "
    "__len__ requires_grad_ __hash__ __repr__ _has_torch_function".split()
)
"""What asks for a property of a tensor."""
_OF_SHAPES = frozenset(
    "new_zeros new_ones new_full new_empty new_tensor zeros_like ones_like full_like empty_like".split()
)
"""What asks a tensor for its shape and type alone."""
_DEPENDING = frozenset("item __bool__ tolist __int__ __float__ equal allclose __index__ numpy".split())
"""What asks for the numbers in a tensor."""


_ATTENTION = "scaled_dot_product_attention"
_RANDOM = {
    **dict.fromkeys(
        "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout feature_alpha_dropout".split(),
        "input p training",
    ),
    "rrelu": "input lower upper training",
    _ATTENTION: "query key value attn_mask dropout_p",
}
"""Functions that may draw random numbers, and their parameters up to those that say whether they do."""


def _draws(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function draws random numbers with these arguments."""
    given = dict(zip(_RANDOM[name].split(), args, strict=False), **kwargs)
    if name == _ATTENTION:
        return bool(given.get("dropout_p", 0.0) > 0)
    trains = given.get("training", given.get("train", name != "rrelu"))
    return bool(trains and given.get("p", 0.5) > 0)


def _name_of(func: Callable[..., Any]) -> str:
    """The name of a function; of a property that gives another tensor its own."""
    name: str = func.__name__
    of = getattr(getattr(func, "__self__", None), "__name__", "")
    return of if name == "__get__" and of in _VIEWS else name


_VIEWS = frozenset("T H mT mH data real".split())
"""Properties of a tensor that are tensors."""


def _changes(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a function that gives its first operand has changed it."""
    if name.startswith("__i"):
        return True
    return (
        (name.endswith("_") and not name.endswith("__"))
        or kwargs.get("inplace") is True
        or any(arg is True for arg in args[1:])
    )


def is_of_torch(file: str) -> bool:
    """Whether a file is PyTorch's, or this one."""
    return file.startswith(_TORCH) or file == __file__


def _place() -> str:
    """The line outside of torch that runs now, or what `place_of` says."""
    if stated := place_of.get():
        return stated
    frame = sys._getframe(1)
    while frame.f_back is not None and is_of_torch(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
