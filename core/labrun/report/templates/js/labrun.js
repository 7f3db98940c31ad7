// Functions that fragments of the page share. A fragment runs its script by labrun.ready(…), once the page is loaded.
const labrun = (() => {
  const urls = new Map();
  const sheets = new Map();

  // Base64 to bytes; Uint8Array.from with a function takes 0.2 s for a sheet of pictures.
  function decode(text) {
    const binary = atob(text.trim());
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  function element(name, parent, className = "", text = "") {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    parent.append(made);
    return made;
  }

  function blob(id) {
    const attached = document.getElementById(id);
    return new Blob([decode(attached.textContent)], { type: attached.dataset.type });
  }

  // The address of an attached file, by its id (see labrun.report.attachments).
  function url(id) {
    if (!urls.has(id)) urls.set(id, URL.createObjectURL(blob(id)));
    return urls.get(id);
  }

  // A sheet of pictures, unpacked at first use: {image, there}, where image is null until `there` is fulfilled.
  function sheet(id) {
    if (!sheets.has(id)) {
      const entry = { image: null };
      entry.there = createImageBitmap(blob(id)).then((image) => (entry.image = image));
      sheets.set(id, entry);
    }
    return sheets.get(id);
  }

  // Unpack sheets one after another while the page is idle, once `root` is nearly in view.
  function unpackWhenNear(root, ids) {
    const idle = window.requestIdleCallback ?? ((run) => setTimeout(run, 50));
    const unpack = (i) => i < ids.length && idle(() => sheet(ids[i]).there.then(() => unpack(i + 1)));
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      unpack(0);
    }, { rootMargin: "100%" }).observe(root);
  }

  return {
    element,
    url,

    ready(run) {
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
      else run();
    },

    // The user has pointed at a member of a simulation: every fragment that shows it may mark it.
    select(simulation, member) {
      document.dispatchEvent(new CustomEvent("labrun:select", { detail: { simulation, member } }));
    },
    onSelect(simulation, run) {
      document.addEventListener("labrun:select", (event) => {
        if (event.detail.simulation === simulation) run(event.detail.member);
      });
    },

    // The data of a fragment: JSON in its own script element, in which arrays may be base64 of a typed array's bytes.
    data: (root) => JSON.parse(root.querySelector('script[type="application/json"]').textContent),
    numbers: (text, Type) => new Type(decode(text).buffer),

    // A number as people write it, a text as it is.
    show: (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? "")),
    percent: (share) => `${(100 * share).toFixed(share > 0.0005 && share < 0.9995 ? 1 : 0)} %`,

    // A colour of the page's style, for drawing on a canvas; `run` is called when the page turns light or dark.
    colour: (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),
    onTheme(run) {
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", run);
    },

    // Give a canvas a size in CSS pixels, sharp on any screen, and return its cleared context.
    context(canvas, width, height) {
      const scale = window.devicePixelRatio || 1;
      const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
      if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      return context;
    },

    // Thumbnails on the sheets that root names in data-sheets (see labrun.kit.thumbnails in Python). A picture on a sheet
    // that is still packed is not drawn; `redraw` is called once it is unpacked.
    sprites(root, layout, redraw) {
      const ids = root.dataset.sheets.split(" ");
      const perSheet = layout.perRow * layout.perRow;
      const waiting = new Set();
      unpackWhenNear(root, ids);
      return {
        aspect: layout.width / layout.height,
        draw(context, i, x, y, width, height) {
          const id = ids[Math.floor(i / perSheet)];
          const { image, there } = sheet(id);
          if (!image) {
            if (!waiting.has(id)) there.then(redraw);
            waiting.add(id);
            return;
          }
          const [row, column] = [Math.floor((i % perSheet) / layout.perRow), i % layout.perRow];
          const [left, top] = [column * layout.columnPitch, row * layout.rowPitch];
          context.imageSmoothingEnabled = width < layout.width;
          context.drawImage(image, left, top, layout.width, layout.height, x, y, width, height);
        },
      };
    },

    // A button for each entry {label, colour, count, value}; one may be pressed, and `choose` gets its value, or null.
    legend(parent, entries, choose) {
      let chosen = null;
      const buttons = entries.map((entry) => {
        const button = element("button", parent);
        button.type = "button";
        if (entry.colour) element("i", button).style.background = entry.colour;
        else element("i", button, "dot");
        element("span", button, "", entry.label);
        element("small", button, "", entry.count.toLocaleString("en"));
        button.addEventListener("click", () => press(chosen === entry.value ? null : entry.value));
        return button;
      });
      function press(value) {
        chosen = value;
        buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(entries[i].value === value)));
        choose(value);
      }
      buttons.forEach((button) => button.setAttribute("aria-pressed", "false"));
      return { press };
    },

    // A panel that describes one pattern: its pictures, a sentence, parameters, and the classes' probabilities.
    detail(parent, classes, sprites) {
      const canvas = element("canvas", parent);
      canvas.setAttribute("role", "img");
      const text = element("div", parent);
      text.setAttribute("aria-live", "polite");
      const title = element("p", text, "explorer-title");
      const parameters = element("dl", text);
      const list = element("ul", parent);
      list.setAttribute("aria-label", "Probabilities of the classes");
      const rows = classes.map(({ name, colour }) => {
        const row = element("li", list);
        element("span", row, "", name);
        const bar = element("i", element("b", row));
        bar.style.background = colour;
        return { row, bar, share: element("small", row) };
      });
      let shown = null;

      function drawPictures() {
        if (!shown) return;
        const count = Math.min(shown.pictures.length, 4);
        const side = count > 1 ? 84 : 160;
        const [width, height] = sprites.aspect > 1 ? [side, side / sprites.aspect] : [side * sprites.aspect, side];
        const context = labrun.context(canvas, count * (width + 6) - 6, height);
        for (let i = 0; i < count; i++) sprites.draw(context, shown.pictures[i], i * (width + 6), 0, width, height);
      }

      return {
        redraw: drawPictures,
        show(what) {
          shown = what;
          drawPictures();
          canvas.setAttribute("aria-label", what.pictures.length > 1 ? `${what.pictures.length} patterns` : "The pattern");
          title.textContent = what.title;
          parameters.replaceChildren();
          for (const [name, value] of what.parameters) {
            const pair = element("div", parameters);
            element("dt", pair, "", name);
            element("dd", pair, "", labrun.show(value));
          }
          const best = what.probabilities.indexOf(Math.max(...what.probabilities));
          rows.forEach(({ row, bar, share }, i) => {
            row.className = i === best ? "best" : "";
            bar.style.transform = `scaleX(${what.probabilities[i]})`;
            share.textContent = labrun.percent(what.probabilities[i]);
          });
        },
      };
    },
  };
})();
