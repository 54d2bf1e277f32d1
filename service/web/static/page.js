// What every page does: send pickers when they change, draw the chart, keep the page fresh.
import { drawChart } from "./chart.js";
import { listenToKeys } from "./keys.js";
import { stayFresh } from "./live.js";

for (const field of document.querySelectorAll("[data-submit]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
// On a small screen the list comes first.
for (const more of document.querySelectorAll(".filters .more")) {
  const used = [...more.querySelectorAll("select, input")].some((field) => field.value);
  more.open = used || !matchMedia("(max-width: 60rem)").matches;
}
// On a small screen the tabs are wider than it: the one we are on is brought into view.
for (const tab of document.querySelectorAll(".tabs [aria-current], .within [aria-current]")) {
  const bar = tab.parentElement;
  bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.clientWidth) / 2;
}
// A message about one action must not come back with a reload.
const here = new URL(location.href);
if (here.searchParams.has("came")) {
  here.searchParams.delete("came");
  history.replaceState(null, "", here);
}
drawChart();
listenToKeys();
stayFresh();
