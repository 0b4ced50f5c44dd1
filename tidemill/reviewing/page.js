"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const WHY = { suspect: "Suspect label", unsure: "Uncertain prediction", unlabelled: "No label" };
  let info, progress, row;
  let index = 0, busy = true, finished = false;

  const make = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  const percent = (share) => {
    const digits = share > 0.995 || share < 0.095 ? 1 : 0;
    return `${(100 * share).toFixed(share === 0 || share === 1 ? 0 : digits)} %`;
  };
  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });
  const plural = (count, one, more) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

  async function ask(path, body) {
    const options = body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    };
    const answer = await fetch(path, options).catch(() => {
      throw new Error("The page's program does not answer. Is `tidemill label` still running? Nothing was lost.");
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(typeof said.error === "string" ? said.error : "That could not be understood.");
    return said;
  }

  /* One thing at a time: what is typed while an answer is on its way would answer a row that nobody has seen. */
  async function act(work) {
    if (busy || finished) return;
    busy = true;
    try {
      await work();
      at("trouble").hidden = true;
    } catch (error) {
      at("trouble").textContent = error.message;
      at("trouble").hidden = false;
    } finally {
      busy = false;
    }
  }

  async function show(place, quiet) {
    row = await ask(`rows/${place}`);
    index = place;
    progress = row.progress;
    at("done").hidden = true;
    at("row").hidden = at("answers").hidden = false;
    drawRow();
    drawAnswers();
    drawProgress();
    if (!quiet) at("heading").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  function drawRow() {
    at("why").className = `why ${row.why}`;
    at("heading").textContent = WHY[row.why];
    at("sentence").textContent = row.sentence;
    const named = Object.entries(row.named).map(([name, value]) => `${name} ${value ?? "–"}`).join(", ");
    at("caption").textContent = `${named ? `${named}: w` : "W"}hat moves the model most comes first`;
    const head = row.chances.length ? info.task === "binary" ? info.classes[1] : row.chances[0][0] : "more";
    at("pushes").textContent = `${head} →`;
    const most = Math.max(...row.cells.map((cell) => Math.abs(cell.shift ?? 0)), 1e-9);
    at("cells").replaceChildren(...row.cells.map((cell) => drawCell(cell, most)));
  }

  function drawCell(cell, most) {
    const line = make("tr", undefined, cell.shift === null ? "idle" : "");
    const name = make("th", cell.name);
    name.scope = "row";
    const value = make("td", undefined, cell.text === null ? "text none" : "text");
    value.append(make("div", cell.text === null ? "missing" : cell.text));
    const shift = make("td", undefined, "shift");
    if (cell.shift === null) {
      shift.append(make("span", "not read by the model", "sr"));
    } else {
      const push = make("div", undefined, "push");
      const bar = make("span", undefined, cell.shift > 0 ? "towards" : "against");
      bar.style.width = `${(100 * Math.abs(cell.shift)) / most}%`;
      push.append(bar);
      push.title = `${cell.shift > 0 ? "+" : "−"}${Math.abs(cell.shift).toFixed(2)}`;
      shift.append(push, make("span", `${cell.shift > 0 ? "towards" : "away"} by ${Math.abs(cell.shift).toFixed(2)}`, "sr"));
    }
    line.append(name, value, shift);
    return line;
  }

  function drawAnswers() {
    at("ask").textContent = `What is ${info.target}?`;
    const mine = row.given && row.given.action === "answer" ? row.given.value : null;
    const shown = [];
    if (row.chances.length) {
      const few = info.classes.length <= 9;
      const shares = Object.fromEntries(row.chances);
      const names = few ? info.classes : row.chances.slice(0, 9).map(([name]) => name);
      shown.push(...names.map((name, place) => drawChoice(name, place + 1, shares[name], mine)));
      at("form").hidden = few;
      at("value-label").textContent = "Or another class";
    } else {
      shown.push(drawFacts(mine));
      at("form").hidden = false;
      at("value-label").textContent = "Type a number, and Enter";
      at("value").inputMode = "decimal";
    }
    at("choices").replaceChildren(...shown);
    at("value").value = "";
    at("keep").hidden = row.label === null;
    at("undo").disabled = progress.undoable === 0;
    at("back").disabled = index === 0;
    at("next").disabled = index === progress.total - 1;
    const who = row.given && (row.given.mine ? "answered" : `answered by ${row.given.who}`);
    const what = row.given && (row.given.action === "unsure" ? "unsure" : row.given.value);
    at("place").textContent = `Row ${index + 1} of ${progress.total}${row.given ? `, ${who}: ${what}` : ""}`;
  }

  function drawChoice(name, key, share, mine) {
    const choice = make("button", undefined, mine === name ? "choice given" : "choice");
    choice.type = "button";
    choice.setAttribute("aria-keyshortcuts", key);
    choice.setAttribute("aria-pressed", mine === name);
    const fill = make("span", undefined, "fill");
    fill.style.width = `${100 * share}%`;
    choice.append(fill, make("kbd", key), make("span", name, "what"));
    if (row.label === name) choice.append(make("span", "label", "badge"));
    if (mine === name) choice.append(make("span", "your answer", "badge own"));
    choice.append(make("span", percent(share), "share"));
    choice.addEventListener("click", () => answer("answer", name));
    return choice;
  }

  function drawFacts(mine) {
    const facts = make("dl", undefined, "facts");
    const said = [["label", row.label === null ? null : number(Number(row.label))], ["the model expects", number(row.expected)], ["answer", mine]];
    for (const [name, value] of said) {
      if (value === null) continue;
      const pair = make("div");
      pair.append(make("dt", name), make("dd", value));
      facts.append(pair);
    }
    return facts;
  }

  function drawProgress() {
    const counts = make("span");
    counts.append(make("b", progress.answered.toLocaleString("en")), ` of ${plural(progress.total, "row", "rows")} answered`);
    at("counts").replaceChildren(counts, make("span", `${progress.changed.toLocaleString("en")} changed`));
    at("bar").style.width = `${(100 * progress.answered) / progress.total}%`;
    at("track").setAttribute("aria-valuenow", progress.answered);
    at("track").setAttribute("aria-valuemax", progress.total);
    const hint = progress.streak >= 10 ? "; the rest may well be right, too" : "";
    const streak = make("span");
    if (progress.streak > 1) streak.append(make("b", progress.streak), ` in a row agreed with the label${hint}`);
    at("streak").replaceChildren(streak);
  }

  function drawDone() {
    at("row").hidden = at("answers").hidden = true;
    at("done").hidden = false;
    at("tally").textContent = `${plural(progress.answered, "row", "rows")}: ${progress.changed.toLocaleString("en")} got another label.`;
    at("undo-last").disabled = progress.undoable === 0;
    drawProgress();
    at("done-heading").focus({ preventScroll: true });
  }

  const tell = (text) => { at("said").textContent = text; };

  function following() {
    const after = progress.states.indexOf("", index + 1);
    return after >= 0 ? after : progress.states.indexOf("");
  }

  function answer(action, value) {
    act(async () => {
      progress = (await ask(`rows/${index}`, { action, value })).progress;
      const place = following();
      if (place < 0) drawDone();
      else await show(place);
      tell(`Kept: ${action === "unsure" ? "unsure" : value}. ${place < 0 ? "Every row has an answer." : `Row ${index + 1} of ${progress.total}.`}`);
    });
  }

  function undo() {
    act(async () => {
      const said = await ask("undo", {});
      if (said.index === null) {
        tell("There is nothing to undo.");
        return;
      }
      await show(said.index);
      tell(`Undone. Row ${index + 1} of ${progress.total}.`);
    });
  }

  function walk(step) {
    const place = at("done").hidden ? index + step : index;
    if (place < 0 || place >= progress.total) return;
    act(async () => { await show(place); tell(`Row ${index + 1} of ${progress.total}.`); });
  }

  function finish() {
    act(async () => {
      await ask("finish", {});
      finished = true;
      at("done-heading").textContent = "Finished";
      document.querySelectorAll("button").forEach((one) => { one.disabled = true; });
      tell("Finished. You can close this page.");
    });
  }

  function keys() {
    const said = [];
    if (info.task === "regression") said.push(["0–9", "type a number"], ["Enter", "answer with it"]);
    else said.push([`1–${Math.min(info.classes.length, 9)}`, "answer with this class"]);
    said.push(["k", "keep the label"], ["s", "unsure: skip, the label stays"], ["u", "undo, as often as you like"]);
    said.push(["← →", "walk without answering"], ["?", "this list"]);
    at("keys").replaceChildren(...said.flatMap(([key, what]) => {
      const name = make("dt");
      name.append(make("kbd", key));
      return [name, make("dd", what)];
    }));
    at("legend").open = window.matchMedia("(min-width: 56.01rem)").matches;
  }

  const doing = {
    k: () => { if (row.label !== null) answer("answer", row.label); },
    s: () => answer("unsure"),
    u: undo,
    ArrowLeft: () => walk(-1),
    ArrowRight: () => walk(1),
    "?": () => { at("legend").open = !at("legend").open; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !info) return;
    const typing = event.target === at("value");
    if (typing && event.key === "Escape") at("heading").focus();
    if (typing || busy) return;
    const gone = at("row").hidden;
    const choice = at("choices").querySelectorAll(".choice")[Number(event.key) - 1];
    if (/^[1-9]$/.test(event.key) && choice && !gone) choice.click();
    else if (/^[-.\d]$/.test(event.key) && info.task === "regression" && !gone) {
      at("value").focus();
      return;
    } else if (doing[event.key] && (!gone || ["u", "ArrowLeft"].includes(event.key))) doing[event.key]();
    else return;
    event.preventDefault();
  });

  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const value = at("value").value.trim();
    if (value) answer("answer", value);
  });
  at("keep").addEventListener("click", doing.k);
  at("unsure").addEventListener("click", doing.s);
  at("undo").addEventListener("click", undo);
  at("undo-last").addEventListener("click", undo);
  at("back").addEventListener("click", () => walk(-1));
  at("next").addEventListener("click", () => walk(1));
  at("look").addEventListener("click", () => walk(0));
  at("finish").addEventListener("click", finish);

  busy = false;
  act(async () => {
    info = await ask("state");
    progress = info.progress;
    at("kicker").textContent = `Labelling · ${info.name} · version ${info.version} · as ${info.who}`;
    keys();
    at("names").replaceChildren(...info.classes.map((name) => { const option = make("option"); option.value = name; return option; }));
    const place = progress.states.indexOf("");
    if (place < 0) drawDone();
    else await show(place, true);
  });
})();
