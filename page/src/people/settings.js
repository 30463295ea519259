/**
 * What the person who lends this browser can set, in the page and, by the same names, in the link's fragment. What is chosen in
 * the page is kept by the browser; a link's settings hold for its tab. A value that is not allowed is replaced by the default,
 * which is said in a sentence. Pure: nothing here needs a browser.
 */

/** @typedef {'high-performance' | 'low-power' | 'cpu'} Device */
/** Limits are in bytes; `memoryLimit` 0: the service's.
 * @typedef {{preferredDevice: Device, memoryLimit: number, storageLimit: number, pauseOnBattery: boolean, pauseWhileHidden: boolean,
 *   minutesPerHour: number, wakeLock: boolean, maxPeers: number, discoveryInterval: number, carryOthers: boolean, carryLimit: number,
 *   carryMinutes: number}} Values */
/** `otherwise`: the default; `read`: undefined for what is not allowed; `isPersons`: a link says nothing of it.
 * @template T @typedef {{otherwise: T, expected: string, instead: string, read: (text: string) => T | undefined, isPersons?: true}} Row */

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;
/** The longest link, and the longest text that the browser keeps, from which settings are read, in characters. */
export const LONGEST = 4096;
/** What is shown of a value that is not allowed. */
const SHOWN = 40;
/** All of an hour. */
export const MINUTES = 60;
/** Other pages. */
export const PEERS = 50;
/** The longest time for which another page is carried. */
export const CARRY_MINUTES = 1440;
/** What a fragment may have besides settings. */
const OTHERS = ['token', 'start', 'paused', 'gpu', 'nudge'];

/** @param {number} least @param {number} most @returns {(text: string) => number | undefined} */
const whole = (least, most) => (text) => (/^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined);

/** No limit, or one that has room for something. @param {string} text */
const wholeOrNone = (text) => (text === '0' ? 0 : whole(MIB, TIB)(text));

/** @param {string} text */
const yesOrNo = (text) => (text === 'yes' ? true : text === 'no' ? false : undefined);

/** @type {readonly Device[]} */
export const DEVICES = ['high-performance', 'low-power', 'cpu'];

/** The browser keeps so many bytes of models' files if it grants twice that: enough for several models of the sizes that a page
 * loads, which leaves room on a disk for other things. @type {{[Name in keyof Values]: Row<Values[Name]>}} */
export const SETTINGS = {
    preferredDevice: { otherwise: 'high-performance', expected: 'high-performance, low-power or cpu', instead: 'the fastest device is used',
        read: (text) => DEVICES.find((device) => device === text) },
    memoryLimit: { otherwise: 0, expected: `0, or a number of bytes from ${MIB} to ${TIB}`, instead: 'there is no limit but the service’s', read: wholeOrNone },
    storageLimit: { otherwise: 16 * GIB, expected: `a number of bytes from 0 to ${TIB}`, instead: 'up to 16 GiB are kept', read: whole(0, TIB) },
    pauseOnBattery: { otherwise: false, expected: 'yes or no', instead: 'it is no', read: yesOrNo },
    pauseWhileHidden: { otherwise: false, expected: 'yes or no', instead: 'it is no', read: yesOrNo },
    wakeLock: { otherwise: false, expected: 'yes or no', instead: 'it is no', read: yesOrNo },
    minutesPerHour: { otherwise: MINUTES, expected: `a number from 1 to ${MINUTES}`, instead: 'there is no limit', read: whole(1, MINUTES) },
    maxPeers: { otherwise: 0, expected: `a number from 0 to ${PEERS}`, instead: 'this page connects to no other pages', read: whole(0, PEERS) },
    discoveryInterval: { otherwise: 30_000, expected: 'a number of milliseconds from 5000 to 3600000', instead: 'it is 30000', read: whole(5000, 3_600_000) },
    carryOthers: { otherwise: false, expected: 'yes or no', instead: 'this page carries no others', read: yesOrNo, isPersons: true },
    carryLimit: { otherwise: 256 * MIB, expected: `a number of bytes from ${MIB} to ${TIB}`, instead: 'it is 256 MiB', read: whole(MIB, TIB), isPersons: true },
    carryMinutes: { otherwise: 60, expected: `a number from 1 to ${CARRY_MINUTES}`, instead: 'it is 60', read: whole(1, CARRY_MINUTES), isPersons: true },
};

/** @type {(keyof Values)[]} */
const NAMES = /** @type {any} */ (Object.keys(SETTINGS));

/** What a fragment says, with what was wrong with it. @param {string} fragment without its # @returns {{asked: URLSearchParams, problem: string}} */
export function readFragment(fragment) {
    const asked = new URLSearchParams(fragment);
    if (fragment.length <= LONGEST) return { asked, problem: '' };
    for (const name of [...new Set(asked.keys())]) if (!OTHERS.includes(name)) asked.delete(name);
    return { asked, problem: `The link has ${fragment.length} characters. Settings are read from links of at most ${LONGEST} characters, so the defaults are used.` };
}

export class Settings {
    /** @param {URLSearchParams} asked the fragment; what is chosen in the page is removed from it @param {string} stored what
     * `store` was given last, or "" @param {(text: string) => boolean} store returns whether the browser keeps it
     * @param {string} [problem] with the fragment */
    constructor(asked, stored, store, problem = '') {
        this._asked = asked;
        this._store = store;
        /** In sentences. @type {string[]} */
        this.problems = problem ? [problem] : [];
        /** As texts, of those that are not the default. @type {Map<keyof Values, string>} */
        this._chosen = this._recall(stored);
        /** @type {Values} */
        this.values = /** @type {any} */ (Object.fromEntries(NAMES.map((name) => [name, this._value(name)])));
        /** Whether anything was set, here or by the link. */
        this.isChosen = this._chosen.size > 0 || NAMES.some((name) => asked.has(name));
        /** Whether the browser keeps what is chosen. */
        this.isKept = true;
        /** @type {(() => void)[]} */
        this._listeners = [];
    }

    /** @param {string} stored @returns {Map<keyof Values, string>} */
    _recall(stored) {
        const found = parse(stored);
        if (stored && !found) this.problems.push('The settings that this browser has kept cannot be read, so the defaults are used.');
        /** @type {[keyof Values, string][]} */
        const chosen = NAMES.flatMap((name) => (typeof found?.[name] === 'string' ? [[name, found[name]]] : []));
        return new Map(chosen.filter(([name, text]) => this._isAllowed(name, text, 'This browser has kept')));
    }

    /** @param {keyof Values} name @param {string} text @param {string} says who does */
    _isAllowed(name, text, says) {
        const problem = problemOf(name, text);
        if (problem) this.problems.push(`${says} ${name}=${text.slice(0, SHOWN)}, but ${problem}, so ${SETTINGS[name].instead}.`);
        return !problem;
    }

    /** @param {keyof Values} name */
    _value(name) {
        const { isPersons } = SETTINGS[name], chosen = this._chosen.get(name);
        const asked = isPersons ? null : this._asked.get(name);
        if (isPersons && this._asked.has(name)) this.problems.push(`The link says ${name}, but only the person at this page decides that.`);
        const text = asked === null ? chosen : this._isAllowed(name, asked, 'The link says') ? asked : undefined;
        return text === undefined ? SETTINGS[name].otherwise : SETTINGS[name].read(text);
    }

    /** @param {() => void} heard is told when a value was chosen */
    onChange(heard) {
        this._listeners.push(heard);
    }

    /** The person has chosen a value. @param {keyof Values} name @param {string} text "": the default
     * @returns {string} why it is not allowed, and then nothing has changed; or "" */
    choose(name, text) {
        const problem = text === '' ? '' : problemOf(name, text);
        if (problem) return problem;
        const value = text === '' ? SETTINGS[name].otherwise : SETTINGS[name].read(text);
        this._asked.delete(name);
        if (value === SETTINGS[name].otherwise) this._chosen.delete(name);
        else this._chosen.set(name, text);
        this.isKept = this._store(this._chosen.size > 0 ? JSON.stringify(Object.fromEntries(this._chosen)) : '');
        if (value === this.values[name]) return '';
        this.values = { ...this.values, [name]: value };
        for (const heard of this._listeners) heard();
        return '';
    }
}

/** A fragment with all of them, to open the page at another origin, for which the browser keeps others or none.
 * @param {Values} values @param {URLSearchParams} asked the present fragment @returns {URLSearchParams} */
export function carry(values, asked) {
    const carried = new URLSearchParams(asked);
    for (const name of NAMES) if (!SETTINGS[name].isPersons) carried.set(name, textOf(values[name]));
    return carried;
}

/** As a link says it. @param {Values[keyof Values]} value */
const textOf = (value) => (value === true ? 'yes' : value === false ? 'no' : String(value));

/** Why it is not allowed, or "". @param {keyof Values} name @param {string} text */
const problemOf = (name, text) => (SETTINGS[name].read(text) === undefined ? `${name} must be ${SETTINGS[name].expected}` : '');

/** @param {string} stored @returns {Record<string, any> | null} */
function parse(stored) {
    try {
        const found = stored.length <= LONGEST ? JSON.parse(stored) : null;
        return typeof found === 'object' && !Array.isArray(found) ? found : null;
    } catch {
        return null;
    }
}
