#pragma once

#include "passes/pass.h"

/// The passes of the lowering, in their order of use (pipeline.cpp), each with what it does before and after.
/// All but integer-norms are exact; all keep names and record origins.
namespace sluice::passes {

/// fold-constants: nodes that read only constants become constants.
///
///   before   w = transpose(quantize($reals))
///   after    w = $codes
///
/// A Quantize of constants becomes codes, every tie decided exactly; Transpose and Reshape move elements.
/// Real arithmetic is folded only where the result is exact in float64: else the node stays, and the chain
/// that reads it evaluates it exactly.
Result<Change> foldConstants(ir::Graph& graph, const LowerOptions& options);

/// fold-identity: nodes that change nothing are read through.
///
///   identity(x);  reshape(x) to the shape it has;  transpose(x) by no permutation;  x + 0, x - 0, x * 1, x /
///   1 where x is real and the shape stays
Result<Change> foldIdentity(ir::Graph& graph, const LowerOptions& options);

/// quantize-inputs: a real tensor that comes from inputs without meeting codes and enters a matrix product
/// gets the default input format.
///
///   before   y = matMul(x, w)                after    y = matMul(quantize(x), w)
Result<Change> quantizeInputs(ir::Graph& graph, const LowerOptions& options);

/// integer-norms: softmax and layer norm between codes, of integers (integer_norms.h). Not exact: the error is bounded and
/// told, and what it makes of the node is the definition that all that follows keeps to the bit.
Result<Change> integerNormsPass(ir::Graph& graph, const LowerOptions& options);

/// spell-out: frameworks' operations as what they are made of.
///
///   average pool, mean    sum and division         convolution with bias    convolution and sum
///   transposed convolution                         convolution of the input with zeros between
Result<Change> spellOut(ir::Graph& graph, const LowerOptions& options);

/// sink-moves: what only moves elements, or picks the largest, waits until the next quantizer has made codes.
///
///   before   quantize(relu(concat(a, maxPool(b))))
///   after    concat(quantize(relu(a)), maxPool(quantize(relu(b))))
Result<Change> sinkMoves(ir::Graph& graph, const LowerOptions& options);

/// lower-linear: what is exact in integers without a quantizer, in one walk, as each may stand behind another.
///
///   matMul(x, $w), conv(x, $w)   dense, codeConv(x, $w', $bias): w' without zero point; the bias, if there is one,
///                                takes out the zero point of x, and takes in a constant sum behind it that is
///                                a whole number of steps in every channel
///   add, subtract                merge on the common grid; also of scales no power of two apart, where the factors
///                                stay small and no table of pairs is better
///   multiply, minimum, maximum   codeMultiply, codeMinimum, codeMaximum
///   matMul(x, y)                 codeMatMul
///   concat, pool sum, ...        on codes, where something behind needs integers
///
/// x may also be a real tensor that is exactly on a grid (relu of codes, codes times a positive number, ...),
/// and real weights pass if a grid of at most 16 bits holds them.
Result<Change> lowerLinear(ir::Graph& graph, const LowerOptions& options);

/// fold-bias: a constant that is a whole number of accumulator steps in every column goes into the product.
///
///   before   y = add(dense(x, $w), $b)       after    y = dense(x, $w, $b / scale)
Result<Change> foldBias(ir::Graph& graph, const LowerOptions& options);

/// lift-reshape: a real Reshape behind element-wise operations moves before them, onto the codes, where it
/// costs nothing; so no chain is cut by it.
///
///   before   quantize(reshape(relu(codes)))  after    quantize(relu(reshape(codes)))
Result<Change> liftReshape(ir::Graph& graph, const LowerOptions& options);

/// fuse-chains: what stands between codes and the next quantizer becomes thresholds, a table or a scaled
/// shift (chain_form.h), per channel where needed.
///
///   before   q = quantize(relu(batchNormalize(a, ...)))      after    q = threshold(a, $t)
///
/// A real tensor inside that others read too stays for them. A quantizer for which no form is exact stays as
/// it is; check-lowered says why.
Result<Change> fuseChains(ir::Graph& graph, const LowerOptions& options);

/// append-top-k: if asked for, outputs become the indices of their k largest elements; where a rising
/// function of codes (a positive scale, a shift, softmax) is all that stands between, the comparison is one
/// of codes.
Result<Change> appendTopK(ir::Graph& graph, const LowerOptions& options);

/// remove-dead: nodes that no output needs are dropped; inputs stay.
Result<Change> removeDead(ir::Graph& graph, const LowerOptions& options);

/// check-lowered: changes nothing.
/// Errors  unsupported: everything that keeps the middle from being integer, one line per node, with the
/// reason
Result<Change> checkLowered(ir::Graph& graph, const LowerOptions& options);

}  // namespace sluice::passes
