// What a card asks of its place on the page: names for its controls, and whether it stands on a slide.
// ipywidgets gives a slider's handle, a number box, a menu and a play button no accessible name: each takes that of the label beside it.
export default {
  render({ model, el }) {
    const name = () => el.closest(".course-card")?.querySelectorAll(".course-row").forEach((row) => {
      const label = row.querySelector(".widget-label")?.textContent;
      row.querySelectorAll(".noUi-handle, input, select").forEach((e) => e.setAttribute("aria-label", label));
      row.querySelectorAll("button").forEach((e) => e.setAttribute("aria-label", `${label} ${e.querySelector(".fa-stop") ? "■" : "▶"}`));
    });
    const place = () => {
      const slide = Boolean(el.closest(".jp-Deck"));
      if (slide === model.get("on_slide")) return;
      model.set("on_slide", slide);
      model.save_changes();
    };
    const moved = new ResizeObserver(place);
    const watch = new MutationObserver(name); // the rows come after this view, and again when a card is shown twice
    requestAnimationFrame(() => {
      name();
      const controls = el.closest(".course-card")?.querySelector(".course-controls");
      if (controls) watch.observe(controls, { childList: true, subtree: true });
      if (controls) moved.observe(controls); // its width changes when a lecture begins or ends
    });
    return () => (watch.disconnect(), moved.disconnect());
  },
};
