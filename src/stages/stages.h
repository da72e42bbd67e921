#pragma once

#include "experiment/definition.h"

/// The stages that come with Sluice; `sluice experiment stages` lists them with their inputs and outputs.
///
///   jets.data -> jets.prepare -> jets.train -> sluice.quantize -> sluice.run -> classes.accuracy
///                                                    |
///                                                    +-> sluice.build: resources, latency, interval
///
/// Those named sluice.* run this very program as a command, so that what an experiment measures is what a user
/// gets; their key holds the digest of the program.
namespace sluice::stages {

const experiment::Registry& stages();

}  // namespace sluice::stages
