/**
 * What the rows are measured on: a daemon with one browser, and beside it, from when it is first wanted, one whose page
 * counts what it asks of WebGPU. A row that fails costs both; the next one has new ones.
 */
import { clear, guard } from '../../lib/cleanup.mjs';
import { Daemon } from '../../lib/daemon.mjs';
import { countingPage } from './counting.mjs';

/** The kinds of browser, the usual one first. */
export const BROWSERS = ['chrome', 'edge', 'firefox', 'safari'];
/** Those with Chromium's debugger. */
const CHROMIUMS = ['chrome', 'edge'];

/** What a machine's environment says of its GPU's driver. */
const DRIVERS = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'NVIDIA_VISIBLE_DEVICES', 'NVIDIA_DRIVER_CAPABILITIES'];
const driverEnvironment = () => Object.fromEntries(DRIVERS.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
/** A browser that starts at all has started by then. */
const START_MS = 60_000;
/** After so many daemons whose browser did not start, one after the other, no further one is tried. */
const ATTEMPTS = 2;

export class Ground {
    /** @type {{timed?: Daemon, counted?: Daemon}} that serve */
    #serving = {};
    /** @type {Daemon[]} all that have not been ended */
    #daemons = [];
    #page = '';
    #failures = 0;

    /** @param {{gpu: string, store: string, browser?: string, config?: Record<string, any>, startMs?: number}} how `gpu`: as the
     * configuration has it; `store`: the folder of models; `browser`: one of BROWSERS; `config`: more of the daemon's */
    constructor({ gpu, store, browser = BROWSERS[0], config = {}, startMs = START_MS }) {
        this.store = store;
        this.browser = browser;
        this.startMs = startMs;
        this.environment = driverEnvironment();
        this.config = { models: { directory: store }, ...config,
            pool: { max_connections: 1, recycle_after: 0, network: 'host', ...config.pool }, // in one of its own nobody could debug it
            ...Object.fromEntries(BROWSERS.filter((kind) => kind !== browser).map((kind) => [`browser.${kind}`, { max_connections: 0 }])),
            [`browser.${browser}`]: { gpu, ...config[`browser.${browser}`] } };
    }

    /** Whether its page can be asked for what no client is told. */
    get hasDebugger() {
        return CHROMIUMS.includes(this.browser);
    }

    /** The daemon that is timed. @returns {Promise<Daemon>} */
    async timed() {
        return this.#serving.timed ??= await this.#start();
    }

    /** The one whose page counts. @returns {Promise<Daemon>} */
    async counted() {
        this.#page ||= guard(countingPage());
        return this.#serving.counted ??= await this.#start({ page: this.#page });
    }

    async #start(bridge = {}) {
        if (this.#failures === ATTEMPTS) throw new Error(`the browser did not start ${ATTEMPTS} times before this row`);
        const daemon = new Daemon({ logToFile: true, env: this.environment, config: { ...this.config, bridge } });
        this.#daemons.push(daemon);
        this.#failures++; // until it serves
        await daemon.start({ ready: false });
        await daemon.ready(this.startMs).catch(async () => {
            throw new Error(`the browser did not start: ${(await daemon.get('/readyz')).json.detail}`);
        });
        this.#failures = 0;
        return daemon;
    }

    /** Ends all of them as they are, with what runs on them. */
    async recover() {
        this.#serving = {};
        for (const daemon of this.#daemons.splice(0)) await daemon.abandon();
    }

    async stop() {
        const { timed, counted } = this.#serving;
        for (const daemon of [timed, counted]) await daemon?.stop();
        await this.recover();
        if (this.#page) clear(this.#page);
    }
}
