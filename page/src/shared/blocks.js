/**
 * The rules by which the blocks of a file are fetched from several sources at once: peers that have some of them, and the service,
 * which has all.
 * - A peer is asked for the block that the fewest peers have; of several such, for any. It is asked for two at a time.
 * - The service is asked for what no peer has, and for what peers have that give blocks at less than a quarter of its pace, all
 *   together; two at a time. Its pace counts as one in 100 ms until it has answered, and never as a quicker one. Pages that load
 *   the same file share what the service gives: each block falls to one of them, by a number that all compute alike. A page with
 *   nothing else to do waits for those of others 5 seconds in all, and then asks for them, too.
 * - A block that takes four times as long as its source usually needs is asked for elsewhere, too, and so is one that takes
 *   5 seconds; the first right one is taken. Until such a source answers, it counts as one that has nothing, and is asked for
 *   nothing more.
 * - A source that sends a wrong block is asked for nothing more, and is reported.
 * Sources are interfaces, and nothing here needs a network or a browser.
 */
import { Bitmap } from './leaves.js';
import { median } from './median.js';

/** Blocks that a source has: the first, and how many they are. @typedef {[first: number, count: number]} Run */
/**
 * Where blocks come from. `have` is called once: `told` gets the blocks that the source has, at once, and later those that it then
 * has more; `over` gets why it has ended. `want` is called for blocks that were told of, or of the service for any; it rejects with NotHere if the block
 * is not there, and with anything else if the source has ended. `close`: nothing more is wanted.
 * @typedef {object} Source @property {string} name
 * @property {(told: (runs: Run[]) => void, over: (why: Error) => void) => void} have
 * @property {(index: number) => Promise<Uint8Array<ArrayBuffer>>} want
 * @property {() => void} close
 */
/** What the blocks are of. `take` may throw, which ends it all; `report` is told of a source that has lied.
 * @typedef {object} Fetched @property {number} count
 * @property {(index: number, bytes: Uint8Array<ArrayBuffer>) => Promise<boolean>} isRight also whether it has the right length
 * @property {(index: number, bytes: Uint8Array<ArrayBuffer>) => void} take
 * @property {(name: string, why: string) => void} report */
/** A block that is being asked for. `of`: the sources from which it has not come yet, `late`: those of them at which it is late;
 * `checks`: how many that came are being checked.
 * @typedef {{index: number, of: Set<Asked>, late: Set<Asked>, checks: number, isTaken: boolean}} Flight */

const ABREAST = 2;
/** And so many that are not checked yet: a liar has no more taken. */
const UNCHECKED = 4;
/** A block is late after so many times the median of its source's last times. */
const SLOW = 4;
const TIMES = 16;
/** The first block of a source is late after this time, and no other one is late after a longer one: who trickles would set its own limit. */
const FIRST_MS = 5000;
/** No block is late earlier: what takes less may be chance. */
const LEAST_MS = 100;

/** A source has sent or said what cannot be. */
export class Lie extends Error {}
/** A source does not have a block any more. */
export class NotHere extends Error {}

/** A number that looks like any other. @param {number} seed @param {number} value */
function mixed(seed, value) {
    let mix = seed ^ Math.imul(value + 1, 0x9e3779b1);
    mix = Math.imul(mix ^ mix >>> 16, 0x85ebca6b);
    mix = Math.imul(mix ^ mix >>> 13, 0xc2b2ae35);
    return (mix ^ mix >>> 16) >>> 0;
}

/** @param {string} name */
const seedOf = (name) => [...name].reduce((seed, letter) => mixed(seed, letter.charCodeAt(0)), 0);

/** A source, and what is known of it. */
class Asked {
    /** @param {Source} source @param {number} count of the file's blocks */
    constructor(source, count) {
        this.source = source;
        this.has = new Bitmap(count);
        /** Blocks that it has told of, and then had no more. @type {Set<number>} */
        this.gone = new Set();
        /** @type {Set<Flight>} */
        this.flights = new Set();
        /** Blocks of it that came and are being checked. */
        this.checks = 0;
        /** How long its last blocks took, and their median; null: none has come. @type {number[]} */
        this.times = [];
        /** @type {number | null} */
        this.usual = null;
        /** A block of it is late, and it has not answered since. */
        this.isStuck = false;
        this.isOver = false;
    }

    get isFree() {
        return !this.isOver && !this.isStuck && this.flights.size < ABREAST && this.flights.size + this.checks < UNCHECKED;
    }

    get patience() {
        return this.usual === null ? FIRST_MS : Math.min(FIRST_MS, Math.max(LEAST_MS, SLOW * this.usual));
    }

    /** Blocks per ms, one after the other. Until it has answered, it counts as quick. */
    get pace() {
        return this.usual === null ? Infinity : 1 / this.usual;
    }

    /** @param {number} took in ms */
    time(took) {
        this.times = [...this.times, took].slice(-TIMES);
        this.usual = median(this.times);
    }
}

export class Fetching {
    /** @param {Fetched} fetched @param {Iterable<number>} missing the blocks that are wanted @param {Source} service
     * @param {{own?: string, now?: () => number, random?: () => number}} [by] `own`: by which name others know this page as a source */
    constructor(fetched, missing, service, { own = '', now = () => performance.now(), random = Math.random } = {}) {
        this._fetched = fetched;
        this._missing = new Set(missing);
        this._service = new Asked(service, fetched.count);
        this._seed = seedOf(own);
        /** Those of pages that load the file as well, by their names. @type {Map<string, number>} */
        this._fellows = new Map();
        this._now = now;
        this._random = random;
        /** @type {Set<Asked>} */
        this._peers = new Set();
        /** How many peers have each block, those that are stuck apart. */
        this._holders = new Uint32Array(fetched.count);
        /** @type {Map<number, Flight>} */
        this._flights = new Map();
        /** How long it still waits for blocks that fall to others, in ms; and since when it does, with what ends that. */
        this._patience = FIRST_MS;
        /** @type {{since: number, timer: ReturnType<typeof setTimeout>} | null} */
        this._rest = null;
        this._isRunning = false;
        this._isOver = false;
        /** @type {(error?: unknown) => void} */
        this._settle = () => {};
    }

    /** Fetches all of them. @param {AbortSignal} signal @returns {Promise<void>} rejects where the service fails, and where `take` does */
    run(signal) {
        return new Promise((resolve, reject) => {
            const stop = () => this._settle(signal.reason);
            this._settle = (error) => {
                if (this._isOver) return;
                signal.removeEventListener('abort', stop);
                this.close();
                if (error === undefined) resolve();
                else reject(error);
            };
            signal.addEventListener('abort', stop, { once: true });
            this._isRunning = true;
            if (signal.aborted) stop();
            else if (this._missing.size === 0) this._settle();
            else this._ask();
        });
    }

    /** Another peer that may have some of them. @param {Source} source */
    add(source) {
        if (this._isOver) return source.close();
        const peer = new Asked(source, this._fetched.count);
        this._peers.add(peer);
        source.have((runs) => this._hear(peer, runs), (why) => this._leave(peer, why));
    }

    /** That page loads the file as well. @param {string} name as a source's */
    meet(name) {
        this._fellows.set(name, seedOf(name));
    }

    /** It does no more, or not here. @param {string} name */
    part(name) {
        this._fellows.delete(name);
        this._ask();
    }

    /** A block has come otherwise, before it runs. @param {number} index */
    skip(index) {
        this._missing.delete(index);
    }

    /** Nothing more is asked of anybody. */
    close() {
        if (this._isOver) return;
        this._isOver = true;
        clearTimeout(this._rest?.timer);
        for (const { source } of [...this._peers, this._service]) source.close();
        this._peers.clear();
    }

    // --- what is known of peers ------------------------------------------------------------------

    /** What it repeats is not counted again and again. @param {Asked} peer @param {Run[]} runs */
    _hear(peer, runs) {
        if (peer.isOver || this._isOver) return;
        const { count: all } = this._fetched;
        for (const [first, count] of runs) {
            if (!(Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count > 0 && first + count <= all))
                return this._leave(peer, new Lie(`it says that it has ${count} blocks from block ${first} on; there are ${all}`));
            for (let index = first; index < first + count; index++) {
                if (peer.has.has(index) || peer.gone.has(index)) return this._leave(peer, new Lie(`it says twice that it has block ${index}`));
                peer.has.add(index);
                if (!peer.isStuck) this._holders[index]++;
            }
        }
        this._ask();
    }

    /** @param {Asked} peer @param {1 | -1} more */
    _weigh(peer, more) {
        for (let index = 0; index < this._fetched.count; index++) if (peer.has.has(index)) this._holders[index] += more;
    }

    /** @param {Asked} peer @param {Error} why */
    _leave(peer, why) {
        if (peer.isOver || this._isOver) return;
        if (peer === this._service) return this._settle(why);
        peer.isOver = true;
        if (why instanceof Lie) this._fetched.report(peer.source.name, why.message);
        if (!peer.isStuck) this._weigh(peer, -1);
        this._peers.delete(peer);
        for (const flight of peer.flights) this._release(flight, peer);
        peer.source.close();
        this._ask();
    }

    /** It has answered. @param {Asked} peer */
    _unstick(peer) {
        if (peer.isStuck && !peer.isOver && peer !== this._service) this._weigh(peer, 1);
        peer.isStuck = false;
    }

    // --- which block is asked for ----------------------------------------------------------------

    _ask() {
        if (!this._isRunning || this._isOver) return;
        const free = [...this._peers].filter((peer) => peer.isFree);
        while (free.length > 0) {
            const at = Math.floor(this._random() * free.length), peer = free[at], index = this._choose(peer);
            if (index !== null) this._send(peer, index);
            if (index === null || !peer.isFree) free.splice(at, 1);
        }
        for (let index; this._service.isFree && (index = this._choose(this._service)) !== null;) this._send(this._service, index);
        if (this._patience > 0) this._restOrNot();
    }

    /** What there is to do ends a rest, and the rest ends by itself. */
    _restOrNot() {
        const isResting = !this._isWaiting(), now = this._now();
        if (isResting === (this._rest !== null)) return;
        clearTimeout(this._rest?.timer);
        this._patience -= this._rest ? now - this._rest.since : 0;
        this._rest = isResting ? { since: now, timer: setTimeout(() => this._restNoMore(), this._patience) } : null;
    }

    _restNoMore() {
        this._patience = 0;
        this._rest = null;
        this._ask();
    }

    /** The block that is asked of a source next: what is late elsewhere, else what is rarest. @param {Asked} asked @returns {number | null} */
    _choose(asked) {
        const isService = asked === this._service;
        let chosen = null, rarest = Infinity, ties = 0;
        for (const index of this._missing) {
            const flight = this._flights.get(index);
            if (flight && (flight.checks > 0 || flight.late.size < flight.of.size || flight.of.has(asked))) continue;
            if (isService ? this._hasHolder(index, flight) : !asked.has.has(index)) continue;
            const holders = flight ? -1 : isService ? Number(!this._isOurs(index)) : this._holders[index];
            if (holders > rarest) continue;
            ties = holders < rarest ? 1 : ties + 1;
            rarest = holders;
            if (this._random() * ties < 1) chosen = index;
        }
        return isService && rarest > 0 && (this._patience > 0 || this._isWaiting()) ? null : chosen;
    }

    /** Of a block that nobody has: whether it falls to this page, and not to another one that loads the file. @param {number} index */
    _isOurs(index) {
        const own = mixed(this._seed, index);
        for (const seed of this._fellows.values()) if (mixed(seed, index) > own) return false;
        return true;
    }

    /** Whether blocks are on their way in time, from peers that are quick enough together, or from the service. */
    _isWaiting() {
        /** @type {Set<Asked>} */
        const awaited = new Set();
        for (const { isTaken, checks, of, late } of this._flights.values()) {
            if (isTaken) continue;
            if (checks > 0) return true;
            for (const asked of of) if (!late.has(asked)) awaited.add(asked);
        }
        return awaited.has(this._service) || this._areQuick(awaited);
    }

    /** Whether peers can still be asked for it that are quick enough together. @param {number} index @param {Flight} [flight] */
    _hasHolder(index, flight) {
        return this._holders[index] > 0 && this._areQuick(this._peers, (peer) => peer.has.has(index) && !peer.isStuck && !flight?.of.has(peer));
    }

    /** Whether these peers together give blocks at a quarter of the service's pace at least. Who trickles would set the pace of a
     * load, if a block that it has were never asked of the service. @param {Iterable<Asked>} peers @param {(peer: Asked) => boolean} [counts] */
    _areQuick(peers, counts = () => true) {
        const enough = 1 / (SLOW * Math.max(LEAST_MS, this._service.usual ?? 0));
        let pace = 0;
        for (const peer of peers) if (counts(peer) && (pace += peer.pace) >= enough) return true;
        return false;
    }

    /** @param {Asked} asked @param {number} index */
    _send(asked, index) {
        /** @type {Flight} */
        const flight = this._flights.get(index) ?? { index, of: new Set(), late: new Set(), checks: 0, isTaken: false };
        this._flights.set(index, flight);
        flight.of.add(asked);
        asked.flights.add(flight);
        const began = this._now(), timer = setTimeout(() => this._isLate(asked, flight), asked.patience);
        asked.source.want(index).finally(() => clearTimeout(timer)).then(
            (bytes) => this._receive(asked, flight, bytes, this._now() - began), (error) => this._miss(asked, flight, error));
    }

    /** @param {Asked} asked @param {Flight} flight */
    _isLate(asked, flight) {
        if (asked.isOver || this._isOver) return;
        if (asked !== this._service) {
            if (!asked.isStuck) this._weigh(asked, -1);
            asked.isStuck = true;
        }
        flight.late.add(asked);
        this._ask();
    }

    // --- what comes of it ------------------------------------------------------------------------

    /** @param {Asked} asked @param {Flight} flight @param {Uint8Array<ArrayBuffer>} bytes @param {number} took in ms */
    async _receive(asked, flight, bytes, took) {
        if (asked.isOver || this._isOver) return;
        asked.time(took);
        this._unstick(asked);
        flight.checks++;
        asked.checks++;
        this._release(flight, asked);
        this._ask();
        const isRight = flight.isTaken || await this._fetched.isRight(flight.index, bytes).catch(() => false);
        flight.checks--;
        asked.checks--;
        if (this._isOver) return;
        if (!isRight) this._leave(asked, new Lie(`it sent block ${flight.index} otherwise than it is`));
        else if (!flight.isTaken) this._take(flight, bytes);
        this._forget(flight);
        this._ask();
    }

    /** @param {Flight} flight @param {Uint8Array<ArrayBuffer>} bytes */
    _take(flight, bytes) {
        flight.isTaken = true;
        try {
            this._fetched.take(flight.index, bytes);
        } catch (error) {
            return this._settle(error);
        }
        this._missing.delete(flight.index);
        if (this._missing.size === 0) this._settle();
    }

    /** @param {Asked} asked @param {Flight} flight @param {Error} error */
    _miss(asked, flight, error) {
        if (asked.isOver || this._isOver) return;
        if (!(error instanceof NotHere) || asked === this._service) return this._leave(asked, error);
        this._unstick(asked);
        if (asked.has.has(flight.index)) this._holders[flight.index]--;
        asked.has.remove(flight.index);
        asked.gone.add(flight.index);
        this._release(flight, asked);
        this._ask();
    }

    /** @param {Flight} flight @param {Asked} asked */
    _release(flight, asked) {
        flight.of.delete(asked);
        flight.late.delete(asked);
        asked.flights.delete(flight);
        this._forget(flight);
    }

    /** One that nothing is left of may be asked for again. @param {Flight} flight */
    _forget(flight) {
        if (flight.of.size === 0 && flight.checks === 0 && this._flights.get(flight.index) === flight) this._flights.delete(flight.index);
    }
}
