// One sheet for all pages. Colours are variables with a value per scheme; every tone has a strong form (text,
// strokes, bars) with a contrast of at least 4.5 : 1 on the page's ground, and a soft one (grounds of badges
// and boxes).

#include "page/style.h"

namespace sluice::page {

const char* const styleSheet = R"css(
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f7f9; --line: #e1e5ea; --text: #1a1f26; --muted: #5b6672;
  --blue: #2c59cf; --teal: #0c7480; --amber: #995600; --violet: #6a48bd; --green: #1c7648; --red: #b3261e;
  --neutral: #6a7480;
  --blue-soft: #e9effc; --teal-soft: #e0f3f4; --amber-soft: #fbf0dd; --violet-soft: #f0ebfb; --green-soft: #e3f4ea;
  --red-soft: #fce9e7; --neutral-soft: #eef0f3;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161b; --raised: #191f26; --line: #2c343d; --text: #e4e8ec; --muted: #9aa5b1;
    --blue: #82a6ff; --teal: #55bcc8; --amber: #e0a24a; --violet: #b49ff2; --green: #62c092; --red: #f28b82;
    --neutral: #97a1ac;
    --blue-soft: #1c2740; --teal-soft: #142d31; --amber-soft: #33270f; --violet-soft: #272139; --green-soft: #162c21;
    --red-soft: #381d1b; --neutral-soft: #222931;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 3.5rem; }
body { margin: 0 auto; max-width: 72rem; padding: 0 1.5rem 4rem; background: var(--ground); color: var(--text);
  font: 16px/1.55 var(--sans); font-variant-numeric: tabular-nums; }
header { padding: 2.75rem 0 1rem; }
h1 { margin: 0; font-size: 2rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
.subtitle { margin: .4rem 0 0; color: var(--muted); }
h2 { margin: 0 0 .9rem; font-size: 1.3rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; }
h3 { margin: 1.8rem 0 .6rem; font-size: 1rem; font-weight: 650; }
p { margin: 0 0 .9rem; max-width: 46rem; }
section { margin-top: 3rem; }
a { color: var(--blue); text-decoration-thickness: 1px; text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; border-radius: 4px; }
nav { position: sticky; top: 0; z-index: 2; display: flex; gap: 1.25rem; overflow-x: auto; padding: .7rem 0;
  background: var(--ground); border-bottom: 1px solid var(--line); font-size: .9rem; scrollbar-width: none; }
nav a { color: var(--muted); text-decoration: none; white-space: nowrap; }
nav a:hover { color: var(--text); }
.lead { margin-top: 1.75rem; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .875rem; }
.muted { color: var(--muted); }
code { font: .875em var(--mono); overflow-wrap: anywhere; }
pre.command { margin: .5rem 0 1rem; padding: .7rem .9rem; overflow-x: auto; background: var(--raised);
  border: 1px solid var(--line); border-radius: 8px; user-select: all; }
pre.command code { overflow-wrap: normal; }
.badge { display: inline-block; padding: .1em .6em; border-radius: 1em; font-size: .75rem; line-height: 1.5;
  font-weight: 550; white-space: nowrap; vertical-align: .08em; }
.badge.blue { color: var(--blue); background: var(--blue-soft); }
.badge.teal { color: var(--teal); background: var(--teal-soft); }
.badge.amber { color: var(--amber); background: var(--amber-soft); }
.badge.violet { color: var(--violet); background: var(--violet-soft); }
.badge.green { color: var(--green); background: var(--green-soft); }
.badge.red { color: var(--red); background: var(--red-soft); }
.badge.neutral { color: var(--neutral); background: var(--neutral-soft); }
.callout { margin: 1rem 0; padding: .8rem 1rem; border-radius: 8px; border-left: 3px solid; }
.callout > :last-child { margin-bottom: 0; }
.callout.blue { border-color: var(--blue); background: var(--blue-soft); }
.callout.teal { border-color: var(--teal); background: var(--teal-soft); }
.callout.amber { border-color: var(--amber); background: var(--amber-soft); }
.callout.violet { border-color: var(--violet); background: var(--violet-soft); }
.callout.green { border-color: var(--green); background: var(--green-soft); }
.callout.red { border-color: var(--red); background: var(--red-soft); }
.callout.neutral { border-color: var(--neutral); background: var(--neutral-soft); }
details { margin: .9rem 0; }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; }
details[open] > summary { margin-bottom: .6rem; }
figure { margin: 1.25rem 0 1.75rem; }
figcaption { margin-top: .6rem; color: var(--muted); font-size: .875rem; max-width: 46rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem 2.5rem; }
.columns > div { min-width: 0; }
.columns h3 { margin-top: .5rem; }
.statistics { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9.5rem, 46%), 1fr)); gap: 1px; margin: 1.25rem 0;
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.statistics > div { background: var(--ground); padding: .85rem 1rem .8rem; box-shadow: 0 0 0 1px var(--line); }
.statistics dt { color: var(--muted); font-size: .8125rem; }
.statistics dd { margin: 0; }
.statistics .figure { font-size: 1.5rem; line-height: 1.35; font-weight: 600; letter-spacing: -0.01em; }
.statistics .unit { white-space: nowrap; color: var(--muted); font-size: .875rem; }
.statistics .note { margin-top: .2rem; font-size: .8125rem; color: var(--muted); }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { border-collapse: collapse; min-width: 100%; font-size: .875rem; line-height: 1.4; }
th, td { padding: .42rem .9rem .42rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: .1rem; }
thead th { color: var(--muted); font-weight: 500; font-size: .8125rem; vertical-align: bottom; border-bottom-color: var(--muted); }
th[scope=row] { font-weight: 500; position: sticky; left: 0; background: var(--ground); max-width: 16rem; overflow-wrap: anywhere; }
td { white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody tr:hover > * { background: var(--raised); }
tfoot th[scope=row], tfoot td { font-weight: 600; border-bottom: 0; }
tfoot tr:first-child > * { border-top: 1px solid var(--muted); }

/* Charts. Boxes and percentages where that does; drawings that stretch, with labels that do not. */
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 0 0 .7rem; font-size: .8125rem; color: var(--muted); }
.key::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .45em; border-radius: 2px;
  background: var(--tone); }
.t-blue { --tone: var(--blue); --soft: var(--blue-soft); } .t-teal { --tone: var(--teal); --soft: var(--teal-soft); }
.t-amber { --tone: var(--amber); --soft: var(--amber-soft); } .t-violet { --tone: var(--violet); --soft: var(--violet-soft); }
.t-green { --tone: var(--green); --soft: var(--green-soft); } .t-red { --tone: var(--red); --soft: var(--red-soft); }
.t-neutral { --tone: var(--neutral); --soft: var(--neutral-soft); }
.bars, .spans { display: grid; grid-template-columns: fit-content(32%) 1fr; gap: .55rem .9rem; align-items: center;
  font-size: .875rem; }
.bars { grid-template-columns: fit-content(32%) 1fr max-content; }
.bar { display: contents; }
.bars .name, .spans .name { overflow-wrap: anywhere; line-height: 1.25; }
.bars .value { text-align: right; color: var(--muted); white-space: nowrap; }
.bars .value b { color: var(--text); font-weight: 600; }
.track { position: relative; display: flex; height: .8rem; background: var(--raised); border-radius: 3px; }
.track + .track { margin-top: 3px; }
.track.thin { height: .55rem; }
.track i { display: block; height: 100%; background: var(--tone); }
.track i:first-child { border-radius: 3px 0 0 3px; } .track i:last-of-type { border-radius: 0 3px 3px 0; }
.track i:only-of-type { border-radius: 3px; }
.track i + i { border-left: 1px solid var(--ground); }
.track u { position: absolute; top: -3px; bottom: -3px; width: 2px; margin-left: -1px; background: var(--text); border-radius: 1px; }
.spans .lane { position: relative; height: 1.15rem; background: var(--raised); border-radius: 3px; overflow: hidden; }
.spans .lane i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--tone); border-radius: 2px; }
.spans .axis { position: relative; height: 1.3rem; font-size: .75rem; color: var(--muted); border-top: 1px solid var(--line); }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; padding-top: .15rem; }
.axis span.first { transform: none; } .axis span.last { transform: translateX(-100%); }
.plot { display: grid; grid-template-columns: max-content 1fr; gap: 0 .6rem; font-size: .75rem; color: var(--muted); }
.plot .y { position: relative; min-width: 1.5rem; text-align: right; }
.plot .y span { position: absolute; right: 0; transform: translateY(-50%); white-space: nowrap; }
.plot .y b { visibility: hidden; font-weight: 400; display: block; height: 0; overflow: hidden; }
.plot svg { display: block; width: 100%; height: 15rem; overflow: visible; }
.plot .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }
.plot .curve { stroke: var(--tone); stroke-width: 2; vector-effect: non-scaling-stroke; fill: none; stroke-linejoin: round; }
.plot .area { fill: var(--tone); opacity: .12; }
.plot .mark { stroke: var(--text); stroke-width: 1; stroke-dasharray: 4 4; vector-effect: non-scaling-stroke; fill: none; }
.plot .axis { grid-column: 2; position: relative; height: 1.4rem; }
.plot .title { grid-column: 2; text-align: center; }
.plot .over { grid-column: 1 / 3; padding-bottom: .55rem; }
.dag svg { display: block; margin: 0 auto; }
.dag .narrow { display: none; }
.dag text { font: 500 13px var(--sans); fill: var(--text); }
.dag text.sub { font: 12px var(--sans); fill: var(--muted); }
.dag text.edge { font: 11px var(--sans); fill: var(--muted); paint-order: stroke; stroke: var(--ground); stroke-width: 4px;
  stroke-linejoin: round; }
.dag rect { fill: var(--soft); stroke: var(--tone); stroke-width: 1.2; }
.dag path { fill: none; stroke: var(--muted); stroke-width: 1.4; }
.dag path.strong { stroke: var(--red); stroke-width: 1.8; stroke-dasharray: 6 4; }
.dag path.head { fill: var(--muted); stroke: none; } .dag path.head.strong { fill: var(--red); }
@media (max-width: 40rem) {
  body { padding: 0 1rem 3rem; font-size: 15.5px; }
  header { padding: 1.75rem 0 .75rem; } h1 { font-size: 1.6rem; }
  section { margin-top: 2.25rem; }
  .statistics .figure { font-size: 1.3rem; }
  .statistics > div { padding: .7rem .8rem; }
  .bars { grid-template-columns: 1fr; gap: .8rem; }
  .bar { display: grid; grid-template-columns: 1fr max-content; gap: .3rem .8rem; }
  .bar .tracks { grid-column: 1 / 3; grid-row: 2; }
  .plot svg { height: 12rem; }
  .dag .wide { display: none; } .dag .narrow { display: block; }
  th[scope=row] { min-width: 8rem; max-width: 9.5rem; }
}
@media print {
  nav { display: none; } body { max-width: none; font-size: 11pt; } section { break-inside: avoid-page; }
  .scroll { overflow: visible; }
}
)css";

}  // namespace sluice::page
