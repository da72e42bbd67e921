#include "base/progress.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace sluice {
namespace {

ProgressMode resolve(ProgressMode mode) {
  if (mode != ProgressMode::automatic) return mode;
  if (std::getenv("SLUICE_QUIET") != nullptr) return ProgressMode::quiet;
  return ::isatty(STDERR_FILENO) == 1 ? ProgressMode::terminal : ProgressMode::lines;
}

}  // namespace

Progress::Progress(ProgressMode mode) : Progress(mode, std::cerr) {}
Progress::Progress(ProgressMode mode, std::ostream& out) : mode_(resolve(mode)), out_(out) {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  clear();
}

void Progress::clear() {
  if (!open_) return;
  out_ << "\r\x1b[K" << std::flush;  // carriage return, erase to the end of the line
  open_ = false;
}

void Progress::show(std::string_view detail) {
  if (mode_ == ProgressMode::quiet) return;
  std::string line = what_;
  if (total_ > 0) line += " [" + std::to_string(done_) + "/" + std::to_string(total_) + "]";
  if (!detail.empty()) line.append(" ").append(detail);
  if (mode_ == ProgressMode::lines) {
    out_ << line << '\n' << std::flush;
    return;
  }
  if (line.size() > 79) line.resize(79);  // a wrapped line could not be rewritten
  out_ << "\r\x1b[K" << line << std::flush;
  open_ = true;
}

void Progress::begin(std::string_view what, std::size_t total) {
  const std::lock_guard lock(mutex_);
  what_ = what;
  done_ = 0;
  total_ = total;
  show({});
}

void Progress::step(std::string_view detail) {
  const std::lock_guard lock(mutex_);
  ++done_;
  show(detail);
}

void Progress::say(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (mode_ == ProgressMode::quiet) return;
  clear();
  out_ << line << '\n' << std::flush;
}

}  // namespace sluice
