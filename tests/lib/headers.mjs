/** Numbers that the daemon and the page both have, as the daemon's headers define them. */
import fs from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';

/** @param {string} header below src/ @param {string} name @returns {number} */
export function defined(header, name) {
    const found = new RegExp(`^#define ${name} (\\d+)\\b`, 'm').exec(fs.readFileSync(path.join(root, 'src', header), 'utf8'));
    if (!found) throw new Error(`src/${header} defines no ${name}`);
    return Number(found[1]);
}
