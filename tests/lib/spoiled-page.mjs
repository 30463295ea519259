/** A page that lies or breaks: the built one with a script of the test's at the head of an engine's workers. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { builtPage } from './paths.mjs';

/**
 * Copies the built page into a folder of its own, which is the caller's to remove.
 * @param {(argument: any) => void} spoil runs at the head of each webgpu engine worker; it is
 *   serialised, so it may use nothing from outside
 * @param {any} [argument] given to it
 */
export function spoiledPage(spoil, argument) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-page-'));
    fs.cpSync(builtPage, folder, { recursive: true, dereference: true });
    const workers = fs.readdirSync(folder).filter((one) => /^engine-webgpu-.*\.js$/.test(one));
    assert.ok(workers.length > 0, 'the page has no webgpu engine worker');
    for (const worker of workers) {
        const file = path.join(folder, worker);
        const code = fs.readFileSync(file, 'utf8');
        fs.chmodSync(file, 0o644);
        fs.writeFileSync(file, `(${spoil})(${JSON.stringify(argument ?? null)});\n${code}`);
    }
    return folder;
}
