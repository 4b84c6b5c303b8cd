"""Networks that are wired in ways in which no bundled one is."""

from __future__ import annotations

_ARGUMENTS = {"conv": ", out_channels: 4, kernel_size: 1"}


def net(graph: str, inputs: str = "x", outputs: str = "") -> str:
    """The text of a network whose nodes are given as ``name op input input``, one after another."""
    lines = ["archspec: 1", "name: net", f"inputs: {{{', '.join(f'{name}: [4, 8, 8]' for name in inputs.split())}}}"]
    lines.append("graph:")
    for node in graph.split(","):
        name, op, *taken = node.split()
        lines.append(f"  {name}: {{op: {op}, from: [{', '.join(taken)}]{_ARGUMENTS.get(op, '')}}}")
    return "\n".join([*lines, *([f"outputs: {{{outputs}}}"] if outputs else []), ""])


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
    "a block whose first input comes through a box": """
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
  pair: {block: pair, from: [a, x]}
  sum: {op: add, from: [pair.first, pair.second]}
""",
    "a block that gives a tensor half way": """
archspec: 1
name: net
inputs: {x: [4, 8, 8]}
blocks:
  halves:
    graph:
      one: {op: conv, out_channels: 4, kernel_size: 1}
      two: {op: conv, out_channels: 4, kernel_size: 1}
      three: {op: conv, out_channels: 4, kernel_size: 1}
    outputs: {first: one, second: two, third: three}
graph:
  halves: {block: halves}
  sum: {op: add, from: [halves.first, halves.second, halves.third]}
""",
    "a U of blocks": """
archspec: 1
name: net
inputs: {x: [3, 64, 64]}
blocks:
  res:
    params: {out_channels: {type: int}}
    graph:
      a: {block: conv_bn_relu, out_channels: $out_channels}
      b: {op: conv, out_channels: $out_channels, kernel_size: 3, padding: 1}
      s: {op: conv, from: input, out_channels: $out_channels, kernel_size: 1}
      add: {op: add, from: [b, s]}
  up:
    inputs: [below, beside]
    graph:
      u: {op: upsample, from: below, scale_factor: 2, mode: bilinear}
      g1: {op: conv, from: u, out_channels: 16, kernel_size: 1}
      g2: {op: conv, from: beside, out_channels: 16, kernel_size: 1}
      g: {op: add, from: [g1, g2]}
      psi: {op: conv, out_channels: 1, kernel_size: 1}
      sig: sigmoid
      att: {op: mul, from: [beside, sig]}
      c: {op: concat, from: [att, u]}
      r: {block: res, out_channels: $(beside.channels)}
  enc:
    graph:
      s1: {block: res, out_channels: 32}
      p1: {op: max_pool, kernel_size: 2}
      s2: {block: res, out_channels: 64}
      p2: {op: max_pool, kernel_size: 2}
      s3: {block: res, out_channels: 128}
    outputs: {c1: s1, c2: s2, c3: s3}
graph:
  enc: {block: enc}
  p3: {op: max_pool, from: enc.c3, kernel_size: 2}
  d4: {block: res, out_channels: 256}
  u3: {block: up, from: [d4, enc.c3]}
  u2: {block: up, from: [u3, enc.c2]}
  u1: {block: up, from: [u2, enc.c1]}
  head: {op: conv, out_channels: 1, kernel_size: 1}
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
    "copies and outputs that nothing needs": """
archspec: 1
name: net
inputs: {x: [4, 8, 8]}
blocks:
  layer: {graph: {conv: {op: conv, out_channels: 4, kernel_size: 1}, relu: relu}}
  tower:
    graph:
      layers: {block: layer, repeat: 3}
      groups: {repeat: 3, graph: {conv: {op: conv, out_channels: 4, kernel_size: 1}, layer: {block: layer, repeat: 2}}}
    outputs: {one: layers.-2, two: groups.-2, last: groups}
graph: {first: {block: tower, output: layers.0}, tower: {block: tower}, sum: {op: add, from: [tower.one, tower.two]}}
""",
    "ways that cross": net(
        "a conv x, b relu a, c tanh a, d add b c, e sigmoid c, f mul d e, g concat f b",
    ),
    "ways that cross twice": net(
        "a conv x, b conv x, c add a b, d mul a b, e conv c, f conv d, g add e f, h mul e f, i concat g h",
    ),
    "three resolutions": net(
        "a conv x, b conv x, c conv x, d concat a b c, e concat b a c, f concat c b a, g conv d, h conv e, i conv f,"
        "j concat g h, k concat h i, l concat j k",
    ),
    "all before into each": net("a conv x, b conv a, c concat a b, d conv c, e concat a b d, f conv e"),
    "a U": net(
        "a conv x, b conv a, c conv b, d conv c, e concat d c, f conv e, g concat f b, h conv g, i concat h a, j conv i"
    ),
    "an output beside the trunk": net("a conv x, b conv a", outputs="out: b, side: a"),
    "an output after a branch": net("a conv x, b relu a, c tanh a, d add b c, e conv d", outputs="out: e, side: b"),
    "an op and an output after a branch": net(
        "a conv x, b relu a, c tanh a, s sigmoid b, d add b c, e conv d", outputs="out: e, side: s"
    ),
    "two outputs after a branch": net(
        "a conv x, b relu a, c tanh a, s sigmoid b, t relu s, d add b c, e conv d", outputs="out: e, one: s, two: t"
    ),
    "two ways to outputs after a branch": net(
        "a conv x, b relu a, s tanh b, t sigmoid b, d add b a, e conv d", outputs="out: e, one: s, two: t"
    ),
    "outputs after both branches": net(
        "a conv x, b conv a, c conv a, d add b c, e conv d", outputs="out: e, one: b, two: c"
    ),
    "two inputs that meet": net("a conv l, b relu a, c conv r, d concat b c, e conv d", inputs="l r"),
    "an input whose way parts": net(
        "a conv l, b tanh a, c relu a, d add b c, e conv r, f concat d e, g conv f", inputs="l r"
    ),
    "three inputs, one after another": net(
        "a conv l, b conv r, c concat a b, d conv c, e conv z, f concat d e, g conv f", inputs="l r z"
    ),
    "an input late in a long chain": net(
        "a conv l, b relu a, c conv b, d relu c, e conv d, f relu e, g conv r, h add f g, i conv h", inputs="l r"
    ),
    "inputs that meet and meet again": net("a conv l, b conv r, c concat a b, d concat a c, e conv d", inputs="l r"),
}
