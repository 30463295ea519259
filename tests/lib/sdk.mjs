/** The JavaScript client as users get it: packed by npm, and installed from that file. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from './paths.mjs';

export const sdk = path.join(root, 'sdk/js');

/** Installs it into a folder, without a network. @param {string} folder @returns {string[]} the files of the package */
export function installSdk(folder) {
    const npm = (...words) => execFileSync('npm', [...words, '--offline', '--no-audit', '--no-fund'],
        { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } });
    const [{ filename, files }] = JSON.parse(npm('pack', sdk, '--json'));
    npm('install', `./${filename}`);
    return files.map((file) => file.path).sort();
}
