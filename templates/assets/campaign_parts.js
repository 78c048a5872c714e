// What scripts show of a campaign is put together from these.

export const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
};

export function facts(pairs) {
  const list = element("dl", undefined, { class: "facts" });
  for (const [name, value] of pairs) {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    list.append(pair);
  }
  return list;
}

export function table(caption, heads, lines) {
  const made = element("table", undefined, { class: "stack" });
  made.append(element("caption", caption));
  const head = element("thead").appendChild(element("tr"));
  heads.forEach((text) => head.append(element("th", text, { scope: "col" })));
  made.append(head.parentElement);
  const body = element("tbody");
  for (const line of lines) {
    const row = element("tr");
    line.forEach((text, place) => row.append(element("td", text, { "data-label": heads[place] })));
    body.append(row);
  }
  made.append(body);
  return made;
}
