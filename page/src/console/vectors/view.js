/** The view of vectors: they come by themselves, and arrange themselves on a map and in a cloud. */
import { h } from '../draw.js';
import { bytes, count, many, plain } from '../format.js';
import { facts, section } from '../parts.js';
import { short } from '../playground/numbers.js';
import { Atlas } from './atlas.js';
import { chosenOf, remember, remembered, storageHere } from './chosen.js';
import { meansFrom } from './cloud.js';
import { cloudCanvas } from './cloud_canvas.js';
import { cellOf, cellTable, details, markedBy, pointTable } from './details.js';
import { saveCsv, saveNpy, savePicture } from './exported.js';
import { Feed } from './feed.js';
import { computingBy } from './kernels.js';
import { cellAt, cellByKey, paintMap, shownOf } from './map_picture.js';
import { sidesFor, STEPS } from './som.js';

/** @import { App, View } from '../main.js' */
/** @import { Batch } from './atlas.js' */
/** @import { Choice } from './details.js' */
/** @import { Drawing, Means } from './cloud.js' */
/** What the console has once, with its token and whether the daemon can be asked. @typedef {Pick<typeof import('../api.js'), 'ask' | 'sentenceOf'>
 * & Pick<typeof import('../parts.js'), 'button' | 'form'> & typeof import('../pieces.js')} Kit */
/* global SOM_SHADERS, SOM_FRAGMENTS -- put in by the build: the shaders of the kernels of a map */

/** The view is drawn so often at most while vectors come. */
const PACE_MS = 250;
/** Twice what the style sheet gives it at most. */
const MAP_PIXELS = 1120;
/** More models are not held at once. */
const MOST_MODELS = 4;
/** Nor are more counted. */
const MOST_OTHERS = 1000;

/** @param {App} app @param {URLSearchParams} query `draw`: what the cloud is drawn by; `compute`: what the map is computed by @param {Kit} kit
 * @returns {View} */
export const openVectors = (app, query, kit) => new Vectors(app, query, kit).view();

class Vectors {
    /** By model and dimensions. @type {Map<string, Atlas>} */
    #atlases = new Map();
    #shown = '';
    #missed = 0;
    /** Models whose vectors are left out. @type {Set<string>} */
    #others = new Set();
    /** @type {Choice | null} */
    #choice = null;
    /** Rows that had come before the one that is chosen, whose place may be taken. */
    #before = 0;
    #finding = '';
    /** How often a text was looked for: answers to earlier ones come too late. */
    #searches = 0;
    #text = '';
    /** @type {Drawing | null} */
    #drawing = null;
    /** Canvases of clouds that were left: none of them draws again. */
    #left = 0;
    #isOpen = false;
    #timer = 0;
    #isOver = false;
    /** The map as it was shown last, and of what. @type {{atlas: Atlas, changes: number, marked: number, made: import('./map_picture.js').Shown} | null} */
    #map = null;

    /** @param {App} app @param {URLSearchParams} query @param {Kit} kit */
    constructor(app, query, kit) {
        this.app = app;
        this.kit = kit;
        this.means = meansFrom(query.get('draw'));
        this.asked = query.get('compute');
        this.chosen = remembered(storageHere());
        this.feed = new Feed(kit, { batch: (batch) => this.#take(batch), missed: (rows) => this.#miss(rows), changed: () => this.#soon() });
    }

    /** @returns {View} */
    view() {
        return {
            title: 'Vectors', kinds: [], fresh: () => this.feed.hurry(),
            stop: () => {
                this.#isOver = true;
                clearTimeout(this.#timer);
                this.feed.stop();
                for (const atlas of this.#atlases.values()) atlas.stop();
                this.#leaveCloud();
            },
            render: () => this.#render(),
        };
    }

    get #atlas() {
        return this.#atlases.get(this.#shown) ?? null;
    }

    /** @param {Batch} batch */
    #take(batch) {
        const name = `${batch.model} (${batch.dimensions})`, known = this.#atlases.get(name);
        if (!known && this.#atlases.size >= MOST_MODELS) {
            if (this.#others.size < MOST_OTHERS) this.#others.add(name);
            return;
        }
        const atlas = known ?? new Atlas(batch.model, batch.dimensions, () => this.#soon(), breathe);
        atlas.add(batch);
        if (!known) {
            this.#atlases.set(name, atlas);
            if (!this.#shown) this.#show(name);
        }
        this.#soon();
    }

    /** @param {number} rows that were lost on the way */
    #miss(rows) {
        this.#missed += rows;
        this.#soon();
    }

    /** Shows a model, which learns alone from then on. @param {string} name */
    #show(name) {
        const before = this.#atlas;
        if (before) this.#atlases.set(this.#shown, sleeping(before, () => this.#soon()));
        this.#leaveCloud();
        this.#shown = name;
        this.#choice = null;
        this.#finding = '';
        const atlas = this.#atlas;
        if (!atlas) return;
        this.app.redraw();
        atlas.begin(this.chosen);
        void computingBy(this.asked, { wgsl: SOM_SHADERS, glsl: SOM_FRAGMENTS }, breathe).then((computing) => atlas.run(computing))
            .catch((error) => {
                atlas.problem = this.kit.sentenceOf(error);
                this.#soon();
            });
    }

    /** @param {Partial<import('./chosen.js').Chosen>} more */
    #set(more) {
        this.chosen = chosenOf({ ...this.chosen, ...more });
        remember(storageHere(), this.chosen);
        if (this.chosen.view !== 'cloud') this.#leaveCloud();
        this.app.redraw();
    }

    /** The canvas goes, and what the GPU holds for it. */
    #leaveCloud() {
        this.#drawing?.stop();
        this.#drawing = null;
        this.#left++;
    }

    /** @param {Choice | null} choice */
    #choose(choice) {
        const atlas = this.#atlas;
        this.#choice = choice;
        this.#before = choice?.kind === 'row' && atlas ? atlas.rows.before(choice.row) : 0;
        if (atlas) atlas.mark(markedBy(atlas, choice));
        this.app.redraw();
    }

    /** Marks what is chosen among the rows that there are now. */
    #chooseAgain() {
        const atlas = this.#atlas, choice = this.#choice;
        if (!atlas || !choice) return;
        const isGone = choice.kind === 'row' ? atlas.rows.before(choice.row) !== this.#before // another row has its place
            : choice.kind === 'cell' && choice.cell >= (atlas.learning?.side ?? 0) ** 2; // of a larger map
        if (isGone) this.#choice = null;
        atlas.mark(markedBy(atlas, this.#choice));
    }

    #soon() {
        if (this.#timer || this.#isOver) return;
        this.#timer = window.setTimeout(() => {
            this.#timer = 0;
            this.#chooseAgain();
            this.app.redraw();
        }, PACE_MS);
    }

    /** @param {string} text */
    async #find(text) {
        const atlas = this.#atlas;
        if (!atlas || !text.trim()) return;
        const search = ++this.#searches, isLate = () => search !== this.#searches || atlas !== this.#atlas;
        this.#finding = 'The model embeds the text.';
        this.app.redraw();
        try {
            const { outputs } = await this.kit.ask('POST', '/v1/infer', { model_name: atlas.model, inputs: [text] });
            const { data = [] } = outputs.find((/** @type {any} */ { name }) => name === 'embeddings') ?? {};
            if (data.length !== atlas.rows.dimensions) throw new Error(`The model's vector has ${count(data.length)} numbers, and those here have ${count(atlas.rows.dimensions)}.`);
            if (!data.every(Number.isFinite)) throw new Error('The model\'s vector has numbers that are not finite.');
            if (isLate()) return;
            this.#finding = '';
            this.#choose({ kind: 'text', text, vector: Float32Array.from(data) });
        } catch (error) {
            if (isLate()) return;
            this.#finding = this.kit.sentenceOf(error);
            this.app.redraw();
        }
    }

    /** @returns {ReturnType<View['render']>} */
    #render() {
        const atlas = this.#atlas, { state, problem } = this.feed;
        const told = [state === 'lost' ? h('p', { class: 'problem', key: 'feed' }, `No vectors come${problem ? `: ${plain(problem)}` : ' any more'}. The console keeps trying.`) : null,
            this.#missed ? h('p', { class: 'problem', key: 'missed' }, `${many(this.#missed, 'row')} did not come: this page reads too slowly, or one answer had too many.`) : null,
            this.#others.size ? h('p', { class: 'note', key: 'others' }, `The vectors of ${many(this.#others.size, 'further model')} are left out: ${MOST_MODELS} is the most.`) : null];
        if (!atlas) {
            return { state: state === 'asking' ? 'loading' : 'filled', parts: [...told, h('p', { class: 'none', key: 'none' }, state === 'asking' ? 'Asking the daemon.'
                : 'No vectors have come yet. They come from requests to embedding models that say "publish": true.')] };
        }
        const choose = this.#choose.bind(this), isMap = this.chosen.view === 'map';
        return { state: 'filled', parts: [...told, this.#about(atlas), this.#controls(atlas),
            h('div', { class: 'vectors', key: 'vectors' }, h('div', { key: 'seen' }, isMap ? this.#mapPart(atlas) : this.#cloudPart(atlas)),
                h('div', { key: 'beside' }, this.#figures(atlas), this.#search(), details(atlas, this.#choice, this.#link, choose))),
            this.#tables(atlas, isMap), this.#files(atlas)] };
    }

    /** @param {Atlas} atlas */
    #about({ rows, problem }) {
        return [h('p', { class: 'note', key: 'about' }, `${many(rows.count, 'vector')} of ${many(rows.dimensions, 'number')}.`,
            rows.total > rows.count ? ` The oldest of ${count(rows.total)} have made way.` : null,
            rows.odd ? ` ${many(rows.odd, 'row was', 'rows were')} left out: not all numbers are finite.` : null),
        problem ? h('p', { class: 'problem', key: 'computing' }, plain(problem)) : null];
    }

    /** @param {Atlas} atlas */
    #controls(atlas) {
        const sides = sidesFor(atlas.rows.dimensions), value = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value;
        const seeded = (/** @type {Event} */ event) => {
            learn({ seed: Number(value(event)) });
            /** @type {HTMLInputElement} */ (event.target).value = String(this.chosen.seed); // also where it was none
        };
        const learn = (/** @type {Partial<import('./chosen.js').Chosen>} */ more) => {
            this.#set(more);
            atlas.begin(this.chosen);
            this.#choose(null);
        };
        /** @type {(id: string, name: string, chosen: string | number, all: [string | number, string][], take: (value: string) => void) => import('../draw.js').Part} */
        const pick = (id, name, chosen, all, take) => [
            h('label', { for: id, key: `${id} label` }, name), h('select', { id, key: id, value: chosen, onchange: (/** @type {Event} */ event) => take(value(event)) },
                all.map(([one, title]) => h('option', { value: one }, title)))];
        return h('p', { class: 'verbs', key: 'controls' },
            this.#atlases.size > 1 ? pick('vectors-model', 'Model', this.#shown, [...this.#atlases.keys()].map((one) => [one, one]), (one) => this.#show(one)) : null,
            pick('vectors-view', 'View', this.chosen.view, [['map', 'Map'], ['cloud', 'Cloud']], (one) => this.#set({ view: /** @type {'map' | 'cloud'} */ (one) })),
            pick('vectors-side', 'Map of', Math.min(this.chosen.side, ...sides.slice(-1)), sides.map((one) => [one, `${one} × ${one}`]), (one) => learn({ side: Number(one) })),
            h('label', { for: 'vectors-seed', key: 'seed label' }, 'Seed'),
            h('input', { id: 'vectors-seed', key: 'seed', type: 'number', min: '0', max: '4294967295', step: '1', value: this.chosen.seed, onchange: seeded }),
            this.kit.button('Learn again', () => learn({}), { local: true }));
    }

    /** @param {Atlas} atlas */
    #mapPart(atlas) {
        const { learning } = atlas;
        if (!learning) return h('p', { class: 'note', key: 'map' }, 'The map appears with the second vector.');
        const marked = cellOf(atlas, this.#choice), { side } = learning, choose = (/** @type {number} */ cell) => this.#choose({ kind: 'cell', cell });
        if (this.#map?.atlas !== atlas || this.#map.changes !== atlas.changes || this.#map.marked !== marked)
            this.#map = { atlas, changes: atlas.changes, marked, made: shownOf(learning, marked) };
        const onkeydown = (/** @type {KeyboardEvent} */ event) => {
            const cell = cellByKey(cellOf(atlas, this.#choice), event.key, side); // keys may come faster than the map is drawn
            if (cell === null || event.ctrlKey || event.altKey || event.metaKey) return;
            event.preventDefault();
            choose(cell);
        };
        return [h('canvas', { key: 'map', class: 'map', role: 'application', tabindex: '0', 'aria-label': `The map, ${side} by ${side} cells`, 'aria-describedby': 'map-keys', onkeydown,
            onclick: (/** @type {MouseEvent} */ event) => choose(cellAt(/** @type {HTMLCanvasElement} */ (event.currentTarget), event, side)), data: this.#map.made, mounted: mapMounted }),
        h('p', { class: 'note', key: 'map-keys', id: 'map-keys' }, 'Light ground: the cells around are far away. A dot grows with the rows of its cell. Choose a cell by pointer or arrow keys.')];
    }

    /** @param {Atlas} atlas */
    #cloudPart(atlas) {
        if (!atlas.principal) return h('p', { class: 'note', key: 'cloud' }, 'The cloud appears with the second vector.');
        const left = this.#left, told = {
            points: atlas.points, camera: this.chosen.camera,
            turned: (/** @type {import('./camera.js').Camera} */ camera) => {
                told.camera = this.chosen.camera = camera;
                remember(storageHere(), this.chosen);
            },
            chosen: (/** @type {number} */ row) => this.#choose(row < 0 ? null : { kind: 'row', row }),
            ready: (/** @type {Drawing} */ drawing) => {
                if (left !== this.#left) return drawing.stop();
                this.#drawing = drawing;
                return this.app.redraw();
            },
            lost: (/** @type {readonly Means[]} */ means) => {
                if (left !== this.#left) return;
                this.#leaveCloud();
                this.means = means.length ? means : meansFrom('2d');
                this.app.redraw();
            },
        };
        return [cloudCanvas(left, this.means, told, `The cloud of ${many(atlas.points.count, 'point')}`),
            h('p', { class: 'note', key: 'cloud-keys', id: 'cloud-keys' }, 'Drag to turn, pinch or use the wheel to come closer. Keys: arrows turn, + and − zoom, Home goes back. A click chooses a point.')];
    }

    /** @param {Atlas} atlas */
    #figures({ learning, principal, computing, isSettled }) {
        const share = (/** @type {number} */ axis) => `${(100 * (principal?.shares[axis] ?? 0)).toFixed(1)} %`, drawing = this.chosen.view === 'cloud' ? this.#drawing : null;
        const held = (drawing?.held ?? 0) + (computing?.bytes ?? 0);
        return [h('div', { class: 'strip', key: 'figures' }, facts([
            ['Map', learning ? `${learning.side} × ${learning.side}, seed ${learning.seed}` : ''],
            ['Step', learning ? `${Math.min(learning.step, STEPS)} of ${STEPS}${isSettled ? ', settled' : ''}` : ''],
            ['Quantisation error', learning ? short(learning.errors.quantisation) : ''],
            ['Topographic error', learning ? short(learning.errors.topographic) : ''],
            ['Variance of 1, 2, 3', principal ? [0, 1, 2].map(share).join(', ') : ''],
            ['Drawn by', drawing?.name ?? ''],
            ['Vertex buffer', drawing?.bytes ? `${bytes(drawing.bytes)}, made ${drawing.buffers === 1 ? 'once' : `${count(drawing.buffers)} times`}` : ''],
            ['Buffers of the kernels', computing?.buffers ? `${count(computing.buffers)}, ${bytes(computing.bytes)}` : ''],
            ['GPU memory', held ? bytes(held) : ''],
        ])), computing ? h('p', { class: 'note', key: 'computed' }, `Computed by ${computing.name}, because ${computing.why}.`) : null];
    }

    #search() {
        return section('Find', this.kit.form('Find', () => void this.#find(this.#text),
            h('label', { for: 'vectors-text' }, 'Text'),
            h('input', { id: 'vectors-text', value: this.#text, oninput: (/** @type {Event} */ event) => { this.#text = /** @type {HTMLInputElement} */ (event.target).value; } })),
        this.#finding ? h('p', { role: 'status', key: 'finding' }, this.#finding) : null);
    }

    /** @type {import('./details.js').Link} */
    #link = (name, act, label) => this.kit.button(name, act, { quiet: true, local: true, label });

    /** @param {Atlas} atlas @param {boolean} isMap */
    #tables(atlas, isMap) {
        const choose = this.#choose.bind(this), ontoggle = (/** @type {Event} */ event) => {
            const { open } = /** @type {HTMLDetailsElement} */ (event.target);
            if (open === this.#isOpen) return;
            this.#isOpen = open;
            this.app.redraw();
        };
        return h('details', { key: 'table', open: this.#isOpen, ontoggle }, h('summary', null, isMap ? 'The map as a table' : 'The cloud as a table'),
            this.#isOpen ? (isMap ? cellTable : pointTable)(atlas, this.#link, choose) : null);
    }

    /** @param {Atlas} atlas */
    #files(atlas) {
        const { button } = this.kit;
        return section('Files', h('p', { class: 'verbs' }, button('CSV', () => saveCsv(atlas), { local: true, label: 'Save labels, jobs and places as CSV' }),
            button('NPY', () => saveNpy(atlas), { local: true, label: 'Save the vectors as NPY' }),
            button('Picture', () => savePicture(atlas, cellOf(atlas, this.#choice)), { local: true, label: 'Save the map as a picture', disabled: !atlas.learning })),
        h('p', { class: 'note' }, 'The rows of both files have the same order: CSV has labels, jobs and places, NPY the vectors for NumPy.'));
    }
}

/** Lets the page draw. @returns {Promise<void>} */
const breathe = () => new Promise((resolve) => { setTimeout(resolve); });

/** The same rows, which learn no more. @param {Atlas} atlas @param {() => void} changed @returns {Atlas} */
function sleeping(atlas, changed) {
    const next = new Atlas(atlas.model, atlas.rows.dimensions, changed, breathe);
    atlas.stop();
    next.rows = atlas.rows;
    return next;
}

/** @param {HTMLCanvasElement} canvas */
function mapMounted(canvas) {
    /** @type {unknown} */
    let before;
    return (/** @type {Record<string, any>} */ { data }) => {
        if (data === before) return;
        before = data;
        paintMap(canvas, data, MAP_PIXELS);
    };
}
