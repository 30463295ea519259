/**
 * The tiny families in Node, each loaded when a test first asks for it, beside the oracle's answers. All
 * of it ends with the file's tests.
 */
import path from 'node:path';
import { after } from 'node:test';
import { makeFamilies } from '../../lib/families.mjs';
import { Oracle } from '../../lib/oracle.mjs';
import { loaded } from './library.mjs';

export const families = makeFamilies();
export const oracle = new Oracle(families);
/** @type {Map<string, ReturnType<typeof loaded>>} */
const models = new Map();
after(async () => {
    for (const model of models.values()) await (await model).dispose();
    await oracle.close();
});

/** @param {string} name */
export const folderOf = (name) => path.join(families, name);
/** @param {string} name */
export const modelOf = (name) => models.get(name) ?? models.set(name, loaded(folderOf(name))).get(name);
