#include "hdl/evaluate.h"

#include <algorithm>
#include <bit>

#include "hdl/builder_state.h"
#include "hdl/evaluate_program.h"
#include "hdl/simplify.h"

namespace sluice::hdl {

struct Evaluator::Program {
  Compiled code;
  std::uint32_t lanes = 1;
  bool settled = false;
  std::vector<std::uint64_t> values;                 // [slot][lane]
  std::vector<std::vector<std::uint64_t>> memories;  // [memory][word][part][lane]; empty for a ROM
  std::vector<std::vector<std::uint32_t>> newest;    // [memory][lane]: where a shift register's word 0 lies

  void run(const std::vector<Instruction>& list);
  void access(const Instruction& i);
};

namespace {

std::int64_t asSigned(std::uint64_t v) { return static_cast<std::int64_t>(v); }
std::uint64_t asBits(std::int64_t v) { return static_cast<std::uint64_t>(v); }

/// One operation over all lanes. `dst` may be one of the sources.
template <typename F>
void each(std::uint32_t lanes, std::uint64_t* dst, F f) {
#pragma GCC ivdep
  for (std::uint32_t l = 0; l < lanes; ++l) dst[l] = f(l);
}

}  // namespace

void Evaluator::Program::run(const std::vector<Instruction>& list) {
  const std::uint32_t n = lanes;
  for (const Instruction& i : list) {
    std::uint64_t* const d = &values[std::size_t{i.dst} * n];
    const std::uint64_t* const a = &values[std::size_t{i.a} * n];
    const std::uint64_t* const b = &values[std::size_t{i.b} * n];
    const std::uint64_t* const c = &values[std::size_t{i.c} * n];
    const std::uint64_t m = i.mask;
    const auto low = static_cast<int>(i.low & 63), high = static_cast<int>(i.high & 63);
    switch (i.code) {
      case Code::field:
        each(n, d, [=](auto l) { return ((a[l] >> low) & m) << high; });
        break;
      case Code::orField:
        each(n, d, [=](auto l) { return d[l] | (((a[l] >> low) & m) << high); });
        break;
      case Code::signExtend:
        each(n, d, [=](auto l) { return asBits(asSigned(a[l] << low) >> low); });
        break;
      case Code::keepLow:
        each(n, d, [=](auto l) { return a[l] & m; });
        break;
      case Code::add:
        each(n, d, [=](auto l) { return a[l] + b[l]; });
        break;
      case Code::subtract:
        each(n, d, [=](auto l) { return a[l] - b[l]; });
        break;
      case Code::multiply:
        each(n, d, [=](auto l) { return a[l] * b[l]; });
        break;
      case Code::negate:
        each(n, d, [=](auto l) { return 0 - a[l]; });
        break;
      case Code::shiftLeft:
        each(n, d, [=](auto l) { return a[l] << low; });
        break;
      case Code::shiftRight:
        each(n, d, [=](auto l) { return asBits(asSigned(a[l]) >> low); });
        break;
      case Code::clamp:
        each(n, d, [=, lo = i.low, hi = i.high](auto l) {
          return asBits(std::min(std::max(asSigned(a[l]), lo), hi));
        });
        break;
      case Code::equal:
        each(n, d, [=](auto l) { return std::uint64_t{a[l] == b[l]}; });
        break;
      case Code::notEqual:
        each(n, d, [=](auto l) { return std::uint64_t{a[l] != b[l]}; });
        break;
      case Code::less:
        each(n, d, [=](auto l) { return std::uint64_t{asSigned(a[l]) < asSigned(b[l])}; });
        break;
      case Code::lessEqual:
        each(n, d, [=](auto l) { return std::uint64_t{asSigned(a[l]) <= asSigned(b[l])}; });
        break;
      case Code::mux:
        each(n, d, [=](auto l) { return b[l] ^ ((a[l] ^ b[l]) & (0 - c[l])); });
        break;
      case Code::bitNot:
        each(n, d, [=](auto l) { return ~a[l] & m; });
        break;
      case Code::bitAnd:
        each(n, d, [=](auto l) { return a[l] & b[l]; });
        break;
      case Code::bitOr:
        each(n, d, [=](auto l) { return a[l] | b[l]; });
        break;
      case Code::bitXor:
        each(n, d, [=](auto l) { return a[l] ^ b[l]; });
        break;
      case Code::anyBit:
        each(n, d, [=](auto l) { return std::uint64_t{a[l] != 0}; });
        break;
      case Code::orAnyBit:
        each(n, d, [=](auto l) { return d[l] | std::uint64_t{a[l] != 0}; });
        break;
      case Code::allBits:
        each(n, d, [=](auto l) { return std::uint64_t{a[l] == m}; });
        break;
      case Code::andAllBits:
        each(n, d, [=](auto l) { return d[l] & std::uint64_t{a[l] == m}; });
        break;
      case Code::parity:
        each(n, d, [=](auto l) { return std::uint64_t(std::popcount(a[l]) & 1); });
        break;
      case Code::xorParity:
        each(n, d, [=](auto l) { return d[l] ^ std::uint64_t(std::popcount(a[l]) & 1); });
        break;
      case Code::copy:
        std::copy_n(a, n, d);
        break;
      case Code::copyIf:
        each(n, d, [=](auto l) { return d[l] ^ ((a[l] ^ d[l]) & (0 - c[l])); });
        break;
      default:
        access(i);
        break;
    }
  }
}

/// Reads and writes of memories: every lane has an address of its own. An address outside, which only a
/// broken promise can give, reads and writes word 0.
void Evaluator::Program::access(const Instruction& i) {
  const auto id = static_cast<std::size_t>(i.low);
  const Storage& s = code.memories[id];
  const std::uint64_t* const a = &values[std::size_t{i.a} * lanes];
  const std::uint64_t* const b = &values[std::size_t{i.b} * lanes];
  const std::uint64_t* const c = &values[std::size_t{i.c} * lanes];
  std::uint64_t* const d = &values[std::size_t{i.dst} * lanes];
  const auto at = [&](std::uint64_t word) { return word < s.words ? word : 0; };
  const auto place = [&](std::uint64_t word, std::uint64_t part, std::uint32_t l) -> std::uint64_t& {
    return memories[id][(word * s.wordsPer + part) * lanes + l];
  };
  const auto part = static_cast<std::uint64_t>(i.high);
  const auto extend = [&](std::uint64_t v) { return asBits(asSigned(v << i.b) >> i.b); };
  const auto read = [&](std::uint64_t v) { return i.b == 0 ? v : extend(v); };
  for (std::uint32_t l = 0; l < lanes; ++l) switch (i.code) {
      case Code::readRom:
        d[l] = read(s.contents[at(a[l]) * s.wordsPer + part]);
        break;
      case Code::readRam:
        d[l] = read(place(at(a[l]), part, l));
        break;
      case Code::readShift: {
        const std::uint64_t word = newest[id][l] + at(a[l]);
        d[l] = read(place(word < s.words ? word : word - s.words, part, l));
        break;
      }
      case Code::writeRam:
        if (c[l] != 0)
          for (std::uint32_t k = 0; k < s.wordsPer; ++k)
            place(at(b[l]), k, l) = a[std::size_t{k} * lanes + l];
        break;
      case Code::writeShift:
        if (c[l] == 0) break;
        newest[id][l] = newest[id][l] == 0 ? s.words - 1 : newest[id][l] - 1;
        for (std::uint32_t k = 0; k < s.wordsPer; ++k)
          place(newest[id][l], k, l) = a[std::size_t{k} * lanes + l];
        break;
      default:
        SLUICE_CHECK(false, "every instruction is executed");
    }
}

// ---- the interface

Evaluator::Evaluator(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Result<Evaluator> Evaluator::make(const Module& module, std::uint32_t lanes) {
  SLUICE_CHECK(lanes >= 1, "an evaluator has at least one lane");
  SLUICE_RETURN_IF_ERROR(check(module));
  auto program = std::make_unique<Program>();
  program->code = module.instances.empty() ? compile(module) : compile(flatten(module));
  program->lanes = lanes;
  program->values.assign(std::size_t{program->code.slots} * lanes, 0);
  for (const Storage& s : program->code.memories) {
    program->memories.emplace_back(s.contents.empty() ? std::size_t{s.words} * s.wordsPer * lanes : 0, 0);
    program->newest.emplace_back(lanes, 0);
  }
  Evaluator evaluator(std::move(program));
  evaluator.reset();
  return evaluator;
}

std::uint32_t Evaluator::lanes() const { return program_->lanes; }

namespace {
std::uint32_t indexOf(const std::vector<PortSlots>& ports, std::string_view name) {
  for (std::uint32_t i = 0; i < ports.size(); ++i)
    if (ports[i].name == name) return i;
  SLUICE_CHECK(false, "the module has a port of this name");
  return 0;
}
}  // namespace

std::uint32_t Evaluator::inputIndex(std::string_view name) const {
  return indexOf(program_->code.inputs, name);
}
std::uint32_t Evaluator::outputIndex(std::string_view name) const {
  return indexOf(program_->code.outputs, name);
}

void Evaluator::reset() {
  Program& p = *program_;
  const auto fill = [&](std::uint32_t slot, std::uint64_t value) {
    std::fill_n(p.values.begin() + static_cast<std::ptrdiff_t>(std::size_t{slot} * p.lanes), p.lanes, value);
  };
  for (const std::uint32_t slot : p.code.states) fill(slot, 0);
  for (const auto& [slot, value] : p.code.powerUp) fill(slot, value);
  for (auto& memory : p.memories) std::fill(memory.begin(), memory.end(), 0);
  for (auto& newest : p.newest) std::fill(newest.begin(), newest.end(), 0);
  p.settled = false;
}

void Evaluator::set(std::uint32_t input, std::uint32_t lane, std::int64_t value) {
  const PortSlots& port = program_->code.inputs[input];
  SLUICE_CHECK(port.width <= 64, "a wide port is set in words");
  program_->values[std::size_t{port.slot} * program_->lanes + lane] =
      asBits(signExtend(asBits(value), port.width, port.isSigned));
  program_->settled = false;
}

void Evaluator::setWords(std::uint32_t input, std::uint32_t lane, std::span<const std::uint64_t> words) {
  const PortSlots& port = program_->code.inputs[input];
  SLUICE_CHECK(words.size() == wordsFor(port.width), "a port takes all its words");
  if (port.width <= 64) return set(input, lane, asSigned(words[0]));
  for (std::uint32_t k = 0; k < words.size(); ++k)
    program_->values[std::size_t{port.slot + k} * program_->lanes + lane] =
        words[k] & (k + 1 == words.size() ? maskOf((port.width - 1) % 64 + 1) : ~0ull);
  program_->settled = false;
}

void Evaluator::settle() {
  if (program_->settled) return;
  program_->run(program_->code.settle);
  program_->settled = true;
}

std::int64_t Evaluator::get(std::uint32_t output, std::uint32_t lane) const {
  SLUICE_CHECK(program_->settled, "outputs are read after settle");
  const PortSlots& port = program_->code.outputs[output];
  SLUICE_CHECK(port.width <= 64, "a wide port is read in words");
  return asSigned(program_->values[std::size_t{port.slot} * program_->lanes + lane]);
}

void Evaluator::getWords(std::uint32_t output, std::uint32_t lane, std::span<std::uint64_t> words) const {
  SLUICE_CHECK(program_->settled, "outputs are read after settle");
  const PortSlots& port = program_->code.outputs[output];
  SLUICE_CHECK(words.size() == wordsFor(port.width), "a port gives all its words");
  for (std::uint32_t k = 0; k < words.size(); ++k) {
    const std::uint64_t value = program_->values[std::size_t{port.slot + k} * program_->lanes + lane];
    words[k] = value & (k + 1 == words.size() ? maskOf((port.width - 1) % 64 + 1) : ~0ull);
  }
}

void Evaluator::step() {
  settle();
  program_->run(program_->code.edge);
  program_->settled = false;
}

}  // namespace sluice::hdl
