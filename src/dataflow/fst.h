#pragma once

#include <string>

#include "dataflow/waveform.h"

/// Waveforms as FST, the compressed format of GTKWave.
namespace sluice::dataflow {

/// The bytes of an FST file: one time unit is one cycle (shown as ns), no date. Same input, same bytes.
///
/// Source   the format as GTKWave 3.3 reads it ("GTKWave 3.3 Wave Analyzer User's Guide", appendix on FST; T. Hutt,
///          "An unofficial FST format specification"). Ours uses a part of it: one block of changes with zlib, no
///          aliases of handles other than in the hierarchy.
std::string fstBytes(const Waveform& wave);

}  // namespace sluice::dataflow
