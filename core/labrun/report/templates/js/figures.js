// Enlarge a figure by a click, go from one to the next, save it.
labrun.ready(() => {
  const viewer = document.getElementById("viewer");
  const image = viewer.querySelector("img");
  const caption = viewer.querySelector(".caption");
  const figures = [...document.querySelectorAll("figure.picture")];
  const tools = Object.fromEntries([...viewer.querySelectorAll("[data-do]")].map((one) => [one.dataset.do, one]));
  let current = 0;

  function show(number) {
    current = (number + figures.length) % figures.length;
    const figure = figures[current];
    const picture = figure.querySelector("img");
    [image.src, image.alt] = [picture.src, picture.alt];
    caption.textContent = figure.querySelector("figcaption")?.textContent ?? figure.dataset.name;
    tools.svg.hidden = figure.dataset.kind !== "svg";
    tools.previous.hidden = tools.next.hidden = figures.length < 2;
  }

  function save(address, kind) {
    const link = document.createElement("a");
    [link.href, link.download] = [address, `${figures[current].dataset.name}.${kind}`];
    link.click();
  }

  // A drawing as PNG, at three times its size in CSS pixels, on white whatever the colours of the page.
  async function savePng() {
    if (figures[current].dataset.kind === "png") return save(image.src, "png");
    const [head, content] = image.src.split(",");
    const paper = new Image();
    paper.src = `${head},${btoa(atob(content).replaceAll("(prefers-color-scheme: dark)", "not all"))}`;
    await paper.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3 * image.naturalWidth, 3 * image.naturalHeight];
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(paper, 0, 0, canvas.width, canvas.height);
    save(canvas.toDataURL("image/png"), "png");
  }

  figures.forEach((figure, number) => {
    figure.querySelector(".enlarge").addEventListener("click", () => {
      show(number);
      viewer.showModal();
    });
  });
  tools.previous.addEventListener("click", () => show(current - 1));
  tools.next.addEventListener("click", () => show(current + 1));
  tools.png.addEventListener("click", savePng);
  tools.svg.addEventListener("click", () => save(image.src, "svg"));
  tools.close.addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(current - 1);
    if (event.key === "ArrowRight") show(current + 1);
  });
});
