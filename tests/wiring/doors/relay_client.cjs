// Run as a process of its own: Kite's official JavaScript ticker, unchanged but for `root`, on the relay of a run.
// Reads a line of JSON, listens until another line comes, and writes what it saw.
const {KiteTicker, KiteConnect} = require("kiteconnect");
const lines = require("node:readline").createInterface({input: process.stdin})[Symbol.asyncIterator]();

async function main() {
  const said = JSON.parse((await lines.next()).value);
  const calls = {}, modes = {}, texts = [];
  const count = name => { calls[name] = (calls[name] || 0) + 1; };
  const ticker = new KiteTicker({api_key: "any", access_token: "thing", root: said.ws + "/"});
  let frames = 0, longest = 0, at = Date.now();
  ticker.on("connect", () => { count("connect"); ticker.subscribe(said.tokens); ticker.setMode("full", said.tokens); });
  ticker.on("ticks", ticks => {
    frames += 1;
    longest = Math.max(longest, Date.now() - at);
    at = Date.now();
    for (const tick of ticks) modes[tick.instrument_token] = tick.mode;
  });
  ticker.on("message", message => { if (!(message instanceof ArrayBuffer)) texts.push(message.data); });
  for (const name of ["close", "disconnect", "error", "reconnect", "noreconnect"]) ticker.on(name, () => count(name));
  ticker.autoReconnect(true, 50, 5);
  ticker.connect();
  await lines.next();
  const kite = new KiteConnect({api_key: "any", root: said.rest});
  kite.setAccessToken("thing");
  const quotes = await kite.getLTP(["NSE:INFY"]);
  const listed = await kite.getInstruments("NSE");
  const rest = {ltp: quotes["NSE:INFY"].last_price, instruments: listed.length};
  process.stdout.write(JSON.stringify({calls, frames, modes, texts, longest_gap_s: longest / 1000, rest}),
    () => process.exit(0));
}
main();
