// Says the server's UTC times in the viewer's zone, keeps "4 min ago" true, and counts down.
// The words are those of tenantry/web/formats.py.
const SECOND = 1000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const JUST_NOW = 45;
const RELATIVE_DAYS = 30;
const REFRESH_MS = 15 * SECOND;

// A viewer's clock may be wrong; the server's is the one that counts.
const served = Date.parse(document.querySelector('meta[name="server-now"]')?.content ?? "");
const offset = Number.isNaN(served) ? 0 : served - Date.now();
const now = () => Date.now() + offset;

const inWords = (options) => new Intl.DateTimeFormat("en-GB", options);
const DATE = { day: "numeric", month: "short", year: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const SECONDS = { ...CLOCK, second: "2-digit" };
const styles = {
  exact: inWords({ ...DATE, ...CLOCK }),
  precise: inWords({ ...DATE, ...SECONDS }),
  date: inWords(DATE),
  time: inWords(SECONDS),
};

export const relative = (then, at) => {
  const difference = Math.round((at - then) / SECOND);
  const isAhead = difference < 0;
  const seconds = Math.abs(difference);
  let words;
  if (seconds < JUST_NOW) return isAhead ? "in a moment" : "just now";
  if (seconds < HOUR) words = `${Math.max(1, Math.round(seconds / MINUTE))} min`;
  else if (seconds < DAY) words = `${Math.round(seconds / HOUR)} h`;
  else if (seconds < RELATIVE_DAYS * DAY) {
    const days = Math.round(seconds / DAY);
    words = days === 1 ? "1 day" : `${days} days`;
  } else return styles.date.format(then);
  return isAhead ? `in ${words}` : `${words} ago`;
};

export const remaining = (until, at) => {
  const seconds = Math.round((until - at) / SECOND);
  if (seconds <= 0) return "time is up";
  if (seconds < 2 * MINUTE) {
    const minutes = Math.floor(seconds / MINUTE);
    return minutes ? `${minutes} min ${seconds % MINUTE} s left` : `${seconds} s left`;
  }
  if (seconds < HOUR) return `${Math.ceil(seconds / MINUTE)} min left`;
  if (seconds < DAY) {
    const hours = Math.floor(seconds / HOUR);
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return minutes ? `${hours} h ${minutes} min left` : `${hours} h left`;
  }
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day left" : `${days} days left`;
};

const say = (place, words) => {
  if (place.textContent !== words) place.textContent = words;
};

const sayOne = (place) => {
  const then = Date.parse(place.dateTime);
  if (Number.isNaN(then)) return;
  const style = place.dataset.when;
  say(place, style === "relative" ? relative(then, now()) : (styles[style] ?? styles.exact).format(then));
};

const count = (place) => {
  const until = Date.parse(place.dataset.countdown);
  if (Number.isNaN(until)) return;
  say(place.querySelector("[data-left]") ?? place, remaining(until, now()));
  if (until <= now() && !place.dataset.done) {
    place.dataset.done = "yes";
    place.dispatchEvent(new CustomEvent("countdown:done", { bubbles: true }));
  }
};

const within = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

export const sayTimes = (root) => {
  within(root, "time[data-when]").forEach(sayOne);
  within(root, "[data-countdown]").forEach(count);
};

export const keepTime = () => {
  setInterval(() => document.querySelectorAll('time[data-when="relative"]').forEach(sayOne), REFRESH_MS);
  setInterval(() => document.querySelectorAll("[data-countdown]").forEach(count), SECOND);
};
