/** The view of vectors, whose script is loaded when it is opened. */
import { ask, open, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { button, form, say } from '../parts.js';

/** @param {import('../main.js').App} app @param {URLSearchParams} query @returns {import('../main.js').View} */
export function vectorsView(app, query) {
    /** @type {import('../main.js').View | null} */
    let view = null;
    let problem = '', isOver = false;
    import(new URL(VECTORS, document.baseURI).href).then(({ openVectors }) => {
        if (!isOver) view = openVectors(app, query, { ask, open, sentenceOf, button, form, say });
    }, () => { problem = 'The script of this view did not arrive. Open the view again.'; }).then(() => { if (!isOver) app.redraw(); });
    return {
        title: 'Vectors', kinds: [],
        fresh: () => view?.fresh?.(),
        stop() {
            isOver = true;
            view?.stop?.();
        },
        render: () => view?.render() ?? { state: problem ? 'failed' : 'loading', parts: [h('p', { class: problem ? 'problem' : '' }, problem || 'Loading the view.')] },
    };
}
