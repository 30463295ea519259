/** The data of a plot. */

/** The least length of the time axis, even if the daemon has run for a shorter time. */
const LEAST_MS = 600_000;

/** The plotted form: times in seconds, and, if there are few, an empty time before the first. @param {import('./plot.js').Figures} figures */
export function dataOf({ times, lines }) {
    const last = times.at(-1) ?? Date.now(), begin = last - LEAST_MS;
    const isShort = times.length < 2 || times[0] > begin;
    const all = isShort ? [begin, ...(times.length ? times : [last])] : times;
    const pad = (/** @type {(number | null)[]} */ values) => (isShort ? [null, ...(times.length ? values : [null])] : values);
    return [all.map((time) => time / 1000), ...lines.map(({ values }) => pad(values))];
}
