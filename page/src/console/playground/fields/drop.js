/** A field that takes one file: chosen, dropped on it, or pasted while it is there. */
import { sentenceOf } from '../../api.js';
import { h } from '../../draw.js';
import { idOf } from './text.js';

/** @import { Part } from '../../draw.js' */
/** @typedef {{name: string, label: string, accept: string, paste?: RegExp, redraw: () => void, say: (text: string, isError?: boolean) => void,
 * take: (file: File) => Promise<void>}} Kind `paste`: the media types that are taken from the clipboard; `take` throws what is wrong with it */

/** @param {Kind} kind */
export function fileField({ name, label, accept, paste, redraw, say, take }) {
    /** @type {'empty' | 'reading' | 'ready' | 'failed'} */
    let state = 'empty';
    let problem = '', turn = 0;
    const give = async (/** @type {File | undefined | null} */ file) => {
        if (!file) return;
        const mine = ++turn;
        state = 'reading';
        problem = '';
        redraw();
        try {
            await take(file);
            if (mine === turn) state = 'ready';
        } catch (error) {
            if (mine !== turn) return;
            state = 'failed';
            problem = sentenceOf(error);
            say(problem, true);
        }
        redraw();
    };
    const ondrop = (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        void give(event.dataTransfer?.files[0]);
    };
    const onpaste = (/** @type {ClipboardEvent} */ event) => {
        const file = [...event.clipboardData?.files ?? []].find(({ type }) => paste?.test(type));
        if (!file) return;
        event.preventDefault();
        void give(file);
    };
    if (paste) document.addEventListener('paste', onpaste);
    return {
        give,
        get state() { return state; },
        get problem() { return problem; },
        /** @param {string} hint @param {...Part} more what belongs to it */
        draw: (hint, ...more) => h('div', { class: 'field drop', key: name, 'data-state': state, ondrop,
            ondragover: (/** @type {Event} */ event) => event.preventDefault() },
        h('label', { for: idOf(name) }, label),
        h('input', { id: idOf(name), name, type: 'file', accept, 'aria-describedby': `${idOf(name)}-hint`,
            onchange: (/** @type {Event} */ event) => give(/** @type {HTMLInputElement} */ (event.target).files?.[0]) }),
        h('small', { id: `${idOf(name)}-hint` }, hint),
        state === 'reading' ? h('p', { class: 'note' }, 'The file is being read.') : null,
        problem ? h('p', { class: 'problem' }, problem) : null, ...more),
        stop() {
            turn++;
            document.removeEventListener('paste', onpaste);
        },
    };
}
