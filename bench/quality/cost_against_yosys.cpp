// The cost counter against synthesis: every module is counted by hdl::cost and built by the pinned Yosys.
//
//   cost_against_yosys [--random N] [--fifos N] [--seed S] [--family xc7|xcup|ecp5] [--list]
//   [--workers N] [--dump FOLDER] [MODEL[:RF|:everyCYCLES|:unrolled[@LEVELS]] | kernels/FAMILY[:N]]...
//
// Without a count or a model: 200 random kernels, 60 random FIFOs, and every kernel of KWS at reuse factors
// 512 and 2048, of TFC_2W2A at 64, and of the jet tagger unrolled.
//
// Prints one row per group and resource: how many modules have it, sums of both, and the distribution of the
// relative error |counted - built| / max(built, 1) per module. --list prints every module instead, worst
// first. Exit code 1 unless DSP and BRAM18 are exact everywhere and the median errors of LUT and FF are at
// most 5 %. Yosys' results are kept in the job store, so a second run takes seconds (the first, an hour).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cost_corpus.h"
#include "flow/synthesise.h"
#include "flow/tools.h"
#include "hdl/builder.h"
#include "hdl/verilog.h"
#include "jobs/pool.h"

namespace sluice::bench {
namespace {

struct Options {
  std::uint64_t random = 0, fifos = 0, seed = 1;
  hdl::Family family = hdl::Family::xc7;
  bool list = false;
  unsigned workers = 2;
  std::string dump;  ///< folder for the Verilog of everything
  std::vector<std::string> models;
};

struct Compared {
  Subject subject;
  hdl::Cost counted, built;
  std::map<std::string, std::uint64_t> cells;
};

struct Resource {
  const char* name;
  std::uint64_t hdl::Cost::* field;
};
constexpr Resource kResources[] = {
    {"LUT", &hdl::Cost::lut},       {"FF", &hdl::Cost::ff},         {"carry", &hdl::Cost::carry},
    {"DSP", &hdl::Cost::dsp},       {"BRAM18", &hdl::Cost::bram18}, {"SRL", &hdl::Cost::srl},
    {"LUTRAM", &hdl::Cost::lutRam},
};

/// Several modules in one run, side by side under a top that only brings their ports out: starting Yosys and
/// reading its libraries take longer than a small module. Nothing is flattened, so each is built as if alone.
/// (Runs one after the other in one process, with `design -reset` between, do not give what single runs
/// give.)
constexpr std::size_t kBatch = 12;

hdl::Module besideEachOther(const std::vector<Subject>& subjects, std::size_t first, std::size_t last) {
  hdl::Builder b("batch");
  for (std::size_t k = first; k < last; ++k) {
    auto copy = std::make_shared<hdl::Module>(subjects[k].module);
    copy->name = "m" + std::to_string(k - first);
    const hdl::InstanceId instance = b.instance("u" + std::to_string(k - first), copy);
    for (const hdl::Port& p : copy->inputs) {
      const hdl::Node& n = copy->node(p.signal);
      const std::string name = copy->name + "_" + p.name;
      b.connect(instance, p.name, n.isNumber() ? b.input(name, *n.range) : b.inputBits(name, n.width));
    }
    for (const hdl::Port& p : copy->outputs)
      b.output(copy->name + "_" + p.name, b.instanceOutput(instance, p.name));
  }
  return std::move(b).build();
}

jobs::Command commandFor(const flow::Tool& yosys, hdl::Family family, const hdl::Module& batch) {
  std::string text = hdl::verilog(batch, family);
  for (const hdl::Instance& i : batch.instances) text += hdl::verilog(*i.module, family);
  const std::string synth =
      family == hdl::Family::ecp5
          ? "synth_ecp5 -noflatten"
          : "synth_xilinx -family " + std::string(hdl::familyName(family)) + " -noiopad -noclkbuf";
  return {.name = "yosys batch",
          .argv = {yosys.path, "-q", "-l", "yosys.log", "-s", "synth.ys"},
          .inputs = {{"batch.v", text},
                     {"synth.ys", "read_verilog batch.v\n" + synth +
                                      " -top batch\ntee -q -o stat.json stat -json -top batch\n"}},
          .outputs = {"stat.json", {"yosys.log", true}},
          .toolVersion = yosys.version,
          .limits = {.seconds = 4 * 3600}};
}

Result<std::vector<Compared>> build(std::vector<Subject> subjects, const Options& options) {
  SLUICE_TRY(const flow::Tool yosys, flow::findYosys());
  std::vector<jobs::Command> commands;
  for (std::size_t i = 0; i < subjects.size(); i += kBatch)
    commands.push_back(commandFor(yosys, options.family,
                                  besideEachOther(subjects, i, std::min(i + kBatch, subjects.size()))));
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  std::size_t done = 0;
  const auto outcomes =
      jobs::runAll(&store, commands, {.workers = options.workers}, [&](std::size_t, const auto&) {
        std::fprintf(stderr, "%zu of %zu batches\n", ++done, commands.size());
      });
  std::vector<Compared> result;
  double seconds = 0;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto& outcome = outcomes[i / kBatch];
    if (!outcome.ok()) return outcome.error();
    SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(commands[i / kBatch], *outcome));
    const auto json = nlohmann::json::parse(outcome->outputs.at("stat.json"));
    const auto& module = json.at("modules").at("\\m" + std::to_string(i % kBatch));
    std::map<std::string, std::uint64_t> cells;
    if (module.contains("num_cells_by_type"))
      for (const auto& [type, count] : module.at("num_cells_by_type").items())
        if (type.empty() || type[0] != '$') cells[type] = count.template get<std::uint64_t>();
    SLUICE_TRY(const hdl::Cost built, flow::costOfCells(cells, options.family));
    const auto start = std::chrono::steady_clock::now();
    const hdl::Cost counted = hdl::cost(subjects[i].module, options.family);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.push_back({std::move(subjects[i]), counted, built, cells});
  }
  std::printf("%zu modules counted in %.3f s\n", result.size(), seconds);
  return result;
}

double error(const Compared& c, std::uint64_t hdl::Cost::* field) {
  const auto a = static_cast<double>(c.counted.*field), b = static_cast<double>(c.built.*field);
  return (a - b) / std::max(b, 1.0);
}

void printTable(const std::vector<Compared>& all) {
  std::map<std::string, std::vector<const Compared*>> groups;
  std::vector<std::string> order;
  for (const Compared& c : all) {
    if (!groups.contains(c.subject.group)) order.push_back(c.subject.group);
    groups[c.subject.group].push_back(&c);
    groups["all"].push_back(&c);
  }
  order.push_back("all");
  std::printf("%-24s %-7s %5s %8s %8s %7s %7s %7s %7s %7s  %s\n", "group", "", "n", "counted", "built",
              "exact", "median", "mean", "p90", "worst", "worst module");
  for (const std::string& group : order)
    for (const Resource& r : kResources) {
      std::vector<std::pair<double, const Compared*>> errors;
      std::uint64_t counted = 0, built = 0, exact = 0;
      double sum = 0;
      for (const Compared* c : groups[group]) {
        if (c->counted.*r.field == 0 && c->built.*r.field == 0) continue;
        errors.emplace_back(std::abs(error(*c, r.field)), c);
        counted += c->counted.*r.field, built += c->built.*r.field;
        exact += c->counted.*r.field == c->built.*r.field ? 1 : 0;
        sum += errors.back().first;
      }
      if (errors.empty()) continue;
      std::stable_sort(errors.begin(), errors.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      const Compared& worst = *errors.back().second;
      std::printf(
          "%-24s %-7s %5zu %8llu %8llu %6.0f%% %6.1f%% %6.1f%% %6.1f%% %6.1f%%  %s (%llu, built %llu)\n",
          group.c_str(), r.name, errors.size(), static_cast<unsigned long long>(counted),
          static_cast<unsigned long long>(built),
          100.0 * static_cast<double>(exact) / static_cast<double>(errors.size()),
          100 * errors[errors.size() / 2].first, 100 * sum / static_cast<double>(errors.size()),
          100 * errors[errors.size() * 9 / 10].first, 100 * errors.back().first, worst.subject.name.c_str(),
          static_cast<unsigned long long>(worst.counted.*r.field),
          static_cast<unsigned long long>(worst.built.*r.field));
    }
}

void printList(const std::vector<Compared>& all) {
  std::vector<const Compared*> order;
  for (const Compared& c : all) order.push_back(&c);
  std::stable_sort(order.begin(), order.end(), [](const Compared* a, const Compared* b) {
    return std::abs(error(*a, &hdl::Cost::lut)) > std::abs(error(*b, &hdl::Cost::lut));
  });
  for (const Compared* c : order) {
    std::printf("%-40s", c->subject.name.c_str());
    for (const Resource& r : kResources)
      if (c->counted.*r.field != 0 || c->built.*r.field != 0)
        std::printf(" %s %llu/%llu%s", r.name, static_cast<unsigned long long>(c->counted.*r.field),
                    static_cast<unsigned long long>(c->built.*r.field),
                    c->counted.*r.field == c->built.*r.field ? "" : "*");
    std::printf("  %+.0f%%  (", 100 * error(*c, &hdl::Cost::lut));
    for (const auto& [type, count] : c->cells)
      std::printf(" %s %llu", type.c_str(), static_cast<unsigned long long>(count));
    std::printf(" )\n");
  }
}

/// What the counter promises (families with RAM blocks and DSPs that Yosys counts alike).
Status requirePromises(const std::vector<Compared>& all) {
  std::string broken;
  for (const Resource& r : kResources) {
    std::vector<double> errors;
    for (const Compared& c : all)
      if (c.counted.*r.field != 0 || c.built.*r.field != 0) errors.push_back(std::abs(error(c, r.field)));
    if (errors.empty()) continue;
    std::sort(errors.begin(), errors.end());
    const bool exact = r.field == &hdl::Cost::dsp || r.field == &hdl::Cost::bram18;
    const bool near = r.field == &hdl::Cost::lut || r.field == &hdl::Cost::ff;
    if ((exact && errors.back() != 0) || (near && errors[errors.size() / 2] > 0.05))
      broken += std::string(broken.empty() ? "" : ", ") + r.name;
  }
  if (!broken.empty())
    return Error{.code = ErrorCode::badInput,
                 .message = "the counter is further off than promised in: " + broken};
  std::printf("DSP and BRAM18 exact, median errors of LUT and FF at most 5 %%: as promised\n");
  return {};
}

Status run(Options options) {
  if (options.random == 0 && options.fifos == 0 && options.models.empty()) {
    const char* shared = std::getenv("SLUICE_SHARED");
    const std::string models = std::string(shared != nullptr ? shared : "../shared") + "/models/qonnx/";
    options.random = 200, options.fifos = 60;
    options.models = {models + "kws_mlp_w3a3.onnx:512", models + "kws_mlp_w3a3.onnx:2048",
                      models + "TFC_2W2A.onnx:64", models + "qkeras_jettagging.onnx:unrolled"};
  }
  std::vector<Subject> subjects = randomKernels(options.seed, options.random);
  for (Subject& s : randomFifos(options.seed, options.fifos)) subjects.push_back(std::move(s));
  for (const std::string& model : options.models) {
    SLUICE_TRY(std::vector<Subject> more, modelKernels(model, options.family));
    for (Subject& s : more) subjects.push_back(std::move(s));
  }
  if (!options.dump.empty())
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      std::string file = subjects[i].name;
      std::replace(file.begin(), file.end(), ' ', '_');
      std::ofstream(options.dump + "/" + file + ".v") << hdl::verilog(subjects[i].module, options.family);
    }
  SLUICE_TRY(const std::vector<Compared> all, build(std::move(subjects), options));
  if (options.list)
    printList(all);
  else
    printTable(all);
  return requirePromises(all);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    const auto value = [&] { return std::string(i + 1 < argc ? argv[++i] : ""); };
    if (a == "--random")
      options.random = std::stoull(value());
    else if (a == "--fifos")
      options.fifos = std::stoull(value());
    else if (a == "--seed")
      options.seed = std::stoull(value());
    else if (a == "--workers")
      options.workers = static_cast<unsigned>(std::stoul(value()));
    else if (a == "--list")
      options.list = true;
    else if (a == "--dump")
      options.dump = value();
    else if (a == "--family") {
      const std::string f = value();
      options.family = f == "ecp5"   ? sluice::hdl::Family::ecp5
                       : f == "xcup" ? sluice::hdl::Family::xcup
                                     : sluice::hdl::Family::xc7;
    } else
      options.models.push_back(a);
  }
  const sluice::Status status = sluice::bench::run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.error().text().c_str());
  return 1;
}
