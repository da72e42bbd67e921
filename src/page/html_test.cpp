#include "page/html.h"

#include <gtest/gtest.h>

namespace sluice::page {
namespace {

TEST(Html, TextIsEscapedWhereverItEnters) {
  const std::string nasty = "<script>&\"'";
  const std::string safe = "&lt;script&gt;&amp;&quot;&#39;";
  EXPECT_EQ(Html(nasty).markup(), safe);
  EXPECT_EQ(paragraph(nasty).markup(), "<p>" + safe + "</p>");
  EXPECT_EQ(code(nasty).markup(), "<code>" + safe + "</code>");
  EXPECT_EQ(element("a", {{"href", nasty}}, "x").markup(), "<a href=\"" + safe + "\">x</a>");
  EXPECT_EQ(badge("b", Tone::red, nasty).markup(),
            "<span class=\"badge red\" title=\"" + safe + "\">b</span>");
}

TEST(Html, ControlCharactersAreReplaced) {
  EXPECT_EQ(escape(std::string_view("a\0b\x1b\n", 5)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\n");
}

TEST(Html, PiecesAreEscapedOnce) {
  EXPECT_EQ((Html("a<") + strong("b&")).markup(), "a&lt;<strong>b&amp;</strong>");
}

TEST(Html, EmptyAttributesAreLeftOut) {
  EXPECT_EQ(element("td", {{"class", ""}}, "1").markup(), "<td>1</td>");
}

TEST(Table, NumbersAreMarkedAndTotalsStandApart) {
  const Html html = table({{{"kernel"}, {"LUT", true, "6-input"}}, {{"dense", "12"}}, {{"total", "12"}}});
  EXPECT_EQ(html.markup(),
            "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">kernel</th>"
            "<th class=\"n\" scope=\"col\" title=\"6-input\">LUT</th></tr></thead>"
            "<tbody><tr><th scope=\"row\">dense</th><td class=\"n\">12</td></tr>\n</tbody>"
            "<tfoot><tr><th scope=\"row\">total</th><td class=\"n\">12</td></tr></tfoot></table></div>");
}

TEST(Page, NeedsNothingFromOutsideAndNoScript) {
  Page page;
  page.title = "a & b";
  page.sections = {{"one", "One", paragraph("first")}, {"two", "Two", table({{{"x"}}, {{"1"}}, {}})}};
  const std::string text = print(page);
  for (const char* outside : {"http:", "https:", "//", "<script", "<link", "@import", "url(", "src="})
    EXPECT_EQ(text.find(outside), std::string::npos) << outside;
  EXPECT_NE(text.find("<title>a &amp; b</title>"), std::string::npos);
  EXPECT_NE(text.find("<nav><a href=\"#one\">One</a><a href=\"#two\">Two</a></nav>"), std::string::npos);
  EXPECT_NE(text.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(text.find("name=\"viewport\""), std::string::npos);
  EXPECT_EQ(text, print(page));
}

TEST(PageDeathTest, ARowWithTooFewCellsIsOurBug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT((void)table({{{"a"}, {"b"}}, {{"1"}}, {}}), testing::ExitedWithCode(70), "a cell per column");
}

}  // namespace
}  // namespace sluice::page
