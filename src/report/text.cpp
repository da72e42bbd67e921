#include <algorithm>

#include "base/text.h"
#include "report/report.h"

namespace sluice::report {
namespace {

/// A table whose columns are as wide as their widest cell; numbers stand right.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const {
    std::vector<std::size_t> width(rows_[0].size(), 0);
    for (const auto& row : rows_)
      for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
    std::string result;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      std::string line = "  ";
      for (std::size_t c = 0; c < rows_[r].size(); ++c) {
        const std::string padding(width[c] - rows_[r][c].size(), ' ');
        const bool right = r > 0 ? isNumber(rows_[r][c]) : rows_.size() > 1 && isNumber(rows_[1][c]);
        line += (right ? padding + rows_[r][c] : rows_[r][c] + padding) + "  ";
      }
      result += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return result;
  }

 private:
  static bool isNumber(const std::string& cell) {
    return !cell.empty() && (cell == "-" || cell.find_first_not_of("0123456789,.%+") == std::string::npos);
  }
  std::vector<std::vector<std::string>> rows_;
};

std::vector<std::string> costCells(const hdl::Cost& cost) {
  return {number(cost.allLuts()), number(cost.ff), number(cost.dsp), number(cost.bram18)};
}

std::vector<std::string> join(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string kernelTable(const Report& report) {
  Table table({"kernel", "family", "shape", "in", "out", "multipliers", "cycles", "busy", "LUT", "FF", "DSP",
               "BRAM18"});
  for (const KernelRow& row : report.kernels)
    table.add(join({row.name, row.family, row.shape, row.input, row.output,
                    row.multipliers == 0 ? "-" : number(row.multipliers), number(row.cyclesPerFrame),
                    formatFixed(100 * row.busy, 0) + "%"},
                   costCells(row.cost)));
  return table.text();
}

std::string fifoTable(const Report& report) {
  Table table({"FIFO", "from", "to", "bits", "depth", "peak", "kind", "LUT", "FF", "DSP", "BRAM18"});
  for (const FifoRow& row : report.fifos)
    table.add(
        join({row.name, row.from, row.to, number(row.width), number(row.depth), number(row.peak), row.kind},
             costCells(row.cost)));
  return table.text();
}

std::string resourceTable(const Report& report) {
  Table table({"part", "latency", "kind", "LUT", "FF", "DSP", "BRAM18"});
  const auto add = [&](const std::string& name, std::uint64_t latency, const Resources& resources) {
    table.add(join({name, number(latency), "estimated"}, costCells(resources.estimated)));
    if (resources.synthesised) table.add(join({"", "", "synthesised"}, costCells(*resources.synthesised)));
  };
  for (const SubgraphRow& row : report.subgraphs)
    if (report.subgraphs.size() > 1) add(row.name, row.latency, row.resources);
  add("whole design", report.latency, report.total);
  if (report.monolithic)
    add("uncut, for comparison", report.monolithic->latency, report.monolithic->resources);
  return table.text();
}

std::string boardTable(const Report& report) {
  std::string result;
  for (const BoardRow& board : report.boards) {
    result += "\nBoard " + board.name + " (" + board.part + ", " + kindName(board.kind) +
              "): " + (board.fits ? "fits" : "DOES NOT FIT") + "\n";
    Table table({"resource", "used", "of", "share"});
    for (const device::Usage& row : board.usage) {
      const double share =
          row.available == 0 ? 0 : 100.0 * static_cast<double>(row.used) / static_cast<double>(row.available);
      table.add({row.resource, number(row.used), number(row.available), formatFixed(share, 1) + "%"});
    }
    result += table.text();
  }
  return result;
}

std::string verificationText(const Report& report) {
  std::string result = "\nVerification (simulated)\n";
  if (report.verifications.empty()) return result + "  not run\n";
  for (const Report::Verification& row : report.verifications) {
    const flow::Agreement& a = row.agreement;
    const std::string stalls = row.sourceStall + row.sinkStall == 0
                                   ? "no stalls"
                                   : std::to_string(row.sourceStall) + "% input gaps, " +
                                         std::to_string(row.sinkStall) + "% output stalls";
    result += "  " + row.engine + ", " + countOf(static_cast<std::int64_t>(a.frames), "frame") + " of " +
              row.stimulus + ", " + stalls + ": ";
    if (a.equal())
      result += number(a.outputBeats) + " output beats, every value equal to the integer engine's, " +
                (row.cyclesCompared ? "every cycle as predicted\n" : "beats offered until they were taken\n");
    else
      result += number(a.wrongValues) + " wrong values, " + number(a.wrongCycles) +
                " wrong cycles; first: " + a.firstDifference + "\n";
  }
  return result;
}

std::string placementText(const Report& report) {
  const Report::Placement& placement = report.placement;
  if (placement.seeds.empty()) return "";
  std::vector<double> sorted;
  std::string list;
  for (const Report::Placement::Seed& seed : placement.seeds) {
    sorted.push_back(seed.maxMhz);
    list += (list.empty() ? "" : ", ") + formatFixed(seed.maxMhz, 1);
  }
  std::sort(sorted.begin(), sorted.end());
  const double median = (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
  return "\nPlaced and routed (" + placement.part + ", " + placement.tool + ")\n  highest clock  best " +
         formatFixed(sorted.back(), 1) + " MHz, median " + formatFixed(median, 1) + ", worst " +
         formatFixed(sorted.front(), 1) + " over " +
         countOf(static_cast<std::int64_t>(sorted.size()), "seed") + " (" + list +
         "); the board's clock is " + formatFixed(placement.boardMhz, 0) + " MHz\n  slowest path   " +
         placement.criticalPath + "\n";
}

std::string skinText(const Report& report) {
  if (!report.skin) return "";
  const Report::Skin& skin = *report.skin;
  std::string result = "\nSkin: " + skin.name + " (adds " + number(skin.cost.allLuts()) + " LUT, " +
                       number(skin.cost.ff) + " FF; estimated)\n";
  for (const std::string& stream : skin.streams) result += "  " + stream + "\n";
  return result + "  registers: axi/registers.md; design " + skin.digest + "\n";
}

std::string weightPortText(const Report& report) {
  if (report.weightPorts.empty()) return "";
  std::string result = "\nWeights from outside (bits: proven; rate: at the frame interval above)\n";
  for (const Report::WeightPort& row : report.weightPorts)
    result += "  " + row.port + ", for " + row.kernel + ": " + number(row.bitsPerFrame) +
              " bits a frame in beats of " + number(row.bitsPerBeat) + ", " +
              formatFixed(row.gigabitPerSecond, 3) + " Gbit/s at " + formatFixed(row.clockMhz, 0) + " MHz; " +
              number(row.aheadBits) + " bits of FIFOs take them ahead; weights/" + row.port + ".npy\n";
  return result;
}

std::string pairsText(const Report& report) {
  if (!report.pairs) return "";
  std::string result = "\n" + pairsReason(*report.pairs) + " (estimated)\n";
  for (const map::PairedLayer& layer : report.pairs->layers) result += "  " + map::pairText(layer) + "\n";
  return result;
}

std::string fifoStorage(const Report& report) {
  const std::string bits = number(report.fifoBits) + " bits keep interval and latency, ";
  if (report.fifoBits == report.leastFifoBits) return bits + "proven: fewer do not";
  return bits + "simulated; fewer than " + number(report.leastFifoBits) + " do not, proven";
}

}  // namespace

std::string pairsReason(const Report::Pairs& pairs) {
  return "Two products a DSP block (multiplier=dsp2), as single products would take " + number(pairs.single) +
         " blocks where it may take " + number(pairs.available);
}

std::string text(const Report& report) {
  std::string result = report.name + ": " + report.regime + ", " + report.family + ", " +
                       countOf(static_cast<std::int64_t>(report.subgraphs.size()), "subgraph") + ", " +
                       countOf(static_cast<std::int64_t>(report.kernels.size()), "kernel") + ", " +
                       number(report.weights) + " weights\n\n";
  result += "  frame interval  " + number(report.interval) + " cycles  (" +
            (report.intervalProven ? "proven: the state recurs" : "simulated") + ")\n";
  result += "  latency         " + number(report.latency) +
            " cycles  (simulated, first beat in to last beat out)\n";
  if (!report.regimeReason.empty())
    result += "  regime          " + report.regime + ": " + report.regimeReason + "\n";
  result += "\nResources\n" + resourceTable(report) + boardTable(report) + pairsText(report) +
            weightPortText(report) + skinText(report) + verificationText(report) + placementText(report);
  result +=
      "\nKernels (cycles: proven, a frame; busy: simulated; resources: estimated)\n" + kernelTable(report);
  result +=
      "\nFIFOs (" + fifoStorage(report) + "; peak: simulated; resources: estimated)\n" + fifoTable(report);
  return result + "\nAgain: " + report.command + "\n";
}

}  // namespace sluice::report
