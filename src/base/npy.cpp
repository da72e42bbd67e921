#include "base/npy.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/file.h"
#include "base/text.h"

namespace sluice {
namespace {

static_assert(std::endian::native == std::endian::little, "array bytes are copied as they are");

constexpr std::string_view magic = "\x93NUMPY";

/// Calls f with an empty vector of the element type `code` names; false if there is none.
template <typename F>
bool withType(std::string_view code, F&& f) {
  if (code == "f4") return f(std::vector<float>{}), true;
  if (code == "f8") return f(std::vector<double>{}), true;
  if (code == "i1") return f(std::vector<std::int8_t>{}), true;
  if (code == "i2") return f(std::vector<std::int16_t>{}), true;
  if (code == "i4") return f(std::vector<std::int32_t>{}), true;
  if (code == "i8") return f(std::vector<std::int64_t>{}), true;
  if (code == "u1" || code == "b1") return f(std::vector<std::uint8_t>{}), true;
  if (code == "u2") return f(std::vector<std::uint16_t>{}), true;
  if (code == "u4") return f(std::vector<std::uint32_t>{}), true;
  if (code == "u8") return f(std::vector<std::uint64_t>{}), true;
  return false;
}

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<std::uint64_t> shape;
};

/// The header is a Python dictionary literal with three known keys. This reads exactly that, blanks apart.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  std::optional<Header> parse() {
    Header header;
    bool descr = false, order = false, shape = false;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':')) return std::nullopt;
      if (key == "descr") {
        if (descr || !string(header.descr)) return std::nullopt;
        descr = true;
      } else if (key == "fortran_order") {
        if (order || !boolean(header.fortranOrder)) return std::nullopt;
        order = true;
      } else if (key == "shape") {
        if (shape || !tuple(header.shape)) return std::nullopt;
        shape = true;
      } else {
        return std::nullopt;
      }
      if (!take(',') && peek() != '}') return std::nullopt;
    }
    if (!descr || !order || !shape || peek() != '\0') return std::nullopt;
    return header;
  }

 private:
  char peek() {
    text_ = trim(text_);
    return text_.empty() ? '\0' : text_.front();
  }
  bool take(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool string(std::string& out) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    const std::size_t end = text_.find(quote, 1);
    if (end == std::string_view::npos) return false;
    out = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }
  bool boolean(bool& out) {
    peek();
    out = text_.starts_with("True");
    if (!out && !text_.starts_with("False")) return false;
    text_.remove_prefix(out ? 4 : 5);
    return true;
  }
  bool tuple(std::vector<std::uint64_t>& out) {
    if (!take('(')) return false;
    while (!take(')')) {
      std::uint64_t number = 0;
      bool any = false;
      peek();
      while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
        const auto digit = static_cast<std::uint64_t>(text_.front() - '0');
        if (number > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return false;
        number = number * 10 + digit;
        any = true;
        text_.remove_prefix(1);
      }
      if (!any || out.size() >= 64) return false;
      take('L');  // written by Python 2
      out.push_back(number);
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view text_;
};

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

std::string shapeText(const std::vector<std::uint64_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// Fortran order, where the first index runs fastest, as ours, where the last does.
template <typename T>
std::vector<T> firstIndexSlowest(const std::vector<T>& values, const std::vector<std::uint64_t>& shape) {
  if (shape.size() < 2) return values;
  std::vector<T> ordered(values.size());
  std::vector<std::uint64_t> index(shape.size(), 0), stride(shape.size(), 1);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  std::uint64_t from = 0;
  for (T& value : ordered) {
    value = values[from];
    for (std::size_t d = shape.size(); d-- > 0;) {
      from += stride[d];
      if (++index[d] < shape[d]) break;
      from -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
  return ordered;
}

}  // namespace

std::uint64_t NpyArray::count() const {
  std::uint64_t product = 1;
  for (const std::uint64_t size : shape) product *= size;
  return product;
}

bool NpyArray::isFloating() const { return data.index() < 2; }

std::string NpyArray::typeName() const {
  constexpr const char* names[] = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"};
  return names[data.index()];
}

std::vector<double> NpyArray::asDoubles() const {
  return std::visit(
      [](const auto& values) {
        std::vector<double> result;
        result.reserve(values.size());
        for (const auto value : values) result.push_back(static_cast<double>(value));
        return result;
      },
      data);
}

Result<std::vector<std::int64_t>> NpyArray::asInt64() const {
  return std::visit(
      [](const auto& values) -> Result<std::vector<std::int64_t>> {
        using T = typename std::decay_t<decltype(values)>::value_type;
        std::vector<std::int64_t> result;
        result.reserve(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
          bool fits = true;
          if constexpr (std::is_floating_point_v<T>) {
            const auto real = static_cast<double>(values[i]);
            fits = real >= -0x1.0p63 && real < 0x1.0p63 && std::trunc(real) == real;
          } else if constexpr (std::is_same_v<T, std::uint64_t>) {
            fits = values[i] <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
          }
          if (!fits) {
            std::string shown;
            if constexpr (std::is_floating_point_v<T>) {
              shown = formatDouble(static_cast<double>(values[i]));
            } else {
              shown = std::to_string(values[i]);
            }
            return badInput("element " + std::to_string(i) + " is " + shown + ", not a 64-bit integer");
          }
          result.push_back(static_cast<std::int64_t>(values[i]));
        }
        return result;
      },
      data);
}

Result<NpyArray> parseNpy(std::string_view content, const std::string& where) {
  if (!content.starts_with(magic))
    return badInput("is not a .npy file: it does not begin with \\x93NUMPY", where);
  if (content.size() < 10) return badInput("ends within its header", where);
  const auto major = static_cast<unsigned char>(content[6]);
  if (major < 1 || major > 3)
    return unsupported("is in .npy format version " + std::to_string(major) + "; 1 to 3 are read", where);
  const std::size_t lengthBytes = major == 1 ? 2 : 4;
  if (content.size() < 8 + lengthBytes) return badInput("ends within its header", where);
  const std::size_t headerBytes = little(content, 8, lengthBytes);
  if (headerBytes > content.size() - 8 - lengthBytes) return badInput("ends within its header", where);
  const std::string_view body = content.substr(8 + lengthBytes + headerBytes);

  const std::optional<Header> header = HeaderParser(content.substr(8 + lengthBytes, headerBytes)).parse();
  if (!header)
    return badInput(
        "has a header that is not a dictionary of 'descr', 'fortran_order' and 'shape'; "
        "structured arrays are not read",
        where);
  const std::string& descr = header->descr;
  if (descr.size() >= 2 && descr.front() == '>')
    return unsupported(
        "holds big-endian numbers ('" + descr + "'); save it with .astype('" + "<" + descr.substr(1) + "')",
        where);
  NpyArray array{header->shape, {}};
  Status status;
  const bool known =
      !descr.empty() && (descr.front() == '<' || descr.front() == '|') &&
      withType(std::string_view(descr).substr(1), [&](auto values) {
        constexpr std::uint64_t itemBytes = sizeof(typename decltype(values)::value_type);
        // The product of the shape is bounded before it is used: a zero anywhere makes it zero, whatever the
        // rest.
        std::uint64_t count = 1;
        bool excessive = false;
        for (const std::uint64_t size : header->shape) {
          if (size != 0 && count > std::numeric_limits<std::uint64_t>::max() / itemBytes / size)
            excessive = true;
          count *= size;
        }
        for (const std::uint64_t size : header->shape)
          if (size == 0) excessive = false, count = 0;
        if (excessive || count * itemBytes != body.size()) {
          status =
              badInput("holds " + formatCount(static_cast<std::int64_t>(body.size())) +
                           " bytes of data, but shape " + shapeText(header->shape) + " of '" + descr +
                           "' needs " + (excessive ? "more than 2^64" : std::to_string(count * itemBytes)),
                       where);
          return;
        }
        values.resize(count);
        if (count > 0) std::memcpy(values.data(), body.data(), body.size());
        if (header->fortranOrder) values = firstIndexSlowest(values, header->shape);
        array.data = std::move(values);
      });
  if (!known)
    return unsupported(
        "holds elements of type '" + descr + "'; f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 are read", where);
  if (!status.ok()) return status.error();
  return array;
}

std::string printNpy(const NpyArray& array) {
  const std::string type = array.typeName();
  std::string header = "{'descr': '" + std::string(type.back() == '1' ? "|" : "<") + type +
                       "', 'fortran_order': False, 'shape': " + shapeText(array.shape) + ", }";
  // NumPy leaves room for the first dimension to grow to 21 digits, then pads to 64 bytes with a line end
  // last.
  if (!array.shape.empty()) header.append(21 - std::to_string(array.shape.front()).size(), ' ');
  header.append(64 - (10 + header.size() + 1) % 64, ' ');
  header += '\n';
  SLUICE_CHECK(header.size() < 65536, "a version 1.0 header is shorter than 64 KiB");
  std::string content(magic);
  content += {'\x01', '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  content += header;
  std::visit(
      [&](const auto& values) {
        SLUICE_CHECK(values.size() == array.count(), "the data fills the shape");
        if (!values.empty())
          content.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof values.front());
      },
      array.data);
  return content;
}

Result<NpyArray> readNpy(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string content, readFile(path));
  return parseNpy(content, path.string());
}

Status writeNpy(const std::filesystem::path& path, const NpyArray& array) {
  return writeFile(path, printNpy(array));
}

}  // namespace sluice
