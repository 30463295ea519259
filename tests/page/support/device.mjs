/** A GPU's device without a GPU: its buffers have memory, its queue does at once what it is told, and all is counted. */

const MAP_READ = 1, MAP_WRITE = 2, COPY_SRC = 4, COPY_DST = 8; // GPUBufferUsage

class Buffer {
    constructor(device, { size, usage, label }) {
        Object.assign(this, { device, size, usage, label, bytes: new Uint8Array(size), isMapped: false, isDestroyed: false });
    }

    async mapAsync(mode, at = 0, size = this.size) {
        this.device.counts.maps++;
        if (this.device.isLost) throw new Error('the device is lost');
        this.isMapped = [at, size];
    }

    getMappedRange(at, size) {
        if (!this.isMapped) throw new Error('the buffer is not mapped');
        return this.range = this.bytes.buffer.slice(at, at + size);
    }

    unmap() {
        this.isMapped = false;
        if (this.range) structuredClone(this.range, { transfer: [this.range] });
    }

    destroy() {
        this.isDestroyed = true;
    }
}

class GPUQueue {
    constructor(device) {
        this.device = device;
    }

    writeBuffer(to, at, bytes) {
        this.device.counts.writes++;
        if (bytes.byteLength % 4 !== 0 || to.isMapped) throw new TypeError('this cannot be written');
        to.bytes.set(bytes, at);
    }

    submit(lists) {
        this.device.counts.submits++;
        for (const commands of lists) for (const command of commands) command();
    }
}

class GPUCommandEncoder {
    constructor() {
        this.commands = [];
    }

    copyBufferToBuffer(from, at, to, then, size) {
        if (size % 4 !== 0 || at + size > from.size || then + size > to.size) throw new RangeError('this cannot be copied');
        this.commands.push(() => {
            if (from.isMapped || to.isMapped) throw new Error('a mapped buffer is used');
            to.bytes.set(from.bytes.subarray(at, at + size), then);
        });
    }

    finish() {
        return this.commands;
    }
}

/** What browsers have as globals. */
export const GLOBALS = { GPUQueue, GPUCommandEncoder };

export class Device {
    constructor() {
        this.queue = new GPUQueue(this);
        this.isLost = false;
        this.count();
    }

    /** Counts from now on. */
    count() {
        const { counts } = this;
        this.counts = { buffers: 0, writes: 0, submits: 0, maps: 0 };
        return counts;
    }

    createBuffer(descriptor) {
        this.counts.buffers++;
        return new Buffer(this, descriptor);
    }

    createCommandEncoder() {
        return new GPUCommandEncoder();
    }

    /** Has something done in order with what is submitted. @param {() => void} work */
    dispatch(work) {
        this.queue.submit([[work]]);
    }

    /** As onnxruntime moves a tensor: through a buffer that shaders cannot use. */
    move(bytes, to) {
        const from = this.createBuffer({ size: to.size, usage: MAP_WRITE | COPY_SRC }), commands = this.createCommandEncoder();
        from.bytes.set(bytes);
        commands.copyBufferToBuffer(from, 0, to, 0, Math.ceil(bytes.length / 16) * 16);
        this.queue.submit([commands.finish()]);
    }

    /** The same the other way. @returns {Uint8Array} */
    fetch(from, length) {
        const to = this.createBuffer({ size: from.size, usage: MAP_READ | COPY_DST }), commands = this.createCommandEncoder();
        commands.copyBufferToBuffer(from, 0, to, 0, from.size);
        this.queue.submit([commands.finish()]);
        return to.bytes.subarray(0, length);
    }
}
