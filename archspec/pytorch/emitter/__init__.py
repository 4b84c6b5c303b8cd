"""The PyTorch source of a network: one file that imports only torch and reads as if written by hand."""

from archspec.pytorch.emitter.header import module_name
from archspec.pytorch.emitter.registry import class_name
from archspec.pytorch.emitter.source import emit

__all__ = ["class_name", "emit", "module_name"]
