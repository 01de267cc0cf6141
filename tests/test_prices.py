"""Every overload of every operation that the installed PyTorch has is priced, known to be harmless for a reason, or named."""

import math
import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import count
from course_lib.by_machine.walk.operations import Operations
from course_lib.by_machine.walk.prices import MACS, REASONS, harmless, price_of

COMPOSITE = "CompositeImplicitAutograd"  # arrives in parts, each by itself
BACKENDS = ("CPU", "CUDA", "Meta", "CompositeExplicitAutograd", "CompositeExplicitAutogradNonFunctional")
# What may multiply, as it is called: whoever adds an operation of such a name to PyTorch is heard of here.
PRODUCTS = re.compile(
    r"mm(?![a-z])|conv(?!ert)|linear|attention|lstm|rnn|gru|linalg|fft|chol|dist|dot|bilinear|mv|matmul|solve|linalg_inv|attn|qr|eig|svd"
)


def overloads() -> dict:
    found = {}
    for name in torch._C._dispatch_get_all_op_names():
        space, _, name = name.partition("::")
        base, _, overload = name.partition(".")
        full = f"{space}::{name}"
        runs = any(torch._C._dispatch_has_kernel_for_dispatch_key(full, key) for key in BACKENDS)
        if space == "aten" and runs and not torch._C._dispatch_has_kernel_for_dispatch_key(full, COMPOSITE):
            found[name] = getattr(getattr(torch.ops.aten, base), overload or "default")
    return found


OVERLOADS = overloads()


def why(func) -> str:
    return "priced" if price_of(func) else harmless(func)


def base(name: str) -> str:
    return name.partition(".")[0].removesuffix("_")


# That look like products, and are none.
NONE = """_compute_linear_combination _convert_weight_to_int4pack _convert_weight_to_int4pack_for_cpu
_embedding_bag_per_sample_weights_backward _foreach_rsqrt _foreach_sqrt _linalg_check_errors
_thnn_fused_gru_cell _thnn_fused_gru_cell_backward _thnn_fused_lstm_cell _thnn_fused_lstm_cell_backward_impl
_upsample_bilinear2d_aa _upsample_bilinear2d_aa_backward _weight_norm_interface _weight_norm_interface_backward dist
fft_fftfreq fft_rfftfreq linalg__powsum linalg_cross linalg_vector_norm upsample_bilinear2d upsample_bilinear2d_backward
upsample_linear1d upsample_linear1d_backward upsample_trilinear3d upsample_trilinear3d_backward"""
# That multiply, and have no price: other backends' kernels, which no walk hears, sparse and quantized ones, decompositions, Fourier's.
NAMED = """_cdist_backward _cdist_forward _cholesky_solve_helper _cslt_sparse_mm _cudnn_rnn _cudnn_rnn_backward _cudnn_rnn_flatten_weight
_dyn_quant_pack_4bit_weight _empty_per_channel_affine_quantized _euclidean_dist _fft_c2c _fft_c2r _fft_r2c _foreach_mm _linalg_det
_flash_attention_forward_no_dropout_inplace _linalg_eigh _linalg_eigvals _linalg_slogdet _linalg_solve_ex _linalg_svd _lstm_mps
_mps_convolution _mps_convolution_transpose _native_multi_head_attention _nnpack_spatial_convolution _pdist_backward _pdist_forward
_scaled_dot_product_attention_math_for_mps _scaled_dot_product_flash_attention_for_cpu_backward _scaled_mm_v2 _slow_conv2d_backward
_scaled_dot_product_fused_attention_overrideable _scaled_dot_product_fused_attention_overrideable_backward _sparse_addmm
_sparse_coo_tensor_with_dims_and_tensors _sparse_mask_projection _sparse_semi_structured_addmm _sparse_semi_structured_linear
_sparse_semi_structured_mm _sparse_sparse_matmul _test_functorch_fallback _transformer_encoder_layer_fwd _triton_multi_head_attention
_triton_scaled_dot_attention _weight_int4pack_mm_with_scales_and_zeros cholesky cholesky_inverse cholesky_solve conv_depthwise3d geqrf
convolution_backward_overrideable cudnn_convolution_add_relu cudnn_convolution_relu cudnn_convolution_transpose linalg_cholesky_ex
linalg_eig linalg_eigvals linalg_householder_product linalg_inv_ex linalg_ldl_factor_ex linalg_ldl_solve linalg_lstsq linalg_lu
linalg_lu_factor_ex linalg_lu_solve linalg_matrix_exp linalg_pinv linalg_qr linalg_solve_triangular linear_backward lstm_mps_backward
matmul_backward miopen_convolution miopen_convolution_transpose miopen_ctc_loss miopen_depthwise_convolution miopen_rnn ormqr
miopen_rnn_backward mkldnn_convolution mkldnn_linear_backward mkldnn_linear_backward_input mkldnn_linear_backward_weights
mkldnn_reorder_conv2d_weight mkldnn_reorder_conv3d_weight mkldnn_rnn_layer_backward mps_convolution_backward quantized_batch_norm
mps_convolution_transpose_backward quantized_gru quantized_lstm slow_conv3d_forward slow_conv_dilated2d slow_conv_dilated3d
slow_conv_transpose2d slow_conv_transpose3d sparse_compressed_tensor sparse_mask sspaddmm triangular_solve"""


def test_what_is_harmless_does_not_look_like_a_product():
    assert len(OVERLOADS) > 2_000
    suspects = {base(name) for name, func in OVERLOADS.items() if PRODUCTS.search(name) and why(func) not in ("", "priced", "pointwise")}
    assert suspects == {*NONE.split()}


def test_what_has_no_price_is_what_stands_here():
    """A new PyTorch's operation is named until somebody has looked at it: here it shows."""
    assert {base(name) for name, func in OVERLOADS.items() if not why(func)} == {*NAMED.split()}


def test_what_is_known_one_by_one_is_needed():
    """No name stands in the lists that a rule knows already, or that PyTorch does not have."""
    assert {base(name) for name, func in OVERLOADS.items() if harmless(func) in REASONS.values()} == {*REASONS}
    assert {base(name) for name in OVERLOADS} >= MACS.keys()


def rand(*size: int) -> torch.Tensor:
    return torch.rand(size)


PRODUCTS_BY_HAND = {  # a call, and its MACs from the sizes alone
    "mv": (lambda: rand(3, 4) @ rand(4), 12),
    "dot": (lambda: torch.dot(rand(5), rand(5)), 5),
    "vdot": (lambda: torch.vdot(rand(5), rand(5)), 5),
    "addmv in place": (lambda: rand(3).addmv_(rand(3, 4), rand(4)), 12),
    "addmm in place": (lambda: rand(3, 5).addmm_(rand(3, 4), rand(4, 5)), 60),
    "baddbmm in place": (lambda: rand(2, 3, 5).baddbmm_(rand(2, 3, 4), rand(2, 4, 5)), 120),
    "addbmm": (lambda: torch.addbmm(rand(3, 5), rand(2, 3, 4), rand(2, 4, 5)), 120),
    "addr": (lambda: torch.addr(rand(3, 4), rand(3), rand(4)), 12),
    "_addmm_activation": (lambda: torch._addmm_activation(rand(5), rand(3, 4), rand(4, 5)), 60),
    "of bytes": (lambda: torch._int_mm(torch.ones(32, 16, dtype=torch.int8), torch.ones(16, 8, dtype=torch.int8)), 32 * 16 * 8),
    "packed bytes": (lambda: torch._weight_int8pack_mm(rand(3, 16), torch.ones(8, 16, dtype=torch.int8), rand(8)), 3 * 16 * 8),
    "conv_tbc": (lambda: torch.conv_tbc(rand(9, 2, 3), rand(5, 3, 4), rand(4)), (9 - 5 + 1) * 2 * 5 * 3 * 4),
    "conv_tbc, padded": (lambda: torch.conv_tbc(rand(9, 2, 3), rand(5, 3, 4), rand(4), 1), (9 + 2 - 5 + 1) * 2 * 5 * 3 * 4),
    "bilinear": (lambda: nn.Bilinear(4, 5, 6)(rand(2, 4), rand(2, 5)), 2 * 6 * 5 * (4 + 1)),
    "attention": (lambda: F.scaled_dot_product_attention(rand(6, 7, 4), rand(6, 9, 4), rand(6, 9, 5)), 6 * 7 * 9 * (4 + 5)),
    "attention on the CPU": (lambda: F.scaled_dot_product_attention(*[rand(2, 3, 7, 4)] * 3), 6 * 7 * 7 * 8),
    "lstm": (lambda: nn.LSTM(6, 7, 2, bidirectional=True)(rand(5, 3, 6)), 5 * 3 * 2 * (28 * (6 + 7) + 28 * (14 + 7))),
    "grouped": (
        lambda: torch._grouped_mm(rand(8, 16).bfloat16(), rand(2, 16, 8).bfloat16(), offs=torch.tensor([4, 8]).int()),
        8 * 16 * 8,
    ),
}  # fmt: skip


@pytest.mark.parametrize("without_values", [False, True])
@pytest.mark.parametrize("call, macs", PRODUCTS_BY_HAND.values(), ids=PRODUCTS_BY_HAND)
def test_a_product_costs_what_its_sizes_say(call, macs, without_values):
    heard = []
    with torch.no_grad(), Operations(lambda op, result: heard.append(op), hollow=without_values):
        call()
    assert sum(op.macs for op in heard) == macs
    assert all(op.priced for op in heard)


@torch.library.custom_op("course_tests::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    return 2 * x


twice.register_fake(torch.empty_like)


def test_an_operator_of_your_own_is_named_until_it_has_a_price():
    class Own(nn.Module):
        def forward(self, x):
            return twice(x)

    assert "not counted" in str(count(Own(), (1, 3)))
    torch.utils.flop_counter.register_flop_formula(torch.ops.course_tests.twice)(lambda x, out_shape=None, **_: 2 * math.prod(x))
    try:
        ledger = count(Own(), (1, 3))
        assert ledger.macs == 3 and "not counted" not in str(ledger)
    finally:
        del torch.utils.flop_counter.flop_registry[torch.ops.course_tests.twice]
