#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

/// Pages for one person at this machine: a web server on loopback, which answers only who knows its token.
///
/// Other programs of this machine can reach a port on loopback, and pages of strangers in the same browser can send
/// requests to it. So: the server listens at 127.0.0.1 alone; it answers only requests that name it as 127.0.0.1 or
/// localhost (a stranger's name that was made to point here is refused); and without the token, in the address or in
/// the cookie that the first visit sets, it says nothing. Pages forbid scripts, frames and outside resources.
namespace sluice::experiment {

/// What is served at "/": a page, and whether it should be asked for again soon.
struct LivePage {
  std::string html;
  bool changes = false;
};

class Server {
 public:
  /// Listens from now on; `page` is called from one thread at a time. `port` 0: any that is free.
  /// Errors: io if the port is taken; unsupported if this program was built without a web server library.
  static Result<Server> start(std::uint16_t port, std::function<Result<LivePage>()> page);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) = delete;
  ~Server();  ///< stops

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const std::string& token() const;  ///< 32 hexadecimal digits, other ones for every server
  [[nodiscard]] std::string address() const;       ///< http://127.0.0.1:PORT/?token=TOKEN
  void wait();                                     ///< until the process is ended

 private:
  struct Body;
  explicit Server(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace sluice::experiment
