// tier: full
/**
 * examples/cluster, as the guide sets it up: three machines with the addresses, ports and command lines of these files. Only folders
 * are others, and the names of the hosts, which here are one.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Daemon, patience } from '../lib/daemon.mjs';
import { Machine } from '../lib/machines.mjs';
import { NatsServer } from '../lib/nats.mjs';
import { cliPath, root } from '../lib/paths.mjs';
import { openRoom } from '../lib/room.mjs';
import { withNats } from '../lib/shared-jobs.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const folder = path.join(root, 'examples/cluster'), slowly = 60_000 * patience;
const read = (file) => fs.readFileSync(path.join(folder, file), 'utf8');
const guide = fs.readFileSync(path.join(root, 'docs/guide.md'), 'utf8').match(/\n## Several machines\n([^]*?)\n## /)[1];
const commands = guide.split('\n').filter((line) => /^ {4}\S/.test(line));
const ranks = { root: 'admin', cluster: 'relay' }, tokens = tokensOf(ranks);

/** The sections of a configuration. @returns {Record<string, Record<string, string>>} */
function sectionsOf(text) {
    const sections = {};
    let section;
    for (const line of text.split('\n')) {
        const [, title, key, value] = line.match(/^\[(.+)\]$|^(\w+) = (.*)$/) ?? [];
        if (title) section = sections[title] = {};
        else if (key) section[key] = value;
    }
    return sections;
}

/** The last value of a key of a unit, as words. */
const unitWords = (text, key) => text.replaceAll('\\\n', ' ').split('\n').filter((line) => line.startsWith(`${key}=`)).pop()
    .slice(key.length + 1).trim().split(/ +/);

class ExampleMachine extends Machine {
    constructor(room, address, number) {
        super(room, address);
        this.name = `m${number}`;
        const put = (file, text) => fs.writeFileSync(path.join(this.folder, file), text, { mode: 0o600 });
        put('nats-server.conf', this.#placed(read('nats-server.conf')).replaceAll('SECRET', 'secret'));
        put('nats', 'webinfer:secret\n');
        put('cluster.token', `${tokens.cluster}\n`);
        const [program, , , ...words] = unitWords(read('nats-server.service.d/cluster.conf'), 'ExecStart');
        assert.equal(program, '/usr/sbin/nats-server');
        this.server = new NatsServer(4222, words.map((word) => word.replace('%H', this.name)),
            { under: this.command(), address: '0.0.0.0', folder: this.folder, config: path.join(this.folder, 'nats-server.conf') });
        const config = sectionsOf(this.#placed(read('webinferd.conf')).replaceAll('HERE', address));
        this.daemon = new Daemon({ folder: path.join(this.folder, 'daemon'), under: this.command(), config: { ...config,
            api: { ...config.api, listen: '127.0.0.1:8470' }, cluster: { ...config.cluster, name: this.name },
            pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } });
        writeTokens(this, ranks, tokens);
    }

    #placed(text) { return text.replaceAll('/etc/webinfer', this.folder).replaceAll('/var/lib', path.join(this.folder, 'lib')); }

    async start() {
        await this.open();
        await this.server.run();
        await this.daemon.start({ ready: false });
        this.daemon.url = (await this.door(8470)).url;
    }

    lend() {
        const unit = this.#placed(read('webinfer-uplink@cluster.service.d/cluster.conf'));
        const [, loaded] = unitWords(unit, 'LoadCredential')[0].split(':');
        assert.ok(loaded.endsWith('/uplink/cluster.token'));
        const [program, ...words] = unitWords(unit, 'ExecStart').map((word) => word.replace(/\$\{CREDENTIALS_DIRECTORY\}\/\w+/, path.join(this.folder, 'cluster.token')));
        assert.equal(program, '/usr/bin/webinfer-uplink');
        this.spawn([path.join(path.dirname(cliPath), 'webinfer-uplink'), ...words],
            { stdio: 'ignore', env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: this.folder } });
    }

    request(where, { method = 'GET', body = undefined } = {}) {
        return this.daemon.request(where, { method, body, headers: { Authorization: `Bearer ${tokens.root}` } });
    }

    async abandon() {
        await this.kill();
        await this.daemon.abandon();
        await super.abandon();
    }
}

test('the guide has ten commands, which name all files of the example', () => {
    assert.equal(commands.length, 10, commands.join('\n'));
    const named = fs.readdirSync(folder).filter((file) => !file.endsWith('.service.d'));
    for (const file of [...named, '*.service.d']) assert.ok(commands.some((line) => line.includes(file)), file);
    const addresses = new Set(`${read('nats-server.conf')}${read('webinferd.conf')}`.match(/10\.0\.0\.\d+/g));
    assert.deepEqual(new Set(guide.match(/10\.0\.0\.\d+/g)), addresses);
});

describe('three machines as the example has them', withNats, () => {
    /** @type {Awaited<ReturnType<typeof openRoom>>} */
    let room;
    /** @type {ExampleMachine[]} */
    const machines = [];
    before(async () => {
        const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
        room = await openRoom(addresses);
        for (const [i, address] of addresses.entries()) machines.push(new ExampleMachine(room, address, i + 1));
        await Promise.all(machines.map((one) => one.start()));
        for (const one of machines) one.lend();
    });
    after(async () => {
        for (const one of machines) await one.abandon();
        await room?.close();
    });

    test('each sees all, and a job of the first one ends at the third, by a node of the second', async () => {
        for (const one of machines)
            await until(async () => (await one.request('/v1/cluster')).json.members.length === 3, { what: `three members at ${one.name}`, timeout: slowly, every: 100 })
                .catch((error) => { throw one.daemon.explain(error); });
        const [first, second, third] = machines;
        const { status, text, json: { id } } = await until(async () => {
            const answer = await first.request('/v1/jobs', { method: 'POST', body: { model_name: 'builtin/echo', platform: 'simulated', timeout_ms: slowly,
                inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] } });
            return answer.status !== 503 && answer;
        }, { what: 'the job to be taken', timeout: slowly, every: 100 });
        assert.equal(status, 202, text);
        await new Simulation(second.daemon, { under: second.command(), nodes: 1, latencyMs: 5, token: tokens.root }).up();
        const job = await until(async () => {
            const { json } = await third.request(`/v1/jobs/${id}`);
            return json.finished_at && json;
        }, { what: 'its end', timeout: slowly, every: 50 });
        assert.deepEqual([job.state, job.answer.outputs[0].data], ['done', [7]], JSON.stringify(job));
    });

    test('a request at the first one is answered by the second, to which it is lent', async () => {
        const answer = await until(async () => {
            const one = await machines[0].request('/v1/infer', { method: 'POST', body: { model_name: 'builtin/echo', platform: 'simulated', timeout_ms: 2000,
                inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [8] }] } });
            return one.status === 200 && one;
        }, { what: 'the node to be lent', timeout: slowly, every: 200 });
        assert.deepEqual([answer.json.outputs[0].data, answer.json.executed_on.via], [[8], 'm2']);
    });
});
