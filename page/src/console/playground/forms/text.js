/** One text in, one text out: a continuation, a translation or a summary. */
import { h, said } from '../../draw.js';
import { pieces } from '../answer/inline.js';
import { Options } from '../options.js';
import { FieldError } from '../request.js';

/** @param {import('../forms.js').Context} context @returns {import('../forms.js').Form} */
export function makeText(context) {
    let text = '';
    const options = new Options(context);
    const oninput = (/** @type {Event} */ event) => {
        text = /** @type {HTMLTextAreaElement} */ (event.target).value;
        context.redraw();
    };
    return {
        draw: () => [h('p', { class: 'field' }, h('label', { for: 'text' }, 'Text'), h('textarea', { id: 'text', rows: '5', dir: 'auto', value: text, oninput })), options.draw()],
        read() {
            if (text === '') throw new FieldError('text', 'The text is missing.');
            return { inputs: text, options: options.read(), task: context.task };
        },
        fill: (inputs) => { text = String(inputs); },
        show: (answer, run) => [h('p', { class: 'said', dir: 'auto' }, ...said(pieces(answer?.result?.text ?? run.text)))],
    };
}
