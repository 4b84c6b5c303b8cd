"""Nodes that reuse others: elaborated anew on their own operands, and held against what they reuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from archspec.compiler.repeats import Repeats
from archspec.compiler.repetition import arguments_of, ends_of
from archspec.compiler.tables import Row, rows
from archspec.compiler.tensors import UNKNOWN_TENSOR, outputs_of
from archspec.compiler.walk import Made, Site, Walk
from archspec.errors import Help
from archspec.language.definition import Reuse
from archspec.network import Applied, Body, Content, Copies, NotCompiled, Use
from archspec.ops.tensor import show

_ALIKE = "what is reused runs as it is: no `when`, `repeat` or size inside may come out differently"

_NO_COPIES = "write a node for each of them"


class Reuses:
    """Makes nodes that reuse others; ``single`` and ``repeats`` make them as if they had tensors of their own."""

    def __init__(self, walk: Walk, single: Callable[[Site], Made], repeats: Repeats) -> None:
        self.walk = walk
        self.single = single
        self.repeats = repeats
        self.copies = Repeats(walk, repeats.overriding, partial(self._alike, single), repeats.where, repeats.changed)

    def made(self, site: Site) -> Made:
        """A node that reuses another, where it stands; where the other passes its input through, it does so too."""
        reused, scope, walk = site.step.reused, site.scope, self.walk
        assert reused is not None
        target = reused.step
        place, known = reused.path, (*outputs_of(scope.tensors[target.name]).values(), *site.operands)
        if any(tensor.shape is None for tensor in known):
            return UNKNOWN_TENSOR, None
        if target.when is not None and walk.condition(target.when, scope, scope.child(target.name)) is False:
            return (site.operands or (UNKNOWN_TENSOR,))[0], None
        if reused.is_repeat:
            result, use = self._alike(self.repeats.made, site)
        elif reused.copy is None:
            result, use = self._one(site)
        else:
            found = self._copy(reused, site)
            if found is None:
                return UNKNOWN_TENSOR, None
            copy, count, row = found
            place, names = f"{target.name}.{copy}", scope.names
            around = names.index, names.loops
            names.index, names.loops = copy, {**names.loops, **row}
            changed = self._changed(site, copy, count)
            result, use = (site.operands or (UNKNOWN_TENSOR,))[0], None
            if changed is not None:
                result, use = self._one(changed)
            names.index, names.loops = around
        return result, use and use._replace(shares=place)

    def _changed(self, site: Site, copy: int, count: int) -> Site | None:
        """A node that reuses one of so many copies, as ``override:`` changes that; None where it passes it by."""
        reused, walk = site.step.reused, self.walk
        assert reused is not None
        changes, edits = site.edits.at(str(copy))
        made = reused.single
        if changes:
            made = self.repeats.overriding.changed(made, changes, site.path, ends_of(reused.step, copy, count))
        is_row = reused.step.each is not None
        if (changes or is_row) and made.when is not None and walk.condition(made.when, site.scope, site.path) is False:
            return None
        if not changes:
            return site._replace(arguments=arguments_of(reused.step, site.arguments, copy, count), edits=edits)
        step = site.step.again(reused._replace(step=made), site.step.repeat)
        return site._replace(step=step, arguments=step.arguments, edits=edits)

    def _one(self, site: Site) -> Made:
        """A node that reuses another which is no repeat, or copies of it that each do."""
        return self._alike(self.single, site) if site.step.repeat is None else self.copies.made(site)

    def _alike(self, make: Callable[[Site], Made], site: Site) -> Made:
        """What is made where it is as what is reused; that it is not is reported."""
        trace, reused = self.walk.trace, site.step.reused
        assert reused is not None
        errors = len(trace.reported)
        result, use = make(site)
        known = site.step.operands is not None and all(tensor.shape is not None for tensor in site.operands or ())
        if len(trace.reported) > errors or not known:
            return result, use
        difference = _Comparison(reused.path, site.step.name).difference(
            _held(site.scope.uses, reused, site.scope.names.index), use and use.content
        )
        if difference is None:
            return result, use
        message = f"`{site.step.name}` cannot reuse `{reused.path}`: {difference.text}"
        trace.report("reuse-mismatch", message, reused.value, path=site.path, help=difference.help)
        return UNKNOWN_TENSOR, None

    def _copy(self, reused: Reuse, site: Site) -> tuple[int, int, Row] | None:
        """The index of a copy, the number of copies, and what differs in the one by name; None without such a copy."""
        target, copy = reused.step, reused.copy or 0
        table = None if target.each is None else rows(target.each, site, self.walk)
        if target.each is None:
            count = self.repeats.count(target.repeat, site)
        else:
            count = None if table is None else len(table)
        if count is None:
            return None
        if -count <= copy < count:
            copy %= count
            row = table[copy] if table else {} if target.counter is None else {str(target.counter.value): copy}
            return copy, count, row
        has = f"its `repeat` is {count}" if target.each is None else f"its table has {count} row{'s' * (count != 1)}"
        message = f"`{target.name}` has no copy {copy}: {has}"
        last = f"{target.name}.{count - 1}"
        help = Help.instead(f"the last one is `{last}`", last) if count else ""
        self.walk.trace.report("unknown-node", message, reused.value, path=site.path, help=help)
        return None


def _held(uses: Mapping[str, Use], reused: Reuse, index: int | None) -> Content | None:
    """What is reused, of one copy that of the index; None where it holds nothing."""
    use = uses.get(reused.step.name)
    if use is None or reused.copy is None:
        return use and use.content
    assert isinstance(use.content, Body)
    copy = use.content.use(str(index))
    return copy and copy.content


class _Difference(NamedTuple):
    """What keeps two contents from being one module, in words, and what to do."""

    text: str
    help: str = _ALIKE


class _Comparison:
    """Looks for a difference between what is reused and what reuses it; equal parts are looked into once.

    Attributes:
        there: What the one is called.
        here: What the other is called.
        alike: The contents that do not differ.
    """

    def __init__(self, there: str, here: str) -> None:
        self.there = there
        self.here = here
        self.alike: set[tuple[int, int]] = set()

    def difference(self, held: Content | None, content: Content | None, path: str = "") -> _Difference | None:
        """The first difference; None where one module is right for both."""
        if held is content or (id(held), id(content)) in self.alike:
            return None
        if isinstance(held, Applied) and isinstance(content, Applied):
            found = self._of_ops(held, content, path)
        elif isinstance(held, Body) and isinstance(content, Body):
            found = self._of_bodies(held, content, path)
        elif held is None or content is None:
            empty = self.there if held is None else self.here
            found = _Difference(f"`{empty}` holds nothing, as each node inside is left out")
        elif "op" in (getattr(held, "kind", ""), getattr(content, "kind", "")):
            found = _Difference("one of them gives an output by name, and copies of a node do not", _NO_COPIES)
        else:
            found = _Difference(f"`{path}` is another kind of node in it")
        if found is None:
            self.alike.add((id(held), id(content)))
        return found

    def _of_bodies(self, held: Body, content: Body, path: str) -> _Difference | None:
        for name in _names(held, content):
            one, other, inside = held.use(name), content.use(name), f"{path}.{name}" if path else name
            if one is None or other is None:
                has, lacks = (self.there, self.here) if other is None else (self.here, self.there)
                return _Difference(f"`{has}` has a node `{inside}`, and `{lacks}` has none")
            if one.inputs != other.inputs or one.shares != other.shares:
                return _Difference(f"`{inside}` takes other nodes in it")
            found = self.difference(one.content, other.content, inside)
            if found is not None:
                return found
        return None if held.outputs == content.outputs else _Difference("other nodes give its outputs")

    def _of_ops(self, held: Applied, content: Applied, path: str) -> _Difference | None:
        if isinstance(held.op, NotCompiled):
            return None  # that is reported
        there, here = ({**each.weights, **each.buffers} for each in (held, content))
        others, inputs = (" and ".join(map(show, each.input_shapes)) for each in (held, content))
        for name in dict.fromkeys((*there, *here)):
            tensor = f"{path}.{name}" if path else name
            one, other = (show(each[name]) if name in each else "not there" for each in (there, here))
            if one != other:
                message = f"its `{tensor}` is {one}, and would have to be {other}"
                return _Difference(message, f"{f'`{path}`' if path else 'it'} takes {others} there, and {inputs} here")
        if held.op.torch(held.input_shapes) == content.op.torch(content.input_shapes):
            return None
        name = f"`{path}` ({content.op.name})" if path else content.op.name
        return _Difference(f"{name} is another call for {inputs} than for {others}")


def _names(held: Body, content: Body) -> list[str]:
    """The names of what stands in one or the other; of a repeat, those of the copies at which a run begins or ends."""
    if isinstance(held.uses, Copies) and isinstance(content.uses, Copies):
        runs = (*held.uses.runs, *content.uses.runs)
        ends = sorted({end for run in runs for end in (run.start, run.stop - 1, run.stop)})
        return [str(end) for end in ends if held.use(str(end)) or content.use(str(end))]
    return list(dict.fromkeys(use.name for body in (held, content) for use in body.uses))
