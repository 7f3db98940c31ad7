// On paper nothing can be unfolded: the contents, the warnings and all key results are open.
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("#contents, #warnings, #more-results")) one.open = true;
});
