/**
 * Tasks whose tensors come in pieces (webinfer-protocol(7), "Pieces"): the request with an outline,
 * then the bytes, in order. Such a task becomes one whose tensors lie in a buffer, like any other.
 * It outlives the connection: what is missing is asked for with the next. No browser globals here.
 */
import { aligned } from '../shared/aligned.js';
import { FrameError, checkEntry } from '../shared/frame.js';

/** @import { Envelope, TensorEntry } from '../shared/messages.js' */
/** A task that is whole: its tensors begin at `section` of the buffer.
 * @typedef {{request: Envelope, buffer: ArrayBuffer, section: number}} Whole */

/** Left before the tensors, so that an echo's answer has its head there (frame.js, encodeInPlace). */
const HEAD_ROOM = 4096;

/** One task. */
class Incoming {
    /** @param {Envelope} request @param {number} now milliseconds */
    constructor(request, now) {
        let end = 0;
        /** @type {TensorEntry[]} */
        this._tensors = request.data.outline.map((/** @type {TensorEntry} */ entry) => {
            const offset = aligned(end);
            end = offset + entry.byte_length;
            return { ...entry, offset };
        });
        this._request = request;
        this._began = now;
        this._buffer = new ArrayBuffer(HEAD_ROOM + end);
        this.tensor = 0;
        this.position = 0;
        this._skip();
    }

    /** Steps over what is full. */
    _skip() {
        while (this.tensor < this._tensors.length && this.position === this._tensors[this.tensor].byte_length) {
            this.tensor++;
            this.position = 0;
        }
    }

    get request() {
        return this._request.id;
    }

    get isWhole() {
        return this.tensor === this._tensors.length;
    }

    /** @param {number} tensor @param {number} position @param {Uint8Array} bytes */
    add(tensor, position, bytes) {
        if (tensor !== this.tensor || position !== this.position) throw new FrameError('a piece out of order');
        const { offset, byte_length: length } = this._tensors[tensor];
        if (bytes.length === 0 || bytes.length > length - position) throw new FrameError('a piece of a wrong size');
        new Uint8Array(this._buffer, HEAD_ROOM + offset + position, bytes.length).set(bytes);
        this.position += bytes.length;
        this._skip();
    }

    /** @param {number} now @returns {Whole} its time has been running since the outline came */
    whole(now) {
        const { outline, ...data } = this._request.data;
        const deadline = Math.max(0, data.deadline_ms - (now - this._began));
        return {
            request: { ...this._request, data: { ...data, deadline_ms: deadline, tensors: this._tensors } },
            buffer: this._buffer, section: HEAD_ROOM,
        };
    }
}

export class PiecesIn {
    /** @param {() => number} now milliseconds */
    constructor(now) {
        this._now = now;
        /** @type {Map<string, Incoming>} */
        this._tasks = new Map();
    }

    /**
     * A task_request with an outline.
     * @param {Envelope} request
     * @returns {Whole | null} if it has no bytes to wait for
     * @throws {FrameError} if the outline is none
     * @throws {RangeError} if there is no memory for it
     */
    begin(request) {
        const { attempt_id: attempt, outline } = request.data;
        if (typeof attempt !== 'string' || this._tasks.has(attempt)) return null;
        if (!Array.isArray(outline)) throw new FrameError('outline is not a list');
        for (const entry of outline) checkEntry({ ...entry, offset: 0 });
        const task = new Incoming(request, this._now());
        if (task.isWhole) return task.whole(this._now());
        this._tasks.set(attempt, task);
        return null;
    }

    /**
     * A task_data. One that belongs to no task here was cancelled.
     * @param {Envelope} message @param {ArrayBuffer | null} buffer @param {number} section
     * @returns {Whole | null} the task, if this was the last piece
     * @throws {FrameError}
     */
    add({ data }, buffer, section) {
        const task = this._tasks.get(data.attempt_id);
        if (!task) return null;
        const [entry] = data.tensors ?? [];
        if (!buffer || data.tensors.length !== 1 || entry.name !== 'piece' || entry.datatype !== 'UINT8') {
            throw new FrameError('task_data without a piece');
        }
        task.add(data.tensor, data.position, new Uint8Array(buffer, section + entry.offset, entry.byte_length));
        if (!task.isWhole) return null;
        this._tasks.delete(data.attempt_id);
        return task.whole(this._now());
    }

    /** @param {string} attempt */
    drop(attempt) {
        this._tasks.delete(attempt);
    }

    clear() {
        this._tasks.clear();
    }

    /** The attempt and the request's id of each incomplete task. @returns {[string, string][]} */
    requests() {
        return [...this._tasks].map(([attempt, { request }]) => [attempt, request]);
    }

    /** Attempts that are not whole. */
    ids() {
        return [...this._tasks.keys()];
    }

    /** What has come since comes again. @param {Record<string, {tensor: number, position: number}>} places as `wanted` gave them */
    rewind(places) {
        for (const [attempt, task] of this._tasks) Object.assign(task, places[attempt]);
    }

    /** The place of the next piece of each. @returns {Record<string, {tensor: number, position: number}>} */
    wanted() {
        return Object.fromEntries([...this._tasks].map(([attempt, { tensor, position }]) =>
            [attempt, { tensor, position }]));
    }
}
