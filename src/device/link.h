#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "device/part.h"

/// Links between boards, and between the dies of one. One JSON file per link under src/device/data/, compiled into the
/// library; a user's own link is such a file, given by its path.
///
///   {"link":       "udp100",             lower case, as typed on the command line
///    "title":      "100G Ethernet, UDP, direct cable",
///    "mbps":       100000,               bits on the wire per microsecond, one direction; the other is as fast
///    "latency_ns": 535,                  first bit in to first bit out, one way
///    "payload":    1472,                 bytes of a packet that are ours; 0: no packets
///    "overhead":   66,                   bytes of a packet that are not
///    "cost":       {"lut": 35219, "ff": 86269, "dsp": 0, "bram18": 183},    of the core that drives one port of it
///    "source":     {"document": "...", "table": "..."}}
///
/// Where no public figure was found, the source says "estimated".
namespace sluice::device {

struct Link {
  std::string name, title;
  std::uint64_t mbps = 1;
  std::uint64_t latencyNs = 0;
  std::uint64_t payload = 0, overhead = 0;
  Budget cost;  ///< lut, ff, dsp and bram18
  Source source;
  /// Megabits of payload per second, which is bits per microsecond.
  [[nodiscard]] double rate() const {
    const double share =
        payload == 0 ? 1 : static_cast<double>(payload) / static_cast<double>(payload + overhead);
    return static_cast<double>(mbps) * share;
  }
};

/// The link of this name, upper or lower case; or, if `name` holds a '/' or ends in ".json", the one in that file.
/// Errors: badInput ("no link is called 'x'; known: ...", or file:line), io.
Result<Link> findLink(const std::string& name);
/// Names of all built-in links, ascending.
std::vector<std::string> linkNames();

/// Reads the text of a link file. Errors: badInput at "file:line".
Result<Link> parseLink(std::string_view text, const std::string& file);

}  // namespace sluice::device
