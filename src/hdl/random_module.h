#pragma once

#include <cstdint>
#include <string>

#include "hdl/module.h"

namespace sluice::hdl {

struct RandomModuleOptions {
  std::uint32_t operations = 40;  ///< roughly so many nodes
  std::uint32_t instances = 1;    ///< modules placed inside, smaller ones
  bool memories = true;
  bool wide = true;  ///< signals of more than 64 bits
  /// Every interval holds in every cycle from power-up on, also in registers that are not reset. Otherwise
  /// only the engines' handling of the widths is the same: simplify may give other values where a promise is
  /// broken.
  bool keepPromises = true;
};

/// A legal module of random operations: all ops, formats and styles, registers with feedback, memories,
/// instances. For tests that run engines against each other. The same seed gives the same module.
Module randomModule(const std::string& name, std::uint64_t seed, const RandomModuleOptions& options = {});

}  // namespace sluice::hdl
