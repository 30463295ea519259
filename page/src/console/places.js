/** Where a model could run: for each place what routing reports, and what the guard found. */

/** @typedef {{option: any, verdict: any, key: string}} Place `option` of /v1/hardware and `verdict` of the guard; either may be null */

/** The key of a place, from the fields that both lists have. @param {any} one */
const placeOf = (one) => JSON.stringify([one.browser ?? null, one.browser_version ?? null, Boolean(one.joined), one.token ?? null, one.platform ?? null, one.engine ?? null, one.engine_version ?? null]);

/** The key without a token: results of nodes with two tokens apply to all joined nodes. @param {any} option */
const sharedOf = (option) => placeOf({ ...option, token: null });

/** Where it was measured in browsers that do not run now, as options. @param {any} hardware @returns {any[]} */
export const restingOf = ({ passed_over: absent = [] }) => absent.filter((/** @type {any} */ { measured }) => measured)
    .map((/** @type {any} */ { browser, why, measured }) => ({ browser, standing: 'not running', why, ...measured }));

/** A row for each place and precision, in the order of the options; at the end what was compared where no node is now.
 * @param {any[]} options @param {any[]} verdicts @returns {Place[]} */
export function placesOf(options, verdicts) {
    /** @type {Map<string, any[]>} */
    const found = new Map();
    for (const verdict of verdicts) {
        const list = found.get(placeOf(verdict)) ?? [];
        found.set(placeOf(verdict), [...list, verdict]);
    }
    /** @type {Place[]} */
    const places = [];
    const add = (/** @type {any} */ option, /** @type {any} */ verdict) => places.push({ option, verdict, key: `${placeOf(option ?? verdict)} ${places.length}` });
    for (const option of options) {
        const here = found.get(placeOf(option)) ?? found.get(sharedOf(option)) ?? [null];
        for (const verdict of here) add(option, verdict);
    }
    const known = new Set(options.flatMap((option) => [placeOf(option), sharedOf(option)]));
    for (const [place, list] of found) if (!known.has(place)) for (const verdict of list) add(null, verdict);
    return places;
}
