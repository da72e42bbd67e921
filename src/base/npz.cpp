// Reading .npz: a zip archive of .npy files.

#include "base/file.h"
#include "base/npy.h"
#include "base/zip.h"

namespace sluice {

Result<std::map<std::string, NpyArray>> parseNpz(std::string_view content, const std::string& where) {
  SLUICE_TRY(const std::vector<ZipMember> members, readZipDirectory(content, "an .npz", where));
  std::map<std::string, NpyArray> arrays;
  for (const ZipMember& member : members) {
    const std::string inside = where + ": '" + member.name + "'";
    if (!member.name.ends_with(".npy")) return badInput("is not a .npy file", inside);
    SLUICE_TRY(const std::string plain, extractZipMember(content, member, inside));
    SLUICE_TRY(NpyArray array, parseNpy(plain, inside));
    const std::string name = member.name.substr(0, member.name.size() - 4);
    if (!arrays.emplace(name, std::move(array)).second)
      return badInput("stands twice in the archive", inside);
  }
  return arrays;
}

Result<std::map<std::string, NpyArray>> readNpz(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string content, readFile(path));
  return parseNpz(content, path.string());
}

}  // namespace sluice
