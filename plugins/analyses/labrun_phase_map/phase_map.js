(() => {
  const root = document.currentScript.parentElement;
  const MARGIN = { left: 58, right: 12, top: 10, bottom: 42 };
  const DASHES = [[], [7, 4], [8, 3, 2, 3], [2, 3]];

  labrun.ready(() => {
    const data = labrun.data(root);
    const cells = {
      ...data.cells,
      class: labrun.numbers(data.cells.class, Uint16Array),
      probabilities: labrun.numbers(data.cells.probabilities, Uint16Array),
      novel: data.cells.novel && labrun.numbers(data.cells.novel, Uint8Array),
      end: labrun.numbers(data.cells.end, Uint32Array),
    };
    const { x: xEdges, y: yEdges } = data.raster;
    const raster = labrun.numbers(data.raster.cell, Int32Array);
    const [columns, rows] = [xEdges.length - 1, yEdges.length - 1];
    const probability = (cell) => cells.probabilities[cell * data.classes.length + cells.class[cell]] / 65535;
    const cellOfMember = new Map();
    for (let cell = 0, i = 0; cell < cells.x.length; cell++) {
      for (; i < cells.end[cell]; i++) cellOfMember.set(data.members[i], cell);
    }

    const canvas = root.querySelector(".phase-map-plot canvas");
    const base = document.createElement("canvas");
    const panels = [...root.querySelectorAll("[data-panel]")];
    let panel = "class";
    let alone = null; // number of the only class shown, "novel" or null
    let selected = -1; // the selected cell
    let pointed = -1; // the cell at the pointer or the arrow keys
    let cursor = [0, 0]; // column and row of the raster at the arrow keys
    let size = { width: 0, height: 0 };
    let place = null; // from the plane to the canvas

    // -- drawing ----------------------------------------------------------------------------------------------------

    function layOut() {
      const width = Math.floor(canvas.parentElement.clientWidth);
      if (!width) return;
      size = { width, height: Math.round(Math.min(560, width * (width < 500 ? 0.95 : 0.78))) };
      const [left, right] = [MARGIN.left, width - MARGIN.right];
      const [top, bottom] = [MARGIN.top, size.height - MARGIN.bottom];
      const [x0, x1] = [xEdges[0], xEdges[columns]];
      const [y0, y1] = [yEdges[0], yEdges[rows]];
      place = {
        left, right, top, bottom,
        x: (value) => left + ((value - x0) / (x1 - x0)) * (right - left),
        y: (value) => bottom - ((value - y0) / (y1 - y0)) * (bottom - top),
        inverseX: (px) => x0 + ((px - left) / (right - left)) * (x1 - x0),
        inverseY: (px) => y0 + ((bottom - px) / (bottom - top)) * (y1 - y0),
      };
      canvas.dataset.plot = [left, top, right, bottom].join(" ");
      drawBase();
    }

    function visible(cell) {
      return alone === null || (alone === "novel" ? cells.novel[cell] : cells.class[cell] === alone);
    }

    function colour(cell) {
      if (panel === "class") return data.classes[cells.class[cell]].colour;
      return data.probabilityColours[Math.round(probability(cell) * (data.probabilityColours.length - 1))];
    }

    function drawBase() {
      if (!place) return;
      const context = labrun.context(base, size.width, size.height);
      const xs = Array.from(xEdges, (value) => Math.round(place.x(value)));
      const ys = Array.from(yEdges, (value) => Math.round(place.y(value)));
      context.fillStyle = labrun.colour("page");
      context.fillRect(place.left, place.top, place.right - place.left, place.bottom - place.top);
      for (let row = 0, i = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, i++) {
          const cell = raster[i];
          if (cell < 0) continue;
          context.globalAlpha = visible(cell) ? 1 : 0.1;
          context.fillStyle = colour(cell);
          const [width, height] = [xs[column + 1] - xs[column], ys[row] - ys[row + 1]];
          context.fillRect(xs[column], ys[row + 1], Math.max(1, width), Math.max(1, height));
        }
      }
      context.globalAlpha = 1;
      drawNovel(context, xs, ys);
      drawLines(context);
      drawAxes(context);
      draw();
    }

    // Hatching in black and white, visible on every colour.
    function drawNovel(context, xs, ys) {
      if (!cells.novel) return;
      context.save();
      context.beginPath();
      for (let row = 0, i = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, i++) {
          if (raster[i] < 0 || !cells.novel[raster[i]] || !visible(raster[i])) continue;
          context.rect(xs[column], ys[row + 1], xs[column + 1] - xs[column], ys[row] - ys[row + 1]);
        }
      }
      context.clip();
      context.lineWidth = 1;
      for (const [style, shift] of [["#000b", 0], ["#fff9", 1.4]]) {
        context.strokeStyle = style;
        context.beginPath();
        for (let x = place.left - size.height + shift; x < place.right; x += 7) {
          context.moveTo(x, place.bottom);
          context.lineTo(x + place.bottom - place.top, place.top);
        }
        context.stroke();
      }
      context.restore();
    }

    function drawLines(context) {
      const [ink, halo] = [labrun.colour("ink"), labrun.colour("card")];
      context.save();
      context.beginPath();
      context.rect(place.left, place.top, place.right - place.left, place.bottom - place.top);
      context.clip();
      data.lines.forEach((line, i) => {
        for (const [style, width, dash] of [[halo, 4, []], [ink, 1.6, DASHES[i % DASHES.length]]]) {
          context.strokeStyle = style;
          context.lineWidth = width;
          context.setLineDash(dash);
          for (const path of line.paths) {
            context.beginPath();
            path.forEach(([x, y], j) => context[j ? "lineTo" : "moveTo"](place.x(x), place.y(y)));
            context.stroke();
          }
        }
      });
      context.setLineDash([]);
      context.restore();
    }

    function ticks(low, high, count) {
      const rough = (high - low) / count;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
      const found = [];
      for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-12); i++) found.push(i * step);
      return found;
    }

    function drawAxes(context) {
      context.strokeStyle = labrun.colour("line");
      context.lineWidth = 1;
      context.strokeRect(place.left - 0.5, place.top - 0.5, place.right - place.left + 1, place.bottom - place.top + 1);
      context.fillStyle = labrun.colour("soft");
      context.font = "12px system-ui, sans-serif";
      context.textAlign = "center";
      context.textBaseline = "top";
      for (const value of ticks(xEdges[0], xEdges[columns], size.width < 500 ? 4 : 6)) {
        context.fillRect(Math.round(place.x(value)), place.bottom, 1, 4);
        context.fillText(labrun.show(value), place.x(value), place.bottom + 7);
      }
      context.textAlign = "right";
      context.textBaseline = "middle";
      for (const value of ticks(yEdges[0], yEdges[rows], 6)) {
        context.fillRect(place.left - 4, Math.round(place.y(value)), 4, 1);
        context.fillText(labrun.show(value), place.left - 7, place.y(value));
      }
      context.fillStyle = labrun.colour("ink");
      context.textAlign = "center";
      context.fillText(data.x, (place.left + place.right) / 2, size.height - 8);
      context.save();
      context.translate(9, (place.top + place.bottom) / 2);
      context.rotate(-Math.PI / 2);
      context.fillText(data.y, 0, 0);
      context.restore();
    }

    function draw() {
      if (!place) return;
      const context = labrun.context(canvas, size.width, size.height);
      context.drawImage(base, 0, 0, size.width, size.height);
      if (selected >= 0) mark(context, selected, 3);
      if (pointed >= 0 && pointed !== selected) mark(context, pointed, 1.5);
    }

    function mark(context, cell, width) {
      const [x, y] = [place.x(cells.x[cell]), place.y(cells.y[cell])];
      const half = (pixels, count) => Math.max(4, pixels / count / 2 + 1);
      const w = half(place.right - place.left, Math.min(columns, 100));
      const h = half(place.bottom - place.top, Math.min(rows, 100));
      for (const [style, line] of [["#fff", width + 2], ["#000", width]]) {
        context.strokeStyle = style;
        context.lineWidth = line;
        context.strokeRect(x - w, y - h, 2 * w, 2 * h);
      }
    }

    // -- details of a cell --------------------------------------------------------------------------------------------

    const sprites = labrun.sprites(root, data.sprites, () => detail.redraw());
    const detail = labrun.detail(root.querySelector(".explorer-detail"), data.classes, sprites);

    function showDetails(cell) {
      const [begin, end] = [cell ? cells.end[cell - 1] : 0, cells.end[cell]];
      const count = data.classes.length;
      const probabilities = Array.from(cells.probabilities.subarray(cell * count, (cell + 1) * count), (p) => p / 65535);
      const name = data.classes[cells.class[cell]].name;
      const parameters = [[data.x, cells.x[cell]], [data.y, cells.y[cell]]];
      if (end - begin === 1) {
        for (const [other, values] of Object.entries(data.parameters)) parameters.push([other, values[begin]]);
        parameters.push(["member", String(data.members[begin])]);
      } else {
        parameters.push(["members", String(end - begin)]);
      }
      detail.show({
        title: `${name}, ${labrun.percent(probabilities[cells.class[cell]])}${cells.novel?.[cell] ? ", novel" : ""}`,
        parameters,
        probabilities,
        pictures: data.pictures.slice(begin, end),
      });
    }

    function point(cell) {
      if (cell === pointed) return;
      pointed = cell;
      draw();
      if (cell >= 0) showDetails(cell);
      else if (selected >= 0) showDetails(selected);
    }

    // -- the pointer and the keys -------------------------------------------------------------------------------------

    function interval(edges, value) {
      let [low, high] = [0, edges.length - 1];
      if (!(value >= edges[low] && value <= edges[high])) return -1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (value < edges[middle]) high = middle;
        else low = middle;
      }
      return low;
    }

    function cellAt(x, y) {
      const [column, row] = [interval(xEdges, x), interval(yEdges, y)];
      return column < 0 || row < 0 ? -1 : raster[row * columns + column];
    }

    function cellUnder(event) {
      const box = canvas.getBoundingClientRect();
      return cellAt(place.inverseX(event.clientX - box.left), place.inverseY(event.clientY - box.top));
    }

    function choose(cell) {
      if (cell >= 0) labrun.select(data.simulation, data.members[cell ? cells.end[cell - 1] : 0]);
    }

    // The next cell to the left, right, up or down, skipping blank places. The place is kept besides the cell: if each
    // place shows the nearest point, two points could otherwise lead to each other forever.
    function step(from, right, up) {
      if (raster[cursor[1] * columns + cursor[0]] !== from) {
        cursor = [interval(xEdges, cells.x[from]), interval(yEdges, cells.y[from])];
      }
      for (let [column, row] = cursor; ; ) {
        column += right;
        row += up;
        if (column < 0 || column >= columns || row < 0 || row >= rows) return from;
        const found = raster[row * columns + column];
        if (found >= 0 && found !== from) {
          cursor = [column, row];
          return found;
        }
      }
    }

    const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    canvas.addEventListener("pointermove", (event) => point(cellUnder(event)));
    canvas.addEventListener("pointerdown", (event) => point(cellUnder(event)));
    canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(-1));
    canvas.addEventListener("click", (event) => choose(cellUnder(event)));
    canvas.addEventListener("keydown", (event) => {
      const from = pointed >= 0 ? pointed : selected;
      if (event.key in STEPS) point(step(Math.max(0, from), ...STEPS[event.key]));
      else if (event.key === "Enter" || event.key === " ") choose(from);
      else return;
      event.preventDefault();
    });
    labrun.onSelect(data.simulation, (member) => {
      if (!cellOfMember.has(member)) return;
      selected = cellOfMember.get(member);
      pointed = -1;
      draw();
      showDetails(selected);
    });

    // -- controls ------------------------------------------------------------------------------------------------

    const scale = root.querySelector(".phase-map-scale");
    scale.children[0].textContent = "0";
    scale.children[1].style.background = `linear-gradient(to right, ${data.probabilityColours.join(", ")})`;
    scale.children[2].textContent = "1";
    for (const button of panels) {
      button.addEventListener("click", () => {
        panel = button.dataset.panel;
        panels.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        scale.hidden = panel !== "probability";
        drawBase();
      });
    }
    // The names of lines stand below the map, so that they cover no cells.
    const key = root.querySelector(".phase-map-lines");
    data.lines.forEach((line, i) => {
      if (!line.paths.length) return;
      const entry = labrun.element("span", key, "", line.name);
      const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const stroke = document.createElementNS(sample.namespaceURI, "line");
      const style = { x1: 0, x2: 28, y1: 4, y2: 4, stroke: "currentColor", "stroke-width": 1.6 };
      style["stroke-dasharray"] = DASHES[i % DASHES.length].join(" ");
      for (const [name, value] of Object.entries(style)) stroke.setAttribute(name, value);
      sample.append(stroke);
      entry.prepend(sample);
    });
    const entries = data.classes.map((one, i) => ({ label: one.name, colour: one.colour, count: one.count, value: i }));
    if (cells.novel) entries.push({ label: "novel", count: cells.novel.reduce((a, b) => a + b, 0), value: "novel" });
    labrun.legend(root.querySelector(".explorer-legend"), entries.filter((entry) => entry.count), (value) => {
      alone = value;
      drawBase();
    });
    canvas.setAttribute("aria-label", `Map over ${data.x} and ${data.y}. Arrow keys move from cell to cell, Enter chooses one.`);
    labrun.onTheme(drawBase);
    new ResizeObserver(() => {
      if (Math.floor(canvas.parentElement.clientWidth) !== size.width) layOut();
    }).observe(canvas.parentElement);
    layOut();
    showDetails(0);
  });
})();
