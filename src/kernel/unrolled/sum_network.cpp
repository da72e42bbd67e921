#include "kernel/unrolled/sum_network.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace sluice::kernel {

std::int32_t TermLists::find(Vertex list, Vertex vertex) const {
  const auto terms = (*this)[list];
  const auto it = std::lower_bound(terms.begin(), terms.end(), vertex,
                                   [](const Term& t, Vertex v) { return t.vertex < v; });
  return it != terms.end() && it->vertex == vertex ? it->factor : 0;
}

void TermLists::put(Vertex list, Vertex vertex, std::int32_t factor) {
  Span& span = spans_[list];
  Term* begin = terms_.data() + span.begin;
  Term* end = begin + span.size;
  Term* at = span.size == 0 || end[-1].vertex < vertex
                 ? end
                 : std::lower_bound(begin, end, vertex, [](const Term& t, Vertex v) { return t.vertex < v; });
  if (at != end && at->vertex == vertex) {
    if (factor != 0) {
      at->factor = factor;
    } else {
      std::copy(at + 1, end, at);
      --span.size;
    }
    return;
  }
  if (factor == 0) return;
  const auto position = static_cast<std::uint32_t>(at - begin);
  if (span.size == span.capacity) {
    const std::uint32_t capacity = std::max(2u, 2 * span.capacity);
    const auto moved = static_cast<std::uint32_t>(terms_.size());
    terms_.resize(terms_.size() + capacity);
    std::copy_n(terms_.data() + span.begin, span.size, terms_.data() + moved);
    span.begin = moved;
    span.capacity = capacity;
    begin = terms_.data() + moved;
  }
  std::copy_backward(begin + position, begin + span.size, begin + span.size + 1);
  begin[position] = {vertex, factor};
  ++span.size;
}

SumNetwork::SumNetwork(const MatrixVector& problem, std::optional<std::uint32_t> depthLimit)
    : inputs_(problem.rows), outputs_(problem.columns), bounded_(depthLimit.has_value()) {
  const auto add = [this](std::uint32_t depth, std::int64_t slack) {
    terms_.addList(), uses_.addList();
    depth_.push_back(depth), slack_.push_back(slack);
    termDigits_.push_back(0), useDigits_.push_back(0);
  };
  for (Vertex i = 0; i < inputs_; ++i)
    add(bounded_ && !problem.inputDepth.empty() ? problem.inputDepth[i] : 0, 0);
  for (Vertex c = 0; c < outputs_; ++c)
    add(depthLimit.value_or(0), bounded_ ? std::int64_t{1} << *depthLimit : 0);
  for (Vertex i = 0; i < inputs_; ++i)
    for (Vertex c = 0; c < outputs_; ++c)
      setFactor(inputs_ + c, i, static_cast<std::int32_t>(problem.weights[std::size_t{i} * outputs_ + c]));
}

Vertex SumNetwork::addInner(std::uint32_t depth) {
  terms_.addList(), uses_.addList();
  depth_.push_back(bounded_ ? depth : 0);
  slack_.push_back(bounded_ ? std::int64_t{1} << depth : 0);
  termDigits_.push_back(0), useDigits_.push_back(0);
  return size() - 1;
}

void SumNetwork::setFactor(Vertex sum, Vertex vertex, std::int32_t factor) {
  const std::int32_t before = this->factor(sum, vertex);
  if (before == factor) return;
  terms_.put(sum, vertex, factor);
  uses_.put(vertex, sum, factor);
  const std::uint32_t removed = digitCount(before), added = digitCount(factor);
  termDigits_[sum] += added - removed;
  useDigits_[vertex] += added - removed;
  if (bounded_)
    slack_[sum] += (std::int64_t{removed} - std::int64_t{added}) * (std::int64_t{1} << depth_[vertex]);
}

bool SumNetwork::dissolve(Vertex inner) {
  const std::vector<Term> uses(uses_[inner].begin(), uses_[inner].end());
  const std::vector<Term> terms(terms_[inner].begin(), terms_[inner].end());
  for (const Term& use : uses)
    for (const Term& term : terms)
      if (std::abs(factor(use.vertex, term.vertex) + std::int64_t{use.factor} * term.factor) >= 1 << 30)
        return false;
  for (const Term& use : uses) {
    setFactor(use.vertex, inner, 0);
    for (const Term& term : terms)
      setFactor(use.vertex, term.vertex, factor(use.vertex, term.vertex) + use.factor * term.factor);
  }
  for (const Term& term : terms) setFactor(inner, term.vertex, 0);
  return true;
}

std::uint32_t SumNetwork::adders() const {
  std::uint32_t total = 0;
  for (const std::uint32_t digits : termDigits_)
    if (digits > 0) total += digits - 1;
  return total;
}

std::vector<Vertex> SumNetwork::order() const {
  // Depth first without recursion: chains of sums can be as long as the network.
  std::vector<Vertex> order;
  std::vector<std::uint32_t> next(size(), 0);
  std::vector<Vertex> stack;
  for (Vertex root = inputs_; root < firstInner(); ++root) {
    if (next[root] != 0) continue;
    stack.push_back(root);
    while (!stack.empty()) {
      const Vertex v = stack.back();
      const auto terms = terms_[v];
      if (next[v] < terms.size()) {
        const Vertex below = terms[next[v]++].vertex;
        if (below >= inputs_ && next[below] == 0) stack.push_back(below);
      } else if (next[v] == terms.size()) {
        ++next[v];
        if (v >= inputs_) order.push_back(v);
        stack.pop_back();
      } else {
        stack.pop_back();  // came here twice before it was done
      }
    }
  }
  return order;
}

void SumNetwork::tidy() {
  for (bool changed = true; changed;) {
    changed = false;
    for (Vertex v = firstInner(); v < size(); ++v) {
      if (terms_[v].empty()) continue;
      if (uses_[v].empty() || termDigits_[v] == 1 || useDigits_[v] == 1) changed |= dissolve(v);
    }
  }
  const std::vector<Vertex> sorted = order();
  std::vector<Vertex> name(size(), 0);
  for (Vertex v = 0; v < firstInner(); ++v) name[v] = v;
  Vertex next = firstInner();
  for (const Vertex v : sorted)
    if (v >= firstInner()) name[v] = next++;
  SumNetwork clean = *this;
  clean.terms_.clear(), clean.uses_.clear();
  clean.depth_.resize(firstInner());
  clean.slack_.resize(firstInner());
  clean.termDigits_.assign(firstInner(), 0), clean.useDigits_.assign(firstInner(), 0);
  for (Vertex v = 0; v < firstInner(); ++v) {
    clean.terms_.addList(), clean.uses_.addList();
    if (bounded_) clean.slack_[v] = v < inputs_ ? 0 : std::int64_t{1} << depth_[v];
  }
  for (const Vertex v : sorted) {
    if (v >= firstInner()) {
      std::uint64_t kraft = 0;
      if (bounded_)
        for (const Term& t : terms_[v])
          kraft += std::uint64_t{digitCount(t.factor)} << clean.depth_[name[t.vertex]];
      clean.addInner(bounded_ ? static_cast<std::uint32_t>(std::bit_width(kraft - 1)) : 0);
    }
    for (const Term& t : terms_[v]) clean.setFactor(name[v], name[t.vertex], t.factor);
  }
  *this = std::move(clean);
}

}  // namespace sluice::kernel
