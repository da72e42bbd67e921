#include "build.h"

namespace sluice::tool {

Status build(const BuildOptions& options) {
  return unsupported("build is not put together yet", options.model.string());
}

}  // namespace sluice::tool
