/**
 * A delegated router, which says what the test wants it to.
 *
 *   const router = await startRouter();
 *   router.name('/ip4/11.0.0.1/tcp/443/https');
 *   … router.url, router.asked
 */
import http from 'node:http';

export async function startRouter() {
    const router = new Router();
    await router.start();
    return router;
}

class Router {
    /** What was asked for: path and Accept, in their order. @type {{url: string, accept: string}[]} */
    asked = [];
    status = 404;
    type = 'application/json';
    body = '';
    #server = http.createServer(({ url, headers }, answer) => {
        this.asked.push({ url, accept: headers.accept });
        answer.writeHead(this.status, { 'Content-Type': this.type }).end(this.body);
    });

    async start() {
        await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.#server.address().port}`;
    }

    async close() {
        this.#server.closeAllConnections();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    /** From now on it says this. */
    say(body, { status = 200, type = 'application/json' } = {}) {
        Object.assign(this, { status, type, body });
    }

    /** A gateway for each of the addresses. @param {...string} addresses */
    name(...addresses) {
        this.say(JSON.stringify({ Providers: addresses.map((address, index) => ({ Schema: 'peer', ID: `peer-${index}`,
            Protocols: ['transport-bitswap', 'transport-ipfs-gateway-http'], Addrs: [address] })) }));
    }
}
