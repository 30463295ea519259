/** What an engine worker asks of WebGPU, told to the document; and what a test may ask of the worker. */

/** Script text at the head of a worker. `during`: of the dispatches that `computed` counts, those while a buffer was waited
 * for; `read` and `copied`: bytes that were mapped, and copied; `made`: of the buffers, those that may have keys and values,
 * and `own`: of these the worker's own; `live`: bytes of the buffers of devices that are there. A step ends with a map, as
 * logits are read so, unless nothing was computed before it; `steps`: what was counted by the end of each. */
const COUNTS = `{
    const so = { computed: 0, during: 0, submits: 0, maps: 0, read: 0, copied: 0, buffers: 0, made: 0, own: 0 }, steps = [];
    const STORAGE = 128, OWN = 140;
    const sizes = new Map(), devices = new Set();
    let told = { ...so }, waiting = 0;
    const around = ({ prototype }, name, note) => {
        const method = prototype[name];
        prototype[name] = function (...given) {
            const result = method.apply(this, given);
            note(this, result, given);
            return result;
        };
    };
    around(GPUAdapter, 'requestDevice', async (adapter, made) => {
        const device = await made;
        devices.add(device);
        device.lost.then(() => {
            devices.delete(device);
            for (const [buffer, { owner }] of sizes) if (owner === device) sizes.delete(buffer);
        });
    });
    around(GPUDevice, 'createBuffer', (owner, buffer, [{ size, usage }]) => {
        so.buffers++;
        if (usage & STORAGE) so.made++;
        if (usage === OWN) so.own++;
        sizes.set(buffer, { owner, size });
    });
    around(GPUBuffer, 'destroy', (buffer) => sizes.delete(buffer));
    around(GPUCommandEncoder, 'copyBufferToBuffer', (encoder, result, given) => { so.copied += given.at(-1); });
    around(GPUComputePassEncoder, 'dispatchWorkgroups', () => {
        so.computed++;
        if (waiting > 0) so.during++;
    });
    around(GPUQueue, 'submit', () => { so.submits++; });
    around(GPUBuffer, 'mapAsync', (buffer, mapped, [, at = 0, size = buffer.size - at]) => {
        so.maps++;
        so.read += size;
        if (so.computed > (steps.at(-1)?.computed ?? 0)) steps.push({ ...so });
        waiting++;
        const ended = () => { waiting--; };
        mapped.then(ended, ended);
    });
    const channel = new BroadcastChannel('gpu-counts');
    channel.onmessage = ({ data: { asked, begins } }) => {
        if (!asked) return;
        Object.assign(globalThis, asked);
        if (begins) return;
        if (asked.losesDevices) for (const device of devices) device.destroy();
        const live = [...sizes.values()].reduce((sum, { size }) => sum + size, 0);
        const since = Object.entries(so).map(([name, count]) => [name, count - told[name]]);
        channel.postMessage({ counts: { ...Object.fromEntries(since), live, steps } });
        told = { ...so };
    };
    channel.postMessage({ begins: true });
}`;

/** For a page whose worker for WebGPU counts. @param {string} name @param {string | Buffer} content */
export const counting = (name, content) => (/^engine-webgpu/.test(name) ? `${COUNTS}\n${content}` : content);

/** What the worker has counted since the last call, and at each of its steps so far. From now on its globals, and those of a worker
 * that takes its place, are as `asked` says. @param {any} tab @param {Record<string, boolean>} [asked] `losesDevices`: its devices are
 * destroyed now @returns {Promise<Record<string, number> & {steps: Record<string, number>[]}>} */
export const countsOf = async (tab, asked = {}) => JSON.parse(await tab.evaluate(`new Promise((resolve) => {
    const channel = globalThis.gpuCounts ??= new BroadcastChannel('gpu-counts'), asked = ${JSON.stringify(asked)};
    channel.onmessage = ({ data: { counts, begins } }) => {
        if (begins) channel.postMessage({ asked, begins });
        else resolve(JSON.stringify(counts));
    };
    channel.postMessage({ asked });
})`));
