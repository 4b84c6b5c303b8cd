"""The body of ``__init__``: its variables, and the attributes of the module."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from archspec.language.algebra import Code, name, names
from archspec.pytorch.emitter.code import (
    WIDTH,
    Call,
    Choice,
    Listed,
    Part,
    Repeated,
    Tabled,
    asked,
    flat,
    laid_out,
    over_rows,
    printed,
)
from archspec.pytorch.emitter.construction import numbered
from archspec.pytorch.emitter.filling import filled
from archspec.pytorch.emitter.model import Class, Member
from archspec.pytorch.emitter.scope import RESERVED

Lines = Iterator[str]
_INDENT = 8
_SHORT = 40
"""Letters of an expression that may stand where its variable would, if that is asked for once."""
_COPIES = ("blocks", "layers", "copies")
"""Names for the copies that a row of a table makes."""


def constructor_body(made: Class) -> Lines:
    """The lines of ``__init__``."""
    variables = {each: code for each, (code, _) in made.scope.locals.items() if each in made.asked}
    if made.is_list:
        for variable, code in variables.items():
            yield from laid_out(f"{variable} = ", code, "", _INDENT)
        yield from _layers(made)
        return
    # The layers of an nn.Sequential are called in the order in which they are set.
    yield "        super().__init__()"
    yield from _Body(made, variables).lines()


def _layers(made: Class) -> list[str]:
    """The layers of a list; an identity where a condition leaves one out."""
    layers = {
        member.name: member.part if member.condition is None else Choice(member.part, member.condition)
        for member in made.members
    }
    return laid_out("", Call("super().__init__", numbered(layers)), "", _INDENT)


class _Body:
    """The variables and attributes of a class whose layers have names."""

    def __init__(self, made: Class, variables: dict[str, Code]) -> None:
        self.made = made
        self.variables = variables
        self.members = {member.name: member for member in made.members}
        self.taken = {*RESERVED, *made.scope.classes, *made.scope.parameters, *made.scope.locals}
        self.loops = self._loops()

    def _loops(self) -> dict[str, str]:
        """The attributes that a loop over a table makes, with a name for the copies of a row.

        The variables of the loops are those of the method, each in one loop alone.
        """
        loops: dict[str, str] = {}
        for each, member in self.members.items():
            copies = _copies_of(member.part, Tabled)
            if isinstance(copies, Tabled) and self.taken.isdisjoint(copies.variables):
                self.taken.update(copies.variables)
                loops[each] = next((name for name in _COPIES if name not in self.taken | self.members.keys()), "")
                self.taken.add(loops[each])
        return loops

    def lines(self) -> Lines:
        """The lines."""
        first = self._held()
        self._inline()
        for variable, code in self.variables.items():
            prefix = f"self.{first.pop(variable)} = " if variable in first else f"{variable} = "
            yield from laid_out(prefix, code, "", _INDENT)
        for member in self.members.values():
            yield from self._member(member)

    def _held(self) -> dict[str, str]:
        """Make the variables that an attribute holds that attribute: where it is set first, by variable.

        What nothing else asks for stays where the attribute stands.
        """
        asking = self._asking()
        held: dict[str, str] = {}
        for member in self.made.members:
            variable = member.part.id if isinstance(member.part, ast.Name) else ""
            if variable not in self.variables or variable in held or member.condition is not None:
                continue
            if asking[variable] == 1:
                self._replace({variable: self.variables.pop(variable)})
            else:
                held[variable] = member.name
                del self.members[member.name]
        self._replace({variable: name(f"self.{attribute}") for variable, attribute in held.items()})
        return held

    def _asking(self) -> Counter[str]:
        """How many attributes and variables ask for each variable."""
        found = Counter(each for member in self.members.values() for each in asked(member.part))
        for member in self.members.values():
            found.update(names(member.condition) if member.condition is not None else ())
        for code in self.variables.values():
            found.update(names(code))
        return found

    def _replace(self, values: dict[str, Code]) -> None:
        """Put expressions in place of variables."""
        if not values:
            return
        self.variables = {each: _code(code, values) for each, code in self.variables.items()}
        for each, member in self.members.items():
            condition = member.condition and _code(member.condition, values)
            self.members[each] = Member(each, filled(member.part, values), condition)

    def _inline(self) -> None:
        """Write short variables that are asked for once where they are, if that takes no line more."""
        asking = self._asking()
        for variable, code in list(self.variables.items()):
            if asking[variable] != 1 or len(printed(code)) > _SHORT:
                continue
            user = next((each for each in self.members.values() if variable in asked(each.part)), None)
            if user is None or not isinstance(user.part, Call) or _is_made_of_copies(user.part):
                continue
            inside = Member(user.name, filled(user.part, {variable: code}), user.condition)
            once = len(re.findall(rf"(?<![\w.]){variable}(?!\w|=(?!=))", flat(user.part))) == 1
            if once and len(list(self._member(inside))) <= len(list(self._member(user))):
                self.members[user.name] = inside
                del self.variables[variable]

    def _member(self, member: Member) -> Lines:
        if member.condition is not None:
            yield from _conditional(member.name, member.part, member.condition)
            return
        plain = _assigned(f"self.{member.name}", member.part, _INDENT)
        others = [*self._row_by_row(member), *self._listed(member)] if len(plain) > 1 else []
        yield from min([plain, *(each for each in others if each)], key=len)

    def _listed(self, member: Member) -> Iterator[list[str]]:
        """``blocks = […]`` and ``self.blocks = nn.Sequential(*blocks)``."""
        copies = _copies_of(member.part, Repeated)
        if copies is not None and member.name not in self.taken:
            yield _copies(member.name, copies, f"self.{member.name} = nn.Sequential(*{member.name})", _INDENT)

    def _row_by_row(self, member: Member) -> Iterator[list[str]]:
        """A loop over the rows of a table, in which copies are appended."""
        copies = _copies_of(member.part, Tabled) if member.name in self.loops else None
        over = over_rows(copies, _INDENT) if isinstance(copies, Tabled) else None
        if isinstance(copies, Tabled) and over is not None:
            begin = laid_out(f"self.{member.name} = ", Call("nn.Sequential"), "", _INDENT)
            yield [*begin, *over, *self._appended(member.name, copies.element)]

    def _appended(self, attribute: str, element: Part) -> list[str]:
        """The lines that append what a row makes."""
        inner, append, variable = _INDENT + 4, f"self.{attribute}.append", self.loops[attribute]
        plain = laid_out("", Call(append, (("", element),)), "", inner)
        repeated = _copies_of(element, Repeated) if variable else None
        if repeated is None:
            return plain
        several = _copies(variable, repeated, f"{append}(nn.Sequential(*{variable}))", inner)
        return min(filter(None, [plain, several]), key=len)


def _code(code: Code, values: dict[str, Code]) -> Code:
    found = filled(code, values)
    assert isinstance(found, ast.expr)
    return found


def _copies(variable: str, copies: Repeated | Tabled, use: str, indent: int) -> list[str]:
    """A list of copies, and the line that makes a layer of it; nothing where that line is too long."""
    lines = [*laid_out(f"{variable} = ", Listed((copies,)), "", indent), f"{' ' * indent}{use}"]
    return lines if len(lines[-1]) <= WIDTH else []


def _copies_of(part: Part, kind: type[Repeated] | type[Tabled]) -> Repeated | Tabled | None:
    """What an ``nn.Sequential`` of copies alone is made of; None for another part."""
    if not isinstance(part, Call) or part.target != "nn.Sequential" or len(part.arguments) != 1:
        return None
    copies = part.arguments[0][1]
    return copies if isinstance(copies, kind) else None


def _is_made_of_copies(part: Part) -> bool:
    """Whether a part has copies inside, for each of which its expressions are computed."""
    if isinstance(part, Call):
        return any(_is_made_of_copies(value) for _, value in part.arguments)
    if isinstance(part, Listed):
        return any(map(_is_made_of_copies, part.items))
    return isinstance(part, Repeated | Tabled)


def _conditional(attribute: str, layer: Part, when: Code) -> Lines:
    """A layer, or an identity where a condition is false: a line where there is room."""
    line = f"        self.{attribute} = {flat(Choice(layer, when))}"
    if len(line) <= WIDTH:
        yield line
        return
    yield from laid_out(f"self.{attribute}: nn.Module = ", Call("nn.Identity"), "", 8)
    yield from condition(when, 8)
    yield from _assigned(f"self.{attribute}", layer, 12)


def _assigned(target: str, part: Part, indent: int) -> list[str]:
    """The lines that set an attribute; named layers in a row one by one, where they have no room on a line."""
    plain = laid_out(f"{target} = ", part, "", indent)
    layers = _named(part)
    if len(plain) == 1 or not layers:
        return plain
    lines = laid_out(f"{target} = ", Call("nn.Sequential"), "", indent)
    for each, layer in layers:
        lines += _assigned(f"{target}.{each}", layer, indent)
    return min(plain, lines, key=len)


def _named(part: Part) -> tuple[tuple[str, Part], ...]:
    """The layers of an ``nn.Sequential`` that have names; none for another part."""
    match part:
        case Call("nn.Sequential", (("", Call("OrderedDict", layers)),)):
            return layers
    return ()


def condition(code: Code, indent: int) -> Lines:
    """``if code:``, in parentheses over several lines where it is long."""
    space = " " * indent
    line = f"{space}if {printed(code)}:"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{space}if ("
    yield from laid_out("", code, "", indent + 4)
    yield f"{space}):"
