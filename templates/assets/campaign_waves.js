// The dialog in which the waves of a campaign are changed that have not begun; those that have go along unseen.

import { setUpWaves } from "./waves.js";

const form = document.getElementById("waves-form");
if (form) {
  setUpWaves(form);
}
