// What every page has: forms that go to the API, dialogs, toasts, and parts that keep themselves fresh. The pages say
// everything without it.

import { send } from "./api.js";
import "./dialog.js";
import "./form.js";
import "./live.js";
import { showKeptToast } from "./toast.js";

showKeptToast(send);
document.documentElement.dataset.ready = "";
