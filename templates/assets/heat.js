// A click on the heat map leads to the appointments behind it. By keyboard the table has the same links.

document.getElementById("heat")?.addEventListener("click", (event) => {
  const cell = event.target.closest("[data-href]");
  if (cell) {
    location.assign(cell.dataset.href);
  }
});
