"""Layers of Darknet that join, cut or rearrange what others give, and those that leave shapes alone."""

from __future__ import annotations

from archspec.importers.darknet.layers import LayerReader, reads
from archspec.importers.darknet.sections import Section
from archspec.importers.draft import UnsaidError


@reads("dropout", "probability")
def _dropout(layer: LayerReader, section: Section) -> None:
    share = section.real("probability", 0.5)
    if not 0 <= share <= 1:
        raise UnsaidError("`probability` lies between 0 and 1", section.span)
    node = {"op": "dropout"} | ({"p": share} if share != 0.5 else {})
    layer.add("dropout", node, [layer.last], layer.shapes[layer.last])


@reads("softmax", "groups", "temperature", "tree", "spatial")
def _softmax(layer: LayerReader, section: Section) -> None:
    if section.integer("groups", 1, 1) != 1 or "tree" in section.options or section.real("temperature", 1) != 1:
        raise UnsaidError("only a softmax over all classes, at temperature 1, can be said", section.span)
    layer.flat()
    layer.add("softmax", {"op": "softmax", "dim": 1}, [layer.last], layer.shapes[layer.last])


@reads("route", "layers", "groups", "group_id")
def _route(layer: LayerReader, section: Section) -> None:
    taken = [layer.given_by[place] for place in layer.places("layers")]
    shapes = [layer.shapes[name] for name in taken]
    if len({shape[1:] for shape in shapes}) > 1 or any(len(shape) != len(shapes[0]) for shape in shapes):
        raise UnsaidError("the layers that it joins differ in size", section.span)
    total = sum(shape[0] for shape in shapes)
    groups, group = section.integer("groups", 1, 1), section.integer("group_id", 0)
    if len(taken) > 1:
        layer.add("concat", {"op": "concat"}, taken, (total, *shapes[0][1:]))
    else:
        layer.last = taken[0]
    if groups > 1:
        if len(taken) > 1 or total % groups or group >= groups:
            raise UnsaidError("`groups` can be said of one layer, whose channels they divide", section.span)
        node = {"op": "split", "chunks": groups, "index": group}
        layer.add("split", node, taken, (total // groups, *shapes[0][1:]))


@reads("shortcut", "from", "activation")
def _shortcut(layer: LayerReader, section: Section) -> None:
    taken = [layer.last, *(layer.given_by[place] for place in layer.places("from"))]
    shapes = [layer.shapes[name] for name in taken]
    if len(set(shapes)) > 1:
        sizes = " and ".join("x".join(map(str, shape)) for shape in shapes)
        raise UnsaidError(f"a sum of {sizes}, of which Darknet adds the part in common, cannot be said", section.span)
    layer.activation("linear")
    layer.add("add", {"op": "add"}, taken, shapes[0])
    layer.activate("linear")


@reads("upsample", "stride", "scale")
def _upsample(layer: LayerReader, section: Section) -> None:
    stride = section.integer("stride", 2, 1)
    if section.real("scale", 1) != 1:
        raise UnsaidError("`scale` of an upsampling cannot be said", section.options["scale"].span)
    channels, height, width = layer.image()
    node = {"op": "upsample", "scale_factor": stride}
    layer.add("upsample", node, [layer.last], (channels, height * stride, width * stride))


@reads("reorg", "stride", "reverse", "flatten", "extra")
def _reorg(layer: LayerReader, section: Section) -> None:
    """Darknet reads the map as one of fewer channels and more places, whose places then become channels."""
    stride = section.integer("stride", 1, 1)
    channels, height, width = layer.image()
    square = stride * stride
    if channels % square or height % stride or width % stride:
        raise UnsaidError(f"{channels}x{height}x{width} do not divide by the stride {stride}", section.span)
    split = (channels // square, height, stride, width, stride)
    layer.add("reorg", {"op": "reshape", "shape": list(split)}, [layer.last], split)
    moved = tuple(split[place] for place in (2, 4, 0, 1, 3))
    layer.add("reorg", {"op": "permute", "dims": [3, 5, 1, 2, 4]}, [layer.last], moved, own="_order")
    result = (channels * square, height // stride, width // stride)
    layer.add("reorg", {"op": "reshape", "shape": list(result)}, [layer.last], result, own="_map")


def head(layer: LayerReader, section: Section) -> None:
    """The map that a head reads is an output: what comes after are boxes."""
    name = f"{section.kind}{layer.number}"
    layer.outputs[name] = layer.last
    shape = "x".join(map(str, layer.shapes[layer.last]))
    layer.remarks.append(f"[{section.kind}] {layer.number} is the output {name}, the {shape} map that it reads")
