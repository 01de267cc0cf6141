"""What several exercises are made of: a convolution's parameters and work, a Linear layer's parameters, Adam's state."""

from course_lib.asking.slips import Answer

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
    per="cin k·k k out·out size·size cout",
    times="out·out size·size cout batch",
)
WORK = Answer(
    sizes={},
    terms={"products": "k k cin cout out out"},
    swaps={"out": "size", "cin": "cout", "cout": "cin"},
    plus={"biases": "cout out out", "stored_biases": "cout"},
    unit="macs",
    times="batch out·out cout k k·k size·size",
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
