/**
 * The link worker: joins the connection to the dispatcher, and both to the document, which owns
 * the engine workers. A worker of its own, so that neither a busy engine nor a throttled tab
 * silences the heartbeats.
 */
import { AwakeClock } from './awake_clock.js';
import { Connection } from './connection.js';
import { Elsewhere } from './elsewhere.js';
import { unpack } from './unpack.js';
import { Dispatcher, returned } from './dispatcher.js';
import { Features } from './features.js';
import { Membership } from './membership.js';
import { Passes } from './passes.js';
import { PiecesIn } from './pieces_in.js';
import { ANY_PEER, isPeer } from './port_socket.js';
import { Results } from './results.js';
import { Services, TRY_MS } from './services.js';
import { positive } from '../shared/checks.js';
import { Channel } from '../shared/channel.js';
import { sign } from '../shared/device_key.js';
import { INITIAL_CREDIT } from '../shared/messages.js';

/** @import { Credit, DeviceNews, Envelope, FromEngine, FromLink, StartMessage, ToLink } from '../shared/messages.js' */

/** The announcement waits this long for the engines' probes; later results follow as a report. */
const PROBE_TIMEOUT_MS = 5000;
/** A change of the shown state is drawn after this time … */
const SHOW_EVERY_MS = 500;
/** … but after this if only the counts of tasks have changed: drawing takes time on a core that computes. */
const COUNT_EVERY_MS = 2000;
/** The longest wait for the service's page, which is compared with this one. */
const PAGE_TIMEOUT_MS = 10000;
const LOGS_PER_SECOND = 20;
const LOG_BYTES = 2048;
/** Errors after which an engine may have to be loaded anew, or by which a part of one says that its script did not come. */
const NEEDS_SCRIPTS = new Set(['engine_crashed', 'engine_hung', 'device_lost', 'platform_unsupported', 'model_fetch_failed']);
/** The page has stood still if a heartbeat is so many intervals behind the one before, and at least so long. */
const STANDSTILL_INTERVALS = 1.2;
const STANDSTILL_MS = 2000;
/** Room for an answer's head and padding, in addition to its tensors. */
const ANSWER_OVERHEAD = 2 << 20;

class Link {
    /** @param {StartMessage} start */
    constructor(start) {
        this._base = start.capabilities;
        this._script = start.script;
        this._joined = false;
        this._shareable = false;
        this._limits = start.limits;
        /** @type {import('../shared/messages.js').NodeFigures | null} */
        this._figures = null;
        this._paused = start.paused;
        this._wasPaused = start.paused; /* ever */
        /** The service's latest credential, threads and budget. @type {Record<string, any>} */
        this._settings = {};
        this._state = 'probing';
        this._detail = '';
        this._opened = false;
        this._reported = '';
        this._showTimer = 0;
        this._shown = { text: '', at: -Infinity }; /* without the counts */
        this._logs = { since: 0, count: 0 };
        /** What the service says of this device. @type {DeviceNews | null} */
        this._device = null;
        this._passes = new Passes(start.token, start.key, start.isKnown);
        this._results = new Results((result) => this._send('result', result), () => performance.now());
        this._arriving = new PiecesIn(() => performance.now());
        this._clock = new AwakeClock(() => performance.now());
        this._membership = new Membership({
            ask: (id) => this._send('peer', { id }),
            give: (ticket) => this._tell({ type: 'ticket', ticket }),
            setTimer: (run, ms) => setTimeout(run, ms),
            clearTimer: (timer) => clearTimeout(timer),
        });
        this._services = new Services(start.services, !start.isChosen, () => performance.now(), self.location.origin);
        this._elsewhere = new Elsewhere(self.location.origin, {
            answers: () => this._askHome(TRY_MS),
            isIdle: () => this.dispatcher.attempts.size === 0 && this._arriving.ids().length === 0,
            isBare: () => this.dispatcher.models.residents.list().length === 0,
            isDevice: () => this._passes.isDevice,
            changed: () => {
                this._reportCapabilities();
                this._changed();
            },
            reopen: (origin) => this._tell({ type: 'reopen', origin }),
            setTimer: (run, ms) => setTimeout(run, ms),
            clearTimer: (timer) => clearTimeout(timer),
        });
        this.connection = new Connection(this._services, this._passes, start.page_version, this._connectionHandlers());
        this.dispatcher = new Dispatcher(this._dispatcherSurroundings(), start.builds, start.capabilities.platforms);
        this._features = new Features({
            isIdle: () => this.dispatcher.attempts.running().length === 0,
            find: (name) => this._tell({ type: 'find', name }),
            end: () => this._tell({ type: 'found_all' }),
            setTimer: (run, ms) => setTimeout(run, ms),
            clearTimer: (timer) => clearTimeout(timer),
            tell: (replyTo, features) =>
                this._send('capability_report', { reply_to: replyTo, capabilities: this._capabilities(), features }),
        });
        if (this._paused) this.dispatcher.pause(true);
        setTimeout(() => this._openOnce(), PROBE_TIMEOUT_MS);
        this._changed();
    }

    /** @returns {import('./connection.js').Handlers} */
    _connectionHandlers() {
        return {
            capabilities: () => this._capabilities(),
            unanswered: () => [...this.dispatcher.attempts.unanswered(), ...this._arriving.ids()],
            wanted: () => this._arriving.wanted(),
            rewind: (places) => this._arriving.rewind(places),
            pulse: () => this._pulse(),
            onFigures: (figures) => {
                this._figures = figures;
                if (this._joined) this._changed(); // nobody looks at a session's
            },
            onWelcome: (welcome) => this._onWelcome(welcome),
            onUnwanted: (attempts) => attempts.forEach((id) => this._cancel(id)),
            onForgotten: () => {
                this._figures = null;
                this._arriving.clear();
                this.dispatcher.reset();
            },
            onAnew: () => this._onAnew(),
            onMessage: (message, buffer, section) => this._onMessage(message, buffer, section),
            onState: (state, detail) => this._setState(state, detail),
            onLeft: () => self.close(),
            sign: (key, nonce) => sign(key, self.location.origin, nonce),
            dial: (address, port) => this._tell({ type: 'dial', address, port }, [port]),
        };
    }

    /** @returns {import('./dispatcher.js').Surroundings} */
    _dispatcherSurroundings() {
        return {
            now: () => this._clock.now(),
            setTimer: (run, ms) => setTimeout(run, ms),
            clearTimer: (timer) => clearTimeout(timer),
            nextId: () => this.connection.nextId(),
            nodeId: () => this.connection.node,
            answer: (attempt, frame) => this.connection.answer(attempt, frame),
            part: (attempt, seq, json) => this.connection.part(attempt, seq, json),
            fail: (attempt, data) => {
                if (NEEDS_SCRIPTS.has(data.error?.code)) this._elsewhere.failed();
                this.connection.answerText(attempt, data);
            },
            send: (type, data) => this._send(type, data),
            begin: (worker, build, reason) => {
                if (reason) this._send('log', { level: 'warn', message: `the ${build} engine worker is replaced: ${reason}` });
                this._tell({ type: 'begin', worker, build });
            },
            close: (worker) => this._tell({ type: 'close', worker }),
            changed: () => this._changed(),
            lost: () => this._reportCapabilities(),
        };
    }

    /** @param {ToLink} message */
    onDocument(message) {
        if (message.type === 'engine') {
            const { worker, generation, port, memory } = message;
            const channel = new Channel(port, memory, 0,
                (/** @type {FromEngine} */ said) => this.dispatcher.onEngine(worker, generation, said));
            this.dispatcher.workers.attach(worker, channel, generation);
        } else if (message.type === 'engine_died') {
            this.dispatcher.workers.died(message.worker, message.generation, message.reason);
        } else if (message.type === 'leave') {
            this.connection.leave(message.reason);
        } else if (message.type === 'pause') {
            this._pause(message.paused);
        } else if (message.type === 'limits') {
            this._limit(message.limits);
        } else if (message.type === 'found') {
            this._features.found(message.name, message.found);
        } else if (message.type === 'remember_device') {
            this._passes.use(message.key);
            this.connection.renew('it joins again, to be remembered');
        } else if (message.type === 'forget_device') {
            this._passes.forget();
            this._send('forget_device', {});
            if (this._device) this._device = { remembered: false };
            this._show();
        } else if (message.type === 'peer') {
            this._services.addAnyPeer();
            this._membership.is(message.id);
        } else if (message.type === 'accuse') {
            this._send('wrong_block', { peer: message.id, file: message.file });
        } else if (message.type === 'result') {
            this._results.send(message.result, this._state === 'connected');
            this._show();
        }
    }

    /** For a heartbeat, with which somebody looks at the clock. */
    _pulse() {
        this._clock.now();
        return {
            running: this.dispatcher.attempts.running(), busy_since_ms: this.dispatcher.busySinceMs(),
            ...(this._paused ? { paused: true } : {}), ...(this._limits.slow ? { throttled: true } : {}),
        };
    }

    /** @param {Record<string, any>} welcome */
    _noteDevice({ device }) {
        const isRemembered = device?.remembered === true, reason = String(device?.reason ?? '');
        this._device = device ? { remembered: isRemembered, ...(reason ? { reason } : {}) } : null;
        if (!isRemembered) return;
        if (this._passes.key) this._passes.known();
        else this._send('forget_device', {}); // that message got lost
    }

    /** The service hears of it before it has anything back. @param {boolean} paused */
    _pause(paused) {
        this._paused = paused;
        this._wasPaused = true;
        this.connection.heartbeat();
        for (const [attempt, request] of paused ? this._arriving.requests() : []) this._giveBack(attempt, request);
        this.dispatcher.pause(paused);
        this._show();
    }

    /** Its person has set other limits. @param {import('../shared/messages.js').Limits} limits */
    _limit(limits) {
        const isSlow = this._limits.slow;
        this._limits = limits;
        if (this.connection.node) this._configure({});
        if (limits.slow !== isSlow) this.connection.heartbeat();
        this._show();
    }

    /** @param {string} attempt whose tensors are not there @param {string} request */
    _giveBack(attempt, request) {
        this._arriving.drop(attempt);
        this.connection.answerText(attempt, returned(attempt, request));
    }

    /** A pause is news for a new node, and for a service that has restarted, and so is that it is slow. Tasks given back meanwhile
     * are sent after this welcome, and would say that the node is paused. */
    _tellPause() {
        if (!this._wasPaused && !this._limits.slow) return;
        this.connection.heartbeat();
        if (!this._paused) queueMicrotask(() => this.connection.heartbeat());
    }

    /** A service that was upgraded has other scripts than this page, which finds its own no more. */
    async _onAnew() {
        if (!this._isElsewhere() && await this._askHome(this._services.patience(PAGE_TIMEOUT_MS)) === 'other') {
            this._tell({ type: 'reload' });
            await new Promise(() => {});
        }
        await this.dispatcher.attempts.ended();
    }

    /** What the page's own origin answers. @param {number} ms for which is waited @returns {Promise<import('./elsewhere.js').Answer>} */
    async _askHome(ms) {
        try {
            const response = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(ms) });
            return response.ok && ((await response.text()).includes(this._script) || 'other');
        } catch {
            return false;
        }
    }

    /** @param {Record<string, any>} welcome */
    _onWelcome(welcome) {
        this._joined = welcome.joined === true;
        this._shareable = welcome.shareable === true;
        this._clock.expect(Math.max(STANDSTILL_MS, STANDSTILL_INTERVALS * this.connection.interval));
        this._noteDevice(welcome);
        this._membership.welcomed(welcome.peers);
        this._tellPause();
        this._show();
        this._configure(welcome);
        for (const [attempt, said] of Object.entries(welcome.credit ?? {})) this._credit(attempt, said);
        this._send('model_status', { models: this.dispatcher.models.residents.states() });
        this._reportCapabilities();
        this._elsewhere.at(this._isCarried ? ANY_PEER : this._origin);
    }

    /** From which files of models come. A peer leads to the service of the page's own origin, which has certified it. */
    get _origin() {
        return isPeer(this.connection.origin) ? self.location.origin : this.connection.origin;
    }

    /** Nothing of the service is reached but over peers. */
    get _isCarried() {
        return this.connection.origin === ANY_PEER;
    }

    /** As a device, the page can join only when it comes from its own origin. */
    _opens() {
        if (this._state !== 'connected') return '';
        if (!this._passes.isDevice && !this._isCarried) return this._origin;
        return this._elsewhere.isHome ? self.location.origin : '';
    }

    _isElsewhere() {
        return this._origin !== self.location.origin;
    }

    /** Takes in what a welcome or later settings say; what they leave out stays as it was.
     * @param {Record<string, any>} said */
    _configure(said) {
        this._settings = { ...this._settings, ...said };
        const {
            model_credential: credential, threads, model_budget_bytes: budget, max_answer_bytes: maxAnswer,
            initial_credit: credit, language_models: models, tuning,
        } = this._settings;
        const token = String(credential ?? '');
        // Answers that do not fit into a message are sent in pieces, up to the service's limit.
        const { memory, storage, slow } = this._limits, bytes = Math.min(positive(budget, Infinity), memory || Infinity);
        this.dispatcher.models.most = memory || Infinity;
        this.dispatcher.configure({
            credential: this._isElsewhere() || this._isCarried ? { origin: this._origin, token, isCarried: this._isCarried } : token,
            threads: slow ? 1 : positive(models?.threads) || positive(threads) || 1,
            max_frame: positive(maxAnswer) + ANSWER_OVERHEAD,
            keep: this._joined ? storage : 0, // a session's files come over loopback, and its profile goes
            tuning: Array.isArray(tuning) ? tuning : [],
            models: {
                context: positive(models?.context), slots: positive(models?.slots), warmup: models?.warmup === true,
                flash: models?.flash_attention === true, threads: slow ? 1 : positive(models?.threads), budget: bytes,
            },
        }, bytes, isCredit(credit) ? credit : INITIAL_CREDIT, positive(models?.idle_unload_ms) || Infinity);
    }

    /** @param {string} attempt @param {unknown} said */
    _credit(attempt, said) {
        if (isCredit(said)) this.dispatcher.credit(attempt, { parts: said.parts, bytes: said.bytes });
    }

    /** @param {Envelope} message @param {ArrayBuffer | null} buffer @param {number} section */
    _onMessage(message, buffer, section) {
        const { dispatcher, connection } = this;
        switch (message.type) {
        case 'task_request':
            if (connection.hasAnswered(message.data.attempt_id)) return;
            if (message.data.outline) return this._beginPieces(message);
            return this._run(message, buffer, section);
        case 'task_data': return this._request(this._arriving.add(message, buffer, section));
        case 'task_credit': return this._credit(message.data.attempt_id, message.data);
        case 'task_cancel': return this._cancel(message.data.attempt_id);
        case 'settings': case 'tuning':
            if (message.data.peers) return this._membership.heard(message.data.peers);
            return this._configure(message.data);
        case 'tune': return dispatcher.tune(String(message.data.kernel), String(message.data.size_class));
        case 'model_load': return dispatcher.load(message);
        case 'result_kept':
            this._results.heard(message.data);
            return this._show();
        case 'model_unload': return dispatcher.models.unload(message.data.name);
        case 'capability_query':
            if (message.data.features) return this._features.ask(message.id, message.data.features);
            dispatcher.workers.revive();
            return this._send('capability_report', { capabilities: this._capabilities() });
        }
    }

    /** A task whose tensors follow. @param {Envelope} message */
    _beginPieces(message) {
        const { attempt_id: attempt } = message.data;
        if (this._paused) return this._giveBack(attempt, message.id);
        this._send('task_accepted', { attempt_id: attempt, reply_to: message.id });
        try {
            this._request(this._arriving.begin(message));
        } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            this.connection.answerText(attempt, {
                attempt_id: attempt, reply_to: message.id, ok: false, retryable: true,
                error: { code: 'out_of_memory', message: `there is no memory for the inputs: ${error.message}` },
            });
        }
    }

    /** @param {import('./pieces_in.js').Whole | null} whole */
    _request(whole) {
        if (whole) this._run(whole.request, whole.buffer, whole.section);
    }

    /** @param {Envelope} request whose tensors are there @param {ArrayBuffer | null} buffer @param {number} section */
    _run(request, buffer, section) {
        // Services may have the same word for different clients, whose caches are to be kept apart.
        if (this.connection.moves > 0) request.data.owner = `${this.connection.moves} ${request.data.owner ?? ''}`;
        this.dispatcher.request(unpack(request, buffer, section), buffer, section);
    }

    /** @param {string} attempt */
    _cancel(attempt) {
        this._arriving.drop(attempt);
        this.dispatcher.cancel(attempt);
    }

    _capabilities() {
        const capabilities = this._elsewhere.within({
            ...this._base, ...(this._limits.memory > 0 ? { memory_limit: this._limits.memory } : {}),
            platforms: this.dispatcher.workers.platforms(),
            engines: { ...this._base.engines, ...this.dispatcher.engines },
            engine_info: { ...this._base.engine_info, ...this.dispatcher.engineInfo },
        }, this.dispatcher.workers.loaded);
        this._reported = JSON.stringify(capabilities);
        return capabilities;
    }

    /** Tells the service when what it was told is no longer so. */
    _reportCapabilities() {
        const before = this._reported;
        const capabilities = this._capabilities();
        if (this._reported !== before) this._send('capability_report', { capabilities });
    }

    _openOnce() {
        if (this._opened) return;
        this._opened = true;
        this.connection.open();
    }

    /** @param {string} type @param {Record<string, any>} data */
    _send(type, data) {
        if (type === 'log' && !this._mayLog(data)) return;
        this.connection.send(type, data);
    }

    /** @param {Record<string, any>} data */
    _mayLog(data) {
        data.message = String(data.message).slice(0, LOG_BYTES / 4);
        const now = performance.now();
        if (now - this._logs.since > 1000) this._logs = { since: now, count: 0 };
        return ++this._logs.count <= LOGS_PER_SECOND;
    }

    /** @param {string} state @param {string} detail */
    _setState(state, detail) {
        if (state !== 'connected') this._clock.expect(Infinity); // there are no heartbeats
        this._state = state;
        this._detail = detail;
        if (state !== 'connected') {
            this._results.lost();
            this._membership.lost();
        }
        this._show();
    }

    /** Something that people look at changed: show it soon, not each time. */
    _changed() {
        if (!this._opened && this.dispatcher.workers.isProbed()) this._openOnce();
        if (this._showTimer) return;
        this._showTimer = setTimeout(() => this._show(), SHOW_EVERY_MS);
    }

    _show() {
        clearTimeout(this._showTimer);
        this._showTimer = 0;
        const { dispatcher } = this;
        if (this._opened) this._reportCapabilities();
        const { replaced, ...counts } = dispatcher.counts;
        const seen = {
            state: this._state, detail: this._detail, node: this.connection.node, joined: this._joined, service: this._origin, opens: this._opens(),
            shareable: this._shareable, replaced, paused: this._paused, device: this._device, result: this._results.news,
            platforms: dispatcher.workers.platforms(), models: dispatcher.models.residents.states(),
        };
        if (!this._isToBeShown(JSON.stringify(seen))) return this._changed();
        const running = dispatcher.attempts.running().length;
        this._tell({
            type: 'state', ...seen, queued: dispatcher.attempts.unanswered().length - running, running, ...counts, doing: dispatcher.attempts.doing(),
            memory: dispatcher.models.residents.bytes(), figures: this._figures, sent: this.connection.sent, received: this.connection.received,
        });
    }

    /** @param {string} text all of it, but for what is counted */
    _isToBeShown(text) {
        const now = performance.now();
        if (text === this._shown.text && now - this._shown.at < COUNT_EVERY_MS) return false;
        this._shown = { text, at: now };
        return true;
    }

    /** @param {FromLink} message @param {Transferable[]} [moved] */
    _tell(message, moved = []) {
        self.postMessage(message, moved);
    }
}

/** @param {any} said @returns {said is Credit} */
const isCredit = (said) => Number.isSafeInteger(said?.parts) && Number.isSafeInteger(said?.bytes);

/** @type {Link | undefined} */
let link;

self.onmessage = (/** @type {MessageEvent<ToLink>} */ { data }) => {
    if (data.type === 'start') link = new Link(data);
    else link?.onDocument(data);
};
