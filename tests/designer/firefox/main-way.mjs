// The main way through the page in Firefox, as a person goes it: node main-way.mjs URL PLAN.
// PLAN (JSON): {"query", "title", "typed": {id: text}, "chosen": {id: value}}, by the ids of controls.
// Prints what was seen (JSON): {"status", "body", "complaints"}.
import puppeteer from "puppeteer-core";

const PATIENCE_MS = 60_000;
const [url, plan] = process.argv.slice(2);
const { query, title, typed, chosen } = JSON.parse(plan);

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: "/usr/bin/firefox-esr",
  headless: true,
  // Firefox ESR does not know all that a viewport is set by: the window is told its size instead.
  defaultViewport: null,
  args: ["--width=1440", "--height=900"],
  timeout: PATIENCE_MS,
});
try {
  // Not a tab of its own: one in the background is given no frames to draw.
  const [page] = await browser.pages();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });

  /** What *selector* finds in the page's element, which has a shadow root. */
  const seen = (selector) => page.waitForSelector(`>>> ${selector}`, { visible: true });
  const control = (id) => seen(`[id="${id}"]`);
  const text = async (selector) => (await seen(selector)).evaluate((node) => node.textContent.trim());
  const withControl = async (key) => {
    await page.keyboard.down("Control");
    await page.keyboard.press(key);
    await page.keyboard.up("Control");
  };

  await page.goto(url);
  await (await control("search")).type(query);
  await (await page.waitForSelector(`::-p-text(${title})`)).click();
  for (const [id, value] of Object.entries(typed)) await (await control(id)).type(value);
  for (const [id, value] of Object.entries(chosen)) await (await control(id)).select(value);
  await withControl("Enter");
  const status = await text(".response .status");
  const body = await text(".response .tree");
  await withControl("s");
  await seen(".said ::-p-text(Saved)");
  console.log(JSON.stringify({ status, body, complaints }));
} finally {
  await browser.close();
}
