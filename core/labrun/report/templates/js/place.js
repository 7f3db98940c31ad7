// A reload keeps the place of the reader: what stands at the top of the window, and which details are open.
const labrunPlace = (() => {
  const name = `labrun ${location.pathname}`;

  // What is kept in this tab; a browser may forbid it for local files.
  function read() {
    try { return JSON.parse(sessionStorage.getItem(name)) ?? {}; } catch { return {}; }
  }
  function write(kept) {
    try { sessionStorage.setItem(name, JSON.stringify({ ...read(), ...kept })); } catch { /* the place is lost */ }
  }

  // Each <details> by the nearest element with an id, and its number in there.
  function folded() {
    const numbers = new Map();
    return [...document.querySelectorAll("details")].map((one) => {
      const id = one.parentElement.closest("[id]")?.id ?? "";
      numbers.set(id, (numbers.get(id) ?? 0) + 1);
      return [`${id} ${numbers.get(id)}`, one];
    });
  }

  function keep() {
    const seen = [...document.querySelectorAll("main [id]")].find((one) => one.getBoundingClientRect().bottom > 0);
    const top = window.scrollY > 0 && seen ? { id: seen.id, offset: seen.getBoundingClientRect().top } : null;
    write({ top, open: folded().map(([key, one]) => [key, one.open]) });
  }

  function goBack() {
    const { top, open } = read();
    const wanted = new Map(open);
    for (const [key, one] of folded()) if (wanted.has(key)) one.open = wanted.get(key);
    const seen = top && document.getElementById(top.id);
    if (seen) window.scrollBy({ top: seen.getBoundingClientRect().top - top.offset, behavior: "instant" });
  }

  if (performance.getEntriesByType("navigation")[0]?.type === "reload") {
    history.scrollRestoration = "manual";
    labrun.ready(goBack);
  }
  addEventListener("pagehide", keep);
  return { read, write };
})();
