/** The buffers of one device, by their use and size: what one run gives back, the next one takes. */
import { aligned } from '../shared/aligned.js';

/** Larger ones are not kept, nor more bytes than that altogether. */
const KEPT_BYTES = 64 << 20;
const LEAST_BYTES = 256;

export const MAP_READ = 1; // GPUMapMode.READ

export const USAGE = Object.freeze({ // of GPUBufferUsage
    tensor: 0x80 | 0x8 | 0x4, // STORAGE | COPY_DST | COPY_SRC
    call: 0x40 | 0x8, // UNIFORM | COPY_DST
    answer: 0x1 | 0x8, // MAP_READ | COPY_DST
});

/** @typedef {keyof typeof USAGE} Use */

export class GpuBuffers {
    /** @param {any} device */
    constructor(device) {
        this._device = device;
        /** By use and size. @type {Map<string, any[]>} */
        this._free = new Map();
        this._kept = 0;
        this.count = 0; /* of all buffers */
        this.bytes = 0; /* likewise */
    }

    /** One of at least so many bytes. It has what another run has left: bind what is written to, and no more.
     * @param {Use} use @param {number} bytes */
    take(use, bytes) {
        const size = sizeOf(bytes), free = this._free.get(`${use} ${size}`)?.pop();
        if (free) {
            this._kept -= size;
            return free;
        }
        const buffer = this._device.createBuffer({ size, usage: USAGE[use], label: use });
        this.count++;
        this.bytes += size;
        return buffer;
    }

    /** The device may still write into it: it is not used again, and goes with its last holder.
     * @param {any} buffer that was taken */
    forget(buffer) {
        this.count--;
        this.bytes -= buffer.size;
    }

    /** @param {any} buffer that was taken and is not mapped */
    give(buffer) {
        if (this._kept + buffer.size > KEPT_BYTES) {
            this.forget(buffer);
            return void buffer.destroy();
        }
        this._kept += buffer.size;
        const name = `${buffer.label} ${buffer.size}`;
        this._free.set(name, [...this._free.get(name) ?? [], buffer]);
    }

    /** Destroys those that nobody has. */
    destroy() {
        for (const buffer of [...this._free.values()].flat()) {
            this.forget(buffer);
            buffer.destroy();
        }
        this._free.clear();
        this._kept = 0;
    }
}

/** A power of two, as far as they are kept. @param {number} bytes */
const sizeOf = (bytes) => (bytes > KEPT_BYTES ? bytes : Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(bytes))));

/** As whole words, for a device writes no less: the bytes after the last element are never read. @param {Uint8Array} bytes */
export function inWords(bytes) {
    if (bytes.length % 4 === 0) return bytes;
    const words = new Uint8Array(aligned(bytes.length, 4));
    words.set(bytes);
    return words;
}
