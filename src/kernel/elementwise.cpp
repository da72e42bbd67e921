#include "kernel/elementwise.h"

namespace sluice::kernel {

Kernel elementwise(const Elementwise& shape) {
  using dataflow::Direction;
  Kernel kernel;
  kernel.family = shape.family;
  kernel.name = shape.name;
  kernel.ports = {{"x", Direction::read, {shape.pack, fixed::formatFor(shape.input)}, shape.input},
                  {"y", Direction::write, {shape.pack, fixed::formatFor(shape.output)}, shape.output}};
  kernel.schedule.loops = {{shape.folds}};
  kernel.schedule.depth = shape.depth;
  kernel.schedule.accesses = {{.port = 0, .direction = Direction::read, .stage = 0, .when = {}},
                              {.port = 1, .direction = Direction::write, .stage = shape.depth, .when = {}}};
  return kernel;
}

}  // namespace sluice::kernel
