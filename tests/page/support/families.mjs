/**
 * The tiny families in Node, each loaded when a test first asks for it, beside the oracle's answers. All
 * of it ends with the file's tests.
 */
import path from 'node:path';
import { after } from 'node:test';
import { makeFamilies } from '../../lib/families.mjs';
import { Oracle } from '../../lib/oracle.mjs';
import { filesIn, loaded } from './library.mjs';

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

/** Does something with a family's model of which some JSON files are others: what the change says they
 * are, or without those that it says are undefined.
 * @param {string} name @param {Record<string, string | object>} change @param {(model: any) => Promise<any>} work */
export async function withChanged(name, change, work) {
    const files = filesIn(folderOf(name));
    for (const [file, changed] of Object.entries(change)) {
        const old = files[file] ? JSON.parse(Buffer.from(files[file])) : {};
        files[file] = new TextEncoder()
            .encode(typeof changed === 'string' ? changed : JSON.stringify({ ...old, ...changed }));
    }
    const model = await loaded(files);
    try {
        return await work(model);
    } finally {
        await model.dispose();
    }
}
