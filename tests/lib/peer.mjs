/**
 * webinfer-peer under test: the built program, on free ports, led to a daemon. It needs a newer Node.js than the tests do:
 * where they run on an older one, that which scripts/setup.sh fetches is taken.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { findNode } from './helia.mjs';
import { build } from './paths.mjs';

/** Where the package for WebRTC-direct is, as an operator would say it. */
const NODE_PATH = path.join(build, 'node/tests/helia/node_modules');

/** WEBINFER_PEER_NODE is another Node.js for it. */
const node = process.env.WEBINFER_PEER_NODE ?? findNode();
const program = path.join(build, 'share/webinfer/peer/webinfer-peer.mjs');

export class Peer {
    /** @param {string[]} options of the command line @param {NodeJS.ProcessEnv} [env] more of its environment
     * @param {string[]} [under] the words that run a command on another machine @returns {{child: import('node:child_process').ChildProcess, ended: Promise<any>}} */
    static spawn(options, env = { NODE_PATH }, under = []) {
        const [first, ...words] = [...under, node ?? 'node-22', program, ...options];
        const child = spawn(first, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
        const ended = new Promise((resolve, reject) => {
            let said = '';
            child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
            child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, said }));
        });
        return { child, ended };
    }

    /** @param {string} bridge the daemon's @param {string} key its file @param {number} port 0: any
     * @param {string[]} [more] options @returns {Promise<Peer>} once it listens */
    static start(bridge, key, port, more = []) {
        return Peer.startAs(['--bridge', bridge, '--key', key, '--listen', `127.0.0.1:${port}`, ...more]);
    }

    /** @param {string[]} more all options @param {string[]} [under] @returns {Promise<Peer>} once it listens */
    static async startAs(more, under = []) {
        const peer = new Peer(), { child, ended } = Peer.spawn(more, { NODE_PATH }, under);
        Object.assign(peer, { child, ended, address: '', direct: '', page: '' });
        const lines = readline.createInterface(child.stdout);
        for await (const line of lines) {
            const at = /^listening at (\S+)$/.exec(line)?.[1] ?? '';
            if (at.includes('/webrtc-direct/')) peer.direct ||= at;
            else peer.address ||= at;
            peer.page ||= /the page is at (\S+)\/$/.exec(line)?.[1] ?? '';
            if (peer.address && (peer.page || !more.includes('--page')) && (peer.direct || !more.includes('--listen-webrtc'))) return peer;
        }
        throw new Error(`webinfer-peer: ${JSON.stringify(await ended)}`);
    }

    /** The id in its address. */
    get id() { return this.address.split('/').at(-1); }

    async stop(signal = 'SIGTERM') {
        this.child.kill(signal);
        return this.ended;
    }
}

/** What leads nodes of the tests through a peer (stream-tunnel.mjs). */
export class Tunnel {
    /** @param {string} address the peer's @param {string[]} [mode] @returns {Promise<Tunnel>} */
    static async start(address, mode = []) {
        const tunnel = new Tunnel();
        tunnel.child = spawn(node ?? 'node-22', [path.join(import.meta.dirname, 'stream-tunnel.mjs'), address, ...mode], { stdio: ['ignore', 'pipe', 'inherit'] });
        const { value } = await readline.createInterface(tunnel.child.stdout)[Symbol.asyncIterator]().next();
        const { port, peer } = JSON.parse(value);
        return Object.assign(tunnel, { port, peer });
    }

    /** The link of a node that goes through it. @param {string} token */
    link(token) { return `http://127.0.0.1:${this.port}/#token=${token}`; }

    stop() { this.child.kill('SIGKILL'); }
}
