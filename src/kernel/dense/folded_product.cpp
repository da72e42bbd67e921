#include "kernel/dense/folded_product.h"

#include "kernel/bits.h"

namespace sluice::kernel {

using hdl::Signal;

StreamPort streamPort(std::string name, dataflow::Direction direction, std::uint32_t elements,
                      fixed::Interval range) {
  return {.name = std::move(name),
          .direction = direction,
          .beat = {.elements = elements, .format = fixed::formatFor(range)},
          .range = range};
}

Signal heldBeat(Pipeline& pipeline, const ProductFolds& folds) {
  hdl::Builder& b = pipeline.builder();
  const Signal beat = pipeline.beat(0).signal;
  if (folds.outFolds == 1) return b.reg(beat, "x1");
  const Signal first = pipeline.holds(dataflow::When{folds.outLoop, dataflow::Relation::equal, 0}).signal;
  const Signal keep = b.bitAnd(pipeline.valid(0), first);
  if (folds.inFolds == 1) return b.regEnabled(beat, keep, "x1");
  const Signal place = pipeline.counter(folds.inLoop).signal;
  const std::uint32_t width = b.width(beat);
  const bool block = folds.inFolds > 64 && std::uint64_t{folds.inFolds} * width >= 4096;
  const hdl::MemoryId memory =
      b.ram("kept", width, folds.inFolds, block ? hdl::Style::blockRam : hdl::Style::lutRam, block);
  b.write(memory, keep, place, beat);
  const Signal kept = b.read(memory, place);
  if (block) return b.mux(b.reg(first, "first_out1"), b.reg(beat, "x1"), kept);
  return b.reg(b.mux(first, beat, kept), "x1");
}

Pipeline::Value adderTree(hdl::Builder& b, std::vector<Signal> terms, std::uint32_t stage,
                          std::uint32_t levelsPerStage) {
  while (terms.size() > 1) {
    for (std::uint32_t l = 0; l < levelsPerStage && terms.size() > 1; ++l) {
      std::vector<Signal> next;
      for (std::size_t i = 0; i + 1 < terms.size(); i += 2) next.push_back(b.add(terms[i], terms[i + 1]));
      if (terms.size() % 2 == 1) next.push_back(terms.back());
      terms = std::move(next);
    }
    for (Signal& term : terms) term = b.reg(term);
    ++stage;
  }
  return {terms[0], stage};
}

}  // namespace sluice::kernel
