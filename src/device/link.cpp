#include "device/link.h"

#include "base/text.h"
#include "device/fields.h"

namespace sluice::device {
namespace {

constexpr std::uint64_t mostMbps = 100'000'000, mostNanoseconds = 10'000'000'000, mostBytes = 1 << 20,
                        mostCells = 100'000'000;

const std::vector<Link>& builtinLinks() {
  static const std::vector<Link> links = builtinThings<Link>("link", parseLink);
  return links;
}

}  // namespace

Result<Link> parseLink(std::string_view text, const std::string& file) {
  SLUICE_TRY(const Value value, parseDataFile(text, file));
  SLUICE_RETURN_IF_ERROR(checkKeys(
      value, {"link", "title", "mbps", "latency_ns", "payload", "overhead", "cost", "source"}, file));
  Link link;
  SLUICE_TRY(link.name, textOf(value, "link", file));
  SLUICE_TRY(link.title, textOf(value, "title", file));
  SLUICE_TRY(link.mbps, numberOf(value, "mbps", 1, mostMbps, file));
  SLUICE_TRY(link.latencyNs, numberOf(value, "latency_ns", 0, mostNanoseconds, file));
  SLUICE_TRY(link.payload, numberOf(value, "payload", 0, mostBytes, file));
  SLUICE_TRY(link.overhead, numberOf(value, "overhead", 0, mostBytes, file));
  if (link.payload == 0 && link.overhead > 0)
    return wrongAt(*value.find("overhead"), file,
                   "\"overhead\" is of packets, and \"payload\" 0 says there are none");
  const Value& cost = *value.find("cost");
  SLUICE_RETURN_IF_ERROR(checkKeys(cost, {"lut", "ff", "dsp", "bram18"}, file));
  SLUICE_TRY(link.cost.lut, numberOf(cost, "lut", 0, mostCells, file));
  SLUICE_TRY(link.cost.ff, numberOf(cost, "ff", 0, mostCells, file));
  SLUICE_TRY(link.cost.dsp, numberOf(cost, "dsp", 0, mostCells, file));
  SLUICE_TRY(link.cost.bram18, numberOf(cost, "bram18", 0, mostCells, file));
  SLUICE_TRY(link.source, sourceOf(value, file));
  return link;
}

Result<Link> findLink(const std::string& name) { return findThing(builtinLinks(), "link", name, parseLink); }

std::vector<std::string> linkNames() { return namesOf(builtinLinks()); }

}  // namespace sluice::device
