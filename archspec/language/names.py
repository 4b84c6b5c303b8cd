"""Names that become attributes of a ``torch.nn.Module`` and words of a Python file, and those that cannot."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable

from archspec.language.evaluation import CONSTANTS, FUNCTIONS
from archspec.ops.op import NODE_KEYS

OPERAND = "operand"
"""What a node takes first, in its own expressions."""

MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule
    share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()
)
"""The public attributes of torch.nn.Module (2.13); a node of such a name would shadow one. A test compares them."""

OWN_METHOD = "init_weights"
"""The method that the class of a network has besides."""

_FILE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DEVICE = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE | re.ASCII)
_MAX_LENGTH = 100


def node_name_problem(name: str) -> str:
    """Why a node, an input or an output cannot have this name; empty where it can."""
    if name == "input":
        return "`input` is the graph's own input"
    if name == "index":
        return "`index` is the number of a copy in a repeat"
    if name in MODULE_ATTRIBUTES:
        return f"`{name}` is an attribute of torch.nn.Module"
    if name == OWN_METHOD:
        return f"`{name}` is a method of emitted classes"
    return _identifier_problem(name)


def output_name_problem(name: str) -> str:
    """Why an output cannot have this name; empty where it can. Several outputs are the fields of a named tuple."""
    return "`count` is a method of tuples" if name == "count" else node_name_problem(name)


def parameter_name_problem(name: str) -> str:
    """Why a parameter cannot have this name; empty where it can."""
    if name in NODE_KEYS or name in ("index", "expect", "variant", "params", "limits", "root"):
        return f"`{name}` has a meaning of its own in a spec"
    if name in FUNCTIONS or name in ("true", "false", "null", "input"):
        return f"`{name}` has a meaning of its own in expressions"
    return _identifier_problem(name)


_LET = re.compile(r"([^()]*?)\s*(?:\(([^()]*)\)\s*)?")


def let_form(key: str) -> tuple[str, tuple[str, ...] | None]:
    """The name that a key of ``let`` defines, and for a function its parameters.

    >>> let_form("hidden"), let_form("width(c)")
    (('hidden', None), ('width', ('c',)))
    """
    form = _LET.fullmatch(key)
    if form is None or form[2] is None:
        return key, None
    return form[1], tuple(part.strip() for part in form[2].split(",")) if form[2].strip() else ()


def let_name_problem(name: str) -> str:
    """Why a value or function of ``let``, or a function's parameter, cannot have this name; empty where it can."""
    if name in CONSTANTS or name in FUNCTIONS or name in ("input", "index", OPERAND):
        return f"`{name}` has a meaning of its own in expressions"
    return _identifier_problem(name)


def similar_name(name: str, problem: Callable[[str], str]) -> str:
    """A name near to one that has a problem, and without it; empty where none is found."""
    cleaned = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    return next((candidate for candidate in (cleaned, f"{cleaned}1", f"n{cleaned}") if not problem(candidate)), "")


def spec_name_problem(name: str) -> str:
    """Why a network or block cannot have this name, which also names its files; empty where it can."""
    if not _FILE_NAME.fullmatch(name):
        return "a name is made of letters, digits, `_` and `-`, and begins with a letter"
    if is_device(name):
        return f"its files could not be written on Windows, where `{name}` is a device"
    return f"it is longer than {_MAX_LENGTH} characters" if len(name) > _MAX_LENGTH else ""


def block_name_problem(name: str) -> str:
    """Why a block inside of a spec cannot have this name; empty where it can. It names no file of its own accord."""
    return "" if is_device(name) else spec_name_problem(name)


def is_device(name: str) -> bool:
    """Whether Windows keeps a name for a device, as that of a file with any ending."""
    return _DEVICE.fullmatch(name) is not None


def _identifier_problem(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        return "a name is made of letters, digits and `_`, and begins with no digit"
    if keyword.iskeyword(name):
        return f"`{name}` is a keyword of Python"
    if name.startswith("_"):
        return "names that begin with `_` are kept for PyTorch"
    return f"it is longer than {_MAX_LENGTH} characters" if len(name) > _MAX_LENGTH else ""
