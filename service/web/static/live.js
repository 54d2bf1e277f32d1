// Keeps a page fresh: hears what changed, fetches the same page, and puts its new parts in place.
// Regions marked `data-fresh` are replaced at once; `data-offer` lists wait for a click, so that nothing moves under
// the reader's eyes. What is being typed or opened stays.
import { drawChart } from "./chart.js";

const KINDS = ["mention", "incident", "source", "notification", "resync"];
const SHORTEST_PAUSE = 1000;
const CHART_PAUSE = 5000;
const LONGEST_WAIT = 30000;

let source = null;
let wait = 1000;
let lastFetch = 0;
let lastChart = 0;
let planned = 0;
let offered = null;

function show(connected) {
  const light = document.getElementById("live");
  if (!light) return;
  light.hidden = false;
  light.textContent = connected ? light.dataset.on : light.dataset.off;
  light.classList.toggle("off", !connected);
}

function isBusy(region) {
  const active = document.activeElement;
  return region.contains(active) && active.matches("input, select, textarea");
}

function openDetails(region) {
  return new Set([...region.querySelectorAll("details[open][id]")].map((one) => one.id));
}

function replace(region, fresh) {
  if (isBusy(region) || region.innerHTML === fresh.innerHTML) return false;
  const open = openDetails(region);
  const focused = region.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  region.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) region.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  return true;
}

function ids(list) {
  return [...list.querySelectorAll("[data-id]")].map((one) => one.dataset.id);
}

function offer(list, fresh) {
  const pill = document.getElementById("pill");
  const known = new Set(ids(list));
  const count = ids(fresh).filter((id) => !known.has(id)).length;
  if (!pill || count === 0) return;
  offered = { list, fresh };
  const plural = new Intl.PluralRules(document.documentElement.lang).select(count);
  const pattern = plural === "one" ? document.body.dataset.newOne : document.body.dataset.newOther;
  pill.textContent = pattern.replace("{n}", count.toLocaleString(document.documentElement.lang));
  pill.hidden = false;
}

function takeOffer() {
  if (!offered) return;
  const known = new Set(ids(offered.list));
  offered.list.replaceChildren(...offered.fresh.childNodes);
  for (const one of offered.list.querySelectorAll("[data-id]")) {
    if (!known.has(one.dataset.id)) one.classList.add("arrived");
  }
  offered = null;
  document.getElementById("pill").hidden = true;
}

async function refresh() {
  planned = 0;
  lastFetch = Date.now();
  let answer;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  } catch {
    return; // the event stream notices too and comes back
  }
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
    location.reload();
    return;
  }
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  let changed = false;
  for (const region of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.getElementById(region.id);
    if (fresh) changed = replace(region, fresh) || changed;
    else if (!isBusy(document.body)) return location.reload(); // what was left to do is done: the page is another one
  }
  for (const list of document.querySelectorAll("[data-offer]")) {
    const fresh = page.getElementById(list.id);
    if (fresh) offer(list, fresh);
  }
  if (changed && document.getElementById("chart") && Date.now() - lastChart > CHART_PAUSE) {
    lastChart = Date.now();
    drawChart();
  }
}

function plan() {
  if (planned || document.hidden) return;
  const since = Date.now() - lastFetch;
  planned = setTimeout(refresh, since > SHORTEST_PAUSE ? 100 : SHORTEST_PAUSE - since);
}

function connect() {
  if (source || document.hidden) return;
  source = new EventSource(document.body.dataset.live);
  source.onopen = () => {
    show(true);
    if (wait > 1000) plan(); // something may have happened meanwhile
    wait = 1000;
  };
  source.onerror = () => {
    show(false);
    wait = Math.min(Math.max(wait, 1000) * 2, LONGEST_WAIT);
    // A browser comes back by itself after a lost connection, never after a refusal.
    if (source.readyState === EventSource.CLOSED) {
      disconnect();
      setTimeout(connect, wait * (0.5 + Math.random() / 2));
    }
  };
  source.onmessage = plan;
  for (const kind of KINDS) source.addEventListener(kind, plan);
}

function disconnect() {
  source?.close();
  source = null;
}

/** Begin to listen, except while nobody looks. */
export function stayFresh() {
  if (!document.body.dataset.live) return;
  document.getElementById("pill")?.addEventListener("click", takeOffer);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      disconnect();
    } else {
      connect();
      plan();
    }
  });
  // A page that is left keeps no connection: a browser has six to a site.
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  connect();
}
