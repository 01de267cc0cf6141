// While somebody types in a cell of the panel's own notebook: the cell's source, at most every 60 ms. CodeMirror hangs its view on its DOM.
const source = (content) => {
  const view = content.cmTile?.root?.view ?? content.cmView?.rootView?.view;
  return view ? view.state.doc.toString() : [...content.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n");
};

export default () => {
  const views = new Set();
  return {
    initialize({ model }) {
      let waiting = 0;
      const heard = (event) => {
        const content = event.target.closest?.(".jp-CodeCell .cm-content");
        const home = [...views].map((el) => el.closest(".jp-NotebookPanel")).find(Boolean);
        if (!content || (home && !home.contains(content))) return;
        waiting ||= setTimeout(() => {
          waiting = 0;
          model.set("source", source(content));
          model.save_changes();
        }, 60);
      };
      const kinds = ["keyup", "input", "paste", "cut", "drop"];
      kinds.forEach((kind) => document.addEventListener(kind, heard, true));
      return () => kinds.forEach((kind) => document.removeEventListener(kind, heard, true));
    },
    render({ el }) {
      views.add(el);
      return () => views.delete(el);
    },
  };
};
