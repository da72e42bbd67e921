#include <nlohmann/json.hpp>

#include "report/report.h"

namespace sluice::report {
namespace {

using Json = nlohmann::ordered_json;

Json costJson(const hdl::Cost& cost) {
  return {{"lut", cost.lut},     {"lut_ram", cost.lutRam}, {"srl", cost.srl},      {"ff", cost.ff},
          {"carry", cost.carry}, {"dsp", cost.dsp},        {"bram18", cost.bram18}};
}

Json resourcesJson(const Resources& resources) {
  Json json = {{"estimated", costJson(resources.estimated)}};
  if (resources.synthesised) json["synthesised"] = costJson(*resources.synthesised);
  return json;
}

}  // namespace

std::string json(const Report& report) {
  Json json = {{"format", "sluice report 1"}, {"name", report.name},     {"model", report.model},
               {"regime", report.regime},     {"family", report.family}, {"command", report.command}};
  if (!report.regimeReason.empty()) json["regime_reason"] = report.regimeReason;
  json["frame_interval"] = {{"cycles", report.interval},
                            {"kind", report.intervalProven ? "proven" : "simulated"}};
  json["latency"] = {{"cycles", report.latency}, {"kind", "simulated"}};
  json["fifo_storage"] = {{"bits", report.fifoBits}, {"lower_bound", report.leastFifoBits}};
  json["weights"] = report.weights;
  json["multiplications"] = report.operations;
  json["resources"] = resourcesJson(report.total);
  json["subgraphs"] = Json::array();
  for (const SubgraphRow& row : report.subgraphs)
    json["subgraphs"].push_back({{"name", row.name},
                                 {"board", row.board},
                                 {"nodes", row.nodes},
                                 {"inputs", row.inputs},
                                 {"outputs", row.outputs},
                                 {"latency", row.latency},
                                 {"resources", resourcesJson(row.resources)}});
  if (report.monolithic)
    json["monolithic"] = {{"frame_interval", report.monolithic->interval},
                          {"latency", report.monolithic->latency},
                          {"resources", resourcesJson(report.monolithic->resources)}};
  json["boards"] = Json::array();
  for (const BoardRow& board : report.boards) {
    Json usage = Json::array();
    for (const device::Usage& row : board.usage)
      usage.push_back({{"resource", row.resource}, {"used", row.used}, {"available", row.available}});
    json["boards"].push_back({{"name", board.name},
                              {"part", board.part},
                              {"subgraphs", board.subgraphs},
                              {"kind", kindName(board.kind)},
                              {"fits", board.fits},
                              {"usage", usage}});
  }
  for (const Report::WeightPort& row : report.weightPorts)
    json["weights_from_outside"].push_back({{"port", row.port},
                                            {"kernel", row.kernel},
                                            {"kind", "proven"},
                                            {"bits_per_frame", row.bitsPerFrame},
                                            {"bits_per_beat", row.bitsPerBeat},
                                            {"fifo_bits", row.aheadBits},
                                            {"gigabit_per_second", row.gigabitPerSecond},
                                            {"clock_mhz", row.clockMhz}});
  if (report.pairs) {
    json["products_in_pairs"] = {{"kind", "estimated"},
                                 {"dsp_without", report.pairs->single},
                                 {"dsp_available", report.pairs->available},
                                 {"layers", Json::array()}};
    for (const map::PairedLayer& layer : report.pairs->layers)
      json["products_in_pairs"]["layers"].push_back({{"node", layer.node},
                                                     {"dsp_without", layer.single},
                                                     {"dsp", layer.paired},
                                                     {"lut_more", layer.lutMore}});
  }
  if (report.skin)
    json["skin"] = {{"name", report.skin->name},
                    {"digest", report.skin->digest},
                    {"streams", report.skin->streams},
                    {"kind", "estimated"},
                    {"estimated", costJson(report.skin->cost)}};
  json["verification"] = Json::array();
  for (const Report::Verification& row : report.verifications)
    json["verification"].push_back({{"kind", "simulated"},
                                    {"engine", row.engine},
                                    {"stimulus", row.stimulus},
                                    {"frames", row.agreement.frames},
                                    {"input_gaps_percent", row.sourceStall},
                                    {"output_stalls_percent", row.sinkStall},
                                    {"output_beats", row.agreement.outputBeats},
                                    {"wrong_values", row.agreement.wrongValues},
                                    {"wrong_cycles", row.agreement.wrongCycles},
                                    {"cycles_compared", row.cyclesCompared},
                                    {"first_difference", row.agreement.firstDifference}});
  if (!report.placement.seeds.empty()) {
    Json seeds = Json::array();
    for (const Report::Placement::Seed& seed : report.placement.seeds)
      seeds.push_back({{"seed", seed.seed}, {"max_mhz", seed.maxMhz}});
    json["placement"] = {{"kind", "routed"},
                         {"part", report.placement.part},
                         {"tool", report.placement.tool},
                         {"seeds", seeds},
                         {"board_mhz", report.placement.boardMhz},
                         {"critical_path", report.placement.criticalPath}};
  }
  json["kernels"] = Json::array();
  for (const KernelRow& row : report.kernels)
    json["kernels"].push_back({{"name", row.name},
                               {"family", row.family},
                               {"node", row.node},
                               {"subgraph", row.subgraph},
                               {"shape", row.shape},
                               {"input", row.input},
                               {"output", row.output},
                               {"weights", row.weights},
                               {"multiplications", row.multiplications},
                               {"multipliers", row.multipliers},
                               {"cycles_per_frame", row.cyclesPerFrame},
                               {"pipeline_depth", row.depth},
                               {"busy", row.busy},
                               {"estimated", costJson(row.cost)}});
  json["fifos"] = Json::array();
  for (const FifoRow& row : report.fifos)
    json["fifos"].push_back({{"name", row.name},
                             {"from", row.from},
                             {"to", row.to},
                             {"subgraph", row.subgraph},
                             {"bits", row.width},
                             {"depth", row.depth},
                             {"peak", row.peak},
                             {"kind", row.kind},
                             {"estimated", costJson(row.cost)}});
  for (const CutRow& row : report.cuts)
    json["cuts"].push_back({{"from", row.from},
                            {"to", row.to},
                            {"link_latency_cycles", row.latency},
                            {"link_cycles_a_beat", row.interval},
                            {"from_depth", row.fromDepth},
                            {"from_needs", row.fromAlone},
                            {"to_depth", row.toDepth},
                            {"to_needs", row.toAlone},
                            {"held", heldWhere(row)}});
  if (!report.cuts.empty())
    json["with_links"] = {{"interval", report.linkedInterval}, {"latency", report.linkedLatency}};
  return json.dump(1) + "\n";
}

}  // namespace sluice::report
