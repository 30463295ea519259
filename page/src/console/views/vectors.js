/** The view of vectors, whose script is loaded when the view is seen first. */
import { ask, sentenceOf } from '../api.js';
import { h } from '../draw.js';
import { button, form } from '../parts.js';
import { readPieces } from '../pieces.js';

/* global VECTORS -- put in by the build: where the script is */
/** @import { App, View } from '../main.js' */

/** @param {App} app @param {URLSearchParams} query @returns {View} */
export function vectorsView(app, query) {
    /** @type {View | null} */
    let view = null;
    let isAsked = false, isOver = false, problem = '';
    const load = async () => {
        isAsked = true;
        try {
            const { openVectors } = await import(new URL(VECTORS, document.baseURI).href);
            if (!isOver) view = openVectors(app, query, { ask, sentenceOf, button, form, readPieces });
        } catch (error) {
            problem = `The script of this view did not start (${sentenceOf(error)}). Load the page again.`;
        }
        if (!isOver) app.redraw();
    };
    return {
        title: 'Vectors', kinds: [],
        fresh: () => view?.fresh?.(),
        stop() {
            isOver = true;
            view?.stop?.();
        },
        render() {
            if (!isAsked) void load();
            return view?.render() ?? { state: problem ? 'failed' : 'loading', parts: [h('p', problem ? { class: 'problem' } : null, problem || 'Loading the view.')] };
        },
    };
}
