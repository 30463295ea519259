/**
 * Machines of a test: each has a network of its own in one room (room.mjs) and a folder for its disk. What runs on one can be
 * killed at once, and its network can be cut. Doors lead from here to their ports, also while the network is cut.
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from './cleanup.mjs';
import * as processes from './processes.mjs';
import { Relay } from './relay.mjs';
import { until } from './wait.mjs';

const networkOf = (pid) => {
    try {
        return fs.readlinkSync(`/proc/${pid}/ns/net`);
    } catch {
        return '';
    }
};

/** What a machine says to itself is not cut. */
const CUT = ['input', 'output'].map((way) => `add chain inet cut ${way} { type filter hook ${way} priority 0; policy drop; }
add rule inet cut ${way} ${way === 'input' ? 'iif' : 'oif'} lo accept
`).join('');

/** Runs on a machine, and leads to its ports from a socket in the file system, which is everywhere: the first line of a
 * connection names host and port. */
const PORTER = `require('net').createServer((near) => near.once('data', (first) => {
    const at = first.indexOf(10), [host, port] = String(first.subarray(0, at)).split(' ');
    const far = require('net').connect(Number(port), host);
    for (const one of [near, far]) one.on('error', () => { near.destroy(); far.destroy(); });
    far.write(first.subarray(at + 1));
    near.pipe(far).pipe(near);
})).listen(process.argv[1])`;

export class Machine {
    /** @type {Door[]} */
    #doors = [];

    /** @param {Awaited<ReturnType<typeof import('./room.mjs').openRoom>>} room @param {string} address */
    constructor(room, address) {
        Object.assign(this, { room, address });
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-machine-')));
        this.network = networkOf(room.keeper(address));
        this.porter = path.join(this.folder, 'porter');
    }

    /** The words that run a command on it. */
    command(...words) { return this.room.command(this.address, ...words); }

    /** @param {string[]} words @param {import('node:child_process').SpawnOptions} options */
    spawn(words, options) {
        const [program, ...rest] = this.command(...words);
        return spawn(program, rest, options);
    }

    /** Starts what doors need; it ends with all else that runs there. */
    async open() {
        fs.rmSync(this.porter, { force: true });
        this.spawn([process.execPath, '-e', PORTER, this.porter], { stdio: ['ignore', 'ignore', 'inherit'] });
        await until(() => fs.existsSync(this.porter), { what: `doors to ${this.address}` });
        return this;
    }

    /** Leads from an address here to a port of the machine, whenever it is open. @param {number} port @param {string} [host] as it sees it */
    async door(port, host = '127.0.0.1') {
        const door = await new Door(this, host, port).listen();
        this.#doors.push(door);
        return door;
    }

    /** What runs on it, also in networks that browsers have made for themselves. */
    processes() {
        const own = new Set(processes.mentioning(this.folder).map(({ pid }) => pid)), keeper = this.room.keeper(this.address);
        return processes.all().filter(({ pid }) => pid !== keeper && (own.has(pid) || networkOf(pid) === this.network));
    }

    /** Ends everything on it at once. */
    async kill() {
        await until(() => {
            const left = this.processes();
            for (const { pid } of left) {
                try {
                    process.kill(pid, 'SIGKILL');
                } catch { /* it went with another */ }
            }
            return left.length === 0;
        }, { what: `nothing runs on ${this.address}` });
    }

    #firewall(rules) {
        const [program, ...words] = this.command('nft', '-f', '-');
        execFileSync(program, words, { input: rules });
    }

    /** Whatever comes to it and leaves it is dropped from now on: nobody is told. */
    cut() { this.#firewall(`add table inet cut\n${CUT}`); }

    mend() { this.#firewall('delete table inet cut\n'); }

    /** With its disk. */
    async abandon() {
        for (const one of this.#doors.splice(0)) one.close();
        await this.kill();
        clear(this.folder);
    }
}

export class Door extends Relay {
    /** @param {Machine} machine @param {string} host @param {number} port */
    constructor(machine, host, port) {
        super();
        Object.assign(this, { machine, host, port });
    }

    connect() {
        const far = net.connect(this.machine.porter);
        far.write(`${this.host} ${this.port}\n`);
        return far;
    }

    serve(client) {
        const far = this.join(client);
        client.pipe(far);
        far.pipe(client);
    }
}
