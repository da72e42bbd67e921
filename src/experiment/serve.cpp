#include "experiment/serve.h"

#include <mutex>
#include <random>
#include <string_view>
#include <thread>

#include "base/text.h"

#ifdef SLUICE_HTTPLIB
#include <httplib.h>
#endif

namespace sluice::experiment {

#ifdef SLUICE_HTTPLIB

namespace {

constexpr const char* cookieName = "sluice_token";
constexpr const char* again = "3";  // seconds

std::string newToken() {
  std::random_device device;  // the system's
  std::string token;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t word = device();
    for (int digit = 28; digit >= 0; digit -= 4) token += "0123456789abcdef"[(word >> digit) & 15];
  }
  return token;
}

/// Takes as long for a wrong text as for the right one.
bool sameToken(std::string_view given, std::string_view token) {
  unsigned different = given.size() != token.size();
  for (std::size_t i = 0; i < given.size(); ++i)
    different |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(token[i % token.size()]);
  return different == 0;
}

std::string cookieOf(const httplib::Request& request) {
  for (const std::string& part : split(request.get_header_value("Cookie"), ';')) {
    const std::string_view cookie = trim(part);
    if (cookie.starts_with(cookieName) && cookie.substr(std::string_view(cookieName).size()).starts_with("="))
      return std::string(cookie.substr(std::string_view(cookieName).size() + 1));
  }
  return "";
}

}  // namespace

struct Server::Body {
  httplib::Server server;
  std::function<Result<LivePage>()> page;
  std::mutex one;  // page at a time
  std::string token = newToken();
  int port = 0;
  std::thread thread;

  /// Whether the request may be answered; else the answer is a refusal.
  bool allowed(const httplib::Request& request, httplib::Response& response) const {
    const std::string host = request.get_header_value("Host"), at = ":" + std::to_string(port);
    if (host != "127.0.0.1" + at && host != "localhost" + at) {
      response.status = 421;
      response.set_content("this server answers at 127.0.0.1 only\n", "text/plain");
      return false;
    }
    const std::string given =
        request.has_param("token") ? request.get_param_value("token") : cookieOf(request);
    if (!sameToken(given, token)) {
      response.status = 403;
      response.set_content("open the address that sluice experiment serve printed\n", "text/plain");
      return false;
    }
    return true;
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    if (request.has_param("token")) {  // once; then the cookie, so that it does not stay in the address
      response.set_header("Set-Cookie", cookieName + ("=" + token) + "; Path=/; HttpOnly; SameSite=Strict");
      response.set_redirect("/", 303);
      return;
    }
    const std::lock_guard lock(one);
    const Result<LivePage> made = page();
    if (!made.ok()) {
      response.status = 500;
      response.set_header("Refresh", again);
      response.set_content(made.error().text() + "\n", "text/plain; charset=utf-8");
      return;
    }
    if (made->changes) response.set_header("Refresh", again);
    response.set_content(made->html, "text/html; charset=utf-8");
  }
};

Server::Server(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() {
  if (!body_) return;
  body_->server.stop();
  if (body_->thread.joinable()) body_->thread.join();
}

Result<Server> Server::start(std::uint16_t port, std::function<Result<LivePage>()> page) {
  auto body = std::make_unique<Body>();
  Body* const own = body.get();
  own->page = std::move(page);
  own->server.set_payload_max_length(1 << 10);
  own->server.set_default_headers({{"Cache-Control", "no-store"},
                                   {"X-Content-Type-Options", "nosniff"},
                                   {"Referrer-Policy", "no-referrer"},
                                   {"Content-Security-Policy",
                                    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                                    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"}});
  own->server.set_pre_routing_handler([own](const httplib::Request& request, httplib::Response& response) {
    return own->allowed(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                           : httplib::Server::HandlerResponse::Handled;
  });
  own->server.Get("/", [own](const httplib::Request& request, httplib::Response& response) {
    own->answer(request, response);
  });
  if (port != 0 && own->server.bind_to_port("127.0.0.1", port)) own->port = port;
  if (port == 0) own->port = own->server.bind_to_any_port("127.0.0.1");
  if (own->port <= 0) return ioError("port " + std::to_string(port) + " of 127.0.0.1 cannot be listened at");
  own->thread = std::thread([own] { own->server.listen_after_bind(); });
  while (!own->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return Server(std::move(body));
}

std::uint16_t Server::port() const { return static_cast<std::uint16_t>(body_->port); }
const std::string& Server::token() const { return body_->token; }
std::string Server::address() const {
  return "http://127.0.0.1:" + std::to_string(body_->port) + "/?token=" + body_->token;
}
void Server::wait() { body_->thread.join(); }

#else

struct Server::Body {
  std::string none;
};
Server::Server(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;
Result<Server> Server::start(std::uint16_t, std::function<Result<LivePage>()>) {
  return unsupported(
      "this program was built without a web server: install libcpp-httplib-dev and pkg-config and build it "
      "again, or "
      "use sluice experiment report");
}
std::uint16_t Server::port() const { return 0; }
const std::string& Server::token() const { return body_->none; }
std::string Server::address() const { return ""; }
void Server::wait() {}

#endif

}  // namespace sluice::experiment
