// Weights through QKeras quantizers, as they compute in inference: in single precision, step by step.
//
// The integer codes are exact; scales of alpha "auto" are single-precision numbers. Where TensorFlow sums in single
// precision (means of ternary and binary "auto"), its order of summing is not known: these scales may differ in the
// last digit.

#include <algorithm>
#include <cmath>
#include <limits>

#include "frontend/keras/qkeras_quantizer.h"
#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {
namespace {

constexpr float epsilon = 1e-7f;      // K.epsilon()
constexpr float logOf2 = 0.6931472f;  // numpy's log(2) in single precision

float roundEven(float x) { return std::nearbyint(x); }
float powerNear(float x) { return std::exp2(roundEven(std::log(x + epsilon) / logOf2)); }
float signOf(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f; }

/// The weights of one scale: channels are the last axis; a vector is one channel, or where `elementwise` each of its
/// elements is one.
struct Channels {
  std::size_t count = 1;
  std::size_t of(std::size_t element) const { return element % count; }
};

Channels channelsOf(const Weight& weight, bool elementwise) {
  if (weight.shape.size() > 1) return {static_cast<std::size_t>(weight.shape.back())};
  return {elementwise ? std::max<std::size_t>(1, weight.values.size()) : 1};
}

/// Least squares: mean(x q) / (mean(q q) + epsilon) per channel (per element of a vector); to a power of two.
std::vector<float> leastSquares(const std::vector<float>& x, const std::vector<float>& q, Channels channels,
                                bool po2) {
  std::vector<double> xq(channels.count, 0), qq(channels.count, 0);
  for (std::size_t n = 0; n < x.size(); ++n) {
    xq[channels.of(n)] += static_cast<double>(x[n] * q[n]);
    qq[channels.of(n)] += static_cast<double>(q[n] * q[n]);
  }
  std::vector<float> scale;
  const auto each = static_cast<double>(x.size() / channels.count);
  for (std::size_t c = 0; c < channels.count; ++c) {
    const auto numerator = static_cast<float>(xq[c] / each), denominator = static_cast<float>(qq[c] / each);
    const float ratio = numerator / (denominator + epsilon);
    scale.push_back(po2 ? powerNear(ratio) : ratio);
  }
  return scale;
}

std::vector<float> largestOf(const std::vector<float>& x, Channels channels) {
  std::vector<float> largest(channels.count, 0);
  for (std::size_t n = 0; n < x.size(); ++n)
    largest[channels.of(n)] = std::max(largest[channels.of(n)], std::abs(x[n]));
  return largest;
}

std::vector<float> singles(const Weight& weight) {
  std::vector<float> x;
  for (const double value : weight.values) x.push_back(static_cast<float>(value));
  return x;
}

/// Codes with scales of channels put into a weight. A scale that is not positive belongs to zeros only.
Weight coded(Weight weight, std::vector<std::int64_t> codes, const std::vector<float>& scale,
             Channels channels, fixed::Interval range) {
  weight.codes = std::move(codes);
  weight.range = range;
  const auto positive = [](float value) {
    return value > 0 && std::isfinite(value) ? static_cast<double>(value) : 1.0;
  };
  const bool one = channels.count == 1;
  if (one) weight.scale = {positive(scale[0])};
  for (std::size_t n = 0; n < weight.values.size(); ++n) {
    const float given = scale[channels.of(n)];
    if (!one) weight.scale.push_back(positive(given));
    if (given < 0) weight.codes[n] = -weight.codes[n];  // cannot be of least squares; kept right all the same
    weight.values[n] = positive(std::abs(given)) * static_cast<double>(weight.codes[n]);
    weight.range = fixed::join(weight.range, {weight.codes[n], weight.codes[n]});
  }
  return weight;
}

/// quantized_bits and quantized_linear. With alpha: code = round(x / step), clipped.
/// "auto": scale = 2 max|x| / levels per channel, code = sign(x) floor(|x| / scale + 1/2), clipped to levels / 2.
/// "auto_po2": the same with the scale's nearest power of two, then five rounds of least squares.
Result<Weight> bits(const QKerasQuantizer& quantizer, Weight weight) {
  SLUICE_TRY(const QKerasGrid grid, gridOf(quantizer));
  const std::string automatic = autoAlpha(quantizer);
  std::vector<float> x = singles(weight);
  std::vector<std::int64_t> codes;
  if (automatic.empty()) {
    SLUICE_TRY(const double alpha, numericAlpha(quantizer));
    if (grid.range.hi == 0) {  // one bit: the sign
      for (const float value : x) codes.push_back(value >= 0 ? 1 : -1);
      return coded(std::move(weight), std::move(codes), {static_cast<float>(alpha)}, {}, {-1, 1});
    }
    const auto perStep = static_cast<float>(1 / grid.step);
    for (const float value : x) {
      const float p = roundEven(value * perStep);
      codes.push_back(static_cast<std::int64_t>(
          std::clamp(p, static_cast<float>(grid.range.lo), static_cast<float>(grid.range.hi))));
    }
    const auto step = static_cast<float>(alpha) * static_cast<float>(grid.step);
    return coded(std::move(weight), std::move(codes), {step}, {}, grid.range);
  }
  if (automatic != "auto" && automatic != "auto_po2")
    return unsupported("has quantizer " + quantizer.name + " with alpha '" + automatic + "'");
  if (quantizer.name == "quantized_linear")
    return unsupported("has quantizer quantized_linear with alpha '" + automatic +
                       "'; quantized_bits is taken");
  if (quantizer.arguments.has("scale_axis")) return unsupported("has a quantizer with a scale_axis");
  const double bitCount = quantizer.number("bits", 8);
  const auto unit = static_cast<float>(std::exp2(quantizer.number("integer", 0)));
  const auto levels = static_cast<float>((std::exp2(bitCount - 1) - 1) * 2);
  if (levels <= 0)
    return unsupported("has quantizer quantized_bits of one bit with alpha '" + automatic + "'");
  for (float& value : x) value /= unit;
  Channels channels = channelsOf(weight, false);
  std::vector<float> scale = largestOf(x, channels);
  for (float& value : scale) value = value * 2 / levels;
  std::vector<float> z(x.size());
  const auto quantize = [&] {
    for (std::size_t n = 0; n < x.size(); ++n) {
      const float v = std::floor(std::abs(x[n]) / scale[channels.of(n)] + 0.5f);
      z[n] = signOf(x[n]) * (v < levels / 2 ? v : levels / 2);
    }
  };
  if (automatic == "auto_po2") {
    for (float& value : scale) value = powerNear(value);
    for (int round = 0; round < 5; ++round) {
      quantize();
      const Channels finer = channelsOf(weight, true);  // a vector gets a scale per element from here on
      scale = leastSquares(x, z, finer, true);
      channels = finer;
    }
    // The codes are those before the last scale.
  } else {
    quantize();
  }
  for (const float value : z) codes.push_back(static_cast<std::int64_t>(value));
  for (float& value : scale) value *= unit;
  const auto half = static_cast<std::int64_t>(levels / 2);
  return coded(std::move(weight), std::move(codes), scale, channels, {-half, half});
}

Result<Weight> binary(const QKerasQuantizer& quantizer, Weight weight) {
  const std::string automatic = autoAlpha(quantizer);
  const bool zeroOne = quantizer.flag("use_01", false);
  const std::vector<float> x = singles(weight);
  std::vector<std::int64_t> codes;
  std::vector<float> q;
  for (const float value : x) {
    codes.push_back(value >= 0 ? 1 : zeroOne ? 0 : -1);
    q.push_back(static_cast<float>(codes.back()));
  }
  const fixed::Interval range{zeroOne ? 0 : -1, 1};
  if (automatic.empty()) {
    SLUICE_TRY(const double alpha, numericAlpha(quantizer));
    return coded(std::move(weight), std::move(codes), {static_cast<float>(alpha)}, {}, range);
  }
  const Channels channels = channelsOf(weight, true);
  return coded(std::move(weight), std::move(codes), leastSquares(x, q, channels, automatic == "auto_po2"),
               channels, range);
}

Result<Weight> ternary(const QKerasQuantizer& quantizer, Weight weight) {
  const std::string automatic = autoAlpha(quantizer);
  const std::vector<float> x = singles(weight);
  std::vector<float> q(x.size());
  std::vector<std::int64_t> codes;
  std::vector<float> scale;
  Channels channels;
  if (automatic.empty()) {
    SLUICE_TRY(const double alpha, numericAlpha(quantizer));
    const auto threshold = static_cast<float>(quantizer.number("threshold", 0.33));
    for (std::size_t n = 0; n < x.size(); ++n) q[n] = std::abs(x[n]) >= threshold ? signOf(x[n]) : 0;
    scale = {static_cast<float>(alpha)};
  } else {
    const bool po2 = automatic == "auto_po2";
    channels = channelsOf(weight, false);
    scale = largestOf(x, channels);
    for (float& value : scale) {
      value = 2 * value / 3.0f;
      if (po2) value = powerNear(value);
    }
    const auto rounds = std::clamp<std::int64_t>(quantizer.arguments["number_of_unrolls"].integer(5), 0, 100);
    for (std::int64_t round = 0; round < rounds; ++round) {
      for (std::size_t n = 0; n < x.size(); ++n) {
        const float step = scale[channels.of(n)];
        const float v = step * roundEven(x[n] / step);
        q[n] = std::abs(v) >= step / 2 ? signOf(x[n]) : 0;
      }
      const Channels finer = channelsOf(weight, true);
      scale = leastSquares(x, q, finer, po2);
      channels = finer;
    }
  }
  for (const float value : q) codes.push_back(static_cast<std::int64_t>(value));
  return coded(std::move(weight), std::move(codes), scale, channels, {-1, 1});
}

/// sign(x) 2^clip(round(log2 |x|)); below 1e-7 the lowest exponent. Codes of the lowest power that occurs, where 62
/// bits hold them.
Result<Weight> powerOfTwo(const QKerasQuantizer& quantizer, Weight weight) {
  SLUICE_TRY(const QKerasExponents exponents, exponentsOf(quantizer));
  const bool down = quantizer.arguments["log2_rounding"].text("rnd") == "floor";
  const bool even = quantizer.flag("quadratic_approximation", false);
  const bool relu = quantizer.name == "quantized_relu_po2";
  const auto slope = static_cast<float>(relu ? quantizer.number("negative_slope", 0) : 1);
  const float most = quantizer.arguments["max_value"].isNull()
                         ? std::numeric_limits<float>::infinity()
                         : static_cast<float>(quantizer.number("max_value", 0));
  std::int64_t lowest = 1000, highest = -1000;
  std::vector<std::pair<int, std::int64_t>> parts;  // sign, exponent
  for (double& value : weight.values) {
    const auto x = static_cast<float>(value);
    const float magnitude = x < 0 ? -x * slope : x;
    float log = static_cast<float>(exponents.lowest);
    if (magnitude >= epsilon) {
      const float clipped = std::min(magnitude, most);
      const float exact = std::log(even ? std::sqrt(clipped) : clipped) / logOf2;
      log = std::clamp(down ? std::floor(exact) : roundEven(exact), static_cast<float>(exponents.lowest),
                       static_cast<float>(exponents.highest));
      if (even) log *= 2;
    }
    const auto exponent = static_cast<std::int64_t>(log);
    const int sign = x < 0 && slope != 0 ? -1 : 1;
    parts.emplace_back(sign, exponent);
    lowest = std::min(lowest, exponent);
    highest = std::max(highest, exponent);
    value = sign * std::exp2(static_cast<double>(exponent));
  }
  if (highest - lowest > 61) return weight;
  weight.scale = {std::exp2(static_cast<double>(lowest))};
  for (const auto& [sign, exponent] : parts)
    weight.codes.push_back(sign * (std::int64_t{1} << (exponent - lowest)));
  const std::int64_t top = std::int64_t{1} << (highest - lowest);
  weight.range = {-top, top};
  return weight;
}

/// quantized_relu, quantized_tanh and quantized_sigmoid on weights: what comes before rounding, then the grid.
Result<Weight> throughFunction(const QKerasQuantizer& quantizer, Weight weight) {
  SLUICE_TRY(const QKerasGrid grid, gridOf(quantizer));
  if (quantizer.flag("use_sigmoid", false))
    return unsupported("has quantizer quantized_relu with use_sigmoid for weights");
  const auto slope = static_cast<float>(quantizer.number("negative_slope", 0));
  const auto perStep = static_cast<float>(1 / grid.step);
  std::vector<std::int64_t> codes;
  for (const double value : weight.values) {
    auto x = static_cast<float>(value);
    if (quantizer.name == "quantized_relu" && x < 0) x *= slope;
    if (quantizer.name == "quantized_tanh")
      x = quantizer.flag("use_real_tanh", false) ? std::tanh(x) : std::clamp(x, -1.0f, 1.0f);
    if (quantizer.name == "quantized_sigmoid")
      x = quantizer.flag("use_real_sigmoid", false) ? 1 / (1 + std::exp(-x))
                                                    : std::clamp(0.5f * x + 0.5f, 0.0f, 1.0f);
    codes.push_back(static_cast<std::int64_t>(std::clamp(
        roundEven(x * perStep), static_cast<float>(grid.range.lo), static_cast<float>(grid.range.hi))));
  }
  return coded(std::move(weight), std::move(codes), {static_cast<float>(grid.step)}, {}, grid.range);
}

}  // namespace

Result<Weight> quantizeQKeras(const Json& json, Weight weight) {
  SLUICE_TRY(const std::optional<QKerasQuantizer> quantizer, parseQKeras(json));
  if (!quantizer)
    return unsupported("has a quantizer of weights that is not known: '" +
                       json["class_name"].text(json.text("?")) + "'");
  const std::string& name = quantizer->name;
  if (name == "quantized_bits" || name == "quantized_linear") return bits(*quantizer, std::move(weight));
  if (name == "binary" || name == "stochastic_binary") return binary(*quantizer, std::move(weight));
  if (name == "ternary" || name == "stochastic_ternary") return ternary(*quantizer, std::move(weight));
  if (name == "quantized_po2" || name == "quantized_relu_po2")
    return powerOfTwo(*quantizer, std::move(weight));
  if (name == "quantized_relu" || name == "quantized_tanh" || name == "quantized_sigmoid")
    return throughFunction(*quantizer, std::move(weight));
  return unsupported("has quantizer " + name + " for weights; it is supported for activations only");
}

}  // namespace sluice::frontend::keras
