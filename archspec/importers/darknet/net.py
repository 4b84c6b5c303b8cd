"""A network of Darknet: layers that take what the one above gives, or others by their numbers."""

from __future__ import annotations

from typing import Any

from archspec.importers.darknet import windows  # noqa: F401 - it registers what reads layers
from archspec.importers.darknet.layers import KINDS, LayerReader
from archspec.importers.darknet.places import head
from archspec.importers.darknet.sections import Section
from archspec.importers.draft import Draft, Given, Shape, UnsaidError, network_name
from archspec.importers.structure import specs_of

_NET = frozenset(
    """
    width height channels inputs
    batch subdivisions momentum decay angle saturation exposure hue learning_rate burn_in max_batches policy steps
    scales max_crop min_crop aspect power step gamma adam b1 b2 eps random notruth time_steps scale seq_scales mosaic
    mixup cutmix letter_box blur gaussian_noise num_steps trace label_smooth_eps flip optimized_memory
    workspace_size_limit_mb ema_alpha dynamic_minibatch max_chart_loss attention adversarial_lr sgdr_cycle sgdr_mult
    """.split()
)
"""The keys of `[net]`: sizes, and what belongs to the training."""
_HEADS = ("yolo", "region", "detection")


def drafted(given: Given, sections: list[Section]) -> Draft:
    """The network of sections, of which the first is `[net]`.

    Raises:
        SpecError: It has no sizes or no layers.
    """
    net, *layers = sections
    try:
        net.check_keys(_NET)
        width, height = (net.integer(key, None, 1) for key in ("width", "height"))
        layer = LayerReader(net, (net.integer("channels", 3, 1), height, width))
    except UnsaidError as fault:
        raise given.faults.error(str(fault), fault.span, help=fault.help) from None
    for number, section in enumerate(layers):
        layer.number, layer.section = number, section
        try:
            _read(layer, section)
        except UnsaidError as fault:
            given.faults.add(str(fault), fault.span, path=layer.called, help=fault.help)
            _unsaid(layer, str(fault))
        layer.given_by.append(layer.last)
    if not layer.layers:
        raise given.faults.error("it has no layers", net.span)
    return _whole(given, layer, len(layers))


def _read(layer: LayerReader, section: Section) -> None:
    """Read one section."""
    if section.kind in _HEADS:
        head(layer, section)
    elif section.kind == "cost":
        layer.remarks.append("[cost] is left out: losses belong to the training")
    elif section.kind in KINDS:
        kind = KINDS[section.kind]
        section.check_keys(kind.keys)
        kind.read(layer, section)
    else:
        from archspec.ops.foreign import ELSEWHERE

        help = ELSEWHERE.get(section.kind, "")
        raise UnsaidError(f"there is nothing for `[{section.kind}]` in a spec", section.span, help)


def _unsaid(layer: LayerReader, why: str) -> None:
    """A node in the place of a layer that cannot be said."""
    section = layer.section
    node = {"op": "identity", "doc": f"[{section.kind}] of line {section.span.line} is not here: {why}"}
    layer.add("unsaid", node, [layer.last], layer.shapes[layer.last])


def _whole(given: Given, layer: LayerReader, count: int) -> Draft:
    outputs = layer.outputs or {"output": layer.last}
    shapes: dict[str, Shape] = {name: layer.shapes[node] for name, node in outputs.items()}
    params, statistics, macs = (
        sum(getattr(each, figure) for each in layer.layers) for figure in ("params", "statistics", "macs")
    )
    expect: dict[str, Any] = {"params": params, "macs": macs}
    named = {name: list(shape) for name, shape in shapes.items()}
    expect |= {"outputs": named} if len(named) > 1 else {"output": next(iter(named.values()))}
    title = f"Imported from Darknet's {given.stem}.cfg."
    doc = f"{title} The outputs are the maps that its heads read." if layer.outputs else title
    given.faults.check_operands(layer.layers, given.start)
    heading = {"name": network_name(given.stem), "doc": doc}
    specs = specs_of(layer.layers, {"image": layer.shapes["image"]}, outputs, heading, expect)
    return Draft(specs, params, statistics, macs, shapes, f"{count} layers", layer.remarks, layer.layers)
