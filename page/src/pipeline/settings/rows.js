/**
 * How a folder's settings are treated: a row for each group of members.
 *
 * honoured  computed as transformers computes it
 * harmless  no answer depends on it
 * ignored   not computed: the model is answered without it, and the service lists it as `ignored_settings`
 * refused   the model is not loaded
 *
 * Ignored and refused members may have values that ask for nothing: null, false, "", [] and {} always, and those of `but`.
 * @typedef {'honoured' | 'harmless' | 'ignored' | 'refused'} Fate
 * @typedef {{fate: Fate, why: string, members: readonly string[], but: Readonly<Record<string, any>>}} Row
 */

/** @param {string} members @returns {string[]} */
const listOf = (members) => members.split(/\s+/).filter(Boolean);

/** @param {string} why @param {string} members @returns {Row} */
export const honoured = (why, members) => ({ fate: 'honoured', why, members: listOf(members), but: {} });
/** @param {string} why @param {string} members @returns {Row} */
export const harmless = (why, members) => ({ fate: 'harmless', why, members: listOf(members), but: {} });
/** @param {string} why @param {string} members @param {Record<string, any>} [but] @returns {Row} */
export const ignored = (why, members, but = {}) => ({ fate: 'ignored', why, members: listOf(members), but });
/** @param {string} why @param {string} members @param {Record<string, any>} [but] @returns {Row} */
export const refused = (why, members, but = {}) => ({ fate: 'refused', why, members: listOf(members), but });
