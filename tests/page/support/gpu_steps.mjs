/** Script text for an engine worker that counts what is asked of its GPU, and how a test gets the counts. */

/** At each step, which ends with a map, as logits are read so: the buffers made so far that may have keys and values, and
 * of these the worker's own; all buffers made and destroyed; the bytes that were copied, and that were mapped; and how often
 * something was computed. A map before which nothing was computed ends no step. A worker that has taken another's place asks
 * what is wanted of it. */
export const COUNTS = `{
    const so = { made: 0, own: 0, buffers: 0, destroyed: 0, copied: 0, read: 0, computed: 0 }, steps = [];
    const STORAGE = 128, OWN = 140;
    const watch = ({ prototype }, name, note) => {
        const method = prototype[name];
        prototype[name] = function (...given) {
            note.apply(this, given);
            return method.apply(this, given);
        };
    };
    watch(GPUDevice, 'createBuffer', ({ usage }) => {
        so.buffers++;
        if (usage & STORAGE) so.made++;
        if (usage === OWN) so.own++;
    });
    watch(GPUBuffer, 'destroy', () => { so.destroyed++; });
    watch(GPUCommandEncoder, 'copyBufferToBuffer', (...given) => { so.copied += given.at(-1); });
    watch(GPUComputePassEncoder, 'dispatchWorkgroups', () => { so.computed++; });
    watch(GPUBuffer, 'mapAsync', function (mode, offset = 0, size = this.size - offset) {
        so.read += size;
        if (so.computed > (steps.at(-1)?.computed ?? 0)) steps.push({ ...so });
    });
    const asked = new BroadcastChannel('gpu-counts');
    asked.onmessage = ({ data }) => {
        if (!data.asked) return;
        Object.assign(globalThis, data.asked);
        if (!data.begins) asked.postMessage({ steps });
    };
    asked.postMessage({ begins: true });
}`;

/** What has been counted so far, at each step; from now on the worker's globals are as `asked` says. */
export const ask = async (tab, asked) => JSON.parse(await tab.evaluate(`new Promise((resolve) => {
    const asking = globalThis.gpuCounts ??= new BroadcastChannel('gpu-counts'), asked = ${JSON.stringify(asked)};
    asking.onmessage = ({ data }) => {
        if (data.begins) asking.postMessage({ asked, begins: true });
        else resolve(JSON.stringify(data.steps));
    };
    asking.postMessage({ asked });
})`));
