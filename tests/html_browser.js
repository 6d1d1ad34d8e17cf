// html_browser.js - what a browser makes of pages of the HTML report; called by html_browser.py with one JSON argument
"use strict";
const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const work = JSON.parse(process.argv[2]);
let checks = 0;
let failed = 0;

function check(what, ok, seen) {
  checks += 1;
  if (ok) return;
  failed += 1;
  console.log(`not ok - ${what}: ${JSON.stringify(seen).slice(0, 1500)}`);
}

const inspected = new Set(["relay-open light", "relay-open dark", "relay-open narrow", "hostile light", "empty dark"]);
const started = Date.now();
const views = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  narrow: { viewport: { width: 400, height: 800 }, colorScheme: "light" },
  smallest: { viewport: { width: 320, height: 640 }, colorScheme: "dark" },
  plain: { viewport: { width: 1280, height: 900 }, javaScriptEnabled: false },
};

// Whatever a page says or asks for while it is looked at.
function listen(page, own) {
  const heard = [];
  page.on("console", (message) => heard.push(message.text()));
  page.on("pageerror", (error) => heard.push(error.message));
  page.on("dialog", (dialog) => { heard.push(dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== own && !request.url().startsWith("data:")) heard.push(request.url()); });
  return heard;
}

// A page in one view; axe-core takes long, so not all of them go through it.
async function look(browser, file, name, inspect) {
  const context = await browser.newContext(views[name]);
  const page = await context.newPage();
  const what = `${path.basename(file)}, ${name}`;
  const url = `file://${file}`;
  const heard = listen(page, url);
  await page.goto(url);
  check(`${what}: no error and no request`, heard.length === 0, heard);
  check(`${what}: the answer is seen at once`, (await page.locator("h1").boundingBox()).y < 300);
  if (name !== "plain") {
    check(`${what}: no script of the log has run`, await page.evaluate(() => window.hit === undefined && !document.title.includes("hit")));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(`${what}: nothing is wider than the window`, wide <= 0, wide);
    if (!inspect) return context.close();
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document));
    check(`${what}: axe-core finds nothing`, found.violations.length === 0, found.violations.map((v) => [v.id, v.nodes.length, v.nodes[0].html]));
  }
  return context.close();
}

// The script: sorting, searching, links into closed incidents.
async function use(browser, file) {
  const page = await (await browser.newContext(views.light)).newPage();
  const heard = listen(page, `file://${file}`);
  await page.goto(`file://${file}`);
  const table = page.locator("table.sort").first();
  const numbers = async () => (await table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => Number(row.cells[1].dataset.v))));
  await table.locator("thead th button").nth(1).click();
  await table.locator("thead th button").nth(1).click();
  check("a table sorts up on the second click", (await table.locator("th[aria-sort]").getAttribute("aria-sort")) === "ascending");
  const sorted = await numbers();
  check("the smallest row is first then", sorted.every((n, i) => i === 0 || sorted[i - 1] <= n) && sorted[0] < sorted.at(-1), sorted);
  const all = await page.locator(".incident").count();
  await page.locator("input[type=search]").fill("203.0.113.7 relay");
  const some = await page.locator(".incident:visible").count();
  check("the search leaves what was asked for", some > 0 && some < all / 10, [some, all]);
  await page.locator("input[type=search]").fill("");
  const closed = page.locator("details.incident:not([open])").last();
  const id = await closed.locator(".body").getAttribute("id");
  await page.evaluate((hash) => { location.hash = hash; }, id);
  await page.waitForTimeout(100);
  check("a link opens the incident it leads to", await page.locator(`#${id}`).isVisible());
  await page.keyboard.press("Tab");
  check("the keyboard works", await page.evaluate(() => document.activeElement !== document.body));
  await page.emulateMedia({ media: "print" });
  check("the paper shows what was closed", await page.locator("details.incident .body").nth(50).evaluate((e) => e.getBoundingClientRect().height > 20));
  const head = await page.locator(".answer").evaluate((e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]);
  check("and the answer in black on white", head[0] === "rgba(0, 0, 0, 0)" && head[1] === "rgb(0, 0, 0)", head);
  await page.setViewportSize({ width: 680, height: 1000 }); // what A4 leaves between its margins
  const cut = await page.evaluate(() => [...document.querySelectorAll(".topic, .wide th")].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent));
  check("nothing on paper is wider than its place", cut.length === 0, cut);
  check("using the page makes no error", heard.length === 0, heard);
}

async function pictures(browser, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const shots = [["report-light", "light", 0, 1280, 900], ["report-dark", "dark", 0, 1280, 900], ["report-narrow", "narrow", 0, 400, 800]];
  for (const [name, view] of shots) {
    const page = await (await browser.newContext(views[view])).newPage();
    await page.goto(`file://${work.pages[0]}`);
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
    if (view !== "light") continue;
    await page.setViewportSize({ width: 1280, height: 3000 });
    const box = await page.locator("section[aria-labelledby=timeline]").boundingBox();
    await page.screenshot({ path: path.join(folder, "report-timeline.png"), clip: { x: 24, y: box.y - 16, width: 1232, height: box.height + 32 } });
    await page.locator(".world").screenshot({ path: path.join(folder, "report-map.png") });
  }
  const paper = await (await browser.newContext({ viewport: { width: 794, height: 1123 } })).newPage(); // A4
  await paper.emulateMedia({ media: "print" });
  await paper.goto(`file://${work.pages[0]}`);
  await paper.evaluate(() => { document.body.style.padding = "14mm"; }); // as @page has it
  await paper.screenshot({ path: path.join(folder, "report-print.png") });
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  for (const file of work.pages)
    for (const name of Object.keys(views))
      await look(browser, file, name, inspected.has(`${path.basename(file, ".html")} ${name}`));
  await use(browser, work.pages.find((file) => file.endsWith("bad-day.html")));
  if (work.pictures) await pictures(browser, work.pictures);
  await browser.close();
  console.log(`${checks} checks, ${failed} failed, ${Math.round((Date.now() - started) / 1000)} s`);
  process.exit(failed > 0 ? 1 : 0);
})();
