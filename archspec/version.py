"""The version of the package, which emitted source states."""

__version__ = "0.1.0"
