// Shows the values of a chart's marker by pointer, touch or keyboard. The tables hold all of them as well.
(() => {
  const tip = document.getElementById("tip");
  let active = null;
  const place = () => {
    if (!active) return;
    const box = active.getBoundingClientRect();
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    const room = document.documentElement.clientWidth - tip.offsetWidth - 4;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(4, Math.min(left, room))}px`;
    tip.style.top = `${above >= 4 ? above : box.bottom + 6}px`;
  };
  const show = (marker) => {
    active = marker;
    tip.hidden = !marker;
    if (marker) tip.textContent = marker.dataset.tip;
    place();
  };
  // The marker under the pointer comes first, then the focused one: it keeps its tip when the page scrolls below a
  // resting pointer.
  const markerOf = (element) => element?.closest?.("[data-tip]") ?? null;
  for (const name of ["pointerover", "click", "focusin"]) {
    document.addEventListener(name, (event) => show(markerOf(event.target) ?? markerOf(document.activeElement)));
  }
  document.addEventListener("focusout", () => show(null));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") show(null); });
  for (const name of ["scroll", "resize"]) addEventListener(name, place, { passive: true });
})();
