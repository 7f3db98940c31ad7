(() => {
  const root = document.currentScript.parentElement;
  const GAP = 6;

  labrun.ready(() => {
    const data = labrun.data(root);
    const classOf = labrun.numbers(data.class, Uint16Array);
    const probability = labrun.numbers(data.probability, Float64Array); // of the predicted class
    const probabilities = labrun.numbers(data.probabilities, Uint16Array);
    const novel = data.novel && labrun.numbers(data.novel, Uint8Array);
    const patternOfMember = new Map(data.members.map((member, i) => [member, i]));

    const scroll = root.querySelector(".montage-scroll");
    const space = root.querySelector(".montage-space");
    const canvas = scroll.querySelector("canvas");
    const inset = root.querySelector(".montage-place");
    const select = root.querySelector("select");
    const order = root.querySelector("[data-order]");
    const count = root.querySelector(".montage-count");
    const BAR = 3;
    const scale = 64 / Math.max(data.sprites.width, data.sprites.height);
    const [width, height] = [data.sprites.width * scale, data.sprites.height * scale];
    const [pitchX, pitchY] = [width + GAP, height + BAR + GAP];
    const HEAD = 24; // height of the name of a class
    let shown = []; // patterns in display order
    let lines = []; // rows of patterns: {start, end} in `shown`, `top` on the canvas, and the class that they begin, or null
    let columns = 1;
    let active = 0; // index in `shown` of the arrow keys
    let selected = -1; // the pattern in the panel of details
    let alone = null; // number of the only class shown, "novel" or null

    // -- filter and order -------------------------------------------------------------------------------

    const byClass = () => select.value === "class" && alone === null;
    const sign = () => (order.getAttribute("aria-pressed") === "true" ? 1 : -1);

    function values() {
      if (select.value === "class" || select.value === "probability") return probability;
      if (select.value === "novelty") return data.score;
      return data.parameters[data.sortable[Number(select.value)]];
    }

    function sorted(patterns) {
      const by = values();
      return patterns.sort((a, b) => sign() * (by[a] - by[b]) || a - b);
    }

    // At most `count` of some patterns, evenly spaced, with the first and the last.
    function some(patterns, count) {
      if (patterns.length <= count) return patterns;
      return Array.from({ length: count }, (_, i) => patterns[Math.round((i * (patterns.length - 1)) / Math.max(1, count - 1))]);
    }

    function arrange() {
      columns = Math.max(1, Math.floor((scroll.clientWidth - GAP) / pitchX));
      const all = data.members.map((_, i) => i);
      lines = [];
      let top = GAP;
      if (byClass()) {
        shown = [];
        data.classes.forEach((one, number) => {
          const few = some(sorted(all.filter((i) => classOf[i] === number)), columns);
          if (!few.length) return;
          lines.push({ start: shown.length, end: shown.length + few.length, top: top + HEAD, of: number });
          shown = shown.concat(few);
          top += HEAD + pitchY + GAP;
        });
      } else {
        shown = alone === null ? all : all.filter((i) => (alone === "novel" ? novel[i] : classOf[i] === alone));
        sorted(shown);
        for (let start = 0; start < shown.length; start += columns, top += pitchY) {
          lines.push({ start, end: Math.min(start + columns, shown.length), top, of: null });
        }
      }
      const every = data.members.length.toLocaleString("en");
      count.textContent = byClass() ? `${shown.length.toLocaleString("en")} of ${every} patterns` : `${shown.length.toLocaleString("en")} patterns`;
      space.style.height = `${top}px`;
      active = Math.max(0, shown.indexOf(selected));
      draw();
    }

    const lineOf = (at) => lines.findIndex((line) => at < line.end);

    // -- drawing the visible part --------------------------------------------------------------------------------

    function draw() {
      if (!scroll.clientWidth) return;
      const context = labrun.context(canvas, scroll.clientWidth, scroll.clientHeight);
      const accent = labrun.colour("accent");
      for (const line of lines) {
        const y = line.top - scroll.scrollTop;
        if (y + pitchY < 0 || y - HEAD > scroll.clientHeight) continue;
        if (line.of !== null) drawName(context, line, y);
        for (let at = line.start; at < line.end; at++) {
          const [i, x] = [shown[at], GAP + (at - line.start) * pitchX];
          sprites.draw(context, data.pictures[i], x, y, width, height);
          context.fillStyle = data.classes[classOf[i]].colour;
          context.fillRect(x, y + height, width, BAR);
          if (novel?.[i]) drawDot(context, x + width - 7, y + 7);
          if (i === selected) frame(context, x, y, accent, 3);
          else if (at === active && document.activeElement === scroll) frame(context, x, y, accent, 1.5);
        }
      }
    }

    function drawName(context, line, y) {
      const { name, count } = data.classes[line.of];
      context.font = "600 13px system-ui, sans-serif";
      context.textBaseline = "alphabetic";
      context.fillStyle = labrun.colour("ink");
      context.fillText(name, GAP, y - 8);
      const end = GAP + context.measureText(name).width + 8;
      context.font = "12px system-ui, sans-serif";
      context.fillStyle = labrun.colour("soft");
      context.fillText(count.toLocaleString("en"), end, y - 8);
    }

    function drawDot(context, x, y) {
      context.beginPath();
      context.arc(x, y, 3.5, 0, 2 * Math.PI);
      context.fillStyle = "#000";
      context.strokeStyle = "#fff";
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    }

    function frame(context, x, y, colour, thickness) {
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.strokeRect(x - 1, y - 1, width + 2, height + BAR + 2);
    }

    let waiting = false;
    function drawSoon() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    }

    // -- the small map ------------------------------------------------------------------------------------------------

    const points = data.axes && data.axes.map((name) => data.parameters[name]);
    const pointsCanvas = document.createElement("canvas");
    const side = { width: 200, height: 150 };

    function place(i) {
      return points.map((values, axis) => {
        const [low, high] = limits[axis];
        const share = high > low ? (values[i] - low) / (high - low) : 0.5;
        return axis ? side.height - 5 - share * (side.height - 10) : 5 + share * (side.width - 10);
      });
    }
    const limits = points && points.map((values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]));

    function drawPoints() {
      if (!points) return;
      inset.hidden = false;
      inset.setAttribute("aria-label", `All patterns over ${data.axes[0]} and ${data.axes[1]}, with this one marked`);
      const context = labrun.context(pointsCanvas, side.width, side.height);
      context.fillStyle = labrun.colour("page");
      context.fillRect(0, 0, side.width, side.height);
      const dot = Math.min(5, Math.max(1.7, 90 / Math.sqrt(data.members.length)));
      for (let i = 0; i < data.members.length; i++) {
        const [x, y] = place(i);
        context.fillStyle = data.classes[classOf[i]].colour;
        context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
      }
      drawPlace();
    }

    function drawPlace() {
      if (!points) return;
      const context = labrun.context(inset, side.width, side.height);
      context.drawImage(pointsCanvas, 0, 0, side.width, side.height);
      if (selected < 0) return;
      const [x, y] = place(selected);
      for (const [colour, width] of [["#fff", 5], ["#000", 2]]) {
        context.beginPath();
        context.arc(x, y, 6, 0, 2 * Math.PI);
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.stroke();
      }
    }

    // -- details of a pattern -----------------------------------------------------------------------------------------

    const panel = root.querySelector(".explorer-detail");
    const sprites = labrun.sprites(root, data.sprites, () => {
      drawSoon();
      detail.redraw();
    });
    const detail = labrun.detail(panel, data.classes, sprites);
    panel.append(inset);

    function showDetails(i) {
      selected = i;
      const many = data.classes.length;
      const parameters = Object.entries(data.parameters).map(([name, all]) => [name, all[i]]);
      parameters.push(["member", String(data.members[i])]);
      if (data.score) parameters.push(["novelty", Number(data.score[i].toPrecision(4))]);
      detail.show({
        title: `${data.classes[classOf[i]].name}, ${labrun.percent(probability[i])}${novel?.[i] ? ", novel" : ""}`,
        parameters,
        probabilities: Array.from(probabilities.subarray(i * many, (i + 1) * many), (p) => p / 65535),
        pictures: [data.pictures[i]],
      });
      drawPlace();
    }

    function bringIntoView(at) {
      const line = lines[lineOf(at)];
      if (!line) return;
      const top = line.top - (line.of === null ? GAP : HEAD);
      const bottom = line.top + pitchY;
      if (top < scroll.scrollTop) scroll.scrollTop = top;
      else if (bottom > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = bottom - scroll.clientHeight;
    }

    // -- the pointer and the keys -------------------------------------------------------------------------------------

    const choose = (i) => labrun.select(data.simulation, data.members[i]);

    // The place in `shown` that is `down` rows below another, in the same column if that row is long enough.
    function below(at, down) {
      const from = lineOf(at);
      const line = lines[Math.min(lines.length - 1, Math.max(0, from + down))];
      return line === lines[from] ? at : Math.min(line.end - 1, line.start + at - lines[from].start);
    }

    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top + scroll.scrollTop];
      const line = lines.find(({ top, of }) => y >= top - (of === null ? GAP / 2 : HEAD) && y < top + pitchY - GAP / 2);
      if (!line) return;
      if (y < line.top - GAP) return legend.press(line.of);
      const column = Math.floor((x - GAP / 2) / pitchX);
      const at = line.start + column;
      if (column >= 0 && at < line.end) choose(shown[at]);
    });
    scroll.addEventListener("scroll", drawSoon);
    scroll.addEventListener("focus", draw);
    scroll.addEventListener("blur", draw);
    scroll.addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.floor(scroll.clientHeight / pitchY));
      const [across, down] = [{ ArrowLeft: -1, ArrowRight: 1 }, { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }];
      if (event.key in across) active = Math.min(shown.length - 1, Math.max(0, active + across[event.key]));
      else if (event.key in down) active = below(active, down[event.key]);
      else if (event.key === "Home") active = 0;
      else if (event.key === "End") active = shown.length - 1;
      else if (event.key === "Enter" || event.key === " ") choose(shown[active]);
      else return;
      event.preventDefault();
      bringIntoView(active);
      draw();
    });
    labrun.onSelect(data.simulation, (member) => {
      const i = patternOfMember.get(member);
      if (i === undefined) return;
      if (!shown.includes(i)) legend.press(classOf[i]);
      showDetails(i);
      active = shown.indexOf(i);
      bringIntoView(active);
      draw();
    });

    // -- controls ------------------------------------------------------------------------------------------------

    const sorts = [["class", "class: a few of each"], ["probability", "probability"], ...data.sortable.map((name, i) => [String(i), name])];
    if (data.score) sorts.push(["novelty", "novelty"]);
    for (const [value, text] of sorts) labrun.element("option", select, "", text).value = value;
    function rearrange() {
      scroll.scrollTop = 0;
      arrange();
    }
    select.addEventListener("change", rearrange);
    order.addEventListener("click", () => {
      order.setAttribute("aria-pressed", String(order.getAttribute("aria-pressed") !== "true"));
      rearrange();
    });
    const entries = data.classes.map((one, i) => ({ label: one.name, colour: one.colour, count: one.count, value: i }));
    if (novel) entries.push({ label: "novel", count: novel.reduce((a, b) => a + b, 0), value: "novel" });
    const legend = labrun.legend(root.querySelector(".explorer-legend"), entries.filter((entry) => entry.count), (value) => {
      alone = value;
      rearrange();
    });
    scroll.setAttribute("aria-label", "Patterns. Arrow keys move from one to the next, Enter chooses one.");
    labrun.onTheme(() => {
      draw();
      drawPoints();
    });
    new ResizeObserver(() => scroll.clientWidth && arrange()).observe(scroll);
    drawPoints();
    arrange();
    if (shown.length) showDetails(shown[0]);
    draw();
  });
})();
