#pragma once

namespace sluice::page {

/// The style sheet of every page.
extern const char* const styleSheet;

}  // namespace sluice::page
