// Random small networks of all operators, formats and shapes: the reference on codes, the integer engine, and the
// same network on real numbers (ir/random_twin.h). Any difference prints its seed, output and element.
//
//   random_graphs [COUNT] [FIRST SEED]     1,000,000 from seed 0 unless told otherwise
#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "base/threads.h"
#include "ir/random_twin.h"
#include "ir/text.h"

int main(int argc, char** argv) {
  using namespace sluice;
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  std::atomic<std::uint64_t> wrong{0}, done{0};
  std::mutex mutex;
  constexpr std::uint64_t chunk = 1000;
  std::printf("seeds %" PRIu64 " to %" PRIu64 "\n", first, first + count - 1);
  parallelFor((count + chunk - 1) / chunk, 0, [&](std::size_t begin, std::size_t end, unsigned) {
    for (std::uint64_t i = begin * chunk; i < std::min<std::uint64_t>(count, end * chunk); ++i) {
      // Every seventh network is longer than usual.
      const Status same = ir::compareTwins(first + i, i % 7 == 0 ? 12 : 6);
      if (!same.ok() && wrong++ < 10) {
        const std::scoped_lock lock(mutex);
        std::printf("%s\n%s\n", same.error().text().c_str(),
                    ir::print(ir::randomTwins(first + i, i % 7 == 0 ? 12 : 6).codes).c_str());
      }
      if (++done % 100'000 == 0) {
        const std::scoped_lock lock(mutex);
        std::printf("  %" PRIu64 " of %" PRIu64 "\n", done.load(), count);
        std::fflush(stdout);
      }
    }
  });
  std::printf("%" PRIu64 " networks, %" PRIu64 " differ\n", count, wrong.load());
  return wrong == 0 ? 0 : 1;
}
