#pragma once

#include <cstddef>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

/// Progress for people, on standard error: on a terminal one line that is rewritten, else one line per step,
/// or nothing. Never on standard output, which belongs to results. All functions may be called from several
/// threads.
namespace sluice {

enum class ProgressMode { automatic, quiet, lines, terminal };

class Progress {
 public:
  /// automatic: terminal if standard error is one, else lines; quiet if SLUICE_QUIET is set.
  explicit Progress(ProgressMode mode = ProgressMode::automatic);
  Progress(ProgressMode mode, std::ostream& out);
  ~Progress();  ///< ends the line that is being rewritten
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// A stage begins: `what` ("synthesise"), in `total` steps if known (0: not).
  void begin(std::string_view what, std::size_t total = 0);
  /// One step of the stage is done; `detail` names it ("dense1, 4.1 s").
  void step(std::string_view detail = {});
  /// A line that stays.
  void say(std::string_view line);

 private:
  void show(std::string_view detail);
  void clear();

  ProgressMode mode_;
  std::ostream& out_;
  std::mutex mutex_;
  std::string what_;
  std::size_t done_ = 0, total_ = 0;
  bool open_ = false;  ///< a line without its end stands on the terminal
};

}  // namespace sluice
