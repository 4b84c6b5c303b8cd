"""A compiled network: frozen nodes in topological order, and the tree of blocks they came from."""

from archspec.network.content import Applied, Body, Content, Copies, Layer, Origin, Run, Totals, Use
from archspec.network.figures import ActivationMemory, ReceptiveField
from archspec.network.kept import kept, kept_inside
from archspec.network.network import Network, NetworkOutput, NotCompiled, PartialNetwork
from archspec.network.views import Block, Context, Node, one_op

__all__ = [
    "ActivationMemory", "Applied", "Block", "Body", "Content", "Context", "Copies", "Layer", "Network",
    "NetworkOutput", "Node", "NotCompiled", "Origin", "PartialNetwork", "ReceptiveField", "Run", "Totals", "Use",
    "kept", "kept_inside", "one_op",
]  # fmt: skip
