/** The tiny models of tests/models, made when they are first wanted. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build, root } from './paths.mjs';

const python = '/usr/bin/python3'; // Debian's, which has Debian's packages
export const familiesFolder = path.join(build, 'families');

/** Makes them, if they are not there in their present form. Takes a second. */
export function makeFamilies() {
    const { status, stderr } = spawnSync(python,
        ['-B', path.join(root, 'tests/models/families.py'), familiesFolder], { encoding: 'utf8' });
    if (status !== 0)
        throw new Error(`the tiny models were not made: ${stderr}; ./dev setup installs what it takes`);
    return familiesFolder;
}

/** Puts some of them into a store, under their own names or others: {name: family}. */
export function putFamilies(store, names) {
    const from = makeFamilies();
    const pairs = Array.isArray(names) ? names.map((one) => [one, one]) : Object.entries(names);
    for (const [name, family] of pairs)
        fs.cpSync(path.join(from, family), path.join(store, name), { recursive: true });
}
