#pragma once

#include <cstdint>
#include <vector>

#include "dataflow/schedule.h"

/// Runs: the loop nest of a schedule, rewritten as "so many iterations that move these beats".
///
/// Timing depends only on which ports move a beat in which iteration, so the simulator wants the sequence
///
///   3 iterations that read x, 1 that reads x and writes y, 12 that move nothing, ...
///
/// and not the counters. Written out, the sequence is as long as the pass; but a loop repeats itself except
/// where a test on its counter changes its outcome. So each loop becomes a list of segments (a range of its
/// counter in which no test changes), each with a repeat count and the inner loop's list under the tests that
/// still can hold. Equal inner lists are shared, uniform inner loops collapse to one number. The tree is as
/// big as the tests, whatever the extents; walking it costs O(1) amortised per run.
namespace sluice::dataflow {

/// Whether the test holds where the counter of its loop has this value.
bool holds(const When& when, std::uint64_t value);

class RunTree {
 public:
  /// `schedule` must pass check() (at most 64 ports, loops >= 1).
  explicit RunTree(const Schedule& schedule);

  /// Iterations of a pass in which bit `port` of the mask is set.
  [[nodiscard]] std::uint64_t beats(std::uint32_t port) const;
  /// Every mask that occurs with a beat in it, ascending.
  [[nodiscard]] const std::vector<std::uint64_t>& masks() const { return masks_; }

  /// Whether all iterations move the same beats, at least one.
  [[nodiscard]] bool uniform() const {
    const auto& list = nodes_[root_];
    return list.size() == 1 && list[0].child == leaf && list[0].mask != 0;
  }

  static constexpr std::uint32_t leaf = 0xffffffffu;
  struct Segment {
    std::uint64_t repeat = 0;    ///< how often the child runs; of a leaf: iterations
    std::uint32_t child = leaf;  ///< index of the inner loop's list
    std::uint32_t mask = 0;      ///< of a leaf: index + 1 into masks(), 0 moves nothing
  };

 private:
  friend class RunCursor;
  std::vector<std::vector<Segment>> nodes_;
  std::uint32_t root_ = 0;
  std::vector<std::uint64_t> masks_;
};

/// Walks the runs of a schedule, pass after pass, for ever.
class RunCursor {
 public:
  explicit RunCursor(const RunTree& tree) : tree_(&tree) {
    push(tree.root_);
    enter();
  }

  [[nodiscard]] std::uint64_t iterations() const { return stack_.back().now->repeat; }
  [[nodiscard]] std::uint32_t mask() const { return stack_.back().now->mask; }

  /// To the next run. True if that one begins a new pass.
  bool advance() {
    for (;;) {
      Level& top = stack_.back();
      if (++top.now != top.end) {
        if (top.now->child != RunTree::leaf) enter();
        return false;
      }
      const bool again = stack_.size() == 1;
      if (again || --(&top - 1)->left > 0) {
        top.now = top.begin;
        if (top.now->child != RunTree::leaf) enter();
        return again;
      }
      stack_.pop_back();
    }
  }

 private:
  struct Level {
    const RunTree::Segment *begin, *end, *now;
    std::uint64_t left;  // of a segment with a child: how often that still runs
  };
  void push(std::uint32_t node) {
    const std::vector<RunTree::Segment>& list = tree_->nodes_[node];
    stack_.push_back({list.data(), list.data() + list.size(), list.data(), 0});
  }
  void enter() {  // from the segment at the top down to a leaf
    while (stack_.back().now->child != RunTree::leaf) {
      stack_.back().left = stack_.back().now->repeat;
      push(stack_.back().now->child);
    }
  }

  const RunTree* tree_;
  std::vector<Level> stack_;
};

}  // namespace sluice::dataflow
