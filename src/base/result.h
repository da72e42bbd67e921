#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

/// Result: a value, or one error that a person can act on.
///
/// Whatever a user, a file or a tool can cause is returned, not thrown. Exceptions of libraries are caught
/// where the library is called. The command line maps the code to its exit code (exitCode below).
namespace sluice {

enum class ErrorCode : std::uint8_t {
  badInput,     ///< the input breaks a rule of its format or of ours                          exit 1
  unsupported,  ///< valid, but Sluice cannot do it (yet); the message says what would          exit 1
  usage,        ///< the command line makes no sense                                            exit 2
  infeasible,   ///< no design can meet what was asked (it does not fit, it deadlocks)          exit 3
  gaveUp,       ///< a search ended at its budget without a proof                               exit 4
  io,           ///< a file or a tool could not be reached                                      exit 1
};

struct Error {
  ErrorCode code = ErrorCode::badInput;
  std::string message;  ///< what is wrong, with the values, and what to do
  std::string where;    ///< "net.onnx: node 'conv3'"; may be empty

  /// "where: message", as it is shown.
  [[nodiscard]] std::string text() const { return where.empty() ? message : where + ": " + message; }
};

[[nodiscard]] int exitCode(ErrorCode code);

inline Error badInput(std::string message, std::string where = {}) {
  return {ErrorCode::badInput, std::move(message), std::move(where)};
}
inline Error unsupported(std::string message, std::string where = {}) {
  return {ErrorCode::unsupported, std::move(message), std::move(where)};
}
inline Error infeasible(std::string message, std::string where = {}) {
  return {ErrorCode::infeasible, std::move(message), std::move(where)};
}
inline Error ioError(std::string message, std::string where = {}) {
  return {ErrorCode::io, std::move(message), std::move(where)};
}

/// A value of type T, or the error that kept us from it.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by intent
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const T& value() const& { return require(), std::get<0>(state_); }
  [[nodiscard]] T& value() & { return require(), std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return require(), std::get<0>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  [[nodiscard]] const Error& error() const {
    SLUICE_CHECK(!ok(), "error() is asked only of a failed result");
    return std::get<1>(state_);
  }

 private:
  void require() const { SLUICE_CHECK(ok(), "value() is asked only of a successful result"); }
  std::variant<T, Error> state_;
};

/// Success without a value, or an error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by intent
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    SLUICE_CHECK(!ok(), "error() is asked only of a failed status");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace sluice

#define SLUICE_CONCAT_(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_(a, b)

/// SLUICE_TRY(const auto x, f()): x = the value of f(), or return its error to our caller, unchanged.
/// Several statements: use it inside braces.
#define SLUICE_TRY(declaration, expression) \
  SLUICE_TRY_(declaration, expression, SLUICE_CONCAT(sluiceTry_, __LINE__))
#define SLUICE_TRY_(declaration, expression, name) \
  auto name = (expression);                        \
  if (!name.ok()) return name.error();             \
  declaration = std::move(name).value()

/// SLUICE_RETURN_IF_ERROR(f()): for a Status.
#define SLUICE_RETURN_IF_ERROR(expression) \
  if (auto sluiceStatus_ = (expression); !sluiceStatus_.ok()) return sluiceStatus_.error()
