#pragma once

#include "hdl/module.h"

namespace sluice::hdl {

/// The same module with constant and dead logic gone, equal expressions shared and ranges narrowed. Applied
/// before printing and before counting, so that what is counted is what is built. Ports stay; behaviour is
/// equal in every cycle after reset.
Module simplify(const Module& module);

/// The module with all instances put in place, names prefixed. What the evaluator runs and synthesis flattens
/// to.
Module flatten(const Module& module);

}  // namespace sluice::hdl
