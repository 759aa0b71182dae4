// What a point of a chart tells: by pointer, touch or keyboard. Everything is in the tables too.
(() => {
  const tip = document.getElementById("tip");
  let told = null;
  const place = () => {
    if (!told) return;
    const box = told.getBoundingClientRect();
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    const room = document.documentElement.clientWidth - tip.offsetWidth - 4;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(4, Math.min(left, room))}px`;
    tip.style.top = `${above >= 4 ? above : box.bottom + 6}px`;
  };
  const tell = (mark) => {
    told = mark;
    tip.hidden = !mark;
    if (mark) tip.textContent = mark.dataset.tip;
    place();
  };
  // What is pointed at comes first; else what has the focus, which a page that moves under a resting pointer keeps.
  const marked = (element) => element?.closest?.("[data-tip]") ?? null;
  for (const name of ["pointerover", "click", "focusin"]) {
    document.addEventListener(name, (event) => tell(marked(event.target) ?? marked(document.activeElement)));
  }
  document.addEventListener("focusout", () => tell(null));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tell(null); });
  for (const name of ["scroll", "resize"]) addEventListener(name, place, { passive: true });
})();
