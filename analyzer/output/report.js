/* report.js - conveniences of the HTML report: sorting tables, finding incidents, printing all of it.
 * The page is complete without it; controls that need it are made here. It makes no markup of text. */
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  };
  const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));

  const sort = (table, header, column) => {
    const up = header.getAttribute("aria-sort") === "descending";
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => order(value(a, column), value(b, column)) * (up ? 1 : -1));
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  };

  all("table.sort").forEach((table) => {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      if (header.tagName !== "TH") return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header, column));
      header.append(button);
    });
  });

  const list = document.querySelector(".list");
  const incidents = list ? all(".incident", list) : [];
  if (incidents.length > 8) {
    const bar = document.createElement("div");
    const label = document.createElement("label");
    const input = document.createElement("input");
    const toggle = document.createElement("button");
    const found = document.createElement("span");
    bar.className = "find";
    label.append("Find ", input);
    input.type = "search";
    toggle.type = "button";
    toggle.textContent = "Open all";
    found.setAttribute("role", "status");
    bar.append(label, toggle, found);
    list.before(bar);
    const texts = incidents.map((incident) => incident.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      incidents.forEach((incident, i) => {
        incident.hidden = !words.every((word) => texts[i].includes(word));
        shown += incident.hidden ? 0 : 1;
      });
      found.textContent = words.length > 0 ? shown + " of " + incidents.length : "";
    });
    toggle.addEventListener("click", () => {
      const open = toggle.textContent === "Open all";
      incidents.forEach((incident) => { incident.open = open; });
      toggle.textContent = open ? "Close all" : "Open all";
    });
  }

  const show = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const closed = target && target.closest("details");
    if (closed) {
      closed.open = true;
      closed.scrollIntoView();
    }
  };
  addEventListener("hashchange", show);
  show();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open]):not(.numbers)");
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
})();
