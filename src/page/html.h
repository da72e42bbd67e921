#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Pieces of a page. Text becomes Html only through escaping, so whatever a file or a user named something,
/// it cannot break the page. Everything is a pure function of its arguments: same input, same bytes.
namespace sluice::page {

/// Finished markup.
class Html {
 public:
  Html() = default;
  Html(std::string_view text);                                     // NOLINT: implicit by intent; escaped
  Html(const char* text) : Html(std::string_view(text)) {}         // NOLINT: implicit by intent; escaped
  Html(const std::string& text) : Html(std::string_view(text)) {}  // NOLINT: implicit by intent; escaped
  /// Markup that needs no escaping, because this area made it.
  static Html trusted(std::string markup);

  [[nodiscard]] const std::string& markup() const { return markup_; }
  [[nodiscard]] bool empty() const { return markup_.empty(); }
  Html& operator+=(const Html& more) { return markup_ += more.markup_, *this; }
  friend Html operator+(Html a, const Html& b) { return a += b; }

 private:
  std::string markup_;
};

/// Text with & < > " ' escaped; control characters, which HTML has no place for, become U+FFFD.
std::string escape(std::string_view text);

using Attributes = std::vector<std::pair<std::string, std::string>>;
/// <tag name="value">content</tag>; values are escaped, tag and names are not.
Html element(std::string_view tag, const Attributes& attributes, const Html& content);

/// Colours with a role of their own in both schemes. Charts use them in this order for their series.
enum class Tone : std::uint8_t { blue, teal, amber, violet, green, red, neutral };
const char* toneName(Tone tone);
/// The tone of series `index`: the first six in turn.
Tone seriesTone(std::size_t index);

Html paragraph(const Html& content);
Html muted(const Html& content);  ///< less important than what is beside it
Html strong(const Html& content);
Html code(std::string_view text);         ///< in a line of text
Html commandLine(std::string_view text);  ///< on its own, scrolls inside its box, selected by one click
Html link(const Html& content, std::string_view target);  ///< "#section" or a relative file
Html badge(const Html& content, Tone tone, std::string_view hint = {});
Html callout(const Html& content, Tone tone);                               ///< a box that wants to be seen
Html details(const Html& summary, const Html& content, bool open = false);  ///< folds away
Html figure(const Html& drawing, const Html& caption);
Html subheading(const Html& content);
/// Side by side where there is room, below one another where there is not.
Html columns(const std::vector<Html>& parts);

/// A figure that is seen first: "812 cycles" under "latency".
struct Statistic {
  Html label, value;
  Html unit;  ///< small, behind the value
  Html note;  ///< below it
};
Html statistics(const std::vector<Statistic>& items);

struct Column {
  Html title;
  bool numeric = false;  ///< right-aligned, figures of equal width
  std::string hint;      ///< shown when pointed at
};
/// A table that scrolls inside its own box where the screen is narrow; its first column stays.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Html>> rows;    ///< each as long as `columns`
  std::vector<std::vector<Html>> totals;  ///< rows at the end, set apart
};
Html table(const Table& table);

struct Section {
  std::string id;     ///< anchor: letters, digits, '-'
  std::string title;  ///< in the heading and in the page's navigation
  Html content;
};
struct Page {
  std::string title;
  Html subtitle;  ///< one line below the title
  Html lead;      ///< before the sections: what is read if nothing else is
  std::vector<Section> sections;
  Html footer;
};
/// The whole document: no external resource, no script; light or dark as the reader's system is; good on
/// paper too.
std::string print(const Page& page);

}  // namespace sluice::page
