#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "frontend/keras/json.h"
#include "frontend/keras/weight.h"

/// A quantizer of QKeras as plain data: its class and its arguments by name.
namespace sluice::frontend::keras {

struct QKerasQuantizer {
  std::string name;  ///< "quantized_bits"
  Json arguments;    ///< an object

  [[nodiscard]] double number(std::string_view key, double otherwise) const {
    return arguments[key].number(otherwise);
  }
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const {
    return arguments[key].boolean(otherwise);
  }
};

/// From {"class_name": ..., "config": {...}} or from text: "quantized_relu(6, negative_slope=0.25)", "ternary".
/// No value: not a quantizer of QKeras. Errors: badInput (text that is no call), unsupported (qnoise_factor below 1,
/// bernoulli).
Result<std::optional<QKerasQuantizer>> parseQKeras(const Json& json);

/// The fixed-point grid of quantized_bits, quantized_linear, quantized_relu, quantized_tanh, quantized_sigmoid:
/// codes lo..hi of `step`, of a number that went through what the quantizer does before.
struct QKerasGrid {
  double step = 1;
  fixed::Interval range;
};
/// Errors: badInput (widths out of bounds).
Result<QKerasGrid> gridOf(const QKerasQuantizer& quantizer);

/// Lowest and highest exponent of quantized_po2 and quantized_relu_po2, max_value taken into account.
struct QKerasExponents {
  std::int64_t lowest = 0, highest = 0;
};
Result<QKerasExponents> exponentsOf(const QKerasQuantizer& quantizer);

/// "auto" or "auto_po2", or empty; alpha as a number (1 where there is none).
std::string autoAlpha(const QKerasQuantizer& quantizer);
Result<double> numericAlpha(const QKerasQuantizer& quantizer);

}  // namespace sluice::frontend::keras
