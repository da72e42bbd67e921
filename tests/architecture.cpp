#include "architecture.h"

#include <algorithm>
#include <map>
#include <regex>

#include "base/file.h"
#include "base/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t none = static_cast<std::size_t>(-1);

std::size_t rankOf(const std::vector<std::string>& areas, const std::string& area) {
  const auto found = std::find(areas.begin(), areas.end(), area);
  return found == areas.end() ? none : static_cast<std::size_t>(found - areas.begin());
}

std::vector<fs::path> sorted(const fs::path& folder, bool recursive) {
  std::vector<fs::path> paths;
  std::error_code failure;
  if (recursive) {
    for (const auto& entry : fs::recursive_directory_iterator(folder, failure)) paths.push_back(entry.path());
  } else {
    for (const auto& entry : fs::directory_iterator(folder, failure)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool isSource(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".h" || extension == ".cpp" || extension == ".cc" || extension == ".inc";
}

void checkIncludes(const fs::path& root, const fs::path& file, const std::string& area,
                   const std::vector<std::string>& areas, std::vector<std::string>& problems) {
  static const std::regex include(R"(^\s*#\s*include\s*["<]([^">]+)[">])");
  const Result<std::string> content = readFile(file);
  const std::string name = fs::relative(file, root).generic_string();
  if (!content.ok()) return problems.push_back(content.error().text());
  const std::vector<std::string> lines = split(*content, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (lines[i].find("include") == std::string::npos || !std::regex_search(lines[i], match, include))
      continue;
    const std::string included = match[1].str(), place = name + ":" + std::to_string(i + 1) + ": ";
    const std::size_t slash = included.find('/');
    if (slash == std::string::npos) {
      if (fs::exists(file.parent_path() / included))
        problems.push_back(place + "includes \"" + included + "\"; write it with its area, \"" +
                           fs::relative(file.parent_path() / included, root / "src").generic_string() + "\"");
      continue;
    }
    const std::size_t rank = rankOf(areas, included.substr(0, slash));
    if (rank != none && rank > rankOf(areas, area))
      problems.push_back(place + "includes \"" + included + "\", but '" + area + "' stands above '" +
                         areas[rank] + "' and may not know it");
  }
}

/// The areas with a heading "### `area`" and text below it, in the order of the page.
std::vector<std::string> describedAreas(const std::string& page, std::vector<std::string>& problems) {
  static const std::regex heading(R"(^### `([a-z_]+)`.*$)");
  std::vector<std::string> described;
  const std::vector<std::string> lines = split(page, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_match(lines[i], match, heading)) continue;
    std::size_t words = 0;
    for (std::size_t j = i + 1; j < lines.size() && !lines[j].starts_with("#"); ++j)
      for (const std::string& word : split(lines[j], ' ')) words += word.empty() ? 0 : 1;
    if (words < 5)
      problems.push_back("ARCHITECTURE.md:" + std::to_string(i + 1) + ": says nothing about '" +
                         match[1].str() + "'");
    described.push_back(match[1].str());
  }
  return described;
}

}  // namespace

std::vector<std::string> areasOf(const std::string& cmakeLists) {
  static const std::regex line(R"(set\(SLUICE_AREAS\s+([a-z_\s]+)\))");
  std::smatch match;
  std::vector<std::string> areas;
  if (!std::regex_search(cmakeLists, match, line)) return areas;
  std::string names = match[1].str();
  std::replace(names.begin(), names.end(), '\n', ' ');
  for (const std::string& name : split(names, ' '))
    if (!name.empty()) areas.push_back(name);
  return areas;
}

std::vector<std::string> architectureProblems(const fs::path& root, const std::vector<std::string>& areas) {
  std::vector<std::string> problems;
  const Result<std::string> page = readFile(root / "ARCHITECTURE.md");
  if (!page.ok()) problems.push_back(page.error().text());
  const std::vector<std::string> described =
      page.ok() ? describedAreas(*page, problems) : std::vector<std::string>{};

  std::vector<std::string> present;
  for (const fs::path& folder : sorted(root / "src", false)) {
    if (!fs::is_directory(folder)) continue;
    const std::string area = folder.filename().string();
    if (rankOf(areas, area) == none) {
      problems.push_back("src/" + area +
                         ": is no area; SLUICE_AREAS in CMakeLists.txt gives them their order");
      continue;
    }
    present.push_back(area);
    if (page.ok() && std::find(described.begin(), described.end(), area) == described.end())
      problems.push_back("src/" + area + ": has no heading \"### `" + area +
                         "`\" in the code map of ARCHITECTURE.md");
    for (const fs::path& file : sorted(folder, true))
      if (isSource(file)) checkIncludes(root, file, area, areas, problems);
  }
  std::size_t last = 0;
  for (const std::string& area : described) {
    if (std::find(present.begin(), present.end(), area) == present.end()) {
      problems.push_back("ARCHITECTURE.md: describes '" + area + "', but there is no src/" + area);
      continue;
    }
    const std::size_t rank = rankOf(areas, area);
    if (rank < last)
      problems.push_back("ARCHITECTURE.md: '" + area + "' stands out of the order of the areas");
    last = std::max(last, rank);
  }
  return problems;
}

}  // namespace sluice
