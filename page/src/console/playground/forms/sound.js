/** A sound, optionally with labels: its text with times, or labels as bars. */
import { h } from '../../draw.js';
import { plain } from '../../format.js';
import { facts, table } from '../../parts.js';
import { bars, labelsApart } from '../answer/bars.js';
import { paragraphs, spokenCell } from '../answer/words.js';
import { ofTexts } from '../difference.js';
import { liveField } from '../fields/live.js';
import { soundField } from '../fields/sound.js';
import { textField } from '../fields/text.js';
import { Options } from '../options.js';

/** @param {import('../forms.js').Context} context @returns {import('../forms.js').Form} */
export function makeSound(context) {
    const { task, redraw } = context;
    const field = soundField(context), options = new Options(context);
    const labels = task === 'zero-shot-audio-classification' ? textField(redraw, 'labels', 'Labels', { rows: 4, hint: 'One in a line.' }) : null;
    const live = task === 'automatic-speech-recognition' ? liveField(context, options) : null;
    return {
        draw: () => [field.draw(), labels?.draw(), options.draw(), live?.draw()],
        read() {
            const { file } = field.read();
            return { inputs: labels ? { labels: labels.lines() } : {}, files: { audio: file }, options: options.read(), task };
        },
        ...(task === 'automatic-speech-recognition' ? said : labelled),
        stop() {
            field.stop();
            live?.stop();
        },
    };
}

/** @param {unknown} value seconds @returns {string} */
const seconds = (value) => (typeof value === 'number' ? `${value.toFixed(2)} s` : '');

/** @type {Pick<import('../forms.js').Form, 'show' | 'difference'>} */
const said = {
    show(answer, run) {
        const { text = run.text, segments, language, duration } = answer?.result ?? {};
        return [text.trim() ? paragraphs(text) : h('p', { class: 'none' }, 'The model recognised no words.'),
            answer ? facts([['Language', plain(language ?? '')], ['Sound', seconds(duration)]]) : null,
            segments ? table('Text with times', [
                { name: 'From', figure: true, cell: ({ start }) => seconds(start) },
                { name: 'To', figure: true, cell: ({ end }) => seconds(end) },
                { name: 'Words', wide: true, cell: (one) => spokenCell(one.text) },
            ], segments.map((/** @type {any} */ one, /** @type {number} */ i) => ({ ...one, i })), ({ i }) => String(i), 'The model returned no times.')
                : answer ? h('p', { class: 'note' }, 'Times come with the option “timestamps”, from models that tell them.') : null];
    },
    difference: (one, other) => ofTexts(one.result.text, other.result.text),
};

/** @type {Pick<import('../forms.js').Form, 'show' | 'difference'>} */
const labelled = {
    show: ({ result }) => [bars('Labels and their probabilities', (result?.labels ?? []).map((/** @type {any} */ { label, probability }) => ({ label, value: probability })),
        { none: 'The model returned no label.' })],
    difference: (one, other) => labelsApart(one.result.labels, other.result.labels),
};
