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
// A message about one action must not come back with a reload.
const here = new URL(location.href);
if (here.searchParams.has("came")) {
  here.searchParams.delete("came");
  history.replaceState(null, "", here);
}
drawChart();
listenToKeys();
stayFresh();
