#include <map>

#include "hdl/evaluate_program.h"

namespace sluice::hdl {

std::vector<Instruction> orderEdge(std::vector<Instruction> actions, const std::vector<Storage>& memories,
                                   std::uint32_t& slots) {
  constexpr std::uint32_t none = 0xffffffffu;
  const std::uint32_t firstMemory = slots;  // memories are numbered after the slots
  const auto memoryId = [&](const Instruction& i) { return firstMemory + static_cast<std::uint32_t>(i.low); };
  const auto writesMemory = [](const Instruction& i) {
    return i.code == Code::writeRam || i.code == Code::writeShift;
  };
  const auto readsMemory = [](const Instruction& i) {
    return i.code >= Code::readRom && i.code <= Code::readShift;
  };
  const auto target = [&](const Instruction& i) { return writesMemory(i) ? memoryId(i) : i.dst; };
  const auto reads = [&](const Instruction& i) {
    std::vector<std::uint32_t> from{i.a};
    if (i.code == Code::copyIf) from.push_back(i.c);
    if (readsMemory(i)) from.push_back(memoryId(i));
    if (writesMemory(i)) {
      for (std::uint32_t k = 1; k < memories[static_cast<std::size_t>(i.low)].wordsPer; ++k)
        from.push_back(i.a + k);
      from.push_back(i.b), from.push_back(i.c);
    }
    return from;
  };
  const std::uint32_t size = slots + static_cast<std::uint32_t>(memories.size());
  std::vector<std::uint32_t> writer(size, none),
      pending(size, 0);  // pending: readers that are not yet emitted
  for (std::uint32_t k = 0; k < actions.size(); ++k) writer[target(actions[k])] = k;
  const auto count = [&](const Instruction& i, std::uint32_t self, auto change) {
    for (const std::uint32_t r : reads(i))
      if (writer[r] != none && writer[r] != self) change(r);
  };
  for (std::uint32_t k = 0; k < actions.size(); ++k)
    count(actions[k], k, [&](std::uint32_t r) { ++pending[r]; });

  std::vector<std::uint32_t> ready;
  std::vector<bool> done(actions.size(), false);
  for (std::uint32_t k = 0; k < actions.size(); ++k)
    if (pending[target(actions[k])] == 0) ready.push_back(k);
  std::vector<Instruction> copies, ordered;
  std::map<std::uint32_t, std::uint32_t> copyOf;
  for (std::uint32_t first = 0; ordered.size() < actions.size();) {
    if (ready.empty()) {
      while (done[first] || writesMemory(actions[first])) ++first;  // every circle holds a register
      const std::uint32_t slot = actions[first].dst, copy = slots++;
      copies.push_back({.code = Code::copy, .dst = copy, .a = slot});
      copyOf[slot] = copy;
      pending[slot] = 0;
      ready.push_back(first);
    }
    const std::uint32_t k = ready.back();
    ready.pop_back();
    done[k] = true;
    count(actions[k], k, [&](std::uint32_t r) {
      if (pending[r] > 0 && --pending[r] == 0 && !done[writer[r]]) ready.push_back(writer[r]);
    });
    ordered.push_back(actions[k]);
    Instruction& i = ordered.back();
    const auto redirect = [&](std::uint32_t& slot) {
      const auto found = copyOf.find(slot);
      if (found != copyOf.end()) slot = found->second;
    };
    redirect(i.a);
    if (i.code == Code::copyIf || writesMemory(i)) redirect(i.c);
    if (writesMemory(i)) redirect(i.b);
  }
  copies.insert(copies.end(), ordered.begin(), ordered.end());
  return copies;
}

}  // namespace sluice::hdl
