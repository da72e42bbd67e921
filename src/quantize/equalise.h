#pragma once

#include "base/result.h"
#include "ir/graph.h"

namespace sluice::quantize {

struct Calibration;

/// Cross-layer equalisation: channels between two layers get ranges that are alike, so that one grid for all of them
/// is coarse for none.
///
///   relu(x / s) = relu(x) / s for s > 0. So the outputs of a layer may be divided by factors s[c], its weights and
///   bias that is, and the weights of the only layer behind it that read channel c multiplied by them.
///
/// With r1[c] the largest magnitude of channel c on the samples and r2[c] that of the weights that read it, s[c] =
/// sqrt(r1[c] / r2[c]) makes both sqrt(r1[c] r2[c]). The factors are powers of two, so the function does not
/// change at all, not even in its last digit. Where a tensor has several readers, or an operation between the layers
/// that is not positively homogeneous (sigmoid, sums of branches), nothing is done.
///
/// Source  Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section
///         4.1. Ours differs: r1 is taken from the samples instead of the weights (weights have a scale per output
///         anyway); powers of two.
///
/// `form` is in normal form. Errors: those of evaluating it on the samples.
Status equalise(ir::Graph& form, const Calibration& calibration, unsigned threads);

}  // namespace sluice::quantize
