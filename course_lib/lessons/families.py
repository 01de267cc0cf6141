"""What several exercises are made of: a convolution's parameters and work, a Linear layer's, Adam's state, a small CNN."""

from course_lib.asking.answers import Answer

CONV = Answer(
    sizes={},
    terms={"weights": "k k cin cout", "biases": "cout"},
    swaps={"k": "cout size", "cin": "cout", "cout": "cin"},
    plus={"input_biases": "cin"},
    instead={
        "bias_per_element": "k k cin cout + k k",
        "bias_per_input": "k k cin cout + cin",
        "macs_for_params": "k k cin cout out out",
        "one_kernel_weights": "k k cin",
        "inputs_and_bias_forgotten": "k k cout",
    },
    per="cin k·k out·out size·size cout",
    times="out·out size·size cout batch",
)
WORK = Answer(
    sizes={},
    terms={"products": "k k cin cout out out"},
    swaps={"out": "size", "cin": "cout", "cout": "cin"},
    plus={"biases": "cout out out", "stored_biases": "cout"},
    unit="macs",
    times="batch out·out cout k·k size·size",
)
LINEAR = Answer(
    sizes={},
    terms={"weights": "inputs outputs", "biases": "outputs"},
    swaps={"outputs": "inputs", "inputs": "outputs"},
    plus={"input_biases": "inputs"},
    instead={"added": "inputs + outputs", "linear_bias_inputs": "inputs outputs + inputs"},
    per="outputs inputs",
    times="batch",
)
ADAM = Answer(
    sizes={"values": 26_926, "width": 4, "tensors": 8, "step": 4, "eight": 8, "one": 1, "two": 2, "batch": 16},
    terms={"averages": "two values width", "steps": "tensors step"},
    swaps={"two": "one", "step": "one eight two", "tensors": "one"},
    plus={"weights": "values width"},
    unit="bytes",
)
LAYERS = {  # of a network of two convolutions and two Linear layers
    "conv1": "w_conv1 b_conv1",
    "conv2": "w_conv2 b_conv2",
    "fc1": "w_fc1 b_fc1",
    "fc2": "w_fc2 b_fc2",
    "all_biases": "b_conv1 b_conv2 b_fc1 b_fc2",
    "convolutions": "w_conv1 b_conv1 w_conv2 b_conv2",
    "linears": "w_fc1 b_fc1 w_fc2 b_fc2",
    "conv_biases": "b_conv1 b_conv2",
}
SMALL_CNN = {  # the sizes of a small CNN that are drawn anew
    "kernel1": "3 5 7",
    "channels1": "4 6 8 9 10",
    "kernel2": "3 5",
    "channels2": "14 16 20 24 32",
    "hidden": "48 64 96 100 256",
}
A1 = {"kernel1": 5, "channels1": 5, "kernel2": 3, "channels2": 12, "hidden": 128}
SMALL_CNN_SIZES = {  # what follows from them on a picture of 3×32×32 and for 10 classes: what the layers store, give and do
    "side1": "32 - kernel1 + 1",
    "pooled_side1": "(side1 - 5) // 2 + 1",
    "out2": "pooled_side1 - kernel2 + 1",
    "after": "(out2 - 3) // 2 + 1",
    "flat": "channels2 * after**2",
    "classes": "10",
    "conv1_w": "kernel1**2 * 3 * channels1",
    "conv1_b": "channels1",
    "conv2_w": "kernel2**2 * channels1 * channels2",
    "conv2_b": "channels2",
    "fc1_w": "flat * hidden",
    "fc1_b": "hidden",
    "fc2_w": "hidden * classes",
    "fc2_b": "classes",
    "all_w": "conv1_w + conv2_w + fc1_w + fc2_w",
    "biases": "conv1_b + conv2_b + fc1_b + fc2_b",
    "params": "all_w + biases",
    "norm": "channels1 + channels2 + hidden",
    "map1": "channels1 * side1**2",
    "pooled1": "channels1 * pooled_side1**2",
    "map2": "channels2 * out2**2",
    "activations": "map1 + map2 + flat + hidden",
    "macs1": "conv1_w * side1**2",
    "macs": "macs1 + conv2_w * out2**2 + fc1_w + fc2_w",
}
