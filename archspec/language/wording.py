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
_SIZES = re.compile(r"[0-9]+(?: ?[x*×] ?[0-9]+)+")
_FIGURE = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12}(?:\.[0-9]{1,12})?) ?([kKMGBT]?)")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_WORDS_OF_EXPRESSION = re.compile(r"[A-Za-z_(][\w\s.()<>=!+*/%-]*")
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
        return f"a list is written `{_listed(value)}`"
    if isinstance(value, float) and value.is_integer() and "integer" in expected:
        return f"write `{int(value)}`"
    if not isinstance(value, str) or computed:
        return ""
    return _text_hint(value, expected, names)


def _listed(value: Any) -> str:
    """``[3, 32, 32]`` for the text ``3x32x32``."""
    sizes = _SIZES.fullmatch(value) if isinstance(value, str) else None
    return f"[{', '.join(re.findall('[0-9]+', value))}]" if sizes else "[a, b]"


def _text_hint(value: str, expected: str, names: Iterable[str]) -> str:
    """How to mend a text that should be something else."""
    if _SIZES.fullmatch(value) and "each spatial dimension" in expected:
        sizes = re.findall("[0-9]+", value)
        return f"write `{sizes[0]}`, or `{_listed(value)}`" if len(set(sizes)) == 1 else f"write `{_listed(value)}`"
    if value.lower() in ("yes", "no", "on", "off", "true", "false") and "true" in expected:
        return "write `true` or `false`"
    if _NUMBER.fullmatch(value) and ("integer" in expected or "number" in expected):
        return f"write `{value}` without quotes"
    if "integer" in expected and (figure := _FIGURE.fullmatch(value)):
        return f"write the digits: `{round(float(figure[1].replace(',', '')) * _UNITS[figure[2].upper()]):_}`"
    if "expression" in expected and _WORDS_OF_EXPRESSION.fullmatch(value):
        return f"write `${value}`" if value.isidentifier() else f"write `$({value})`"
    if set(_NAME.findall(value)) & set(names):
        return f"write `${value}`" if value.isidentifier() else f"write `$({value})`"
    return ""
