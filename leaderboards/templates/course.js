"use strict";
// The course of one analysed game: who was held to be a wolf, moment by moment, and where the votes went.
// Keys while it has the focus: left and right step, home and end jump, space plays.
let playing = null;
function stopPlaying() { if (playing !== null) { clearInterval(playing); playing = null; } }

function svgEl(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// Every moment in order: beliefs at dawn, after each speech, and the votes that end the day.
function courseMoments(course) {
  const all = [];
  for (const [day, of] of Object.entries(course.days)) {
    const last = of.moments[of.moments.length - 1];
    for (const moment of of.moments) all.push({ day, ...moment, votes: null, would: moment === last ? of.would : null });
    const cast = course.cast.votes[day];
    if (cast) all.push({ day, place: null, held: last ? last.held : [], stirred: null, votes: cast, would: of.would });
  }
  return all;
}

function courseTitle(moment, course) {
  if (moment.votes) return "Day " + moment.day + ": the votes";
  if (moment.place === null) return "Day " + moment.day + ": before anybody speaks";
  return "Day " + moment.day + ": after " + course.cast.speeches[moment.place].seat + " spoke";
}

const percent = (share) => (share > 0 ? "+" : share < 0 ? "\u2212" : "\u00b1") + Math.round(Math.abs(share) * 100);

// `at`: the moment that is shown first; `tell` is told which one is shown then.
function courseView(game, el, at, tell) {
  const course = game.course, seats = course.seats, moments = courseMoments(course);
  const wolves = new Set(game.teams.wolves ?? []);
  const moved = new Map(course.speeches.map((speech) => [speech.place, speech]));
  const box = el("div", "course");
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Suspicion and votes, moment by moment");
  const title = el("h4", "", ""), told = el("p", "said", ""), stage = el("div", "stage");
  const slider = el("input", "");
  Object.assign(slider, { type: "range", min: 0, max: moments.length - 1, value: 0 });
  slider.setAttribute("aria-label", "Moment");
  const back = el("button", "", "\u2190"), on = el("button", "", "\u2192"), auto = el("button", "play", "Play");
  back.setAttribute("aria-label", "Earlier");
  on.setAttribute("aria-label", "Later");
  for (const node of [back, on, auto]) node.type = "button";

  const short = (seat) => seat.replace("player_", "");
  function heat(moment) {
    const table = el("table", "heat");
    const head = el("tr", "", el("th", "", "holds"));
    for (const seat of seats) head.append(el("th", wolves.has(seat) ? "wolf" : "", short(seat)));
    table.append(el("thead", "", head));
    const body = el("tbody", "");
    seats.forEach((observer, i) => {
      const row = el("tr", "", el("th", wolves.has(observer) ? "wolf" : "", short(observer)));
      const held = moment.held[i], would = held ? null : moment.would?.[observer];
      seats.forEach((seat, j) => {
        const share = would?.[seat];
        if (share) {
          const cell = el("td", "", String(Math.round(100 * share)));
          cell.style.background = "color-mix(in oklab, var(--win) " + Math.round(share * 80) + "%, var(--page))";
          cell.title = observer + " would vote for " + seat + " in " + Math.round(100 * share) + "% of the forks";
          row.append(cell);
          return;
        }
        const p = held ? held[j] : null;
        const cell = el("td", p === null ? "none" : "", p === null ? "" : String(p));
        if (p !== null) {
          cell.style.background = "color-mix(in oklab, var(--lose) " + Math.round(p * 0.8) + "%, var(--page))";
          cell.title = observer + " holds " + seat + " to be a wolf: " + p + "%";
        }
        row.append(cell);
      });
      body.append(row);
    });
    table.append(body);
    return el("div", "scroll", table);
  }

  function arrows(moment) {
    const svg = svgEl("svg", { viewBox: "0 0 320 320", role: "img", class: "arrows" });
    svg.setAttribute("aria-label", "Votes: " + Object.entries(moment.votes.votes).map(([a, b]) => a + " for " + b).join(", "));
    const at = (seat) => { const a = (2 * Math.PI * seats.indexOf(seat)) / seats.length - Math.PI / 2; return [160 + 120 * Math.cos(a), 160 + 120 * Math.sin(a)]; };
    const id = "arrow-" + moment.day;
    const marker = svgEl("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" });
    marker.append(svgEl("path", { d: "M0 0L8 4L0 8z", fill: "var(--accent)" }));
    const defs = svgEl("defs", {});
    defs.append(marker);
    svg.append(defs);
    for (const [from, to] of Object.entries(moment.votes.votes)) {
      if (!to) continue;
      const [x, y] = at(from), [u, v] = at(to), d = Math.hypot(u - x, v - y), k = 24 / d;
      svg.append(svgEl("path", { d: `M${x + (u - x) * k} ${y + (v - y) * k}Q${160 + ((x + u) / 2 - 160) * 0.75} ${160 + ((y + v) / 2 - 160) * 0.75} ${u - (u - x) * k} ${v - (v - y) * k}`, fill: "none", stroke: "var(--accent)", "stroke-width": 1.6, "marker-end": `url(#${id})` }));
    }
    for (const seat of seats) {
      const [x, y] = at(seat), alive = seat in moment.votes.votes;
      svg.append(svgEl("circle", { cx: x, cy: y, r: 17, fill: wolves.has(seat) ? "var(--warn-soft)" : "var(--card)", stroke: seat === moment.votes.out ? "var(--lose)" : "var(--line)", "stroke-width": seat === moment.votes.out ? 3 : 1.5, opacity: alive ? 1 : 0.35 }));
      const label = svgEl("text", { x, y: y + 4, "text-anchor": "middle", fill: wolves.has(seat) ? "var(--warn)" : "var(--ink)", "font-size": 12, opacity: alive ? 1 : 0.35 });
      label.textContent = short(seat);
      svg.append(label);
    }
    return svg;
  }

  function show(i) {
    i = Math.max(0, Math.min(moments.length - 1, i));
    slider.value = i;
    const moment = moments[i];
    title.textContent = courseTitle(moment, course);
    const speech = moment.place === null || moment.votes ? null : course.cast.speeches[moment.place];
    const effect = speech ? moved.get(moment.place) : null;
    const lines = [];
    if (speech) lines.push(speech.text);
    if (effect) lines.push("Of 100 votes of its listeners it moved " + Math.round(effect.moved * 100) + ", " + percent(effect.persuades[0]) + " to the other side" + (Object.keys(effect.shift).length ? " (" + Object.entries(effect.shift).map(([seat, share]) => seat + " " + percent(share)).join(", ") + ")" : "") + ".");
    if (moment.votes) lines.push(moment.votes.out ? moment.votes.out + " is voted out." : "Nobody is voted out.");
    if (moment.stirred !== null) lines.push("Probability that moved: " + moment.stirred.toFixed(2) + " wolves per observer.");
    told.replaceChildren(...lines.map((line) => el("span", "", line)));
    stage.replaceChildren(...(moment.votes ? [arrows(moment)] : []), heat(moment));
    tell(i);
    for (const node of box.querySelectorAll(".stirs button")) node.setAttribute("aria-pressed", String(Number(node.dataset.at) === i));
  }
  const step = (by) => show(Number(slider.value) + by);
  function play() {
    if (playing !== null) { stopPlaying(); auto.textContent = "Play"; return; }
    if (Number(slider.value) >= moments.length - 1) show(0);
    auto.textContent = "Stop";
    playing = setInterval(() => {
      if (!box.isConnected || Number(slider.value) >= moments.length - 1) { stopPlaying(); auto.textContent = "Play"; return; }
      step(1);
    }, 900);
  }
  back.addEventListener("click", () => step(-1));
  on.addEventListener("click", () => step(1));
  auto.addEventListener("click", play);
  slider.addEventListener("input", () => show(Number(slider.value)));
  box.addEventListener("keydown", (event) => {
    if (event.target !== box) return; // the slider and the buttons have keys of their own
    const act = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => show(0), End: () => show(moments.length - 1), " ": play }[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  const stirs = el("div", "stirs");
  const most = moments.map((moment, i) => ({ i, moment })).filter(({ moment }) => moment.stirred).sort((a, b) => b.moment.stirred - a.moment.stirred).slice(0, 5);
  for (const { i, moment } of most) {
    const node = el("button", "", courseTitle(moment, course) + " (" + moment.stirred.toFixed(2) + ")");
    node.type = "button";
    node.dataset.at = i;
    node.addEventListener("click", () => show(i));
    stirs.append(node);
  }
  box.append(el("h4", "", "Suspicion and votes"), el("p", "hint", "Rows hold columns to be wolves, in percent (orange); of those who cannot say so, whom they would vote for when all have spoken (blue). Wolves are marked. Arrow keys step, space plays."), el("div", "controls", back, slider, on, auto), title, told, stage);
  if (most.length) box.append(el("p", "hint", "Where the most probability moved:"), stirs);
  show(at ?? 0);
  return box;
}
