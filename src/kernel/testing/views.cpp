#include <algorithm>

#include "base/rng.h"
#include "hdl/builder.h"
#include "hdl/evaluate.h"
#include "kernel/bits.h"
#include "kernel/testing.h"

namespace sluice::kernel {

using dataflow::Direction;
using hdl::Signal;

hdl::Module withFifos(const Kernel& kernel, std::vector<FifoParams> fifos) {
  SLUICE_CHECK(fifos.size() == kernel.ports.size(), "one FIFO per port");
  constexpr fixed::IntegerFormat bit{1, false};
  hdl::Builder b(kernel.name + "_with_fifos");
  const hdl::InstanceId core = b.instance("core", std::make_shared<hdl::Module>(elaborate(kernel)));
  for (std::size_t p = 0; p < kernel.ports.size(); ++p) {
    const StreamPort& port = kernel.ports[p];
    const bool reads = port.direction == Direction::read;
    fifos[p].width = port.beat.width();
    if (!reads) fifos[p].reserveIsPush = false;
    const bool reserves = !fifos[p].reserveIsPush;
    const hdl::InstanceId queue =
        b.instance("fifo_" + port.name, std::make_shared<hdl::Module>(fifo(fifos[p])));
    const Signal credit = b.instanceOutput(queue, "credit"), valid = b.instanceOutput(queue, "valid");
    const Signal data = b.instanceOutput(queue, "data_out");
    if (reads) {
      const Signal push = b.bitAnd(b.input(port.name + "_valid", bit), credit);
      b.connect(queue, "data_in", b.inputBits(port.name + "_data", port.beat.width()));
      b.connect(queue, "push", push);
      if (reserves) b.connect(queue, "reserve", push);
      b.output(port.name + "_ready", credit);
      b.connect(core, port.name + "_data", data);
      b.connect(core, port.name + "_valid", valid);
      const Signal pop = b.instanceOutput(core, port.name + "_pop");
      b.connect(queue, "pop", pop);
      b.output(port.name + "_popped", pop);
    } else {
      b.connect(core, port.name + "_credit", credit);
      b.connect(queue, "reserve", b.instanceOutput(core, port.name + "_reserve"));
      const Signal push = b.instanceOutput(core, port.name + "_push");
      b.connect(queue, "push", push);
      b.connect(queue, "data_in", b.instanceOutput(core, port.name + "_data"));
      b.connect(queue, "pop", b.bitAnd(b.input(port.name + "_ready", bit), valid));
      b.output(port.name + "_data", data);
      b.output(port.name + "_valid", valid);
      b.output(port.name + "_pushed", push);
    }
  }
  return std::move(b).build();
}

dataflow::Network networkWithFifos(const Kernel& kernel, const std::vector<FifoParams>& fifos) {
  dataflow::Network network;
  std::vector<dataflow::ChannelId> channels;
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    const StreamPort& port = kernel.ports[p];
    const dataflow::ChannelId channel{network.channels.size()};
    channels.push_back(channel);
    network.channels.push_back({.name = port.name, .depth = fifos[p].depth});
    auto& side = port.direction == Direction::read ? network.sources : network.sinks;
    side.push_back(
        {.name = port.name, .channel = channel, .beatsPerFrame = beatsPerPass(kernel.schedule, p)});
  }
  network.actors.push_back(actor(kernel, channels));
  return network;
}

namespace {

constexpr std::uint64_t kSourceSeed = 11, kSinkSeed = 12, kDataSeed = 13, kShapeSeed = 14;

/// Everything about one port: where it is in the evaluated module, and what happened in each lane.
struct PortRun {
  const StreamPort* port = nullptr;
  bool reads = true;
  std::uint64_t outside = 0;  ///< its number among sources or among sinks
  std::uint64_t beats = 0;    ///< in the whole case
  std::uint32_t dataPort = 0, validPort = 0, readyPort = 0, innerPort = 0;
  std::vector<std::vector<std::uint64_t>> pushes, pops;  ///< per lane
  std::vector<std::vector<std::int64_t>> elements;       ///< per lane: sent in, or seen
};

std::int64_t randomElement(Rng& rng, fixed::Interval range) {
  if (rng.chance(0.15)) return range.lo;
  if (rng.chance(0.15)) return range.hi;
  return rng.uniform(range.lo, range.hi);
}

std::uint32_t randomStall(Rng& rng) {
  static constexpr std::uint32_t percents[] = {0, 0, 20, 50, 80};
  return percents[rng.uniform(0, 4)];
}

std::string text(std::uint64_t number) { return std::to_string(number); }

/// "" if equal, else what differs.
std::string firstDifference(const std::vector<std::uint64_t>& hardware,
                            const std::vector<std::uint64_t>& simulator) {
  for (std::size_t i = 0; i < std::max(hardware.size(), simulator.size()); ++i) {
    if (i >= hardware.size())
      return "beat " + text(i) + ": the simulator says cycle " + text(simulator[i]) + ", the hardware never";
    if (i >= simulator.size())
      return "beat " + text(i) + ": the hardware says cycle " + text(hardware[i]) + ", the simulator never";
    if (hardware[i] != simulator[i])
      return "beat " + text(i) + ": the hardware says cycle " + text(hardware[i]) + ", the simulator cycle " +
             text(simulator[i]);
  }
  return {};
}

class ViewRun {
 public:
  ViewRun(const KernelCase& test, const ViewOptions& options)
      : test_(test), kernel_(test.kernel), options_(options) {}

  Result<ViewCount> run() {
    chooseFifos();
    SLUICE_TRY(hdl::Evaluator evaluator, hdl::Evaluator::make(withFifos(kernel_, fifos_), options_.lanes));
    preparePorts(evaluator);
    SLUICE_RETURN_IF_ERROR(simulateLanes());
    std::uint64_t end = 0;
    for (const dataflow::Trace& trace : traces_) end = std::max(end, trace.end);
    evaluator.reset();
    // A few cycles longer than predicted, so that beats too many are seen as well.
    for (std::uint64_t cycle = 0; cycle <= end + 8; ++cycle) clock(evaluator, cycle);
    SLUICE_RETURN_IF_ERROR(compare());
    ViewCount count{.cases = options_.lanes, .beats = 0, .cycles = end + 9};
    for (const PortRun& port : ports_) count.beats += port.beats * options_.lanes;
    return count;
  }

 private:
  void chooseFifos() {
    Rng rng(options_.seed, kShapeSeed);
    for (std::size_t p = 0; p < kernel_.ports.size(); ++p)
      fifos_.push_back({.width = kernel_.ports[p].beat.width(),
                        .depth = static_cast<std::uint32_t>(rng.chance(0.15) ? 1 : rng.uniform(2, 9)),
                        .kind = static_cast<FifoKind>(rng.uniform(0, 3)),
                        .reserveIsPush = kernel_.ports[p].direction == Direction::read && rng.chance(0.7)});
    for (std::uint32_t lane = 0; lane < options_.lanes; ++lane)
      stimuli_.push_back({.frames = options_.passes,
                          .sources = {options_.seed * 1000 + lane * 2 + kSourceSeed, randomStall(rng)},
                          .sinks = {options_.seed * 1000 + lane * 2 + kSinkSeed, randomStall(rng)},
                          .cycleLimit = 10'000'000});
  }

  void preparePorts(const hdl::Evaluator& evaluator) {
    std::uint64_t sources = 0, sinks = 0;
    for (std::uint32_t p = 0; p < kernel_.ports.size(); ++p) {
      PortRun run;
      run.port = &kernel_.ports[p];
      run.reads = run.port->direction == Direction::read;
      run.outside = run.reads ? sources++ : sinks++;
      run.beats = beatsPerPass(kernel_.schedule, p) * options_.passes;
      const std::string& name = run.port->name;
      run.dataPort = run.reads ? evaluator.inputIndex(name + "_data") : evaluator.outputIndex(name + "_data");
      run.validPort =
          run.reads ? evaluator.inputIndex(name + "_valid") : evaluator.outputIndex(name + "_valid");
      run.readyPort =
          run.reads ? evaluator.outputIndex(name + "_ready") : evaluator.inputIndex(name + "_ready");
      run.innerPort = evaluator.outputIndex(name + (run.reads ? "_popped" : "_pushed"));
      run.pushes.resize(options_.lanes);
      run.pops.resize(options_.lanes);
      run.elements.resize(options_.lanes);
      if (run.reads)
        for (std::uint32_t lane = 0; lane < options_.lanes; ++lane) {
          Rng rng(options_.seed, kDataSeed + 1000 * (lane + 1) + p);
          for (std::uint64_t e = 0; e < run.beats * run.port->beat.elements; ++e)
            run.elements[lane].push_back(randomElement(rng, run.port->range));
        }
      ports_.push_back(std::move(run));
    }
  }

  Status simulateLanes() {
    const dataflow::Network network = networkWithFifos(kernel_, fifos_);
    for (const dataflow::Stimulus& stimulus : stimuli_) {
      SLUICE_TRY(dataflow::Outcome outcome, dataflow::simulate(network, stimulus));
      if (outcome.deadlock)
        return badInput("the simulator deadlocks: " + outcome.deadlock->waits.front(), where());
      traces_.push_back(std::move(outcome.trace));
    }
    return {};
  }

  /// One cycle of all lanes.
  void clock(hdl::Evaluator& evaluator, std::uint64_t cycle) {
    std::vector<std::uint64_t> words;
    for (PortRun& port : ports_)
      for (std::uint32_t lane = 0; lane < options_.lanes; ++lane) {
        const dataflow::Stimulus& stimulus = stimuli_[lane];
        if (!port.reads) {
          evaluator.set(port.readyPort, lane, stimulus.sinks.open(port.outside, cycle) ? 1 : 0);
          continue;
        }
        const std::uint64_t sent = port.pushes[lane].size();
        const bool offers = sent < port.beats && stimulus.sources.open(port.outside, cycle);
        evaluator.set(port.validPort, lane, offers ? 1 : 0);
        WordPacker packer;
        const Beat& beat = port.port->beat;
        for (std::uint32_t e = 0; e < beat.elements; ++e)
          packer.append(offers ? port.elements[lane][sent * beat.elements + e] : -1, beat.format.bits);
        evaluator.setWords(port.dataPort, lane, packer.words());
      }
    evaluator.settle();
    for (PortRun& port : ports_)
      for (std::uint32_t lane = 0; lane < options_.lanes; ++lane) observe(evaluator, port, lane, cycle);
    evaluator.step();
  }

  void observe(const hdl::Evaluator& evaluator, PortRun& port, std::uint32_t lane, std::uint64_t cycle) {
    const bool inner = evaluator.get(port.innerPort, lane) != 0;
    const dataflow::Stimulus& stimulus = stimuli_[lane];
    if (port.reads) {
      const bool offers = port.pushes[lane].size() < port.beats && stimulus.sources.open(port.outside, cycle);
      if (offers && evaluator.get(port.readyPort, lane) != 0) port.pushes[lane].push_back(cycle);
      if (inner) port.pops[lane].push_back(cycle);
      return;
    }
    if (inner) port.pushes[lane].push_back(cycle);
    if (!stimulus.sinks.open(port.outside, cycle) || evaluator.get(port.validPort, lane) == 0) return;
    port.pops[lane].push_back(cycle);
    const Beat& beat = port.port->beat;
    std::vector<std::uint64_t> words((beat.width() + 63) / 64);
    evaluator.getWords(port.dataPort, lane, words);
    for (std::uint32_t e = 0; e < beat.elements; ++e) {
      const std::uint32_t lsb = e * beat.format.bits;
      std::uint64_t raw = words[lsb / 64] >> (lsb % 64);
      if (lsb % 64 + beat.format.bits > 64) raw |= words[lsb / 64 + 1] << (64 - lsb % 64);
      const std::uint64_t mask = beat.format.bits >= 64 ? ~0ull : (std::uint64_t{1} << beat.format.bits) - 1;
      port.elements[lane].push_back(codeValue(raw & mask, beat.format));
    }
  }

  Status compare() {
    for (std::uint32_t lane = 0; lane < options_.lanes; ++lane) {
      for (std::size_t p = 0; p < ports_.size(); ++p) {
        std::string difference = firstDifference(ports_[p].pushes[lane], traces_[lane].pushes[p]);
        if (!difference.empty())
          return badInput("push of '" + kernel_.ports[p].name + "', " + difference, where(lane));
        // The simulator ends with the last beat outside; a kernel may still take beats that it does not
        // answer.
        std::vector<std::uint64_t>& pops = ports_[p].pops[lane];
        while (ports_[p].reads && !pops.empty() && pops.back() > traces_[lane].end) pops.pop_back();
        difference = firstDifference(pops, traces_[lane].pops[p]);
        if (!difference.empty())
          return badInput("pop of '" + kernel_.ports[p].name + "', " + difference, where(lane));
      }
      SLUICE_RETURN_IF_ERROR(compareValues(lane));
    }
    return {};
  }

  Status compareValues(std::uint32_t lane) {
    for (std::uint32_t pass = 0; pass < options_.passes; ++pass) {
      PassData reads;
      for (const PortRun& port : ports_)
        if (port.reads) reads.push_back(slicePass(port, lane, pass));
      const PassData expected = test_.golden(reads);
      std::size_t write = 0;
      for (const PortRun& port : ports_) {
        if (port.reads) continue;
        const std::vector<std::int64_t> got = slicePass(port, lane, pass);
        const std::vector<std::int64_t>& want = expected[write++];
        if (want.size() != got.size())
          return badInput("the golden function gives " + text(want.size()) + " elements of '" +
                              port.port->name + "' a pass, the kernel " + text(got.size()),
                          where(lane));
        for (std::size_t e = 0; e < want.size(); ++e)
          if (want[e] != got[e])
            return badInput("element " + text(e) + " of '" + port.port->name + "' in pass " + text(pass) +
                                ": the hardware says " + std::to_string(got[e]) + ", the golden function " +
                                std::to_string(want[e]),
                            where(lane));
      }
    }
    return {};
  }

  [[nodiscard]] std::vector<std::int64_t> slicePass(const PortRun& port, std::uint32_t lane,
                                                    std::uint32_t pass) const {
    const auto each = static_cast<std::ptrdiff_t>(port.beats / options_.passes * port.port->beat.elements);
    const auto from = port.elements[lane].begin() + pass * each;
    return {from, from + each};
  }

  [[nodiscard]] std::string where(std::uint32_t lane = 0) const {
    std::string text =
        kernel_.name + ", seed " + std::to_string(options_.seed) + ", case " + std::to_string(lane);
    for (const FifoParams& queue : fifos_) text += ", " + fifoName(queue);
    return text;
  }

  const KernelCase& test_;
  const Kernel& kernel_;
  const ViewOptions& options_;
  std::vector<FifoParams> fifos_;
  std::vector<dataflow::Stimulus> stimuli_;
  std::vector<dataflow::Trace> traces_;
  std::vector<PortRun> ports_;
};

}  // namespace

Result<ViewCount> checkViews(const KernelCase& test, const ViewOptions& options) {
  SLUICE_RETURN_IF_ERROR(check(test.kernel));
  return ViewRun(test, options).run();
}

}  // namespace sluice::kernel
