#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// What a search may choose: named parameters, when they count, and which combinations are allowed. Plain data.
///
/// Every value is a double: a real or an integer as it is (integers are exact up to 2^53), an ordinal or
/// categorical one as the position of its choice. A parameter with conditions counts only where all of them
/// hold; where it does not count, a point has no value for it, so that two points which mean the same are equal.
///
///   Space space;
///   space.parameters = {integerParameter("layers", 1, 3), logIntegerParameter("width", 8, 512),
///                       categoricalParameter("type", {"dense", "conv"}), integerParameter("kernel", 1, 7)};
///   space.parameters[3].conditions = {{.parameter = 2, .values = {1}}};            // a kernel: only for "conv"
///   space.constraints = {{.form = Constraint::Form::product, .terms = {{0, 1}, {1, 2}}, .atMost = 1e5}};
///                                                                          // layers * width^2 <= 100,000
namespace sluice::search {

enum class Kind : std::uint8_t {
  integer,      ///< whole numbers lo..hi, both possible
  logInteger,   ///< the same, ratios alike: as many trials in 8..16 as in 16..32
  real,         ///< [lo, hi]
  logReal,      ///< the same, ratios alike
  ordinal,      ///< one of `choices`, which have an order
  categorical,  ///< one of `choices`, which have none
};

/// Holds where an earlier parameter counts and has one of `values` (choices: positions).
struct Condition {
  std::size_t parameter = 0;
  std::vector<double> values;
  bool operator==(const Condition&) const = default;
};

struct Parameter {
  std::string name;
  Kind kind = Kind::real;
  double lo = 0, hi = 1;             ///< of numbers; both can be had
  std::vector<std::string> choices;  ///< of ordinal and categorical parameters
  std::vector<Condition> conditions;
  bool operator==(const Parameter&) const = default;

  [[nodiscard]] bool hasChoices() const { return kind == Kind::ordinal || kind == Kind::categorical; }
  [[nodiscard]] bool isContinuous() const { return kind == Kind::real || kind == Kind::logReal; }
  [[nodiscard]] bool isLogarithmic() const { return kind == Kind::logInteger || kind == Kind::logReal; }
  /// How many values there are; 0: a continuum.
  [[nodiscard]] std::uint64_t levels() const;
};

Parameter integerParameter(std::string name, std::int64_t lo, std::int64_t hi);
Parameter logIntegerParameter(std::string name, std::int64_t lo, std::int64_t hi);
Parameter realParameter(std::string name, double lo, double hi);
Parameter logRealParameter(std::string name, double lo, double hi);
Parameter ordinalParameter(std::string name, std::vector<std::string> choices);
Parameter categoricalParameter(std::string name, std::vector<std::string> choices);

/// What is known of a point before it is tried: sum(coefficient * x) <= atMost, or product(x ^ coefficient) <=
/// atMost. Parameters that do not count are left out (0, or factor 1); choices count as their positions in a
/// sum and may not stand in a product.
struct Constraint {
  enum class Form : std::uint8_t { sum, product };
  struct Term {
    std::size_t parameter = 0;
    double coefficient = 1;
    bool operator==(const Term&) const = default;
  };
  Form form = Form::sum;
  std::vector<Term> terms;
  double atMost = 0;
  bool operator==(const Constraint&) const = default;
};

struct Space {
  std::vector<Parameter> parameters;
  std::vector<Constraint> constraints;
  bool operator==(const Space&) const = default;

  /// Position of the parameter of this name.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
};

/// One choice of everything: a value per parameter that counts, none for the others.
struct Point {
  std::vector<std::optional<double>> values;
  bool operator==(const Point&) const = default;
};

/// Whether the space makes sense: names (unique), bounds, choices, conditions on earlier parameters, terms.
/// Errors  badInput: all problems, one per line
Status check(const Space& space);

/// Whether `point` is one of `space`: a legal value exactly where a parameter counts, and all constraints met.
/// Errors  badInput, naming the parameter or constraint
Status checkPoint(const Space& space, const Point& point);

/// Whether parameter `parameter` counts, given the values of the earlier ones.
bool counts(const Space& space, std::size_t parameter, const Point& point);
/// Whether all constraints are met.
bool meetsConstraints(const Space& space, const Point& point);

/// The value at position `unit` in [0, 1) of a parameter: levels have equal parts of it, logarithmic numbers
/// parts by their ratios.
double valueAt(const Parameter& parameter, double unit);
/// A position that gives `value` again (of a level, the middle of its part).
double unitOf(const Parameter& parameter, double value);
/// The point at a position per parameter; where a parameter does not count its position is not looked at.
Point pointAt(const Space& space, std::span<const double> unit);

/// A value as people write it: "8", "0.001", "conv". And back. Errors: badInput.
std::string printValue(const Parameter& parameter, double value);
Result<double> parseValue(const Parameter& parameter, std::string_view text);
/// "layers=2 width=64 type=dense": for people and logs; parameters that do not count are left out.
std::string printPoint(const Space& space, const Point& point);

}  // namespace sluice::search
