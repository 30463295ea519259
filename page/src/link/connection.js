/**
 * The WebSocket to the service: announcement, welcome, heartbeats both ways, reconnection with
 * backoff, and the answers that must survive a dropped socket. It knows frames, not attempts:
 * those belong to the dispatcher behind `handlers`. Which service that is, `services` decides.
 */
import { positive } from '../shared/checks.js';
import { PROTOCOL, PROTOCOL_VERSION } from '../shared/messages.js';
import { Backoff } from './backoff.js';
import { BetterWay } from './better_way.js';
import { decode, FrameError } from '../shared/frame.js';
import { Outbox } from './outbox.js';
import { PiecesOut } from './pieces_out.js';
import { isPeer, PortSocket, sizeOf } from './port_socket.js';
import { Holding, MAX_ANNOUNCEMENT, nothing } from './resume.js';

/** @import { Envelope } from '../shared/messages.js' */
/** @import { DeviceKey } from '../shared/device_key.js' */
/** @import { Passes } from './passes.js' */
/** @import { Socket } from './port_socket.js' */
/** @import { Held } from './resume.js' */
/** @import { Services } from './services.js' */

/**
 * @typedef {object} Handlers
 * @property {() => Record<string, any>} capabilities
 * @property {() => string[]} unanswered attempts that are not answered
 * @property {() => {running: string[], busy_since_ms: number, paused?: boolean, throttled?: boolean}} pulse for heartbeats
 * @property {() => Held['data']} wanted of tasks that come in pieces
 * @property {(places: Held['data']) => void} rewind such tasks go on there, as they were announced
 * @property {(figures: import('../shared/messages.js').NodeFigures) => void} onFigures what the service counts of this node
 * @property {(welcome: Record<string, any>) => void} onWelcome
 * @property {(attempts: string[]) => void} onUnwanted attempts that the service no longer wants
 * @property {() => void} onForgotten the service no longer knows this node: no answer is wanted any more
 * @property {() => Promise<void>} onAnew before the page comes in as a new node, once more; settles when all is over
 *   that the node before had begun
 * @property {(message: Envelope, buffer: ArrayBuffer | null, section: number) => void} onMessage
 * @property {(state: string, detail: string) => void} onState
 * @property {() => void} onLeft the node has left by itself, and its bye is on its way
 * @property {(key: DeviceKey, nonce: unknown) => Promise<string>} [sign] the proof for a challenge
 * @property {(peer: string, port: MessagePort) => void} [dial] joins the port to the peer at that address
 */

/** From opening the socket to `welcome`; after that, try again. */
const WELCOME_TIMEOUT_MS = 10000;
const CLOSE_NORMAL = 1000;
const CLOSE_POLICY = 1008;
const CLOSE_RESUME_UNKNOWN = 4001;
/** After these the service does not want this page back. */
const FINAL_BYES = new Set(['drain', 'superseded']);

export class Connection {
    /**
     * @param {Services} services @param {Passes} passes kept, because the page may have to join again @param {string} pageVersion
     * @param {Handlers} handlers
     */
    constructor(services, passes, pageVersion, handlers) {
        this._services = services;
        this._passes = passes;
        this._pageVersion = pageVersion;
        this._handlers = handlers;
        this._backoff = new Backoff();
        this._outbox = new Outbox();
        this._holding = new Holding(handlers, this._outbox);
        this._pieces = new PiecesOut({
            write: (frame) => this._write(frame),
            pending: () => this._socket?.bufferedAmount ?? 0,
            envelope: (type, data) => this._envelope(type, data),
            setTimer: (run, ms) => setTimeout(run, ms),
            clearTimer: (timer) => clearTimeout(timer),
        });
        this._better = new BetterWay({
            best: () => (this._welcomed && !this._stopped ? services.better : ''),
            now: () => services.now,
            patience: (way) => services.patience(WELCOME_TIMEOUT_MS, way),
            dial: (way) => this._dial(way),
            announcement: () => this._announcement(),
            proof: (nonce) => this._proof(nonce),
            write: (frame, socket) => this._write(frame, socket),
            read: (frame) => this._read(frame),
            welcomed: (socket, welcome) => this._change(socket, welcome),
            failed: () => (this._socket ? this._better.look() : this._lost('the better way does not lead to the service')),
        });
        /** @type {Socket | null} */
        this._socket = null;
        this._welcomed = false;
        this._stopped = false;
        this.node = '';
        this._resumeToken = '';
        this._maxFrame = Infinity;
        this._interval = 5000;
        this._misses = 3;
        this._beat = 0;
        this._quiet = 0; /* intervals in a row without a word of the service */
        this._lastOut = 0;
        this._left = false; /* by itself, for good */
        /** How often it has gone to another service. */
        this.moves = 0;
        /** Bytes of messages. */
        this.sent = this.received = 0;
        this._ids = 0;
        this._timer = 0;
    }

    /** A message id that this page has not used before. */
    nextId() {
        return `p${++this._ids}`;
    }

    open() {
        this._handlers.onState(this.node ? 'reconnecting' : 'connecting', '');
        const socket = this._dial(this.origin);
        this._use(socket);
        socket.onopen = () => this._write(this._announcement());
    }

    /** Opens a socket to the service, or through a peer. @param {string} origin @returns {Socket} */
    _dial(origin) {
        const { dial } = this._handlers;
        if (dial && isPeer(origin)) return new PortSocket((port) => dial(origin, port));
        return new WebSocket(`${origin.replace(/^http/, 'ws')}/node`, PROTOCOL);
    }

    /** From now on the service is there, and has so long to welcome the page. @param {Socket} socket */
    _use(socket) {
        socket.binaryType = 'arraybuffer';
        this._socket = socket;
        this._welcomed = false;
        this._quiet = 0;
        socket.onmessage = (/** @type {{data: string | ArrayBuffer}} */ event) => this._receive(event.data);
        socket.onclose = (/** @type {{code: number, reason: string}} */ event) => this._closed(event.code, event.reason);
        this._setTimer(() => this._giveUp(), this._services.patience(WELCOME_TIMEOUT_MS));
    }

    /** The node goes on by a better way. What the former one still says is of a time that the service has ended.
     * @param {Socket} socket on which it is welcome @param {Record<string, any>} welcome */
    _change(socket, welcome) {
        const former = this._socket;
        if (former) former.onopen = former.onmessage = former.onclose = null;
        this._pieces.clear();
        this._services.takeBetter();
        this._handlers.onState('reconnecting', 'a better way leads to the service');
        this._use(socket);
        this._welcome(welcome);
        former?.close();
    }

    /** Between heartbeats, in ms. */
    get interval() {
        return this._interval;
    }

    /** That of the service, or the address of a peer that leads to it. */
    get origin() {
        return this._services.origin;
    }

    /** Sends if there is a link; what must not get lost goes through `answer`.
     * @param {string} type @param {Record<string, any>} data */
    send(type, data) {
        if (this._welcomed) this._write(this._pack(type, data));
    }

    /** Sends an answer and keeps it until it is acknowledged.
     * @param {string} attempt @param {string | ArrayBuffer} frame */
    answer(attempt, frame) {
        this._outbox.keep(attempt, frame);
        if (this._welcomed) this._writeAnswer(attempt, frame);
    }

    /** The service no longer wants the answer. An answer that was sent in one frame is acknowledged
     * anyway. @param {string} attempt */
    cancel(attempt) {
        if (!this._pieces.has(attempt)) return;
        this._pieces.drop([attempt]);
        this._outbox.drop(attempt);
    }

    /** @param {string} attempt @param {string | ArrayBuffer} frame
     * @param {import('./pieces_out.js').Place} [place] where the service wants it to go on */
    _writeAnswer(attempt, frame, place) {
        if (typeof frame === 'string' || frame.byteLength <= this._maxFrame) this._write(frame);
        else this._pieces.begin(attempt, frame, place);
    }

    /** Sends a part of an answer and keeps it until it is acknowledged.
     * @param {string} attempt @param {number} seq @param {string} json a task_part */
    part(attempt, seq, json) {
        this._outbox.keepPart(attempt, seq, json);
        if (this._welcomed) this._write(json);
    }

    /** @param {string} attempt @param {Record<string, any>} data of a task_response without tensors */
    answerText(attempt, data) {
        this.answer(attempt, this._pack('task_response', data));
    }

    /** @param {string} attempt */
    hasAnswered(attempt) {
        return this._outbox.has(attempt);
    }

    // --- coming up ---------------------------------------------------------------------------------

    _announcement() {
        const said = {
            protocol: PROTOCOL_VERSION, page_version: this._pageVersion, capabilities: this._handlers.capabilities(),
        };
        const mark = this.node ? { resume: this._resume(said) } : this._passes.mark;
        return this._pack('node_announcement', { ...said, ...mark });
    }

    /** The attempts that this node holds, as many as fit into the message with `rest`. @param {Record<string, any>} rest */
    _resume(rest) {
        const who = { node: this.node, token: this._resumeToken };
        const empty = this._pack('node_announcement', { ...rest, resume: { ...who, ...nothing() } });
        const said = this._holding.list(MAX_ANNOUNCEMENT - new TextEncoder().encode(empty).length);
        // Parts that still go by the present connection would make `next` too low before it is read: it is left out then.
        return { ...who, ...said, ...(this._welcomed ? { next: {} } : {}) };
    }

    /** The service asks whether this is the device that it says. @param {unknown} nonce */
    async _prove(nonce) {
        const socket = this._socket, proof = await this._proof(nonce).catch((/** @type {Error} */ error) => error);
        if (socket !== this._socket) return;
        if (typeof proof === 'string') this._write(proof);
        else this._hangUp(CLOSE_POLICY, proof.message);
    }

    /** @param {unknown} nonce @returns {Promise<string>} a message */
    async _proof(nonce) {
        return this._pack('device_proof', { signature: await this._passes.prove(nonce, this._handlers.sign) });
    }

    /** @param {Record<string, any>} data */
    _welcome(data) {
        if (this.node && !data.resumed) {
            this._forget();
            return this._hangUp(CLOSE_POLICY, 'the node was to be resumed');
        }
        this.node = String(data.node);
        this._resumeToken = String(data.resume_token);
        this._interval = positive(data.heartbeat_interval_ms, 5000);
        this._misses = positive(data.heartbeat_misses, 3);
        this._maxFrame = positive(data.max_frame_bytes, Infinity);
        this._welcomed = true;
        this._services.welcomed(positive(data.resume_grace_ms), data.endpoints);
        if (!data.resumed) this._passes.welcomed();
        this._backoff.reset();
        if (data.resumed) this._holding.resumed();
        this._holding.drop(data.cancel);
        this._outbox.acknowledgeParts(data.next);
        this._handlers.onState('connected', '');
        this._handlers.onWelcome(data);
        for (const json of this._outbox.parts()) this._write(json);
        for (const [attempt, frame] of this._outbox.entries()) this._writeAnswer(attempt, frame, data.data?.[attempt]);
        this._setTimer(() => this._watch(), this._interval);
        this._better.look();
    }

    // --- the traffic -------------------------------------------------------------------------------

    /** @param {string | ArrayBuffer} frame */
    _receive(frame) {
        if (this._stopped) return;
        this._quiet = 0;
        try {
            this._take(frame);
        } catch (error) {
            if (!(error instanceof FrameError)) throw error;
            this._hangUp(error.closeCode, error.message);
        }
    }

    /** @param {string | ArrayBuffer} frame @throws {FrameError} */
    _take(frame) {
        const { message, section } = this._read(frame);
        if (!this._welcomed && message.type === 'device_challenge') return void this._prove(message.data.nonce);
        if (!this._welcomed && message.type !== 'welcome' && message.type !== 'bye') return;
        switch (message.type) {
        case 'welcome': return this._welcome(message.data);
        case 'heartbeat':
            this.heartbeat(message.id);
            return this._handlers.onFigures(figuresOf(message.data));
        case 'task_ack':
            this._outbox.acknowledgeParts(message.data.parts);
            return this._acknowledge(message.data.attempt_ids);
        case 'task_credit':
            this._pieces.grant(message.data.attempt_id, message.data.data_bytes);
            break;
        case 'task_cancel':
            this._outbox.dropParts(message.data.attempt_id);
            this.cancel(message.data.attempt_id);
            break;
        case 'bye': return this._bye(message.data);
        case 'task_request':
            this._acknowledge(message.data.acknowledged);
        }
        this._handlers.onMessage(message, typeof frame === 'string' ? null : frame, section);
    }

    /** @param {string | ArrayBuffer} frame */
    _read(frame) {
        this.received += sizeOf(frame);
        return decode(frame, this._maxFrame);
    }

    /** @param {unknown} attempts */
    _acknowledge(attempts) {
        this._outbox.acknowledge(attempts);
        this._pieces.drop(attempts);
    }

    /** @param {string} [replyTo] the service's heartbeat */
    heartbeat(replyTo) {
        this.send('heartbeat', {
            seq: ++this._beat, ...(replyTo ? { reply_to: replyTo } : {}), ...this._handlers.pulse(),
        });
    }

    /**
     * Each interval: is the service still there, and does it know that this node is? Silence is counted in
     * intervals, because a page that could not run for a while has heard nothing, which is not the service's fault.
     */
    _watch() {
        if (this._quiet >= this._misses) return this._giveUp();
        this._quiet++;
        if (performance.now() - this._lastOut >= this._interval * 0.9) this.heartbeat();
        this._setTimer(() => this._watch(), this._interval);
    }

    /** @param {string} type @param {Record<string, any>} data */
    _pack(type, data) {
        return JSON.stringify(this._envelope(type, data));
    }

    /** @param {string} type @param {Record<string, any>} data @returns {Envelope} */
    _envelope(type, data) {
        return { id: this.nextId(), type, from: this.node, timestamp: Date.now(), data };
    }

    /** @param {string | ArrayBuffer} frame @param {Socket | null} [socket] */
    _write(frame, socket = this._socket) {
        if (socket?.readyState !== WebSocket.OPEN) return;
        socket.send(frame);
        this.sent += sizeOf(frame);
        if (socket === this._socket) this._lastOut = performance.now();
    }

    // --- going down --------------------------------------------------------------------------------

    /** @param {Record<string, any>} data */
    _bye(data) {
        if (data.code === 'shutdown') this._services.leaves();
        else if (data.code === 'resume_unknown') this._forget();
        else if (FINAL_BYES.has(data.code)) this._stop('stopped', String(data.reason ?? data.code));
        this._better.stop();
    }

    /** The service no longer knows the node, after an absence or a restart of the service. With a token that can still be
     * used, the page joins again. */
    _forget() {
        this._better.stop(CLOSE_NORMAL);
        this._outbox.clear();
        this._pieces.clear();
        this.node = this._resumeToken = '';
        this._handlers.onForgotten();
    }

    /** The node leaves, and the page joins again as a new one. @param {string} reason */
    renew(reason) {
        if (this._stopped || !this._welcomed) return;
        this.send('bye', { reason });
        this._forget();
        this._hangUp(undefined, reason);
    }

    /** Announces that the node leaves for good, if there is time for it. @param {string} reason */
    leave(reason) {
        if (this._stopped) return;
        this.send('bye', { reason });
        this._left = true;
        this._stop('stopped', reason);
        if (this._socket) this._socket.close(CLOSE_NORMAL);
        else this._handlers.onLeft();
    }

    /** The peer is silent: do not wait for its close frame. */
    _giveUp() {
        this._hangUp(undefined, undefined);
    }

    /** @param {number | undefined} code @param {string | undefined} reason */
    _hangUp(code, reason) {
        const socket = this._socket;
        if (!socket) return;
        this._better.stop();
        socket.onopen = socket.onmessage = socket.onclose = null;
        // A page may close with 1000 or 3000 to 4999 only, so the protocol's code is in the text.
        if (code) socket.close(3000 + (code - 1000), reason);
        else socket.close();
        this._closed(0, reason ?? 'no sign of life');
    }

    /** @param {number} code @param {string} reason */
    _closed(code, reason) {
        clearTimeout(this._timer);
        this._pieces.clear();
        this._socket = null;
        const isStranger = !this._welcomed && !this.node;
        this._welcomed = false;
        if (this._left) this._handlers.onLeft();
        if (this._stopped) return;
        // Perhaps the service has moved the node to a better way, whose welcome is coming.
        if (this._better.isAnnounced && code !== CLOSE_POLICY) return this._handlers.onState('reconnecting', reason);
        this._better.stop();
        if (code === CLOSE_POLICY) {
            // A token that is good at one service need not be so at another; a node that was sent away stays away.
            if (isStranger && (this._passes.refused() || this._moveRefused())) this._again(reason);
            else this._stop('refused', reason || 'the service refused this page');
            return;
        }
        if (code === CLOSE_RESUME_UNKNOWN && this.node) this._forget();
        this._lost(reason);
    }

    /** @param {string} reason */
    _lost(reason) {
        if (this._services.lost()) this._move();
        this._again(reason);
    }

    /** @param {string} reason */
    _again(reason) {
        this._handlers.onState(this.node ? 'reconnecting' : 'connecting', reason);
        this._setTimer(() => this._openAgain(), this._backoff.next());
    }

    /** @returns {boolean} whether another service comes next */
    _moveRefused() {
        this._passes.reset();
        if (!this._services.refused()) return false;
        this.moves++;
        return true;
    }

    /** Another service comes next, which knows nothing of this node. */
    _move() {
        this.moves++;
        this._passes.reset();
        if (this.node) this._forget();
    }

    async _openAgain() {
        if (!this.node && this._passes.isEmpty) return this._stop('refused', 'this page has no link to join with');
        if (!this.node) await this._handlers.onAnew();
        if (!this._stopped) this.open();
    }

    /** @param {string} state @param {string} detail */
    _stop(state, detail) {
        this._stopped = true;
        clearTimeout(this._timer);
        this._better.stop(CLOSE_NORMAL);
        this._handlers.onState(state, detail);
    }

    /** One timer: waiting for welcome, for the next heartbeat, or for the next try.
     * @param {() => void} run @param {number} ms */
    _setTimer(run, ms) {
        clearTimeout(this._timer);
        this._timer = setTimeout(run, ms);
    }
}

/** Of a heartbeat of the service. @param {Record<string, any>} data @returns {import('../shared/messages.js').NodeFigures} */
function figuresOf({ answered, failed, heartbeats_lost: lost, task_ms_p50: median, rtt_ms: rtt }) {
    return {
        answered: positive(answered), failed: positive(failed), heartbeats_lost: positive(lost),
        ...(positive(median) ? { task_ms_p50: median } : {}), ...(positive(rtt) ? { rtt_ms: rtt } : {}),
    };
}
