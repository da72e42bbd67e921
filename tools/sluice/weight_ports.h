#pragma once

#include <vector>

#include "device/board.h"
#include "emit/stitch.h"
#include "map/design.h"
#include "report/report.h"

/// Weights that live outside (`weights=stream` of a node): their files, and what the report says of their ports.
namespace sluice::tool {

/// weights/<port>.npy: [beats, elements of a beat], in the order in which every frame brings them.
std::vector<emit::File> weightFiles(const map::Design& design);

/// The rate is that of the frame interval at the first board's clock, or at 100 MHz.
void describeWeightPorts(const map::Design& design, const std::vector<device::Board>& boards,
                         report::Report& report);

}  // namespace sluice::tool
