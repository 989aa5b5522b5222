// Looks at the pages of svconform in a real browser. Usage: node page.mjs SVCONFORM CHROMIUM DIR
// Reports of several targets are made up from the list of scenarios, because a real run takes longer than the test.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [svconform, executablePath, directory] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(directory, { recursive: true });

const hostile = "</script><img src=x onerror=window.broken=1>";
const verdicts = ["pass", "fail", "pass", "known", "fail", "skip", "pass", "timeout", "fail", "error", "pass", "stale", "pass"];

const scenarios = execFileSync(svconform, ["list"], { encoding: "utf8" }).trim().split("\n").map((line) => {
	const [id, kind, ...requirements] = line.split(/\s+/);
	return { id, class: kind, requirements };
});

// A report of every so many scenarios, in which the verdict follows from the position; `shift` moves it, so that two
// reports differ.
function report(names, every, shift = 0) {
	const failure = (verdict, index) => verdict === "pass" || verdict === "stale" ? null : {
		kind: { skip: "missing", timeout: "timeout", error: "broken" }[verdict] || "mismatch",
		source_line: "scenarios/made-up.rs:7", expected: `exit 0, ${index}`, actual: `exit 111 ${hostile}`,
	};
	const result = (target, column, entry, index) => {
		const verdict = column === names.length - 1 ? "pass" : verdicts[((index + shift) * (column + 1)) % verdicts.length];
		const steps = [...Array(12).keys()].map((at) => ({ at: at * 7, did: `run step ${at} on WORLD/web`, saw: at === 5 && verdict !== "pass" ? `exit 111 ${hostile}` : `pid ${column}${at}` }));
		const deviation = { scenario: entry.id, kind: "different", reason: `It is so by design ${hostile}`, requirements: entry.requirements.slice(0, 1) };
		const file = { name: "web/supervise/status", kind: "file", mode: "0644", size: 18, bytes: verdict === "pass" ? "@" : "?" };
		return { target, verdict, verdicts: [verdict], deviation: ["known", "stale"].includes(verdict) ? deviation : null, run: { failure: failure(verdict, index), steps, files: verdict === "pass" ? [] : [file], milliseconds: 12 } };
	};
	return {
		schema: 2, svconform: "0", program: "svconform", baseline: names.at(-1), milliseconds: 1000, interrupted: false, kept: null,
		targets: names.map((name) => ({ name, arguments: `--target ${name}=/there`, mixed: false })),
		scenarios: scenarios.filter((_, index) => index % every === 0).map((entry, index) => ({ ...entry, results: names.map((name, column) => result(name, column, entry, index)) })),
	};
}

function write(name, content) {
	const path = `${directory}/${name}`;
	writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
	return path;
}

function convert(name, args, codes = [0]) {
	const page = `${directory}/${name}.html`;
	const done = spawnSync(svconform, [...args, "--format", "html", "--output", page], { encoding: "utf8" });
	assert(codes.includes(done.status), done.stderr);
	return `file://${page}`;
}

const names = ["ours", "runit", `evil${hostile}`, "reference"];
const ten = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "reference"];
const old = write("old.json", report(names, 5));
const fresh = write("new.json", report(names, 5, 5));
const small = convert("small", ["report", write("small.json", report(names, 25))]);
const run = convert("run", ["report", old]);
const many = convert("ten", ["report", write("ten.json", report(ten, 1))]);
const changes = convert("changes", ["compare", old, fresh], [1]);
const fewChanges = convert("few-changes", ["compare", `${directory}/small.json`, write("smaller.json", report(names, 25, 5))], [1]);
const same = convert("same", ["compare", old, old]);
const summary = (median) => ({ median, spread: median / 50 });
const bench = convert("bench", ["bench", "--from", write("bench.json", {
	kind: "bench", schema: 1, svconform: "0", targets: names.map((name) => ({ name, arguments: "" })), baseline: "reference",
	services: 100, rounds: 3, milliseconds: 10, interrupted: false,
	machine: { processors: 2, kernel: "3.10", directory: hostile, yardstick: summary(1) },
	figures: ["a", "b"].map((id) => ({ id: `throughput/${id}`, title: `figure ${id} ${hostile}`, unit: "MB/s", better: "higher",
		results: names.map((target, index) => ({ target, samples: [index + 1], summary: summary(index + 1), ratio: (index + 1) / 4, failure: null })) })),
})]);

const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

// Opens a page that must not complain, load anything or run what a report contains.
async function open(address, options = {}) {
	const { width = 1280, height = 900, ...more } = options;
	const page = await browser.newPage({ viewport: { width, height }, ...more });
	page.setDefaultTimeout(20_000);
	page.complaints = [];
	page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.complaints.push(message.text()));
	page.on("pageerror", (error) => page.complaints.push(error.message));
	page.on("request", (request) => request.url().startsWith("file:") || request.url().startsWith("data:") || page.complaints.push(request.url()));
	await page.goto(address);
	return page;
}

async function close(page) {
	assert.deepEqual(page.complaints, []);
	assert.equal(await page.evaluate(() => window.broken).catch(() => undefined), undefined);
	await page.close();
}

const fits = async (page) => assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page scrolls to the side");
const shown = (page) => page.locator("output").textContent();
const state = (page) => page.evaluate(() => location.hash);
const visibleRows = (page, section) => page.locator(`#${section} tr[data-row]:visible, #${section} tr[data-requirement]:visible`).count();

// WCAG 2.2 A and AA, and what axe calls best practice.
async function accessible(page, what) {
	// The script of axe is no part of the page, so the page's policy does not apply to it.
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], preload: false }));
	const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target}: ${node.failureSummary}`).join("; ")}`);
	assert.deepEqual(found, [], what);
}

const tests = {
	async "the counts at the top are those of the cells"() {
		const page = await open(run);
		const counts = await page.evaluate(() => [...document.querySelectorAll(".counts a")].map((link) => {
			const parameters = new URLSearchParams(link.hash.slice(1));
			const column = data.columns.findIndex((one) => one.name === parameters.get("target"));
			const rows = data.rows.filter((row) => row.class === parameters.get("class") && row.cells[column].category === parameters.get("verdict"));
			return [parseInt(link.textContent, 10), rows.length];
		}));
		assert(counts.length > 8);
		for (const [said, counted] of counts) assert.equal(said, counted);
		await close(page);
	},

	async "filters narrow the rows and a link brings them back"() {
		const page = await open(run);
		const all = await visibleRows(page, "scenarios");
		assert(all > 100, `${all} rows`);
		await page.getByLabel("fail", { exact: true }).check();
		await page.getByLabel("runit", { exact: true }).check();
		const failed = await visibleRows(page, "scenarios");
		assert(failed > 0 && failed < all);
		assert.equal(await shown(page), `${failed} of ${all} scenarios`);
		assert.equal(await page.locator("#scenarios tr[data-row]:visible").filter({ has: page.locator("td.fail:visible") }).count(), failed);
		assert.equal(await page.locator("#scenarios thead:visible").first().locator("th:visible").count(), 2);
		assert.equal(await state(page), "#verdict=fail&target=runit");
		await page.locator("select[name=group]").selectOption("svscan");
		await page.locator("select[name=class]").selectOption("obs");
		const narrow = await visibleRows(page, "scenarios");
		assert(narrow > 0 && narrow < failed);
		const address = page.url();
		await close(page);
		const again = await open(address);
		assert.equal(await visibleRows(again, "scenarios"), narrow);
		assert(await again.getByLabel("fail", { exact: true }).isChecked());
		await again.getByRole("link", { name: "show everything" }).click();
		assert.equal(await visibleRows(again, "scenarios"), all);
		await close(again);
	},

	async "words find scenarios by id, requirement and description"() {
		const page = await open(run);
		const id = await page.evaluate(() => data.rows[0].requirements[0]);
		await page.keyboard.press("/");
		await page.keyboard.type(id.toLowerCase());
		const proofs = await page.evaluate((id) => data.rows.filter((row) => row.requirements.includes(id)).length, id);
		const found = await visibleRows(page, "scenarios");
		assert(found >= proofs && found < 100, `${found} rows, ${proofs} scenarios for ${id}`);
		await page.getByRole("searchbox").fill("no-such-thing");
		assert(await page.getByText("Nothing matches").isVisible());
		await close(page);
	},

	async "only rows in which the shown targets differ"() {
		const page = await open(run);
		await page.getByLabel("only where targets differ").check();
		const uneven = await page.evaluate(() => data.rows.filter((row) => new Set(row.cells.map((cell) => cell.category)).size > 1).length);
		assert.equal(await visibleRows(page, "scenarios"), uneven);
		await page.getByLabel("reference", { exact: true }).check();
		assert.equal(await visibleRows(page, "scenarios"), 0);
		await close(page);
	},

	async "requirements have the worst result of their scenarios, and open it"() {
		const page = await open(`${run}#view=requirements&target=runit&verdict=fail`);
		const rows = await visibleRows(page, "requirements");
		assert(rows > 0);
		await page.locator("#requirements td.fail:visible").first().click();
		assert(await page.getByRole("dialog").isVisible());
		assert.equal(await page.locator(".case-nav [aria-current]").textContent(), "runit: fail");
		await close(page);
	},

	async "a cell opens the case, with the first difference marked"() {
		const page = await open(`${run}#verdict=fail&target=ours&target=reference`);
		const cell = page.locator("#scenarios td.fail:visible").first();
		await cell.click();
		const dialog = page.getByRole("dialog");
		const text = await dialog.innerText();
		for (const words of ["expected", "exit 0,", "actual", "made-up.rs:7", "Requirement", "romised", "What the scenario does", "Run it again", "svconform run --target ours=/there --keep ", "Transcript", "Files at the end", hostile]) {
			assert(text.includes(words), `${words} is not in ${text}`);
		}
		// The pids differ in every step; what matters is step 5.
		const first = dialog.locator("tr.first").first();
		assert(await first.innerText().then((row) => row.includes("first difference") && row.includes("run step 5")));
		assert.equal(await dialog.locator(".sides").first().locator("tr.differs").count(), 1);
		const address = page.url();
		await page.keyboard.press("Escape");
		assert(!(await dialog.isVisible()));
		assert.equal(await state(page), "#verdict=fail&target=ours&target=reference");
		assert(await cell.evaluate((element) => element === document.activeElement), "the focus is back on the cell");
		await page.goBack();
		assert(await dialog.isVisible());
		await close(page);
		const linked = await open(address);
		assert(await linked.getByRole("dialog").isVisible());
		await linked.getByRole("button", { name: "Close" }).click();
		assert(!(await linked.getByRole("dialog").isVisible()));
		await close(linked);
	},

	async "a known difference gives its reason"() {
		const page = await open(run);
		await page.locator("#scenarios td.known").first().click();
		assert((await page.getByRole("dialog").innerText()).includes("It is so by design"));
		await close(page);
	},

	async "a keyboard is enough"() {
		const page = await open(`${run}#verdict=fail`);
		const focused = () => page.evaluate(() => [document.activeElement.parentElement.rowIndex, document.activeElement.cellIndex, document.activeElement.tagName]);
		const first = page.locator("#scenarios td:visible").first();
		await first.focus();
		const [row, column, tag] = await focused();
		assert.equal(tag, "TD");
		await page.keyboard.press("ArrowRight");
		assert.deepEqual(await focused(), [row, column + 1, "TD"]);
		await page.keyboard.press("ArrowDown");
		assert((await focused())[0] > row);
		await page.keyboard.press("ArrowUp");
		await page.keyboard.press("ArrowLeft");
		assert.deepEqual(await focused(), [row, column, "TD"]);
		await page.keyboard.press("Enter");
		assert(await page.getByRole("dialog").isVisible());
		await page.keyboard.press("Tab");
		assert(await page.evaluate(() => document.activeElement.closest("dialog") !== null), "the focus stays in the dialog");
		await page.keyboard.press("Escape");
		assert.deepEqual(await focused(), [row, column, "TD"]);
		await close(page);
	},

	async "a phone shows all without scrolling to the side"() {
		const phone = { width: 390, height: 844, hasTouch: true, isMobile: true };
		for (const address of [`${run}#view=requirements`, changes, bench]) {
			const page = await open(address, phone);
			await fits(page);
			await close(page);
		}
		const page = await open(run, phone);
		await page.locator("#scenarios td.fail").first().tap();
		assert(await page.getByRole("dialog").isVisible());
		await fits(page);
		assert(await page.evaluate(() => document.querySelector("dialog").scrollWidth <= innerWidth), "the case scrolls to the side");
		await page.screenshot({ path: `${directory}/phone-case.png` });
		await page.getByRole("button", { name: "Close" }).tap();
		await page.screenshot({ path: `${directory}/phone.png`, fullPage: false });
		await close(page);
		const wide = await open(many);
		for (const width of [390, 700, 900, 1100, 1300]) {
			await wide.setViewportSize({ width, height: 900 });
			await fits(wide);
		}
		await close(wide);
	},

	async "the checker for accessibility finds nothing, light and dark"() {
		for (const colorScheme of ["light", "dark"]) {
			// A few rows are enough: the others have the same marks.
			const page = await open(small, { colorScheme });
			await page.locator(".legend summary").click();
			const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
			assert.equal(paper === "rgb(255, 255, 255)", colorScheme === "light");
			await accessible(page, `run, ${colorScheme}`);
			await page.screenshot({ path: `${directory}/${colorScheme}.png` });
			await page.locator("#scenarios td.fail:visible").first().click();
			await accessible(page, `case, ${colorScheme}`);
			await page.screenshot({ path: `${directory}/${colorScheme}-case.png` });
			await close(page);
			for (const [name, address] of Object.entries({ changes: fewChanges, bench })) {
				const page = await open(address, { colorScheme });
				await accessible(page, `${name}, ${colorScheme}`);
				await page.screenshot({ path: `${directory}/${colorScheme}-${name}.png` });
				await close(page);
			}
		}
		const page = await open(`${small}#view=requirements`);
		await accessible(page, "requirements");
		await close(page);
	},

	async "without JavaScript there is a plain table with the reasons"() {
		const page = await open(run, { javaScriptEnabled: false });
		const rows = await page.locator("#scenarios tr[data-row]").count();
		assert(rows > 100);
		assert(await page.locator("#scenarios td.fail").first().isVisible());
		assert(await page.locator("noscript h2").isVisible());
		const reasons = await page.locator("noscript dd").allInnerTexts();
		for (const words of ["expected: exit 0, 1", "different: It is so by design", "again: svconform run --target ours=/there"]) {
			assert(reasons.some((reason) => reason.startsWith(words)), words);
		}
		assert(!(await page.locator("#filters").isVisible()));
		await fits(page);
		await page.close();
	},

	async "the paper has no controls, and a case alone if one is open"() {
		const page = await open(run);
		await page.emulateMedia({ media: "print" });
		assert(!(await page.locator("#filters").isVisible()));
		assert(await page.locator("#scenarios td.fail").first().isVisible());
		await page.emulateMedia({ media: "screen" });
		await page.locator("#scenarios td.fail").first().click();
		await page.emulateMedia({ media: "print" });
		assert(await page.getByText("first difference").first().isVisible());
		assert(!(await page.locator(".counts").isVisible()));
		await close(page);
	},

	async "two runs are compared on a page"() {
		const page = await open(changes);
		const rows = await visibleRows(page, "scenarios");
		assert(rows > 0);
		await page.getByLabel("regressed", { exact: true }).check();
		assert((await visibleRows(page, "scenarios")) < rows);
		await page.locator("td.regressed:visible").first().click();
		const text = await page.getByRole("dialog").innerText();
		for (const words of [", after", ", before", "first difference"]) assert(text.includes(words), `${words} is not in ${text}`);
		await close(page);
		const nothing = await open(same);
		assert(await nothing.getByText("Nothing changed.").isVisible());
		await close(nothing);
	},

	async "measurements have a table and a chart each"() {
		const page = await open(bench);
		assert.equal(await page.locator("svg").count(), 2);
		assert.equal(await page.locator("tbody tr").count(), 2);
		assert.equal(await page.locator("img").count(), 0);
		await close(page);
	},

	async "ten targets are no burden"() {
		const page = await open(many);
		await page.getByLabel("fail", { exact: true }).check();
		assert((await visibleRows(page, "scenarios")) > 100);
		const [ready, size] = await page.evaluate(() => [performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd, document.documentElement.outerHTML.length]);
		console.log(`  ${(size / 1e6).toFixed(1)} MB, ready after ${ready.toFixed(0)} ms`);
		await close(page);
	},
};

let [passed, failed] = [0, 0];
for (const [name, test] of Object.entries(tests)) {
	const begun = Date.now();
	try {
		await test();
		passed += 1;
		console.log(`ok      ${name} (${Date.now() - begun} ms)`);
	} catch (error) {
		failed += 1;
		console.log(`not ok  ${name}: ${error.stack}`);
	}
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
