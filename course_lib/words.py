"""Every word that the library shows, in one dict a language."""

from __future__ import annotations

language = "en"

WORDS = {
    "en": {
        "layer": "layer", "what": "what", "output": "output", "work": "the work", "params": "parameters",
        "buffers": "buffers", "macs": "MACs", "note": "note", "total": "total", "by_hand": "by hand",
        "agree": "3 agree ✓", "differ": "they differ", "change": "change", "three": "hand · PyTorch · torchinfo",
        "shared_with": "shared with {names}", "never_used": "never used in forward",
        "unexplained": ".parameters() has {by:+,} and no reason is known: please report it",
        "torchinfo_tied": "{note}: torchinfo counts a shared tensor with every layer that has it",
        "input": "input", "maps": "maps", "weights": "weights", "orange_area": "orange area = parameters",
        "with_padding": "with padding {size}", "kernels": "{n} kernels of {size}, no bias", "more": "and {n} more",
        "kernels_bias": "{n} kernels of {size}, each with a bias (dot)", "number": "number",
        "does_not_fit": "This does not fit. {error}.", "macs_image": "MACs per image", "macs_batch": "MACs per batch of {n}",
        "weights_float32": "weights, float32", "share_in": "of the parameters sit in {name}", "macs_one": "MACs per output value",
        "network_alt": "Feature maps and weights layer by layer, from an input of {input}: {maps} parameters.",
        "layer_alt": "{layer} on an input of {input}, output {output}; the kernel stands at output position {n} of {of}.",
        "one_value": "multiplications for one output value", "output_values": "output values",
        "layer_macs": "MACs of the layer", "layer_params": "parameters of the layer",
        "conv1_kernel": "conv1 kernel", "conv1_channels": "conv1 channels", "pool1_kernel": "pool1 kernel",
        "conv2_kernel": "conv2 kernel", "conv2_channels": "conv2 channels", "pool2_kernel": "pool2 kernel",
        "hidden": "hidden units", "image": "image", "batch": "batch", "batch_norm": "BatchNorm",
        "global_pool": "global average pool", "machine": "compare with PyTorch and torchinfo", "columns": "side by side",
        "kernel_size": "kernel", "stride": "stride", "padding": "padding", "dilation": "dilation", "groups": "groups",
        "in_channels": "channels in", "out_channels": "channels out", "position": "output position", "bias": "bias",
        "as_in_article": "as in the article", "larger_smaller": "a larger kernel, a smaller network",
        "torchinfo_unused": "{note}: torchinfo sees only what runs",
    }
}  # fmt: skip


def words(key: str, **values) -> str:
    """The words under a key in the current language, with the values filled in."""
    return WORDS[language][key].format(**values)
