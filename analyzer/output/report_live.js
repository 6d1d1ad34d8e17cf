/* report_live.js - the report while it is served: asks to be loaded again when there are new alerts.
 * A page that nobody has touched does so by itself; else a button says that there is news. */
"use strict";
(() => {
  const mine = document.documentElement.dataset.page;
  const since = Date.now();
  let told = false;

  const untouched = () => scrollY < 200 && !document.querySelector("details[open]:not(.numbers)") &&
    [...document.querySelectorAll("input")].every((input) => input.value === "");

  const tell = () => {
    if (told) return;
    told = true;
    const bar = document.createElement("div");
    const button = document.createElement("button");
    bar.className = "find";
    bar.setAttribute("role", "status");
    button.type = "button";
    button.textContent = "New alerts: load the report again";
    button.addEventListener("click", () => location.reload());
    bar.append(button);
    document.body.prepend(bar);
  };

  const news = () => {
    const wait = 5000 - (Date.now() - since);
    if (wait > 0) setTimeout(news, wait);
    else if (untouched()) location.reload();
    else tell();
  };

  new EventSource("events" + location.search).addEventListener("report", (event) => {
    if (event.data !== mine) news();
  });
})();
