"""The JSON Schema of the file format, with every op, library block and argument, so that editors complete and check."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from archspec.language import library
from archspec.language.choice import KINDS
from archspec.language.edits import OF_CHANGES
from archspec.language.initialisation import FUNCTIONS
from archspec.language.loader import library_block
from archspec.language.spec import (
    NODE_DOCS,
    REUSE_KEYS,
    BlockFile,
    Bound,
    Expect,
    InlineBlock,
    NetworkFile,
    Node,
    Output,
    Paper,
    Param,
)
from archspec.ops import registry
from archspec.ops.op import NODE_KEYS, Op

Schema = dict[str, Any]

_EXPRESSION: Schema = {"type": "string", "pattern": r"^\$", "description": "An expression: $name or $(...)."}
_NO_OBJECT: Schema = {"not": {"type": "object"}}
_NULL: Schema = {"type": "null", "description": "Removes the key, in a file that extends another."}
_LET: Schema = {
    "type": "object",
    "description": "Names for values, and functions `name(x)` or `name(x, y)`, that expressions of the graph ask for.",
    "propertyNames": {"pattern": r"^[A-Za-z][A-Za-z0-9_]*(\s*\([^()]*\)\s*)?$"},
    "additionalProperties": {"not": {"type": "object"}},
}


def render() -> str:
    """The schema as text."""
    return json.dumps(schema(), indent=1) + "\n"


def schema() -> Schema:
    """The schema (JSON Schema draft 7, which the YAML language server reads)."""
    definitions = _definitions()
    anew = _anew(definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "archspec",
        "description": "A network or a block in the archspec language, version 1.",
        "type": "object",
        "if": _names_blocks_anew(),
        "then": {"allOf": [_file(_ANEW), *map(_unless_anew, library.blocks())]},
        "else": _file(),
        "definitions": definitions | anew | _of_each_block(anew),
    }


def _definitions() -> dict[str, Schema]:
    return {
        "expression": _EXPRESSION,
        "network_file": _graph_file(NetworkFile, ["archspec", "name", "inputs", "graph"]),
        "block_file": _graph_file(BlockFile, ["archspec", "block", "graph"]),
        "block": _graph_file(InlineBlock, []),
        "param": {"anyOf": [_model(Param), _reference("op_value"), _reference("block_value"), _NO_OBJECT]},
        "let": _LET,
        "outputs": {"anyOf": [_map({"anyOf": [{"type": "string"}, _model(Output)]}), _list({"type": "string"})]},
        "figure": {"anyOf": [{"type": "integer"}, _model(Bound)]},
        "expect": _model(Expect),
        "paper": _model(Paper),
        "initialiser": _initialiser(),
        "init": _map({"anyOf": [{"$ref": "#/definitions/initialiser"}, _tensors()]}),
        "weights": _map({"type": "object", "additionalProperties": {"type": ["string", "null"]}}),
        "override": {"type": "object", "additionalProperties": _change()},
        "graph": {"anyOf": [_map({"$ref": "#/definitions/node"}), _list({"$ref": "#/definitions/node"})]},
        "node": _node(),
        "op_arguments": {"allOf": [_case("op", name, _op_arguments(cls)) for name, cls in registry.ops().items()]},
        "block_arguments": {"allOf": [_reference(f"arguments_of_{name}") for name in library.blocks()]},
        **{f"arguments_of_{name}": _case("block", name, _block_arguments(name)) for name in library.blocks()},
        "op_value": _value("op"),
        "block_value": _value("block"),
    }


def _file(suffix: str = "") -> Schema:
    """A file that is a block's, or a network's."""
    return {
        "if": {"required": ["block"]},
        "then": _reference(f"block_file{suffix}"),
        "else": _reference(f"network_file{suffix}"),
    }


_ANEW = "_with_own_blocks"


def _names_blocks_anew(*names: str) -> Schema:
    """A file in which such a name of a library's block may mean another one: its own, or that of a file it extends."""
    own = {"properties": {"blocks": {"anyOf": [{"required": [name]} for name in names or library.blocks()]}}}
    path = {"properties": {"extends": {"type": "string", "pattern": r"/|\.ya?ml$"}}}
    return {"anyOf": [own | {"required": ["blocks"]}, path | {"required": ["extends"]}]}


def _unless_anew(name: str) -> Schema:
    """A file in which the name of one block of the library has the arguments of that, unless it may mean another."""
    return {"if": _names_blocks_anew(name), "else": _reference(f"file_with_{name}")}


def _of_each_block(anew: Collection[str]) -> dict[str, Schema]:
    """For each block of the library, what asks for its arguments alone: files, graphs and nodes, in each other."""
    found: dict[str, Schema] = {}
    for name in library.blocks():
        graph, node = _reference(f"graph_with_{name}"), _reference(f"node_with_{name}")
        takes_blocks = f"arguments_of_{name}{_ANEW}" in anew
        arguments = _reference(f"arguments_of_{name}{_ANEW if takes_blocks else ''}")
        blocks = {"additionalProperties": _reference(f"file_with_{name}")}
        values = {"additionalProperties": arguments}
        found[f"file_with_{name}"] = {"properties": {"graph": graph, "blocks": blocks, "params": values}}
        found[f"graph_with_{name}"] = {"additionalProperties": node, "items": node}
        found[f"node_with_{name}"] = {"allOf": [arguments], "properties": {"graph": graph}}
    return found


def _anew(definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """The definitions that ask for the arguments of library blocks, for a file in which their names may mean others."""
    asking: set[str] = {"block_arguments"}
    while more := {name for name, part in definitions.items() if name not in asking and asking & set(_asked(part))}:
        asking |= more
    found = {f"{name}{_ANEW}": _renamed(definitions[name], asking) for name in sorted(asking)}
    return found | {f"block_arguments{_ANEW}": {}}


def _asked(part: Any) -> Iterator[str]:
    """The definitions that a part of the schema refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].rpartition("/")[2]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _asked(each)


def _renamed(part: Any, names: Collection[str]) -> Any:
    """A part of the schema that refers to other definitions in place of some."""
    if isinstance(part, list):
        return [_renamed(each, names) for each in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str) and part["$ref"].rpartition("/")[2] in names:
        return {"$ref": f"{part['$ref']}{_ANEW}"}
    return {key: _renamed(value, names) for key, value in part.items()}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": {"anyOf": [values, _NULL]}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _model(model: Any) -> Schema:
    """A pydantic model's own schema, without titles and with expressions where they may stand."""
    schema: Schema = _plain(model.model_json_schema(by_alias=True))
    return schema


def _plain(schema: Any, definitions: Schema | None = None) -> Any:
    """A schema without titles, and with references resolved in place."""
    if isinstance(schema, list):
        return [_plain(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = schema.get("$defs", definitions)
    if "$ref" in schema:
        return _plain((definitions or {})[schema["$ref"].rpartition("/")[2]], definitions)
    kept = {
        key: {name: _plain(part, definitions) for name, part in value.items()}
        if key == "properties"
        else _plain(value, definitions)
        for key, value in schema.items()
        if key not in ("title", "$defs")
    }
    return {key: value for key, value in kept.items() if not (key == "default" and value is None)}


def _graph_file(model: Any, required: list[str]) -> Schema:
    """A file or inline block. With ``extends`` what is required may come from the other file."""
    properties = _plain(model.model_json_schema(by_alias=True))["properties"]
    properties["graph"] = {"$ref": "#/definitions/graph"}
    properties["params"] = _map({"$ref": "#/definitions/param"})
    properties["let"] = {"$ref": "#/definitions/let"}
    properties["outputs"] = {"$ref": "#/definitions/outputs"}
    files = {
        "expect": {"$ref": "#/definitions/expect"},
        "paper": {"$ref": "#/definitions/paper"},
        "init": {"$ref": "#/definitions/init"},
        "weights": {"$ref": "#/definitions/weights"},
        "override": {"$ref": "#/definitions/override"},
        "variants": _map({"type": "object"}),
        "blocks": _map({"anyOf": [{"$ref": "#/definitions/block"}, {"type": "string"}]}),
    }
    properties |= {name: part for name, part in files.items() if name in properties}
    docs = model.docs()
    properties = {
        name: {"anyOf": [part, _NULL]} | ({"description": docs[name]} if name in docs else {})
        for name, part in properties.items()
    }
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"if": {"required": ["extends"]}, "else": {"required": required}} if required else {})


def _initialiser() -> Schema:
    """A name of torch.nn.init, or a mapping from it to its arguments or to the one that matters most."""
    return {"anyOf": [{"enum": list(FUNCTIONS)}, _reference(), *map(_function, FUNCTIONS)]}


def _function(name: str) -> Schema:
    """A mapping of one initialiser to its arguments."""
    cls = FUNCTIONS[name]
    fields = _plain(cls.model_json_schema())["properties"] if cls.model_fields else {}
    arguments = {key: {"anyOf": [part, _reference()]} for key, part in fields.items()}
    options: list[Schema] = [
        {"type": "object", "properties": arguments, "additionalProperties": False},
        {"type": "null"},
    ]
    options += [arguments[cls.main]] if cls.main else []
    return {
        "type": "object",
        "description": inspect.cleandoc(cls.__doc__ or ""),
        "properties": {name: {"anyOf": options}},
        "required": [name],
        "additionalProperties": False,
    }


def _tensors() -> Schema:
    """Initialisers by tensor, such as ``weight`` and ``bias``."""
    names = {"not": {"enum": list(FUNCTIONS)}}
    return {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": {"$ref": "#/definitions/initialiser"},
        "minProperties": 1,
    }


def _node() -> Schema:
    """A node: the name of an op, null (which removes one), or a mapping, checked by what it says it is."""
    cases = [_reference("op_arguments"), _reference("block_arguments")]
    group = _node_keys() | {"let": {"anyOf": [{"$ref": "#/definitions/let"}, _NULL]}}
    cases.append({"if": {"required": ["graph"]}, "then": {"properties": group, "additionalProperties": False}})
    reuse = {name: part for name, part in _node_keys().items() if name in REUSE_KEYS}
    cases.append({"if": {"required": ["reuse"]}, "then": {"properties": reuse, "additionalProperties": _NULL}})
    return {
        "anyOf": [
            _NULL,
            {"type": "string", "enum": list(registry.ops())},
            _reference(),
            {"type": "object", "properties": _node_keys(), "allOf": cases},
        ]
    }


def _change() -> Schema:
    """What `override` says of nodes inside: another op, null, or keys of theirs; arguments depend on the nodes."""
    keys = {key: part for key, part in _node_keys().items() if key in OF_CHANGES}
    op = _names()["op"]
    refused = dict.fromkeys((key for key in NODE_DOCS if key not in OF_CHANGES), False)
    change: Schema = {"type": "object", "properties": keys | {"op": op} | refused, "minProperties": 1}
    never: Schema = {"type": "null", "description": "The node passes its first input through."}
    return {"anyOf": [*op["anyOf"], never, change]}


def _value(kind: str) -> Schema:
    """A mapping that names an op or a block, with values of its arguments."""
    others = sorted(NODE_KEYS - {kind})
    return {
        "type": "object",
        "description": f"{KINDS[kind].capitalize()} and values of its arguments.",
        "required": [kind],
        "properties": {kind: _names()[kind]},
        "propertyNames": {"not": {"enum": others}},
        "allOf": [_reference(f"{kind}_arguments")],
    }


def _names() -> Schema:
    """What names an op, or a block."""
    return {
        "op": {"anyOf": [{"enum": list(registry.ops())}, _reference()]},
        "block": {"anyOf": [{"enum": list(library.blocks())}, {"type": "string"}]},
    }


def _node_keys() -> Schema:
    properties = _plain(Node.model_json_schema(by_alias=True))["properties"]
    properties |= {"after": {"type": "string"}, "before": {"type": "string"}}
    properties |= _names()
    properties["graph"] = {"$ref": "#/definitions/graph"}
    properties["from"] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    properties["inputs"] = properties["from"]
    properties["when"] = {"anyOf": [{"type": "boolean"}, _reference()]}
    properties["each"] = {"anyOf": [{"type": "array"}, _reference()]}
    properties["as"] = properties["from"]
    properties["repeat"] = {"anyOf": [{"type": "integer", "minimum": 0}, _reference()]}
    properties["outputs"] = {"$ref": "#/definitions/outputs"}
    return {name: {"anyOf": [properties[name], _NULL], "description": text} for name, text in NODE_DOCS.items()}


def _case(kind: str, name: str, arguments: Schema) -> Schema:
    """What a node of one op or block may say."""
    properties = dict.fromkeys(NODE_DOCS, True) | arguments
    return {
        "if": {"properties": {kind: {"const": name}}, "required": [kind]},
        "then": {"properties": properties, "additionalProperties": _NULL},
    }


def _op_arguments(cls: type[Op]) -> Schema:
    docs = cls.argument_docs()
    properties = _plain(cls.model_json_schema())["properties"] if cls.model_fields else {}
    return {name: _or_expression(part) | {"description": docs.get(name, "")} for name, part in properties.items()}


def _block_arguments(name: str) -> Schema:
    return {key: _or_expression(_param(param)) | {"description": param.doc} for key, param in _params(name).items()}


def _params(name: str) -> dict[str, Param]:
    return library_block(name).params


def _param(param: Param) -> Schema:
    types: dict[str | None, Schema] = {
        "int": {"type": "integer"},
        "float": {"type": "number"},
        "bool": {"type": "boolean"},
        "str": {"type": "string"},
        "list": {"type": "array"},
        "size": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
        "op": {"anyOf": [{"enum": list(registry.ops())}, _reference("op_value")]},
        "block": {"anyOf": [{"type": "string"}, _reference("block_value")]},
        None: {},
    }
    schema = dict(types[param.kind])
    if param.choices and not param.names_one:
        schema = {"enum": list(param.choices)}
    if not param.required and param.default is not None:
        schema["default"] = param.default
    if param.kind in ("int", "float"):
        schema |= {"minimum": param.min} if param.min is not None else {}
        schema |= {"maximum": param.max} if param.max is not None else {}
    return schema


def _reference(definition: str = "expression") -> Schema:
    return {"$ref": f"#/definitions/{definition}"}


def _or_expression(schema: Schema) -> Schema:
    """A schema that also takes an expression, for the value itself and for each item of a list."""
    outer: Schema = {key: schema[key] for key in ("default", "description") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in outer}
    options = inner.pop("anyOf", [inner])
    if {} in options:
        return outer
    options = [
        option | {"items": _or_expression(option["items"])} if isinstance(option.get("items"), dict) else option
        for option in options
    ]
    return {"anyOf": [*options, _reference(), _NULL], **outer}
