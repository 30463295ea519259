/** A text that a model speaks: a player, and the file. */
import { h } from '../../draw.js';
import { plain } from '../../format.js';
import { button, facts } from '../../parts.js';
import { textField } from '../fields/text.js';
import { apart, bytesOf, short } from '../numbers.js';
import { Options } from '../options.js';
import { remembered } from '../remembered.js';

/** @param {import('../forms.js').Context} context @returns {import('../forms.js').Form} */
export function makeSpeech(context) {
    const field = textField(context.redraw, 'text', 'Text', { rows: 4 }), options = new Options(context);
    /** @type {Map<any, string>} */
    const urls = new Map();
    const forget = () => {
        for (const url of urls.values()) URL.revokeObjectURL(url);
        urls.clear();
    };
    const urlOf = (/** @type {any} */ answer) => {
        const found = urls.get(answer) ?? URL.createObjectURL(new Blob([bytesOf(soundOf(answer))], { type: 'audio/wav' }));
        urls.set(answer, found);
        return found;
    };
    return {
        draw: () => [field.draw(), options.draw()],
        read: () => ({ inputs: field.read(), options: options.read(), task: context.task }),
        show(answer) {
            if (!answer) return [];
            const { duration, sampling_rate: rate } = answer.result ?? {};
            return [h('audio', { controls: true, src: urlOf(answer), 'aria-label': 'The text, as it was spoken' }),
                facts([['Lasts', `${plain(duration)} s`], ['Samples', `${plain(rate)} a second`]]),
                h('p', { class: 'verbs' }, button('Save the sound', () => save(urlOf(answer))))];
        },
        difference,
        stop: forget,
    };
}

const difference = remembered((/** @type {any} */ one, /** @type {any} */ other) => {
    const [here, there] = [one, other].map((answer) => samplesOf(bytesOf(soundOf(answer))));
    if (here.length !== there.length) return `It lasts ${plain(one.result?.duration)} s, and ${plain(other.result?.duration)} s here.`;
    const { absolute } = apart(here, there);
    return absolute === 0 ? 'The samples are equal.' : `Samples are at most ${short(absolute)} apart, of 1.`;
});

/** @param {any} answer */
const soundOf = (answer) => answer.outputs.find((/** @type {any} */ { name }) => name === 'audio') ?? { data: [] };

/** @param {Uint8Array<ArrayBuffer>} file a WAV file of 16-bit samples, as the service makes it @returns {number[]} from -1 to 1 */
export function samplesOf(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength), HEAD = 44;
    return Array.from({ length: Math.max(0, Math.floor((file.length - HEAD) / 2)) }, (_, i) => view.getInt16(HEAD + 2 * i, true) / 32768);
}

/** @param {string} url of a blob */
function save(url) {
    const link = document.createElement('a');
    link.href = url;
    link.download = 'speech.wav';
    link.click();
}
