#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hdl/module.h"

/// Evaluator: steps a module cycle by cycle in this process, many independent cases (lanes) at once.
///
/// The tree is flattened and compiled to a flat list of operations in topological order over 64-bit words; a
/// wide signal is several words. Every operation is a loop over lanes, which the compiler vectorises.
namespace sluice::hdl {

class Evaluator {
 public:
  /// Errors: badInput (check fails).
  static Result<Evaluator> make(const Module& module, std::uint32_t lanes = 1);
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  [[nodiscard]] std::uint32_t lanes() const;
  /// Index of a port of the module. Errors: none, an unknown name is a bug of the caller.
  [[nodiscard]] std::uint32_t inputIndex(std::string_view name) const;
  [[nodiscard]] std::uint32_t outputIndex(std::string_view name) const;

  void reset();  ///< registers to their reset values, others to 0
  void set(std::uint32_t input, std::uint32_t lane, std::int64_t value);  ///< ports of at most 64 bits
  void setWords(std::uint32_t input, std::uint32_t lane, std::span<const std::uint64_t> words);
  void settle();  ///< combinational values from inputs and state
  [[nodiscard]] std::int64_t get(std::uint32_t output,
                                 std::uint32_t lane) const;  ///< sign-extended if the port is signed
  void getWords(std::uint32_t output, std::uint32_t lane, std::span<std::uint64_t> words) const;
  void step();  ///< one clock edge (settles first if needed)

 private:
  struct Program;
  explicit Evaluator(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

}  // namespace sluice::hdl
