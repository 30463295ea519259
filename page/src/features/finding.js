/** The result for a feature: whether it computed correctly, by hardware if it is a GPU's feature, and on what or why not. */

/** @typedef {{state: 'yes' | 'software' | 'no', detail: string}} Finding */
/** The place of the trial: the document, a worker, or a worker with onnxruntime-web on that platform.
 * @typedef {'document' | 'worker' | 'wasm' | 'webgpu' | 'webnn'} Place */

/** A computation as small as these is done in well under a second, where a process runs at all. */
const QUICK_MS = 20_000;
/** onnxruntime-web is fetched and compiled first. */
const SLOW_MS = 90_000;

/** @param {Place} place */
export const limitOf = (place) => (place === 'document' || place === 'worker' ? QUICK_MS : SLOW_MS);
/** More than any of these. */
export const LONGEST_MS = 2 * SLOW_MS;

/** The service takes no longer text. */
const DETAIL_MAX = 160;

/** @param {string} [detail] @returns {Finding} */
export const yes = (detail = '') => ({ state: 'yes', detail: detail.slice(0, DETAIL_MAX) });

/** @param {string} reason @returns {Finding} */
export const no = (reason) => ({ state: 'no', detail: reason.slice(0, DETAIL_MAX) });

/** @param {import('../shared/messages.js').Adapter | null} adapter that it computed on @param {string} [detail] @returns {Finding} */
export const onAdapter = (adapter, detail = '') => (adapter?.is_fallback ? { ...yes(detail), state: 'software' } : yes(detail));

/** @param {import('../shared/messages.js').Adapter} adapter */
export const nameOf = ({ vendor, architecture, description }) =>
    [vendor, architecture, description].filter(Boolean).join(' ') || 'one that is not named';

/** @param {unknown} thrown @returns {Finding} */
export const failed = (thrown) => no(thrown instanceof Error ? thrown.message || thrown.name : String(thrown));

/** @param {boolean} right @throws {Error} if not */
export function mustBeRight(right) {
    if (!right) throw new Error('it gave a wrong result');
}
