// What a point of a chart tells: by pointer, touch or keyboard. Everything is in the tables too.
(() => {
  const tip = document.getElementById("tip");
  const show = (mark) => {
    const box = mark.getBoundingClientRect();
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(4, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${box.top > tip.offsetHeight + 10 ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
  };
  const hide = () => { tip.hidden = true; };
  const marked = (event) => event.target.closest?.("[data-tip]");
  for (const [name, act] of [["pointerover", show], ["focusin", show], ["click", show]]) {
    document.addEventListener(name, (event) => { const mark = marked(event); if (mark) act(mark); else if (name !== "focusin") hide(); });
  }
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { passive: true });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
})();
