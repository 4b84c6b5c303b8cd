"""Networks that are wired in ways in which no bundled one is."""

from __future__ import annotations

WIRINGS = {
    "two inputs, and one tensor twice": """
archspec: 1
name: net
inputs: {left: [4, 8, 8], right: [4, 8, 8]}
graph:
  a: {op: conv, from: left, out_channels: 4, kernel_size: 1}
  b: {op: conv, from: right, out_channels: 4, kernel_size: 1}
  add: {op: add, from: [a, b]}
  twice: {op: add, from: [add, add]}
""",
    "crossing branches, past boxes": """
archspec: 1
name: net
inputs: {x: [4, 8, 8]}
graph:
  a: {op: conv, out_channels: 4, kernel_size: 1}
  b: {op: conv, from: a, out_channels: 4, kernel_size: 1}
  c: {op: conv, from: a, out_channels: 4, kernel_size: 1}
  d: {op: add, from: [b, c]}
  e: {op: concat, from: [b, c, d]}
  f: {op: conv, from: e, out_channels: 4, kernel_size: 1}
  g: {op: add, from: [f, a]}
outputs: {out: g, side: c}
""",
    "a block of two inputs and two outputs": """
archspec: 1
name: net
inputs: {x: [4, 8, 8]}
blocks:
  pair:
    inputs: [left, right]
    graph:
      one: {op: conv, from: left, out_channels: 4, kernel_size: 1}
      both: {op: add, from: [one, right]}
    outputs: {first: one, second: both}
graph:
  a: {op: conv, out_channels: 4, kernel_size: 1}
  pair: {block: pair, from: [x, a]}
  sum: {op: add, from: [pair.first, pair.second]}
""",
    "one tensor twice, inside a block and a block in it": """
archspec: 1
name: net
inputs: {x: [4, 8, 8]}
blocks:
  inner: {graph: {sum: {op: add, from: [input, input]}, more: {op: add, from: [sum, input]}}}
  outer: {graph: {conv: {op: conv, out_channels: 4, kernel_size: 1}, inner: {block: inner}}}
  both: {graph: {inner: {block: inner}, sum: {op: add, from: [inner, inner]}}}
graph: {outer: {block: outer}, both: {block: both}}
""",
}
