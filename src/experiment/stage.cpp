#include "experiment/stage.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace sluice::experiment {
namespace {

/// The record under a key: the header, then "log DIGEST", "output TYPE NAME VALUE" with line ends and
/// backslashes of texts escaped; or "error CODE MESSAGE".
constexpr const char* header = "sluice-stage 1";

/// The word up to the next blank, taken off the front.
std::string_view word(std::string_view& line) {
  const std::size_t blank = line.find(' ');
  const std::string_view first = line.substr(0, blank);
  line = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
  return first;
}

bool isAnswer(const Error& error) {
  return error.code == ErrorCode::badInput || error.code == ErrorCode::unsupported ||
         error.code == ErrorCode::infeasible;
}

std::string recordOf(const StageOutcome& outcome) {
  std::string record = header;
  if (outcome.log) record += "\nlog " + outcome.log->hex();
  for (const auto& [name, value] : outcome.outputs)
    record +=
        std::string("\noutput ") + nameOf(typeOf(value)) + " " + name + " " + escapeLine(printValue(value));
  return record;
}

std::string recordOf(const Error& error) {
  return std::string(header) + "\nerror " + std::to_string(static_cast<int>(error.code)) + " " +
         escapeLine(error.message);
}

/// What is stored under `key`: an outcome, an error, or nothing (also if an artefact of it is gone).
std::optional<Result<StageOutcome>> load(const jobs::Store& store, const Digest& key,
                                         const StageType& stage) {
  const std::optional<std::string> record = store.lookup(key);
  if (!record) return std::nullopt;
  const std::vector<std::string> lines = split(*record, '\n');
  if (lines.front() != header) return std::nullopt;
  StageOutcome outcome;
  outcome.fromCache = true;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    const std::string_view kind = word(line);
    if (kind == "error") {
      std::int64_t code = 0;
      if (!parseInt64(word(line), code) || code < 0 || code > 5) return std::nullopt;
      return Result<StageOutcome>(Error{static_cast<ErrorCode>(code), unescapeLine(line), {}});
    }
    if (kind == "log") {
      outcome.log = parseDigest(line);
      if (!outcome.log) return std::nullopt;
    } else if (kind == "output") {
      const std::optional<Type> type = typeNamed(word(line));
      const std::string name(word(line));
      if (!type) return std::nullopt;
      Result<Value> value = parseValue(*type, unescapeLine(line));
      if (!value.ok()) return std::nullopt;
      if (*type == Type::file && !store.get(std::get<Artefact>(*value).digest)) return std::nullopt;
      outcome.outputs.emplace(name, *value);
    }
  }
  for (const Port& port : stage.outputs)
    if (!outcome.outputs.contains(port.name)) return std::nullopt;
  return Result<StageOutcome>(std::move(outcome));
}

Result<Values> completed(const StageType& stage, const Values& given) {
  Values inputs;
  for (const auto& [name, value] : given) {
    const Port* port = stage.input(name);
    if (port == nullptr) return badInput("has no input '" + name + "'", stage.name);
    Result<Value> converted = convert(value, port->type);
    if (!converted.ok()) return badInput("input '" + name + "' " + converted.error().message, stage.name);
    inputs.emplace(name, std::move(converted).value());
  }
  for (const Port& port : stage.inputs) {
    if (inputs.contains(port.name)) continue;
    if (!port.fallback) return badInput("needs its input '" + port.name + "'", stage.name);
    inputs.emplace(port.name, *port.fallback);
  }
  return inputs;
}

Result<StageOutcome> execute(const jobs::Store& store, const StageType& stage, const Values& inputs) {
  StageRun run(store);
  SLUICE_TRY(Values outputs, stage.run(inputs, run));
  StageOutcome outcome;
  for (const Port& port : stage.outputs) {
    const auto found = outputs.find(port.name);
    if (found == outputs.end()) return badInput("did not give its output '" + port.name + "'", stage.name);
    Result<Value> value = convert(found->second, port.type);
    if (!value.ok()) return badInput("output '" + port.name + "' " + value.error().message, stage.name);
    outcome.outputs.emplace(port.name, std::move(value).value());
  }
  if (!run.logged().empty()) {
    SLUICE_TRY(outcome.log, store.put(run.logged()));
  }
  return outcome;
}

const Port* portNamed(const std::vector<Port>& ports, std::string_view name) {
  const auto found = std::find_if(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

}  // namespace

const Port* StageType::input(std::string_view wanted) const { return portNamed(inputs, wanted); }
const Port* StageType::output(std::string_view wanted) const { return portNamed(outputs, wanted); }

Result<std::string> StageRun::content(const Values& inputs, const std::string& name) const {
  const auto found = inputs.find(name);
  SLUICE_CHECK(found != inputs.end() && std::holds_alternative<Artefact>(found->second), "a file input");
  std::optional<std::string> content = store_.get(std::get<Artefact>(found->second).digest);
  if (!content) return ioError("the file of input '" + name + "' is no longer in the cache; run again");
  return std::move(*content);
}

Result<Value> StageRun::keep(std::string_view content) const {
  SLUICE_TRY(const Digest digest, store_.put(content));
  return Value(Artefact{digest});
}

Digest keyOf(const StageType& stage, const std::string& tools, const Values& inputs) {
  Hasher hasher;
  hasher.field(header).field(stage.name).field(stage.version).field(tools).field(inputs.size());
  for (const auto& [name, value] : inputs)
    hasher.field(name).field(std::uint64_t{value.index()}).field(printValue(value));
  hasher.field(stage.outputs.size());
  for (const Port& port : stage.outputs) hasher.field(port.name).field(static_cast<std::uint64_t>(port.type));
  return hasher.digest();
}

Result<StageOutcome> runStage(const jobs::Store& store, const StageType& stage, const std::string& tools,
                              const Values& given) {
  const auto begin = std::chrono::steady_clock::now();
  const auto timed = [&](Result<StageOutcome> outcome) {
    if (outcome.ok())
      outcome->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return outcome;
  };
  SLUICE_TRY(const Values inputs, completed(stage, given));
  const Digest key = keyOf(stage, tools, inputs);
  if (std::optional<Result<StageOutcome>> known = load(store, key, stage)) return timed(std::move(*known));
  const jobs::Store::KeyLock lock = store.lock(key);
  if (std::optional<Result<StageOutcome>> known = load(store, key, stage)) return timed(std::move(*known));
  Result<StageOutcome> outcome = execute(store, stage, inputs);
  if (outcome.ok()) {
    SLUICE_RETURN_IF_ERROR(store.bind(key, recordOf(*outcome)));
  } else if (isAnswer(outcome.error())) {
    SLUICE_RETURN_IF_ERROR(store.bind(key, recordOf(outcome.error())));
  }
  return timed(std::move(outcome));
}

}  // namespace sluice::experiment
