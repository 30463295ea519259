/** The data of a plot. */

/** So much of the time axis is there at least, however short the daemon has run. */
const LEAST_MS = 600_000;

/** As it is plotted: times in seconds, and before the first a time of nothing where there are few. @param {import('./plot.js').Figures} figures */
export function dataOf({ times, lines }) {
    const last = times.at(-1) ?? Date.now(), begin = last - LEAST_MS;
    const isShort = times.length < 2 || times[0] > begin;
    const all = isShort ? [begin, ...(times.length ? times : [last])] : times;
    const pad = (/** @type {(number | null)[]} */ values) => (isShort ? [null, ...(times.length ? values : [null])] : values);
    return [all.map((time) => time / 1000), ...lines.map(({ values }) => pad(values))];
}
