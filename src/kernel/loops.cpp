#include "kernel/loops.h"

namespace sluice::kernel {

using dataflow::Relation;
using dataflow::When;

Axis addAxis(dataflow::Schedule& schedule, std::uint32_t extent, std::uint32_t step) {
  SLUICE_CHECK(extent >= 1 && step >= 1, "an axis has positions");
  const auto coarse = static_cast<std::uint32_t>(schedule.loops.size());
  schedule.loops.push_back({(extent + step - 1) / step});
  schedule.loops.push_back({step});
  return {coarse, coarse + 1, step};
}

AnyOf interval(const Axis& axis, std::uint32_t from, std::uint32_t to) {
  SLUICE_CHECK(from <= to, "an interval does not end before it begins");
  if (from == to) return {};
  const std::uint32_t first = from / axis.step, skipped = from % axis.step;
  const std::uint32_t last = to / axis.step, rest = to % axis.step;
  const auto coarse = [&](Relation relation, std::uint32_t value) {
    return When{axis.coarse, relation, value};
  };
  const auto fine = [&](Relation relation, std::uint32_t value) { return When{axis.fine, relation, value}; };
  if (first == last)
    return {
        {coarse(Relation::equal, first), fine(Relation::greaterEqual, skipped), fine(Relation::less, rest)}};
  AnyOf sets;
  if (skipped > 0) sets.push_back({coarse(Relation::equal, first), fine(Relation::greaterEqual, skipped)});
  const std::uint32_t whole = skipped > 0 ? first + 1 : first;
  if (whole < last) sets.push_back({coarse(Relation::greaterEqual, whole), coarse(Relation::less, last)});
  if (rest > 0) sets.push_back({coarse(Relation::equal, last), fine(Relation::less, rest)});
  return sets;
}

AnyOf progression(const Axis& axis, std::uint32_t first, std::uint32_t count, std::uint32_t stride) {
  if (stride == 1) return interval(axis, first, first + count);
  SLUICE_CHECK(stride == axis.step, "a stride is the step of its axis");
  if (count == 0) return {};
  const std::uint32_t coarse = first / stride;
  return {{When{axis.fine, Relation::equal, first % stride},
           When{axis.coarse, Relation::greaterEqual, coarse},
           When{axis.coarse, Relation::less, coarse + count}}};
}

AnyOf bothOf(const AnyOf& a, const AnyOf& b) {
  AnyOf sets;
  for (const Tests& x : a)
    for (const Tests& y : b) {
      Tests both = x;
      both.insert(both.end(), y.begin(), y.end());
      sets.push_back(std::move(both));
    }
  return sets;
}

void addAccesses(dataflow::Schedule& schedule, std::uint32_t port, dataflow::Direction direction,
                 std::uint32_t stage, const AnyOf& when) {
  for (const Tests& tests : when) schedule.accesses.push_back({port, direction, stage, tests});
}

Pipeline::Value holdsAny(Pipeline& pipeline, const AnyOf& when) {
  hdl::Builder& b = pipeline.builder();
  hdl::Signal any = b.flag(false);
  for (const Tests& tests : when) any = b.bitOr(any, pipeline.holds(tests).signal);
  return {any, 0};
}

}  // namespace sluice::kernel
