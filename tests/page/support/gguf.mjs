/** Language models for the page's tests, as they lie in the store. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeGguf } from '../../lib/gguf.mjs';

/** The bytes of a model. @param {import('../../lib/gguf.mjs').Options} [options] */
export function ggufBytes(options) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-gguf-'));
    const file = path.join(folder, 'model.gguf');
    try {
        writeGguf(file, options);
        return fs.readFileSync(file);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
