// The list of contents: a search over stages, figures and tables, and the stage in view.
labrun.ready(() => {
  const nav = document.querySelector(".contents");
  const list = document.getElementById("contents");
  const search = nav.querySelector("input");
  const nothing = nav.querySelector(".nothing");
  const links = [...nav.querySelectorAll("a")];
  const narrow = matchMedia("(max-width: 68rem)");

  const fold = () => {
    if (!matchMedia("print").matches) list.open = !narrow.matches;
  };
  narrow.addEventListener("change", fold);
  fold();

  const matches = (link) => search.value.toLowerCase().split(/\s+/).every((word) => link.textContent.toLowerCase().includes(word));
  search.hidden = false;
  search.addEventListener("input", () => {
    nav.classList.toggle("searching", search.value.trim() !== "");
    for (const link of links) link.parentElement.hidden = true;
    const found = links.filter(matches);
    for (const link of found) {
      for (let item = link.parentElement; item && item !== nav; item = item.parentElement) if (item.tagName === "LI") item.hidden = false;
    }
    nothing.hidden = found.length > 0;
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") links.find((link) => !link.parentElement.hidden && matches(link))?.click();
    if (event.key === "Escape") {
      search.value = "";
      search.dispatchEvent(new Event("input"));
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
    event.preventDefault();
    list.open = true;
    search.focus();
  });

  // A link into something folded unfolds it.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    target.scrollIntoView();
    if (narrow.matches) list.open = false;
  }
  addEventListener("hashchange", unfold);
  nav.addEventListener("click", (event) => {
    if (event.target.closest("a")?.hash === location.hash) unfold(); // the same link again
  });
  if (location.hash) unfold();

  // Mark the stage at the top of the window.
  const targets = new Map(links.map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link]));
  const stages = [...targets.keys()].filter((one) => one?.matches(".stage, section, header, article"));
  const inView = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target);
    const current = stages.find((one) => inView.has(one) && (!one.matches("section") || ["provenance", "stages"].includes(one.id)));
    for (const [target, link] of targets) {
      link.toggleAttribute("aria-current", target === current);
      link.parentElement.classList.toggle("current", target === current);
    }
  }, { rootMargin: "-24px 0px -70% 0px" }); // without the end of the stage before, which a link leaves in view
  stages.forEach((one) => observer.observe(one));
});
