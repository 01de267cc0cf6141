"""The wrong formulas that people use, as data: name → formula on sizes. Each one's sentence is in words.py, under its name."""

from __future__ import annotations

from types import SimpleNamespace

from course_lib.by_hand.layers import Conv2d


def conv_sizes(cin: int, cout: int, k: int, size: int, **more: int) -> SimpleNamespace:
    """The sizes of a convolution's exercise: k×k kernels, cin→cout channels, size×size in, out×out out; and the layer."""
    layer = Conv2d(cin, cout, k, stride=more.get("stride", 1), padding=more.get("padding", 0), groups=more.get("groups", 1))
    out = layer.output_shape((cin, size, size))[1]
    return SimpleNamespace(**{"stride": 1, "padding": 0, "groups": 1, "batch": 1, **more}, cin=cin, cout=cout, k=k, size=size,
                           out=out, layer=layer)  # fmt: skip


MISTAKES = {
    # parameters of a convolution
    "bias_forgotten": lambda s: s.k**2 * s.cin * s.cout,
    "bias_one": lambda s: s.k**2 * s.cin * s.cout + 1,
    "bias_per_element": lambda s: s.k**2 * s.cin * s.cout + s.k**2,
    "bias_per_pair": lambda s: (s.k**2 + 1) * s.cin * s.cout,
    "bias_per_position": lambda s: s.k**2 * s.cin * s.cout + s.cout * s.out**2,
    "bias_per_input": lambda s: s.k**2 * s.cin * s.cout + s.cin,
    "inputs_forgotten": lambda s: s.k**2 * s.cout + s.cout,
    "outputs_forgotten": lambda s: s.k**2 * s.cin + 1,
    "outputs_twice": lambda s: (s.k**2 * s.cin * s.cout + s.cout) * s.cout,
    "kernel_not_squared": lambda s: s.k * s.cin * s.cout + s.cout,
    "map_in_params": lambda s: s.k**2 * s.cin * s.cout * s.out**2 + s.cout,
    "input_map_in_params": lambda s: s.k**2 * s.size**2 * s.cin * s.cout + s.cout,
    "stride_divides": lambda s: (s.k**2 * s.cin * s.cout + s.cout) // s.stride**2,
    "padding_adds": lambda s: (s.k + 2 * s.padding) ** 2 * s.cin * s.cout + s.cout,
    "batch_multiplies": lambda s: s.batch * (s.k**2 * s.cin * s.cout + s.cout),
    "macs_for_params": lambda s: s.k**2 * s.cin * s.cout * s.out**2,
    "params_per_position": lambda s: (s.k**2 * s.cin * s.cout + s.cout) * s.out**2,
    "params_per_cell": lambda s: (s.k**2 * s.cin * s.cout + s.cout) * s.size**2,
    "weights_per_cell": lambda s: s.k**2 * s.cin * s.cout * s.size**2,
    "one_kernel_weights": lambda s: s.k**2 * s.cin,
    "inputs_and_bias_forgotten": lambda s: s.k**2 * s.cout,
    "one_factor_missing": lambda s: s.k * s.cin * s.cout + s.cout,
    "arguments_swapped": lambda s: s.cin**2 * s.cout * s.k + s.k,
    "groups_bias_forgotten": lambda s: s.k**2 * (s.cin // s.groups) * s.cout,
    "groups_and_bias_forgotten": lambda s: s.k**2 * s.cin * s.cout,
    "groups_divide_biases": lambda s: s.k**2 * (s.cin // s.groups) * s.cout + s.cout // s.groups,
    "groups_ignored": lambda s: s.k**2 * s.cin * s.cout + s.cout,
    "groups_twice": lambda s: s.k**2 * (s.cin // s.groups) * (s.cout // s.groups) + s.cout // s.groups,
    # work of a convolution
    "map_forgotten": lambda s: s.k**2 * s.cin * s.cout,
    "flop_for_mac": lambda s: 2 * s.k**2 * s.cin * s.cout * s.out**2,
    "input_positions": lambda s: s.k**2 * s.cin * s.cout * s.size**2,
    "work_inputs_forgotten": lambda s: s.k**2 * s.cout * s.out**2,
    "work_outputs_forgotten": lambda s: s.k**2 * s.cin * s.out**2,
    "bias_counted": lambda s: (s.k**2 * s.cin + 1) * s.cout * s.out**2,
    "params_for_macs": lambda s: s.k**2 * s.cin * s.cout + s.cout,
    "one_value_only": lambda s: s.k**2 * s.cin,
    "value_bias": lambda s: s.k**2 * s.cin + 1,
    "value_inputs_forgotten": lambda s: s.k**2,
    "value_kernel_not_squared": lambda s: s.k * s.cin,
    "value_all_kernels": lambda s: s.k**2 * s.cin * s.cout,
    # Flatten, after a pool of kernel `pool` and stride 2 on `channels` maps of size `before`
    "flatten_no_channels": lambda s: s.after**2,
    "flatten_before_pool": lambda s: s.channels * s.before**2,
    "flatten_plus_one_lost": lambda s: s.channels * (s.after - 1) ** 2,
    "flatten_not_floored": lambda s: s.channels * (s.after + 1) ** 2,
    "flatten_stride_forgotten": lambda s: s.channels * (s.before - 2) ** 2,
    "flatten_half": lambda s: s.channels * 3.5**2,
    "flatten_one_side": lambda s: s.channels * s.after,
    # Linear
    "linear_bias_forgotten": lambda s: s.inputs * s.outputs,
    "linear_bias_inputs": lambda s: s.inputs * s.outputs + s.inputs,
    "linear_bias_one": lambda s: s.inputs * s.outputs + 1,
    "linear_channels_only": lambda s: s.channels * s.outputs + s.outputs,
    # networks, of `params` parameters
    "activation_owns": lambda s: s.params + s.activations,
    "all_biases_forgotten": lambda s: s.params - s.biases,
    "convolutions_only": lambda s: s.convolutions,
    "frozen_still_counted": lambda s: s.params,
    "frozen_weights_only": lambda s: s.params - s.frozen_weights,
    "frozen_only": lambda s: s.frozen,
    "tied_twice": lambda s: 2 * (s.side**2 + s.side),
    "tied_bias_too": lambda s: s.side**2 + s.side,
    "both_convolutions_frozen": lambda s: s.params - s.convolutions,
    "tied_weight_only": lambda s: s.side**2,
    "tied_biases_forgotten": lambda s: 2 * s.side**2,
    "tensors_are_layers": lambda s: s.tensors // 2,
    "tensors_of_six": lambda s: 6,
    "tensors_of_pools": lambda s: 12,
    "tensors_all_layers": lambda s: s.layers,
    # bytes
    "values_not_bytes": lambda s: s.values * s.unit,
    "bits_not_bytes": lambda s: 8 * s.width * s.values * s.unit,
    "float32_assumed": lambda s: 4 * s.values * s.unit,
    "mb_for_mib": lambda s: s.width * s.values / 1e6,
    "bytes_not_mib": lambda s: s.width * s.values,
    "values_over_mib": lambda s: s.values / 2**20,
    "mb_not_bytes": lambda s: s.width * s.values / 1e6,
    "kb_not_bytes": lambda s: s.width * s.values / 1e3,
    "mb_as_printed": lambda s: round(s.width * s.values / 1e6, 2) * 1e6,
    "channels_forgotten": lambda s: s.width * s.values / 3,
    "values_halved": lambda s: s.values / 2,
    "kb_for_mib": lambda s: s.width * s.values / 2**10,
    "batch_forgotten": lambda s: s.width * s.values / s.batch,
    "activations_for_weights": lambda s: s.width * s.outputs * s.unit,
    # whole networks
    "kernel_grows_all": lambda s: s.params + s.kernel_growth,
    "kernel_shrinks_only": lambda s: s.params - s.fc1_loss,
    "share_as_fraction": lambda s: s.fc1 / s.params,
    "share_even": lambda s: 100 / 4,
    "share_of_layers": lambda s: 100 / s.layers,
    "unused_counted": lambda s: s.params + s.unused,
}
