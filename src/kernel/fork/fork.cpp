#include "kernel/fork/fork.h"

namespace sluice::kernel {

using dataflow::Direction;

Result<Kernel> fork(const ForkParams& p) {
  if (p.outputs == 0) return badInput("a fork has at least one output");
  Kernel kernel;
  kernel.family = "fork";
  const auto number = [](std::int64_t v) { return (v < 0 ? "m" : "") + std::to_string(v < 0 ? -v : v); };
  kernel.name = "fork_" + std::to_string(p.outputs) + "_of_" + std::to_string(p.beat.elements) + "x" +
                std::to_string(p.beat.format.bits) + (p.beat.format.isSigned ? "s" : "u") + "_" +
                number(p.range.lo) + "_" + number(p.range.hi);
  kernel.ports.push_back({"x", Direction::read, p.beat, p.range});
  kernel.schedule.accesses.push_back({.port = 0, .direction = Direction::read, .stage = 0, .when = {}});
  for (std::uint32_t k = 0; k < p.outputs; ++k) {
    kernel.ports.push_back({"y" + std::to_string(k), Direction::write, p.beat, p.range});
    kernel.schedule.accesses.push_back(
        {.port = k + 1, .direction = Direction::write, .stage = 0, .when = {}});
  }
  kernel.datapath = [outputs = p.outputs](Pipeline& pipeline) {
    for (std::uint32_t k = 0; k < outputs; ++k) pipeline.write(k + 1, pipeline.beat(0));
  };
  SLUICE_RETURN_IF_ERROR(check(kernel));
  return kernel;
}

}  // namespace sluice::kernel
