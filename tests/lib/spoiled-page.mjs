/** A page that lies or breaks: the built one with scripts of the test's at the head of its workers. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { builtPage } from './paths.mjs';

/**
 * Copies the built page into a folder of its own, which is the caller's to remove.
 * @param {Record<string, (argument: any) => void>} spoils what runs at the head of the workers whose
 *   script's name begins so; each is serialised, so it may use nothing from outside
 * @param {any} [argument] given to them
 */
export function spoiledPage(spoils, argument) {
    return changedPage(Object.fromEntries(Object.entries(spoils).map(([beginning, spoil]) =>
        [beginning, (code) => `(${spoil})(${JSON.stringify(argument ?? null)});\n${code}`])));
}

/**
 * Copies the built page likewise.
 * @param {Record<string, (code: string) => string>} changes what becomes of the workers whose script's name begins so
 */
export function changedPage(changes) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-page-'));
    fs.cpSync(builtPage, folder, { recursive: true, dereference: true });
    for (const [beginning, change] of Object.entries(changes)) {
        const workers = fs.readdirSync(folder)
            .filter((one) => one.startsWith(`${beginning}-`) && one.endsWith('.js'));
        assert.ok(workers.length > 0, `the page has no worker "${beginning}"`);
        for (const worker of workers) {
            const file = path.join(folder, worker);
            const code = fs.readFileSync(file, 'utf8');
            fs.chmodSync(file, 0o644);
            fs.writeFileSync(file, change(code));
            for (const ending of ['br', 'gz']) fs.rmSync(`${file}.${ending}`, { force: true }); // it is not changed
        }
    }
    return folder;
}

/**
 * At the head of an engine's worker: the adapter says that it is a GPU, so that `auto` wants it. With
 * `plant`, what is `from` in its kernels, a regular expression, is `to`.
 * @param {{from: string, to: string} | false} plant
 */
export function claimHardware(plant) {
    const info = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'info').get;
    const claims = { vendor: 'acme', architecture: 'rocket', description: 'Acme Rocket',
        isFallbackAdapter: false };
    Object.defineProperty(GPUAdapter.prototype, 'info', { get() {
        return new Proxy(info.call(this), { get: (real, key) =>
            key in claims ? claims[key] : Reflect.get(real, key, real) });
    } });
    if (!plant) return;
    const create = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function (what) {
        return create.call(this, { ...what, code: what.code.replace(new RegExp(plant.from, 'g'), plant.to) });
    };
}
