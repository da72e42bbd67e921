// Activation tables whole, by half and in parts (kernel/lookup): what they cost, and that every entry is what it was.
//
//   tables [--least=N] [--most=N] [--synth] [--json]
//
// Rounded functions of N address bits (8 to 14) over the range where they are not constant, and the tables that hls4ml has by
// default (1,024 entries of 18 bits, 10 behind the point, truncated). Each row is checked: the kernel, evaluated on every
// code, gives the entry; what is chosen costs no more than the whole table (a block RAM as 150 look-up tables), and where it is
// in parts at most as much as each other form. LUT and block RAM are counted, of the whole kernel (controller and
// registers included); --synth has some rows built by Yosys as well, whole and as chosen (minutes; kept in the
// job store).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "flow/synthesise.h"
#include "hdl/verilog.h"
#include "jobs/store.h"
#include "kernel/lookup/lookup.h"
#include "kernel/lookup/lookup_plan.h"
#include "kernel/testing.h"
#include "show.h"

namespace {

using namespace sluice;
using kernel::LookupParams;
using kernel::TableShape;

struct Subject {
  std::string name;
  LookupParams params;
  bool built = false;
};

Subject subject(const std::string& name, std::uint32_t bits, bool isSigned,
                const std::function<double(double)>& f, double scale, std::int64_t lo, std::int64_t hi,
                bool truncated = false) {
  const std::int64_t codes = std::int64_t{1} << bits, first = isSigned ? -codes / 2 : 0;
  LookupParams p{.input = {first, first + codes - 1}, .first = first, .tables = {{}}, .output = {}};
  for (std::int64_t x = first; x < first + codes; ++x) {
    const double y = f(static_cast<double>(x) / static_cast<double>(codes)) * scale;
    p.tables[0].push_back(static_cast<std::int64_t>(std::clamp(
        truncated ? std::floor(y) : std::round(y), static_cast<double>(lo), static_cast<double>(hi))));
  }
  return {.name = name, .params = std::move(p)};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<Subject> subjects(std::uint32_t least, std::uint32_t most) {
  std::vector<Subject> all;
  for (std::uint32_t n = least; n <= most; ++n)
    for (const std::uint32_t w : {8u, 10u, 12u, 16u, 18u}) {
      const double one = std::ldexp(1.0, static_cast<int>(w));
      const std::int64_t top = (std::int64_t{1} << w) - 1, half = top / 2;
      const auto add = [&](const char* name, bool isSigned, const std::function<double(double)>& f,
                           double scale, std::int64_t lo, std::int64_t hi) {
        all.push_back(subject(fmt::format("{} {} x {}", name, n, w), n, isSigned, f, scale, lo, hi));
        all.back().built = (n == 10 && w == 10) || (n == 12 && w == 12);
      };
      add("sigmoid", true, [](double x) { return sigmoid(16 * x); }, one, 0, top);
      add("tanh", true, [](double x) { return std::tanh(8 * x); }, one / 2, -half, half);
      add("exp", false, [](double x) { return std::exp(-8 * x); }, one, 0, top);
      add("reciprocal", false, [](double x) { return 1 / (1 + x); }, one, 0, top);
    }
  if (least <= 10 && most >= 10) {
    constexpr std::int64_t top = (1 << 17) - 1;
    const auto add = [&](const char* name, bool built, const std::function<double(double)>& f) {
      all.push_back(subject(std::string("hls4ml ") + name, 10, true, f, 1024, -top - 1, top, true));
      all.back().built = built;
    };
    add("sigmoid", true, [](double x) { return sigmoid(16 * x); });
    add("tanh", true, [](double x) { return std::tanh(8 * x); });
    add("exp", true, [](double x) { return std::exp(64 * x); });
    add("inverse", true, [](double x) { return x == 0 ? 1e9 : 1 / (256 * x); });
  }
  return all;
}

struct Form {
  kernel::Kernel kernel;
  std::shared_ptr<const hdl::Module> module;
  hdl::Cost cost;
  [[nodiscard]] std::uint64_t luts() const { return cost.allLuts(); }
  [[nodiscard]] std::uint64_t price() const { return luts() + kernel::kBlockPrice * cost.bram18; }
};

/// Nothing if the table has no such form.
std::optional<Form> formOf(LookupParams params, TableShape shape) {
  params.shape = shape;
  auto made = kernel::lookup(params);
  if (!made.ok()) return std::nullopt;
  auto module = std::make_shared<const hdl::Module>(kernel::hardware(*made));
  const hdl::Cost cost = hdl::cost(*module, hdl::Family::xc7);
  return Form{std::move(*made), std::move(module), cost};
}

Status hasEveryEntry(const Subject& subject, const Form& form) {
  std::vector<std::int64_t> codes;
  for (std::int64_t x = subject.params.input.lo; x <= subject.params.input.hi; ++x) codes.push_back(x);
  SLUICE_TRY(const kernel::PassData y, kernel::runKernel(form.kernel, {codes}));
  if (y[0] == subject.params.tables[0]) return {};
  return Error{.code = ErrorCode::badInput, .message = subject.name + ": an entry differs", .where = ""};
}

std::string kindOf(const LookupParams& params) {
  const auto plan = kernel::planLookup(params);
  if (!plan.ok()) return "?";
  std::string kind = plan->mirror ? "half" : "";
  if (!plan->split) return (kind.empty() ? "whole" : kind) + (plan->sparse ? " in logic" : "");
  const kernel::TableSplit& s = *plan->split;
  kind += std::string(kind.empty() ? "" : " ") + (!s.slope.empty()    ? "lines"
                                                  : !s.offset.empty() ? "offsets"
                                                                      : "differences");
  return kind + (!s.rest.empty() && !(s.slope.empty() && s.offset.empty())
                     ? fmt::format("+{}", kernel::widthOf(s.rest))
                     : "");
}

struct Row {
  Subject subject;
  std::vector<std::optional<Form>> forms;  // whole, half, split, half split, automatic
};

std::string cell(const std::optional<Form>& form) {
  if (!form) return "-";
  return fmt::format("{}{}", form->luts(),
                     form->cost.bram18 > 0 ? fmt::format(" + {} B", form->cost.bram18) : "");
}

Result<std::vector<Row>> counted(show::Output& out) {
  std::vector<Row> rows;
  std::vector<std::vector<std::string>> table{
      {"table", "whole", "half", "parts", "half parts", "chosen", "", "price", "FF", "cycles"}};
  std::size_t inParts = 0, other = 0;
  double logSum = 0;
  for (Subject& s : subjects(static_cast<std::uint32_t>(out.number("--least=", 8)),
                             static_cast<std::uint32_t>(out.number("--most=", 12)))) {
    Row row{.subject = std::move(s), .forms = {}};
    for (const TableShape shape : {TableShape::whole, TableShape::half, TableShape::split,
                                   TableShape::halfSplit, TableShape::automatic}) {
      row.forms.push_back(formOf(row.subject.params, shape));
      if (row.forms.back()) SLUICE_RETURN_IF_ERROR(hasEveryEntry(row.subject, *row.forms.back()));
    }
    const Form &whole = *row.forms[0], &chosen = *row.forms[4];
    const std::string kind = kindOf(row.subject.params);
    const bool parts = kind.starts_with("half") ? kind != "half" : kind != "whole";
    if (chosen.price() > whole.price())
      out.require(false, row.subject.name + ": dearer than the whole table");
    if (parts)
      for (const auto& form : row.forms)
        if (form && form->price() < chosen.price()) ++other;
    const double ratio = static_cast<double>(chosen.price()) / static_cast<double>(whole.price());
    inParts += parts ? 1 : 0;
    if (parts) logSum += std::log(ratio);
    table.push_back({row.subject.name, cell(row.forms[0]), cell(row.forms[1]), cell(row.forms[2]),
                     cell(row.forms[3]), cell(row.forms[4]), kind, fmt::format("{:.2f}", ratio),
                     std::to_string(chosen.cost.ff), std::to_string(chosen.kernel.schedule.depth)});
    rows.push_back(std::move(row));
  }
  out.say(show::table(table, 1));
  out.require(inParts > 0,
              fmt::format("every entry of {} tables is right in every form; {} of them are in parts or in "
                          "logic, at {:.2f} of "
                          "the whole table's price in the geometric mean",
                          rows.size(), inParts, std::exp(logSum / static_cast<double>(inParts))));
  out.require(other == 0,
              fmt::format("{} other forms would have cost less than parts that were chosen", other));
  out.figure("tables/in parts", static_cast<double>(inParts), "tables", "estimated");
  out.figure("tables/price of parts", std::exp(logSum / static_cast<double>(inParts)), "of the whole table",
             "estimated");
  return rows;
}

Status synthesised(show::Output& out, const std::vector<Row>& rows) {
  std::vector<flow::SynthesisTask> tasks;
  std::vector<const Form*> forms;
  for (const Row& row : rows) {
    if (!row.subject.built) continue;
    for (const auto* form : {&row.forms.front(), &row.forms.back()}) {
      tasks.push_back({.name = row.subject.name,
                       .files = show::filesOf((*form)->module, hdl::Family::xc7),
                       .top = (*form)->module->name});
      forms.push_back(&**form);
    }
  }
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  SLUICE_TRY(const auto reports, flow::synthesise(tasks, 2, &store));
  std::vector<std::vector<std::string>> table{
      {"table", "kernel", "LUT", "built", "FF", "built", "BRAM18", "built", "depth"}};
  for (std::size_t k = 0; k < tasks.size(); ++k) {
    const hdl::Cost &c = forms[k]->cost, &y = reports[k].cost;
    const auto luts = [](const hdl::Cost& cost) { return std::to_string(cost.allLuts()); };
    table.push_back({tasks[k].name, tasks[k].top, luts(c), luts(y), std::to_string(c.ff),
                     std::to_string(y.ff), std::to_string(c.bram18), std::to_string(y.bram18),
                     std::to_string(forms[k]->kernel.schedule.depth)});
    if (c.bram18 != y.bram18) out.require(false, tasks[k].name + ": block RAM counted otherwise than built");
  }
  out.say(show::table(table, 2));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--least=", "--most=", "--synth"});
  const auto rows = counted(out);
  if (!out.require(rows.ok() ? Status{} : Status(rows.error()), "tables")) return out.exitCode();
  if (out.has("--synth")) out.require(synthesised(out, *rows), "synthesis");
  return out.exitCode();
}
