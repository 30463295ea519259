/** Python's strftime in English and in UTC: the same on every node. */
import { unsupported } from './errors.js';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
    'October', 'November', 'December'];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** Directives for others. @type {Record<string, string>} */
const SHORT = { F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M', D: '%m/%d/%y', c: '%a %b %e %H:%M:%S %Y', x: '%m/%d/%y', X: '%H:%M:%S' };

/** @param {number} number @param {number} [digits] @param {string} [fill] */
const padded = (number, digits = 2, fill = '0') => String(number).padStart(digits, fill);

/** @param {Date} time @param {string} format @returns {string} */
export function formatTime(time, format) {
    const parts = partsOf(time);
    return format.replace(/%(-?)(.?)/gs, (directive, isBare, letter) => {
        if (Object.hasOwn(SHORT, letter) && !isBare) return formatTime(time, SHORT[letter]);
        if (!Object.hasOwn(parts, letter)) throw unsupported(`"${directive}" in strftime_now`);
        return isBare ? parts[letter].replace(/^[0 ]+(?=\d)/, '') : parts[letter];
    });
}

/** @param {Date} time @returns {Record<string, string>} */
function partsOf(time) {
    const [year, month, date, day, hour] = [time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate(), time.getUTCDay(), time.getUTCHours()];
    const ofYear = Math.round((Date.UTC(year, month, date) - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
    return {
        Y: String(year), y: padded(year % 100), m: padded(month + 1), d: padded(date), e: padded(date, 2, ' '), j: padded(ofYear, 3),
        B: MONTHS[month], b: MONTHS[month].slice(0, 3), h: MONTHS[month].slice(0, 3), A: DAYS[day], a: DAYS[day].slice(0, 3), w: String(day), u: String(day || 7),
        H: padded(hour), I: padded(hour % 12 || 12), p: hour < 12 ? 'AM' : 'PM', M: padded(time.getUTCMinutes()), S: padded(time.getUTCSeconds()),
        f: `${padded(time.getUTCMilliseconds(), 3)}000`, Z: '', z: '', n: '\n', t: '\t', '%': '%',
    };
}
