"""What is drawn of several nodes or operands: sums, attention, copies joined, poolings undone."""

from __future__ import annotations

from random_arguments import ARGUMENTS, WITH_NUMBER, fit, infer
from random_nodes import Nodes

from archspec.ops.tensor import elements

ATTENTION = ("multi_head_attention", "scaled_dot_product_attention")
"""Ops of queries, keys and values."""


class Joints(Nodes):
    """A graph to which ops of several operands are added, and nodes that belong together."""

    def join_copies(self) -> None:
        """All that the copies of a repeat give, joined, perhaps with another tensor."""
        pick, first = self.pick, self.operand()
        if not self.repeats:
            return self.layer(first)
        repeat, name = pick.of(*self.repeats), pick.of("concat", "add", "maximum", "stack")
        args = ARGUMENTS[name](pick, self.repeats[repeat][0])
        for before in ([first], []):
            shapes = (*(self.tensors[each] for each in before), *self.repeats[repeat])
            output = infer(name, args, shapes) if len(shapes) > 1 or name == "concat" else None
            if output is not None:
                node = {"op": name} | self.written(args)
                return self.add(node, [*before, repeat], {"": output}, name)
        return self.layer(first)

    def merge(self) -> None:
        """An op of several operands, which may be one tensor twice, or of one and a number."""
        pick, first = self.pick, self.operand()
        name = pick.of("add", "concat", "mul", "sub", "matmul", "div", "maximum", "minimum", "stack", *ATTENTION)
        if name in ATTENTION:
            return self.attention(name, first)
        args = ARGUMENTS[name](pick, self.tensors[first])
        if name == "matmul" and pick.chance(2):
            first = self.transposed(first)
        operands = [first]
        if name in WITH_NUMBER and pick.chance(3):
            args = {"value": self.write(pick.of(2, 0.5, -1))}
            return self.conditional({"op": name} | args, [first], {"": self.tensors[first]}, name)
        for _ in range(pick.int(1, 1 if name in ("sub", "matmul", "div") else 3)):
            fitting = [other for other in self.tensors if self.merged(name, args, [*operands, other]) is not None]
            operands += [pick.of(*fitting[::-1])] if fitting else []
        operands = operands[::-1] if pick.chance(3) else operands
        output = self.merged(name, args, operands)
        if output is None or len(operands) == 1:
            return self.layer(first)
        return self.conditional({"op": name} | self.written(args), operands, {"": output}, name)

    def heads(self) -> None:
        """Attention of several heads."""
        self.attention("multi_head_attention", self.operand())

    def attention(self, name: str, queries: str) -> None:
        """Attention of one tensor to itself, or to another, which gives keys and values; seldom with a mask."""
        shape = self.tensors[queries]
        if name == "multi_head_attention" and len(shape) == 3 and elements(shape[1:]) <= 64:
            size = {"": (shape[0], elements(shape[1:]))}
            queries = self.add({"op": "flatten", "start_dim": 2}, [queries], size, "places")
        args = ARGUMENTS[name](self.pick, self.tensors[queries])
        ways = [[queries, other, other] for other in self.tensors]
        ways += [[queries, queries, queries, other] for other in self.tensors]
        ways += [[queries]] * self.pick.int(0, 1) + [[queries, other] for other in self.tensors]
        fitting = [operands for operands in ways if self.merged(name, args, operands) is not None]
        if not fitting:
            return self.layer(queries)
        operands = self.pick.of(*fitting)
        output = self.merged(name, args, operands)
        assert output is not None
        return self.conditional({"op": name} | self.written(args), operands, {"": output}, name)

    def unpooled(self) -> None:
        """A max pooling, perhaps a layer, and its elements where the maxima stood."""
        pick, first = self.pick, self.operand()
        shape = self.tensors[first]
        fitting = fit("max_pool", ARGUMENTS["max_pool"](pick, shape), (shape,)) if 1 < len(shape) < 5 else None
        if fitting is None or self.listed or isinstance(fitting[0].get("padding"), str):
            return self.layer(first)
        args, output = fitting
        pool = last = self.add({"op": "max_pool"} | self.written(args), [first], {"": output}, "pool", 2)
        if pick.chance(2):
            last = self.add({"op": "sigmoid"}, [last], {"": output}, "sigmoid")
        self.add({"op": "max_unpool"}, [last, f"{pool}.indices"], {"": shape}, "unpool")
        return None

    def folded(self) -> None:
        """The windows of a map as columns, perhaps a layer, and their sums where they overlap."""
        pick, first = self.pick, self.operand()
        shape = self.tensors[first]
        fitting = fit("unfold", ARGUMENTS["unfold"](pick, shape), (shape,)) if len(shape) == 3 else None
        if fitting is None:
            return self.layer(first)
        args, columns = fitting
        last = self.add({"op": "unfold"} | self.written(args), [first], {"": columns}, "unfold")
        if pick.chance(2):
            last = self.add({"op": "sigmoid"}, [last], {"": columns}, "sigmoid")
        back = {"output_size": list(shape[1:]), **args}
        self.add({"op": "fold"} | self.written(back), [last], {"": shape}, "fold")
        return None

    def held(self) -> None:
        """A tensor that the network holds, and an op of it and another."""
        pick, operand = self.pick, self.operand()
        name = pick.of("parameter", "constant")
        args = ARGUMENTS[name](pick, self.tensors[operand])
        own = self.add({"op": name} | self.written(args), [], {"": tuple(args["shape"])}, name)
        operands, name = pick.of([operand, own], [own, operand]), pick.of("mul", "add", "concat", "maximum")
        output = self.merged(name, {}, operands)
        if output is not None:
            self.add({"op": name}, operands, {"": output}, name)

    def transposed(self, operand: str) -> str:
        """A tensor with its last two dimensions swapped, which fits it in a matmul."""
        *outer, last = self.tensors[operand]
        if not outer:
            return operand
        rank = len(outer) + 1
        dims = [*range(1, rank - 1), rank, rank - 1]
        return self.add({"op": "permute", "dims": dims}, [operand], {"": (*outer[:-1], last, outer[-1])}, "transposed")

    def join(self, pair: list[str]) -> None:
        """One tensor of two: their sum or concatenation, or else their elements in a row."""
        name = self.pick.of("concat", "add")
        output = self.merged(name, {}, pair)
        if output is None:
            name, pair = "concat", [self.flat(reference) for reference in pair]
            output = (sum(self.tensors[reference][0] for reference in pair),)
        self.add({"op": name}, pair, {"": output}, name)
