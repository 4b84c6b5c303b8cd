"""What a value should be, in words; and what its author may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from archspec.language.expr import is_expression
from archspec.language.source import Scalar, Value
from archspec.language.values import kind

_WORDS = {
    "string_type": "text",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "at least {min_length} entry",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}
_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_]\w*")


def expectation(problem: Any) -> str:
    """What pydantic expected, in the words of the language."""
    if problem["type"] == "literal_error":
        return str(problem["ctx"]["expected"]).replace("'", "`")
    words = _WORDS.get(problem["type"], "")
    bounds = {
        name: f"{bound:g}" if isinstance(bound, float) else bound for name, bound in problem.get("ctx", {}).items()
    }
    return words.format(**bounds) or str(problem["msg"]).removeprefix("Input should be ")


def found(value: Any) -> str:
    """What stands there instead; of a list, its items."""
    return str(value)[:60] if isinstance(value, list) else kind(value)


def hint(written: Value, value: Any, expected: str, names: Iterable[str] = ()) -> str:
    """How to mend a value that is not what was expected; empty where there is nothing to say.

    Args:
        written: The value as written.
        value: What it is; for an expression, what it gave.
        expected: What was expected, in words.
        names: What an expression could ask for here.
    """
    computed = isinstance(written, Scalar) and is_expression(written.value)
    if isinstance(value, float) and computed and "integer" in expected:
        return "`//` divides to an integer; `round`, `floor` and `ceil` give one"
    if expected == "a mapping" and value is None:
        return "indent the lines that belong to it"
    if expected == "a mapping" and isinstance(value, list):
        return "a mapping is written `name: value`, without dashes or brackets"
    if expected == "a list" and not isinstance(value, list):
        return "a list is written `[a, b]`"
    if not isinstance(value, str) or computed:
        return ""
    if value.lower() in ("yes", "no", "on", "off", "true", "false") and "true" in expected:
        return "write `true` or `false`"
    if _NUMBER.fullmatch(value) and ("integer" in expected or "number" in expected):
        return f"write `{value}` without quotes"
    if set(_NAME.findall(value)) & set(names):
        return f"write `${value}`" if value.isidentifier() else f"write `$({value})`"
    return ""
