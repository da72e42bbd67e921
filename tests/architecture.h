#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// The order of the areas, checked on the sources themselves: a dependency that points the wrong way is found
/// the day it is written, with file and line.
namespace sluice {

/// The areas in their order, as CMakeLists.txt says: "set(SLUICE_AREAS base page ...)". Empty if there is no
/// such line.
std::vector<std::string> areasOf(const std::string& cmakeLists);

/// Problems of the tree below `root` (which holds src/ and ARCHITECTURE.md), one sentence each, in a fixed
/// order:
///   * a folder of src/ that is no area, and an area that the code map of ARCHITECTURE.md does not describe:
///   it wants
///     a heading "### `area`" with text below it, for areas that exist, in their order;
///   * "src/ir/graph.cpp:3: includes "map/design.h"...": an include of an area below;
///   * an include of a file beside it that is not written as "area/file.h".
std::vector<std::string> architectureProblems(const std::filesystem::path& root,
                                              const std::vector<std::string>& areas);

}  // namespace sluice
