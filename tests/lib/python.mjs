/** Debian's Python, with the client of this tree. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './paths.mjs';

/** Debian's, which has Debian's packages. */
export const program = '/usr/bin/python3';

/** What it needs to find the client; nothing is written beside the files. */
export const environment = { PATH: process.env.PATH, LANG: 'C.UTF-8', no_proxy: '*',
    PYTHONPATH: path.join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' };

/** Runs it, warnings being errors; rejects with all that it said unless it ends with 0. */
export async function python(words, { env = {}, cwd = root } = {}) {
    try {
        return await promisify(execFile)(program, ['-W', 'error', ...words],
            { cwd, env: { ...environment, ...env }, maxBuffer: 1 << 24 });
    } catch (error) {
        error.message += `\n${error.stdout}\n${error.stderr}`;
        throw error;
    }
}

/** Runs the tests of a file in tests/python. */
export const pythonTests = (file, env) =>
    python(['-m', 'unittest', file], { cwd: path.join(root, 'tests/python'), env });
