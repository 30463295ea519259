/** A client of live sound (POST /v1/audio/streams), and sounds to send it. */
import assert from 'node:assert/strict';
import { EventClient } from './events.mjs';
import { until } from './wait.mjs';

/** Numbers that are the same each time. @param {number} seed @returns {() => number} 0 to 1 */
export function randomOf(seed) {
    let state = seed >>> 0;
    return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Words of rough tones with pauses between them, as s16le at 16 kHz. @param {{seed?: number, words?: number,
 *   pause?: number, length?: number}} options seconds; a word takes `length`, more or less */
export function talk({ seed = 1, words = 6, pause = 0.9, length = 0.5 } = {}) {
    const random = randomOf(seed);
    const samples = [];
    const add = (seconds, amplitude) => {
        const pitch = 60 + Math.floor(random() * 60);
        for (let i = 0; i < seconds * 16000; i++)
            samples.push(Math.round((i % pitch < pitch / 2 ? amplitude : -amplitude) + (random() - 0.5) * 60));
    };
    for (let i = 0; i < words; i++) {
        add(pause, 0);
        add(length * (0.7 + random() * 0.6), 1500 + random() * 6000);
    }
    add(pause, 0);
    return Buffer.from(Int16Array.from(samples).buffer);
}

export class SoundClient {
    position = 0;
    /** How often it was told to wait. */
    refusals = 0;

    /** @param {import('./daemon.mjs').Daemon} daemon */
    constructor(daemon, headers = {}) {
        this.daemon = daemon;
        this.headers = headers;
    }

    /** @param {object} body beside the model, or with another */
    async begin(body = {}) {
        const answer = await this.daemon.post('/v1/audio/streams', { model_name: 'ear', ...body }, { headers: this.headers });
        assert.equal(answer.status, 201, answer.text);
        this.path = answer.headers.location;
        assert.equal(this.path, `/v1/audio/streams/${answer.json.id}`);
        assert.equal(answer.json.position, 0);
        return this;
    }

    /** @param {Buffer} bytes @param {number} [position] */
    post(bytes, position = this.position) {
        return this.daemon.request(`${this.path}?position=${position}`, { method: 'POST', body: bytes,
            headers: { 'Content-Type': 'application/octet-stream', ...this.headers } });
    }

    /** Sends all, in pieces of the sizes that `next` gives; what is too far ahead again when it may.
     * @param {Buffer} bytes @param {() => number} next */
    async send(bytes, next = () => 1 << 20) {
        while (this.position < bytes.length) {
            const piece = bytes.subarray(this.position, this.position + next());
            const answer = await this.post(piece);
            if (answer.status === 429) {
                assert.equal(answer.json.code, 'sound_ahead');
                this.refusals++;
                await new Promise((wake) => setTimeout(wake, 50));
                continue;
            }
            assert.equal(answer.status, 200, answer.text);
            this.position += piece.length;
            assert.equal(answer.json.position, this.position);
        }
        return this;
    }

    end() { return this.daemon.request(`${this.path}/end`, { method: 'POST', headers: this.headers }); }
    cancel() { return this.daemon.request(this.path, { method: 'DELETE', headers: this.headers }); }

    /** @param {string} [last] of the events that were had */
    read(last) {
        return new EventClient(`${this.daemon.url}${this.path}/events`,
            { headers: { ...this.headers, ...last !== undefined && { 'Last-Event-ID': last } } });
    }
}

export const finals = (reader) => reader.events.filter(({ event }) => event === 'final').map(({ json }) => json);

/** Sends all of it and takes the text. @returns {Promise<{finals: object[], done: object, reader: EventClient, client: SoundClient}>} */
export async function hear(daemon, bytes, next, body) {
    const client = await new SoundClient(daemon).begin(body);
    const reader = client.read();
    await client.send(bytes, next);
    assert.equal((await client.end()).status, 200);
    await reader.ended();
    assert.equal(reader.last.event, 'done', JSON.stringify(reader.last));
    return { finals: finals(reader), done: reader.last.json, reader, client };
}

/** Until it has so many of them. */
export const untilFinals = (reader, count) =>
    until(() => finals(reader).length >= count || reader.over, { what: `${count} finals` });
