"""The expression language of ``$name`` and ``$(...)``, which Python's parser reads into a whitelist of syntax."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from archspec.errors import Help, did_you_mean
from archspec.language.evaluation import (
    CONSTANTS,
    EXPRESSIONS,
    FUNCTIONS,
    OPERATORS,
    Evaluator,
    bounded,
    evaluator,
    wrong,
)
from archspec.language.values import ExpressionError

_MAX_DEPTH = 50


def is_expression(value: Any) -> bool:
    """Whether a plain value of a spec is an expression: a text that begins with one ``$``."""
    return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")


@dataclass(frozen=True)
class Expression:
    """An expression that has been read; ``text`` is what stands after ``$``, or inside ``$(...)``."""

    text: str
    tree: ast.expr

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that it asks for."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name))
        return frozenset(node.id for node in nodes) - FUNCTIONS.keys() - CONSTANTS.keys()

    @cached_property
    def parts(self) -> int:
        """How many names, numbers and operations it is made of."""
        return sum(isinstance(node, ast.expr) for node in ast.walk(self.tree))

    @cached_property
    def evaluate(self) -> Evaluator:
        """What gives the value, with names looked up in a scope.

        That raises `ExpressionError` where a name is unknown or an operation is not defined on its operands, and
        `Unknown` where it asks for what an earlier error left unknown.
        """
        return evaluator(self.tree)


@lru_cache(maxsize=4096)
def read(value: str) -> Expression:
    """The expression of a text that begins with ``$``.

    Raises:
        ExpressionError: It is no expression of the language.
    """
    text = value[1:].strip()
    if text.startswith("("):
        if not text.endswith(")"):
            closed = f"{value})"
            is_one_short = closed.count("(") == closed.count(")") and "," not in value
            help = Help.instead(f"write `{closed}`", closed) if is_one_short else "write `$(...)`"
            raise ExpressionError("the expression does not end with `)`", help=help)
        text = text[1:-1]
    elif not text.isidentifier():
        inner = text.removeprefix("{").removesuffix("}").strip()
        meant = f"${inner}" if inner.isidentifier() else f"$({inner})"
        help = Help.instead(f"write `{meant}`; a text that begins with a dollar is written `$${text}`", meant)
        raise ExpressionError(f"`{value}` is neither `$name` nor `$(...)`", help=help)
    # A newline inside a folded YAML text would end a Python expression.
    text = text.replace("\n", " ")
    tree = _parse(text)
    _check(tree)
    return Expression(text, tree)


def _parse(text: str) -> ast.expr:
    leading = len(text) - len(text.lstrip())
    if "\\" in text:
        raise ExpressionError("this is no expression: it holds a backslash", text.index("\\"), text.index("\\") + 1)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise _syntax_error(text) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("the expression nests too deep") from None
    for node in ast.walk(tree) if leading else ():
        if isinstance(node, ast.expr):
            node.col_offset += leading
            node.end_col_offset = (node.end_col_offset or 0) + leading
    return tree


_MISTAKES = (
    (r"^\s*$", "the expression is empty", "write `$name` or `$(...)`"),
    (r"&&", "`{}` is no operator of the language", Help.instead("write `and`", "and")),
    (r"\|\|", "`{}` is no operator of the language", Help.instead("write `or`", "or")),
    (r"!(?!=)", "`{}` is no operator of the language", Help.instead("write `not`", "not ")),
    (r"(?<![=!<>])=(?!=)", "`=` does not compare", Help.instead("write `==`", "==")),
    (r"\?", "`?` is no operator of the language", "write `a if condition else b`"),
    (r"\$", "a `$` stands only before an expression", Help.instead("inside of `$(...)` names have none", "")),
    (r"(?:[-+*/%<>=]+|\b(?:and|or|not|if|else|in))\s*$", "nothing follows `{}`", Help.instead("", "")),
)
"""What an expression that cannot be read may hold, what to say of it, and how to mend it."""
_CHOICE = re.compile(r"\s*([^?:]+?)\s*\?\s*([^?:]+?)\s*:\s*([^?:]+?)\s*")
"""``condition ? a : b``, as other languages have it."""


def _syntax_error(text: str) -> ExpressionError:
    unclosed = text.count("(") - text.count(")")
    if unclosed:
        help = Help.instead(f"close it: `$({text}))`", f"$({text}))") if unclosed == 1 and "," not in text else ""
        return ExpressionError("the parentheses of this expression do not match", help=help)
    if choice := _CHOICE.fullmatch(text):
        meant = f"{choice[2]} if {choice[1]} else {choice[3]}"
        help = Help.instead(f"write `{meant}`", meant)
        return ExpressionError("`?` is no operator of the language", *choice.span(), help=help)
    for pattern, message, help in _MISTAKES:
        if match := re.search(pattern, text):
            return ExpressionError(message.format(match[0].strip()), match.start(), match.end(), help=help)
    return ExpressionError("this cannot be read as an expression")


_ALLOWED: tuple[type[ast.AST], ...] = (ast.Load, ast.And, ast.Or, ast.Slice, *EXPRESSIONS, *OPERATORS)
_HINTS: dict[type[ast.AST], str] = {
    ast.Tuple: "a list is written [a, b]",
    ast.Is: "write `==`",
    ast.IsNot: "write `!=`",
    ast.BitXor: "a power is written `**`",
    ast.BitAnd: "write `and`",
    ast.BitOr: "write `or`",
}


def _check(tree: ast.expr) -> None:
    for node, place in _placed(tree, tree, 0):
        if not isinstance(node, _ALLOWED):
            raise wrong(place, f"{_describe(node)} is not part of the language", help=_HINTS.get(type(node), ""))
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
            raise wrong(place, "only numbers, text, lists and booleans can be written here")
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            bounded(node.value, place)
        if isinstance(node, ast.Call):
            _check_call(node)


def _placed(node: ast.AST, place: ast.expr, depth: int) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Every node with the nearest expression around it, which has a column; operators have none."""
    if depth > _MAX_DEPTH:
        raise wrong(place, f"the expression nests deeper than {_MAX_DEPTH}")
    here = node if isinstance(node, ast.expr) else place
    yield node, here
    for child in ast.iter_child_nodes(node):
        yield from _placed(child, here, depth + 1)


def _describe(node: ast.AST) -> str:
    return f"`{type(node).__name__}`" if not isinstance(node, ast.expr) else f"`{ast.unparse(node)}`"


def _check_call(node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name):
        name = ast.unparse(node.func)
        raise wrong(node.func, f"there is no function `{name}`", help=did_you_mean(name, FUNCTIONS))
    if node.keywords:
        raise wrong(node, f"`{node.func.id}` takes its arguments by position")
