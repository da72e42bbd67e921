#pragma once

#include "base/result.h"
#include "dataflow/size.h"

/// Sizing by one descending pass: the plain way, kept as what the tests hold sizeChannels() against.
namespace sluice::dataflow {

/// The depth of one channel after the other, dearest first, is lowered to the least that keeps latency and rate
/// with the others as they are. Every depth is then locally least; the sum need not be. Simulates the whole
/// network for every depth tried.
///
/// Errors   those of sizeChannels(). Sizing::lowerBound is left 0.
Result<Sizing> sizeDescending(const Network& network);

}  // namespace sluice::dataflow
