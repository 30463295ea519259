/**
 * What the rows are measured on: a daemon with one Chromium, and beside it, from when it is first wanted, one whose page
 * counts what it asks of WebGPU. A row that fails costs both; the next one has new ones.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../../lib/cleanup.mjs';
import { assembleModels, Daemon } from '../../lib/daemon.mjs';
import { makeFamilies } from '../../lib/families.mjs';
import { makeShapes } from '../chat/shapes.mjs';
import { putSubjects } from '../kernels/graphs.mjs';
import { SIZES } from '../tasks/sizes.mjs';
import { countingPage } from './counting.mjs';

export const BROWSER = 'chrome';

export class Ground {
    #timed = null;
    #counted = null;
    #page = '';

    /** @param {{gpu: string, models: string[], shapes: string[], folders: string[], subjects: any[]}} how `gpu`: as the
     * configuration has it; then what is measured: cases, shapes of GGUF, models of tests/models in folders, kernels */
    constructor({ gpu, models, shapes, folders, subjects }) {
        this.gpu = gpu;
        this.store = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-')));
        assembleModels(this.store, models);
        makeShapes(this.store, shapes);
        const families = makeFamilies(SIZES, folders);
        for (const name of folders) fs.cpSync(path.join(families, name), path.join(this.store, name), { recursive: true });
        putSubjects(this.store, subjects);
    }

    #daemon(bridge = {}) {
        return new Daemon({ logToFile: true, config: { models: { directory: this.store }, bridge,
            pool: { max_connections: 1, recycle_after: 0, network: 'host' }, // in one of its own nobody could debug it
            [`browser.${BROWSER}`]: { gpu: this.gpu } } }).start();
    }

    /** The daemon that is timed. @returns {Promise<Daemon>} */
    async timed() {
        return this.#timed ??= await this.#daemon();
    }

    /** The one whose page counts. @returns {Promise<Daemon>} */
    async counted() {
        this.#page ||= guard(countingPage());
        return this.#counted ??= await this.#daemon({ page: this.#page });
    }

    /** Ends both as they are, with all that runs on them. */
    async recover() {
        const daemons = [this.#timed, this.#counted];
        this.#timed = this.#counted = null;
        for (const daemon of daemons) await daemon?.abandon();
    }

    async stop() {
        for (const daemon of [this.#timed, this.#counted]) await daemon?.stop();
        clear(this.store);
        if (this.#page) clear(this.#page);
    }
}
