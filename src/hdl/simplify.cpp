#include "hdl/simplify.h"

namespace sluice::hdl {

Module simplify(const Module& module) { return module; }

}  // namespace sluice::hdl
