/** The playground: a model is tried with one's own input, at up to four places side by side. */
import { ask, get, modelPath, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { plain } from '../format.js';
import { button, section, say, unsay } from '../parts.js';
import { description } from '../playground/description.js';
import { formsOf } from '../playground/forms.js';
import { codeBlock } from '../playground/code_block.js';
import { choicesOf, MOST_PLACES, atOf, placeName, placesOf, tryHref } from '../playground/places.js';
import { problem } from '../playground/problem.js';
import { bodyOf, FieldError } from '../playground/request.js';
import { results } from '../playground/results.js';
import { Runs } from '../playground/runs.js';
import { modelHref } from './models.js';

/** @import { App, View } from '../main.js' */
/** @import { Form } from '../playground/forms.js' */

/** @param {App} app @param {string} name @param {URLSearchParams} query @returns {View} */
export const tryView = (app, name, query) => (name ? new Playground(app, name, query).view() : choose(app));

/** @param {App} app @returns {View} */
function choose(app) {
    return {
        title: 'Try a model', kinds: ['model'],
        render() {
            const models = app.store.all('model').filter(([, model]) => !model.problem);
            return { state: 'filled', parts: [models.length ? h('ul', { class: 'choose' }, models.map(([name, model]) => h('li', { key: name },
                h('a', { href: tryHref(name) }, name), h('small', null, [model.title, String(model.type ?? '').replaceAll('_', ' ')].filter(Boolean).map(plain).join(', ')))))
                : h('p', { class: 'none' }, 'There is no model yet. Pull one under Models.')] };
        },
    };
}

/** Names for files that may have none. @param {Record<string, File | Blob>} [files] */
const filesOf = (files = {}) => Object.fromEntries(Object.entries(files).map(([member, file]) => [member, { name: file instanceof File && file.name ? file.name : member }]));

class Playground {
    /** @type {any} */
    #model = null;
    /** @type {any} */
    #hardware = null;
    /** @type {any} */
    #openapi = null;
    /** The nodes for which the places were read. */
    #nodes = '';
    /** @type {unknown} */
    #problem = null;
    #isGone = false;
    /** @type {FieldError | null} */
    #wrong = null;
    /** @type {Form | null} */
    #form = null;
    #task = '';

    /** @param {App} app @param {string} name @param {URLSearchParams} query */
    constructor(app, name, query) {
        this.app = app;
        this.name = name;
        this.wanted = query.get('task') ?? '';
        this.places = placesOf(query.getAll('at'));
        this.runs = new Runs(() => app.redraw());
        this.code = codeBlock(() => app.redraw());
        this.leave = app.store.subscribe((kinds, keys) => {
            if (keys.includes(`model/${name}`)) this.#looked();
            if (kinds.has('node') && this.#model) void this.#where();
        });
    }

    /** @returns {View} */
    view() {
        void this.#read();
        return {
            title: `Try ${plain(this.name)}`, kinds: ['model', 'node'],
            fresh: () => void this.#read(),
            stop: () => {
                this.leave();
                this.runs.stop();
                this.#form?.stop?.();
            },
            render: () => this.#render(),
        };
    }

    async #read() {
        try {
            this.#model = await get(modelPath(this.name));
            this.#problem = null;
            this.#isGone = false;
            if (!this.#form) this.#take(this.wanted);
        } catch (error) {
            this.#problem = error;
        }
        this.app.redraw();
        [this.#openapi] = await Promise.all([description(this.app.status().started_at), this.#where()]);
        this.app.redraw();
    }

    /** Reads where it can run, unless the nodes are those of the last time. */
    async #where() {
        const nodes = this.app.store.all('node').map(([id, { draining, away }]) => `${id} ${draining} ${away}`).join();
        if (nodes === this.#nodes && this.#hardware) return;
        this.#nodes = nodes;
        this.#hardware = await get('/v1/hardware', { model_name: this.name }).catch(() => null);
        this.app.redraw();
    }

    /** The model is there or is not there any more. */
    #looked() {
        const isGone = this.#model !== null && !this.app.store.get(`model/${this.name}`);
        if (isGone && !this.#isGone) say(`${plain(this.name)} has been removed.`, true);
        if (!isGone && this.#isGone) void this.#read();
        this.#isGone = isGone;
    }

    /** @param {string} task */
    #take(task) {
        const rows = formsOf(this.#model), row = rows.find((one) => one.task === task) ?? rows[0];
        this.runs.stop();
        this.runs.list = [];
        this.#form?.stop?.();
        this.#wrong = null;
        this.#task = row?.task ?? '';
        this.#form = row ? row.make({ model: this.#model, task: row.task, openapi: () => this.#openapi, redraw: () => this.app.redraw(), say }) : null;
    }

    /** @returns {ReturnType<View['render']>} */
    #render() {
        const back = h('p', { key: 'back', class: 'verbs' }, h('a', { href: '#/try' }, 'Other models'), h('a', { href: modelHref(this.name) }, 'About this model'));
        if (!this.#model) return { state: this.#problem ? 'failed' : 'loading', parts: [back, this.#problem ? problem(this.#problem) : h('p', null, 'Reading the model.')] };
        const form = this.#form;
        return { state: 'filled', parts: [back,
            this.#isGone ? h('p', { class: 'problem', key: 'gone' }, 'The model has been removed from the store. Earlier answers are shown below.') : null,
            this.#tasks(), this.#places(),
            form ? h('div', { key: `form-${this.#task}` }, form.whole?.({ places: () => this.#at(), isGone: () => this.#isGone, code: this.code }) ?? this.#body(form))
                : h('p', { class: 'none' }, 'There is no form for this model’s task. Use POST /v1/infer.')] };
    }

    /** @returns {import('../playground/places.js').Place[]} */
    #at() {
        return this.places.length ? this.places : [null];
    }

    #tasks() {
        const rows = formsOf(this.#model);
        if (rows.length < 2) return null;
        const onchange = (/** @type {Event} */ event) => {
            this.#take(/** @type {HTMLSelectElement} */ (event.target).value);
            this.#moved();
        };
        return h('p', { class: 'verbs', key: 'task' }, h('label', { for: 'task' }, 'Task'),
            h('select', { id: 'task', value: this.#task, onchange }, rows.map(({ task, title }) => h('option', { value: task }, title))));
    }

    /** The address says what is chosen, and the view stays. */
    #moved() {
        const task = this.#task === formsOf(this.#model)[0]?.task ? '' : this.#task;
        history.replaceState(null, '', tryHref(this.name, { task, at: this.places }));
        this.app.redraw();
    }

    #places() {
        const known = choicesOf(this.#hardware);
        const chosen = new Set(this.places.map(atOf));
        const all = [...known, ...this.places.filter((one) => !known.some((other) => atOf(other) === atOf(one))).map((one) => ({ ...one, can: false, why: 'the service does not know it' }))];
        const toggle = (/** @type {any} */ { browser, platform }) => {
            const at = atOf({ browser, platform });
            this.places = chosen.has(at) ? this.places.filter((one) => atOf(one) !== at) : [...this.places, { browser, platform }].slice(0, MOST_PLACES);
            this.#moved();
        };
        return h('fieldset', { key: 'places', class: 'places', 'aria-describedby': 'where' }, h('legend', null, 'Where'),
            h('p', { class: 'note', id: 'where' }, `If you choose none, the service decides where it runs. If you choose up to ${MOST_PLACES}, their answers are shown side by side.`),
            all.map((one) => h('label', { key: atOf(one) }, h('input', { type: 'checkbox', checked: chosen.has(atOf(one)),
                disabled: !chosen.has(atOf(one)) && chosen.size >= MOST_PLACES, value: atOf(one), onchange: () => toggle(one) }), h('span', null, placeName(one),
                one.can && !one.why ? null : h('small', null, [one.can ? '' : 'Unavailable', plain(one.why)].filter(Boolean).join(': '))))),
            all.length ? null : h('p', { class: 'none' }, 'No place is known.'));
    }

    /** @param {Form} form */
    #body(form) {
        const send = (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#send(form);
        };
        return [h('form', { key: 'form', class: 'try', onsubmit: send, novalidate: true, autocomplete: 'off' }, form.draw(),
            this.#wrong ? h('p', { class: 'problem', role: 'alert', id: 'wrong' }, this.#wrong.message) : null,
            h('p', { class: 'verbs' }, h('button', { disabled: this.#isGone }, 'Run'), this.runs.isRunning ? button('Stop', () => this.runs.stop()) : null,
                form.fill ? button('Fill in a sample', () => void this.#fill(form), { quiet: true, disabled: this.#isGone }) : null)),
        this.runs.list.length ? section(this.runs.list.length > 1 ? 'Answers' : 'Answer', results(this.runs.list, form)) : null, this.code(() => this.#asked(form))];
    }

    /** Writes the inputs that the service would take into the fields. @param {Form} form */
    async #fill(form) {
        unsay();
        this.#wrong = null;
        try {
            const { task, inputs } = await ask('POST', modelPath(this.name, 'sample'));
            if (task && task !== this.#task) say(`The sample is for another task, ${plain(task)}.`, true);
            else form.fill?.(inputs);
        } catch (error) {
            say(sentenceOf(error), true);
        }
        this.app.redraw();
    }

    /** The request that would be sent to the first place. @param {Form} form */
    #asked(form) {
        try {
            const { inputs, options, files, task, parameters } = form.read();
            return { body: bodyOf({ model: this.name, task, inputs, options, parameters, at: this.#at()[0] }), files: filesOf(files) };
        } catch (error) {
            if (error instanceof FieldError) return null;
            throw error;
        }
    }

    /** @param {Form} form */
    #send(form) {
        this.#wrong = null;
        unsay();
        try {
            const { inputs, options, files, task, parameters } = form.read();
            const asked = this.#at().map((place) => ({ place, files, body: bodyOf({ model: this.name, task, inputs, options, parameters, at: place }) }));
            void this.runs.start(asked).then(() => this.#tell());
        } catch (error) {
            if (!(error instanceof FieldError)) throw error;
            this.#wrong = error;
            document.getElementById(error.field)?.focus();
        }
        this.app.redraw();
    }

    #tell() {
        const { list } = this.runs, failed = list.filter(({ state }) => state === 'failed').length, done = list.filter(({ state }) => state === 'done').length;
        if (done + failed === 0) return;
        say(list.length === 1 ? (done ? 'The answer has arrived.' : 'The request failed.') : `${done} of ${list.length} places have answered${failed ? `, ${failed} failed` : ''}.`, done === 0);
    }
}
