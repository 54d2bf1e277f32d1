// Moves through mentions with single keys, unless the reader turned them off or is writing.

const KEPT = "earshot-keys-off";
const BUSY = "input, select, textarea, button, summary, [contenteditable]";

function cards() {
  return [...document.querySelectorAll("article[data-id]")];
}

function step(by) {
  const all = cards();
  if (all.length === 0) return;
  const at = all.findIndex((card) => card.contains(document.activeElement));
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
  next.setAttribute("tabindex", "-1");
  next.focus();
}

function open() {
  const card = cards().find((one) => one.contains(document.activeElement));
  card?.querySelector("a.when")?.click();
}

/** Begin to listen to the keys, and give the reader the help that turns them off. */
export function listenToKeys() {
  const help = document.getElementById("keys");
  if (!help) return;
  const button = document.getElementById("keys-open");
  const on = document.getElementById("keys-on");
  button.hidden = false;
  on.checked = localStorage.getItem(KEPT) === null;
  on.addEventListener("change", () => {
    if (on.checked) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, "1");
  });
  button.addEventListener("click", () => help.showModal());
  const search = () => document.querySelector("input[type=search]")?.focus();
  const does = { j: () => step(1), k: () => step(-1), o: open, "/": search, "?": () => help.showModal() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!on.checked || help.open || event.target.matches(BUSY) || !does[event.key]) return;
    event.preventDefault();
    does[event.key]();
  });
}
