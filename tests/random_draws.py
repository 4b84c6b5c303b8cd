"""What random networks are drawn from: choices, names, remarks; and the text that a spec becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st

Args = dict[str, Any]


@dataclass(frozen=True)
class Pick:
    """Hypothesis's draws in short words. The first option is the simplest, which a failing case shrinks to."""

    draw: Callable[[Any], Any]

    def of(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options)) if len(options) > 1 else options[0]

    def int(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high))) if low < high else low

    def chance(self, odds: int) -> bool:
        """True once in ``odds``."""
        return self.int(1, odds) == odds

    def some(self, /, **options: Callable[[], Any]) -> Args:
        """Some of the arguments."""
        return {name: option() for name, option in options.items() if self.chance(3)}

    def name(self, pool: list[str], plain: str, taken: Collection[str]) -> str:
        """A name that is not taken: a plain one, numbered, or seldom one of the pool."""
        if self.chance(3) and (name := self.of(*pool)) not in taken:
            return str(name)
        return next(name for name in (plain, *(f"{plain}{n}" for n in range(2, 200))) if name not in taken)

    def remark(self) -> str:
        """A text that would break a careless printer."""
        return "".join(self.of(*_WORDS) for _ in range(self.int(1, 5)))

    def other(self, value: Any) -> Any:
        """A value of the same type; perhaps the same."""
        match value:
            case bool():
                return not value
            case int():
                return self.of(value + 1, 1, 2, 4, value * 2)
            case float():
                return self.of(value / 2, value)
            case list():
                return value[::-1]
        return value


NAMES = """
x out torch nn F self_ self append Tensor list identity x1 input_ index_ count_ super_ cls args kwargs print len range
zip tuple object math isinstance insert extend pop keys values items match case type_ weight bias shape dim Module
Sequential ModuleList NamedTuple Conv2d relu conv add cat flatten output inputs outputs forward_ init annotations
Callable int float_ str bool property staticmethod dataclass T a b c fc head stem Net OrderedDict collections typing
Any Final hidden y i image x2 layers layer body_outs block groups dtype device
in_channels A l O layer1 x_1 x_2 x_ conv_1 Relu torch_
""".split()
"""Names of nodes, inputs and outputs that mean something in Python or in a module of PyTorch."""
NAMES.append("very_long_name_" * 6 + "x")

LOOP_NAMES = "t u v w rows item dict sorted map filter ReLU Conv3d j copies ConvBn Unit Block UnitPart NetGroup".split()
"""Names of what differs from copy to copy; no other pool has them, for they must not stand for anything else."""

BLOCK_NAMES = """
block residual-block residual_block ResidualBlock Tensor nn torch Module Sequential F conv_relu conv-relu ConvRelu list
None class x Net net bottleneck LayerScale LocalConv2d StochasticDepth NamedTuple int a A a1 relu ReLU Conv2d self
NetOutput NetOutputs net-outputs NetGroup UnitGroup UnitOutputs OrderedDict conv_relu conv_bn conv_bn_relu
very-long-name-of-a-block-that-says-it-all-and-goes-on-and-on
""".split()
"""Names of networks and blocks, some of which make one name of a class."""

LET_NAMES = "operator re half total Linear range_ self2 torch2 eval_ OrderedDict2".split()
"""Names of values and functions, which nothing else has: there they would be errors."""

PARAM_NAMES = """
channels stride width p x self torch nn F Tensor int bool list flag deep kind n k in_channels out_channels super cls
forward train weight name bias index_ args_ out x1 isinstance range tuple math in_features groups dtype input_channels
""".split()

_WORDS = [
    *['"', '""', '"""', "'''", "\\", "\\n", "\\N{x}", "\n", "\n\n", "\t", "#", "{x}", "%s", "é", "文", "😀", " ", "\r"],
    *[
        "\x00",
        "\x07",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u202e",
        "# noqa",
        "# type: ignore",
        "words",
        "    indented",
        "end.",
    ],
    "a line that goes on" + " and on" * 14,
    "https://example.org/" + "long/" * 25,
]


def write(value: Any, indent: int = 0) -> str:
    """YAML, a line for each node."""
    if not isinstance(value, dict) or (indent and not _nests(value)):
        return json.dumps(value, ensure_ascii=False)
    lines = [f"{' ' * indent}{_key(key)}:{_written(inner, indent + 2)}" for key, inner in value.items()]
    return "\n".join(lines) + "\n" * (indent == 0)


def _written(value: Any, indent: int) -> str:
    return f"\n{write(value, indent)}" if _nests(value) else f" {write(value, indent)}"


def _nests(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values())


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)
