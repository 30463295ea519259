/** Changes in whole sentences for screen readers: only those that a person would want to hear. */
import { plain } from './format.js';

/** @param {import('./store.js').Store} store @returns {(keys: string[]) => string[]} the sentences about these keys */
export function sentencesOf(store) {
    /** @type {Map<string, string>} */
    const before = new Map();
    return (keys) => keys.flatMap((key) => {
        const now = stateOf(key, store.get(key)), was = before.get(key);
        if (now === undefined) before.delete(key);
        else before.set(key, now);
        return now === was ? [] : sentenceOf(key, was, now, store.get(key));
    });
}

/** @param {string} key @param {any} object @returns {string | undefined} */
function stateOf(key, object) {
    if (!object) return undefined;
    if (key === 'status') return object.ready ? 'ready' : plain(object.problem ?? 'not ready');
    return key.startsWith('session/') || key.startsWith('pull/') ? String(object.state) : undefined;
}

/** @param {string} key @param {string | undefined} was @param {string | undefined} now @param {any} object @returns {string[]} */
function sentenceOf(key, was, now, object) {
    const id = plain(key.slice(key.indexOf('/') + 1));
    if (key === 'status') return was === undefined || now === undefined ? [] : [now === 'ready' ? 'The service is ready.' : `The service is not ready: ${now}.`];
    if (key.startsWith('session/')) {
        if (now === undefined) return [`The browser ${id} is gone.`];
        if (now === 'broken') return [`The browser ${id} is broken.`];
        return now === 'ready' && was === 'starting' ? [`The browser ${id} is ready.`] : [];
    }
    if (now === 'failed') return [`Pulling ${id} has failed: ${plain(object.problem?.detail)}.`];
    return now === 'done' || (now === undefined && was !== 'failed') ? [`${id} is no longer being pulled.`] : [];
}
