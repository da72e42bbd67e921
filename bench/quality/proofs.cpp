// Formal proofs of what designs are made of: FIFOs of every kind and their credit counters, width converters,
// controllers, the modules of the AXI skin, and small networks with a skip connection as a whole. Claims in
// src/emit/formal.h and formal_axi.h, proven by Yosys from the Verilog as printed; and for every claim a single-line fault
// that breaks it, so that no claim is empty.
//
//   proofs [--quick] [--networks] [--axi] [--RN07] [--no-faults] [--no-cache] [--json]
//
// --quick: one module of each sort. --networks: the networks alone. --axi: the skin alone. --RN07: also every FIFO and every controller of RN07, as mapped and sized.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "dataflow/simulate.h"
#include "emit/formal_axi.h"
#include "flow/formal.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"
#include "ir/text.h"
#include "jobs/store.h"
#include "kernel/testing.h"
#include "mutations_fault.h"
#include "networks_list.h"
#include "show.h"

namespace {

using namespace sluice;

constexpr std::uint32_t kMostBits = 2048;  ///< of storage, in a proof about a FIFO

struct Subject {
  std::string sort;  ///< "FIFO", "width converter", "controller", "AXI input", ..., "network"
  std::string note;  ///< of what it stands for
  flow::ProofTask task;
};

Subject fifoSubject(kernel::FifoParams params) {
  // Every bit of a beat is stored like every other one: a narrower FIFO of the same depth and kind has the same
  // counters, pointers and ways around the memory.
  const std::string name = kernel::fifoName(params);
  if (params.width * params.depth > kMostBits) params.width = std::max(1u, kMostBits / params.depth);
  const std::string text = hdl::verilog(hdl::simplify(kernel::fifo(params)), hdl::Family::xc7);
  const std::string proven = kernel::fifoName(params);
  return {"FIFO",
          name == proven ? "" : "for " + name,
          {.name = proven, .files = {{"module.v", text}}, .harness = emit::fifoProof(params, text)}};
}

Result<Subject> widthSubject(std::uint32_t from, std::uint32_t to, fixed::Interval range) {
  const kernel::WidthParams params{from, to, range};
  SLUICE_TRY(const kernel::Kernel kernel, kernel::widthConverter(params));
  const std::string text = hdl::verilog(kernel::hardware(kernel), hdl::Family::xc7);
  SLUICE_TRY(emit::FormalModule harness, emit::widthProof(params, text));
  return Subject{"width converter",
                 "",
                 {.name = kernel.name, .files = {{"module.v", text}}, .harness = std::move(harness)}};
}

Subject controllerSubject(const kernel::Kernel& kernel) {
  const std::string text = hdl::verilog(kernel::hardware(kernel), hdl::Family::xc7);
  return {"controller",
          kernel.family,
          {.name = kernel.name,
           .files = {{"module.v", text}},
           .harness = emit::controllerProof(kernel, text),
           .namesWords = false}};
}

/// The modules of an AXI skin with two inputs and two outputs of other widths. Frames are short, so that faults show soon.
Result<std::vector<Subject>> axiSubjects() {
  SLUICE_TRY(const ir::Graph graph, ir::parse(R"(
x = input [1, 2, 2] s4
z = input [1, 2, 2] u9
s = merge x, z, shift [0, 0]
u = merge s, x, shift [0, 0]
output s, u
)"));
  SLUICE_TRY(const map::Design design,
             map::mapGraph(graph, {.regime = map::Regime::streamed, .reuseFactor = 2}));
  SLUICE_TRY(const emit::AxiSkin skin, emit::axiSkin(design, graph, digestOf("a design")));
  std::vector<Subject> list;
  const auto add = [&](const std::string& sort, const hdl::Module& module, emit::FormalModule harness) {
    list.push_back({sort,
                    "",
                    {.name = module.name,
                     .files = {{"module.v", hdl::verilog(hdl::simplify(module), hdl::Family::xc7)}},
                     .harness = std::move(harness)}});
  };
  for (const emit::AxiStream& stream : skin.streams) {
    if (stream.isInput)
      add("AXI input", emit::axiIn(stream), emit::axiInProof(stream));
    else
      add("AXI output", emit::axiOut(stream), emit::axiOutProof(stream));
  }
  add("AXI control", emit::axiControl(skin), emit::axiControlProof(skin));
  add("AXI meter", emit::axiMeter(skin), emit::axiMeterProof(skin));
  return list;
}

/// A residual block: a convolution of 3 x 3 beside the pixels themselves, and their sum.
Result<map::Design> residual(std::uint32_t height, std::uint32_t width) {
  std::string weights;
  for (int i = 0; i < 36; ++i) weights += std::to_string(i * 5 % 7 - 3) + " ";
  SLUICE_TRY(const ir::Graph graph, ir::parse(fmt::format(R"(
x = input [{}, {}, 2] s4
k = constant [3, 3, 2, 2] s3 {{{}}}
t = constant [1, 3] s8 {{-9 0 9}}
c = codeConv x, k, padBefore [1, 1], padAfter [1, 1]
u = threshold c, t
d = merge u, x, shift [0, 0]
output d
)",
                                                          height, width, weights)));
  SLUICE_TRY(map::Design design, map::mapGraph(graph, {.regime = map::Regime::streamed,
                                                       .targetInterval = std::uint64_t{height} * width * 2}));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, hdl::Family::xc7));
  return design;
}

Result<Subject> networkSubject(const map::Design& design, const std::string& name, const std::string& note) {
  SLUICE_TRY(const emit::Rtl rtl, emit::stitch(design, hdl::Family::xc7));
  Subject subject{"network", note, {.name = name, .mostSteps = 12}};
  for (const emit::File& file : emit::verilogFiles(rtl))
    if (file.name.ends_with(".v") && file.name != "rtl/top.v") subject.task.files.push_back(file);
  SLUICE_TRY(subject.task.harness, emit::progressProof(design, rtl));
  return subject;
}

Result<std::vector<Subject>> subjects(const show::Output& out) {
  std::vector<Subject> list;
  const bool quick = out.has("--quick");
  const std::vector<std::uint32_t> depths =
      quick ? std::vector<std::uint32_t>{5} : std::vector<std::uint32_t>{1, 5, 8, 33};
  for (const std::uint32_t depth : depths)
    for (int kind = 0; kind < 4; ++kind)
      for (const bool wire : {false, true})
        if (!wire || depth == 5)
          list.push_back(fifoSubject({.width = 8,
                                      .depth = depth,
                                      .kind = static_cast<kernel::FifoKind>(kind),
                                      .reserveIsPush = wire}));
  using Beats = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  for (const auto& [from, to] :
       quick ? Beats{{3, 4}}
             : Beats{{1, 1}, {1, 4}, {4, 1}, {2, 8}, {8, 2}, {3, 4}, {4, 3}, {5, 2}, {6, 10}}) {
    SLUICE_TRY(Subject subject, widthSubject(from, to, {-3, 4}));
    list.push_back(std::move(subject));
  }
  SLUICE_TRY(std::vector<Subject> skin, axiSubjects());
  std::move(skin.begin(), skin.end(), std::back_inserter(list));
  for (std::uint64_t seed = 1; seed <= (quick ? 2u : 20u); ++seed)
    list.push_back(controllerSubject(kernel::randomKernel("loops", seed).kernel));
  if (!quick)
    for (const std::string& family : kernel::randomFamilies())
      if (family != "loops") list.push_back(controllerSubject(kernel::randomKernel(family, 7).kernel));
  return list;
}

Result<std::vector<Subject>> subjectsOfRn07() {
  std::vector<Subject> list;
  const auto& all = show::references();
  const auto reference = std::find_if(all.begin(), all.end(), [](const auto& r) { return r.name == "RN07"; });
  SLUICE_TRY(const show::Network network, show::load(*reference));
  SLUICE_TRY(const show::Hardware hardware, show::build(network.lowered, reference->options));
  // Quick ones first: a deep FIFO takes minutes.
  for (const map::KernelInstance& instance : hardware.design.kernels)
    list.push_back(controllerSubject(instance.kernel));
  std::vector<kernel::FifoParams> fifos;
  for (const map::Stream& stream : hardware.design.streams) fifos.push_back(map::fifoParams(stream));
  std::stable_sort(fifos.begin(), fifos.end(),
                   [](const auto& a, const auto& b) { return a.depth < b.depth; });
  std::set<std::string> seen;
  for (const kernel::FifoParams& fifo : fifos)
    if (seen.insert(kernel::fifoName(fifo)).second) list.push_back(fifoSubject(fifo));
  return list;
}

/// Faults of a module, one after another, until each of its claims is refuted by one. Returns claim -> fault.
Result<std::map<std::string, std::string>> refutations(const Subject& subject, const jobs::Store* store) {
  std::map<std::string, std::string> broken;
  Rng rng(1, 5);
  for (int tries = 0; tries < 60 && broken.size() < subject.task.harness.claims.size(); ++tries) {
    const std::optional<show::Fault> fault = show::randomFault(subject.task.files[0].content, rng);
    if (!fault) break;
    std::vector<flow::ProofTask> tasks;
    for (const emit::Claim& claim : subject.task.harness.claims) {
      if (broken.contains(claim.name)) continue;
      flow::ProofTask task = subject.task;
      task.files[0].content = fault->text;
      task.claims = {claim.name};
      task.induction = false;
      task.mostSteps = 12;
      tasks.push_back(std::move(task));
    }
    SLUICE_TRY(const std::vector<flow::Proof> proofs, flow::prove(tasks, 2, store));
    for (std::size_t t = 0; t < tasks.size(); ++t)
      if (proofs[t].verdict == flow::Verdict::refuted)
        broken[tasks[t].claims[0]] = fmt::format("line {}: {}", fault->line, fault->after);
  }
  return broken;
}

Status showSubjects(show::Output& out, const std::vector<Subject>& list, const jobs::Store* store) {
  std::vector<flow::ProofTask> tasks;
  for (const Subject& subject : list) tasks.push_back(subject.task);
  std::size_t ended = 0;
  SLUICE_TRY(const std::vector<flow::Proof> proofs,
             flow::prove(tasks, 2, store, [&](const flow::ProofTask& task, double seconds) {
               std::fprintf(stderr, "%zu of %zu: %s, %.1f s\n", ++ended, tasks.size(), task.name.c_str(),
                            seconds);
             }));
  std::size_t claims = 0, proven = 0;
  double seconds = 0;
  struct Property {
    std::string says;
    std::size_t modules = 0, proven = 0;
    double seconds = 0;  ///< of the proofs it is part of: a module's claims are proven together
  };
  std::map<std::pair<std::string, std::string>, Property> properties;  // sort, claim
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Subject& subject = list[t];
    std::vector<std::string> names;
    for (const emit::Claim& claim : subject.task.harness.claims) names.push_back(claim.name);
    out.require(proofs[t].verdict == flow::Verdict::proven,
                fmt::format("{:<16} {:<24} {:<50} Yosys sat, {} k = {}, {:.1f} s{}", subject.sort,
                            subject.task.name, fmt::format("{}", fmt::join(names, ", ")),
                            proofs[t].verdict == flow::Verdict::proven ? "proven by induction,"
                                                                       : flow::verdictName(proofs[t].verdict),
                            proofs[t].steps, proofs[t].processorSeconds,
                            subject.note.empty() ? "" : "  (" + subject.note + ")"));
    claims += names.size();
    proven += proofs[t].verdict == flow::Verdict::proven ? names.size() : 0;
    seconds += proofs[t].processorSeconds;
    for (const emit::Claim& claim : subject.task.harness.claims) {
      Property& property = properties[{subject.sort, claim.name}];
      property.says = claim.says;
      ++property.modules;
      property.proven += proofs[t].verdict == flow::Verdict::proven ? 1 : 0;
      property.seconds += proofs[t].processorSeconds;
    }
    out.figure("proofs/" + subject.task.name, static_cast<double>(names.size()), "claims",
               flow::verdictName(proofs[t].verdict));
  }
  std::vector<std::vector<std::string>> rows{
      {"of", "property", "says", "tool", "modules", "proven", "s, together"}};
  for (const auto& [key, property] : properties)
    rows.push_back({key.first, key.second, property.says, "Yosys, sat -tempinduct",
                    std::to_string(property.modules), std::to_string(property.proven),
                    fmt::format("{:.1f}", property.seconds)});
  out.say(show::table(rows, 4));
  out.require(proven == claims,
              fmt::format("{} claims about {} modules, {} proven, {:.0f} s of processor time", claims,
                          list.size(), proven, seconds));
  return {};
}

/// One module of each sort and kind: all of its claims can fail.
Status showFaults(show::Output& out, const std::vector<Subject>& list, const jobs::Store* store) {
  std::set<std::string> done;
  std::size_t claims = 0, refuted = 0;
  for (const Subject& subject : list) {
    if (subject.sort == "network") continue;
    // FIFOs by kind, width converters by shape, controllers by family: the first of each; of FIFOs that of depth 5.
    std::string sort = subject.sort;
    if (sort == "FIFO") {
      if (subject.task.name.find("x5_") == std::string::npos) continue;
      sort += subject.task.name;
    } else if (sort == "width converter" && subject.task.name.find("_3_to_4") == std::string::npos) {
      continue;
    }
    if (subject.task.harness.claims.size() < 3 || !done.insert(sort).second) continue;
    SLUICE_TRY(const auto broken, refutations(subject, store));
    for (const emit::Claim& claim : subject.task.harness.claims) {
      const auto found = broken.find(claim.name);
      ++claims;
      refuted += found != broken.end() ? 1 : 0;
      out.require(found != broken.end(),
                  fmt::format("{:<24} {:<12} is refuted by a fault: {}", subject.task.name, claim.name,
                              found == broken.end() ? "none found" : found->second));
    }
  }
  out.require(refuted == claims, fmt::format("{} of {} claims are refuted by a fault each", refuted, claims));
  return {};
}

/// The design with no FIFO of more places than `most`. A way with two FIFOs in a row stops only if both are short.
map::Design withPlaces(map::Design design, std::uint32_t most) {
  for (map::Stream& stream : design.streams) stream.depth = std::min(stream.depth, most);
  return design;
}

/// The most places at which the simulator finds that the design stops, and in which cycle; none: it never does.
struct Shortage {
  std::uint32_t places = 0;
  std::uint64_t cycle = 0;
};
Result<std::optional<Shortage>> shortageOf(const map::Design& design) {
  std::uint32_t deepest = 1;
  for (const map::Stream& stream : design.streams) deepest = std::max(deepest, stream.depth);
  for (std::uint32_t places = deepest - 1; places > 0; --places) {
    SLUICE_TRY(const dataflow::Outcome outcome,
               dataflow::simulate(map::network(withPlaces(design, places)), {.frames = 4}));
    if (outcome.deadlock) return std::optional(Shortage{places, outcome.deadlock->cycle});
  }
  return std::optional<Shortage>();
}

/// A residual block at its sized depths, at the least depths with which it runs, and at one place less, where it stops.
Status showProgress(show::Output& out, const jobs::Store* store) {
  for (const auto& [height, width] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{{3, 3}}) {
    SLUICE_TRY(map::Design design, residual(height, width));
    const std::string name = fmt::format("residual_{}x{}", height, width);
    std::string depths;
    for (const map::Stream& stream : design.streams) depths += fmt::format(" {}", stream.depth);
    SLUICE_TRY(const Subject sized, networkSubject(design, name, "depths" + depths));
    SLUICE_RETURN_IF_ERROR(showSubjects(out, {sized}, store));
    if (out.has("--no-faults")) continue;
    SLUICE_TRY(const std::optional<Shortage> shortage, shortageOf(design));
    if (!shortage) return badInput("one place in every FIFO is enough");
    // The fewest places with which it runs, and one less.
    const std::uint32_t places = shortage->places;
    SLUICE_TRY(const Subject least, networkSubject(withPlaces(design, places + 1), name,
                                                   fmt::format("at most {} places", places + 1)));
    SLUICE_RETURN_IF_ERROR(showSubjects(out, {least}, store));
    SLUICE_TRY(Subject stuck, networkSubject(withPlaces(design, places), name, ""));
    stuck.task.induction = false;
    stuck.task.macros = {"ONE_RUN"};
    stuck.task.mostSteps = static_cast<std::uint32_t>(shortage->cycle) + 20;
    SLUICE_TRY(const std::vector<flow::Proof> proofs, flow::prove({stuck.task}, 1, store));
    out.require(
        proofs[0].verdict == flow::Verdict::refuted,
        fmt::format(
            "{:<24} progress     is {} with at most {} places in each FIFO: Yosys sat, a run of {} cycles, "
            "{:.1f} s (the simulator stops in cycle {})",
            name, flow::verdictName(proofs[0].verdict), places, proofs[0].steps, proofs[0].processorSeconds,
            shortage->cycle));
  }
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  const jobs::Store* const store = out.has("--no-cache") ? nullptr : &cache;
  if (out.has("--networks")) return showProgress(out, store);
  if (out.has("--axi")) {
    SLUICE_TRY(const std::vector<Subject> skin, axiSubjects());
    out.require(showSubjects(out, skin, store), "modules");
    return out.has("--no-faults") ? Status{} : showFaults(out, skin, store);
  }
  SLUICE_TRY(const std::vector<Subject> list, subjects(out));
  out.require(showSubjects(out, list, store), "modules");
  if (out.has("--RN07")) {
    SLUICE_TRY(const std::vector<Subject> modules, subjectsOfRn07());
    out.require(showSubjects(out, modules, store), "RN07");
  }
  if (!out.has("--quick")) out.require(showProgress(out, store), "networks");
  if (!out.has("--no-faults")) out.require(showFaults(out, list, store), "faults");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--quick", "--networks", "--axi", "--RN07", "--no-faults", "--no-cache"});
  out.require(run(out), "proofs");
  return out.exitCode();
}
