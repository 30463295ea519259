/** Where the time of a model's runs goes, in the view of the model: a profile is made when a person asks for one. */
import { ask, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { bytes, milliseconds, plain, rate } from '../format.js';
import { badge, form, section, table } from '../parts.js';
import { nodeRows, NODES_MOST, operatorRows, profilePlaces } from '../profile_rows.js';

/** @import { Part } from '../draw.js' */
/** @import { Column } from '../parts.js' */

export class ModelProfile {
    /** @type {any} */
    #profile = null;
    #problem = '';
    #isRunning = false;
    /** A browser and a platform; empty: the daemon chooses. */
    #at = '';

    /** @param {string} name of the model @param {() => void} redraw */
    constructor(name, redraw) {
        this.name = name;
        this.redraw = redraw;
    }

    async #start() {
        if (this.#isRunning) return;
        this.#isRunning = true;
        this.#problem = '';
        this.redraw();
        const [browser, platform] = this.#at.split('/');
        try {
            const { result } = await ask('POST', '/v1/benchmark', { model_name: this.name, profile: true, ...(this.#at && { browser, platform }) });
            this.#profile = result?.profile ?? null;
            if (!this.#profile) this.#problem = 'The daemon’s answer has no profile.';
        } catch (error) {
            this.#problem = sentenceOf(error);
        }
        this.#isRunning = false;
        this.redraw();
    }

    /** @param {any} hardware where it could run */
    render(hardware) {
        return section('Where the time goes',
            h('p', { class: 'note' }, 'A profile runs the model five times on inputs that the daemon makes, and measures each operator. For that, a page loads the model once more.'),
            this.#form(profilePlaces(hardware?.options ?? [])), // which stays while it runs: the keyboard is at its button
            this.#isRunning ? h('p', { role: 'status' }, 'Profiling.') : null,
            this.#problem ? h('p', { class: 'problem', role: 'alert' }, this.#problem) : null,
            this.#profile ? shown(this.#profile) : null);
    }

    /** @param {string[]} places */
    #form(places) {
        const onchange = (/** @type {Event} */ event) => { this.#at = /** @type {HTMLSelectElement} */ (event.target).value; };
        return form('Profile', () => void this.#start(), h('label', { for: 'profile-at' }, 'Place'),
            h('select', { id: 'profile-at', value: this.#at, onchange }, h('option', { value: '' }, 'chosen by the daemon'),
                places.map((place) => h('option', { value: place, key: place }, plain(place).replace('/', ' on ')))));
    }
}

/** @param {any} profile @returns {Part[]} */
function shown(profile) {
    const { runs, run_ms: runMs, platform, clock } = profile, nodes = nodeRows(profile);
    return [
        h('p', { key: 'told', class: 'told' }, h('strong', null, `${runs} runs on ${plain(platform)}`), `, each took ${milliseconds(runMs / runs)}. The times below are of a mean run, by the clock of the ${clock === 'gpu' ? 'GPU' : 'CPU'}.`),
        table('Operators, those with the most time first', OPERATOR_COLUMNS, operatorRows(profile), ({ key }) => key),
        h('details', { key: 'nodes' }, h('summary', null, nodes.length === NODES_MOST ? `The ${NODES_MOST} nodes with the most time` : 'Nodes'),
            table('Nodes of the graph, those with the most time first', NODE_COLUMNS, nodes, ({ key }) => key, 'The profile has no nodes.')),
    ];
}

/** @type {Column} */
const RAN_ON = { name: 'Ran on', cell: ({ platform, fellBack }) => [`${plain(platform)} `, fellBack ? badge('fell back', 'wait') : null] };
/** @type {Column} */
const CALLS = { name: 'Calls', figure: true, cell: ({ calls }) => rate(calls, 0) };
/** @type {Column[]} */
const TIMES = [
    { name: 'Time', figure: true, cell: ({ ms }) => `${rate(ms, 3)} ms` },
    { name: 'Share', figure: true, cell: ({ share }) => `${rate(share * 100)} %` },
    { name: 'Copied', figure: true, cell: ({ copied }) => bytes(copied) },
];
/** @type {Column} */
const WHY = { name: 'Why', wide: true, cell: ({ why }) => plain(why) };
/** @type {Column[]} */
const OPERATOR_COLUMNS = [
    { name: 'Operator', cell: ({ operator }) => h('strong', null, plain(operator)) }, RAN_ON, CALLS, ...TIMES, WHY,
];
/** @type {Column[]} */
const NODE_COLUMNS = [
    { name: 'Node', wide: true, cell: ({ name }) => h('code', null, plain(name)) }, { name: 'Operator', cell: ({ operator }) => plain(operator) }, RAN_ON, CALLS, ...TIMES,
    { name: 'Shapes', wide: true, cell: ({ shapes }) => plain(shapes) }, WHY,
];
