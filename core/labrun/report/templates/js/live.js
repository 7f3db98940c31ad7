// The page of a run that goes on loads itself again every few seconds, unless the reader is busy with it.
labrun.ready(() => {
  const live = document.getElementById("live");
  const written = Number(live.dataset.written) * 1000;
  const between = Number(live.dataset.between) * 1000;
  const now = Date.now();
  const before = labrunPlace.read().live;
  const seen = before?.written === written ? before.seen : now;
  // The clock of the machine that runs it may be wrong: a page that has changed lately is alive.
  const changed = before && (before.written !== written ? now : before.changed);
  labrunPlace.write({ live: { written, seen, changed } });

  const patience = Math.max(60_000, 10 * between);
  const isStale = changed ? now - changed > patience : now - written > patience;
  for (const one of live.querySelectorAll(".live-fresh, .live-stale")) one.hidden = one.matches(".live-stale") !== isStale;
  for (const time of live.querySelectorAll("time")) {
    time.dateTime = new Date(written).toISOString();
    time.textContent = new Date(written).toLocaleString();
  }

  const pause = live.querySelector("button");
  const isPaused = () => labrunPlace.read().paused === true;
  const showPause = () => {
    pause.textContent = isPaused() ? "Refresh again" : "Pause";
    pause.setAttribute("aria-pressed", String(isPaused()));
  };
  pause.addEventListener("click", () => {
    labrunPlace.write({ paused: !isPaused() });
    showPause();
  });
  showPause();

  const isBusy = () =>
    document.querySelector("dialog[open]") || document.activeElement?.matches("input, select, textarea") ||
    getSelection().type === "Range";
  setInterval(() => {
    if (!isPaused() && !isBusy() && !document.hidden) location.reload();
  }, isStale ? 10 * between : between + 500);
});
