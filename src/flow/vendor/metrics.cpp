#include "flow/vendor/metrics.h"

#include <algorithm>

namespace sluice::flow::vendor {

std::string_view stageName(Stage stage) {
  switch (stage) {
    case Stage::estimated:
      return "estimated";
    case Stage::simulated:
      return "simulated";
    case Stage::synthesised:
      return "synthesised";
    case Stage::placed:
      return "placed";
    case Stage::routed:
      return "routed";
    case Stage::notStated:
      break;
  }
  return "not stated";
}

const std::vector<Quantity>& quantities() {
  static const std::vector<Quantity> all = {
      // Resources of AMD devices.
      {"lut", "LUT", Kind::count, "look-up tables, for logic and memory"},
      {"lut_logic", "LUT", Kind::count, "of these, used as logic"},
      {"lut_memory", "LUT", Kind::count, "of these, used as memory: lut_ram + srl"},
      {"lut_ram", "LUT", Kind::count, "distributed RAM"},
      {"srl", "LUT", Kind::count, "shift registers"},
      {"ff", "FF", Kind::count, "registers, latches included where a report counts them together"},
      {"latch", "FF", Kind::count, "latches"},
      {"carry8", "CARRY8", Kind::count, "carry chains of eight bits"},
      {"mux_f7", "MUXF7", Kind::count, "multiplexers of two LUTs"},
      {"mux_f8", "MUXF8", Kind::count, "multiplexers of four LUTs"},
      {"mux_f9", "MUXF9", Kind::count, "multiplexers of eight LUTs"},
      {"slice", "slice", Kind::count, "slices (7-series)"},
      {"clb", "CLB", Kind::count, "configurable logic blocks (UltraScale)"},
      {"bram18", "RAMB18", Kind::count, "block RAM in halves: 2 * RAMB36 + RAMB18"},
      {"bram_tile", "RAMB36 tile", Kind::half, "block RAM in tiles: RAMB36 + RAMB18 / 2"},
      {"ramb36", "RAMB36", Kind::count, "whole block RAMs"},
      {"ramb18", "RAMB18", Kind::count, "half block RAMs used by themselves"},
      {"uram", "URAM", Kind::count, "UltraRAM"},
      {"dsp", "DSP", Kind::count, "DSP blocks of the device at hand"},
      {"iob", "IOB", Kind::count, "bonded pins"},
      {"cells", "cell", Kind::count, "cells of one primitive"},
      // Resources of Intel devices.
      {"alut", "ALUT", Kind::count, "adaptive look-up tables"},
      {"alm", "ALM", Kind::real, "adaptive logic modules"},
      {"intel_ram", "M20K or M10K", Kind::count, "RAM blocks, of the size that the device has"},
      {"mlab", "MLAB", Kind::count, "memory logic array blocks"},
      {"dsp_fractional", "DSP", Kind::real, "parts of DSP blocks"},
      // Memories.
      {"depth_words", "word", Kind::count, "words of a FIFO or memory"},
      {"width_bits", "bit", Kind::count, "bits of a word"},
      {"banks", "bank", Kind::count, "copies or banks of a memory"},
      // Clocks.
      {"clock_target_ns", "ns", Kind::real, "period asked for"},
      {"clock_estimated_ns", "ns", Kind::real, "period estimated by the high-level synthesiser"},
      {"clock_uncertainty_ns", "ns", Kind::real, "margin that it kept"},
      {"clock_achieved_ns", "ns", Kind::real, "least period that the design meets"},
      {"clock_period_ns", "ns", Kind::real, "period of a constrained clock"},
      {"clock_frequency_mhz", "MHz", Kind::real, "its frequency"},
      {"fmax_mhz", "MHz", Kind::real, "greatest frequency"},
      // Cycles.
      {"latency_min_cycles", "cycle", Kind::count, "first input to last output, least"},
      {"latency_avg_cycles", "cycle", Kind::count, "mean"},
      {"latency_max_cycles", "cycle", Kind::count, "greatest"},
      {"latency_cycles", "cycle", Kind::count, "where a report gives one figure only"},
      {"latency_min_ns", "ns", Kind::real, "the same as time"},
      {"latency_avg_ns", "ns", Kind::real, "the same as time"},
      {"latency_max_ns", "ns", Kind::real, "the same as time"},
      {"latency_ns", "ns", Kind::real, "the same as time"},
      {"interval_min_cycles", "cycle", Kind::count, "between starts of one function, least"},
      {"interval_avg_cycles", "cycle", Kind::count, "mean"},
      {"interval_max_cycles", "cycle", Kind::count, "greatest"},
      {"interval_cycles", "cycle", Kind::count, "where a report gives one figure only; of a loop: achieved"},
      {"interval_target_cycles", "cycle", Kind::count, "of a loop: asked for"},
      {"pipeline_depth", "stage", Kind::count, "stages of a pipeline"},
      {"iteration_latency_min_cycles", "cycle", Kind::count, "one iteration of a loop, least"},
      {"iteration_latency_max_cycles", "cycle", Kind::count, "greatest"},
      {"trip_count_min", "iteration", Kind::count, "iterations of a loop, least"},
      {"trip_count_max", "iteration", Kind::count, "greatest"},
      {"execution_cycles", "cycle", Kind::count, "a whole co-simulation"},
      {"block_latency_max_cycles", "cycle", Kind::real,
       "greatest latency of a block, which hls4ml calls latency"},
      {"block_interval_max_cycles", "cycle", Kind::count, "greatest interval of a block"},
      {"block_latency_cycles", "cycle", Kind::real, "of one block"},
      {"passed", "1", Kind::count, "1: the co-simulation passed, 0: it failed"},
      // Timing.
      {"slack_ns", "ns", Kind::real, "slack of a module as the high-level synthesiser estimates it"},
      {"wns_ns", "ns", Kind::real, "worst slack, setup"},
      {"tns_ns", "ns", Kind::real, "sum of negative slacks, setup"},
      {"setup_failing", "endpoint", Kind::count, "endpoints that fail, setup"},
      {"setup_endpoints", "endpoint", Kind::count, "endpoints, setup"},
      {"whs_ns", "ns", Kind::real, "worst slack, hold"},
      {"ths_ns", "ns", Kind::real, "sum of negative slacks, hold"},
      {"hold_failing", "endpoint", Kind::count, "endpoints that fail, hold"},
      {"hold_endpoints", "endpoint", Kind::count, "endpoints, hold"},
      {"wpws_ns", "ns", Kind::real, "worst slack, pulse width"},
      {"tpws_ns", "ns", Kind::real, "sum of negative slacks, pulse width"},
      {"pulse_failing", "endpoint", Kind::count, "endpoints that fail, pulse width"},
      {"pulse_endpoints", "endpoint", Kind::count, "endpoints, pulse width"},
      {"timing_met", "1", Kind::count, "1: all constraints are met, 0: not"},
  };
  return all;
}

const Quantity* findQuantity(std::string_view name) {
  constexpr std::string_view suffix = "_available";
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  const auto row = std::find_if(quantities().begin(), quantities().end(),
                                [&](const Quantity& quantity) { return quantity.name == name; });
  return row == quantities().end() ? nullptr : &*row;
}

std::optional<double> find(const Metrics& metrics, std::string_view name, std::string_view place) {
  for (const Metric& metric : metrics.metrics)
    if (metric.name == name && metric.place == place) return metric.value;
  return std::nullopt;
}

std::string findFact(const Metrics& metrics, std::string_view name, std::string_view place) {
  for (const Fact& fact : metrics.facts)
    if (fact.name == name && fact.place == place) return fact.text;
  return {};
}

}  // namespace sluice::flow::vendor
