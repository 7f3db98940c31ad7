// What fragments of the page share. A fragment runs its script by labrun.ready(…), when the whole page is there.
const labrun = (() => {
  const urls = new Map();
  return {
    ready(run) {
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
      else run();
    },
    // The address of an attached file, by its id (see labrun.report.attachments).
    url(id) {
      if (!urls.has(id)) {
        const element = document.getElementById(id);
        const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
        urls.set(id, URL.createObjectURL(new Blob([bytes], { type: element.dataset.type })));
      }
      return urls.get(id);
    },
    // A person has pointed at a member of a simulation: all fragments that show it may show where it is.
    select(simulation, member) {
      document.dispatchEvent(new CustomEvent("labrun:select", { detail: { simulation, member } }));
    },
    onSelect(simulation, run) {
      document.addEventListener("labrun:select", (event) => {
        if (event.detail.simulation === simulation) run(event.detail.member);
      });
    },
  };
})();
