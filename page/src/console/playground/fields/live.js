/** The microphone while somebody speaks, with the text as the daemon sends it. */
import { sentenceOf } from '../../api.js';
import { h, said } from '../../draw.js';
import { duration } from '../../format.js';
import { button } from '../../parts.js';
import { pcmOf } from '../../../shared/wav.js';
import { pieces } from '../answer/words.js';
import { Listening, STREAMS } from '../listening.js';
import { loudest, Microphone } from '../microphone.js';
import { FieldError } from '../request.js';

const LAG_SHOWN_MS = 2000;

/** @typedef {'off' | 'starting' | 'on' | 'ending'} State */

/** @param {import('../forms.js').Context} context @param {import('../options.js').Options} options of the task */
export function liveField(context, options) {
    const live = new Live(context, options);
    return { draw: () => live.draw(), stop: () => live.stop() };
}

class Live {
    /** @type {State} */
    #state = 'off';
    /** @type {Microphone | null} */
    #microphone = null;
    /** @type {Listening | null} */
    #listening = null;
    #seconds = 0;
    #level = 0;
    #problem = '';
    #isGone = false;

    /** @param {import('../forms.js').Context} context @param {import('../options.js').Options} options */
    constructor(context, options) {
        this.context = context;
        this.options = options;
    }

    /** When the view is left. */
    stop() {
        this.#isGone = true;
        this.#microphone?.close();
        this.#listening?.leave();
    }

    /** From the microphone's first sound to the last text. */
    async #start() {
        const microphone = new Microphone((samples) => this.#take(samples));
        [this.#problem, this.#seconds, this.#level, this.#listening] = ['', 0, 0, null];
        this.#become('starting');
        try {
            const asked = this.options.read();
            await microphone.start();
            if (this.#isGone) return microphone.close();
            this.#microphone = microphone;
            this.#listening = new Listening({ model_name: this.context.model.name, format: 's16le', sampling_rate: microphone.rate, channels: 1,
                ...(Object.keys(asked).length && { options: asked }) }, () => this.context.redraw());
            this.#become('on');
            await this.#listening.run();
        } catch (error) {
            this.#fail(error);
        }
        microphone.close();
        this.#microphone = null;
        this.#become('off');
        return undefined;
    }

    async #end() {
        this.#become('ending');
        await this.#microphone?.stop();
        this.#listening?.end();
    }

    /** @param {Float32Array} samples */
    #take(samples) {
        this.#seconds += samples.length / (this.#microphone?.rate ?? Infinity);
        this.#level = loudest(samples);
        this.#listening?.add(pcmOf(samples));
        this.context.redraw();
    }

    /** @param {unknown} error */
    #fail(error) {
        if (this.#isGone) return;
        this.#problem = error instanceof FieldError ? error.message : sentenceOf(error);
        this.context.say(this.#problem, true);
    }

    /** @param {State} state */
    #become(state) {
        this.#state = state;
        this.context.redraw();
    }

    /** @returns {import('../../draw.js').Part} nothing where the daemon takes no live sound */
    draw() {
        if (!this.context.openapi()?.paths?.[STREAMS]) return null;
        return h('fieldset', { class: 'live', key: 'live', 'data-live': this.#state }, h('legend', null, 'Live'), this.#drawVerbs(), this.#drawTexts(),
            this.#problem ? h('p', { class: 'problem' }, this.#problem) : null);
    }

    #drawVerbs() {
        const state = this.#state;
        return h('div', { class: 'verbs' }, state === 'on' ? button('Stop listening', () => this.#end()) : button('Listen', () => this.#start(), { disabled: state !== 'off' }),
            state === 'on' ? [h('span', null, `${this.#seconds.toFixed(1)} s recorded.`), h('progress', { max: 1, value: this.#level, 'aria-label': 'Volume' })] : null,
            state === 'starting' ? h('span', { class: 'note' }, 'The browser is asked for the microphone.') : null,
            state === 'ending' ? h('span', { class: 'note' }, 'The last words are still being processed.') : null);
    }

    /** A screen reader reads each segment once, when its text is final. */
    #drawTexts() {
        const { finals = [], partial = '', lagMs = 0, failures = [] } = this.#listening ?? {};
        return [h('div', { class: 'said', key: 'finals', role: 'log', 'aria-live': 'polite', 'aria-label': 'What was said' },
            finals.map(({ segment, text }) => h('p', { key: String(segment), dir: 'auto' }, said(pieces(text))))),
        partial ? h('p', { class: 'partial', key: 'partial', dir: 'auto', 'aria-hidden': 'true' }, said(pieces(partial))) : null,
        lagMs > LAG_SHOWN_MS && this.#state !== 'off' ? h('p', { class: 'note', key: 'lag' }, `The text is ${duration(lagMs)} behind.`) : null,
        failures.length ? h('p', { class: 'problem', key: 'failures' }, `${failures.length} of the segments have no text: ${sentenceOf(failures.at(-1))}`) : null];
    }
}
