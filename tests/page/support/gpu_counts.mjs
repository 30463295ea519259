/** What an engine worker asks of WebGPU, told to the document; and what a test may have its device do. */

/** Script text at the head of a worker. `live`: bytes of the buffers of devices that are there; `during`: dispatches while
 * a buffer was waited for. */
export const COUNTS = `{
    const none = () => ({ dispatches: 0, submits: 0, maps: 0, buffers: 0, bytes_written: 0, bytes_read: 0, during: 0 });
    const sizes = new Map(), devices = new Set();
    let so = none(), waiting = 0;
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
    around(GPUDevice, 'createBuffer', (owner, buffer, [{ size, mappedAtCreation }]) => {
        so.buffers++;
        if (mappedAtCreation) so.bytes_written += size;
        sizes.set(buffer, { owner, size });
    });
    around(GPUBuffer, 'destroy', (buffer) => sizes.delete(buffer));
    around(GPUComputePassEncoder, 'dispatchWorkgroups', () => {
        so.dispatches++;
        if (waiting > 0) so.during++;
    });
    around(GPUQueue, 'submit', () => { so.submits++; });
    around(GPUQueue, 'writeBuffer', (queue, result, [, , data]) => { so.bytes_written += data.byteLength; });
    around(GPUBuffer, 'mapAsync', (buffer, mapped, [, at = 0, size = buffer.size - at]) => {
        so.maps++;
        so.bytes_read += size;
        waiting++;
        const ended = () => { waiting--; };
        mapped.then(ended, ended);
    });
    const channel = new BroadcastChannel('gpu-counts');
    channel.onmessage = ({ data: { ask } }) => {
        if (!ask) return;
        if (ask === 'lose') for (const device of devices) device.destroy();
        const live = [...sizes.values()].reduce((sum, { size }) => sum + size, 0);
        channel.postMessage({ counts: { ...so, live } });
        so = none();
    };
}`;

/** For a page whose worker for WebGPU counts. @param {string} name @param {string | Buffer} content */
export const counting = (name, content) => (/^engine-webgpu/.test(name) ? `${COUNTS}\n${content}` : content);

/** What it has asked for since the last call. @param {any} tab @param {'count' | 'lose'} [ask] 'lose': its devices are destroyed
 * @returns {Promise<Record<string, number>>} */
export const countsOf = async (tab, ask = 'count') => JSON.parse(await tab.evaluate(`new Promise((resolve) => {
    const channel = new BroadcastChannel('gpu-counts');
    channel.onmessage = ({ data: { counts } }) => {
        if (!counts) return;
        channel.close();
        resolve(JSON.stringify(counts));
    };
    channel.postMessage({ ask: '${ask}' });
})`));
