/**
 * Stands between a daemon and its neighbour, and has the neighbour say and send other things:
 *
 *   const near = await startNeighbour(daemon.bridgeUrl, {
 *       list: (content) => content.map(…),           // what it says to have
 *       block: (bytes, cid, count) => bytes | null,  // null: the line is cut
 *   });
 *   … near.url, near.blocks (the CIDs that were asked for), near.lists (how often it was asked what it has)
 */
import http from 'node:http';
import { request } from './http.mjs';

/**
 * @param {string} behind
 * @param {{list?: (content: any[]) => any, id?: string, answer?: (answer: http.ServerResponse) => void,
 *     block?: (bytes: Buffer, cid: string, count: number) => Buffer | null | Promise<Buffer | null>}} [options]
 *     `answer`: instead of a list
 */
export async function startNeighbour(behind, { list, id, answer: instead, block } = {}) {
    const near = { url: '', blocks: [], lists: 0, close };
    const server = http.createServer((asked, answer) => serve(asked, answer).catch(() => answer.destroy()));

    async function serve(asked, answer) {
        const cid = asked.url.match(/^\/ipfs\/(\w+)\?format=raw$/)?.[1];
        if (asked.url === '/content') {
            near.lists++;
            if (instead) return instead(answer);
        } else if (cid) {
            near.blocks.push(cid);
        }
        const count = near.blocks.length;
        const known = await request(behind + asked.url, { headers: { Accept: asked.headers.accept } });
        const { status, headers, body } = known;
        if (status !== 200) return answer.writeHead(status).end();
        if (!cid) {
            const { json } = known;
            const said = { ...json, id: id ?? json.id, content: list ? list(json.content) : json.content };
            return answer.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(said));
        }
        const sent = block ? await block(body, cid, count) : body;
        if (!sent) return answer.destroy();
        answer.writeHead(200, { 'Content-Type': headers['content-type'] }).end(sent);
    }

    async function close() {
        server.closeAllConnections();
        if (server.listening) await new Promise((resolve) => server.close(resolve));
    }

    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    near.url = `http://127.0.0.1:${server.address().port}`;
    return near;
}
