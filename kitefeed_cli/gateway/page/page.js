"use strict";
// Every text is set as text; nothing here makes markup of what came over the wire.
const $ = id => document.getElementById(id);
const rows = new Map();  // by instrument token
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const clock = new Intl.DateTimeFormat("en-GB", {timeZone: "Asia/Kolkata", hour: "2-digit", minute: "2-digit", second: "2-digit"});
const count = new Intl.NumberFormat("en-US");
const priced = Object.fromEntries([2, 4].map(digits =>
  [digits, new Intl.NumberFormat("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits})]));
const STATES = {live: "LIVE", partial: "PARTLY LIVE", connecting: "CONNECTING", polling: "POLLING", stale: "STALE",
  "signed-out": "SIGNED OUT", closed: "MARKET CLOSED", unknown: "CONNECTED, NO NEWS", starting: "STARTING"};
const MADE_BY = document.querySelector("meta[name=made-by]").content;
let skew = 0;  // this computer's clock minus the feed's, in milliseconds
let heard = Date.now();
let serves = true;

const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const element = (name, text, kind) => {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  if (kind) node.className = kind;
  return node;
};
const age = ms => {
  const s = Math.max(0, ms / 1000);
  if (s < 10) return s.toFixed(1) + " s";
  if (s < 120) return Math.round(s) + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  return Math.round(s / 3600) + " h";
};

// ------------------------------------------------------------- instruments

class Row {
  constructor(one) {
    this.name = one.name;
    this.decimals = one.decimals;
    this.spark = one.spark;
    this.price = this.change = null;
    this.source = "";
    this.at = 0;
    this.tr = element("tr");
    this.cells = ["", "num", "num", "spark", "source", "num"].map(kind => element("td", "", kind));
    this.cells[0].textContent = this.cells[0].title = one.name;
    this.canvas = document.createElement("canvas");
    this.canvas.width = 168;
    this.canvas.height = 40;
    this.cells[3].append(this.canvas);
    this.tr.append(...this.cells);
    this.tr.hidden = !matches(this);
    this.seen = false;
    this.drawn = 0;
  }
  take([, price, change, source, at]) {
    Object.assign(this, {price, change, source, at});
  }
  show(now) {
    if (this.price === null) return;
    set(this.cells[1], priced[this.decimals].format(this.price));
    const change = this.change === null ? "" : (this.change > 0 ? "+" : "") + this.change.toFixed(2) + "%";
    set(this.cells[2], change);
    const kind = "num" + (this.change > 0 ? " up" : this.change < 0 ? " down" : "");
    if (this.cells[2].className !== kind) this.cells[2].className = kind;
    set(this.cells[4], this.source);
    this.grow(now);
  }
  grow(now) {
    if (!this.at) return;
    set(this.cells[5], age(now - this.at));
    const old = this.source === "last-known" || !serves;
    if (this.tr.classList.contains("old") !== old) this.tr.classList.toggle("old", old);
  }
  draw() {
    const points = this.spark, c = this.canvas.getContext("2d"), {width, height} = this.canvas;
    c.clearRect(0, 0, width, height);
    if (points.length < 2) return;
    const low = Math.min(...points), span = Math.max(...points) - low || 1;
    c.strokeStyle = paint.ink;
    c.lineWidth = 2;
    c.beginPath();
    points.forEach((value, at) =>
      c.lineTo((60 - points.length + at) * (width - 2) / 59 + 1, height - 3 - (value - low) / span * (height - 6)));
    c.stroke();
  }
}

const matches = row => row.name.toLowerCase().includes($("filter").value.trim().toLowerCase());
$("filter").addEventListener("input", () => { for (const row of rows.values()) row.tr.hidden = !matches(row); });
const seeing = new IntersectionObserver(entries => {
  for (const entry of entries) entry.target.row.seen = entry.isIntersecting;
});

function all(event) {
  rows.clear();
  seeing.disconnect();
  for (const one of event.instruments) {
    const row = new Row(one);
    row.tr.row = row;
    rows.set(one.token, row);
    seeing.observe(row.tr);
  }
  $("rows").replaceChildren(...[...rows.values()].map(row => row.tr));
  set($("more"), event.more ? "and " + count.format(event.more) + " more" : "");
  delays.splice(0, delays.length, ...event.seconds);
}

function ticks(values) {
  const now = Date.now() - skew;
  for (const value of values) {
    const row = rows.get(value[0]);
    if (row) { row.take(value); row.show(now); }
  }
}

// ------------------------------------------------------------------ state

function second(event, now) {
  const state = event.state, word = STATES[state.state] || state.state.toUpperCase();
  serves = state.serves;
  $("state").dataset.state = state.state;
  set($("word"), word);
  document.title = word + " - kitefeed";
  const source = state.source ? "prices from " + state.source : "no source: last known prices";
  const frame = state.frame_age_s === null ? "feed not open" : "last frame " + state.frame_age_s.toFixed(1) + " s ago";
  set($("about"), [source, frame, state.why].filter(Boolean).join(" - "));
  $("problem").hidden = !state.problem;
  if (state.problem) {
    set($("what"), state.problem.what);
    set($("why"), state.problem.why);
    const next = state.problem.next_step;
    set($("next"), state.login && next.startsWith("run `kitefeed login`") ? "press LOGIN, or " + next : next);
  }
  $("login").hidden = !state.login;
  $("login").classList.toggle("needed", state.state === "signed-out");
  notice(state.login_news);
  counters(state);
  if (event.spans.length) spans = event.spans;
  day(now);
  if (event.second) {
    if (!delays.length || delays[delays.length - 1][0] !== event.second[0]) delays.push(event.second);
    while (delays.length > 300) delays.shift();
    plot();
  }
}

// News of a login, for half a minute.
function notice(text) {
  if (text !== notice.text) { notice.text = text; notice.since = Date.now(); }
  $("notice").hidden = !text || (text.startsWith("Logged in") && Date.now() - notice.since > 30000);
  set($("notice"), text || "");
}

function counters(state) {
  const c = state.counters, sent = state.clients.reduce((sum, one) => sum + one.sent, 0);
  const behind = state.clients.filter(one => one.behind_s > 0).length;
  const off = Object.values(c.clients_sent_off).reduce((sum, one) => sum + one, 0);
  const shown = {"Instruments": state.instruments, "Ticks received": c.ticks, "Programs connected": state.clients.length,
    "Ticks sent to them": sent, "Programs behind now": behind, "Programs sent off": off};
  for (const [name, value] of Object.entries(c.more || {})) shown[name] = value;
  const list = $("counters");
  Object.entries(shown).forEach(([name, value], at) => {
    if (!list.children[2 * at]) list.append(element("dt"), element("dd"));
    set(list.children[2 * at], name);
    set(list.children[2 * at + 1], typeof value === "number" ? count.format(value) : String(value));
  });
}

// --------------------------------------------------------------- timeline

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = {live: 10, closed: 10, unknown: 10, partial: 18, connecting: 18, starting: 10, polling: 24, stale: 34, "signed-out": 34};
let spans = [];  // [state, why, from, to]; the last one goes on
const TONE = {live: "live", partial: "polling", polling: "polling", stale: "stale", "signed-out": "out"};

// Height and pattern tell the states apart without colour: the worse, the taller; stale is striped.
function day(now) {
  if (!spans.length) return;
  const start = spans[0][2], end = Math.max(now, start + 60000), svg = $("day"), width = 1000;
  svg.setAttribute("viewBox", `0 0 ${width} 34`);
  const bands = spans.map(([state, why, from, to], at) => {
    const until = at === spans.length - 1 ? now : to, x = (from - start) / (end - start) * width;
    const band = document.createElementNS(SVG, "rect"), tall = HEIGHT[state] || 18;
    const box = {x, y: 34 - tall, width: Math.max(1.5, (until - from) / (end - start) * width), height: tall};
    for (const [name, value] of Object.entries(box)) band.setAttribute(name, value);
    band.setAttribute("fill", css("--" + (TONE[state] || "rest")));
    if (state === "stale") band.setAttribute("fill-opacity", ".6");
    const title = document.createElementNS(SVG, "title");
    title.textContent = [state, why, clock.format(from) + " to " + clock.format(until)].filter(Boolean).join(", ");
    band.append(title);
    return band;
  });
  svg.replaceChildren(...bands);
  set($("day-from"), clock.format(start));
  set($("day-to"), clock.format(end));
  const good = ["live", "closed", "unknown", "starting"];
  const bad = spans.map((span, at) => [...span, at === spans.length - 1]).filter(span => !good.includes(span[0]));
  const key = bad.map(span => span.join()).join("|") + (bad.length && bad[bad.length - 1][4] ? now : "");
  if (key === day.key) return;
  day.key = key;
  $("outages").replaceChildren(...bad.slice(-8).reverse().map(([state, why, from, to, open]) => {
    const line = element("li");
    line.append(element("b", state), element("span", clock.format(from)),
      element("span", open ? "since " + age(now - from) : age(to - from)), element("span", why || "", "quiet"));
    return line;
  }));
}

// ------------------------------------------------------------------- delay

const delays = [];  // [at, here, exchange], milliseconds
let chart = null;
const paint = {};
const unit = ms => ms >= 1000 ? ms / 1000 + " s" : ms + " ms";

function colours() {
  Object.assign(paint, {ink: css("--ink"), quiet: css("--quiet"), line: css("--line"), ours: css("--live"), theirs: css("--polling")});
}

function chartOf() {
  const axis = {stroke: paint.quiet, grid: {stroke: paint.line, width: 1}, ticks: {show: false}, font: "11px system-ui"};
  return new uPlot({
    width: $("delay").clientWidth, height: 170, legend: {show: false}, cursor: {show: false},
    scales: {x: {time: true}, y: {distr: 3, range: (_, low, high) => [Math.min(low, 0.1) || 0.1, Math.max(high, 10000)]}},
    axes: [{...axis, space: 70, values: (_, at) => at.map(s => clock.format(s * 1000))},
      {...axis, size: 52, splits: () => [0.1, 1, 10, 100, 1000, 10000], filter: (_, at) => at,
        values: (_, at) => at.map(unit)}],
    series: [{}, {stroke: paint.ours, width: 2, points: {show: false}},
      {stroke: paint.theirs, width: 2, dash: [5, 4], points: {show: false}}],
  }, [[], [], []], $("delay"));
}

function plot() {
  if (!chart) chart = chartOf();
  const above = value => value === null ? null : Math.max(0.05, value);
  chart.setData([delays.map(d => d[0] / 1000), delays.map(d => above(d[1])), delays.map(d => above(d[2]))]);
}

function repaint() {
  colours();
  if (chart) { chart.destroy(); chart = null; plot(); }
  for (const row of rows.values()) row.draw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new ResizeObserver(() => { if (chart) chart.setSize({width: $("delay").clientWidth, height: 170}); }).observe($("delay"));

// ---------------------------------------------------------------- messages

let beats = 0;
setInterval(() => {
  const now = Date.now() - skew;
  for (const row of rows.values()) {
    if (beats % 2 === 0 && row.price !== null) {
      row.spark.push(row.price);
      if (row.spark.length > 60) row.spark.shift();
      row.drawn = 0;
    }
    if (row.seen) {
      row.grow(now);
      if (!row.drawn) { row.draw(); row.drawn = 1; }
    }
  }
  beats++;
  if (Date.now() - heard > 5000) {
    $("state").dataset.state = "gone";
    set($("word"), "KITEFEED DOES NOT ANSWER");
    set($("about"), "heard last " + age(Date.now() - heard) + " ago; this page tries again by itself");
    serves = false;
  }
}, 1000);

function listen() {
  const events = new EventSource("/ui/events");
  // The word and the prices of a message in one go: nobody sees the one without the other.
  events.onmessage = message => {
    const told = JSON.parse(message.data);
    heard = Date.now();
    // Another run answers: its LOGIN takes another nonce, and the page may be another as well.
    if (told.all && told.all.made_by !== MADE_BY) { events.close(); location.reload(); return; }
    skew = heard - told.now;
    if (told.all) all(told.all);
    if (told.second) second(told.second, told.now);
    if (told.ticks) ticks(told.ticks);
  };
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

colours();
listen();
