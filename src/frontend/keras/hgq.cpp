// HGQ 0.2: proxy models, Keras 2 networks with a quantizer layer behind every layer that has one.

#include <algorithm>
#include <cmath>
#include <map>

#include "frontend/keras/fixed_format.h"
#include "frontend/keras/layer.h"

namespace sluice::frontend::keras {

/// Widths per element: bits (sign included), integers (sign included), keep_negative, in shape [1, ...] broadcast
/// against [batch, ...]. Rounding and overflow as ap_fixed. No bits: zero.
Result<ir::TensorId> importFixedPointQuantizer(Layer& layer) {
  const Json& config = layer.config();
  SLUICE_TRY(FixedFormats formats, modesOf(config["RND"].text("TRN"), config["SAT"].text("WRAP")));
  SLUICE_TRY(const Hdf5Data negative, layer.weights().get("keep_negative"));
  SLUICE_TRY(const Hdf5Data bits, layer.weights().get("bits"));
  SLUICE_TRY(const Hdf5Data integers, layer.weights().get("integers"));
  if (bits.shape != negative.shape || bits.shape != integers.shape)
    return badInput("has widths of different shapes");
  for (std::size_t n = 0; n < bits.values.size(); ++n) {
    const double k = negative.values[n], b = bits.values[n], i = integers.values[n];
    if (k != 0 && k != 1) return badInput("has a keep_negative that is neither 0 nor 1");
    if (b < 0 || b > 62 || std::abs(i) > 127) return badInput("has widths that no format has");
    formats.elements.push_back(b == 0 ? FixedFormat{}
                                      : FixedFormat{.isSigned = k == 1,
                                                    .fractional = static_cast<int>(b - i),
                                                    .magnitudeBits = static_cast<int>(b - k),
                                                    .isEmpty = b - k <= 0 && k == 0});
  }
  formats.shape.assign(bits.shape.begin(), bits.shape.end());
  return quantizeElements(layer, formats, layer.input(), "quantize");
}

/// table[round(x * 2^f) mod N]: any function of the codes of the input, as a lookup.
Result<ir::TensorId> importUnaryLut(Layer& layer) {
  const Json& in = layer.config()["kif_in"];
  const std::int64_t k = in[0].integer(-1), i = in[1].integer(-100), f = in[2].integer(-100),
                     bits = k + i + f;
  if (k < 0 || k > 1 || bits < 1 || bits > 20 || std::abs(f) > 100)
    return badInput("has a 'kif_in' that is no format");
  const std::int64_t entries = std::int64_t{1} << bits, half = k == 1 ? entries / 2 : 0;
  SLUICE_TRY(const Weight stored, layer.weight("table", {entries}));
  // Stored by the code modulo N; in the graph from the lowest code on.
  Weight table = stored;
  for (std::int64_t c = 0; c < entries; ++c)
    table.values[static_cast<std::size_t>(c)] =
        stored.values[static_cast<std::size_t>((c - half + entries) % entries)];
  table = reshaped(onGrid(std::move(table), 50), {1, entries});
  if (!table.isCoded()) return unsupported("has a table whose values are on no binary grid");
  ir::Quantize quantize;
  quantize.scale = {std::exp2(-static_cast<double>(f))};
  quantize.range = {-half, entries - half - 1};
  quantize.overflow = ir::Overflow::wrap;
  SLUICE_TRY(const ir::TensorId codes, layer.emit(quantize, {layer.input()}, "index"));
  return layer.emit(ir::Lookup{.first = -half}, {codes, layer.constant("table", table)}, "lookup");
}

}  // namespace sluice::frontend::keras
