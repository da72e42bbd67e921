#pragma once

#include <vector>

#include "base/result.h"

/// How long a message takes over a link, fitted on measurements.
///
///   time(B) = latency + B / rate + min(B, ramp) * extra
///
/// The first `ramp` bytes of a message cost more: they are moved from memory into the stream before the link is busy all
/// the time. Circuit links measured message by message (AuroraFlow) show that bend between 16 and 64 KiB; where there is
/// none, ramp is 0.
///
/// Units    bytes, microseconds
/// Source   measurements: notes of the project, tables of AuroraFlow (U280, 4 x 25.78 Gb/s) and of VNx UDP
namespace sluice::cluster {

struct MessageModel {
  double latency = 0;       ///< us
  double perByte = 0;       ///< us; 1 / rate
  double ramp = 0;          ///< bytes
  double extraPerByte = 0;  ///< us
  [[nodiscard]] double time(double bytes) const {
    return latency + bytes * perByte + (bytes < ramp ? bytes : ramp) * extraPerByte;
  }
};
struct Sample {
  double bytes = 0, time = 0;
};

/// The model with the least squares of relative errors: one line, or two with a bend if there are five samples or more
/// and that lowers the error to less than half. Errors: badInput for fewer than two samples, or none above 0.
Result<MessageModel> fitMessages(const std::vector<Sample>& samples);

/// Largest relative error.
double worstError(const MessageModel& model, const std::vector<Sample>& samples);

/// Share of a link's rate that is payload: packets of `payload` bytes that carry `overhead` more.
double payloadShare(double payload, double overhead);

}  // namespace sluice::cluster
