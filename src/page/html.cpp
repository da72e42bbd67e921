#include "page/html.h"

#include "base/check.h"
#include "page/style.h"

namespace sluice::page {

std::string escape(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      case '\t':
      case '\n':
        safe += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          safe += "\xef\xbf\xbd";
        } else {
          safe += c;
        }
    }
  }
  return safe;
}

Html::Html(std::string_view text) : markup_(escape(text)) {}

Html Html::trusted(std::string markup) {
  Html html;
  html.markup_ = std::move(markup);
  return html;
}

Html element(std::string_view tag, const Attributes& attributes, const Html& content) {
  std::string markup = "<" + std::string(tag);
  for (const auto& [name, value] : attributes)
    if (!value.empty()) markup += " " + name + "=\"" + escape(value) + "\"";
  markup += ">" + content.markup() + "</" + std::string(tag) + ">";
  return Html::trusted(std::move(markup));
}

const char* toneName(Tone tone) {
  constexpr const char* names[] = {"blue", "teal", "amber", "violet", "green", "red", "neutral"};
  return names[static_cast<std::size_t>(tone)];
}

Tone seriesTone(std::size_t index) { return static_cast<Tone>(index % 6); }

Html paragraph(const Html& content) { return element("p", {}, content); }
Html muted(const Html& content) { return element("span", {{"class", "muted"}}, content); }
Html strong(const Html& content) { return element("strong", {}, content); }
Html code(std::string_view text) { return element("code", {}, Html(text)); }
Html commandLine(std::string_view text) { return element("pre", {{"class", "command"}}, code(text)); }
Html link(const Html& content, std::string_view target) {
  return element("a", {{"href", std::string(target)}}, content);
}
Html badge(const Html& content, Tone tone, std::string_view hint) {
  return element("span", {{"class", std::string("badge ") + toneName(tone)}, {"title", std::string(hint)}},
                 content);
}
Html callout(const Html& content, Tone tone) {
  return element("div", {{"class", std::string("callout ") + toneName(tone)}}, content);
}
Html details(const Html& summary, const Html& content, bool open) {
  const Html inside = element("summary", {}, summary) + content;
  return Html::trusted(std::string(open ? "<details open>" : "<details>") + inside.markup() + "</details>");
}
Html figure(const Html& drawing, const Html& caption) {
  return element("figure", {}, drawing + (caption.empty() ? Html() : element("figcaption", {}, caption)));
}
Html subheading(const Html& content) { return element("h3", {}, content); }

Html columns(const std::vector<Html>& parts) {
  Html all;
  for (const Html& part : parts) all += element("div", {}, part);
  return element("div", {{"class", "columns"}}, all);
}

Html statistics(const std::vector<Statistic>& items) {
  Html all;
  for (const Statistic& item : items) {
    Html value = element("span", {{"class", "figure"}}, item.value);
    if (!item.unit.empty()) value += Html(" ") + element("span", {{"class", "unit"}}, item.unit);
    Html box = element("dt", {}, item.label) + element("dd", {}, value);
    if (!item.note.empty()) box += element("dd", {{"class", "note"}}, item.note);
    all += element("div", {}, box);
  }
  return element("dl", {{"class", "statistics"}}, all);
}

Html table(const Table& table) {
  const auto row = [&](const std::vector<Html>& cells, bool head) {
    SLUICE_CHECK(cells.size() == table.columns.size(), "a row has a cell per column");
    Html inside;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const Column& column = table.columns[i];
      const std::string kind = column.numeric ? "n" : "";
      if (head) {
        inside += element("th", {{"class", kind}, {"scope", "col"}, {"title", column.hint}}, cells[i]);
      } else if (i == 0) {
        inside += element("th", {{"class", kind}, {"scope", "row"}}, cells[i]);
      } else {
        inside += element("td", {{"class", kind}}, cells[i]);
      }
    }
    return element("tr", {}, inside);
  };
  std::vector<Html> titles;
  for (const Column& column : table.columns) titles.push_back(column.title);
  Html body, foot;
  for (const auto& cells : table.rows) body += row(cells, false) + Html::trusted("\n");
  for (const auto& cells : table.totals) foot += row(cells, false);
  Html all = element("thead", {}, row(titles, true)) + element("tbody", {}, body);
  if (!foot.empty()) all += element("tfoot", {}, foot);
  // Reachable by keyboard, so that it can be scrolled without a pointer.
  return element("div", {{"class", "scroll"}, {"tabindex", "0"}}, element("table", {}, all));
}

std::string print(const Page& page) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
      escape(page.title) + "</title>\n<style>\n" + styleSheet + "</style>\n</head>\n<body>\n";
  Html navigation;
  for (const Section& section : page.sections) navigation += link(section.title, "#" + section.id);
  Html header = element("h1", {}, page.title);
  if (!page.subtitle.empty()) header += element("p", {{"class", "subtitle"}}, page.subtitle);
  out += element("header", {}, header).markup() + "\n";
  if (page.sections.size() > 1) out += element("nav", {}, navigation).markup() + "\n";
  out += "<main>\n";
  if (!page.lead.empty()) out += element("div", {{"class", "lead"}}, page.lead).markup() + "\n";
  for (const Section& section : page.sections)
    out += element("section", {{"id", section.id}}, element("h2", {}, section.title) + section.content)
               .markup() +
           "\n";
  out += "</main>\n";
  if (!page.footer.empty()) out += element("footer", {}, page.footer).markup() + "\n";
  return out + "</body>\n</html>\n";
}

}  // namespace sluice::page
