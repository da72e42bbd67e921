#include "split/network/join_graph.h"

#include <algorithm>
#include <set>

namespace sluice::splits {
namespace {

/// Entries of a term that a bucket makes; beyond that it is made in pieces.
constexpr std::size_t mostEntries = 50'000;

}  // namespace

std::uint32_t JoinGraph::addVariable(std::uint32_t values) {
  values_.push_back(values);
  return static_cast<std::uint32_t>(values_.size() - 1);
}

std::uint32_t JoinGraph::addView(std::uint32_t variable, std::vector<std::uint32_t> of, std::uint32_t size) {
  for (std::uint32_t view = 0; view < views_.size(); ++view)
    if (views_[view].variable == variable && views_[view].of == of) return view;
  views_.push_back({variable, std::move(of), size});
  return static_cast<std::uint32_t>(views_.size() - 1);
}

std::uint32_t JoinGraph::addTerm(std::uint32_t viewA, std::uint32_t viewB) {
  terms_.push_back({{viewA, viewB}});
  return static_cast<std::uint32_t>(terms_.size() - 1);
}

std::size_t JoinGraph::sizeOf(const std::vector<std::uint32_t>& views) const {
  std::size_t size = 1;
  for (const std::uint32_t view : views) size *= views_[view].size;
  return size;
}

void JoinGraph::finish() {
  pieces_.resize(values_.size());
  std::vector<bool> done(values_.size(), false), used(terms_.size(), false);
  const auto termsOf = [&](std::uint32_t variable) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t t = 0; t < terms_.size(); ++t)
      if (!used[t] && std::any_of(terms_[t].views.begin(), terms_[t].views.end(),
                                  [&](std::uint32_t view) { return views_[view].variable == variable; }))
        found.push_back(t);
    return found;
  };
  const auto viewsWithout = [&](const std::vector<std::uint32_t>& terms, std::uint32_t variable) {
    std::set<std::uint32_t> views;
    for (const std::uint32_t t : terms)
      for (const std::uint32_t view : terms_[t].views)
        if (views_[view].variable != variable) views.insert(view);
    return std::vector<std::uint32_t>(views.begin(), views.end());
  };
  for (std::size_t step = 0; step < values_.size(); ++step) {
    std::uint32_t best = 0;
    std::size_t least = SIZE_MAX;
    for (std::uint32_t v = 0; v < values_.size(); ++v) {
      if (done[v]) continue;
      const std::size_t size = sizeOf(viewsWithout(termsOf(v), v)) * values_[v];
      if (size < least) {
        least = size;
        best = v;
      }
    }
    done[best] = true;
    order_.push_back(best);
    std::vector<std::uint32_t> rest = termsOf(best);
    do {
      Piece piece{.terms = {}, .made = 0, .holdsAlone = pieces_[best].empty()};
      std::vector<std::uint32_t> later;
      for (const std::uint32_t t : rest) {
        piece.terms.push_back(t);
        if (piece.terms.size() > 1 && sizeOf(viewsWithout(piece.terms, best)) > mostEntries) {
          piece.terms.pop_back();
          later.push_back(t);
        }
      }
      for (const std::uint32_t t : piece.terms) used[t] = true;
      piece.made = static_cast<std::uint32_t>(terms_.size());
      terms_.push_back({viewsWithout(piece.terms, best)});
      used.push_back(false);
      pieces_[best].push_back(std::move(piece));
      rest = std::move(later);
    } while (!rest.empty());
  }
  std::reverse(order_.begin(), order_.end());
}

void JoinGraph::lookPiece(const Weighing& weighing, const Piece& piece, std::uint32_t variable,
                          const std::vector<std::uint32_t>& assigned, std::vector<double>& extra) const {
  for (const std::uint32_t t : piece.terms) {
    const std::vector<std::uint32_t>& views = terms_[t].views;
    // The position of what is assigned, and what the variable adds to it by up to two views.
    std::size_t at = 0, stride = 1;
    std::vector<std::pair<const View*, std::size_t>> own;
    for (std::size_t d = views.size(); d-- > 0;) {
      const View& view = views_[views[d]];
      if (view.variable == variable)
        own.emplace_back(&view, stride);
      else
        at += stride * view.of[assigned[view.variable]];
      stride *= view.size;
    }
    const std::vector<double>& table = weighing.terms[t];
    for (std::uint32_t value = 0; value < values_[variable]; ++value) {
      std::size_t entry = at;
      for (const auto& [view, by] : own) entry += by * view->of[value];
      extra[value] += table[entry];
    }
  }
}

void JoinGraph::look(const Weighing& weighing, std::uint32_t variable,
                     const std::vector<std::uint32_t>& assigned, std::vector<double>& extra) const {
  extra.assign(values_[variable], 0.0);
  for (const Piece& piece : pieces_[variable]) lookPiece(weighing, piece, variable, assigned, extra);
}

double JoinGraph::counted(const Weighing& weighing, std::uint32_t variable,
                          const std::vector<std::uint32_t>& assigned) const {
  double sum = 0;
  for (const Piece& piece : pieces_[variable]) {
    std::size_t at = 0;
    for (const std::uint32_t view : terms_[piece.made].views)
      at = at * views_[view].size + views_[view].of[assigned[views_[view].variable]];
    sum += weighing.terms[piece.made][at];
  }
  return sum;
}

void JoinGraph::eliminate(Weighing& weighing) const {
  weighing.terms.resize(terms_.size());
  weighing.least = 0;
  // A value of each variable for each number of each view, so that combinations of what is seen can be assigned.
  std::vector<std::uint32_t> assigned(values_.size(), 0);
  std::vector<double> extra;
  for (auto variable = order_.rbegin(); variable != order_.rend(); ++variable)
    for (const Piece& piece : pieces_[*variable]) {
      const std::vector<std::uint32_t>& views = terms_[piece.made].views;
      std::vector<double>& made = weighing.terms[piece.made];
      made.assign(sizeOf(views), 0.0);
      // Terms as tables over (what is seen, value).
      struct Part {
        const double* table;
        std::vector<std::size_t> stride;  // per view of the made term
        std::vector<std::size_t> by;      // per value
      };
      std::vector<Part> parts;
      for (const std::uint32_t t : piece.terms) {
        Part part{weighing.terms[t].data(), std::vector<std::size_t>(views.size(), 0),
                  std::vector<std::size_t>(values_[*variable], 0)};
        std::size_t stride = 1;
        for (std::size_t d = terms_[t].views.size(); d-- > 0;) {
          const std::uint32_t view = terms_[t].views[d];
          if (views_[view].variable == *variable) {
            for (std::uint32_t value = 0; value < values_[*variable]; ++value)
              part.by[value] += stride * views_[view].of[value];
          } else {
            part.stride[static_cast<std::size_t>(std::find(views.begin(), views.end(), view) -
                                                 views.begin())] += stride;
          }
          stride *= views_[view].size;
        }
        parts.push_back(std::move(part));
      }
      std::vector<std::uint32_t> seen(views.size(), 0);
      for (double& entry : made) {
        extra.assign(values_[*variable], 0.0);
        if (piece.holdsAlone) extra = weighing.alone[*variable];
        for (const Part& part : parts) {
          std::size_t at = 0;
          for (std::size_t d = 0; d < seen.size(); ++d) at += part.stride[d] * seen[d];
          for (std::uint32_t value = 0; value < values_[*variable]; ++value)
            extra[value] += part.table[at + part.by[value]];
        }
        entry = std::min(never, *std::min_element(extra.begin(), extra.end()));
        for (std::size_t d = seen.size(); d-- > 0;) {
          if (++seen[d] < views_[views[d]].size) break;
          seen[d] = 0;
        }
      }
      if (views.empty()) weighing.least += made[0];
    }
}

}  // namespace sluice::splits
