// A link or a token that is shown once: it stays on the page until the reader leaves it.

document.addEventListener("offpeak:done", (event) => {
  const { body } = event.detail;
  const place = document.getElementById(event.target.dataset.once ?? "");
  const secret = body?.secret ?? body?.link;
  if (!place || !secret) {
    return;
  }
  event.preventDefault();
  place.querySelector("code").textContent = secret;
  place.hidden = false;
  place.focus();
  event.target.reset();
});
