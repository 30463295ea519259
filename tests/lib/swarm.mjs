/**
 * Peers of pages without a browser (swarm-peer.mjs), which need what a page has from its service: who is certified, and a ticket.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';
import { FakeNode } from './fake-node.mjs';
import { findNode } from './helia.mjs';
import { build, root } from './paths.mjs';

/** What is installed for Helia has what a page's peers need in Node.js, a binary for WebRTC included. */
export const modules = path.join(build, 'node/tests/helia/node_modules');

/** The service, as programs ask it: GET /peers is its own, and GET /ticket?peer=ID is what a node that asks for it is given. */
export class TicketOffice {
    /** @param {() => string} bridge the daemon's @param {() => Promise<string>} link a join link for nodes */
    constructor(bridge, link) {
        this.bridge = bridge;
        this.link = link;
        /** @type {FakeNode[]} */
        this.nodes = [];
    }

    async start() {
        this.server = http.createServer(async (request, response) => {
            const { pathname, searchParams } = new URL(request.url, 'http://office');
            const answer = await (pathname === '/peers' ? fetch(`${this.bridge()}/peers`).then((said) => said.text()) : this.#ticket(searchParams.get('peer')))
                .catch((error) => response.writeHead(502) && String(error));
            response.end(answer);
        }).listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    /** @param {string | null} peer */
    async #ticket(peer) {
        const node = await new FakeNode(await this.link()).join();
        this.nodes.push(node);
        node.send('peer', { id: peer });
        const { message } = await node.got('settings');
        return JSON.stringify(message.data.peers.ticket);
    }

    async stop() {
        await Promise.all(this.nodes.map((node) => node.close()));
        this.server.close();
        this.server.closeAllConnections();
    }
}

export class SwarmPeer {
    #lines;
    /** @type {Promise<any>} */
    #last = Promise.resolve();

    /** @param {string} service @param {...string} modes */
    constructor(service, ...modes) {
        const env = { ...process.env, WEBINFER_NODE_MODULES: modules, NODE_OPTIONS: `--import=${pathToFileURL(path.join(root, 'scripts/node/modules.mjs'))}` };
        this.child = spawn(findNode() ?? 'node-22', [path.join(root, 'tests/lib/swarm-peer.mjs'), service, ...modes], { env, stdio: ['pipe', 'pipe', 'inherit'] });
        this.child.stdin.on('error', () => {}); // it has ended
        this.#lines = readline.createInterface(this.child.stdout)[Symbol.asyncIterator]();
    }

    /** One command after the other. @param {string} verb @param {...any} words */
    ask(verb, ...words) {
        const answer = this.#last.then(async () => {
            this.child.stdin.write(`${JSON.stringify([verb, ...words])}\n`);
            const { value, done } = await this.#lines.next(), { value: said, error } = done ? { error: 'the program has ended' } : JSON.parse(value);
            if (error) throw new Error(error);
            return said;
        });
        this.#last = answer.catch(() => {});
        return answer;
    }

    /** What it knows of another peer. @param {string} id */
    async row(id) {
        return (await this.ask('rows')).find((row) => row.id === id);
    }

    stop() { this.child.kill('SIGKILL'); }
}
