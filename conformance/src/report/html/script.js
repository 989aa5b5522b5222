"use strict";
// Filters the tables and opens cases. The address holds the state, so that a view can be linked:
// #verdict=fail,known&target=ours&group=svc&class=doc&differ=1&text=SUP-22&view=requirements&case=ID&on=TARGET

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const columns = data.columns.map((column) => column.name);
const severity = new Map(data.categories.map((category, index) => [category, index]));
const isComparison = data.categories.includes("regressed");

// An element with properties and children; text never becomes markup.
function make(name, properties = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(properties)) {
		if (key === "class") element.className = value;
		else if (key.includes("-") || key === "for" || key === "scope") element.setAttribute(key, value);
		else element[key] = value;
	}
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

// Text in which backticks stand around code.
function prose(text) {
	return text.split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

// ---- State

const lists = ["verdict", "target"];
const words = ["group", "class", "text", "view", "case", "on", "differ"];

function readState() {
	const parameters = new URLSearchParams(location.hash.slice(1));
	const state = {};
	for (const key of lists) state[key] = (parameters.getAll(key).join(",") || "").split(",").filter(Boolean);
	// A target's name may contain a comma, so a whole value may be one name.
	const targets = parameters.getAll("target");
	state.target = targets.flatMap((value) => (columns.includes(value) ? [value] : value.split(","))).filter((one) => columns.includes(one));
	for (const key of words) state[key] = parameters.get(key) || "";
	return state;
}

function address(state) {
	const parameters = new URLSearchParams();
	if (state.verdict.length) parameters.set("verdict", state.verdict.join(","));
	for (const target of state.target) parameters.append("target", target);
	for (const key of words) if (state[key]) parameters.set(key, state[key]);
	return "#" + parameters.toString().replaceAll("+", "%20").replaceAll("%2F", "/").replaceAll("%2C", ",");
}

let state = readState();

// Without `isStep` the address changes and the history does not: typing should not fill it.
function go(change, isStep = false) {
	const next = address({ ...state, ...change });
	if (isStep) history.pushState(null, "", next);
	else history.replaceState(null, "", next);
	follow();
}

// ---- Rows: what the filters look at

const promise = (id) => data.requirements[id] || { class: "", promise: "", source: "" };
const rows = [...document.querySelectorAll("#scenarios [data-row]")].map((element) => {
	const row = data.rows[Number(element.dataset.row)];
	const promises = row.requirements.map((id) => id + " " + promise(id).promise);
	const facts = row.cells.map((cell) => (cell.deviation ? cell.deviation[1] : ""));
	return {
		element,
		row,
		view: "scenarios",
		group: row.group,
		class: row.class,
		categories: row.cells.map((cell) => cell.category),
		text: [row.id, row.does, ...promises, ...facts].join("\n").toLowerCase(),
	};
});
const proofs = new Map();
for (const one of rows) for (const id of one.row.requirements) proofs.set(id, [...(proofs.get(id) || []), one]);
for (const element of document.querySelectorAll("#requirements [data-requirement]")) {
	const id = element.dataset.requirement;
	const proved = proofs.get(id) || [];
	rows.push({
		element,
		view: "requirements",
		requirement: id,
		groups: new Set(proved.map((one) => one.group)),
		class: element.parentElement.className,
		categories: [...element.cells].slice(1).map((cell) => cell.className),
		text: [id, promise(id).promise, promise(id).source, ...proved.map((one) => one.row.id)].join("\n").toLowerCase(),
	});
}
const groups = [...new Set(data.rows.map((row) => row.group))];

// ---- Filters

const form = byId("filters");
const countOf = (category) => data.rows.reduce((sum, row) => sum + row.cells.filter((cell) => cell.category === category).length, 0);

function chips(legend, name, values, label) {
	const chip = (value) => {
		const input = make("input", { type: "checkbox", name, value });
		return make("label", { class: "chip" }, input, label(value));
	};
	return make("fieldset", {}, make("legend", {}, legend), make("div", { class: "chips" }, ...values.map(chip)));
}

function select(label, name, options) {
	const control = make("select", { name }, ...options.map(([value, text]) => make("option", { value }, text)));
	return make("label", {}, make("span", {}, label), control);
}

const output = make("output", { name: "shown" });
form.append(
	make("label", {}, make("span", {}, "Search (press /)"), make("input", { type: "search", name: "text", placeholder: "id, requirement or words", autocomplete: "off", spellcheck: false })),
	...(isComparison ? [] : [select("Show", "view", [["", "scenarios"], ["requirements", "requirements"]])]),
	select("Program", "group", [["", "all"], ...groups.map((group) => [group, group])]),
	select("Class", "class", [["", "all"], ["doc", "promised by the manual"], ["obs", "observed"],
		...(data.rows.some((row) => row.class === "ext") ? [["ext", "extensions"]] : [])]),
	chips(isComparison ? "Change" : "Verdict", "verdict", data.categories.filter((category) => countOf(category) > 0), (category) =>
		make("b", { class: category }, category.replaceAll("-", " "))),
	chips("Target", "target", columns, (name) => make("b", {}, name)),
	...(columns.length > 1 && !isComparison ? [chips("Compare", "differ", ["1"], () => make("b", {}, "only where targets differ"))] : []),
	make("div", { class: "status" }, output, make("a", { href: "#" }, "show everything")),
);
output.setAttribute("aria-live", "polite");
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
	const chosen = new FormData(form);
	go({
		verdict: chosen.getAll("verdict"),
		target: chosen.getAll("target"),
		group: chosen.get("group"),
		class: chosen.get("class"),
		differ: chosen.get("differ") || "",
		text: chosen.get("text"),
		view: chosen.get("view") || "",
	});
});

function fillForm() {
	for (const control of form.elements) {
		if (control.type === "checkbox") control.checked = [state[control.name]].flat().includes(control.value);
		else if (["search", "select-one"].includes(control.type) && control.value !== state[control.name]) control.value = state[control.name];
	}
}

const columnStyle = document.head.appendChild(make("style"));

function filter() {
	const view = state.view === "requirements" && !isComparison ? "requirements" : "scenarios";
	const shown = state.target.length ? state.target.map((name) => columns.indexOf(name)) : columns.map((_, index) => index);
	const needles = state.text.toLowerCase().split(/\s+/).filter(Boolean);
	const hidden = columns.map((_, index) => index).filter((index) => !shown.includes(index));
	for (const heading of document.querySelectorAll("tr.class th")) heading.colSpan = shown.length + 1;
	columnStyle.textContent = hidden.map((index) => `.matrix td:nth-child(${index + 2}),.matrix thead th:nth-child(${index + 2}){display:none!important}`).join("");
	let [all, count] = [0, 0];
	for (const one of rows) {
		const seen = shown.map((index) => one.categories[index]);
		const isShown = one.view === view
			&& (!state.class || one.class === state.class)
			&& (!state.group || (one.groups ? one.groups.has(state.group) : one.group === state.group))
			&& (!state.verdict.length || seen.some((category) => state.verdict.includes(category)))
			&& (!state.differ || new Set(seen.filter((category) => category !== "none")).size > 1)
			&& needles.every((needle) => one.text.includes(needle));
		one.element.hidden = !isShown;
		if (one.view === view) all += 1;
		if (isShown) count += 1;
	}
	for (const section of ["scenarios", "requirements"]) {
		const element = byId(section);
		if (!element) continue;
		element.hidden = section !== view;
		if (section !== view) continue;
		for (const group of element.children) {
			for (const body of group.querySelectorAll("tbody")) {
				body.hidden = !body.querySelector("tr:not(.class):not([hidden])");
			}
			group.hidden = !group.querySelector("tbody:not([hidden])");
		}
	}
	output.value = `${count} of ${all} ${view}`;
	byId("nothing").hidden = count > 0;
}

// ---- A case

const dialog = byId("case");
let opener = null;

// The other side of a transcript: the run before, or that of the baseline, or of any target that has one.
function besides(row, column) {
	const cell = row.cells[column];
	if (cell.before) return [{ label: `${columns[column]}, before`, run: cell.before }];
	const others = row.cells.map((other, index) => ({ label: columns[index], run: other.run, isBaseline: data.columns[index].is_baseline, index }));
	const able = others.filter((other) => other.index !== column && other.run && other.run.steps.length);
	return able.sort((one, other) => other.isBaseline - one.isBaseline);
}

function stepCell(step, label) {
	const cell = make("td", { "data-side": label });
	if (!step) return make("td");
	cell.append(make("span", { class: "at" }, `${step[0]} ms`), make("span", {}, step[1]));
	if (step[2]) cell.append(make("span", { class: "saw" }, "\u2192 " + step[2]));
	return cell;
}

function sideTable(labels, pairs, isSame, draw) {
	let first = true;
	const body = pairs.map((pair) => {
		const row = make("tr", {}, ...pair.map((one, index) => draw(one, labels[index])));
		if (pair.length > 1 && !isSame(...pair)) {
			row.className = first ? "differs first" : "differs";
			if (first) row.cells[0].prepend(make("span", { class: "flag" }, "first difference"));
			first = false;
		}
		return row;
	});
	return make("table", { class: "sides" }, make("thead", {}, make("tr", {}, ...labels.map((label) => make("th", { scope: "col" }, label)))), make("tbody", {}, ...body));
}

function transcripts(run, beside, label) {
	const length = Math.max(run.steps.length, beside ? beside.run.steps.length : 0);
	const labels = beside ? [label, beside.label] : [label];
	const pairs = [...Array(length).keys()].map((index) => (beside ? [run.steps[index], beside.run.steps[index]] : [run.steps[index]]));
	// A pid and a time differ from run to run, and nobody looks for that.
	const plain = (text) => text.replace(/\bpid \d+/g, "pid N").replace(/\b\d+ ms\b/g, "N ms");
	const isSame = (one, other) => Boolean(one && other) && plain(one[1]) === plain(other[1]) && plain(one[2]) === plain(other[2]);
	const parts = [make("h3", {}, "Transcript"), sideTable(labels, pairs, isSame, stepCell)];
	if (run.left_out) parts.push(make("p", {}, `${run.left_out} more steps are in the JSON report.`));
	parts.push(make("p", {}, make("small", {}, "WORLD is the scenario\u2019s directory, and N the pid and the seconds of svstat.")));
	const names = [...new Set([...run.files, ...(beside ? beside.run.files : [])].map(([name]) => name))].sort();
	if (names.length) {
		const line = (files, name) => (files.find(([known]) => known === name) || [])[1];
		const files = names.map((name) => (beside ? [line(run.files, name), line(beside.run.files, name)] : [line(run.files, name)]));
		const draw = (text, side) => (text ? make("td", { "data-side": side }, text) : make("td"));
		parts.push(make("h3", {}, "Files at the end"), sideTable(labels, files, (one, other) => one === other, draw));
	}
	return parts;
}

function promises(row) {
	return row.requirements.map((id) => {
		const { class: kind, promise: words, source } = promise(id);
		const link = make("a", { href: address({ ...readState(), case: "", on: "", text: id, verdict: [], group: "", class: "" }) }, id);
		return make("p", {}, link, " ", ...prose(words), " ", make("small", {}, kind ? `${kind === "doc" ? "Promised" : "Not promised"}: ${source}` : ""));
	});
}

function facts(cell) {
	const list = [];
	const add = (label, text, kind) => list.push(make("dt", {}, label), make("dd", { class: kind }, text));
	for (const [label, text] of cell.run ? cell.run.facts : []) add(label, text, "value " + label);
	if (cell.deviation) {
		const [kind, reason, ids] = cell.deviation;
		add("known difference", `${reason} (${kind.replaceAll("-", " ")}: ${ids.join(", ")})`, "reason");
	}
	return list.length ? make("dl", { class: "facts" }, ...list) : null;
}

function copyButton(text) {
	const button = make("button", { type: "button" }, "Copy");
	button.addEventListener("click", () => {
		const said = (word) => { button.textContent = word; };
		if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => said("Copied"), () => said("Select and copy"));
		else said("Select and copy");
	});
	return button;
}

function drawCase(row, column) {
	const cell = row.cells[column];
	const name = columns[column];
	const close = make("button", { type: "button" }, "Close");
	close.addEventListener("click", closeCase);
	const nav = columns.map((other, index) => {
		const link = make("a", { class: row.cells[index].category, href: address({ ...state, case: row.id, on: other }) }, `${other}: ${row.cells[index].words}`);
		if (index === column) link.setAttribute("aria-current", "true");
		return link;
	});
	const heading = make("h2", { id: "case-name", tabIndex: -1 }, row.id);
	const head = make("div", { class: "case-head" }, heading, close, make("nav", { class: "case-nav", "aria-label": "This scenario on each target" }, ...nav));
	const others = besides(row, column);
	const sides = make("div");
	const drawSides = (beside) => sides.replaceChildren(...(cell.run && cell.run.steps.length ? transcripts(cell.run, beside, cell.before ? `${name}, after` : name) : []));
	const choice = others.length > 1 ? make("select", {}, ...others.map((other, index) => make("option", { value: String(index) }, other.label))) : null;
	if (choice) choice.addEventListener("change", () => drawSides(others[Number(choice.value)]));
	drawSides(others[0]);
	const again = data.columns[column].again + row.id;
	const body = make("div", { class: "case-body" },
		facts(cell),
		make("h3", {}, row.requirements.length > 1 ? "Requirements" : "Requirement"), ...promises(row),
		...(row.does ? [make("h3", {}, "What the scenario does"), make("p", {}, ...prose(row.does))] : []),
		make("h3", {}, "Run it again"), make("div", { class: "command" }, make("pre", {}, again), copyButton(again)),
		choice ? make("p", {}, make("label", {}, "Compare with ", choice)) : null,
		cell.run && cell.run.steps.length ? sides : make("p", {}, make("small", {}, cell.category === "pass"
			? "The page has transcripts only where a target did not pass. The JSON report has all of them."
			: "There is no transcript.")),
	);
	dialog.replaceChildren(head, body);
	dialog.scrollTop = 0;
	return heading;
}

function closeCase() {
	go({ case: "", on: "" }, true);
}

dialog.addEventListener("cancel", (event) => {
	event.preventDefault();
	closeCase();
});
dialog.addEventListener("click", (event) => {
	if (event.target === dialog) closeCase();
});

let drawn = "";
function showCase() {
	const row = state.case && data.rows.find((one) => one.id === state.case);
	const column = Math.max(0, columns.indexOf(state.on));
	if (!row) {
		drawn = "";
		if (dialog.open) {
			dialog.close();
			if (opener) opener.focus();
			opener = null;
		}
		return;
	}
	if (drawn === row.id + "\n" + column) return;
	drawn = row.id + "\n" + column;
	const heading = drawCase(row, column);
	if (!dialog.open) dialog.showModal();
	heading.focus();
}

// ---- Cells: one of each table is in the order of Tab, arrow keys reach the others

const matrices = [...document.querySelectorAll(".matrix")];
for (const matrix of matrices) {
	matrix.setAttribute("role", "grid");
	for (const cell of matrix.querySelectorAll("td")) cell.tabIndex = -1;
	const first = matrix.querySelector("td");
	if (first) first.tabIndex = 0;
}

function focusCell(cell) {
	const matrix = cell.closest(".matrix");
	for (const other of matrix.querySelectorAll('td[tabindex="0"]')) other.tabIndex = -1;
	cell.tabIndex = 0;
	cell.focus();
}

function openCell(cell) {
	const column = cell.cellIndex - 1;
	const { row, requirement } = cell.parentElement.dataset;
	opener = cell;
	if (row !== undefined) {
		go({ case: data.rows[Number(row)].id, on: columns[column] }, true);
		return;
	}
	// Of a requirement, the scenario that went worst.
	const proved = (proofs.get(requirement) || []).map((one) => one.row);
	const worst = (one) => severity.get(one.cells[column].category) ?? -1;
	const found = proved.sort((one, other) => worst(other) - worst(one))[0];
	if (found) go({ case: found.id, on: columns[column] }, true);
}

const isVisible = (cell) => cell.offsetParent !== null;
document.addEventListener("click", (event) => {
	const cell = event.target.closest(".matrix td");
	if (!cell) return;
	focusCell(cell);
	openCell(cell);
});
document.addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	if (event.key === "/" && !event.target.closest("input,select,dialog")) {
		event.preventDefault();
		form.elements.text.focus();
		return;
	}
	const cell = event.target.closest(".matrix td");
	if (!cell) return;
	const index = cell.cellIndex;
	const step = (from, forward) => {
		for (let next = from; ; ) {
			next = forward ? next.nextElementSibling : next.previousElementSibling;
			if (!next || (next.tagName === "TD" && isVisible(next))) return next;
		}
	};
	const column = (forward) => {
		const all = matrices.filter(isVisible).flatMap((matrix) => [...matrix.rows]).map((row) => row.cells[index]).filter((one) => one && one.tagName === "TD" && isVisible(one));
		return all[all.indexOf(cell) + (forward ? 1 : -1)];
	};
	const target = { ArrowRight: () => step(cell, true), ArrowLeft: () => step(cell, false), ArrowDown: () => column(true), ArrowUp: () => column(false) }[event.key];
	if (target) {
		event.preventDefault();
		const next = target();
		if (next) focusCell(next);
	} else if (event.key === "Enter" || event.key === " ") {
		event.preventDefault();
		openCell(cell);
	}
});

// ---- Start

function follow() {
	state = readState();
	fillForm();
	filter();
	showCase();
}

document.documentElement.classList.add("script");
form.hidden = false;
window.addEventListener("hashchange", follow);
window.addEventListener("popstate", follow);
follow();
