#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

/// Typed indices: a NodeId cannot be passed where a TensorId is meant, and costs what an integer costs.
namespace sluice {

template <typename Tag>
struct Id {
  std::uint32_t index = 0xffffffffu;  ///< position in the owner's list; all ones: none

  constexpr Id() = default;
  constexpr explicit Id(std::uint32_t i) : index(i) {}
  constexpr explicit Id(std::size_t i) : index(static_cast<std::uint32_t>(i)) {}
  constexpr explicit Id(int i) : index(static_cast<std::uint32_t>(i)) {}
  [[nodiscard]] constexpr bool valid() const { return index != 0xffffffffu; }
  constexpr auto operator<=>(const Id&) const = default;
};

}  // namespace sluice

template <typename Tag>
struct std::hash<sluice::Id<Tag>> {
  std::size_t operator()(const sluice::Id<Tag>& id) const noexcept { return id.index; }
};
