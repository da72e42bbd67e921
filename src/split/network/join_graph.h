#pragma once

#include <cstdint>
#include <vector>

/// Sums over nodes and edges, made least by bucket elimination. Private to the folder.
///
/// A variable is a node; its values are classes of choices that join alike. A term says what two values of neighbours cost,
/// as far as they matter: by views, which number what of a class the term looks at (the beats it writes, or reads). To
/// eliminate a variable, all terms it stands in are added up and made least over its values, for every combination of what
/// those terms see of its neighbours: a new term, without the variable. In reverse order every variable then finds, in the
/// terms of its bucket, what each of its values leads to at best. On a chain this is dynamic programming.
///
/// Where a new term would be too large, the bucket is made least in pieces: a bound from below instead of the minimum.
namespace sluice::splits {

class JoinGraph {
 public:
  static constexpr double never = 1e30;

  /// Variables with so many values. Views: per value, a number below `size`.
  std::uint32_t addVariable(std::uint32_t values);
  std::uint32_t addView(std::uint32_t variable, std::vector<std::uint32_t> of, std::uint32_t size);
  /// A term between two views; its values stand by view a, then b.
  std::uint32_t addTerm(std::uint32_t viewA, std::uint32_t viewB);
  /// Orders the variables and makes the buckets.
  void finish();

  [[nodiscard]] const std::vector<std::uint32_t>& order() const { return order_; }  ///< last eliminated first
  [[nodiscard]] std::uint32_t values(std::uint32_t variable) const { return values_[variable]; }

  /// One weighing of all terms.
  struct Weighing {
    std::vector<std::vector<double>> alone;  ///< per variable and value
    std::vector<std::vector<double>> terms;  ///< those added, then those of the buckets
    double least = 0;                        ///< no assignment is below
  };
  /// With `alone` and the added terms given: the rest. Values of `never` cannot be.
  void eliminate(Weighing& weighing) const;

  /// What a variable's values lead to, beyond what was counted when all variables before it in the order were assigned:
  /// `assigned` holds their values. Without `alone`.
  void look(const Weighing& weighing, std::uint32_t variable, const std::vector<std::uint32_t>& assigned,
            std::vector<double>& extra) const;
  /// What the bucket of the variable counted at best, with `alone`, for what is assigned.
  [[nodiscard]] double counted(const Weighing& weighing, std::uint32_t variable,
                               const std::vector<std::uint32_t>& assigned) const;

 private:
  struct View {
    std::uint32_t variable = 0;
    std::vector<std::uint32_t> of;
    std::uint32_t size = 1;
  };
  struct Term {
    std::vector<std::uint32_t> views;  ///< the last one counts fastest
  };
  struct Piece {
    std::vector<std::uint32_t> terms;  ///< that are added up
    std::uint32_t made = 0;            ///< the term made of them
    bool holdsAlone = false;
  };
  [[nodiscard]] std::size_t sizeOf(const std::vector<std::uint32_t>& views) const;
  void lookPiece(const Weighing& weighing, const Piece& piece, std::uint32_t variable,
                 const std::vector<std::uint32_t>& assigned, std::vector<double>& extra) const;

  std::vector<std::uint32_t> values_, order_;
  std::vector<View> views_;
  std::vector<Term> terms_;
  std::vector<std::vector<Piece>> pieces_;  ///< per variable
};

}  // namespace sluice::splits
