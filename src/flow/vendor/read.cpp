#include "flow/vendor/read.h"

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/text.h"
#include "flow/vendor/readers.h"

namespace sluice::flow::vendor {
namespace {

namespace fs = std::filesystem;

/// Where a report shows what it is; a log in front of it may be long.
constexpr std::size_t headBytes = std::size_t{1} << 20;

const Reader* readerOf(std::string_view head) {
  for (const Reader& reader : readers())
    if (reader.recognises(head)) return &reader;
  return nullptr;
}

Result<std::string> readHead(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(headBytes, '\0');
  if (!file) return ioError("cannot be opened", path.string());
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (file.bad()) return ioError("cannot be read", path.string());
  head.erase(static_cast<std::size_t>(file.gcount()));
  return head;
}

Result<Metrics> readWith(const Reader& reader, std::string_view text) {
  SLUICE_TRY(Metrics metrics, reader.read(text));
  metrics.format = reader.format;
  return metrics;
}

Error notRecognised() {
  std::vector<std::string> known;
  for (const Reader& reader : readers()) known.emplace_back(reader.what);
  return unsupported("is no report that is known; known are: " + join(known, "; "));
}

/// The error with the file in front of its place.
Error inFile(const Error& error, const std::string& file) {
  return {error.code, error.message, error.where.empty() ? file : file + ": " + error.where};
}

/// One file of a folder.
void surveyFile(const fs::directory_entry& entry, const std::string& name, Survey& survey) {
  std::error_code problem;
  if (entry.is_symlink(problem)) return survey.skipped.push_back({name, "a link, which is not followed"});
  if (!entry.is_regular_file(problem)) return survey.skipped.push_back({name, "no regular file"});
  const Result<std::string> head = readHead(entry.path());
  if (!head.ok()) return survey.damaged.push_back({name, head.error().message});
  const Reader* reader = readerOf(*head);
  if (reader == nullptr) return survey.skipped.push_back({name, "no report that is known"});
  const Result<std::string> text = readFile(entry.path(), mostReportBytes);
  if (!text.ok()) return survey.damaged.push_back({name, text.error().message});
  Result<Metrics> metrics = readWith(*reader, *text);
  if (metrics.ok())
    survey.reports.push_back({name, std::move(metrics).value()});
  else
    survey.damaged.push_back({name, metrics.error().text()});
}

}  // namespace

Result<Metrics> readReportText(std::string_view text) {
  const Reader* reader = readerOf(text.substr(0, headBytes));
  if (reader == nullptr) return notRecognised();
  return readWith(*reader, text);
}

Result<Metrics> readReport(const fs::path& path) {
  SLUICE_TRY(const std::string head, readHead(path));
  const Reader* reader = readerOf(head);
  if (reader == nullptr) return inFile(notRecognised(), path.string());
  SLUICE_TRY(const std::string text, readFile(path, mostReportBytes));
  Result<Metrics> metrics = readWith(*reader, text);
  if (!metrics.ok()) return inFile(metrics.error(), path.string());
  return metrics;
}

Result<Survey> readReports(const fs::path& path) {
  Survey survey;
  std::error_code problem;
  if (!fs::is_directory(path, problem)) {
    SLUICE_TRY(Metrics metrics, readReport(path));
    survey.reports.push_back({path.filename().generic_string(), std::move(metrics)});
    return survey;
  }
  std::vector<std::pair<std::string, fs::directory_entry>> entries;
  for (auto step = fs::recursive_directory_iterator(path, problem); !problem && step != fs::end(step);
       step.increment(problem)) {
    std::error_code unknown;
    if (step->is_symlink(unknown) || !step->is_directory(unknown))
      entries.emplace_back(step->path().lexically_relative(path).generic_string(), *step);
  }
  if (problem) return ioError("cannot be walked: " + problem.message(), path.string());
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [name, entry] : entries) surveyFile(entry, name, survey);
  return survey;
}

}  // namespace sluice::flow::vendor
