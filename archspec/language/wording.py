"""What a value should be, in words; and what its author may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from archspec.errors import Change, Help, did_you_mean, nearest
from archspec.language.expr import is_expression
from archspec.language.source import Mapping, Scalar, Sequence, Value
from archspec.language.values import kind, written

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
_BOUND = re.compile(r"(?:at least|at most|an integer of at least) (-?[0-9.]+)(?:, or .*)?")
_SIZES = re.compile(r"[0-9]+(?: ?[x*×] ?[0-9]+)+")
_FIGURE = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12}(?:\.[0-9]{1,12})?) ?([kKMGBT]?)")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
_WORDS_OF_EXPRESSION = re.compile(r"[A-Za-z_(][\w\s.()<>=!+*/%-]*")
_NAME = re.compile(r"[A-Za-z_]\w*")
_SIZE_NAMES = ("channels", "features", "depth", "length", "height", "width")
"""Names by which other tools tell sizes, in the order of a shape."""
_WORD = re.compile(r"`(\w+)`")
_MAPPING = re.compile(r"a mapping `\{(op|block): \.\.\.\}`")


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
    return written(value)[:60] if isinstance(value, list) else kind(value)


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
        help, text = "`//` divides to an integer; `round`, `floor` and `ceil` give one", str(written.plain())
        single = text.count("/") == 1
        return Help.instead(help, text.replace("/", "//")) if single and "," not in text else help
    if isinstance(value, dict) and isinstance(written, Mapping) and (kind_ := _MAPPING.search(expected)):
        word = next((word for word in ("name", "type") if isinstance(value.get(word), str)), "")
        change = Change("replace", kind_[1], written.keys[word].span) if word else None
        return Help(f"write `{kind_[1]}: {value[word]}`", change) if change else ""
    if expected == "a mapping" and (value is None or isinstance(value, list)):
        dashed = "a mapping is written `name: value`, without dashes or brackets"
        return "indent the lines that belong to it" if value is None else dashed
    if expected == "a list" and not isinstance(value, list):
        return _list_hint(value)
    if isinstance(value, float) and value.is_integer() and "integer" in expected:
        return Help.instead(f"write `{int(value)}`", str(int(value)))
    if isinstance(value, list) and "one integer" in expected and len(set(map(str, value))) == 1:
        return Help.instead("", str(value[0]))
    if type(value) is float and not computed and expected.startswith("an integer"):
        return Help.instead("", str(round(value)))
    if not computed and type(value) in (int, float) and (bound := _BOUND.fullmatch(expected)):
        return Help.instead("", bound[1])
    if not isinstance(value, str) or computed:
        return ""
    return _text_hint(value, expected, names)


def _list_hint(value: Any) -> str:
    """How to write a list in place of a value that is none."""
    if isinstance(value, dict) and value and value.keys() <= set(_SIZE_NAMES):
        sizes = f"[{', '.join(str(value[name]) for name in _SIZE_NAMES if name in value)}]"
        return Help.instead(f"the sizes are a list: `{sizes}`", sizes)
    help = f"a list is written `{_listed(value)}`"
    listing = f"[{value}]" if isinstance(value, str) and _NAME.fullmatch(value) else _listed(value)
    return Help.instead(help, listing) if listing != "[a, b]" else help


def whole_sizes(written: Sequence, sizes: Iterable[Any]) -> str:
    """How to mend sizes that an expression divides to fractions; empty where that is not what is wrong."""
    pairs = zip(written.items, sizes, strict=True)
    fractions = [(str(item.plain()), item.span) for item, size in pairs if type(size) is float]
    changes = [Change("replace", text.replace("/", "//"), at) for text, at in fractions if text.count("/") == 1]
    return Help("write `//`, which divides to an integer", *changes) if changes else ""


def is_shape(value: Any) -> bool:
    """Whether a value is a list of sizes."""
    return isinstance(value, list) and bool(value) and all(type(size) is int for size in value)


def _listed(value: Any) -> str:
    """``[3, 32, 32]`` for the text ``3x32x32``, ``[10]`` for the number 10."""
    if type(value) in (int, float):
        return f"[{value}]"
    sizes = _SIZES.fullmatch(value) if isinstance(value, str) else None
    return f"[{', '.join(re.findall('[0-9]+', value))}]" if sizes else "[a, b]"


def _text_hint(value: str, expected: str, names: Iterable[str]) -> str:
    """How to mend a text that should be something else."""
    if _SIZES.fullmatch(value) and "each spatial dimension" in expected:
        sizes = re.findall("[0-9]+", value)
        if len(set(sizes)) == 1:
            return Help.instead(f"write `{sizes[0]}`, or `{_listed(value)}`", sizes[0])
        return Help.instead(f"write `{_listed(value)}`", _listed(value))
    if value.lower() in ("yes", "no", "on", "off", "true", "false") and "true" in expected:
        yes = value.lower() in ("yes", "on", "true")
        return Help.instead("write `true` or `false`", "true" if yes else "false")
    if _NUMBER.fullmatch(value) and ("integer" in expected or "number" in expected):
        return Help.instead(f"write `{value}` without quotes", value)
    if "integer" in expected and (figure := _FIGURE.fullmatch(value)):
        digits = f"{round(float(figure[1].replace(',', '')) * _UNITS[figure[2].upper()]):_}"
        return Help.instead(f"write the digits: `{digits}`", digits)
    meant = f"${value}" if value.isidentifier() else f"$({value})"
    if "expression" in expected and _WORDS_OF_EXPRESSION.fullmatch(value):
        return Help.instead(f"write `{meant}`", meant)
    if set(_NAME.findall(value)) & set(names):
        return Help.instead(f"write `{meant}`", meant)
    return did_you_mean(value, words) if (words := _WORD.findall(expected)) and nearest(value, words) else ""
