/** `webinfer simulate` as tests run it: started, waited for until its nodes are there, stopped. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { patience } from './daemon.mjs';
import { cliPath } from './paths.mjs';
import { until } from './wait.mjs';

const words = { nodes: 'nodes', latencyMs: 'latency-ms', jitterMs: 'jitter-ms',
    tokenMs: 'token-ms',
    failRate: 'fail-rate', dropRate: 'drop-rate', lateRate: 'late-rate', cutRate: 'cut-rate',
    duplicateRate: 'duplicate-rate', browser: 'browser', models: 'models', seed: 'seed',
    joinFile: 'join-file' };

export class Simulation {
    problems = '';
    /** The figures that it prints at its end. */
    end = null;
    #lines = [];

    /** @param {import('./daemon.mjs').Daemon} daemon @param {object} options as in `words`,
     * and the API token */
    constructor(daemon, { token, ...options }) {
        const given = Object.entries(options).flatMap(([key, value]) =>
            [`--${words[key]}`, String(value)]);
        this.child = spawn(cliPath, ['simulate', '--json', '--url', daemon.url, ...given],
            { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, LANG: 'C.UTF-8',
                HOME: path.join(daemon.folder, 'home'), ASAN_OPTIONS: 'exitcode=99',
                ...token && { WEBINFER_TOKEN: token } } });
        let rest = '';
        this.child.stdout.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            this.#lines.push(...lines.map((line) => JSON.parse(line)));
        });
        this.child.stderr.on('data', (text) => (this.problems += text));
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
    }

    get pid() { return this.child.pid; }

    /** Waits until all its nodes were welcomed. */
    async up(timeout = 60_000 * patience) {
        const found = await until(() => this.child.exitCode !== null ? { ended: true }
            : this.#lines.find(({ event }) => event === 'up'),
        { what: 'the simulated nodes to be there', timeout });
        if (found.ended) throw new Error(`webinfer simulate ended: ${this.problems}`);
        this.upMs = found.ms;
        return this;
    }

    async stop() {
        this.child.kill('SIGTERM');
        const code = await this.ended;
        this.end = this.#lines.find(({ event }) => event === 'end');
        if (code !== 0 || /Sanitizer|runtime error:/.test(this.problems))
            throw new Error(`webinfer simulate ended with ${code}: ${this.problems}`);
        return this.end;
    }
}
