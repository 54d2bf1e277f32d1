// Draws the specification the server made. Vega's expressions are interpreted (`ast`), never compiled: the page's
// policy allows no code made from text. Tooltip and colours are our own style sheet's.

let library;

function loadLibrary(address) {
  library ??= import(address).then(() => window.vegaEmbed);
  return library;
}

function ownTooltip() {
  const box = document.createElement("div");
  box.className = "tip";
  box.hidden = true;
  document.body.append(box);
  return (_handler, event, item) => {
    const tip = item?.datum?.tip;
    box.hidden = !tip;
    if (!tip) return;
    const [when, name, number] = tip;
    const count = document.createElement("strong");
    count.textContent = number;
    box.replaceChildren(count, ` ${name}`, document.createElement("br"), when);
    const room = document.documentElement.clientWidth - box.offsetWidth - 8;
    box.style.left = `${Math.max(8, Math.min(event.clientX + 14, room))}px`;
    box.style.top = `${event.clientY + 18}px`;
  };
}

let tooltip;

/** Draw, or draw again after the numbers changed. Without the library the table below stays. */
export async function drawChart() {
  const place = document.getElementById("chart");
  if (!place) return;
  try {
    const [embed, answer] = await Promise.all([
      loadLibrary(place.dataset.bundle),
      fetch(place.dataset.specification, { headers: { Accept: "application/json" } }),
    ]);
    if (!answer.ok) return;
    const { specification } = await answer.json();
    const font = getComputedStyle(document.body).fontFamily;
    tooltip ??= ownTooltip();
    // Drawn aside and then put in place, so that nothing flickers or jumps.
    const canvas = document.createElement("div");
    canvas.className = "canvas next";
    canvas.setAttribute("aria-hidden", "true"); // the place itself is the picture, and says so
    place.append(canvas);
    const { view } = await embed(canvas, specification, {
      actions: false,
      ast: true,
      config: { font, text: { font }, axis: { labelFont: font } },
      defaultStyle: false,
      mode: "vega-lite",
      renderer: "svg",
      tooltip,
    });
    view.addEventListener("click", (_event, item) => {
      if (item?.datum?.link) location.assign(item.datum.link);
    });
    for (const old of place.querySelectorAll(".canvas:not(.next)")) old.remove();
    canvas.classList.remove("next");
    place.classList.add("drawn");
  } catch (error) {
    place.classList.add("failed");
    document.getElementById("steps-table")?.setAttribute("open", "");
    console.warn("chart not drawn", error);
  }
}
