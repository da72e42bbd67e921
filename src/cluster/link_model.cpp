#include "cluster/link_model.h"

#include <algorithm>
#include <cmath>

namespace sluice::cluster {
namespace {

struct Line {
  double begin = 0, slope = 0;
};

/// Least squares of (begin + slope * B - T) / T.
Line lineThrough(const std::vector<Sample>& samples, std::size_t first, std::size_t end) {
  double a = 0, b = 0, c = 0, x = 0, y = 0;
  for (std::size_t i = first; i < end; ++i) {
    const double u = 1 / samples[i].time, v = samples[i].bytes / samples[i].time;
    a += u * u, b += u * v, c += v * v, x += u, y += v;
  }
  const double determinant = a * c - b * b;
  if (!(std::abs(determinant) > 1e-12 * a * c)) return {.begin = 0, .slope = c > 0 ? y / c : 0};
  return {.begin = (x * c - y * b) / determinant, .slope = (a * y - b * x) / determinant};
}

}  // namespace

double worstError(const MessageModel& model, const std::vector<Sample>& samples) {
  double worst = 0;
  for (const Sample& sample : samples)
    worst = std::max(worst, std::abs(model.time(sample.bytes) / sample.time - 1));
  return worst;
}

Result<MessageModel> fitMessages(const std::vector<Sample>& samples) {
  if (samples.size() < 2) return badInput("a link model needs at least two measured messages");
  std::vector<Sample> sorted = samples;
  std::sort(sorted.begin(), sorted.end(), [](const Sample& a, const Sample& b) { return a.bytes < b.bytes; });
  for (const Sample& sample : sorted)
    if (!(sample.bytes > 0) || !(sample.time > 0))
      return badInput("a measured message has no bytes or no time");
  const Line one = lineThrough(sorted, 0, sorted.size());
  MessageModel best{.latency = one.begin, .perByte = one.slope};
  const double straight = worstError(best, sorted);
  double least = straight / 2;
  for (std::size_t split = 2; sorted.size() >= 5 && split + 2 <= sorted.size(); ++split) {
    const Line low = lineThrough(sorted, 0, split), high = lineThrough(sorted, split, sorted.size());
    // Lines that meet where the messages between them are, the first the steeper one.
    if (!(low.slope > high.slope) || !(high.begin > low.begin)) continue;
    MessageModel bent{.latency = low.begin,
                      .perByte = high.slope,
                      .ramp = (high.begin - low.begin) / (low.slope - high.slope),
                      .extraPerByte = low.slope - high.slope};
    if (bent.ramp < sorted[split - 1].bytes / 4 || bent.ramp > sorted[split].bytes) continue;
    if (const double error = worstError(bent, sorted); error < least) {
      least = error;
      best = bent;
    }
  }
  return best;
}

double payloadShare(double payload, double overhead) { return payload / (payload + overhead); }

}  // namespace sluice::cluster
