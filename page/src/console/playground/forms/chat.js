/** A conversation with a model: its answers come as they are made, at one place or at several side by side. */
import { h, said } from '../../draw.js';
import { bytes, plain } from '../../format.js';
import { button } from '../../parts.js';
import { pieces } from '../answer/inline.js';
import { asJson, asText, messagesOf, saidBy } from '../chat/conversation.js';
import { turnOf } from '../chat/turns.js';
import { download } from '../download.js';
import { Options } from '../options.js';
import { base64Of, bodyOf, FieldError } from '../request.js';
import { Runs } from '../runs.js';

/** @import { Whole } from '../forms.js' */

/** Limit for all pictures of a message, so that the request stays below the daemon's limit. */
const MOST_BYTES = 32_000_000;
const PICTURES = ['image/png', 'image/jpeg', 'image/webp'];

/** @param {import('../forms.js').Context} context @returns {import('../forms.js').Form} */
export function makeChat(context) {
    const chat = new Chat(context);
    return { draw: () => [], read: () => chat.read(null), show: (_, run) => [saidBy(run)], whole: (view) => chat.draw(view), stop: () => chat.stop() };
}

class Chat {
    /** @type {import('../chat/conversation.js').Turn[]} */
    #turns = [];
    #system = '';
    #text = '';
    /** @type {{name: string, bytes: number, uri: string}[]} */
    #pictures = [];
    /** @type {FieldError | null} */
    #wrong = null;
    /** The last complete answer, for screen readers. */
    #heard = '';

    /** @param {import('../forms.js').Context} context */
    constructor(context) {
        this.context = context;
        this.options = new Options(context);
        this.sees = context.model.type === 'multimodal' || (context.model.tasks ?? []).includes('image-to-text');
    }

    get #runs() {
        return this.#turns.at(-1)?.runs;
    }

    stop() {
        this.#runs?.stop();
    }

    /** The request that would be sent to a place now. @param {import('../places.js').Place} place */
    read(place) {
        if (this.#text.trim() === '' && this.#pictures.length === 0) throw new FieldError('say', 'There is nothing to send yet: write a message.');
        const messages = messagesOf(this.#system, this.#turns, { text: this.#text, pictures: this.#pictures.map(({ uri }) => uri) }, place);
        return { task: 'chat', inputs: { messages }, options: this.options.read() };
    }

    /** @param {Whole} view */
    draw(view) {
        const { name } = this.context.model, isRunning = this.#runs?.isRunning ?? false;
        return [
            h('details', { class: 'options', key: 'system' }, h('summary', null, 'System message'), h('p', { class: 'field' }, h('label', { for: 'system' }, 'Instructions for the model'),
                h('textarea', { id: 'system', rows: '3', value: this.#system, oninput: this.#takes((text) => { this.#system = text; }) }))),
            this.options.draw(),
            this.#turns.length ? h('h2', { key: 'title' }, 'Conversation') : null,
            this.#turns.length ? h('div', { class: 'turns', key: 'turns', tabindex: '0', role: 'region', 'aria-label': 'The conversation', 'data-state': isRunning ? 'running' : 'ended' },
                h('div', null, this.#turns.map(turnOf))) : null,
            h('p', { class: 'heard', role: 'status', key: 'heard' }, said(pieces(this.#heard))),
            this.#composer(view, isRunning),
            this.#turns.length ? this.#verbs(name, isRunning, view) : null,
            view.code(() => {
                try {
                    const place = view.places()[0];
                    return { body: bodyOf({ model: name, ...this.read(place), at: place }) };
                } catch {
                    return null;
                }
            }),
        ];
    }

    /** @param {(text: string) => void} take */
    #takes(take) {
        return (/** @type {Event} */ event) => {
            take(/** @type {HTMLTextAreaElement} */ (event.target).value);
            this.context.redraw();
        };
    }

    /** @param {Whole} view @param {boolean} isRunning */
    #composer(view, isRunning) {
        const send = (/** @type {Event} */ event) => {
            event.preventDefault();
            if (!isRunning && !view.isGone()) this.#send(view);
        };
        const onkeydown = (/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event); };
        return h('form', { key: 'composer', class: 'composer', onsubmit: send, novalidate: true, autocomplete: 'off' },
            h('p', { class: 'field' }, h('label', { for: 'say' }, 'Your message (Enter sends it, Shift and Enter begin a line)'),
                h('textarea', { id: 'say', rows: '3', dir: 'auto', value: this.#text, onkeydown, onpaste: this.sees ? (/** @type {ClipboardEvent} */ event) => this.#paste(event) : undefined,
                    'aria-describedby': this.#wrong ? 'wrong' : undefined, oninput: this.#takes((text) => { this.#text = text; }) })),
            this.sees ? this.#pictureField() : null,
            this.#wrong ? h('p', { class: 'problem', role: 'alert', id: 'wrong' }, this.#wrong.message) : null,
            h('p', { class: 'verbs' }, h('button', { disabled: isRunning || view.isGone() }, 'Send'), isRunning ? button('Stop', () => this.stop()) : null));
    }

    #pictureField() {
        const onchange = (/** @type {Event} */ event) => {
            const field = /** @type {HTMLInputElement} */ (event.target);
            void this.#add([...field.files ?? []]).then(() => { field.value = ''; });
        };
        return h('div', { class: 'pictures' }, h('p', { class: 'verbs' }, h('label', { for: 'pictures' }, 'Pictures'), h('input', { id: 'pictures', type: 'file', accept: PICTURES.join(), multiple: true, onchange })),
            this.#pictures.map(({ name, uri }, i) => h('figure', { key: `picture-${i}` }, h('img', { src: uri, alt: plain(name) }),
                button('Remove', () => { this.#pictures.splice(i, 1); this.context.redraw(); }, { quiet: true, label: `Remove ${plain(name)}` }))));
    }

    /** @param {ClipboardEvent} event */
    #paste(event) {
        const files = [...event.clipboardData?.files ?? []];
        if (files.length === 0) return;
        event.preventDefault();
        void this.#add(files);
    }

    /** @param {File[]} files */
    async #add(files) {
        /** @type {string[]} */
        const wrong = [];
        for (const file of files) {
            const all = this.#pictures.reduce((sum, one) => sum + one.bytes, file.size);
            if (!PICTURES.includes(file.type)) wrong.push(`${plain(file.name)} is no PNG, JPEG or WebP.`);
            else if (all > MOST_BYTES) wrong.push(`The pictures of a message may have ${bytes(MOST_BYTES)}; with ${plain(file.name)} they would have ${bytes(all)}.`);
            else this.#pictures.push({ name: file.name, bytes: file.size, uri: `data:${file.type};base64,${await base64Of(file)}` });
        }
        this.#wrong = wrong.length ? new FieldError('pictures', wrong.join(' ')) : null;
        this.context.redraw();
    }

    /** @param {Whole} view */
    #send(view) {
        this.#wrong = null;
        try {
            const asked = view.places().map((place) => ({ place, body: bodyOf({ model: this.context.model.name, ...this.read(place), at: place }) }));
            this.#begin({ text: this.#text, pictures: this.#pictures.map(({ uri }) => uri) }, asked);
            this.#text = '';
            this.#pictures = [];
        } catch (error) {
            if (!(error instanceof FieldError)) throw error;
            this.#wrong = error;
            document.getElementById(error.field)?.focus();
        }
        this.context.redraw();
    }

    /** @param {{text: string, pictures: string[]}} said @param {{place: import('../places.js').Place, body: Record<string, any>}[]} asked */
    #begin(said, asked) {
        const runs = new Runs(() => this.context.redraw());
        this.#turns.push({ ...said, runs });
        void runs.start(asked).then(() => {
            this.#heard = runs.list.map((run) => (run.answer ? saidBy(run) : run.state === 'failed' ? 'The request failed.' : '')).filter(Boolean).join(' ');
            this.context.redraw();
        });
    }

    /** @param {string} name @param {boolean} isRunning @param {Whole} view */
    #verbs(name, isRunning, view) {
        const file = name.replace(/[^\w.-]+/g, '-'), all = () => ({ model: name, system: this.#system, options: this.#optionsNow(), turns: this.#turns });
        const again = () => {
            const last = this.#turns.pop();
            if (!last) return;
            const body = (/** @type {import('../places.js').Place} */ at) => bodyOf({ model: name, task: 'chat', inputs: { messages: messagesOf(this.#system, this.#turns, last, at) }, options: this.#optionsNow(), at });
            this.#begin({ text: last.text, pictures: last.pictures }, view.places().map((place) => ({ place, body: body(place) })));
            this.context.redraw();
        };
        const anew = () => {
            this.stop();
            this.#turns = [];
            this.#heard = '';
            this.context.redraw();
            document.getElementById('say')?.focus();
        };
        return h('p', { class: 'verbs', key: 'verbs' }, button('Repeat the last message', again, { disabled: isRunning || view.isGone() }), button('Start over', anew),
            button('Export as JSON', () => download(`${file}.json`, asJson(all()), 'application/json')), button('Export as text', () => download(`${file}.txt`, asText(all()), 'text/plain')));
    }

    #optionsNow() {
        try {
            return this.options.read();
        } catch {
            return {};
        }
    }
}
