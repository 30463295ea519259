/**
 * What the gateway gives, against a file of the same model as its nodes have it: leaves of 1 MiB against Ranges of 1 MiB, over
 * as many connections, and a CAR of the file against the file in one Range. Over loopback the client, a curl for each
 * connection, takes part of the machine; so the CPU of the daemon is told, too.
 */
import { CarIndexer } from '@ipld/car/indexer';
import fs from 'node:fs';
import path from 'node:path';
import { FakeNode } from '../../lib/fake-node.mjs';
import { request } from '../../lib/http.mjs';
import { content } from '../../lib/hub.mjs';
import * as kserve from '../../lib/kserve.mjs';
import * as onnx from '../../lib/onnx.mjs';
import { cpuSeconds } from '../../lib/processes.mjs';
import { fetchAll } from './curl.mjs';
import { byTurns, least, MIB, publish, publisher } from './ground.mjs';

const NAME = 'bench/wide', WEIGHTS = 'w.bin', CONNECTIONS = 4;
const RAW = 0x55; // the codec of a leaf

/** A graph with that many bytes of weights beside it. */
function putWide(store, mib) {
    const { graph, files } = onnx.external(), folder = path.join(store, NAME);
    files[WEIGHTS] = Buffer.concat([files[WEIGHTS], content(mib * MIB - files[WEIGHTS].length)]);
    for (const [file, bytes] of [['model.onnx', graph], ...Object.entries(files)]) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), bytes);
    }
}

/** A node with a request for the model, and so with its files: where the weights are for it, and what it has to show. */
async function asNode(daemon) {
    const { url } = (await daemon.post('/v1/admin/join', { nodes: 1, start: true })).json, node = await new FakeNode(url).join();
    const asked = daemon.infer({ model_name: NAME, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }] });
    const task = await node.got('task_request');
    const { files } = task.message.data.model, { url: where } = files.find((file) => file.path === WEIGHTS);
    return { where: node.origin + where, headers: [`Authorization: Bearer ${node.welcome.model_credential}`], async stop() {
        node.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 4], bytes: kserve.pack('FP32', [1, 2, 3, 4]) }] });
        await asked;
        await node.close();
    } };
}

/** The CIDs of the leaves of a file, in their order. */
async function leavesOf(daemon, cid) {
    const { status, body } = await request(`${daemon.bridgeUrl}/ipfs/${cid}?format=car`), leaves = [];
    if (status !== 200) throw new Error(`the CAR of ${WEIGHTS}: ${status}`);
    for await (const block of await CarIndexer.fromBytes(body)) if (block.cid.code === RAW) leaves.push(`${block.cid}`);
    return leaves;
}

/** @param {{mib: number, rounds: number}} options */
export async function measureServing({ mib, rounds }) {
    const daemon = publisher();
    putWide(daemon.store, mib);
    await daemon.start({ ready: false });
    try {
        const { files } = await publish(daemon, NAME), { cid } = files.find((file) => file.path === WEIGHTS);
        const node = await asNode(daemon), leaves = await leavesOf(daemon, cid), all = mib * MIB;
        const range = (from, until) => ({ url: node.where, headers: [...node.headers, `Range: bytes=${from}-${until - 1}`] });
        const fetched = (asks, connections) => async () => {
            const before = cpuSeconds(daemon.pid), { seconds, bytes } = await fetchAll(asks, connections);
            if (bytes < all) throw new Error(`${bytes} of ${all} bytes came`);
            return { seconds, cpu: cpuSeconds(daemon.pid) - before };
        };
        const found = await byTurns({
            blocks: fetched(leaves.map((leaf) => ({ url: `${daemon.bridgeUrl}/ipfs/${leaf}?format=raw` })), CONNECTIONS),
            ranges: fetched(leaves.map((_, at) => range(at * MIB, Math.min(all, (at + 1) * MIB))), CONNECTIONS),
            car: fetched([{ url: `${daemon.bridgeUrl}/ipfs/${cid}?format=car` }], 1),
            file: fetched([range(0, all)], 1),
        }, rounds);
        await node.stop();
        const ratio = (peer, own, key) => least(found[peer], key) / least(found[own], key);
        return { mib, connections: CONNECTIONS, ...found,
            ofBlocks: ratio('ranges', 'blocks', 'seconds'), ofBlocksCpu: ratio('ranges', 'blocks', 'cpu'),
            ofCar: ratio('file', 'car', 'seconds'), ofCarCpu: ratio('file', 'car', 'cpu'),
            blocksMibPerSecond: mib / least(found.blocks, 'seconds'), carMibPerSecond: mib / least(found.car, 'seconds') };
    } finally {
        await daemon.stop();
    }
}
