#include "map/links.h"

namespace sluice::map {

Status sizeStreams(Design& design, hdl::Family family) {
  SLUICE_RETURN_IF_ERROR(sizeLinkedStreams(design, family, linksOf(design)));
  return {};
}

}  // namespace sluice::map
