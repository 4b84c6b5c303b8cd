"""Shapes for packages that bring ops of their own: the names of `archspec.ops.tensor`, at a place that stays."""

from archspec.ops.tensor import Shape, Shapes, axis, broadcast, elements, extent, places, show, spatial_rank

__all__ = ["Shape", "Shapes", "axis", "broadcast", "elements", "extent", "places", "show", "spatial_rank"]
