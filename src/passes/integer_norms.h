#pragma once

#include <string>
#include <vector>

#include "passes/pass.h"

/// integer-norms: softmax and layer norm between codes, as operations that integers can do (norm_formats.h).
///
///   before   z = quantize(softmax(q))
///   after    z = quantize(quantize(exp(quantize(q - max q))) * quantize(1 / sum quantize(exp(..))))
///
/// The one pass that changes what a network says. Without it such a network is refused, so no answer changes that was given
/// before; what it does and how far it is off at most is a notice for every node (LowerOptions::notices). Only behind codes
/// and before a quantizer or a product; at the end of a network both stay with the host, who computes them as they are.
/// Formats follow from the finest quantizer that follows: the error before it is at most a quarter of its step, or what the
/// notice says where that would take tables beyond measure. Where a product follows and no quantizer, it gets one of 8 bits
/// (softmax) or is refused as any product of real numbers (layer norm).
namespace sluice::passes {

/// What became of one node.
struct NormNotice {
  std::string node;
  double step = 0;   ///< of the quantizer behind it
  double bound = 0;  ///< of the error in front of that quantizer
  std::string text;  ///< a sentence
};

/// Errors  unsupported: sizes beyond those of norm_formats.h
Result<Change> integerNorms(ir::Graph& graph, const LowerOptions& options, std::vector<NormNotice>* notices);

}  // namespace sluice::passes
