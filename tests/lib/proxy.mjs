/**
 * A TCP proxy between page and bridge that counts bytes, understands just enough of WebSocket to
 * see each message pass, and cuts the connection where a test says: before a message, in the
 * middle of it, or right after it.
 */
import { Relay } from './relay.mjs';

/** Splits one direction of a WebSocket into messages; positions count from its first frame. */
class FrameReader {
    #pending = Buffer.alloc(0);
    #consumed = 0;
    #parts = [];
    #binary = false;
    /** Where the first message that is not complete yet begins. */
    open = 0;

    /** Gives {message, start, end} of every message that `chunk` completes. */
    *read(chunk) {
        this.#pending = Buffer.concat([this.#pending, chunk]);
        for (let frame; (frame = this.#frame(0));) {
            this.#pending = this.#pending.subarray(frame.end);
            this.#consumed += frame.end;
            const control = frame.opcode >= 8;
            if (control && !this.#parts.length) this.open = this.#consumed;
            if (control) continue;
            if (frame.opcode) this.#binary = frame.opcode === 2;
            this.#parts.push(frame.payload);
            if (!frame.final) continue;
            const start = this.open;
            const payload = Buffer.concat(this.#parts);
            this.#parts = [];
            this.open = this.#consumed;
            yield { message: this.#parse(payload), start, end: this.#consumed };
        }
    }

    #frame(at) {
        const bytes = this.#pending.subarray(at);
        if (bytes.length < 2) return null;
        let size = bytes[1] & 127, head = 2;
        if (size === 126) {
            if (bytes.length < 4) return null;
            size = bytes.readUInt16BE(2);
            head = 4;
        } else if (size === 127) {
            if (bytes.length < 10) return null;
            size = Number(bytes.readBigUInt64BE(2));
            head = 10;
        }
        const masked = bytes[1] & 128;
        const mask = masked ? bytes.subarray(head, head + 4) : null;
        if (masked) head += 4;
        if (bytes.length < head + size) return null;
        let payload = Buffer.from(bytes.subarray(head, head + size));
        if (mask) payload = payload.map((byte, index) => byte ^ mask[index & 3]);
        return { final: bytes[0] & 128, opcode: bytes[0] & 15, payload, start: at,
            end: at + head + size };
    }

    #parse(payload) {
        try {
            if (!this.#binary) return JSON.parse(payload.toString());
            return JSON.parse(payload.subarray(4, 4 + payload.readUInt32LE(0)).toString());
        } catch {
            return { type: '(not a message)' };
        }
    }
}

export class Proxy extends Relay {
    /** {direction: 'up' | 'down', type, data, at} of every message seen, at its time; up is from the page. */
    seen = [];
    /** How often a rule has cut. */
    cuts = 0;
    /** WebSockets open now. */
    sockets = new Set();
    bytes = { up: 0, down: 0 };
    #rules = [];
    /** While true, new WebSockets are refused at once. */
    closed = false;

    /**
     * Cuts once when a message of `type` passes in `direction`: `where` is 'before' (it never
     * arrives), 'middle' (half of it arrives) or 'after' (it arrives, nothing after it).
     */
    cut(direction, type, where, { times = 1 } = {}) {
        this.#rules.push({ direction, type, where, times });
    }

    /** Cuts every open WebSocket now. */
    cutNow() {
        for (const pair of this.sockets) this.#drop(pair);
    }

    close() {
        this.cutNow();
        super.close();
    }

    serve(client) {
        const upstream = this.connect();
        const pair = { client, upstream, socket: false, dead: false, up: null, down: null };
        for (const one of [client, upstream]) this.watch(one, () => this.#drop(pair));
        client.on('data', (chunk) => this.#pass(pair, 'up', chunk, upstream));
        upstream.on('data', (chunk) => this.#pass(pair, 'down', chunk, client));
    }

    #drop(pair) {
        if (pair.dead) return;
        pair.dead = true;
        this.sockets.delete(pair);
        pair.client.destroy();
        pair.upstream.destroy();
    }

    #pass(pair, direction, chunk, out) {
        if (pair.dead) return;
        if (!pair.socket) {
            if (direction === 'up' && chunk.subarray(0, 9).toString('latin1') === 'GET /node') {
                if (this.closed) return this.#drop(pair);
                pair.socket = true;
                this.sockets.add(pair);
            }
            out.write(chunk);
            return;
        }
        this.bytes[direction] += chunk.length;
        let from = 0;
        if (!pair[direction]) {
            pair[direction] = { reader: new FrameReader(), unsent: Buffer.alloc(0), sent: 0 };
            // The upgrade's answer ends the HTTP part of this direction; frames begin behind it.
            const end = direction === 'down' ? chunk.indexOf('\r\n\r\n') : -1;
            if (end >= 0) {
                out.write(chunk.subarray(0, end + 4));
                from = end + 4;
            }
        }
        this.#frames(pair, direction, chunk.subarray(from), out);
        if (out.writableNeedDrain) this.#hold(direction === 'up' ? pair.client : pair.upstream, out);
    }

    /** Reads no faster than the other side does: what lay here would be lost with the connection. */
    #hold(source, out) {
        source.pause();
        out.once('drain', () => source.resume());
    }

    #frames(pair, direction, chunk, out) {
        const way = pair[direction];
        way.unsent = Buffer.concat([way.unsent, chunk]);
        for (const { message, start, end } of way.reader.read(chunk)) {
            this.seen.push({ direction, type: message.type, data: message.data, at: performance.now() });
            const rule = this.#waiting(direction).find((one) => one.type === message.type);
            if (!rule) continue;
            rule.times--;
            this.cuts++;
            const stop = { before: start, after: end, middle: start + ((end - start) >> 1) };
            this.#cutAt(pair, out, way.unsent.subarray(0, Math.max(stop[rule.where] - way.sent, 0)));
            return;
        }
        // With a rule waiting, nothing of a message passes before the whole of it was judged.
        const until = this.#waiting(direction).length
            ? Math.max(way.reader.open - way.sent, 0) : way.unsent.length;
        if (until) out.write(way.unsent.subarray(0, until));
        way.sent += until;
        way.unsent = way.unsent.subarray(until);
    }

    #waiting(direction) {
        return this.#rules.filter((one) => one.times > 0 && one.direction === direction);
    }

    /** Lets `rest` arrive and ends the pair. */
    #cutAt(pair, out, rest) {
        pair.dead = true;
        this.sockets.delete(pair);
        const end = () => {
            pair.client.destroy();
            pair.upstream.destroy();
        };
        if (rest.length) out.write(rest, end);
        else end();
    }
}
