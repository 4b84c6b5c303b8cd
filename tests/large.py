"""Specs within the limits, or just beyond, that grow with a number: each function is a way to make a command slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

HEAD = "archspec: 1\nname: large\n"
VECTOR = HEAD + "inputs: {x: [4]}\n"
IMAGE = HEAD + "inputs: {x: [8, 8, 8]}\n"


class Large(NamedTuple):
    """A kind of large spec, and the size at which it is about as large as a spec can be."""

    spec: Callable[[int], str]
    full: int


def _graph(lines: list[str], head: str = VECTOR) -> str:
    return head + "graph:\n" + "\n".join(f"  {line}" for line in lines) + "\n"


def _asking(names: list[str], form: str = "{}") -> str:
    """Nodes that ask for parameters, a hundred each."""
    parts = [" + ".join(map(form.format, names[i : i + 100])) for i in range(0, len(names), 100)]
    return ", ".join(f'asks{i}: {{op: identity, when: "$(0 == {part})"}}' for i, part in enumerate(parts))


def doubled_lists(n: int) -> str:
    """A parameter is a list of the one before, twice."""
    params = ["  a0: [1]", *(f'  a{i}: "$([a{i - 1}, a{i - 1}])"' for i in range(1, n))]
    return VECTOR + "params:\n" + "\n".join(params) + "\ngraph: {" + _asking([f"a{n - 1}"], "len({})") + "}\n"


def nested_lists(n: int) -> str:
    """A parameter is a list that holds the one before."""
    params = ["  a0: [1]", *(f'  a{i}: "$([a{i - 1}])"' for i in range(1, n))]
    return VECTOR + "params:\n" + "\n".join(params) + "\ngraph: {" + _asking([f"a{n - 1}"], "len({})") + "}\n"


def summed_lists(n: int) -> str:
    """A long list that each node goes through."""
    values = ", ".join(["1"] * n)
    return (
        VECTOR
        + f"params: {{w: [{values}]}}\ngraph:\n  a: {{op: linear, out_features: '$(sum(w) + index)', repeat: {n}}}\n"
    )


def long_argument(n: int) -> str:
    """A long list that each of many blocks is given."""
    values = ", ".join(["1"] * n)
    asks = _asking(["w"], "len({})")
    graph = f"{{a: {{op: linear, out_features: $k}}, {asks}}}"
    block = f"blocks:\n  b: {{params: {{w: {{type: list}}, k: 1}}, graph: {graph}}}\n"
    use = f"graph:\n  a: {{block: b, w: $w, k: $(1 + index), repeat: {n}}}\n"
    return VECTOR + f"params: {{w: [{values}]}}\n" + block + use


def long_equal_argument(n: int) -> str:
    """A long list that each of many equal blocks has by default."""
    values = ", ".join(["1"] * n)
    block = f"blocks:\n  b: {{params: {{w: [{values}]}}, graph: {{a: relu, {_asking(['w'], 'len({})')}}}}}\n"
    return VECTOR + block + f"graph:\n  a: {{block: b, repeat: {n}}}\n"


def params_and_groups(n: int) -> str:
    """Many parameters, and many groups that could ask for each of them."""
    params = ", ".join(f"p{i}: {i}" for i in range(n))
    lines = [f"a{i}: {{graph: {{a: {{op: linear, out_features: $(p{i} + 1)}}}}}}" for i in range(n)]
    return _graph(lines, VECTOR + f"params: {{{params}}}\n")


def repeated_operands(n: int) -> str:
    """A node with many operands, many times."""
    return _graph([f"a: {{op: add, from: [{', '.join(['x'] * n)}], repeat: {n}}}"])


def long_expressions(n: int) -> str:
    """Expressions as long as they may be, each another."""
    lines = [
        f"a{i}: {{op: linear, out_features: $(1 + {' + '.join([str(i)] * (900 // (3 + len(str(i)))))})}}"
        for i in range(n)
    ]
    return _graph(lines)


def long_op(n: int) -> str:
    """An op with a name as long as a file."""
    return _graph([f"a: {'a' * n}", f"b: {{op: relu, from: {'c' * 100}}}"])


def doubled_in_place(n: int) -> str:
    """One expression with lists of lists by repetition."""
    return _graph([f'a: {{op: permute, dims: "$({"[" * n}1{", 1] * 99999" * n})"}}'])


def large_power(n: int) -> str:
    """An expression of large products."""
    return VECTOR + "params:\n  a: '$(" + " * ".join(["9**9"] * n) + ")'\ngraph:\n  a: relu\n"


def cut_lists(n: int) -> str:
    """A flow list of opening brackets, each of which could be the beginning of an expression cut at a comma."""
    return VECTOR + "doc: [" + "(, " * n + "1]\ngraph:\n  a: relu\n"


def cut_expressions(n: int) -> str:
    """A flow list of pieces that are expressions cut at a comma, each closed by the next."""
    return VECTOR + "doc: [" + "$(a, b), " * n + "1]\ngraph:\n  a: relu\n"


def nested_brackets(n: int) -> str:
    """Brackets inside brackets, deeper than any spec."""
    return VECTOR + "doc: " + "[" * n + "]" * n + "\ngraph:\n  a: relu\n"


def long_output_size(n: int) -> str:
    """A pooling to many places."""
    return _graph([f"a: {{op: adaptive_max_pool, output_size: {n}}}"], HEAD + "inputs: {x: [1, 8]}\n")


def large_window(n: int) -> str:
    """Windows as large as the input that they pad."""
    args = f"kernel_size: {n}, stride: 1, padding: {n // 2}"
    return _graph([f"a: {{op: max_pool, {args}}}", f"b: {{op: max_pool, {args}}}"], HEAD + "inputs: {x: [1, 8]}\n")


def repeats(n: int) -> str:
    """One node, many times."""
    return _graph([f"a: {{op: linear, out_features: 4, repeat: {n}}}"])


def different_repeats(n: int) -> str:
    """One node, many times, each with other arguments."""
    return _graph([f"a: {{op: linear, out_features: $(1 + index), repeat: {n}}}"])


def block_repeats(n: int) -> str:
    """A library block with a shortcut, many times."""
    return _graph([f"a: {{block: residual_basic, channels: 8, repeat: {n // 7}}}"], IMAGE)


def nested_groups(n: int) -> str:
    """Groups of groups, each repeated."""
    line = "{op: relu}"
    for _ in range(n):
        line = f"{{repeat: 2, graph: {{a: {line}}}}}"
    return _graph([f"a: {line}"])


def nodes(n: int) -> str:
    """A chain of nodes."""
    return _graph([f"a{i}: relu" for i in range(n)])


def different_nodes(n: int) -> str:
    """A chain of nodes of which each has other arguments."""
    return _graph([f"a{i}: {{op: linear, out_features: {i + 1}}}" for i in range(n)])


def chained_params(n: int) -> str:
    """Parameters each computed from the one before."""
    params = ["  a0: 1", *(f"  a{i}: $(a{i - 1} + 1)" for i in range(1, n))]
    return VECTOR + "params:\n" + "\n".join(params) + "\ngraph: {" + _asking([f"a{n - 1}"]) + "}\n"


def backward_params(n: int) -> str:
    """Parameters each computed from the next."""
    params = [*(f"  a{i}: $(a{i + 1} + 1)" for i in range(n)), f"  a{n}: 1"]
    return VECTOR + "params:\n" + "\n".join(params) + "\ngraph: {" + _asking(["a0"]) + "}\n"


def wide_adds(n: int) -> str:
    """Sums of the forty nodes before."""
    lines = [f"a{i}: {{op: relu, from: x}}" for i in range(40)]
    lines += [f"a{i}: {{op: add, from: [{', '.join(f'a{j}' for j in range(i - 40, i))}]}}" for i in range(40, n)]
    return _graph(lines)


def many_operands(n: int) -> str:
    """One tensor taken many times by one node."""
    return _graph([f"a: {{op: add, from: [{', '.join(['x'] * n)}]}}"])


def many_branches(n: int) -> str:
    """Many nodes beside each other, then their sum."""
    lines = [f"a{i}: {{op: linear, out_features: 4, from: x}}" for i in range(n)]
    return _graph([*lines, f"sum: {{op: add, from: [{', '.join(f'a{i}' for i in range(n))}]}}"])


def many_outputs(n: int) -> str:
    """Many outputs."""
    lines = [f"a{i}: {{op: relu, from: x}}" for i in range(n)]
    return _graph(lines) + "outputs: {" + ", ".join(f"o{i}: a{i}" for i in range(n)) + "}\n"


def many_inputs(n: int) -> str:
    """Many inputs."""
    names = [f"x{i}" for i in range(n)]
    inputs = "inputs: {" + ", ".join(f"{name}: [4]" for name in names) + "}\n"
    return HEAD + inputs + f"graph:\n  a: {{op: add, from: [{', '.join(names)}]}}\n"


def unused_inputs(n: int) -> str:
    """Many inputs, and none of them used but one."""
    inputs = "inputs: {" + ", ".join(f"x{i}: [4]" for i in range(n)) + "}\n"
    return HEAD + inputs + "graph:\n  a: {op: relu, from: x0}\n"


def unknown_keys(n: int) -> str:
    """Many keys of a file that there are not."""
    return VECTOR + "".join(f"key{i}: 1\n" for i in range(n)) + "graph:\n  a: relu\n"


def unknown_arguments(n: int) -> str:
    """Many arguments that an op does not have."""
    return _graph(["a: {op: relu, " + ", ".join(f"k{i}: 1" for i in range(n)) + "}"])


def unknown_ops(n: int) -> str:
    """Many nodes of ops that there are not."""
    return _graph([f"a{i}: reluu{i}" for i in range(n)])


def unknown_names(n: int) -> str:
    """Many nodes that take nodes that there are not."""
    return _graph([f"a{i}: {{op: relu, from: b{i}}}" for i in range(n)])


def unused_nodes(n: int) -> str:
    """Many nodes that nothing takes."""
    return _graph([*(f"a{i}: {{op: relu, from: x}}" for i in range(n)), "b: {op: relu, from: x}"])


def unknown_names_in_expressions(n: int) -> str:
    """Many expressions with a name that there is not."""
    return _graph([f"a{i}: {{op: linear, out_features: $(b{i})}}" for i in range(n)])


def duplicate_keys(n: int) -> str:
    """One key, many times."""
    return _graph(["a: relu"] * n)


def ones(n: int) -> str:
    """A reshape to very many dimensions."""
    return _graph([f"a: {{op: reshape, shape: [4, {', '.join(['1'] * n)}]}}", "b: relu"])


def long_doc(n: int) -> str:
    """A long text."""
    return VECTOR + "doc: " + "word " * (n // 5) + "\ngraph:\n  a: relu\n"


def long_quoted(n: int) -> str:
    """A long text in quotes of which each character is an escape."""
    return VECTOR + 'doc: "' + "\\t" * (n // 2) + '"\ngraph:\n  a: relu\n'


def long_line(n: int) -> str:
    """A long line with an error at its end."""
    return VECTOR + "doc: [" + "a, " * (n // 3) + "$]\ngraph: {a: " + "relu" * 10 + "}\n"


def long_name(n: int) -> str:
    """A node with a long name."""
    return _graph([f"? {'a' * n}\n  : relu", "b: relu"])


def long_names(n: int) -> str:
    """Groups with long names inside each other, and many nodes inside."""
    name = "a" * 1000
    return _graph([f"{name}: {{repeat: {n}, graph: {{{name}: {{graph: {{{name}: relu}}}}}}}}"])


def dense(n: int) -> str:
    """Each node concatenates all before."""
    lines = ["a0: {op: conv, out_channels: 8, kernel_size: 1}"]
    for i in range(1, n):
        lines += [f"c{i}: {{op: concat, from: [{', '.join(f'a{j}' for j in range(i))}]}}" if i > 1 else "c1: relu"]
        lines += [f"a{i}: {{op: conv, out_channels: 8, kernel_size: 1}}"]
    return _graph(lines, IMAGE)


def only_concats(n: int) -> str:
    """Each node concatenates all before, and nothing else."""
    lines = ["a0: {op: relu, from: x}", "a1: {op: relu, from: x}"]
    lines += [f"a{i}: {{op: concat, from: [{', '.join(f'a{j}' for j in range(i))}]}}" for i in range(2, n)]
    return _graph(lines)


def ladder(n: int) -> str:
    """A U: each node of the way back takes the one across."""
    lines = [f"d{i}: {{op: relu}}" for i in range(n)]
    lines += [
        f"u{i}: {{op: add, from: [{f'u{i + 1}' if i < n - 1 else f'd{n - 1}'}, d{i}]}}" for i in reversed(range(n))
    ]
    return _graph(lines)


def crossed(n: int) -> str:
    """Two chains that take each other at each node."""
    lines = ["a0: {op: relu, from: x}", "b0: {op: relu, from: x}"]
    for i in range(1, n):
        lines += [f"{one}{i}: {{op: add, from: [a{i - 1}, b{i - 1}]}}" for one in "ab"]
    return _graph([*lines, f"sum: {{op: add, from: [a{n - 1}, b{n - 1}]}}"])


def layered(n: int) -> str:
    """Layers of ten nodes of which each takes all of the layer before."""
    lines = [f"a0_{j}: {{op: relu, from: x}}" for j in range(10)]
    for i in range(1, n // 10):
        taken = ", ".join(f"a{i - 1}_{k}" for k in range(10))
        lines += [f"a{i}_{j}: {{op: add, from: [{taken}]}}" for j in range(10)]
    return _graph([*lines, f"sum: {{op: add, from: [{', '.join(f'a{n // 10 - 1}_{j}' for j in range(10))}]}}"])


def aliases(n: int) -> str:
    """Aliases of aliases."""
    lines = ["a0: &a0 [1, 1]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, n))]
    return (
        VECTOR
        + "params:\n"
        + "\n".join(f"  {line}" for line in lines)
        + "\ngraph: {"
        + _asking([f"a{i}" for i in range(n)], "len({})")
        + "}\n"
    )


def merged(n: int) -> str:
    """A mapping merged into many others."""
    keys = ", ".join(f"k{i}: 1" for i in range(n))
    lines = ["a: &a {op: relu}", *(f"b{i}: {{<<: *a}}" for i in range(n)), f"c: &c {{{keys}}}"]
    return _graph([*lines, *(f"d{i}: {{<<: *c}}" for i in range(n))])


def variants(n: int) -> str:
    """Many variants."""
    head = VECTOR + "params: {a: 4}\nvariants: {" + ", ".join(f"v{i}: {{a: {i + 1}}}" for i in range(n)) + "}\n"
    return head + "graph:\n  a: {op: linear, out_features: $a}\n"


def own_blocks(n: int) -> str:
    """Many blocks of the file's own, each used once."""
    blocks = [f"  b{i}: {{graph: {{a: {{op: linear, out_features: {i + 1}}}}}}}" for i in range(n)]
    return VECTOR + "blocks:\n" + "\n".join(blocks) + "\ngraph:\n" + "".join(f"  a{i}: b{i}\n" for i in range(n))


def chained_blocks(n: int) -> str:
    """Blocks of which each uses the one before twice."""
    lines = ["  b0: {graph: {a: relu}}"]
    lines += [f"  b{i}: {{graph: {{a: {{block: b{i - 1}}}, b: {{block: b{i - 1}}}}}}}" for i in range(1, n)]
    return VECTOR + "blocks:\n" + "\n".join(lines) + f"\ngraph:\n  a: {{block: b{n - 1}}}\n"


def forked_blocks(n: int) -> str:
    """Blocks of which each uses the one before with two arguments, so that no two uses are equal."""
    lines = ["  b0: {params: {k: 1}, graph: {a: {op: linear, out_features: $k}}}"]
    for i in range(1, n):
        uses = ", ".join(f"{name}: {{block: b{i - 1}, k: $(2 * k + {j})}}" for j, name in enumerate("ab"))
        lines.append(f"  b{i}: {{params: {{k: 1}}, graph: {{{uses}}}}}")
    return VECTOR + "blocks:\n" + "\n".join(lines) + f"\ngraph:\n  a: {{block: b{n - 1}}}\n"


def repeats_with_list(n: int) -> str:
    """Each copy of a repeat takes its argument from a list as long."""
    values = ", ".join(str(i % 7 + 1) for i in range(n))
    return (
        VECTOR + f"params: {{w: [{values}]}}\ngraph:\n  a: {{op: linear, out_features: '$(w[index])', repeat: {n}}}\n"
    )


def many_params(n: int) -> str:
    """Many parameters, and a block repeated that has them all."""
    params = ", ".join(f"p{i}: {i}" for i in range(n))
    asks = _asking([f"p{i}" for i in range(1, n)])
    block = f"blocks:\n  b: {{params: {{{params}}}, graph: {{a: {{op: linear, out_features: $(p0 + 1)}}, {asks}}}}}\n"
    return VECTOR + block + f"graph:\n  a: {{block: b, p0: $index, repeat: {n}}}\n"


def many_rules(n: int) -> str:
    """Many rules of initialisation and of weights, each against many nodes."""
    rules = ", ".join(f'"**.{chr(97 + i % 26)}{i}*": zeros' for i in range(n))
    weights = ", ".join(f'"**.q{i}*": "**.a{i}*"' for i in range(n))
    lines = [f"a{i}: {{op: linear, out_features: 4}}" for i in range(n)]
    return _graph(lines) + f"init: {{{rules}}}\nweights: {{torchvision: {{{weights}}}}}\n"


def starred_pattern(n: int) -> str:
    """A pattern of many stars against a long path."""
    return _graph([f"{'a' * 200}: {{op: linear, out_features: 4}}"]) + f"init: {{'{'*a' * n}b': zeros}}\n"


def after(n: int) -> str:
    """Nodes each of which says `when`."""
    return _graph([f"a{i}: {{op: relu, when: $(x.features == 4)}}" for i in range(n)])


def splits(n: int) -> str:
    """One tensor split into as many parts."""
    lines = [f"a{i}: {{op: split, chunks: {n}, index: {i}, from: x}}" for i in range(n)]
    return _graph(
        [*lines, f"c: {{op: concat, from: [{', '.join(f'a{i}' for i in range(n))}]}}"], HEAD + f"inputs: {{x: [{n}]}}\n"
    )


def expectations(n: int) -> str:
    """A contract that speaks of many nodes."""
    said = ", ".join(f"a{i}: [4]" for i in range(n))
    return _graph([f"a{i}: relu" for i in range(n)]) + f"expect: {{shapes: {{{said}}}}}\n"


def many_values(n: int) -> str:
    """A list of many numbers that nothing needs."""
    return VECTOR + "doc: [" + "1, " * n + "1]\ngraph:\n  a: relu\n"


def nested_skips(n: int) -> str:
    """Shortcuts around shortcuts."""
    lines = [f"a{i}: {{op: relu}}" for i in range(n)]
    lines += [
        f"b{i}: {{op: add, from: [{f'b{i + 1}' if i < n - 2 else f'a{n - 1}'}, a{i}]}}" for i in reversed(range(n - 1))
    ]
    return _graph(lines)


def aliased_text(n: int) -> str:
    """A long text that many nodes have as their op."""
    return VECTOR + f"doc: &a {'a' * n}\n" + "graph:\n" + "".join(f"  a{i}: *a\n" for i in range(500))


def long_path(n: int) -> str:
    """Many dots in what a node takes, and in names."""
    return _graph([f"a: {{op: relu, from: x{'.a' * n}}}", f"b: {{block: '{'../' * n}', k: $({'a.' * 400}a)}}"])


KINDS: dict[str, Large] = {
    "doubled_lists": Large(doubled_lists, 40),
    "nested_lists": Large(nested_lists, 2_000),
    "summed_lists": Large(summed_lists, 20_000),
    "long_argument": Large(long_argument, 20_000),
    "long_equal_argument": Large(long_equal_argument, 20_000),
    "params_and_groups": Large(params_and_groups, 1_000),
    "repeated_operands": Large(repeated_operands, 20_000),
    "long_expressions": Large(long_expressions, 8_000),
    "aliased_text": Large(aliased_text, 7_000_000),
    "long_path": Large(long_path, 1_000_000),
    "long_op": Large(long_op, 7_000_000),
    "doubled_in_place": Large(doubled_in_place, 40),
    "large_power": Large(large_power, 120),
    "cut_lists": Large(cut_lists, 100_000),
    "cut_expressions": Large(cut_expressions, 100_000),
    "nested_brackets": Large(nested_brackets, 100_000),
    "long_output_size": Large(long_output_size, 100_000_000),
    "large_window": Large(large_window, 100_000_001),
    "repeats": Large(repeats, 49_999),
    "different_repeats": Large(different_repeats, 49_999),
    "block_repeats": Large(block_repeats, 49_000),
    "nested_groups": Large(nested_groups, 12),
    "nodes": Large(nodes, 49_999),
    "different_nodes": Large(different_nodes, 49_999),
    "chained_params": Large(chained_params, 1_000),
    "backward_params": Large(backward_params, 999),
    "wide_adds": Large(wide_adds, 2_000),
    "many_operands": Large(many_operands, 100_000),
    "many_branches": Large(many_branches, 20_000),
    "many_outputs": Large(many_outputs, 20_000),
    "many_inputs": Large(many_inputs, 50_000),
    "unused_inputs": Large(unused_inputs, 50_000),
    "unknown_keys": Large(unknown_keys, 240_000),
    "unknown_arguments": Large(unknown_arguments, 240_000),
    "unknown_ops": Large(unknown_ops, 49_999),
    "unknown_names": Large(unknown_names, 49_999),
    "unused_nodes": Large(unused_nodes, 49_999),
    "unknown_names_in_expressions": Large(unknown_names_in_expressions, 49_999),
    "duplicate_keys": Large(duplicate_keys, 240_000),
    "ones": Large(ones, 480_000),
    "long_doc": Large(long_doc, 7_900_000),
    "long_quoted": Large(long_quoted, 7_900_000),
    "long_line": Large(long_line, 1_200_000),
    "long_name": Large(long_name, 1_000),
    "long_names": Large(long_names, 40_000),
    "dense": Large(dense, 30),
    "only_concats": Large(only_concats, 25),
    "ladder": Large(ladder, 20_000),
    "crossed": Large(crossed, 20_000),
    "layered": Large(layered, 5_000),
    "variants_checked": Large(variants, 990),
    "chained_params_reported": Large(chained_params, 50_000),
    "params_and_groups_reported": Large(params_and_groups, 20_000),
    "repeats_reported": Large(repeats, 249_999),
    "nodes_reported": Large(nodes, 100_000),
    "unknown_keys_reported": Large(unknown_keys, 300_000),
    "ones_reported": Large(ones, 1_000_000),
    "many_values": Large(many_values, 490_000),
    "nested_skips": Large(nested_skips, 1_000),
    "drawn_nodes": Large(different_nodes, 4_900),
    "drawn_branches": Large(many_branches, 4_900),
    "drawn_outputs": Large(many_outputs, 2_400),
    "drawn_inputs": Large(many_inputs, 4_900),
    "drawn_crossed": Large(crossed, 2_400),
    "drawn_layered": Large(layered, 1_000),
    "drawn_ladder": Large(ladder, 95),
    "drawn_operands": Large(many_operands, 9_900),
    "emitted_nodes": Large(different_nodes, 9_900),
    "aliases": Large(aliases, 19),
    "merged": Large(merged, 800),
    "variants": Large(variants, 100_000),
    "own_blocks": Large(own_blocks, 20_000),
    "chained_blocks": Large(chained_blocks, 16),
    "forked_blocks": Large(forked_blocks, 16),
    "repeats_with_list": Large(repeats_with_list, 49_999),
    "many_params": Large(many_params, 1_000),
    "many_rules": Large(many_rules, 2_000),
    "starred_pattern": Large(starred_pattern, 40),
    "after": Large(after, 49_999),
    "splits": Large(splits, 5_000),
    "expectations": Large(expectations, 40_000),
}
