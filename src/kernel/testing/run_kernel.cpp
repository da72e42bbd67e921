#include "hdl/evaluate.h"
#include "kernel/bits.h"
#include "kernel/testing.h"

namespace sluice::kernel {

namespace {

/// Elements of a beat, raw words in and out.
std::vector<std::uint64_t> packed(const std::vector<std::int64_t>& elements, std::size_t beat,
                                  const Beat& shape) {
  WordPacker packer;
  for (std::uint32_t e = 0; e < shape.elements; ++e)
    packer.append(elements[beat * shape.elements + e], shape.format.bits);
  return packer.words();
}

void unpack(const std::vector<std::uint64_t>& words, const Beat& shape, std::vector<std::int64_t>& elements) {
  const std::uint32_t bits = shape.format.bits;
  for (std::uint32_t e = 0; e < shape.elements; ++e) {
    const std::uint32_t lsb = e * bits;
    std::uint64_t raw = words[lsb / 64] >> (lsb % 64);
    if (lsb % 64 + bits > 64) raw |= words[lsb / 64 + 1] << (64 - lsb % 64);
    elements.push_back(codeValue(rawCode(static_cast<std::int64_t>(raw), bits), shape.format));
  }
}

}  // namespace

Result<PassData> runKernel(const Kernel& kernel, const PassData& reads) {
  SLUICE_TRY(hdl::Evaluator evaluator, hdl::Evaluator::make(elaborate(kernel)));
  evaluator.reset();
  PassData writes;
  std::vector<std::size_t> taken(kernel.ports.size(), 0), place(kernel.ports.size(), 0);
  std::size_t readPorts = 0;
  for (std::size_t p = 0; p < kernel.ports.size(); ++p) {
    if (kernel.ports[p].direction == dataflow::Direction::read) {
      place[p] = readPorts++;
    } else {
      place[p] = writes.size();
      writes.emplace_back();
    }
  }
  // All credits are given; idle iterations and the pipeline come on top of the beats.
  std::uint64_t idle = 0;
  const std::uint64_t patience =
      iterations(kernel.schedule) * kernel.schedule.interval + kernel.schedule.depth + 4;
  while (idle < patience) {
    for (std::size_t p = 0; p < kernel.ports.size(); ++p) {
      const StreamPort& port = kernel.ports[p];
      if (port.direction != dataflow::Direction::read) {
        evaluator.set(evaluator.inputIndex(port.name + "_credit"), 0, 1);
        continue;
      }
      const bool some = (taken[p] + 1) * port.beat.elements <= reads[place[p]].size();
      evaluator.set(evaluator.inputIndex(port.name + "_valid"), 0, some ? 1 : 0);
      if (some)
        evaluator.setWords(evaluator.inputIndex(port.name + "_data"), 0,
                           packed(reads[place[p]], taken[p], port.beat));
    }
    evaluator.settle();
    bool moved = false;
    for (std::size_t p = 0; p < kernel.ports.size(); ++p) {
      const StreamPort& port = kernel.ports[p];
      if (port.direction == dataflow::Direction::read) {
        if (evaluator.get(evaluator.outputIndex(port.name + "_pop"), 0) == 0) continue;
        ++taken[p];
      } else {
        if (evaluator.get(evaluator.outputIndex(port.name + "_push"), 0) == 0) continue;
        std::vector<std::uint64_t> words((port.beat.width() + 63) / 64);
        evaluator.getWords(evaluator.outputIndex(port.name + "_data"), 0, words);
        unpack(words, port.beat, writes[place[p]]);
      }
      moved = true;
    }
    idle = moved ? 0 : idle + 1;
    evaluator.step();
  }
  return writes;
}

}  // namespace sluice::kernel
