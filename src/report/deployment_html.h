#pragma once

#include "page/html.h"
#include "report/deployment.h"

namespace sluice::report {

/// The section of the report: boards, budgets, links, frames.
page::Html deploymentSection(const Deployment& deployment);

}  // namespace sluice::report
