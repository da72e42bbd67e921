#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Files in one file: a tar (POSIX ustar) that any tar unpacks, in one form only.
///
/// Purpose      an experiment in one file whose bytes depend on its content alone
/// Constraints  every byte is given by names and contents: owner, time and rights are fixed, nothing is
///              compressed. So a reader writes each header anew and compares: whatever differs is refused, be it
///              a flipped bit, a link, a device, a path that leaves the folder or a size that is not there.
///              Without compression there are no bombs: what comes out is what is in.
/// Rejected     zip: two places for every size, and headers that may lie; libarchive: reads far more than we want
///              from strangers
namespace sluice::experiment {

struct ArchiveFile {
  std::string name;  ///< letters, digits, '.', '_', '-', '/'; at most 100; no ".." and no '/' in front
  std::string content;
};

/// Whether a name may stand in an archive.
bool isArchiveName(std::string_view name);

/// In the given order; names must be good and differ.
std::string printArchive(const std::vector<ArchiveFile>& files);
/// Errors: badInput, saying at which byte and what.
Result<std::vector<ArchiveFile>> parseArchive(std::string_view bytes, const std::string& where);

}  // namespace sluice::experiment
