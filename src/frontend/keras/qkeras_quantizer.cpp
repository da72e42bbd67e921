#include "frontend/keras/qkeras_quantizer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <vector>

namespace sluice::frontend::keras {
namespace {

using Names = std::vector<const char*>;

/// Positional arguments of every class, in order.
const std::map<std::string, Names>& signatures() {
  static const Names bits{"bits",          "integer",      "symmetric",
                          "keep_negative", "alpha",        "use_stochastic_rounding",
                          "scale_axis",    "qnoise_factor"};
  static const std::map<std::string, Names> table = {
      {"quantized_bits", bits},
      {"quantized_linear", bits},
      {"bernoulli", {"alpha", "temperature", "use_real_sigmoid"}},
      {"ternary", {"alpha", "threshold", "use_stochastic_rounding", "number_of_unrolls"}},
      {"stochastic_ternary", {"alpha", "threshold", "temperature", "use_real_sigmoid", "number_of_unrolls"}},
      {"binary", {"use_01", "alpha", "use_stochastic_rounding"}},
      {"stochastic_binary", {"alpha", "temperature", "use_real_sigmoid"}},
      {"quantized_relu",
       {"bits", "integer", "use_sigmoid", "negative_slope", "use_stochastic_rounding", "relu_upper_bound",
        "is_quantized_clip", "qnoise_factor"}},
      {"quantized_ulaw", {"bits", "integer", "symmetric", "u"}},
      {"quantized_tanh", {"bits", "use_stochastic_rounding", "symmetric", "use_real_tanh"}},
      {"quantized_sigmoid", {"bits", "symmetric", "use_real_sigmoid", "use_stochastic_rounding"}},
      {"quantized_po2",
       {"bits", "max_value", "use_stochastic_rounding", "quadratic_approximation", "log2_rounding",
        "qnoise_factor"}},
      {"quantized_relu_po2",
       {"bits", "max_value", "negative_slope", "use_stochastic_rounding", "quadratic_approximation",
        "log2_rounding", "qnoise_factor"}},
      {"quantized_hswish",
       {"bits", "integer", "symmetric", "alpha", "use_stochastic_rounding", "scale_axis", "qnoise_factor",
        "var_name", "use_ste", "use_variables", "relu_shift", "relu_upper_bound"}},
  };
  return table;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A Python literal: a number, a string, True, False, None.
std::optional<Json> literal(std::string_view text) {
  Json json;
  if (text == "None") return json;
  if (text == "True" || text == "False") {
    json.kind = Json::Kind::boolean;
    json.value = text == "True" ? 1 : 0;
    return json;
  }
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front()) {
    json.kind = Json::Kind::text;
    json.string = text.substr(1, text.size() - 2);
    return json;
  }
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), json.value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  json.kind = Json::Kind::number;
  return json;
}

Result<std::optional<QKerasQuantizer>> parseText(const std::string& text) {
  const std::size_t open = text.find('(');
  QKerasQuantizer quantizer;
  quantizer.name = trimmed(std::string_view(text).substr(0, open));
  quantizer.arguments.kind = Json::Kind::object;
  const auto signature = signatures().find(quantizer.name);
  if (signature == signatures().end()) return std::optional<QKerasQuantizer>();
  if (open == std::string::npos) return std::optional(std::move(quantizer));
  const std::size_t close = text.rfind(')');
  const Error damaged = badInput("has a quantizer that cannot be read: '" + text + "'");
  if (close == std::string::npos || close < open) return damaged;
  std::string_view rest = std::string_view(text).substr(open + 1, close - open - 1);
  std::size_t position = 0;
  while (!trimmed(rest).empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view argument = trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    const std::size_t equals = argument.find('=');
    std::string name;
    if (equals != std::string_view::npos) {
      name = trimmed(argument.substr(0, equals));
      argument = trimmed(argument.substr(equals + 1));
    } else if (position < signature->second.size()) {
      name = signature->second[position++];
    }
    std::optional<Json> value = literal(argument);
    if (name.empty() || !value) return damaged;
    quantizer.arguments.members.emplace_back(std::move(name), std::move(*value));
  }
  return std::optional(std::move(quantizer));
}

}  // namespace

Result<std::optional<QKerasQuantizer>> parseQKeras(const Json& json) {
  std::optional<QKerasQuantizer> quantizer;
  if (json.isText()) {
    SLUICE_TRY(quantizer, parseText(json.string));
  } else if (json["class_name"].isText() && json["config"].isObject() &&
             signatures().contains(json["class_name"].string)) {
    quantizer = QKerasQuantizer{.name = json["class_name"].string, .arguments = json["config"]};
  }
  if (!quantizer) return quantizer;
  if (quantizer->number("qnoise_factor", 1) != 1)
    return unsupported("has a quantizer with qnoise_factor " +
                       std::to_string(quantizer->number("qnoise_factor", 1)) +
                       ": it mixes quantized with plain numbers; set it to 1");
  if (quantizer->name == "bernoulli")
    return unsupported("has quantizer bernoulli, which draws random numbers in inference too");
  return quantizer;
}

std::string autoAlpha(const QKerasQuantizer& quantizer) { return quantizer.arguments["alpha"].text(); }

Result<double> numericAlpha(const QKerasQuantizer& quantizer) {
  const Json& alpha = quantizer.arguments["alpha"];
  if (!alpha.isNull() && !alpha.isNumber())
    return unsupported("has quantizer " + quantizer.name + " with an alpha that is no number");
  const auto value = static_cast<float>(alpha.number(1));
  if (!(value > 0))
    return unsupported("has quantizer " + quantizer.name + " with an alpha that is not positive");
  return value;
}

Result<QKerasGrid> gridOf(const QKerasQuantizer& quantizer) {
  const std::string& name = quantizer.name;
  const double bitsGiven = quantizer.number("bits", 8), integerGiven = quantizer.number("integer", 0);
  if (!(bitsGiven >= 1 && bitsGiven <= 50) || !(std::abs(integerGiven) <= 100) ||
      bitsGiven != std::trunc(bitsGiven) || integerGiven != std::trunc(integerGiven))
    return badInput("has quantizer " + name + " of " + std::to_string(bitsGiven) + " bits, " +
                    std::to_string(integerGiven) + " of them before the point");
  const auto bits = static_cast<int>(bitsGiven);
  const auto integer = static_cast<int>(integerGiven);
  const auto pow2 = [](int exponent) { return std::int64_t{1} << exponent; };
  QKerasGrid grid;
  if (name == "quantized_relu") {
    const double slope = quantizer.number("negative_slope", 0);
    const int positive = bits - (slope != 0 ? 1 : 0);
    const double lowest = slope * static_cast<double>(pow2(positive));
    if (lowest != std::trunc(lowest))
      return unsupported("has quantizer quantized_relu with a negative slope finer than its step");
    grid.step = std::exp2(integer - positive);
    grid.range = {-static_cast<std::int64_t>(lowest), pow2(positive) - 1};
  } else if (name == "quantized_tanh") {
    grid.step = std::exp2(1 - bits);
    grid.range = {-pow2(bits - 1) + (quantizer.flag("symmetric", false) ? 1 : 0), pow2(bits - 1) - 1};
  } else if (name == "quantized_sigmoid") {
    grid.step = std::exp2(-bits);
    grid.range = {quantizer.flag("symmetric", false) ? 1 : 0, pow2(bits) - 1};
  } else {  // quantized_bits, quantized_linear, quantized_hswish
    const bool negative = quantizer.flag("keep_negative", true);
    const int positive = bits - (negative ? 1 : 0);
    const std::int64_t symmetric = quantizer.flag("symmetric", false) ? 1 : 0;
    grid.step = std::exp2(integer - positive);
    grid.range = {negative ? -pow2(positive) + symmetric : 0, pow2(positive) - 1};
  }
  return grid;
}

Result<QKerasExponents> exponentsOf(const QKerasQuantizer& quantizer) {
  const double bits = quantizer.number("bits", 8);
  const Json& most = quantizer.arguments["max_value"];
  if (!(bits >= 2 && bits <= 12) || bits != std::trunc(bits))
    return badInput("has quantizer " + quantizer.name + " of " + std::to_string(bits) +
                    " bits; 2 to 12 are taken");
  // One bit for the sign of x (not in relu_po2), one for the sign of the exponent unless max_value <= 1.
  const int sign = quantizer.name == "quantized_po2" ? 1 : 0;
  const int exponentSign = most.isNull() || most.number(0) > 1 ? 1 : 0;
  const int effective = static_cast<int>(bits) - sign - exponentSign;
  QKerasExponents exponents{-(std::int64_t{1} << std::max(0, effective)),
                            (std::int64_t{1} << std::max(0, effective)) - 1};
  if (quantizer.flag("quadratic_approximation", false)) exponents.highest = 2 * (exponents.highest / 2);
  if (const double value = most.number(0); value > 0) {
    const bool down = quantizer.arguments["log2_rounding"].text("rnd") == "floor";
    const double log = std::log2(value);
    exponents.highest = std::clamp(static_cast<std::int64_t>(down ? std::floor(log) : std::nearbyint(log)),
                                   exponents.lowest, exponents.highest);
  }
  return exponents;
}

}  // namespace sluice::frontend::keras
