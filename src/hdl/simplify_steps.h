#pragma once

#include <vector>

#include "hdl/module.h"

/// Private to simplify.
namespace sluice::hdl {

/// Per node: the narrowest interval proven for a number, over all cycles from power-up.
std::vector<fixed::Interval> narrowRanges(const Module& module, const std::vector<Signal>& order);

/// Registers and memories of plain bits without the bits that nothing reads or that are always 0.
Module pruneBits(const Module& module);

/// What a product of two signals is built of; `automatic` is decided by width.
Style multiplyStyle(const Node& a, const Node& b, Style wish);

/// What an `automatic` memory is built of.
Style memoryStyle(const Memory& memory);

}  // namespace sluice::hdl
