// Tables of findings: sort by a column, filter, turn pages, copy, save as CSV.
labrun.ready(() => {
  // A cell as labrun.report.tables writes it.
  function shown(column, row) {
    const value = row[column.at];
    if (typeof value !== "number") return value ?? "";
    const [low, high] = [row[column.low], row[column.high]];
    if (column.low !== null && typeof low === "number" && typeof high === "number") {
      const width = high - low;
      const decimals = Math.max(0, 1 - Math.floor(Math.log10(width)));
      const text = width > 0 ? (one) => one.toFixed(decimals) : (one) => String(Number(one.toPrecision(4)));
      return `${text(value)} [${text(low)}, ${text(high)}]`;
    }
    if (column.kind === "whole") return Math.abs(value) >= 10_000 ? value.toLocaleString("en") : String(value);
    return column.kind === "fixed" ? value.toFixed(column.decimals) : String(Number(value.toPrecision(4)));
  }

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  }

  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const csv = ({ header, rows }) => [header, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";

  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function button(parent, text, run) {
    const made = labrun.element("button", parent, "", text);
    made.type = "button";
    made.addEventListener("click", run);
    return made;
  }

  // Set up a table when it is first unfolded; long ones cost nothing before.
  function equip(root) {
    const data = labrun.data(root);
    const { columns, page } = data;
    const body = root.querySelector("tbody");
    const tools = document.createElement("div");
    tools.className = "tools";
    root.querySelector(".scroll").before(tools);
    let [rows, start, sorted, ascending] = [data.rows, 0, null, true];

    function draw() {
      const lines = rows.slice(start, start + page).map((row) => {
        const line = document.createElement("tr");
        for (const column of columns) labrun.element("td", line, column.kind === "text" ? "" : "number", shown(column, row));
        return line;
      });
      body.replaceChildren(...lines);
      if (!place) return;
      place.textContent = rows.length ? `${start + 1} to ${Math.min(start + page, rows.length)} of ${rows.length.toLocaleString("en")}` : "no rows";
      [back.disabled, forth.disabled] = [start === 0, start + page >= rows.length];
    }

    function arrange() {
      const words = (filter?.value ?? "").toLowerCase();
      rows = words ? data.rows.filter((row) => row.some((cell) => String(cell ?? "").toLowerCase().includes(words))) : [...data.rows];
      if (sorted !== null) rows.sort((a, b) => (ascending ? 1 : -1) * compare(a[sorted], b[sorted]));
      start = 0;
      draw();
    }

    const isLong = data.rows.length > page;
    const filter = isLong ? labrun.element("input", tools) : null;
    if (filter) {
      filter.type = "search";
      filter.placeholder = "Filter rows";
      filter.setAttribute("aria-label", `Filter the rows of ${data.name}`);
      filter.addEventListener("input", arrange);
    }
    const turn = (by) => { start = Math.min(Math.max(0, start + by), Math.max(0, rows.length - 1)); draw(); };
    const back = isLong ? button(tools, "←", () => turn(-page)) : null;
    const place = isLong ? labrun.element("span", tools) : null;
    const forth = isLong ? button(tools, "→", () => turn(page)) : null;
    back?.setAttribute("aria-label", "Rows before");
    forth?.setAttribute("aria-label", "Further rows");
    place?.setAttribute("role", "status");
    const copy = button(tools, "Copy", async () => {
      const text = [data.header, ...rows].map((row) => row.map((cell) => String(cell ?? "")).join("\t")).join("\n");
      await navigator.clipboard.writeText(text).then(() => (copy.textContent = "Copied"), () => (copy.textContent = "Not allowed here"));
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    button(tools, "Save CSV", () => save(data.name, csv({ header: data.header, rows })));

    root.querySelectorAll("thead th").forEach((head, i) => {
      const name = head.textContent;
      head.textContent = "";
      button(head, name, () => {
        [ascending, sorted] = [sorted === columns[i].at ? !ascending : true, columns[i].at];
        root.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        arrange();
      });
    });
    draw();
  }

  for (const root of document.querySelectorAll("details.table")) {
    if (root.open) equip(root);
    else root.addEventListener("toggle", () => equip(root), { once: true });
  }
});
