// Every text on this page that a player or a file wrote goes through textContent: it can never become markup.
const index = JSON.parse(document.getElementById("index").textContent);
const $ = (id) => document.getElementById(id);
const STEP = 200; // games listed at once

function el(tag, cls, ...inside) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  for (const part of inside) node.append(typeof part === "string" ? visible(part) : part);
  return node;
}

// Control characters made visible, direction overrides taken out; newlines and tabs stay.
function visible(text) {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(/[\u0080-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

function button(label, pressed, act) {
  const node = el("button", "", label);
  node.type = "button";
  node.setAttribute("aria-pressed", String(pressed));
  node.addEventListener("click", act);
  return node;
}

function number(x) {
  return (x > 0 ? "+" : x < 0 ? "\u2212" : "") + String(Math.abs(Math.round(x * 1e6) / 1e6));
}

// Games lie gzipped in chunks; a chunk is unpacked when the first of its games is opened.
const unpacked = new Map();
function chunk(number) {
  if (!unpacked.has(number)) {
    const bytes = Uint8Array.from(atob($("chunk-" + number).textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    unpacked.set(number, new Response(stream).json());
  }
  return unpacked.get(number);
}

const state = { game: 0, view: null, shown: STEP, moment: null };

function listed() {
  const agent = $("by-agent").value, winner = $("by-winner").value;
  return index.games
    .map((game, i) => ({ game, i }))
    .filter(({ game }) => agent === "" || game.agents.includes(Number(agent)))
    .filter(({ game }) => winner === "" || String(game.winner) === winner);
}

function drawList() {
  const games = listed();
  const at = games.findIndex(({ i }) => i === state.game);
  if (at >= state.shown) state.shown = Math.ceil((at + 1) / STEP) * STEP;
  const items = games.slice(0, state.shown).map(({ game, i }) => {
    const node = el("button", "", el("span", "", game.id), el("small", "", seated(game)), el("small", "", game.ending + " Seed " + game.seed));
    node.type = "button";
    if (i === state.game) node.setAttribute("aria-current", "true");
    node.addEventListener("click", () => open(i, null));
    return el("li", "", node);
  });
  if (games.length > state.shown) {
    const more = el("button", "more", "Show " + Math.min(STEP, games.length - state.shown) + " more");
    more.type = "button";
    more.addEventListener("click", () => { state.shown += STEP; drawList(); });
    items.push(el("li", "", more));
  }
  if (!games.length) items.push(el("li", "", el("small", "", "No game fits these filters.")));
  const list = $("list");
  list.replaceChildren(...items);
  const current = at < 0 ? null : items[at];
  if (current && (current.offsetTop < list.scrollTop || current.offsetTop + current.offsetHeight > list.scrollTop + list.clientHeight)) {
    list.scrollTop = current.offsetTop - list.clientHeight / 3;
  }
}

// Who held which team, where that is short enough to read.
function seated(game) {
  const names = game.sides.map(([team, agents]) => (agents.length > 2 ? null : team + ": " + agents.map((i) => index.agents[i]).join(", ")));
  return names.includes(null) ? game.agents.length + " agents share the teams" : names.join("; ");
}

async function open(i, view, scroll = false) {
  stopPlaying();
  state.game = i;
  state.view = view;
  const entry = index.games[i];
  drawList();
  const box = $("game");
  let game;
  try {
    game = (await chunk(entry.chunk))[entry.place];
  } catch (error) {
    box.replaceChildren(el("p", "notice", "This game could not be unpacked here (" + error + "). A newer browser can."));
    return;
  }
  if (state.game !== i || state.view !== view) return;
  const seats = Object.keys(game.roles);
  if (view !== null && !seats.includes(view)) view = state.view = null;
  history.replaceState(null, "", "#" + new URLSearchParams({ game: entry.id, ...(view === null ? {} : { seat: view }) }));
  box.replaceChildren(...draw(game, entry, seats, view, i));
  if (scroll) $("games").scrollIntoView();
}

function draw(game, entry, seats, view, i) {
  const hue = (seat) => Math.round((seats.indexOf(seat) * 360) / seats.length + 15);
  const named = (seat) => {
    const node = el("span", "seat", seat);
    node.style.setProperty("--hue", hue(seat));
    return node;
  };
  const hears = (event) => view === null || event.to === null || event.to.includes(view);
  const teamOf = {};
  for (const [team, members] of Object.entries(game.teams)) for (const seat of members) teamOf[seat] = team;

  const parts = [el("h3", "", entry.id)];
  parts.push(el("p", "hint", view === null
    ? "From above: everything that happened, private events and rewards included."
    : "What " + view + " saw and replied, and nothing else. Its role: " + game.roles[view] + "."));
  const views = el("div", "views", button("From above", view === null, () => open(i, null)));
  for (const seat of seats) views.append(button(seat, view === seat, () => open(i, seat)));
  parts.push(views);
  if (view === null) {
    const cast = el("div", "cast");
    for (const seat of seats) {
      cast.append(el("div", "", named(seat), " " + game.roles[seat] + " ", el("span", "", "(" + teamOf[seat] + ", " + (game.players[seat] ?? "nobody") + ")")));
    }
    parts.push(cast);
    if (game.course) {
      const at = state.moment, address = { game: entry.id };
      state.moment = null;
      parts.push(courseView(game, el, at, (moment) => history.replaceState(null, "", "#" + new URLSearchParams(moment ? { ...address, moment } : address))));
    }
  }

  const tell = (event) => {
    const speaker = typeof event.seat === "string" && seats.includes(event.seat) ? event.seat : null;
    const hidden = event.to !== null && event.to.length === 0;
    const node = el("div", "event" + (hidden ? " hidden" : event.to === null ? "" : " private") + (speaker === null ? "" : " by"));
    if (speaker !== null) node.style.setProperty("--hue", hue(speaker));
    if (event.to !== null) node.append(el("span", "who", hidden ? "hidden from every seat" : view === null ? "only " + event.to.join(", ") : event.to.length > 1 ? "told to you and " + event.to.filter((s) => s !== view).join(", ") : "told to you alone"));
    // A brief is long and the same in every game: from above it waits folded
    if (view === null && event.text.length > 600) node.append(el("details", "", el("summary", "", event.text.slice(0, 100) + "\u2026"), event.text));
    else node.append(visible(event.text));
    return node;
  };
  const fault = (turn) => {
    const lines = turn.attempts.map(([reply, why]) => el("div", "fault", el("span", "who", turn.seat + ", " + turn.kind + ", refused: " + why), reply));
    if (turn.by !== "seat") lines.push(el("div", "fault", el("span", "who", turn.seat + (turn.by === "forfeit" ? " forfeited" : ": no legal reply") + ", " + turn.kind + ", played instead: " + turn.action), turn.why ?? ""));
    return lines;
  };

  parts.push(...game.opening.filter(hears).map(tell));
  const sums = Object.create(null), ledger = Object.create(null);
  let phase = null;
  for (const step of game.steps) {
    const events = step.events.filter(hears);
    const own = step.turns.filter((turn) => turn.seat === view);
    if (!events.length && !own.length && view !== null) continue;
    if (step.phase !== phase) parts.push(el("div", "phase", (phase = step.phase)));
    if (view === null) {
      for (const turn of step.turns) parts.push(...fault(turn));
      for (const [seat, call] of step.calls) {
        const node = el("div", "call", named(seat), " ", el("code", "", call));
        node.style.setProperty("--hue", hue(seat));
        parts.push(node);
      }
    } else {
      for (const turn of own) {
        parts.push(...fault(turn));
        if (turn.by === "seat") parts.push(el("div", "reply", el("span", "who", "your reply (" + turn.kind + ")"), turn.reply));
      }
    }
    parts.push(...events.map(tell));
    if (view !== null) continue;
    if (step.turns.length) {
      const many = step.turns.length > 1;
      const raw = el("details", "", el("summary", "", many ? step.turns.length + " replies as given" : "the reply as given"));
      raw.addEventListener("toggle", () => {
        if (raw.open && raw.childElementCount === 1) {
          for (const turn of step.turns) raw.append(el("div", "reply", el("span", "who", turn.seat + " (" + turn.kind + ")"), turn.reply));
        }
      });
      parts.push(raw);
    }
    if (step.terms.length) {
      const pay = el("div", "pay");
      const touched = new Set();
      for (const [name, to, paid] of step.terms) {
        pay.append(el("span", "", el("b", "", number(paid)), " " + to + ", " + name.replaceAll("_", " ")));
        for (const seat of game.teams[to] ?? [to]) { sums[seat] = (sums[seat] ?? 0) + paid; touched.add(seat); }
        const row = (ledger[name] ??= Object.create(null));
        row[to] = (row[to] ?? 0) + paid;
      }
      pay.append(el("span", "sums", "so far: " + [...touched].map((seat) => seat + " " + (number(sums[seat]) || "0")).join(", ")));
      parts.push(pay);
    }
  }
  const end = el("div", "end", game.ending ?? "This game was not finished.");
  if (view === null) end.append(el("small", "", "Returns: " + seats.map((s) => s + " " + number(game.returns[s] ?? 0)).join(", ")));
  parts.push(end);
  if (view === null && Object.keys(ledger).length) parts.push(account(ledger, game, seats));
  return parts;
}

// Every term of the game by who was paid: seats, then teams, whose terms go to each of their seats.
function account(ledger, game, seats) {
  const paid = [...seats, ...Object.keys(game.teams)].filter((to) => Object.values(ledger).some((row) => to in row));
  const head = el("tr", "", el("th", "name", "reward term"), ...paid.map((to) => el("th", "", to + (to in game.teams ? " (each seat)" : ""))));
  const body = Object.keys(ledger).sort().map((name) =>
    el("tr", "", el("td", "name", name.replaceAll("_", " ")), ...paid.map((to) => el("td", "", to in ledger[name] ? number(ledger[name][to]) || "0" : "")))
  );
  return el("div", "scroll", el("table", "ledger", el("thead", "", head), el("tbody", "", ...body)));
}

function options(select, all, entries) {
  select.append(new Option(all, ""));
  for (const [value, label] of entries) select.append(new Option(visible(label), value));
  select.addEventListener("change", () => { state.shown = STEP; drawList(); const found = listed(); if (found.length) open(found[0].i, null); });
}

function fromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const found = index.games.findIndex((game) => game.id === asked.get("game"));
  state.moment = /^\d+$/.test(asked.get("moment") ?? "") ? Number(asked.get("moment")) : null;
  if (found >= 0) open(found, asked.get("seat"), true);
  else open(0, null); // no game is asked for, or none that is here
}

if (index.games.length) {
  options($("by-agent"), "anyone", index.agents.map((name, i) => [String(i), name]));
  const winners = [...new Set(index.games.map((game) => String(game.winner)))].sort();
  options($("by-winner"), "any", winners.map((name) => [name, name === "null" ? "nobody" : name]));
  $("reader").hidden = false;
  fromAddress();
  window.addEventListener("hashchange", fromAddress);
}

const theme = $("theme");
const isDark = () => (document.documentElement.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const label = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
theme.hidden = false;
theme.addEventListener("click", () => { document.documentElement.style.colorScheme = isDark() ? "light" : "dark"; label(); });
label();
