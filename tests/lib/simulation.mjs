/** webinfer-simulate as tests run it: started, waited for until its nodes are there, stopped. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { patience } from './daemon.mjs';
import { simulatePath } from './paths.mjs';
import { until } from './wait.mjs';

const words = { nodes: 'nodes', latencyMs: 'latency-ms', jitterMs: 'jitter-ms',
    tokenMs: 'token-ms',
    failRate: 'fail-rate', dropRate: 'drop-rate', lateRate: 'late-rate', cutRate: 'cut-rate',
    duplicateRate: 'duplicate-rate', browser: 'browser', models: 'models', seed: 'seed',
    joinFile: 'join-file', serial: 'serial' };

export class Simulation {
    problems = '';
    /** The figures that it prints at its end. */
    end = null;
    #lines = [];

    /** @param {import('./daemon.mjs').Daemon} daemon @param {object} options as in `words`,
     * and the API token; without `joinFile` the daemon is asked for a link; `under`: the words that run a command where the nodes are */
    constructor(daemon, { token, under = [], ...options }) {
        const given = Object.entries(options).flatMap(([key, value]) =>
            value === true ? [`--${words[key]}`] : [`--${words[key]}`, String(value)]);
        const [program, ...first] = [...under, simulatePath];
        this.child = spawn(program, [...first, '--json', ...given],
            { stdio: 'pipe', env: { PATH: process.env.PATH, LANG: 'C.UTF-8',
                HOME: path.join(daemon.folder, 'home'), ASAN_OPTIONS: 'exitcode=99' } });
        this.child.stdin.on('error', () => {}); // it has ended, and says why
        this.#giveLink(daemon, options.joinFile ? null : options.nodes ?? 1, token);
        let rest = '';
        this.child.stdout.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            this.#lines.push(...lines.map((line) => JSON.parse(line)));
        });
        this.child.stderr.on('data', (text) => (this.problems += text));
        this.ended = new Promise((resolve) => this.child.on('close', resolve));
    }

    async #giveLink(daemon, nodes, token) {
        const headers = token ? { Authorization: `Bearer ${token}` } : {};
        try {
            // A member of a cluster that has just started makes no join token until the servers have told it those that there are.
            const answer = nodes && await until(async () => {
                const said = await daemon.post('/v1/admin/join', { nodes, start: true }, { headers });
                return said.json?.code === 'cluster_unavailable' ? null : said;
            }, { what: 'a join link' });
            this.child.stdin.end(answer ? answer.json.url ?? answer.text : '');
        } catch (error) {
            this.problems += error;
            this.child.stdin.end();
        }
    }

    get pid() { return this.child.pid; }

    /** Waits until all its nodes were welcomed. */
    async up(timeout = 60_000 * patience) {
        const found = await until(() => this.child.exitCode !== null ? { ended: true }
            : this.#lines.find(({ event }) => event === 'up'),
        { what: 'the simulated nodes to be there', timeout });
        if (found.ended) throw new Error(`webinfer-simulate ended: ${this.problems}`);
        this.upMs = found.ms;
        return this;
    }

    async stop() {
        this.child.kill('SIGTERM');
        const code = await this.ended;
        this.end = this.#lines.find(({ event }) => event === 'end');
        if (code !== 0 || /Sanitizer|runtime error:/.test(this.problems))
            throw new Error(`webinfer-simulate ended with ${code}: ${this.problems}`);
        return this.end;
    }
}
