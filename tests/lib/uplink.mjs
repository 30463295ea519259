/** webinfer uplink as tests run it, between two daemons that know the same tokens. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Daemon, patience } from './daemon.mjs';
import { cliPath } from './paths.mjs';
import { tokensOf, writeTokens } from './tokens.mjs';
import { until } from './wait.mjs';

const people = { root: 'admin', attic: 'relay', ada: 'user', farm: 'node' };
export const tokens = tokensOf(people);
export const headersOf = (who) => ({ headers: { Authorization: `Bearer ${tokens[who]}` } });

/** A daemon without browsers of its own, whose nodes join. @param {object} [more] of its options */
export async function newDaemon({ config = {}, ...more } = {}) {
    const daemon = new Daemon({ ...more, config: {
        bridge: { heartbeat_interval: '1s', heartbeat_misses: 3, resume_grace: '2s' },
        'browser.chrome': { max_connections: 0 }, ...config,
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', max_retries: 3, ...config.pool } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    return daemon.start({ ready: false });
}

export class Uplink {
    problems = '';
    /** {code, signal} once it has ended. */
    ended = null;

    /** @param {{url: string, folder?: string}} lender @param {{bridgeUrl: string, folder: string}} borrower
     * @param {{own?: string, token?: string, words?: string[]}} options the tokens at the lender and at the borrower */
    constructor(lender, borrower, { own = tokens.attic, token = tokens.attic, words = [] } = {}) {
        const file = path.join(borrower.folder, 'uplink-token');
        fs.writeFileSync(file, `${token}\n`, { mode: 0o600 });
        this.child = spawn(path.join(path.dirname(cliPath), 'webinfer-uplink'),
            ['--to', borrower.bridgeUrl, '--node-token-file', file, '--name', 'attic', ...words],
            { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: borrower.folder,
                ASAN_OPTIONS: 'exitcode=99', WEBINFER_URL: lender.url, WEBINFER_TOKEN: own } });
        this.child.stderr.on('data', (text) => (this.problems += text));
        this.end = new Promise((resolve) =>
            this.child.on('close', (code, signal) => resolve(this.ended = { code, signal })));
    }

    /** Waits until the borrowing daemon has that many relays that take work. */
    async up(borrower, count = 1) {
        await until(async () => {
            if (this.ended) throw new Error(`it ended: ${this.problems}`);
            return (await relaysOf(borrower)).filter(({ away, paused }) => !away && !paused).length === count;
        }, { what: `${count} relays (${this.problems})`, timeout: 20_000 * patience });
        return this;
    }

    signal(signal) { this.child.kill(signal); }

    async stop() {
        this.signal('SIGTERM');
        const { code } = await this.end;
        if (code !== 0 || /Sanitizer|runtime error:/.test(this.problems))
            throw new Error(`webinfer-uplink ended with ${code}: ${this.problems}`);
    }
}

export const relaysOf = async (borrower) =>
    (await borrower.get('/v1/nodes', headersOf('root'))).json.nodes.filter(({ via }) => via);
