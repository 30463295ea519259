/**
 * The states of the engine workers: attached, ready, ended, replaced, given up; and with them which platforms
 * are available. The consequences for attempts are the dispatcher's, called through `attempts`.
 */

import { Bars } from './bars.js';

/** @import { Build, EngineSettings, ErrorBody, PlatformReport } from '../shared/messages.js' */
/** @import { Attempt } from './attempt.js' */
/** @import { Surroundings } from './dispatcher.js' */
/** @import { Lane } from './lane.js' */
/** @import { Lanes } from './lanes.js' */
/** @import { Models } from './models.js' */

/**
 * @typedef {object} Attempts
 * @property {(attempt: Attempt, error: ErrorBody) => void} fail it fails here, and may fall back
 * @property {(attempt: Attempt, error: ErrorBody) => void} lose its worker is gone
 * @property {(attempt: Attempt) => void} place it must find another platform
 * @property {(attempt: Attempt, error: ErrorBody) => void} again it had not begun, and may have another worker
 * @property {(lane: Lane) => void} pump the lane may be able to take more
 * @property {(lane: Lane) => number} silence how long its worker may say nothing at all, in ms
 */

/** WASM memory never shrinks. A worker whose memory is past this and partly garbage is replaced. */
export const MEMORY_FLOOR = 256 << 20;
const MEMORY_FACTOR = 2;
/** The memory that a model's own worker may take in addition to the model. */
const KEPT = 512 << 20;
/** A worker that replaces another takes a second or two to start. One that takes longer than this
 * waits for something that the old one left stuck, such as the GPU. */
const RESTART_LIMIT_MS = 10000;
/** Its engine starts, at its first load, in a second or two; on a busy machine it takes longer. */
const START_LIMIT_MS = 20000;
/** A model's own worker is made when it is needed, and also has to fetch its script. */
const OWN_LIMIT_MS = 30000;
/** After a run on the GPU is ended, the GPU stays busy until the queued work is done; a new worker's small
 * probe may get through in between. A service that owns the browser brings a fresh one. */
const BARRED_MS = 60000;
/** After a hang, a platform that no worker probes is used again after this time: a service that owns the browser has ended the
 * GPU process by then. */
const HUNG_MS = 5000;
/** A browser whose GPU process has ended starts another when a page asks for the GPU, but may not provide a GPU at once.
 * So up to so many more workers probe it: the first after this time, each further one after twice as long. */
const PROBES = 5;
const PROBE_AGAIN_MS = 250;
const ENDED = Object.freeze({ code: 'device_lost', message: 'the GPU process was ended' });
const STUCK = Object.freeze({ code: 'engine_hung', message: 'the engine did not come up' });
const COSTLY = Object.freeze({
    code: 'grammar_too_costly', message: 'a token in the form of the answer takes the engine too long',
    expected: 'a grammar or schema whose parts can be told apart by their first characters',
});
const STILL_BUSY = 'the GPU may still be busy with a run that was ended';

export class Workers {
    /**
     * @param {Lanes} lanes @param {Models} models @param {Surroundings} around
     * @param {Attempts} attempts @param {import('./deadline_timer.js').DeadlineTimer} timer set for `tick`
     * @param {Map<string, PlatformReport>} others reports on platforms that no worker probes
     */
    constructor(lanes, models, around, attempts, timer, others) {
        this._lanes = lanes;
        this._models = models;
        this._around = around;
        this._attempts = attempts;
        this._timer = timer;
        this._others = others;
        this._bars = new Bars();
        /** @type {EngineSettings} */
        this._settings = { credential: '', threads: 1, max_frame: Number.MAX_SAFE_INTEGER };
        this.replaced = 0;
        /** What the browser has loaded: builds, and engines of shared workers with what comes with their first models. @type {Set<string>} */
        this.loaded = new Set();
    }

    /** @returns {Record<string, PlatformReport>} */
    platforms() {
        const unknown = { available: false, reason: 'still being probed' };
        return { ...Object.fromEntries(this._others),
            ...Object.fromEntries(this._lanes.shared().map((lane) => [lane.platform, lane.report ?? unknown])) };
    }

    /** Whether a platform is not used for a while, because a run there hung. @param {string} platform */
    isBarred(platform) {
        return this._bars.has(platform);
    }

    /** Whether every engine worker has said what it can do. */
    isProbed() {
        return this._lanes.shared().every((lane) => lane.report !== null);
    }

    /** @param {EngineSettings} settings */
    configure(settings) {
        this._settings = settings;
        for (const lane of this._lanes.values()) {
            this._tell(lane);
            this._measure(lane);
        }
    }

    /** Whether the lane's engine still has the threads that it may use. This matters only for WASM: on a GPU, the compiled
     * shaders are worth more than the threads. A language model has too many threads if others need the cores, because its
     * threads wait for each other by spinning. @param {Lane} lane */
    _measure(lane) {
        const wasOutgrown = lane.outgrown;
        const { threads, models } = this._settings;
        const isOther = lane.build === 'wasm' ? lane.threads !== threads && (Boolean(models?.threads) || !this._spares(lane))
            : lane.build === 'llama' && lane.threads > (models?.threads || threads);
        lane.outgrown = lane.threads > 0 && isOther;
        if (lane.outgrown || wasOutgrown) this._attempts.pump(lane);
    }

    /** Whether a model that is loaded there is worth more than a thread more or less: until no model has had a request for
     * as long as models are kept. @param {Lane} lane */
    _spares(lane) {
        if (Math.abs(lane.threads - this._settings.threads) > 1 || !this._models.isIn(lane)) return false;
        const due = lane.isIdle() ? lane.idleSince + this._models.idleUnload : Infinity;
        this._timer.set(due);
        return this._around.now() < due;
    }

    // --- coming --------------------------------------------------------------------------------------

    /** Asks for the worker of a lane. @param {Lane} lane @param {string} [why] the one before does not do */
    begin(lane, why = '') {
        if (lane.key !== null) this._expect(lane, OWN_LIMIT_MS);
        this._around.begin(lane.name, lane.build, why);
    }

    /** It must have said what it can do by then. @param {Lane} lane @param {number} ms */
    _expect(lane, ms) {
        lane.readyDue = this._around.now() + ms;
        this._timer.set(lane.readyDue);
    }

    /** @param {string} worker @param {import('./lane.js').EngineChannel} channel @param {number} generation */
    attach(worker, channel, generation) {
        const lane = this._lanes.get(worker);
        if (!lane) return;
        const replaces = lane.generation > 0;
        lane.attach(channel, generation);
        if (replaces && lane.key === null) this._expect(lane, RESTART_LIMIT_MS);
        this._tell(lane);
    }

    /** @param {Lane} lane */
    _tell({ channel }) {
        channel?.post({ type: 'settings', settings: this._settings });
    }

    /** The lane of a worker that is not replaced yet.
     * @param {string} worker @param {number} generation @returns {Lane | undefined} */
    current(worker, generation) {
        const lane = this._lanes.get(worker);
        return lane?.generation === generation && lane.channel ? lane : undefined;
    }

    /** A worker has said what it can do. @param {Lane} lane @param {PlatformReport} told */
    ready(lane, { was_gone: wasGone, ...report }) {
        lane.readyDue = Infinity;
        this.loaded.add(lane.build);
        if (!report.available && lane.probesLeft > 0) return this._probeAgain(lane);
        lane.ready = true;
        const isShared = lane.key === null;
        // If the GPU was gone in between, the busy work has ended with its process.
        if (isShared && (lane.probesLeft < PROBES || wasGone)) this._bars.lift(lane.platform);
        if (isShared && this._bars.has(lane.platform)) return this._bars.keep(lane.platform, report);
        lane.probesLeft = 0;
        this._settle(lane, report);
    }

    /** Its GPU is gone, but may be back soon. @param {Lane} lane */
    _probeAgain(lane) {
        lane.probeDue = this._around.now() + PROBE_AGAIN_MS * 2 ** (PROBES - lane.probesLeft--);
        this._timer.set(lane.probeDue);
    }

    /** Gives builds another chance if their worker did not start, and platforms that are barred: the service asks for it when it
     * has ended the GPU process, which a worker that came later cannot know. */
    revive() {
        const barred = this._bars.over(Infinity);
        for (const platform of barred) {
            if (this._lanes.standingFor(platform)) this._bars.lift(platform); // its next worker says what it can do
            else this._useAgain(platform);
        }
        for (const lane of this._lanes.values()) {
            if (!lane.channel) this.begin(lane, 'its worker did not start');
            else if (lane.key === null && lane.ready && barred.includes(lane.platform)) this.replace(lane, ENDED);
        }
    }

    // --- going ---------------------------------------------------------------------------------------

    /** The document saw the worker die. @param {string} worker @param {number} generation @param {string} reason */
    died(worker, generation, reason) {
        const lane = this.current(worker, generation);
        if (!lane) return;
        const early = !lane.ready;
        if (early && lane.key !== null) {
            this._failQueue(lane, { code: 'platform_unsupported', message: `the engine worker does not start: ${reason}` });
        }
        this.replace(lane, { code: 'engine_crashed', message: `the engine worker died: ${reason}` }, !early);
        if (early && lane.key === null) this._settle(lane, { available: false, reason: `the engine worker does not start: ${reason}` });
    }

    /**
     * Gives a lane's worker up; the queue stays for the next one.
     * @param {Lane} lane @param {ErrorBody} error why
     * @param {boolean} [respawn] whether to ask for another at once
     * @param {(attempt: Attempt, error: ErrorBody) => void} [lose] handles the attempts that it had not answered
     */
    replace(lane, error, respawn = true, lose = this._attempts.lose) {
        const lost = lane.detach();
        if (error.code === 'device_lost') lane.probesLeft = PROBES;
        this.replaced++;
        this._models.forget(lane);
        if (lane.key !== null && lane.queue.length === 0) this.close(lane);
        else if (respawn) this.begin(lane, error.message);
        for (const attempt of lost) lose(attempt, error);
        this._around.changed();
    }

    /** A task has broken a lane's worker: what that failed by says nothing of the others there.
     * @param {Lane} lane @param {ErrorBody} error the task's */
    broken(lane, error) {
        if (error.code === 'engine_hung') this._hang(lane);
        const isOfAll = error.code === 'device_lost';
        this.replace(lane, isOfAll ? error
            : { code: 'engine_crashed', message: `a task broke the engine worker: ${error.message}` });
    }

    /** Ends a model's own worker, which has nothing to do. @param {Lane} lane */
    close(lane) {
        lane.detach();
        this._lanes.remove(lane);
        this._around.close(lane.name);
    }

    /** A worker's engine begins to start, or is up; its number of threads does not change any more.
     * @param {Lane} lane @param {boolean} up @param {number} threads */
    starts(lane, up, threads) {
        lane.upDue = up ? Infinity : this._around.now() + START_LIMIT_MS;
        this._timer.set(lane.upDue);
        lane.threads = threads;
        if (up) this._measure(lane);
    }

    /** Ends what runs by ending its worker. @param {Lane} lane @param {string} message why */
    end(lane, message) {
        const gpu = lane.platform === 'webgpu' ? this._lanes.standingFor(lane.platform) : undefined;
        if (gpu) this._bar(lane.platform, BARRED_MS, gpu === lane ? null : gpu.report);
        this.replace(lane, { code: 'engine_hung', message });
        if (gpu) this._failQueue(lane, { code: 'engine_hung', message: STILL_BUSY });
    }

    /** Ends a worker that an attempt keeps by its grammar: the others are not to blame.
     * @param {Lane} lane @param {Attempt} held */
    endHeld(lane, held) {
        const error = { code: 'engine_hung', message: 'another task kept the engine busy' };
        this.replace(lane, error, true, (attempt) => {
            if (attempt === held) this._attempts.fail(attempt, COSTLY);
            else this._attempts.again(attempt, error);
        });
    }

    /** Replaces an idle worker whose memory is far past the budget and partly garbage. @param {Lane} lane */
    trim(lane) {
        // In addition to its model, a model's own engine keeps cached results.
        const limit = lane.key !== null ? lane.needed + KEPT
            : Math.max(MEMORY_FLOOR, MEMORY_FACTOR * this._models.residents.budget);
        if ((!lane.leftovers && lane.key === null) || lane.memory <= limit) return;
        const mib = Math.round(lane.memory / 1048576);
        this.replace(lane, { code: 'engine_crashed', message: `WASM memory had grown to ${mib} MiB` });
    }

    /** Replaces an idle worker if its model is to be unloaded but has new requests, or if its engine has more or fewer
     * threads than it may use now. @param {Lane} lane */
    renew(lane) {
        if (lane.closing && lane.queue.length > 0) return this.replace(lane, { code: 'engine_crashed', message: 'its model was unloaded' });
        if (!lane.outgrown) return;
        const message = `it may use ${this._settings.threads} threads now, and had ${lane.threads}`;
        this.replace(lane, { code: 'engine_crashed', message });
    }

    /** A lane's worker is to give signs of life. @param {Lane} lane @param {number} now */
    watch(lane, now) {
        const due = lane.heardAt + this._attempts.silence(lane);
        if (due > now) return this._timer.set(due);
        this.end(lane, `the engine worker for ${lane.platform} gave no sign of life for ${Math.round((now - lane.heardAt) / 1000)} s`);
    }

    /** Does what is due, and sets the timer for the next time. @param {number} now */
    tick(now) {
        for (const platform of this._bars.over(now)) this._useAgain(platform);
        this._timer.set(this._bars.due);
        for (const lane of this._lanes.values()) {
            if (lane.readyDue <= now) this._giveUp(lane);
            if (lane.build === 'wasm') this._measure(lane);
            if (lane.probeDue <= now) this.replace(lane, { code: 'engine_crashed', message: 'its device was lost' });
            this.watch(lane, now);
            if (lane.upDue <= now) this.replace(lane, STUCK, true, this._attempts.again);
            this._timer.set(Math.min(lane.readyDue, lane.upDue, lane.probeDue));
        }
    }

    /**
     * A worker that replaced another does not start: the platform is unavailable until it does. A model's own worker
     * is given up; the next request gets another.
     * @param {Lane} lane
     */
    _giveUp(lane) {
        if (lane.key !== null) {
            const { queue } = lane;
            lane.queue = [];
            this.close(lane);
            for (const attempt of queue) this._attempts.again(attempt, STUCK);
            return;
        }
        const message = `the engine worker for ${lane.build} did not come back within ${RESTART_LIMIT_MS / 1000} s`;
        lane.readyDue = Infinity;
        this._lose(lane.platform, message);
        this._failQueue(lane, { code: 'engine_hung', message });
    }

    // --- availability --------------------------------------------------------------------------------

    /** A worker has said, or shown, what it can do. @param {Lane} lane @param {PlatformReport} report */
    _settle(lane, report) {
        lane.report = report;
        const queued = lane.queue;
        if (!report.available) {
            lane.queue = [];
            for (const attempt of queued) this._attempts.place(attempt);
        }
        this._attempts.pump(lane);
        this._around.changed();
    }

    /**
     * Removes the platform. The service is told before any task fails for this reason, so that its retries go
     * elsewhere; it may start a fresh browser.
     * @param {string} platform @param {string} reason
     */
    _lose(platform, reason) {
        const lane = this._lanes.standingFor(platform), report = { available: false, reason };
        if (lane) lane.report = report;
        else this._others.set(platform, report);
        this._around.lost();
    }

    /** @param {Lane} lane @param {ErrorBody} error */
    _failQueue(lane, error) {
        const { queue } = lane;
        lane.queue = [];
        for (const attempt of queue) this._attempts.fail(attempt, error);
        this._around.changed();
    }

    /** @param {string} platform @param {number} ms @param {PlatformReport | null} report what its worker, if that stays,
     * or the document said last */
    _bar(platform, ms, report) {
        const lane = this._lanes.standingFor(platform);
        this._bars.set(platform, this._around.now() + ms, report);
        if (lane) lane.probesLeft = PROBES;
        this._lose(platform, STILL_BUSY);
        this._timer.set(this._bars.due);
    }

    /** The GPU hangs in a lane of a platform that no worker probes. @param {Lane} lane */
    _hang(lane) {
        const report = this._others.get(lane.platform);
        if (!report?.available) return;
        this._bar(lane.platform, HUNG_MS, report);
        this._failQueue(lane, { code: 'engine_hung', message: STILL_BUSY });
    }

    /** @param {string} platform that was barred */
    _useAgain(platform) {
        const report = this._bars.lift(platform), lane = this._lanes.standingFor(platform);
        if (!report) return; // its next worker says what it can do
        if (lane) return this._settle(lane, report);
        this._others.set(platform, report);
        this._around.changed();
    }
}
