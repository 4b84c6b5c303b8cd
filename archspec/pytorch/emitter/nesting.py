"""Short branches of ``forward`` as one expression, and values that are returned as they are computed.

``x + self.drop(self.attn(self.norm(x)))`` is a branch of a few layers on a line. Layers are called inside of one
another only where what the first of them takes is alive anyway, so that no tensor lives longer than on separate lines.
"""

from __future__ import annotations

import ast
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from archspec.language.algebra import Code, name, substituted
from archspec.pytorch.emitter.calls import METHODS, read
from archspec.pytorch.emitter.code import WIDTH, Call, Listed, Part, flat
from archspec.pytorch.emitter.forward import Line, Looped

_DEEPEST = 3
"""Layers that are called inside of one another on a line."""
_INDENT = 8


def nested(
    lines: Sequence[Line | Looped],
    inputs: Collection[str],
    returned: Collection[str],
    finishing: Collection[str] = (),
    apart: Collection[str] | None = None,
) -> list[Line | Looped]:
    """The lines of a method, short branches on one line each.

    Args:
        lines: A line for each call.
        inputs: The variables that the caller hands in, and holds.
        returned: Those that are returned.
        finishing: Calls of layers that belong to the one before, such as a normalisation: no line begins with them.
        apart: For a network, calls of its blocks: no line has two of them, and a chain that begins at the input
            is a line for each layer, as the rest of it.
    """
    last_read = {each: len(lines) for each in returned}
    ends: list[int] = []  # for each line, where what it assigns is read last before it is assigned anew
    for number in reversed(range(len(lines))):
        line = lines[number]
        target = line.targets[0] if isinstance(line, Line) else ""
        ends.append(last_read.pop(target, -1) if isinstance(line, Line) and not line.accumulates else -1)
        for each in read_by(line):
            last_read.setdefault(each, number)
    ends.reverse()
    found: list[Line | Looped] = []
    held = set(inputs if apart is None else ())  # as they were handed in
    place = 0
    while place < len(lines):
        stop = _branch(lines, place, ends, held)
        joined = _joined(lines[place : stop + 1], inputs, apart or ())
        for end in _ends(lines, place, stop, finishing) if joined is None else ():
            joined = _joined(lines[place : end + 1], inputs, apart or ())
            if joined is not None:
                stop = end
                break
        run = lines[place : stop + 1]
        found += run if joined is None else [joined]
        held -= {target for each in run for target in (each.targets if isinstance(each, Line) else each.targets_inside)}
        place = stop + 1
    return _in_place_of_inputs(found, inputs, returned)


def _ends(lines: Sequence[Line | Looped], start: int, stop: int, finishing: Collection[str]) -> Iterator[int]:
    """Where a branch that is too long for a line may be cut: the last line of the first part."""
    for end in range(min(stop, start + _DEEPEST) - 1, start, -1):
        following = lines[end + 1]
        assert isinstance(following, Line)
        if isinstance(following.value, Call) and following.value.target not in finishing:
            yield end


def _in_place_of_inputs(
    lines: list[Line | Looped], inputs: Collection[str], returned: Collection[str]
) -> list[Line | Looped]:
    """The lines, where ``x = x + …`` stands for a sum with an input that nothing else needs, whatever it was called."""
    read: dict[str, list[int]] = defaultdict(list)
    written: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        for variable in read_by(line):
            read[variable].append(place)
        for variable in line.targets if isinstance(line, Line) else (*line.targets_inside, line.layer):
            written[variable].append(place)
    never = len(lines) + 1
    for place, line in enumerate(lines):
        operand = _with_branch(line)
        if operand not in inputs or not isinstance(line, Line) or line.targets[0] in {*inputs, *returned}:
            continue
        (total,) = line.targets
        last = read[total][-1] if written[total] == [place] and read[total] else place
        later = _next(read[operand], place, len(lines) if operand in returned else never)
        anew = _next(written[operand], place, never)
        in_loop = not all(isinstance(lines[each], Line) for each in read[total])
        if last == place or in_loop or anew < last or (later <= anew and later != never):
            continue
        lines[place] = replace(line, targets=[operand])
        for each in read[total]:
            lines[each] = _renamed(lines[each], total, operand)
            insort(read[operand], each)
        insort(written[operand], place)
    return lines


def _next(places: list[int], place: int, end: int) -> int:
    """The first of some places, in order, behind one; the end where there is none."""
    found = bisect_right(places, place)
    return places[found] if found < len(places) else end


def _with_branch(line: Line | Looped) -> str:
    """The operand that a line combines with a branch; empty for another line."""
    plain = isinstance(line, Line) and len(line.targets) == 1 and not (line.flag or line.times or line.accumulates)
    value = line.value if isinstance(line, Line) and plain else None
    if isinstance(value, ast.BinOp) and isinstance(value.left, ast.Name) and isinstance(value.right, ast.Call):
        return value.left.id
    return ""


def _renamed(line: Line | Looped, old: str, new: str) -> Line:
    assert isinstance(line, Line)
    return replace(line, value=with_name(line.value, old, new))


def with_name(part: Part, old: str, new: str) -> Part:
    """A part in which another variable stands in place of one."""
    if isinstance(part, Call):
        owner, dot, method = part.target.partition(".")
        target = f"{new}{dot}{method}" if owner == old else part.target
        arguments = tuple((keyword, with_name(value, old, new)) for keyword, value in part.arguments)
        return replace(part, target=target, arguments=arguments)
    if isinstance(part, Listed):
        return replace(part, items=tuple(with_name(item, old, new) for item in part.items))
    assert isinstance(part, ast.expr)
    return substituted(part, {old: name(new)})


def read_by(line: Line | Looped) -> set[str]:
    """The variables that a line reads."""
    tree = ast.parse("\n".join(line.text(0)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    accumulated = line.targets if isinstance(line, Line) and (line.accumulates or line.times) else ()
    return names.union(accumulated)


def _branch(lines: Sequence[Line | Looped], start: int, ends: Sequence[int], held: Collection[str]) -> int:
    """The last line of a branch that begins at a line: layers one after another, and an operator at their end."""
    first = lines[start]
    taken = layer_of(first)
    if taken is None or not isinstance(first, Line) or (first.targets == [taken] and taken not in held):
        return start
    stop = start
    while stop + 1 < len(lines):
        line, following = lines[stop], lines[stop + 1]
        assert isinstance(line, Line)
        (variable,) = line.targets
        if ends[stop] != stop + 1 or not isinstance(following, Line) or following.flag or following.times:
            break
        if layer_of(following) == variable:
            stop += 1
            continue
        return stop + 1 if _combines(following, variable) else stop
    return stop


def layer_of(line: Line | Looped) -> str | None:
    """The variable that a line calls a layer with; None for another line."""
    if not isinstance(line, Line) or line.flag or line.times or line.accumulates or len(line.targets) != 1:
        return None
    call = line.value
    if not isinstance(call, Call) or not call.target.startswith(("self.", "self[")) or len(call.arguments) != 1:
        return None
    ((keyword, argument),) = call.arguments
    return argument.id if not keyword and isinstance(argument, ast.Name) else None


def _combines(line: Line, variable: str) -> bool:
    """Whether a line combines a variable with another one by an operator."""
    if line.accumulates:
        return isinstance(line.value, ast.Name) and line.value.id == variable and line.targets != [variable]
    operands = [line.value.left, line.value.right] if isinstance(line.value, ast.BinOp) else []
    names = [each.id for each in operands if isinstance(each, ast.Name)]
    return len(names) == len(operands) == 2 and names.count(variable) == 1


def _joined(run: Sequence[Line | Looped], inputs: Collection[str], apart: Collection[str]) -> Line | None:
    """The lines of a branch as one; None where it is too deep, too wide with a type, or several steps."""
    layers = [each for each in run if isinstance(each, Line) and layer_of(each) is not None]
    steps = [each for each in layers if isinstance(each.value, Call) and each.value.target in apart]
    if len(run) < 2 or len(layers) > _DEEPEST or len(steps) > 1:
        return None
    last = run[-1]
    assert isinstance(last, Line)
    value: Part = layers[0].value
    for layer in layers[1:]:
        assert isinstance(layer.value, Call)
        value = replace(layer.value, arguments=(("", value),))
    if last is not layers[-1]:
        value = value if last.accumulates else _combined(last.value, layers[-1].targets[0], read(flat(value)))
    line = replace(last, value=value)
    text = replace(line, typed=line.targets[0] not in inputs and not line.accumulates).text(_INDENT)
    return line if len(text) == 1 and len(text[0]) <= WIDTH else None


def _combined(operation: Part, variable: str, branch: Code) -> Code:
    """An operation with a branch in place of its variable; behind the other operand where the order does not matter."""
    assert isinstance(operation, ast.BinOp)
    first, second = operation.left, operation.right
    assert isinstance(first, ast.Name)
    if first.id != variable:
        return ast.BinOp(first, operation.op, branch)
    if isinstance(operation.op, ast.Add | ast.Mult):
        return ast.BinOp(second, operation.op, branch)
    return ast.BinOp(branch, operation.op, second)


def returned_value(lines: list[Line | Looped], variable: str, inputs: Collection[str]) -> Part:
    """What is returned: the value of the last line, which is taken away, where its type is plain or can be."""
    last = lines[-1] if lines else None
    if not isinstance(last, Line) or last.targets != [variable] or last.times or last.accumulates:
        return name(variable)
    typing = _typing(last.value)
    firsts = [_first(lines[:-1], each) for each in typing or () if each not in inputs]
    if typing is None or None in firsts:
        return name(variable)
    value = last.value if not last.flag else read(f"{flat(last.value)} if self.{last.flag} else {variable}")
    if last.flag and _INDENT + len(f"return {flat(value)}") > WIDTH:
        return name(variable)
    for first in (*firsts, _first(lines[:-1], variable) if last.flag and variable not in inputs else None):
        if first is not None:
            first.typed = True
    del lines[-1]
    return value


def _first(lines: Sequence[Line | Looped], variable: str) -> Line | None:
    """The line that first assigns a variable alone."""
    made = (each for each in lines if isinstance(each, Line))
    return next((each for each in made if each.targets == [variable] and not each.flag and not each.times), None)


def _typing(value: Part) -> list[str] | None:
    """The variables whose types say that a value is a tensor, none for a function's; None where nothing does."""
    if isinstance(value, ast.BinOp):
        operands = [each.id for each in (value.left, value.right) if isinstance(each, ast.Name)]
        return operands if len(operands) == 2 else None
    if not isinstance(value, Call):
        return None
    owner, _, method = value.target.rpartition(".")
    if owner == "torch":
        return []
    return [owner.partition(".")[0]] if f"torch.{method}" in METHODS else None
