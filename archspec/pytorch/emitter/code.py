"""The text of the emitted source: expressions, calls and loops, and how they are laid out in lines."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from archspec.language.algebra import Code, copied, literal, name, names


def quoted(text: str) -> str:
    """A string as ruff writes it: in double quotes, unless single ones save escapes."""
    body = text.encode("unicode_escape").decode("ascii")
    if '"' in body and "'" not in body:
        return f"'{body}'"
    return '"' + body.replace('"', '\\"') + '"'


def printed(code: Code) -> str:
    """The text of an expression."""
    if isinstance(code, ast.Name):
        return code.id
    if isinstance(code, ast.Constant) and type(code.value) is int:
        return str(code.value)
    return ast.unparse(_Quoting().visit(copied(code)))


class _Quoting(ast.NodeTransformer):
    """Parts that are printed as they stand, for `ast.unparse` chooses single quotes, and spaces around every power."""

    def visit_Compare(self, node: ast.Compare) -> Code:
        """Comparisons with None by identity, as one writes them."""
        self.generic_visit(node)
        identity: dict[type[ast.cmpop], ast.cmpop] = {ast.Eq: ast.Is(), ast.NotEq: ast.IsNot()}
        nothing = [isinstance(other, ast.Constant) and other.value is None for other in node.comparators]
        pairs = zip(node.ops, nothing, strict=True)
        node.ops = [identity.get(type(op), op) if none else op for op, none in pairs]
        return node

    def visit_Constant(self, node: ast.Constant) -> Code:
        if isinstance(node.value, Factory):
            return name(node.value.text)
        return name(quoted(node.value)) if isinstance(node.value, str) else node

    def visit_Slice(self, node: ast.Slice) -> ast.expr:
        parts = [node.lower, node.upper, node.step]
        plain = [part.operand if isinstance(part, ast.UnaryOp) else part for part in parts]
        self.generic_visit(node)
        if all(part is None or _is_simple(part) for part in plain):
            return node
        return name(_slice(["" if part is None else ast.unparse(part) for part in parts]))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Code:
        of_power = isinstance(node.operand, ast.BinOp) and isinstance(node.operand.op, ast.Pow)
        self.generic_visit(node)
        if of_power and isinstance(node.op, ast.USub | ast.UAdd | ast.Invert):
            node.operand = name(f"({ast.unparse(node.operand)})")
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Code:
        right = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        if isinstance(node.op, ast.Pow) and _is_operand(node.left) and _is_operand(right):
            return name(f"{ast.unparse(node.left)}**{ast.unparse(node.right)}")
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Name) and "**" in node.left.id:
            node.left = name(f"({node.left.id})")
        return node


def _slice(parts: list[str]) -> str:
    """A slice of more than names and numbers, as ruff writes it: ``self.start :``, ``: n + 1``, ``:: self.step``."""
    text = f"{parts[0]} :" if parts[0] else ":"
    text += f" {parts[1]}" if parts[1] else ""
    if parts[2]:
        text += f" : {parts[2]}" if parts[1] else f": {parts[2]}"
    return text


def _is_operand(node: ast.expr) -> bool:
    """Whether ruff writes no space between an operand and ``**``."""
    return _is_operand(node.value) if isinstance(node, ast.Attribute) else _is_simple(node)


def _is_simple(node: ast.expr) -> bool:
    """Whether ruff writes no space between the bound and the colon of a slice."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and isinstance(node.value, int | float))


@dataclass(frozen=True, slots=True)
class Factory:
    """A value of the emitted source that makes layers: ``nn.SiLU``, or ``partial(nn.LeakyReLU, negative_slope=0.1)``.

    Attributes:
        target: The class of the layers.
        arguments: Arguments without a keyword.
        keywords: Arguments with one.
        takes_channels: Whether it is called with the channels of what the layer takes; else without arguments.
    """

    target: str
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    takes_channels: bool = False

    @property
    def text(self) -> str:
        """The value as source."""
        if not self.arguments and not self.keywords:
            return self.target
        given = [*(("", value) for value in self.arguments), *self.keywords]
        return flat(Call("partial", (("", name(self.target)), *((key, literal(value)) for key, value in given))))


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a class or function, or of a variable that holds one. Arguments without a keyword come first."""

    target: str
    arguments: tuple[tuple[str, Part], ...] = ()
    of_variable: bool = False


@dataclass(frozen=True, slots=True)
class Repeated:
    """``*(element for i in range(…))``: a part made several times; ``variable`` is ``_`` where no part asks for it."""

    element: Part
    variable: str
    range: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Tabled:
    """``*(element for a, b in [(…), …])``: a part made once for each row of a table."""

    element: Part
    variables: tuple[str, ...]
    rows: tuple[tuple[Code, ...], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list or tuple of parts."""

    items: tuple[Part, ...]
    brackets: str = "[]"


@dataclass(frozen=True, slots=True)
class Choice:
    """``layer if condition else nn.Identity()``."""

    layer: Part
    condition: Code


Part = Call | Repeated | Tabled | Listed | Choice | ast.expr
"""What a constructor is made of."""


def asked(part: Part) -> set[str]:
    """The variables that a part asks for."""
    if isinstance(part, Call):
        target = {part.target} if part.of_variable else set[str]()
        return target.union(*(asked(value) for _, value in part.arguments))
    if isinstance(part, Listed):
        return {each for item in part.items for each in asked(item)}
    if isinstance(part, Choice):
        return asked(part.layer) | names(part.condition)
    if isinstance(part, Repeated):
        return asked(part.element).difference({part.variable}).union(*(names(code) for code in part.range))
    if isinstance(part, Tabled):
        cells = (names(code) for row in part.rows for code in row)
        return asked(part.element).difference(part.variables).union(*cells)
    return names(part)


WIDTH = 88
"""Columns of the emitted source: those of ruff and black."""


def flat(part: Part) -> str:
    """The text on one line."""
    if isinstance(part, Call):
        arguments = (f"{keyword}={flat(value)}" if keyword else flat(value) for keyword, value in part.arguments)
        return f"{part.target}({', '.join(arguments)})"
    if isinstance(part, Repeated | Tabled):
        return f"*({flat(part.element)} {_loops(part)})"
    if isinstance(part, Listed) and (each := _comprehended(part)) is not None:
        return f"[{flat(each.element)} {_loops(each)}]"
    if isinstance(part, Listed):
        comma = "," if part.brackets == "()" and len(part.items) == 1 else ""
        return f"{part.brackets[0]}{', '.join(map(flat, part.items))}{comma}{part.brackets[1]}"
    if isinstance(part, Choice):
        asking = printed(part.condition)
        asking = f"({asking})" if isinstance(part.condition, ast.IfExp) else asking
        return f"{flat(part.layer)} if {asking} else nn.Identity()"
    return printed(part)


def _comprehended(part: Listed) -> Repeated | Tabled | None:
    """What a list comprehension is made of; None for another list."""
    (item,) = part.items if len(part.items) == 1 and part.brackets == "[]" else (None,)
    return item if isinstance(item, Repeated | Tabled) else None


def _loops(part: Repeated | Tabled) -> str:
    return _loop(part) if isinstance(part, Repeated) else f"{_over(part)}{flat(_table(part))}"


def _loop(part: Repeated) -> str:
    return f"for {part.variable} in range({', '.join(map(printed, part.range))})"


def _over(part: Tabled) -> str:
    return f"for {', '.join(part.variables)} in "


def _table(part: Tabled) -> Listed:
    rows = (row[0] if len(part.variables) == 1 else Listed(row, "()") for row in part.rows)
    return Listed(tuple(rows))


def laid_out(prefix: str, part: Part, suffix: str, indent: int) -> list[str]:
    """The lines of ``prefix part suffix``: one, or as many as it takes, broken as ruff breaks them."""
    space = " " * indent
    line = f"{space}{prefix}{flat(part)}{suffix}"
    if len(line) <= WIDTH:
        return [line]
    is_value = prefix.endswith("= ") or prefix == "return "
    if is_value and (isinstance(part, ast.expr) or _needs_parentheses(prefix, part, indent)):
        inner = laid_out("", part, "", indent + 4)
        lines = inner if isinstance(part, Call) else inner[:1]
        if max(indent + len(prefix) + 1, *map(len, lines)) <= WIDTH:
            return [f"{space}{prefix}(", *inner, f"{space}){suffix}"]
    if isinstance(part, Call) and part.arguments:
        return [f"{space}{prefix}{part.target}(", *_arguments(part, indent + 4), f"{space}){suffix}"]
    if isinstance(part, Listed) and (each := _comprehended(part)) is not None:
        return [f"{space}{prefix}[", *_inside(each, indent + 4), f"{space}]{suffix}"]
    if isinstance(part, Listed) and part.items:
        lines = [line for item in part.items for line in laid_out("", item, ",", indent + 4)]
        return [f"{space}{prefix}{part.brackets[0]}", *lines, f"{space}{part.brackets[1]}{suffix}"]
    if isinstance(part, Choice):
        lines = laid_out(prefix, part.layer, "", indent)
        return [*lines, f"{space}if {printed(part.condition)}", f"{space}else nn.Identity(){suffix}"]
    if isinstance(part, Repeated | Tabled):
        return [f"{space}{prefix}*(", *_inside(part, indent + 4), f"{space}){suffix}"]
    if isinstance(part, ast.expr) and not is_value:
        first, *others = _pieces(part, WIDTH - indent, len(suffix))
        if others:
            lines = [f"{space}{prefix}{first}", *(f"{space}{piece}" for piece in others)]
            return [*lines[:-1], f"{lines[-1]}{suffix}"]
    # Only a name of many letters makes a line too long that cannot be broken as ruff would.
    return [line if suffix else f"{line}  # fmt: skip"]


def _arguments(part: Call, indent: int) -> list[str]:
    """The lines of the arguments of a call: one, or one or more for each."""
    line = f"{' ' * indent}{flat(Call('', part.arguments))[1:-1]}"
    if len(line) <= WIDTH:
        return [line]
    laid = (laid_out(f"{keyword}=" if keyword else "", value, ",", indent) for keyword, value in part.arguments)
    return [line for lines in laid for line in lines]


def _inside(part: Repeated | Tabled, indent: int) -> list[str]:
    """The lines of a comprehension."""
    element = laid_out("", part.element, "", indent)
    if isinstance(part, Repeated):
        return [*element, f"{' ' * indent}{_loop(part)}"]
    space, over = " " * indent, _over(part)
    if len(part.variables) == 1 or indent + len(over) + len("[") <= WIDTH:
        return [*element, *laid_out(over, _table(part), "", indent)]
    variables = [f"{space}    {variable}," for variable in part.variables]
    return [*element, f"{space}for (", *variables, *laid_out(") in ", _table(part), "", indent)]


def over_rows(part: Tabled, indent: int) -> list[str] | None:
    """The lines of ``for a, b in […]:``; None where there is no room for the variables."""
    over = _over(part)
    if indent + len(over) + len("[") > WIDTH:
        return None
    return laid_out(over, _table(part), ":", indent)


def _needs_parentheses(prefix: str, part: Part, indent: int) -> bool:
    """Whether not even the beginning of a call fits beside what it is assigned to, but in a line of its own."""
    if not isinstance(part, Call):
        return False
    opening = f"{part.target}(" if part.arguments else f"{part.target}()"
    return indent + len(prefix) + len(opening) > WIDTH >= indent + 4 + len(opening)


_LEVELS: tuple[dict[type[ast.operator], str], ...] = (
    {ast.Add: "+", ast.Sub: "-"},
    {ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.MatMult: "@"},
)
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


def _pieces(code: Code, room: int, after: int, lead: str = "") -> list[str]:
    """An expression broken before its weakest operators, and where there is no room before stronger ones too."""
    parts = _split(code)
    if len(parts) == 1 or len(lead) + len(printed(code)) + after <= room:
        return [lead + printed(code)]
    (_, first), *others = parts
    pieces = _pieces(first, room, 0, lead)
    for word, part in others:
        pieces += _pieces(part, room, after if part is others[-1][1] else 0, f"{word} ")
    return pieces


def _split(code: Code) -> list[tuple[str, Code]]:
    """The operands of the weakest operators of an expression, each with the operator before it."""
    if isinstance(code, ast.IfExp):
        return [("", code.body), ("if", code.test), ("else", code.orelse)]
    if isinstance(code, ast.BoolOp):
        word = "and" if isinstance(code.op, ast.And) else "or"
        return [(word, _operand(code.op, value)) for value in code.values]
    if isinstance(code, ast.Compare) and len(code.ops) == 1 and type(code.ops[0]) in _COMPARED:
        return [("", code.left), (_COMPARED[type(code.ops[0])], code.comparators[0])]
    level = next((level for level in _LEVELS if isinstance(code, ast.BinOp) and isinstance(code.op, tuple(level))), {})
    parts: list[tuple[str, Code]] = []
    while isinstance(code, ast.BinOp) and type(code.op) in level:
        parts.append((level[type(code.op)], _right(code)))
        code = code.left
    return [("", code), *reversed(parts)]


def _right(operation: ast.BinOp) -> Code:
    """The right operand as it stands in an operation: in parentheses where it needs them, and is not broken then."""
    text = printed(ast.BinOp(name("_"), operation.op, operation.right)).partition(" ")[2].partition(" ")[2]
    return name(text) if text.startswith("(") and isinstance(operation.right, ast.BinOp) else operation.right


def _operand(operator: ast.boolop, value: Code) -> Code:
    """The same of an operand of ``and`` or ``or``."""
    text = printed(ast.BoolOp(operator, [name("_"), value])).partition(" ")[2].partition(" ")[2]
    return name(text) if text.startswith("(") and isinstance(value, ast.BoolOp | ast.IfExp) else value
