#include "split/network/cluster_spec.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::splits {

std::uint32_t ClusterSpec::places() const {
  std::uint32_t boards = 0;
  for (const Kind& kind : kinds) boards += kind.count;
  return boards;
}

std::uint32_t ClusterSpec::linkPorts() const {
  if (places() < 2) return 0;
  switch (topology) {
    case Topology::Kind::none:
      return 0;
    case Topology::Kind::star:
    case Topology::Kind::switched:
      return 1;
    case Topology::Kind::chain:
    case Topology::Kind::ring:
    case Topology::Kind::mesh:
      break;
  }
  return 2;  // plans hand on from place to place: one cable in, one out
}

std::vector<hdl::Family> familiesOf(const ClusterSpec& spec) {
  std::vector<hdl::Family> families;
  for (const ClusterSpec::Kind& kind : spec.kinds)
    if (std::find(families.begin(), families.end(), kind.board.part.family) == families.end())
      families.push_back(kind.board.part.family);
  return families;
}

Topology topologyOf(const ClusterSpec& spec) {
  Topology topology{.kind = spec.topology, .columns = spec.columns};
  if (spec.topology != Topology::Kind::none)
    topology.links = {{.rate = spec.link.rate(), .latency = static_cast<double>(spec.link.latencyNs) / 1000}};
  return topology;
}

Result<ClusterSpec> clusterSpec(const std::vector<std::string>& boards, const std::string& topology,
                                const std::string& link, bool fixedOrder) {
  ClusterSpec spec;
  for (const std::string& text : boards) {
    SLUICE_TRY(const device::BoardSpec board, device::parseBoardSpec(text));
    std::uint32_t kind = 0;
    while (kind < spec.kinds.size() && spec.kinds[kind].board.name != board.board.name) ++kind;
    if (kind == spec.kinds.size())
      spec.kinds.push_back({.board = board.board, .count = board.count});
    else
      spec.kinds[kind].count += board.count;
    if (fixedOrder) spec.order.insert(spec.order.end(), board.count, kind);
  }
  if (spec.kinds.empty()) return badInput("a split needs boards: name them with --board NAME:COUNT");
  SLUICE_TRY(spec.link, device::findLink(link));
  const std::size_t colon = topology.find(':');
  const std::string kind = topology.substr(0, colon);
  const std::optional<Topology::Kind> named = topologyNamed(kind);
  if (!named || *named == Topology::Kind::none)
    return badInput(
        "no topology is called '" + topology +
        "'; known: chain, ring, star, switch, mesh:COLUMNS. All of them are connected, and no other is");
  spec.topology = *named;
  const std::uint32_t places = spec.places();
  if (spec.topology == Topology::Kind::mesh) {
    std::int64_t columns = 0;
    if (colon == std::string::npos || !parseInt64(topology.substr(colon + 1), columns) || columns < 1 ||
        columns > places || places % columns != 0)
      return badInput("topology '" + topology + "': a mesh says its columns, which divide its " +
                      countOf(places, "board") + ": mesh:2");
    spec.columns = static_cast<std::uint32_t>(columns);
  } else if (colon != std::string::npos) {
    return badInput("topology '" + topology + "': only a mesh takes a number");
  }
  return spec;
}

}  // namespace sluice::splits
