"""From a flat list of layers to a graph that a person would write.

Convolutions become library blocks with the norm and activation behind them; parts that come again become blocks of the
file's own, with parameters for what differs; runs of equal nodes become repeats. Each step leaves alone what it does
not understand, and whoever imports checks what comes out against the flat list.
"""

from archspec.importers.structure.steps import specs_of

__all__ = ["specs_of"]
