/** The tiny models of tests/models, made when they are first wanted. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build, root } from './paths.mjs';

const python = '/usr/bin/python3'; // Debian's, which has Debian's packages

/**
 * Makes them, if they are not there in their present form; takes a second.
 * @param {Record<string, number>} [sizes] other than the tests have: names of tests/models/graph.py
 * @param {string[]} [names] those that are wanted, if not all
 * @returns {string} the folder that their folders are in
 */
export function makeFamilies(sizes = {}, names = []) {
    const folder = path.join(build, ['families', ...Object.values(sizes)].join('-'));
    const own = Object.entries(sizes).map(([name, value]) => [`WEBINFER_FAMILY_${name.toUpperCase()}`, String(value)]);
    const env = { ...process.env, ...Object.fromEntries(own) };
    const { status, stderr } = spawnSync(python,
        ['-B', path.join(root, 'tests/models/families.py'), folder, ...names], { encoding: 'utf8', env });
    if (status !== 0)
        throw new Error(`the tiny models were not made: ${stderr}; ./dev setup installs what it takes`);
    return folder;
}

/** Puts some of them into a store, under their own names or others: {name: family}. */
export function putFamilies(store, names) {
    const from = makeFamilies();
    const pairs = Array.isArray(names) ? names.map((one) => [one, one]) : Object.entries(names);
    for (const [name, family] of pairs)
        fs.cpSync(path.join(from, family), path.join(store, name), { recursive: true });
}
